#ifndef RIVER_HOTELS_FORGOTTEN_H
#define RIVER_HOTELS_FORGOTTEN_H

/* Up to when an erased address is forgotten.
 *
 * An erasure removes the clicks and bookings of an address, decided ones as
 * well. When the customer is created again, or another one has the address, a
 * click of before could come late, find neither the booking that clears it nor
 * its equal that was decided, and be a target: of somebody who booked, or for
 * a second time. So the newest event time that was erased is kept beside the
 * address's hash, and clicks up to it stay erased, until the join would refuse
 * them for their age anyway. */

#include "base/hash.h"
#include "base/map.h"
#include "operators/time_heap.h"

struct forgotten {
	struct map by_hash; /* of customer_address_hash */
	struct time_heap ages;
	struct event_time newest; /* of all that were ever put: most clicks are newer, and cost no hash */
};

void forgotten_init(struct forgotten *f, uint64_t seed);
void forgotten_release(struct forgotten *f);

/* Events of the address up to `until`, inclusive. Whether that is news. */
bool forgotten_put(struct forgotten *f, const struct hash_id *address, struct event_time until);

bool forgotten_covers(const struct forgotten *f, struct slice email, struct event_time t);

/* Takes one whose time is below `limit`: 1 and its address, or 0. */
int forgotten_expire(struct forgotten *f, struct event_time limit, struct hash_id *address);

#endif
