#ifndef RIVER_BASE_RANDOM_H
#define RIVER_BASE_RANDOM_H

/* xoshiro256** (Blackman and Vigna, public domain), seeded by splitmix64:
 * the same seed gives the same numbers on every machine. Not for secrets. */

#include <stdint.h>

struct random {
	uint64_t s[4];
};

void random_init(struct random *r, uint64_t seed);
uint64_t random_u64(struct random *r);

/* Uniform in [0, bound); bound > 0. */
uint64_t random_below(struct random *r, uint64_t bound);

/* Uniform in [0, 1). */
double random_unit(struct random *r);

/* From the kernel; for hash seeds, database ids and jitter. */
uint64_t random_seed(void);
void random_bytes(void *to, uint64_t len);

#endif
