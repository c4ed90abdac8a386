#include "daemon/dead_letters_show.h"

#include "base/utf8.h"
#include "daemon/screen.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DUMP_MAX 65536 /* bytes of a value that are shown */

void dead_letters_table_release(struct dead_letters_table *t)
{
	free(t->groups);
	*t = (struct dead_letters_table){0};
}

static void copy(char *to, size_t size, struct slice from)
{
	from = utf8_prefix(from, size - 1);
	memcpy(to, from.data, from.len);
	to[from.len] = '\0';
}

static struct dead_letters_group *group_of(struct dead_letters_table *t, const struct dead_letter_view *v)
{
	struct dead_letters_group *g;
	char topic[256], reason[64];

	if (t->groups == NULL)
		t->groups = calloc(DEAD_LETTERS_GROUPS, sizeof(*t->groups));
	if (t->groups == NULL)
		return NULL;
	copy(topic, sizeof(topic), v->topic);
	copy(reason, sizeof(reason), v->reason);
	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->groups[i].topic, topic) == 0 && strcmp(t->groups[i].reason, reason) == 0)
			return &t->groups[i];
	}
	if (t->count == DEAD_LETTERS_GROUPS)
		return NULL;
	g = &t->groups[t->count++];
	memcpy(g->topic, topic, sizeof(topic));
	memcpy(g->reason, reason, sizeof(reason));
	g->first_ms = INT64_MAX;
	g->last_ms = INT64_MIN;
	return g;
}

int dead_letters_table_add(struct dead_letters_table *t, const struct message *m,
			   const struct dead_letter_view *v, bool replayed)
{
	struct dead_letters_group *g;
	int64_t stamp = v->timestamp_ms >= 0 ? v->timestamp_ms : m->timestamp_ms;

	if (v->kind == DEAD_LETTER_MARK)
		t->marks++;
	if (v->kind == DEAD_LETTER_FOREIGN)
		t->foreign++;
	if (v->kind != DEAD_LETTER_RECORD)
		return 0;
	t->records++;
	g = group_of(t, v);
	if (g == NULL) {
		t->others++;
		return t->groups == NULL ? -1 : 0;
	}
	g->count++;
	g->replayed += replayed;
	g->first_ms = stamp < g->first_ms ? stamp : g->first_ms;
	if (stamp >= g->last_ms) {
		g->last_ms = stamp;
		g->partition = m->partition;
		g->offset = m->offset;
		copy(g->sentence, sizeof(g->sentence), v->sentence);
	}
	return 0;
}

static void put_time(char *to, size_t size, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (ms < 0 || gmtime_r(&seconds, &tm) == NULL || strftime(to, size, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(to, size, "-");
}

static int by_count(const void *a, const void *b)
{
	const struct dead_letters_group *x = a, *y = b;

	return (x->count < y->count) - (x->count > y->count);
}

static void put_cell(struct screen *s, const char *text, size_t width, bool right)
{
	screen_cell(s, SCREEN_PLAIN, slice_str(text), width, right);
}

static void write_group(struct screen *s, const struct dead_letters_group *g, size_t width)
{
	char text[64];

	put_cell(s, g->topic, width, false);
	put_cell(s, g->reason, 12, false);
	snprintf(text, sizeof(text), "%" PRIu64, g->count);
	put_cell(s, text, 9, true);
	snprintf(text, sizeof(text), "%" PRIu64, g->replayed);
	put_cell(s, text, 9, true);
	put_time(text, sizeof(text), g->last_ms);
	put_cell(s, text, 19, false);
	snprintf(text, sizeof(text), "%d/%" PRId64, g->partition, g->offset);
	put_cell(s, text, 12, false);
	screen_str(s, SCREEN_PLAIN, g->sentence);
	screen_line(s);
}

void dead_letters_table_write(struct buf *out, struct dead_letters_table *t, const char *topic)
{
	struct screen s;
	size_t width = 8;

	screen_init(&s, out, 600, false);
	for (size_t i = 0; i < t->count; i++) {
		size_t columns = screen_width(slice_str(t->groups[i].topic));

		width = columns > width ? columns : width;
	}
	if (t->count > 1)
		qsort(t->groups, t->count, sizeof(*t->groups), by_count);
	if (t->count > 0) {
		put_cell(&s, "FROM", width, false);
		put_cell(&s, "REASON", 12, false);
		put_cell(&s, "RECORDS", 9, true);
		put_cell(&s, "REPLAYED", 9, true);
		put_cell(&s, "LATEST, UTC", 19, false);
		put_cell(&s, "WHERE", 12, false);
		put_cell(&s, "WHY", 3, false);
		screen_line(&s);
	}
	for (size_t i = 0; i < t->count; i++)
		write_group(&s, &t->groups[i], width);
	buf_printf(out, "%" PRIu64 " dead letter%s in %s", t->records, t->records == 1 ? "" : "s", topic);
	if (t->others > 0)
		buf_printf(out, ", %" PRIu64 " of further kinds", t->others);
	if (t->foreign > 0)
		buf_printf(out, ", %" PRIu64 " records that are not riverd's", t->foreign);
	buf_str(out, "\n");
}

/* ---- one ---- */

static bool printable(struct slice s)
{
	if (!utf8_valid(s))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.data[i] < 0x20 && s.data[i] != '\n' && s.data[i] != '\t' &&
		    s.data[i] != '\r')
			return false;
	}
	return true;
}

