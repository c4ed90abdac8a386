#ifndef RIVER_OPERATORS_TIME_SLICES_H
#define RIVER_OPERATORS_TIME_SLICES_H

/* Event time cut into slices of `grain` ms, each with the head of a chain.
 *
 * Sixteen neighbours share a group: one probe, one word that says which of them
 * hold anything. Asking for the slices of a span looks at groups, so that a
 * watermark that jumps by hours while history is read costs little, and so
 * does a quiet table. A group that runs empty goes. Time may be negative. */

#include "base/places.h"

#include <stddef.h>
#include <stdint.h>

#define TIME_SLICES_GROUP 16

struct time_group {
	uint64_t tag;	/* hash of the number; a bit for each slice that is not empty */
	int64_t number; /* slice number / TIME_SLICES_GROUP */
	uint32_t first[TIME_SLICES_GROUP];
};

struct time_slices {
	int64_t grain;
	struct places groups; /* by number */
	size_t count;	      /* of groups */
	int64_t *numbers;     /* scratch of time_slices_between */
	size_t numbers_cap;
};

void time_slices_init(struct time_slices *s, int64_t grain);
void time_slices_release(struct time_slices *s);

/* Of the slice that holds this moment. */
int64_t time_slices_number(const struct time_slices *s, int64_t ms);

/* The head of a slice's chain; 0 when it is empty. */
uint32_t time_slices_first(const struct time_slices *s, int64_t number);
/* Returns the former head. 0 makes it empty. */
uint32_t time_slices_put(struct time_slices *s, int64_t number, uint32_t first);

/* The numbers, ascending, of the slices in [first, last] that are not empty: all, or the
 * lowest that are `max` at least. Work is bounded by the smaller of the span and what is
 * held. Borrowed until the next call. */
size_t time_slices_between(struct time_slices *s, int64_t first, int64_t last, size_t max,
			   const int64_t **numbers);

/* Whether any slice in [first, last] is not empty; *number is the lowest. Looks at the
 * span, whatever is held. */
bool time_slices_lowest(const struct time_slices *s, int64_t first, int64_t last, int64_t *number);

/* Each group, in no order; NULL at the end: start with *at = 0. Nothing may change. */
const struct time_group *time_slices_each(const struct time_slices *s, size_t *at);

size_t time_slices_bytes(const struct time_slices *s);

#endif
