#ifndef RIVER_TEST_BENCH_DRIVE_H
#define RIVER_TEST_BENCH_DRIVE_H

/* A pipeline to be measured: its outputs are counted, its questions answered at
 * once, its records made without a message's bytes. */

#include "hotels/pipeline.h"

#define DRIVE_BASE 1772355600000LL /* 2026-03-01T09:00:00Z */

struct drive {
	struct pipeline *pipeline;
	struct pipeline_config config;
	int64_t wall_ms;
	uint64_t outputs, asked, dead;
};

/* `partitions` of clickstream and of bookings. Dimensions are not ready yet. */
void drive_init(struct drive *d, int32_t partitions);
void drive_release(struct drive *d);

/* Hotel number k: with nine others it shares city and amenities. */
void drive_hotel(struct drive *d, uint32_t k);
/* A review of hotel k, of the month before DRIVE_BASE. */
void drive_review(struct drive *d, uint32_t number, uint32_t k);

/* Customer number `who`, an address of 29 bytes. */
void drive_click(struct drive *d, int32_t partition, uint64_t who, uint32_t hotel, int64_t at_ms);
void drive_view(struct drive *d, int32_t partition, uint64_t who, uint32_t hotel, int64_t at_ms);
void drive_booking(struct drive *d, int32_t partition, uint64_t number, uint64_t who, uint32_t hotel,
		   int64_t at_ms);

static inline void drive_advance(struct drive *d)
{
	pipeline_advance(d->pipeline, d->wall_ms);
}

#endif
