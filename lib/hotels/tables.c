#include "hotels/tables.h"

#include "hotels/field.h"

#define TIMED_KEY "PRIMARY KEY(time, seq)) WITHOUT ROWID"

const struct table pipeline_tables[TABLES] = {
	[TABLE_WATERMARK] =
		{"watermark",
		 "(id INTEGER PRIMARY KEY, time INTEGER NOT NULL, settled_before INTEGER NOT NULL, "
		 "kept_from INTEGER NOT NULL)",
		 4, 1},
	[TABLE_PARTITION] = {"input_partition",
			     "(input TEXT NOT NULL, number INTEGER NOT NULL, highest_time INTEGER NOT NULL, "
			     "PRIMARY KEY(input, number)) WITHOUT ROWID",
			     3, 2},
	[TABLE_HOTEL] = {"hotel",
			 "(hotel_id TEXT NOT NULL PRIMARY KEY, name TEXT, amenities TEXT, description TEXT, "
			 "city TEXT, country TEXT) WITHOUT ROWID",
			 6, 1},
	[TABLE_CUSTOMER] = {"customer", "(customer_id TEXT NOT NULL PRIMARY KEY, email TEXT) WITHOUT ROWID",
			    2, 1},
	[TABLE_ERASED] = {"erased", "(address BLOB NOT NULL PRIMARY KEY) WITHOUT ROWID", 1, 1},
	[TABLE_BOOKING_HOTEL] = {"booking_hotel",
				 "(time INTEGER NOT NULL, seq INTEGER NOT NULL, booking_id TEXT NOT NULL, "
				 "hotel_id TEXT NOT NULL, " TIMED_KEY,
				 4, 2},
	[TABLE_REVIEW] =
		{"review",
		 "(created_at INTEGER NOT NULL, review_id TEXT NOT NULL, hotel_id TEXT, booking_id TEXT, "
		 "review_text TEXT NOT NULL, PRIMARY KEY(created_at, review_id)) WITHOUT ROWID",
		 5, 2},
	[TABLE_CLICK_GONE] = {"click_gone", "(time INTEGER NOT NULL, seq INTEGER NOT NULL, " TIMED_KEY, 2, 2},
	[TABLE_CLICK] =
		{"click",
		 "(time INTEGER NOT NULL, seq INTEGER NOT NULL, email TEXT NOT NULL, hotel_id TEXT NOT NULL, "
		 "open INTEGER NOT NULL, " TIMED_KEY,
		 5, 2},
	[TABLE_BOOKING] = {"booking",
			   "(time INTEGER NOT NULL, seq INTEGER NOT NULL, email TEXT NOT NULL, "
			   "hotel_id TEXT NOT NULL, " TIMED_KEY,
			   4, 2},
	[TABLE_QUESTION] = {"question",
			    "(seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, reviews TEXT NOT NULL)", 3, 1},
	[TABLE_ANSWER] = {"answer", "(seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, summary TEXT NOT NULL)", 3,
			  1},
	[TABLE_TARGET_HOTEL] = {"target_hotel",
				"(seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, email TEXT NOT NULL, "
				"hotel_id TEXT NOT NULL)",
				4, 1},
	[TABLE_TARGET_ANSWER] =
		{"target_answer",
		 "(seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, email TEXT NOT NULL, "
		 "hotel_id TEXT NOT NULL, hotel_name TEXT NOT NULL, hotel_city TEXT NOT NULL, "
		 "similar_hotels TEXT NOT NULL, question BLOB NOT NULL)",
		 8, 1},
	[TABLE_BOOKING_WAITING] =
		{"booking_waiting",
		 "(seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, output_id BLOB NOT NULL, "
		 "booking_id TEXT NOT NULL, email TEXT NOT NULL, hotel_id TEXT NOT NULL, "
		 "check_in, check_out, price)",
		 9, 1},
	[TABLE_FORGOTTEN] = {"forgotten",
			     "(address BLOB NOT NULL PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID", 2,
			     1},
};
const int pipeline_table_count = TABLES;

/* ---- cells ---- */

static const char *const input_words[INPUTS] = {"clickstream", "bookings", "reviews", "hotel", "customer"};

