#ifndef RIVER_HOTELS_HOTEL_WAITS_H
#define RIVER_HOTELS_HOTEL_WAITS_H

/* Who waits for a hotel that nobody has described yet: targets and bookings.
 * Each waits on its hotel's list, in the order it came, and in a heap of
 * deadlines. */

#include "base/list.h"
#include "base/map.h"
#include "hotels/tables.h"
#include "operators/time_heap.h"

struct hotel_wait;

struct waiting_target {
	struct list link; /* on the hotel's list */
	struct list all;
	struct time_heap_node deadline;
	struct hotel_wait *wait;
	uint64_t seq;
	struct event_time time;
	struct slice email, hotel_id; /* behind the struct */
};

struct waiting_booking {
	struct list link;
	struct list all;
	struct time_heap_node deadline;
	struct hotel_wait *wait;
	struct booking_row row; /* strings behind the struct */
};

struct hotel_waits {
	struct map by_hotel;
	struct list targets, bookings; /* all, in the order they came */
	struct time_heap target_deadlines, booking_deadlines;
	size_t target_count, booking_count;
};

void hotel_waits_init(struct hotel_waits *w, uint64_t seed);
void hotel_waits_release(struct hotel_waits *w);

/* Copies the row. Beyond `deadline` (watermark past it) it has waited enough. */
void hotel_waits_add_target(struct hotel_waits *w, const struct target_row *row, struct event_time deadline);
void hotel_waits_add_booking(struct hotel_waits *w, const struct booking_row *row,
			     struct event_time deadline);

/* The first that waits for this hotel, or NULL; remove it before asking again. */
struct waiting_target *hotel_waits_target_of(const struct hotel_waits *w, struct slice hotel_id);
struct waiting_booking *hotel_waits_booking_of(const struct hotel_waits *w, struct slice hotel_id);

/* One that the watermark left behind, or NULL. */
struct waiting_target *hotel_waits_expired_target(const struct hotel_waits *w, struct event_time watermark);
struct waiting_booking *hotel_waits_expired_booking(const struct hotel_waits *w, struct event_time watermark);

/* Off the lists; the caller owns it: free() when done. */
void hotel_waits_remove_target(struct hotel_waits *w, struct waiting_target *t);
void hotel_waits_remove_booking(struct hotel_waits *w, struct waiting_booking *b);

#endif