/* Line by line through the screen, which makes everything harmless. */
static void put_text(struct screen *s, struct slice text)
{
	while (text.len > 0) {
		const char *end = memchr(text.data, '\n', text.len);
		size_t len = end != NULL ? (size_t)(end - text.data) : text.len;

		screen_str(s, SCREEN_PLAIN, "  ");
		screen_put(s, SCREEN_PLAIN, slice_make(text.data, len));
		screen_line(s);
		text = slice_make(text.data + len + (end != NULL), text.len - len - (end != NULL));
	}
}

static void put_hex(struct buf *out, struct slice bytes)
{
	for (size_t row = 0; row < bytes.len; row += 16) {
		buf_printf(out, "  %06zx ", row);
		for (size_t i = row; i < row + 16; i++) {
			if (i < bytes.len)
				buf_printf(out, " %02x", (unsigned char)bytes.data[i]);
			else
				buf_str(out, "   ");
		}
		buf_str(out, "  ");
		for (size_t i = row; i < row + 16 && i < bytes.len; i++)
			buf_byte(out, bytes.data[i] >= 0x20 && bytes.data[i] < 0x7f ? (uint8_t)bytes.data[i]
										    : '.');
		buf_str(out, "\n");
	}
}

static void put_part(struct screen *s, const char *name, bool there, struct slice bytes)
{
	struct slice shown = slice_make(bytes.data, bytes.len < DUMP_MAX ? bytes.len : DUMP_MAX);

	if (!there) {
		buf_printf(s->out, "%s: null\n", name);
		return;
	}
	buf_printf(s->out, "%s, %zu byte%s:\n", name, bytes.len, bytes.len == 1 ? "" : "s");
	if (printable(shown))
		put_text(s, shown);
	else
		put_hex(s->out, shown);
	if (shown.len < bytes.len)
		buf_printf(s->out, "  and %zu bytes more\n", bytes.len - shown.len);
}

static void put_field(struct screen *s, const char *name, struct slice value)
{
	screen_cell(s, SCREEN_PLAIN, slice_str(name), 10, false);
	screen_put(s, SCREEN_PLAIN, value);
	screen_line(s);
}

void dead_letters_write(struct buf *out, const struct message *m, const struct dead_letter_view *v,
			bool replayed)
{
	char text[400];
	struct screen s;

	screen_init(&s, out, 2000, false);
	snprintf(text, sizeof(text), SLICE_FMT " / %d at offset %" PRId64,
		 (int)(v->topic.len < 256 ? v->topic.len : 256), v->topic.data, v->partition, v->offset);
	put_field(&s, "from", slice_str(text));
	put_field(&s, "reason", v->reason);
	put_field(&s, "why", v->sentence);
	put_field(&s, "stage", v->stage);
	put_time(text, sizeof(text), v->timestamp_ms);
	put_field(&s, "time, UTC", slice_str(text));
	put_field(&s, "replayed", slice_str(replayed ? "yes" : "no"));
	for (size_t i = 0; i < v->header_count; i++) {
		if (dead_letter_publishers_header(m, i))
			continue;
		screen_str(&s, SCREEN_PLAIN, "header    ");
		screen_str(&s, SCREEN_PLAIN, "  ");
		screen_put(&s, SCREEN_PLAIN, m->headers[i].name);
		screen_str(&s, SCREEN_PLAIN, " = ");
		screen_put(&s, SCREEN_PLAIN, m->headers[i].value);
		screen_line(&s);
	}
	put_part(&s, "key", m->has_key, m->key);
	put_part(&s, "value", m->has_value, m->value);
}
