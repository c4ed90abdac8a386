/* Cost of an event as something grows, from the record to its rows in the database.
 *
 *   CURVE NANOSECONDS_OF_THE_PIPELINE NANOSECONDS_OF_THE_COMMIT      of CPU, each event
 *
 *   bench_growth pending N       clicks come, a fifth is booked, as many are decided and forgotten, N wait
 *   bench_growth hotels N        the same, each click of one of N hotels
 *   bench_growth partitions N    the same over N partitions
 *   bench_growth database N      the same into a file with N rows of bookings before
 *   bench_growth probe N         no riverd: a step from key to key among N in no order, two places that
 *                                nobody touched for long. What the machine itself asks for that
 *
 * Under callgrind: a quarter of the events, and a dump after each part of each epoch, named
 * "pipeline" or "commit". */

#include "base/pages.h"
#include "hotels/tables.h"
#include "store/checkpoint.h"
#include "test/bench/drive.h"
#include "test/bench/measure.h"
#include "test/bench/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <valgrind/valgrind.h>

#define MINUTE	     60000LL
#define WINDOW	     (20 * MINUTE)
#define KEPT	     (30 * MINUTE + 5000) /* window, lateness, out-of-orderness */
#define BOOKED_AFTER (15 * MINUTE)	  /* the click: it lies cold by then */
#define WAITING	     100000		  /* clicks pending, where that is not what grows */
#define HOTELS	     1000
#define EVENTS	     200000
#define EPOCH	     5000 /* so that whatever waits, it waits longer than an epoch */
#define BATCH	     1000

/* A stream of clicks by strangers to each other: the i-th of all time at i * step.
 * Every fifth is booked. */
struct flow {
	double step;	       /* ms */
	uint64_t next;	       /* click to come */
	uint64_t booked_after; /* clicks */
	int32_t partitions;
	uint32_t hotels;
};

static void flow_init(struct flow *f, uint64_t waiting, int32_t partitions, uint32_t hotels)
{
	/* four of five stay for the window, the fifth until it is booked */
	double stay = 0.8 * (double)WINDOW + 0.2 * (double)BOOKED_AFTER;

	*f = (struct flow){.step = stay / (double)waiting, .partitions = partitions, .hotels = hotels};
	f->booked_after = (uint64_t)((double)BOOKED_AFTER / f->step) / 5 * 5;
}

static void flow_run(struct flow *f, struct drive *d, uint64_t count)
{
	for (uint64_t end = f->next + count; f->next < end; f->next++) {
		uint64_t i = f->next, number = i / 5;
		int64_t at = DRIVE_BASE + (int64_t)((double)i * f->step);

		drive_click(d, (int32_t)(i % (uint64_t)f->partitions), i,
			    (uint32_t)(i * 2654435761u % f->hotels), at);
		if (i % 5 == 0 && i >= f->booked_after)
			drive_booking(d, (int32_t)(number % (uint64_t)f->partitions), number,
				      i - f->booked_after, 1, at);
		if (i % BATCH == 0)
			drive_advance(d);
	}
}

/* Until as many leave as come. */
static uint64_t flow_warm(const struct flow *f)
{
	return ((uint64_t)((double)KEPT / f->step) / EPOCH + 2) * EPOCH;
}

static void know_hotels(struct drive *d, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++) {
		drive_hotel(d, k);
		drive_review(d, 2 * k, k);
		drive_review(d, 2 * k + 1, k);
	}
	pipeline_dimensions_ready(d->pipeline);
}

/* ---- epochs ---- */

struct rig {
	struct scratch scratch;
	struct database *db;
	struct epoch epoch;
	struct drive drive;
	struct flow flow;
	int64_t pipeline_ns, commit_ns;
};

static int commit(struct rig *r)
{
	struct err err;

	if (checkpoint_commit(r->db, &r->epoch, &err) != 0 ||
	    checkpoint_wal(r->db, (int64_t)32 << 20, &err) != 0) {
		fprintf(stderr, "bench_growth: %s\n", err.text);
		return -1;
	}
	epoch_reuse(&r->epoch, r->epoch.number + 1);
	return 0;
}

static int epochs(struct rig *r, uint64_t count, bool measured)
{
	int64_t since = measured ? measure_begin() : 0;
	int rc = 0;

	for (uint64_t done = 0; done < count && rc == 0; done += EPOCH) {
		flow_run(&r->flow, &r->drive, EPOCH);
		pipeline_checkpoint(r->drive.pipeline, &r->epoch.delta);
		if (measured)
			r->pipeline_ns += measure_lap(&since, "pipeline");
		rc = commit(r);
		if (measured)
			r->commit_ns += measure_lap(&since, "commit");
	}
	return rc;
}

