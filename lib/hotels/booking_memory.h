#ifndef RIVER_HOTELS_BOOKING_MEMORY_H
#define RIVER_HOTELS_BOOKING_MEMORY_H

/* BOOKING_ID -> HOTEL_ID, for reviews that name only their booking. Kept for
 * `booking_memory` of event time. When a BOOKING_ID comes twice the booking
 * that is later in event time counts, whatever the order of arrival; of equal
 * times the one that came last. */

#include "operators/timed_table.h"

struct booking_memory {
	struct timed_table table; /* key BOOKING_ID, detail HOTEL_ID */
	int64_t keep;		  /* ms; 0: nothing is remembered */
};

void booking_memory_init(struct booking_memory *m, int64_t keep, uint64_t seed);
void booking_memory_release(struct booking_memory *m);

void booking_memory_put(struct booking_memory *m, struct slice booking_id, struct slice hotel_id,
			struct event_time time);

/* Whether known; *hotel_id is borrowed until the memory changes. */
bool booking_memory_get(const struct booking_memory *m, struct slice booking_id, struct slice *hotel_id);

/* What is older than the watermark less `keep` is forgotten. */
void booking_memory_advance(struct booking_memory *m, struct event_time watermark);

/* Rows in order of (time, seq); a later one of the same booking replaces. */
int booking_memory_restore(struct booking_memory *m, struct slice booking_id, struct slice hotel_id,
			   struct event_time time, uint64_t seq);

#endif
