#ifndef RIVER_TEST_RUN_H
#define RIVER_TEST_RUN_H

/* One run of a world through the pipeline: a random interleaving of its
 * partitions in random batches, with restarts (from a checkpoint just taken)
 * and crashes (from the last one, later outputs void) wherever they fall. */

#include "test/scenario/world.h"

struct run_result {
	struct lines targets, bookings; /* sorted */
	int restarts, crashes;
	char error[512]; /* the first invariant that broke; empty: none */
};

/* `course` chooses the interleaving, batches, restarts and the model's pace. */
void run_world(const struct world *w, uint64_t course, struct run_result *out);
void run_release(struct run_result *r);

#endif
