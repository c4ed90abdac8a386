#include "test/lib/pipeline_fixture.h"

#include "base/alloc.h"
#include "test/lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- outputs ---- */

static void put_value(struct buf *b, const struct value *v)
{
	switch ((enum value_kind)v->kind) {
	case VALUE_STRING: buf_slice(b, v->s); break;
	case VALUE_LONG: buf_printf(b, "%lld", (long long)v->i); break;
	case VALUE_DOUBLE: buf_printf(b, "%g", v->d); break;
	default: buf_str(b, "null");
	}
}

static void put_target(struct buf *b, const struct output *o)
{
	const struct target_view *t = &o->target;

	buf_printf(b, SLICE_FMT " " SLICE_FMT " %lld " SLICE_FMT "/", SLICE_ARG(t->email),
		   SLICE_ARG(t->hotel_id), (long long)(t->activity_time.ms - BASE), SLICE_ARG(t->hotel_name));
	put_value(b, &t->hotel_city);
	buf_str(b, " [");
	for (size_t i = 0; i < t->similar_count; i++) {
		buf_str(b, i ? "," : "");
		put_value(b, &t->similar[i]);
	}
	assert_int_equal(t->review_count > 0, t->reviews.len > 0);
	buf_printf(b, "] {" SLICE_FMT "} " SLICE_FMT, SLICE_ARG(t->reviews), SLICE_ARG(t->summary));
}

static void on_emit(void *ctx, const struct output *o)
{
	static const char *const words[OUTPUTS] = {"target", "similar", "reviews", "booking", "catalog"};
	struct fixture *f = ctx;
	struct buf *b = &f->lines;
	char hex[33];

	hash_id_hex(o->id, hex);
	hex[4] = '\0';
	buf_printf(b, "%s %s ", words[o->topic], hex);
	if (o->topic == OUTPUT_BOOKINGS) {
		buf_printf(b, SLICE_FMT " " SLICE_FMT " " SLICE_FMT " ", SLICE_ARG(o->booking.booking_id),
			   SLICE_ARG(o->booking.email), SLICE_ARG(o->booking.hotel_id));
		put_value(b, &o->booking.hotel_name);
		buf_byte(b, ' ');
		put_value(b, &o->booking.check_in);
		buf_byte(b, ' ');
		put_value(b, &o->booking.price);
	} else if (o->topic == OUTPUT_CATALOG) {
		buf_printf(b, SLICE_FMT " ", SLICE_ARG(o->catalog.hotel_id));
		put_value(b, &o->catalog.name);
		buf_byte(b, ' ');
		put_value(b, &o->catalog.city);
	} else {
		put_target(b, o);
	}
	buf_byte(b, '\n');
}

static void answer(struct fixture *f, struct hash_id hash)
{
	char hex[33], text[48];

	hash_id_hex(hash, hex);
	hex[8] = '\0';
	snprintf(text, sizeof(text), "summary-%s", hex);
	pipeline_answer(f->pipeline, hash, slice_str(text));
}

static void on_ask(void *ctx, const struct question *q)
{
	struct fixture *f = ctx;

	if (f->answers)
		answer(f, q->hash);
	for (size_t i = 0; i < q->count; i++) { /* must still be readable */
		buf_str(&f->questions, i ? "|" : "");
		buf_slice(&f->questions, q->reviews[i]);
	}
	buf_byte(&f->questions, '\n');
	if (f->answers)
		return;
	assert_true(f->asked_count < (int)(sizeof(f->asked) / sizeof(f->asked[0])));
	f->asked[f->asked_count++] = q->hash;
}

static void on_erase(void *ctx, struct slice email)
{
	struct fixture *f = ctx;

	buf_slice(&f->erased, email);
	buf_byte(&f->erased, '\n');
}

void fixture_answer_all(struct fixture *f)
{
	while (f->asked_count > 0) {
		struct hash_id first = f->asked[0];

		f->asked_count--;
		memmove(&f->asked[0], &f->asked[1], (size_t)f->asked_count * sizeof(f->asked[0]));
		answer(f, first);
	}
}

const char *fixture_heard(struct fixture *f)
{
	const char *text = buf_cstr(&f->lines);

	f->lines.len = 0;
	return text;
}

/* ---- life ---- */

static void start(struct fixture *f)
{
	pipeline_add_partition(f->pipeline, INPUT_CLICKSTREAM, 0, f->wall);
	pipeline_add_partition(f->pipeline, INPUT_BOOKINGS, 0, f->wall);
	if (f->ready)
		pipeline_dimensions_ready(f->pipeline);
}

static bool on_enough(void *ctx)
{
	const struct fixture *f = ctx;

	return f->hurried;
}

