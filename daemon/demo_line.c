#include "demo_line.h"

#include <inttypes.h>
#include <time.h>

#define TIME_COLUMNS  12
#define EMAIL_COLUMNS 24
#define HOTEL_COLUMNS 24
#define CITY_COLUMNS  13
#define INDENT	      (TIME_COLUMNS + EMAIL_COLUMNS + HOTEL_COLUMNS + CITY_COLUMNS + 8)

#define DIM   "\033[2m"
#define BOLD  "\033[1m"
#define CYAN  "\033[36m"
#define GREEN "\033[32m"
#define PLAIN "\033[0m"

static void split_time(int64_t ms, struct tm *tm, int *rest)
{
	time_t seconds;

	*rest = (int)(((ms % 1000) + 1000) % 1000);
	seconds = (time_t)((ms - *rest) / 1000);
	gmtime_r(&seconds, tm);
}

static void put_iso(struct buf *out, int64_t ms)
{
	char text[64];
	struct tm tm;
	int rest;

	split_time(ms, &tm, &rest);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_printf(out, "%s.%03dZ", text, rest);
}

static void put_minute(struct buf *out, int64_t ms)
{
	char text[64];
	struct tm tm;
	int rest;

	split_time(ms, &tm, &rest);
	strftime(text, sizeof(text), "%d %b %H:%M", &tm);
	buf_str(out, text);
}

static void put_string(avro_value_t *value, struct buf *out)
{
	const char *text = NULL;
	size_t size = 0;

	avro_value_get_string(value, &text, &size);
	buf_json_string(out, slice_make(text, size > 0 ? size - 1 : 0)); /* the size counts a NUL */
}

static void put_record(avro_value_t *value, struct buf *out)
{
	size_t count = 0;

	avro_value_get_size(value, &count);
	buf_byte(out, '{');
	for (size_t i = 0; i < count; i++) {
		const char *name = "";
		avro_value_t field;
		int64_t ms;

		if (avro_value_get_by_index(value, i, &field, &name) != 0)
			break;
		buf_str(out, i > 0 ? "," : "");
		buf_json_string(out, slice_str(name));
		buf_byte(out, ':');
		if (strcmp(name, "ACTIVITY_TIME") == 0 && avro_value_get_long(&field, &ms) == 0) {
			buf_byte(out, '"');
			put_iso(out, ms);
			buf_byte(out, '"');
		} else {
			demo_line_json(&field, out);
		}
	}
	buf_byte(out, '}');
}

static void put_array(avro_value_t *value, struct buf *out)
{
	size_t count = 0;

	avro_value_get_size(value, &count);
	buf_byte(out, '[');
	for (size_t i = 0; i < count; i++) {
		avro_value_t item;

		if (avro_value_get_by_index(value, i, &item, NULL) != 0)
			break;
		buf_str(out, i > 0 ? "," : "");
		demo_line_json(&item, out);
	}
	buf_byte(out, ']');
}

void demo_line_json(avro_value_t *value, struct buf *out)
{
	avro_value_t branch;
	int64_t i64 = 0;
	int32_t i32 = 0;
	double d = 0;
	int b = 0;

	switch (avro_value_get_type(value)) {
	case AVRO_RECORD: put_record(value, out); break;
	case AVRO_ARRAY: put_array(value, out); break;
	case AVRO_STRING: put_string(value, out); break;
	case AVRO_UNION:
		if (avro_value_get_current_branch(value, &branch) == 0)
			demo_line_json(&branch, out);
		else
			buf_str(out, "null");
		break;
	case AVRO_INT32:
		avro_value_get_int(value, &i32);
		buf_printf(out, "%" PRId32, i32);
		break;
	case AVRO_INT64:
		avro_value_get_long(value, &i64);
		buf_printf(out, "%" PRId64, i64);
		break;
	case AVRO_DOUBLE:
		avro_value_get_double(value, &d);
		buf_printf(out, "%.17g", d);
		break;
	case AVRO_BOOLEAN:
		avro_value_get_boolean(value, &b);
		buf_str(out, b ? "true" : "false");
		break;
	default: buf_str(out, "null"); break; /* our outputs have no other types */
	}
}

