#ifndef RIVER_HOTELS_REVIEW_STORE_H
#define RIVER_HOTELS_REVIEW_STORE_H

/* The reviews that can still join something.
 *
 * Every hotel with reviews has a shelf, ordered by (CREATED_AT, REVIEW_ID), so
 * that a month of it is a run of neighbours. A review that names only a
 * booking nobody has seen waits on the booking's list and is on no shelf. The
 * same REVIEW_ID again replaces. What is older than the horizon goes, on
 * shelves and lists alike. */

#include "base/hash.h"
#include "base/list.h"
#include "base/map.h"
#include "operators/time_heap.h"

struct review_shelf;
struct review_waits;

struct review {
	struct time_heap_node age; /* time: CREATED_AT */
	struct slice id;	   /* behind the struct */
	struct slice text;	   /* shared: base/shared_text.h */
	struct hash_id digest;	   /* of the text; see review_digest */
	bool digested;
	struct slice booking_id; /* empty unless it waits */
	struct review_shelf *shelf;
	struct review_waits *waits; /* either this or `shelf` */
	struct list link;	    /* in waits */
};

struct review_store {
	struct map by_id;
	struct map shelves; /* by HOTEL_ID */
	struct map waits;   /* by BOOKING_ID */
	struct time_heap ages;
	size_t shelved, waiting;
};

void review_store_init(struct review_store *s, uint64_t seed);
void review_store_release(struct review_store *s);

static inline struct event_time review_created_at(const struct review *r)
{
	return r->age.time;
}
/* Made when it is first asked for, and kept with the review. */
const struct hash_id *review_digest(struct review *r);

/* Empty while it waits. */
struct slice review_hotel_id(const struct review *r);

/* NULL when unknown. */
const struct review *review_store_get(const struct review_store *s, struct slice id);

/* Adds, replacing one of the same id. Everything is copied. `hotel_id` empty:
 * waits for the booking. Borrowed until the store changes. */
const struct review *review_store_put(struct review_store *s, struct slice id, struct slice hotel_id,
				      struct slice booking_id, struct slice text,
				      struct event_time created_at);

/* A review that waits for this booking, or NULL: put it again with its hotel. */
const struct review *review_store_waiting(const struct review_store *s, struct slice booking_id);

/* Reviews of the hotel with from <= CREATED_AT <= to, oldest first. Returns
 * how many; borrowed until the store changes. */
size_t review_store_between(struct review_store *s, struct slice hotel_id, struct event_time from,
			    struct event_time to, struct review *const **reviews);

/* Brings what the hotel's reviews lie in, a step at a time (0 to 3, some other work
 * between any two), without waiting. */
void review_store_expect(const struct review_store *s, unsigned step, struct slice hotel_id);

/* Drops what is older. Adds to the counts. */
void review_store_expire(struct review_store *s, struct event_time horizon, uint64_t *expired,
			 uint64_t *unresolved);

#endif