static void make(struct fixture *f)
{
	struct pipeline_ports ports = {
		.ctx = f, .emit = on_emit, .ask = on_ask, .erase = on_erase, .enough = on_enough};

	pipeline_free(f->pipeline);
	f->pipeline = pipeline_new(&f->config, &ports);
}

void fixture_begin(struct fixture *f)
{
	make(f);
	start(f);
}

void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	pipeline_defaults(&f->config);
	f->config.summary_identity = SLICE_LITERAL("test");
	f->config.hash_seed = 7;
	f->wall = BASE + 100 * DAY;
	f->ready = true;
	buf_init(&f->lines, 1 << 26);
	buf_init(&f->questions, 1 << 26);
	buf_init(&f->erased, 1 << 20);
	fixture_begin(f);
}

void fixture_release(struct fixture *f)
{
	pipeline_free(f->pipeline);
	for (size_t i = 0; i < f->image_count; i++)
		delta_release(&f->image[i].row);
	free(f->image);
	buf_release(&f->lines);
	buf_release(&f->questions);
	buf_release(&f->erased);
}

/* ---- events ---- */

struct value fixture_text(const char *text)
{
	if (text == NULL)
		return (struct value){.kind = VALUE_NULL};
	return (struct value){.kind = VALUE_STRING, .s = slice_str(text)};
}

struct value fixture_long(int64_t n)
{
	return (struct value){.kind = VALUE_LONG, .i = n};
}

enum disposition fixture_record(struct fixture *f, enum input input, int partition, int64_t timestamp_ms,
				const struct value *fields, int count, enum change change)
{
	static const char *const topics[INPUTS] = {"clicks", "bookings", "reviews", "hotels", "customers"};
	struct message m = {
		.topic = topics[input],
		.partition = partition,
		.offset = f->offset++,
		.timestamp_ms = timestamp_ms,
	};
	struct record r = {.message = &m, .change = change};
	enum disposition d;

	for (int i = 0; i < count; i++)
		r.fields[i] = fields[i];
	err_clear(&f->err);
	d = pipeline_record(f->pipeline, input, &r, f->wall, &f->err);
	f->dispositions[d]++;
	return d;
}

enum disposition fixture_click(struct fixture *f, const char *email, const char *hotel, int64_t at)
{
	struct value fields[] = {fixture_text(email), fixture_text(hotel), fixture_text("booking-click")};

	return fixture_record(f, INPUT_CLICKSTREAM, 0, BASE + at, fields, 3, CHANGE_UPSERT);
}

enum disposition fixture_booking(struct fixture *f, const char *id, const char *email, const char *hotel,
				 int64_t at)
{
	struct value fields[] = {fixture_text(id),   fixture_text(email), fixture_text(hotel),
				 fixture_long(BASE), fixture_long(BASE),  fixture_long(100)};

	return fixture_record(f, INPUT_BOOKINGS, 0, BASE + at, fields, 6, CHANGE_UPSERT);
}

enum disposition fixture_hotel(struct fixture *f, const char *id, const char *name, const char *city,
			       const char *amenities)
{
	struct value fields[HOTEL_FIELDS] = {
		[HOTEL_ID] = fixture_text(id),
		[HOTEL_NAME] = fixture_text(name),
		[HOTEL_AMENITIES] = fixture_text(amenities),
		[HOTEL_CITY] = fixture_text(city),
	};

	return fixture_record(f, INPUT_HOTEL, 0, BASE, fields, HOTEL_FIELDS, CHANGE_UPSERT);
}

enum disposition fixture_hotel_gone(struct fixture *f, const char *id)
{
	struct value fields[] = {fixture_text(id)};

	return fixture_record(f, INPUT_HOTEL, 0, BASE, fields, 1, CHANGE_DELETE);
}

enum disposition fixture_review(struct fixture *f, const char *id, const char *hotel, const char *booking,
				const char *text, int64_t at)
{
	struct value fields[REVIEW_FIELDS] = {
		[REVIEW_ID] = fixture_text(id),
		[REVIEW_HOTEL_ID] = fixture_text(hotel),
		[REVIEW_BOOKING_ID] = fixture_text(booking),
		[REVIEW_TEXT] = fixture_text(text),
		[REVIEW_CREATED_AT] = fixture_long(BASE + at),
	};

	return fixture_record(f, INPUT_REVIEWS, 0, BASE, fields, REVIEW_FIELDS, CHANGE_UPSERT);
}

enum disposition fixture_customer(struct fixture *f, const char *id, const char *email)
{
	struct value fields[] = {fixture_text(id), fixture_text(email)};

	return fixture_record(f, INPUT_CUSTOMER, 0, BASE, fields, 2, CHANGE_UPSERT);
}