/* The bookings of the months before. */
static int fill(struct rig *r, uint64_t n)
{
	int64_t memory_ms = r->drive.config.booking_memory;
	struct timed_row row = {.detail = SLICE_LITERAL("H00000042")};
	char id[24];

	for (uint64_t i = 0; i < n; i++) {
		row.time = event_time_at(DRIVE_BASE - memory_ms +
					 (int64_t)((double)i / (double)n * (double)memory_ms));
		row.seq = ((uint64_t)1 << 40) + i;
		snprintf(id, sizeof(id), "B%09llu", (unsigned long long)i);
		row.key = slice_str(id);
		tables_put_timed(&r->epoch.delta, TABLE_BOOKING_HOTEL, &row);
		if ((i % EPOCH == EPOCH - 1 || i == n - 1) && commit(r) != 0)
			return -1;
	}
	return 0;
}

/* An index grows by halves, all of it at once: so long that it does its share of that. */
static uint64_t events_for(uint64_t waiting)
{
	if (RUNNING_ON_VALGRIND)
		return EVENTS / 4;
	return waiting / 5 > EVENTS ? waiting / 5 / EPOCH * EPOCH : EVENTS;
}

static void report(struct rig *r, const char *curve, uint64_t count)
{
	struct pipeline_sizes sizes;
	int64_t file, wal;

	if (r->db == NULL)
		return;
	database_size(r->db, &file, &wal);
	pipeline_sizes(r->drive.pipeline, &sizes);
	printf("%s %.1f %.1f\n", curve, (double)r->pipeline_ns / (double)count,
	       (double)r->commit_ns / (double)count);
	printf("# %zu pending, %zu decided and kept, %.0f MiB resident, a file of %.0f MiB\n",
	       sizes.clicks_pending, sizes.clicks_decided_kept, (double)measure_resident() / 1048576,
	       (double)(file + wal) / 1048576);
}

static int run(const char *curve, uint64_t waiting, int32_t partitions, uint32_t hotels, uint64_t rows)
{
	uint64_t count = events_for(waiting);
	struct rig r = {.db = NULL};
	struct err err;
	int rc = 1;

	if (scratch_init(&r.scratch) != 0)
		return 1;
	drive_init(&r.drive, partitions);
	flow_init(&r.flow, waiting, partitions, hotels);
	epoch_init(&r.epoch, 1, SIZE_MAX / 4);
	r.db = database_open(r.scratch.path, pipeline_tables, pipeline_table_count, NULL, &err);
	if (r.db != NULL && fill(&r, rows) == 0) {
		know_hotels(&r.drive, hotels);
		rc = epochs(&r, flow_warm(&r.flow) + hotels, false) != 0 || epochs(&r, count, true) != 0 ||
		     r.drive.outputs == 0;
		report(&r, curve, count);
	}
	if (r.db != NULL)
		database_close(r.db);
	epoch_release(&r.epoch);
	drive_release(&r.drive);
	scratch_release(&r.scratch);
	return rc;
}

/* ---- the machine ---- */

struct cell_of_80 {
	uint64_t key, rest[9];
};

/* Keys that lead from one to the next, so that no step can begin before the last has ended. */
static int probe(uint64_t n)
{
	uint64_t mask = 1, at = 1, steps = EVENTS;
	struct cell_of_80 *cells = pages_zeroed(n * sizeof(*cells));
	uint32_t *places;
	int64_t since;

	while (mask < 2 * n)
		mask *= 2;
	places = pages_zeroed(mask * sizeof(*places));
	if (cells == NULL || places == NULL)
		return 1;
	mask--;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t k = (i * 0x9e3779b97f4a7c15u >> 20) & mask;

		cells[i] = (struct cell_of_80){.key = i, .rest = {i * 2654435761u % n}};
		while (places[k] != 0)
			k = (k + 1) & mask;
		places[k] = (uint32_t)(i + 1);
	}
	since = measure_begin();
	for (uint64_t s = 0; s < steps; s++) {
		uint64_t wanted = (at * 6364136223846793005u + 1442695040888963407u + s) % n;
		uint64_t k = (wanted * 0x9e3779b97f4a7c15u >> 20) & mask;

		while (cells[places[k] - 1].key != wanted)
			k = (k + 1) & mask;
		at = cells[places[k] - 1].rest[0];
	}
	printf("probe %.1f 0\n", (double)measure_lap(&since, "pipeline") / (double)steps);
	printf("# %.0f MiB, ended at %llu\n", (double)(n * sizeof(*cells) + mask * sizeof(*places)) / 1048576,
	       (unsigned long long)at);
	pages_free(cells, n * sizeof(*cells));
	pages_free(places, (mask + 1) * sizeof(*places));
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t n = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;

	if (n == 0)
		return 64;
	if (strcmp(argv[1], "pending") == 0)
		return run("pending", n, 1, HOTELS, 0);
	if (strcmp(argv[1], "hotels") == 0)
		return run("hotels", WAITING, 1, (uint32_t)n, 0);
	if (strcmp(argv[1], "partitions") == 0)
		return run("partitions", WAITING, (int32_t)n, HOTELS, 0);
	if (strcmp(argv[1], "database") == 0)
		return run("database", WAITING, 1, HOTELS, n);
	return strcmp(argv[1], "probe") == 0 ? probe(n) : 64;
}
