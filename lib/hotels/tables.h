#ifndef RIVER_HOTELS_TABLES_H
#define RIVER_HOTELS_TABLES_H

/* The durable image of the pipeline: one table a concept, readable with the
 * sqlite3 shell. tables.c is the only place that knows the columns.
 *
 * tables_put_x appends a row, tables_read_x understands one (0, or -1 when
 * the cells are not such a row; slices borrow from the cells).
 *
 * Keys begin with the event time where rows leave by age, so that expiry is
 * a range delete. A click that was saved and then cleared by a booking gets a
 * tombstone in click_gone instead of a delete: single deletes in the middle of
 * a table are what makes SQLite slow. */

#include "base/hash.h"
#include "event_time/event_time.h"
#include "hotels/hotel_table.h"
#include "hotels/pipeline.h"
#include "store/delta.h"

/* In the order in which they are restored. */
enum hotels_table {
	TABLE_WATERMARK,
	TABLE_PARTITION,
	TABLE_HOTEL,
	TABLE_CUSTOMER,
	TABLE_ERASED,
	TABLE_BOOKING_HOTEL,
	TABLE_REVIEW,
	TABLE_CLICK_GONE, /* before click: what is gone is not taken */
	TABLE_CLICK,
	TABLE_BOOKING,
	TABLE_QUESTION, /* before the targets that wait for their answers */
	TABLE_ANSWER,
	TABLE_TARGET_HOTEL,
	TABLE_TARGET_ANSWER,
	TABLE_BOOKING_WAITING,
	TABLE_FORGOTTEN,
	TABLES
};

struct timed_row { /* click, booking, booking_hotel */
	struct event_time time;
	uint64_t seq;
	struct slice key, detail; /* email, hotel; booking, hotel */
	bool open;		  /* click only: not decided although older than settled_below */
};

struct review_row {
	struct event_time created_at;
	struct slice id, hotel_id, booking_id, text; /* hotel_id empty: waits for booking_id */
};

struct target_row {
	uint64_t seq;
	struct event_time time;
	struct slice email, hotel_id;
	/* of targets that wait for an answer */
	struct slice hotel_name, hotel_city;
	struct slice similar; /* names, see packed.h */
	struct hash_id question;
};

struct booking_row {
	uint64_t seq;
	struct event_time time;
	struct hash_id id; /* riverd-id of the output */
	struct slice booking_id, email, hotel_id;
	struct value check_in, check_out, price;
};

struct watermark_row {
	struct event_time now;
	struct event_time settled_below; /* older clicks are decided, but for those saved as open */
	struct event_time expired_below; /* older clicks and bookings are forgotten */
};

struct partition_row {
	enum input input;
	int32_t number;
	struct event_time highest;
};

void tables_put_watermark(struct delta *d, const struct watermark_row *row);
void tables_put_partition(struct delta *d, const struct partition_row *row);
void tables_put_hotel(struct delta *d, const struct hotel *hotel);
void tables_put_customer(struct delta *d, struct slice id, struct slice email);
void tables_put_erased(struct delta *d, const struct hash_id *address);
void tables_put_forgotten(struct delta *d, const struct hash_id *address, struct event_time until);
void tables_put_timed(struct delta *d, enum hotels_table table, const struct timed_row *row);
void tables_put_review(struct delta *d, const struct review_row *row);
void tables_put_question(struct delta *d, uint64_t seq, const struct hash_id *hash, struct slice texts);
void tables_put_answer(struct delta *d, uint64_t seq, const struct hash_id *hash, struct slice summary);
void tables_put_target_hotel(struct delta *d, const struct target_row *row);
void tables_put_target_answer(struct delta *d, const struct target_row *row);
void tables_put_booking_waiting(struct delta *d, const struct booking_row *row);

/* Deletes by the primary key. */
void tables_delete_text(struct delta *d, enum hotels_table table, struct slice key);
void tables_delete_erased(struct delta *d, const struct hash_id *address);
void tables_delete_forgotten(struct delta *d, const struct hash_id *address);
void tables_delete_seq(struct delta *d, enum hotels_table table, uint64_t seq);
void tables_delete_timed(struct delta *d, enum hotels_table table, struct event_time time, uint64_t seq);
void tables_delete_review(struct delta *d, struct event_time created_at, struct slice id);

int tables_read_watermark(const struct cell *c, int count, struct watermark_row *out);
int tables_read_partition(const struct cell *c, int count, struct partition_row *out);
int tables_read_hotel(const struct cell *c, int count, struct hotel *out);
int tables_read_customer(const struct cell *c, int count, struct slice *id, struct slice *email);
int tables_read_erased(const struct cell *c, int count, struct hash_id *out);
int tables_read_forgotten(const struct cell *c, int count, struct hash_id *address, struct event_time *until);
int tables_read_timed(enum hotels_table table, const struct cell *c, int count, struct timed_row *out);
int tables_read_review(const struct cell *c, int count, struct review_row *out);
int tables_read_question(const struct cell *c, int count, uint64_t *seq, struct hash_id *hash,
			 struct slice *texts);
int tables_read_answer(const struct cell *c, int count, uint64_t *seq, struct hash_id *hash,
		       struct slice *summary);
int tables_read_target_hotel(const struct cell *c, int count, struct target_row *out);
int tables_read_target_answer(const struct cell *c, int count, struct target_row *out);
int tables_read_booking_waiting(const struct cell *c, int count, struct booking_row *out);

#endif