enum disposition fixture_customer_gone(struct fixture *f, const char *id, const char *email)
{
	struct value fields[] = {fixture_text(id), fixture_text(email)};

	return fixture_record(f, INPUT_CUSTOMER, 0, BASE, fields, 2, CHANGE_DELETE);
}

void fixture_advance(struct fixture *f)
{
	pipeline_advance(f->pipeline, f->wall);
}

void fixture_pass(struct fixture *f, int64_t at)
{
	struct value view[] = {fixture_text("x@y"), fixture_text("H"), fixture_text("view")};
	int64_t t = BASE + at + f->config.out_of_orderness + 1;

	fixture_record(f, INPUT_CLICKSTREAM, 0, t, view, 3, CHANGE_UPSERT);
	fixture_booking(f, "filler", "x@y", "no such hotel", t - BASE);
	fixture_advance(f);
}

/* ---- durable image ---- */

static struct delta_operation operation_of(const struct delta *d)
{
	struct delta_operation op;
	size_t at = 0;

	assert_int_equal(delta_next(d, &at, &op), 1);
	return op;
}

static int compare_cells(const struct cell *a, const struct cell *b, int count)
{
	for (int i = 0; i < count; i++) {
		int c;

		assert_int_equal(a[i].type, b[i].type);
		if (a[i].type == CELL_INTEGER)
			c = (a[i].i > b[i].i) - (a[i].i < b[i].i);
		else
			c = slice_compare(a[i].s, b[i].s);
		if (c != 0)
			return c;
	}
	return 0;
}

static void remove_row(struct fixture *f, size_t i)
{
	delta_release(&f->image[i].row);
	f->image_count--;
	memmove(&f->image[i], &f->image[i + 1], (f->image_count - i) * sizeof(*f->image));
}

/* Place of the key in table and key order; *found says whether it is there. */
static size_t place_of(const struct fixture *f, int table, const struct cell *keys, bool *found)
{
	size_t low = 0, high = f->image_count;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = f->image[middle].table - table;

		if (c == 0) {
			struct delta_operation op = operation_of(&f->image[middle].row);

			c = compare_cells(op.cells, keys, pipeline_tables[table].keys);
			*found |= c == 0;
		}
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void put_row(struct fixture *f, const struct delta_operation *op)
{
	bool found;
	size_t i = place_of(f, op->table, op->cells, &found);

	assert_int_equal(op->count, pipeline_tables[op->table].columns);
	if (found)
		remove_row(f, i);
	f->image = alloc_grown(f->image, &f->image_cap, f->image_count + 1, sizeof(*f->image));
	memmove(&f->image[i + 1], &f->image[i], (f->image_count - i) * sizeof(*f->image));
	f->image_count++;
	f->image[i].table = op->table;
	delta_init(&f->image[i].row, 1 << 24);
	delta_put(&f->image[i].row, op->table, op->cells, op->count);
}

static void delete_row(struct fixture *f, const struct delta_operation *op)
{
	bool found;
	size_t i = place_of(f, op->table, op->cells, &found);

	assert_int_equal(op->count, pipeline_tables[op->table].keys);
	if (found)
		remove_row(f, i);
}

static void delete_below(struct fixture *f, const struct delta_operation *op)
{
	for (size_t i = f->image_count; i-- > 0;)
		if (f->image[i].table == op->table &&
		    operation_of(&f->image[i].row).cells[0].i < op->cells[0].i)
			remove_row(f, i);
}

void fixture_checkpoint(struct fixture *f)
{
	struct delta_operation op;
	struct delta d;
	size_t at = 0;
	int more;

	delta_init(&d, 1 << 28);
	pipeline_checkpoint(f->pipeline, &d);
	while ((more = delta_next(&d, &at, &op)) == 1) {
		switch (op.op) {
		case ROW_PUT: put_row(f, &op); break;
		case ROW_DELETE: delete_row(f, &op); break;
		case ROW_DELETE_BELOW: delete_below(f, &op); break;
		}
	}
	assert_int_equal(more, 0);
	assert_int_equal(pipeline_dirty_bytes(f->pipeline), 0);
	delta_release(&d);
}

void fixture_restore(struct fixture *f)
{
	f->asked_count = 0; /* the new one asks again */
	make(f);
	for (size_t i = 0; i < f->image_count; i++) {
		struct delta_operation op = operation_of(&f->image[i].row);

		assert_int_equal(pipeline_restore(f->pipeline, op.table, op.cells, op.count, &f->err), 0);
	}
	pipeline_restored(f->pipeline);
	start(f);
}

size_t fixture_rows(const struct fixture *f, const char *table)
{
	size_t n = 0;

	for (size_t i = 0; i < f->image_count; i++)
		n += strcmp(pipeline_tables[f->image[i].table].name, table) == 0;
	return n;
}