static struct cell seq_cell(uint64_t seq)
{
	return cell_int((int64_t)seq);
}

static struct cell hash_cell(const struct hash_id *h)
{
	return cell_blob(slice_make(h->bytes, sizeof(h->bytes)));
}

static struct cell value_cell(const struct value *v)
{
	switch ((enum value_kind)v->kind) {
	case VALUE_STRING: return cell_text(v->s);
	case VALUE_LONG: return cell_int(v->i);
	case VALUE_DOUBLE: return cell_real(v->d);
	case VALUE_ABSENT:
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_BYTES: break;
	}
	return cell_null();
}

static struct cell text_or_null(struct slice s)
{
	return s.len > 0 ? cell_text(s) : cell_null();
}

static struct value cell_value(const struct cell *c)
{
	switch (c->type) {
	case CELL_TEXT: return field_string(c->s);
	case CELL_INTEGER: return (struct value){.kind = VALUE_LONG, .i = c->i};
	case CELL_REAL: return (struct value){.kind = VALUE_DOUBLE, .d = c->d};
	case CELL_NULL:
	case CELL_BLOB: break;
	}
	return field_null();
}

static struct slice cell_slice(const struct cell *c)
{
	return c->type == CELL_NULL ? slice_make(NULL, 0) : c->s;
}

static struct hash_id cell_hash(const struct cell *c)
{
	struct hash_id h;

	memcpy(h.bytes, c->s.data, sizeof(h.bytes));
	return h;
}

/* Whether a cell is what the letter says: integer, text, hash, any;
 * T is text or null, s is a sequence number. */
static bool cell_is(const struct cell *c, char letter)
{
	switch (letter) {
	case 'i': return c->type == CELL_INTEGER;
	case 's': return c->type == CELL_INTEGER && c->i > 0;
	case 't': return c->type == CELL_TEXT;
	case 'T': return c->type == CELL_TEXT || c->type == CELL_NULL;
	case 'h': return c->type == CELL_BLOB && c->s.len == sizeof(((struct hash_id *)0)->bytes);
	default: return c->type != CELL_BLOB;
	}
}

static int cells_are(const struct cell *c, int count, const char *letters)
{
	if (count < 0 || (size_t)count != strlen(letters))
		return -1;
	for (int i = 0; i < count; i++)
		if (!cell_is(&c[i], letters[i]))
			return -1;
	return 0;
}

#define PUT(d, table, ...)                                                                                   \
	do {                                                                                                 \
		const struct cell cells_[] = {__VA_ARGS__};                                                  \
		delta_put((d), (table), cells_, (int)(sizeof(cells_) / sizeof(cells_[0])));                  \
	} while (0)

/* ---- rows ---- */

void tables_put_watermark(struct delta *d, const struct watermark_row *row)
{
	PUT(d, TABLE_WATERMARK, cell_int(0), cell_int(row->now.ms), cell_int(row->settled_below.ms),
	    cell_int(row->expired_below.ms));
}

int tables_read_watermark(const struct cell *c, int count, struct watermark_row *out)
{
	if (cells_are(c, count, "iiii") != 0)
		return -1;
	*out = (struct watermark_row){event_time_at(c[1].i), event_time_at(c[2].i), event_time_at(c[3].i)};
	return 0;
}

void tables_put_partition(struct delta *d, const struct partition_row *row)
{
	PUT(d, TABLE_PARTITION, cell_text(slice_str(input_words[row->input])), cell_int(row->number),
	    cell_int(row->highest.ms));
}

int tables_read_partition(const struct cell *c, int count, struct partition_row *out)
{
	if (cells_are(c, count, "tii") != 0 || c[1].i < 0 || c[1].i > INT32_MAX)
		return -1;
	out->number = (int32_t)c[1].i;
	out->highest = event_time_at(c[2].i);
	for (int i = 0; i < INPUTS; i++) {
		if (slice_is(c[0].s, input_words[i])) {
			out->input = (enum input)i;
			return 0;
		}
	}
	return -1;
}

void tables_put_hotel(struct delta *d, const struct hotel *h)
{
	PUT(d, TABLE_HOTEL, cell_text(h->id), value_cell(&h->name), value_cell(&h->amenities),
	    value_cell(&h->description), value_cell(&h->city), value_cell(&h->country));
}