/* The field behind its union; -1 when missing. */
static int field_of(avro_value_t *record, const char *name, avro_value_t *out)
{
	avro_value_t field;

	if (avro_value_get_by_name(record, name, &field, NULL) != 0)
		return -1;
	if (avro_value_get_type(&field) != AVRO_UNION) {
		*out = field;
		return 0;
	}
	return avro_value_get_current_branch(&field, out);
}

static struct slice string_of(avro_value_t *record, const char *name)
{
	const char *text = NULL;
	avro_value_t field;
	size_t size = 0;

	if (field_of(record, name, &field) != 0 || avro_value_get_type(&field) != AVRO_STRING ||
	    avro_value_get_string(&field, &text, &size) != 0 || size == 0)
		return slice_make(NULL, 0);
	return slice_make(text, size - 1);
}

void demo_target_read(avro_value_t *record, struct demo_target *out)
{
	avro_value_t field;

	*out = (struct demo_target){
		.email = string_of(record, "CUSTOMER_EMAIL"),
		.hotel_name = string_of(record, "HOTEL_NAME"),
		.city = string_of(record, "HOTEL_CITY"),
		.summary = string_of(record, "REVIEW_SUMMARY"),
	};
	if (field_of(record, "ACTIVITY_TIME", &field) == 0)
		avro_value_get_long(&field, &out->activity_time_ms);
	if (field_of(record, "SIMILAR_HOTELS", &field) == 0 && avro_value_get_type(&field) == AVRO_ARRAY)
		avro_value_get_size(&field, &out->similar_hotels);
}

void demo_line_mask(struct slice email, struct buf *out)
{
	const char *at = email.len ? memchr(email.data, '@', email.len) : NULL;
	size_t local = at != NULL ? (size_t)(at - email.data) : email.len;

	buf_append(out, email.data, local < 2 ? local : 2);
	buf_str(out, "***");
	if (at != NULL)
		buf_append(out, at, email.len - local);
}

static size_t characters(struct slice s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.len; i++)
		count += ((uint8_t)s.data[i] & 0xc0) != 0x80;
	return count;
}

/* At most `columns` characters, the last one an ellipsis when it was cut;
 * control characters become blanks. Counts one column per character: good
 * enough for the Latin names of this world. */
static size_t put_cut(struct buf *out, struct slice s, size_t columns)
{
	bool cut = characters(s) > columns;
	size_t used = 0;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t byte = (uint8_t)s.data[i];

		if ((byte & 0xc0) != 0x80 && used++ + cut == columns) {
			buf_str(out, "\xe2\x80\xa6");
			return columns;
		}
		buf_byte(out, byte < 0x20 || byte == 0x7f ? ' ' : byte);
	}
	return used;
}

static void put_column(struct buf *out, struct slice s, size_t columns, const char *colour, bool coloured)
{
	size_t used;

	buf_str(out, coloured ? colour : "");
	used = put_cut(out, s, columns);
	buf_str(out, coloured ? PLAIN : "");
	for (; used < columns + 2; used++)
		buf_byte(out, ' ');
}

void demo_line_text(const struct demo_target *t, const struct demo_line_style *style, struct buf *out)
{
	size_t left = style->columns > INDENT + 20 ? (size_t)style->columns - INDENT : 0;
	struct buf part;

	buf_init(&part, 4096);
	put_minute(&part, t->activity_time_ms);
	put_column(out, buf_view(&part), TIME_COLUMNS, DIM, style->colour);
	buf_clear(&part);
	demo_line_mask(t->email, &part);
	put_column(out, buf_view(&part), EMAIL_COLUMNS, CYAN, style->colour);
	buf_release(&part);
	put_column(out, t->hotel_name, HOTEL_COLUMNS, BOLD, style->colour);
	put_column(out, t->city, CITY_COLUMNS, GREEN, style->colour);
	if (left == 0)
		left = SIZE_MAX;
	put_cut(out, t->summary, left);
	buf_byte(out, '\n');
}
