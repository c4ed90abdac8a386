/* One epoch into SQLite, and the start from it.
 *
 *   bench_checkpoint CLICKS
 *
 * checkpoint.click     a pending click's row, appended
 * checkpoint.gone      the tombstone of a saved click
 * checkpoint.outbox    a result's row
 * checkpoint.expire    range delete, per row
 * checkpoint.load      a click's row read back into a pipeline */

#include "hotels/tables.h"
#include "store/checkpoint.h"
#include "test/bench/drive.h"
#include "test/bench/measure.h"
#include "test/bench/scratch.h"

#include <stdio.h>
#include <stdlib.h>

#define RESULTS 2000

static uint64_t number;

static void stop(const struct err *err)
{
	fprintf(stderr, "bench_checkpoint: %s\n", err->text);
	exit(1);
}

static void commit(struct database *db, struct epoch *e, const char *name, size_t times)
{
	struct err err;
	int64_t begun = measure_begin();

	if (checkpoint_commit(db, e, &err) != 0)
		stop(&err);
	measure_end(begun, name, times);
	epoch_release(e);
	epoch_init(e, ++number, SIZE_MAX / 4);
}

static void put_results(struct epoch *e)
{
	char value[900], headers[40];
	struct outbox_row row = {
		.topic = SLICE_LITERAL("TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY"),
		.partition = -1,
		.key = SLICE_LITERAL("guest.0000000000@example.comx"),
		.value = slice_make(value, sizeof(value)),
		.has_key = true,
		.has_value = true,
		.headers = slice_make(headers, 0),
		.subject = SLICE_LITERAL("guest.0000000000@example.comx"),
	};

	memset(value, 'v', sizeof(value));
	for (uint64_t i = 1; i <= RESULTS; i++) {
		row.seq = i;
		row.id.bytes[0] = (unsigned char)i;
		row.id.bytes[1] = (unsigned char)(i >> 8);
		epoch_output(e, &row);
	}
}

static int load_row(void *ctx, int table, const struct cell *cells, int count, struct err *err)
{
	return pipeline_restore(ctx, table, cells, count, err);
}

static void load(struct database *db, size_t clicks)
{
	struct pipeline_sizes sizes;
	struct drive d;
	struct err err;
	int64_t begun;

	drive_init(&d, 0);
	begun = measure_begin();
	for (int t = 0; t < pipeline_table_count; t++)
		if (database_each_row(db, t, load_row, d.pipeline, &err) != 0)
			stop(&err);
	pipeline_restored(d.pipeline);
	measure_end(begun, "checkpoint.load", clicks);
	pipeline_sizes(d.pipeline, &sizes);
	if (sizes.clicks_pending != clicks)
		exit(1);
	drive_release(&d);
}

static void put_clicks(struct drive *d, struct epoch *e, size_t clicks)
{
	for (size_t i = 0; i < clicks; i++)
		drive_click(d, 0, i, (uint32_t)(i % 1000),
			    DRIVE_BASE + (int64_t)((double)i / (double)clicks * 1000000));
	drive_booking(d, 0, 1, 9999999, 1, DRIVE_BASE);
	drive_advance(d);
	pipeline_checkpoint(d->pipeline, &e->delta);
}

int main(int argc, char **argv)
{
	size_t clicks = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	struct scratch f;
	struct database *db;
	struct drive d;
	struct epoch e;
	struct err err;

	if (clicks < 100 || scratch_init(&f) != 0)
		return 64;
	db = database_open(f.path, pipeline_tables, pipeline_table_count, NULL, &err);
	if (db == NULL)
		stop(&err);
	epoch_init(&e, ++number, SIZE_MAX / 4);
	drive_init(&d, 1);
	pipeline_dimensions_ready(d.pipeline);
	put_clicks(&d, &e, clicks);
	commit(db, &e, "checkpoint.click", clicks);
	load(db, clicks);
	put_results(&e);
	commit(db, &e, "checkpoint.outbox", RESULTS);
	for (size_t i = 0; i < clicks; i += 2)
		drive_booking(&d, 0, i + 2, i, 1, DRIVE_BASE + 1000000);
	pipeline_checkpoint(d.pipeline, &e.delta);
	commit(db, &e, "checkpoint.booking", clicks / 2);
	delta_delete_below(&e.delta, TABLE_CLICK, INT64_MAX);
	commit(db, &e, "checkpoint.expire", clicks);
	epoch_release(&e);
	drive_release(&d);
	database_close(db);
	scratch_release(&f);
	return 0;
}
