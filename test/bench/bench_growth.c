/* Cost of an event as something grows: one line a measurement,
 *
 *   CURVE X TIMES NANOSECONDS_EACH
 *
 *   bench_growth pending N       clicks come, a fifth is booked, as many are decided and forgotten, N wait
 *   bench_growth hotels N        clicks are decided: a target of one of N hotels
 *   bench_growth partitions N    the same events over N partitions
 *   bench_growth database N      an epoch of 20,000 clicks onto a database of N */

#include "hotels/tables.h"
#include "store/checkpoint.h"
#include "test/bench/drive.h"
#include "test/bench/measure.h"
#include "test/bench/scratch.h"

#include <stdio.h>
#include <stdlib.h>

#define WINDOW 1200000LL
#define KEPT   1805000LL /* window, lateness, out-of-orderness */
#define EVENTS 200000
#define EPOCH  20000
#define BATCH  1000

static void ready(struct drive *d)
{
	pipeline_dimensions_ready(d->pipeline);
}

/* Every change is thrown away, as after a commit. */
static void settle(struct drive *d)
{
	struct delta delta;

	delta_init(&delta, SIZE_MAX / 4);
	pipeline_checkpoint(d->pipeline, &delta);
	delta_release(&delta);
}

/* Strangers to each other: the i-th click of all time is at i * step. */
static void flow(struct drive *d, uint64_t from, uint64_t count, double step, int32_t partitions,
		 uint32_t hotels)
{
	for (uint64_t i = from; i < from + count; i++) {
		int64_t at = DRIVE_BASE + (int64_t)((double)i * step);
		int32_t partition = (int32_t)(i % (uint64_t)partitions);

		drive_click(d, partition, i, (uint32_t)(i * 2654435761u % hotels), at);
		if (i % 5 == 0)
			drive_booking(d, (int32_t)(i / 5 % (uint64_t)partitions), i, i, 1, at);
		if (i % BATCH == 0)
			drive_advance(d);
		if (i % 100000 == 0)
			settle(d);
	}
}

static int pending(uint64_t n)
{
	double step = (double)WINDOW / (double)n * 0.8; /* a fifth does not stay */
	uint64_t warm = (uint64_t)((double)KEPT / step) + EVENTS;
	struct pipeline_sizes sizes;
	struct drive d;
	int64_t begun;

	drive_init(&d, 1);
	ready(&d);
	flow(&d, 0, warm, step, 1, 1000);
	begun = measure_begin();
	flow(&d, warm, EVENTS, step, 1, 1000);
	measure_end(begun, "pending", EVENTS);
	pipeline_sizes(d.pipeline, &sizes);
	printf("# %zu pending, %zu decided and kept, %.0f MiB resident\n", sizes.clicks_pending,
	       sizes.clicks_decided_kept, (double)measure_resident() / 1048576);
	drive_release(&d);
	return 0;
}

static int hotels(uint64_t n)
{
	double step = 20; /* 60,000 wait */
	struct drive d;
	int64_t begun;

	drive_init(&d, 1);
	for (uint32_t k = 0; k < n; k++) {
		drive_hotel(&d, k);
		drive_review(&d, 2 * k, k);
		drive_review(&d, 2 * k + 1, k);
	}
	ready(&d);
	flow(&d, 0, 4 * EVENTS, step, 1, (uint32_t)n);
	begun = measure_begin();
	flow(&d, 4 * EVENTS, EVENTS, step, 1, (uint32_t)n);
	measure_end(begun, "hotels", EVENTS);
	printf("# %llu outputs, %llu questions\n", (unsigned long long)d.outputs,
	       (unsigned long long)d.asked);
	drive_release(&d);
	return d.outputs == 0;
}

static int partitions(uint64_t n)
{
	struct pipeline_sizes sizes;
	struct drive d;
	int64_t begun;

	drive_init(&d, (int32_t)n);
	ready(&d);
	flow(&d, 0, EVENTS, 20, (int32_t)n, 1000);
	begun = measure_begin();
	flow(&d, EVENTS, EVENTS, 20, (int32_t)n, 1000);
	measure_end(begun, "partitions", EVENTS);
	pipeline_sizes(d.pipeline, &sizes);
	printf("# %zu pending, %zu decided and kept\n", sizes.clicks_pending, sizes.clicks_decided_kept);
	drive_release(&d);
	return 0;
}

static int commit(struct database *db, struct epoch *e, uint64_t number, struct err *err)
{
	int rc = checkpoint_commit(db, e, err);

	epoch_release(e);
	epoch_init(e, number + 1, SIZE_MAX / 4);
	return rc != 0 || checkpoint_wal(db, (int64_t)32 << 20, err) != 0;
}

static int database(uint64_t n)
{
	uint64_t epochs = n / EPOCH, number = 1;
	int64_t begun, file, wal;
	struct scratch scratch;
	struct database *db;
	struct drive d;
	struct epoch e;
	struct err err;
	int rc = 0;

	if (scratch_init(&scratch) != 0)
		return 1;
	db = database_open(scratch.path, pipeline_tables, pipeline_table_count, NULL, &err);
	drive_init(&d, 1);
	ready(&d);
	epoch_init(&e, 1, SIZE_MAX / 4);
	for (; db != NULL && rc == 0 && number <= epochs;
	     number++) { /* all within the window: nothing leaves */
		for (uint64_t i = 0; i < EPOCH; i++)
			drive_click(&d, 0, number * EPOCH + i, 1,
				    DRIVE_BASE + (int64_t)(number * 1000000 / (epochs + 6)));
		pipeline_checkpoint(d.pipeline, &e.delta);
		rc = commit(db, &e, number, &err);
	}
	begun = measure_begin();
	for (uint64_t last = number + 5; db != NULL && rc == 0 && number < last; number++) {
		for (uint64_t i = 0; i < EPOCH; i++)
			drive_click(&d, 0, number * EPOCH + i, 1, DRIVE_BASE + 1000000 + (int64_t)number);
		pipeline_checkpoint(d.pipeline, &e.delta);
		rc = commit(db, &e, number, &err);
	}
	measure_end(begun, "database", 5 * (size_t)EPOCH);
	if (db != NULL && rc == 0) {
		database_size(db, &file, &wal);
		printf("# a file of %.0f MiB\n", (double)file / 1048576);
		database_close(db);
	}
	epoch_release(&e);
	drive_release(&d);
	scratch_release(&scratch);
	return rc;
}

int main(int argc, char **argv)
{
	uint64_t n = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;

	if (n == 0)
		return 64;
	if (strcmp(argv[1], "pending") == 0)
		return pending(n);
	if (strcmp(argv[1], "hotels") == 0)
		return hotels(n);
	if (strcmp(argv[1], "partitions") == 0)
		return partitions(n);
	return strcmp(argv[1], "database") == 0 ? database(n) : 64;
}
