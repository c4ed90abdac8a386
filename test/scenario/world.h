#ifndef RIVER_TEST_WORLD_H
#define RIVER_TEST_WORLD_H

/* A small random world: what the oracle sees as tables and the pipeline as
 * partition logs.
 *
 * Few customers and hotels, so that everything collides; event times on the
 * edges of the intervals, to the millisecond. Texts come from constant pools. */

#include "hotels/pipeline.h"
#include "test/scenario/oracle.h"

#define WORLD_MAX_PARTITIONS 4
#define WORLD_MAX_CLICKS     96
#define WORLD_MAX_BOOKINGS   96
#define WORLD_MAX_REVIEWS    64
#define WORLD_MAX_HOTELS     32
#define WORLD_MAX_CUSTOMERS  16
#define WORLD_MAX_RECORDS    128
#define WORLD_SMALL_CACHE    3 /* answers; some worlds have no more */
#define WORLD_MAX_TEXTS	     (3 * WORLD_MAX_BOOKINGS)

/* A partition of an input: indexes into the table of that input, in log order. */
struct world_log {
	int items[WORLD_MAX_RECORDS];
	int count;
};

enum world_kind {
	WORLD_IN_BOUNDS, /* nothing is late: results must equal the oracle's */
	WORLD_LATE,	 /* anything goes: only the safety invariants hold */
};

struct world {
	uint64_t seed;
	enum world_kind kind;
	struct pipeline_config config;
	struct oracle_world tables;
	struct oracle_click clicks[WORLD_MAX_CLICKS];
	struct oracle_booking bookings[WORLD_MAX_BOOKINGS];
	struct oracle_review reviews[WORLD_MAX_REVIEWS];
	struct oracle_hotel hotels[WORLD_MAX_HOTELS];
	struct oracle_customer customers[WORLD_MAX_CUSTOMERS];
	int partitions[INPUTS];
	struct world_log logs[INPUTS][WORLD_MAX_PARTITIONS];
	int64_t base;			 /* where the clicks begin */
	int64_t highest;		 /* the highest event time of all */
	char texts[WORLD_MAX_TEXTS][24]; /* booking ids, dates, prices */
	int text_count;
};

void world_make(struct world *w, uint64_t seed, enum world_kind kind);

/* The record of the i-th row of an input's table; fields borrow from the world. */
void world_record(const struct world *w, enum input input, int index, struct record *record,
		  struct message *message);

/* The event time of a click or booking. */
int64_t world_time(const struct world *w, enum input input, int index);

/* For people: the whole world on stdout. */
void world_print(const struct world *w);

#endif