int tables_read_hotel(const struct cell *c, int count, struct hotel *out)
{
	if (cells_are(c, count, "tTTTTT") != 0)
		return -1;
	*out = (struct hotel){
		.id = c[0].s,
		.name = cell_value(&c[1]),
		.amenities = cell_value(&c[2]),
		.description = cell_value(&c[3]),
		.city = cell_value(&c[4]),
		.country = cell_value(&c[5]),
	};
	return 0;
}

void tables_put_customer(struct delta *d, struct slice id, struct slice email)
{
	PUT(d, TABLE_CUSTOMER, cell_text(id), text_or_null(email));
}

int tables_read_customer(const struct cell *c, int count, struct slice *id, struct slice *email)
{
	if (cells_are(c, count, "tT") != 0)
		return -1;
	*id = c[0].s;
	*email = cell_slice(&c[1]);
	return 0;
}

void tables_put_erased(struct delta *d, const struct hash_id *address)
{
	PUT(d, TABLE_ERASED, hash_cell(address));
}

int tables_read_erased(const struct cell *c, int count, struct hash_id *out)
{
	if (cells_are(c, count, "h") != 0)
		return -1;
	*out = cell_hash(&c[0]);
	return 0;
}

void tables_put_forgotten(struct delta *d, const struct hash_id *address, struct event_time until)
{
	PUT(d, TABLE_FORGOTTEN, hash_cell(address), cell_int(until.ms));
}

int tables_read_forgotten(const struct cell *c, int count, struct hash_id *address, struct event_time *until)
{
	if (cells_are(c, count, "hi") != 0)
		return -1;
	*address = cell_hash(&c[0]);
	*until = event_time_at(c[1].i);
	return 0;
}

void tables_put_timed(struct delta *d, enum hotels_table table, const struct timed_row *row)
{
	struct cell cells[] = {cell_int(row->time.ms), seq_cell(row->seq), cell_text(row->key),
			       cell_text(row->detail), cell_int(row->open)};

	delta_put(d, table, cells, pipeline_tables[table].columns);
}

int tables_read_timed(enum hotels_table table, const struct cell *c, int count, struct timed_row *out)
{
	const char *letters = table == TABLE_CLICK ? "istti" : table == TABLE_CLICK_GONE ? "is" : "istt";

	if (cells_are(c, count, letters) != 0)
		return -1;
	*out = (struct timed_row){.time = event_time_at(c[0].i), .seq = (uint64_t)c[1].i};
	if (table != TABLE_CLICK_GONE) {
		out->key = c[2].s;
		out->detail = c[3].s;
	}
	out->open = table == TABLE_CLICK && c[4].i != 0;
	return 0;
}

void tables_put_review(struct delta *d, const struct review_row *r)
{
	PUT(d, TABLE_REVIEW, cell_int(r->created_at.ms), cell_text(r->id), text_or_null(r->hotel_id),
	    text_or_null(r->booking_id), cell_text(r->text));
}

int tables_read_review(const struct cell *c, int count, struct review_row *out)
{
	if (cells_are(c, count, "itTTt") != 0 || (c[2].type == CELL_NULL && c[3].type == CELL_NULL))
		return -1;
	*out = (struct review_row){
		.created_at = event_time_at(c[0].i),
		.id = c[1].s,
		.hotel_id = cell_slice(&c[2]),
		.booking_id = cell_slice(&c[3]),
		.text = c[4].s,
	};
	return 0;
}

void tables_put_question(struct delta *d, uint64_t seq, const struct hash_id *hash, struct slice texts)
{
	PUT(d, TABLE_QUESTION, seq_cell(seq), hash_cell(hash), cell_text(texts));
}

int tables_read_question(const struct cell *c, int count, uint64_t *seq, struct hash_id *hash,
			 struct slice *texts)
{
	if (cells_are(c, count, "sht") != 0)
		return -1;
	*seq = (uint64_t)c[0].i;
	*hash = cell_hash(&c[1]);
	*texts = c[2].s;
	return 0;
}

void tables_put_answer(struct delta *d, uint64_t seq, const struct hash_id *hash, struct slice summary)
{
	PUT(d, TABLE_ANSWER, seq_cell(seq), hash_cell(hash), cell_text(summary));
}

