#ifndef RIVER_HOTELS_PIPELINE_STATE_H
#define RIVER_HOTELS_PIPELINE_STATE_H

/* What a pipeline consists of; for the files that are its parts:
 *
 *   pipeline.c    the public calls, advance in its order
 *   clicks.c      a click until it is decided
 *   target.c      a target from decision to output
 *   bookings.c    a booking: clears clicks, is remembered, joins its hotel
 *   dimensions.c  hotels, customers, reviews: the latest state
 *   erasure.c     a customer who must be forgotten
 *   image_checkpoint.c, image_restore.c   the durable image
 *
 * Durable state comes in two kinds. Clicks, bookings and the booking memory
 * are written from their tables at each checkpoint (many, mostly short-lived).
 * All else is appended to `changes` the moment it changes, and copied out at
 * the checkpoint. */

#include "event_time/watermark.h"
#include "hotels/booking_memory.h"
#include "hotels/customer_table.h"
#include "hotels/forgotten.h"
#include "hotels/hotel_table.h"
#include "hotels/hotel_waits.h"
#include "hotels/inputs.h"
#include "hotels/pipeline.h"
#include "hotels/questions.h"
#include "hotels/review_store.h"
#include "operators/interval_join.h"

/* Rows of a table that leave by age: what the database may still hold. */
struct saved_range {
	int64_t newest; /* latest time ever put */
	int64_t below;	/* deleted up to here, exclusive */
};

struct click_gone {
	int64_t time_ms;
	uint64_t seq;
};

struct pipeline {
	struct pipeline_config config; /* summary_identity points to `identity` */
	struct pipeline_ports ports;
	struct pipeline_counters counters;
	char *identity; /* owned */

	struct watermark watermark;
	bool dimensions_ready;
	struct interval_join join; /* left: clicks, right: bookings; key e-mail, detail hotel */
	struct booking_memory memory;
	struct hotel_table hotels;
	struct customer_table customers;
	struct forgotten forgotten;
	struct review_store reviews;
	struct event_time review_horizon; /* reviews older than this are purged */
	struct hotel_waits waits;
	struct questions questions;

	struct delta changes;
	uint64_t next_seq; /* of rows of waiting things and answers */
	struct saved_range clicks_saved, bookings_saved, memory_saved, reviews_saved;

	struct watermark_row saved; /* as the image has it */
	struct click_gone *gone;    /* while restoring: tombstones; owned */
	size_t gone_count, gone_cap;

	/* Scratch, owned, kept to spare allocations. */
	struct input_scratch scratch;
	struct buf joined; /* reviews of a target */
	struct buf packed; /* its similar hotels */
	struct slice *texts;
	size_t texts_cap;
	struct value *names;
	size_t names_cap;
};

static inline struct event_time pipeline_now(const struct pipeline *p)
{
	return p->watermark.now;
}

/* ---- clicks.c ---- */
enum disposition clicks_record(struct pipeline *p, struct watermark_partition *partition,
			       const struct record *r, int64_t wall_ms, struct err *err);

/* ---- target.c ---- */

/* A click was abandoned. Strings are borrowed. */
void target_decided(struct pipeline *p, struct slice email, struct slice hotel_id, struct event_time t);
/* The hotel is known now: enriches those that waited for it. */
void target_hotel_known(struct pipeline *p, const struct hotel *hotel);
/* All targets that wait for a hotel which is known. */
void target_retry_all(struct pipeline *p);
/* Drops those that waited for their hotel beyond its grace. */
void target_expire(struct pipeline *p);
/* Asks an open question; whether it is still open afterwards. */
bool target_ask(struct pipeline *p, struct question_entry *e);
/* Drops the waiting targets of the address. */
void target_erase(struct pipeline *p, struct slice email);

/* ---- bookings.c ---- */
enum disposition bookings_record(struct pipeline *p, struct watermark_partition *partition,
				 const struct record *r, int64_t wall_ms, struct err *err);
void bookings_hotel_known(struct pipeline *p, const struct hotel *hotel);
void bookings_retry_all(struct pipeline *p);
void bookings_expire(struct pipeline *p);
void bookings_erase(struct pipeline *p, struct slice email);

/* ---- dimensions.c ---- */
enum disposition dimensions_hotel(struct pipeline *p, struct watermark_partition *partition,
				  const struct record *r, int64_t wall_ms, struct err *err);
enum disposition dimensions_customer(struct pipeline *p, struct watermark_partition *partition,
				     const struct record *r, int64_t wall_ms, struct err *err);
enum disposition dimensions_review(struct pipeline *p, struct watermark_partition *partition,
				   const struct record *r, int64_t wall_ms, struct err *err);
/* Reviews that waited for this booking find their hotel. */
void dimensions_booking_known(struct pipeline *p, struct slice booking_id, struct slice hotel_id);
/* Purges the reviews that can join nothing any more. */
void dimensions_expire(struct pipeline *p);

/* ---- erasure.c ---- */

/* Drops everything of the address; suppresses it unless a customer has it. */
void erasure_of(struct pipeline *p, struct slice email);
/* Forgets what the join refuses for its age anyway. */
void erasure_expire(struct pipeline *p);

/* The deterministic id of what one input record gives: ("booking", topic, partition, offset). */
struct hash_id pipeline_record_id(const char *kind, const struct message *m);

#endif
