#ifndef RIVER_TEST_BENCH_SCRATCH_H
#define RIVER_TEST_BENCH_SCRATCH_H

/* A directory of its own with the path of a database in it. */

struct scratch {
	char dir[64], path[80];
};

int scratch_init(struct scratch *s);
/* Removes it with what is in it. */
void scratch_release(struct scratch *s);

#endif