int tables_read_answer(const struct cell *c, int count, uint64_t *seq, struct hash_id *hash,
		       struct slice *summary)
{
	if (cells_are(c, count, "sht") != 0)
		return -1;
	*seq = (uint64_t)c[0].i;
	*hash = cell_hash(&c[1]);
	*summary = c[2].s;
	return 0;
}

void tables_put_target_hotel(struct delta *d, const struct target_row *row)
{
	PUT(d, TABLE_TARGET_HOTEL, seq_cell(row->seq), cell_int(row->time.ms), cell_text(row->email),
	    cell_text(row->hotel_id));
}

int tables_read_target_hotel(const struct cell *c, int count, struct target_row *out)
{
	if (cells_are(c, count, "sitt") != 0)
		return -1;
	*out = (struct target_row){
		.seq = (uint64_t)c[0].i,
		.time = event_time_at(c[1].i),
		.email = c[2].s,
		.hotel_id = c[3].s,
	};
	return 0;
}

void tables_put_target_answer(struct delta *d, const struct target_row *row)
{
	PUT(d, TABLE_TARGET_ANSWER, seq_cell(row->seq), cell_int(row->time.ms), cell_text(row->email),
	    cell_text(row->hotel_id), cell_text(row->hotel_name), cell_text(row->hotel_city),
	    cell_text(row->similar), hash_cell(&row->question));
}

int tables_read_target_answer(const struct cell *c, int count, struct target_row *out)
{
	if (cells_are(c, count, "sittttth") != 0)
		return -1;
	*out = (struct target_row){
		.seq = (uint64_t)c[0].i,
		.time = event_time_at(c[1].i),
		.email = c[2].s,
		.hotel_id = c[3].s,
		.hotel_name = c[4].s,
		.hotel_city = c[5].s,
		.similar = c[6].s,
		.question = cell_hash(&c[7]),
	};
	return 0;
}

void tables_put_booking_waiting(struct delta *d, const struct booking_row *row)
{
	PUT(d, TABLE_BOOKING_WAITING, seq_cell(row->seq), cell_int(row->time.ms), hash_cell(&row->id),
	    cell_text(row->booking_id), cell_text(row->email), cell_text(row->hotel_id),
	    value_cell(&row->check_in), value_cell(&row->check_out), value_cell(&row->price));
}

int tables_read_booking_waiting(const struct cell *c, int count, struct booking_row *out)
{
	if (cells_are(c, count, "sihttt***") != 0)
		return -1;
	*out = (struct booking_row){
		.seq = (uint64_t)c[0].i,
		.time = event_time_at(c[1].i),
		.id = cell_hash(&c[2]),
		.booking_id = c[3].s,
		.email = c[4].s,
		.hotel_id = c[5].s,
		.check_in = cell_value(&c[6]),
		.check_out = cell_value(&c[7]),
		.price = cell_value(&c[8]),
	};
	return 0;
}

/* ---- deletes ---- */

void tables_delete_text(struct delta *d, enum hotels_table table, struct slice key)
{
	struct cell c = cell_text(key);

	delta_delete(d, table, &c, 1);
}

void tables_delete_erased(struct delta *d, const struct hash_id *address)
{
	struct cell c = hash_cell(address);

	delta_delete(d, TABLE_ERASED, &c, 1);
}

void tables_delete_forgotten(struct delta *d, const struct hash_id *address)
{
	struct cell c = hash_cell(address);

	delta_delete(d, TABLE_FORGOTTEN, &c, 1);
}

void tables_delete_seq(struct delta *d, enum hotels_table table, uint64_t seq)
{
	struct cell c = seq_cell(seq);

	delta_delete(d, table, &c, 1);
}

void tables_delete_timed(struct delta *d, enum hotels_table table, struct event_time time, uint64_t seq)
{
	struct cell cells[] = {cell_int(time.ms), seq_cell(seq)};

	delta_delete(d, table, cells, 2);
}

void tables_delete_review(struct delta *d, struct event_time created_at, struct slice id)
{
	struct cell cells[] = {cell_int(created_at.ms), cell_text(id)};

	delta_delete(d, TABLE_REVIEW, cells, 2);
}
