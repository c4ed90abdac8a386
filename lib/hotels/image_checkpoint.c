/* Checkpoint: what changed since the last one, as row operations.
 *
 * Clicks, bookings and the booking memory are written from their tables: only
 * what was born and still lives, tombstones for what was saved and is gone, a
 * range delete for what is too old. All else was noted in `changes` when it
 * happened. */

#include "hotels/pipeline_state.h"

#include <stdlib.h>

#define RANGE_PATIENCE 60000 /* ms of event time */

static void put_item(struct delta *d, enum hotels_table table, struct saved_range *saved,
		     const struct timed_item *item, bool open)
{
	struct timed_row row = {
		.time = event_time_at(item->time_ms),
		.seq = item->seq,
		.key = timed_item_key(item),
		.detail = timed_item_detail(item),
		.open = open,
	};

	tables_put_timed(d, table, &row);
	if (item->time_ms > saved->newest)
		saved->newest = item->time_ms;
}

/* Whether rows older than the limit may be there and were not deleted yet. */
static bool range_due(const struct saved_range *saved, struct event_time limit)
{
	return limit.ms > saved->below && saved->newest >= saved->below;
}

/* What is kept for months need not go to the second: it goes with the next
 * changes, and alone only when this much of it is too old. Or an idle riverd
 * would commit all the time, since there is always something still to come. */
static bool range_pressing(const struct saved_range *saved, struct event_time limit)
{
	return range_due(saved, event_time_plus(limit, -RANGE_PATIENCE));
}

static void delete_below(struct delta *d, enum hotels_table table, const struct saved_range *saved,
			 struct event_time limit)
{
	if (range_due(saved, limit))
		delta_delete_below(d, table, limit.ms);
}

static void deleted_below(struct saved_range *saved, struct event_time limit)
{
	if (limit.ms > saved->below)
		saved->below = limit.ms;
}

static void save_clicks(struct pipeline *p, struct delta *d)
{
	struct interval_join *j = &p->join;
	struct event_time limit = j->left.expired_below;

	for (size_t i = 0; i < j->left.born_count; i++) {
		struct timed_item *item = timed_table_born(&j->left, i);
		bool open = item != NULL && interval_join_is_open(j, item);

		if (item == NULL)
			continue;
		put_item(d, TABLE_CLICK, &p->clicks_saved, item, open);
		if (open)
			item->flags |= TIMED_SAVED_OPEN;
	}
	for (size_t i = 0; i < j->again_count; i++) {
		const struct timed_item *item = timed_table_at(&j->left, j->again[i].ref);

		if (item->seq == j->again[i].seq)
			put_item(d, TABLE_CLICK, &p->clicks_saved, item, false);
	}
	for (size_t i = 0; i < j->left.gone_count; i++) {
		const struct timed_gone *g = &j->left.gone[i];
		struct timed_row row = {.time = event_time_at(g->time_ms), .seq = g->seq};

		if (g->erased)
			tables_delete_timed(d, TABLE_CLICK, row.time, row.seq);
		else if (g->time_ms >= limit.ms)
			tables_put_timed(d, TABLE_CLICK_GONE, &row);
	}
	delete_below(d, TABLE_CLICK, &p->clicks_saved, limit);
	delete_below(d, TABLE_CLICK_GONE, &p->clicks_saved, limit);
	deleted_below(&p->clicks_saved, limit);
}

/* Tables from which nothing goes but by age and erasure. */
static void save_table(struct delta *d, enum hotels_table table, struct saved_range *saved,
		       const struct timed_table *t)
{
	for (size_t i = 0; i < t->born_count; i++) {
		const struct timed_item *item = timed_table_born(t, i);

		if (item != NULL)
			put_item(d, table, saved, item, false);
	}
	for (size_t i = 0; i < t->gone_count; i++)
		if (t->gone[i].erased)
			tables_delete_timed(d, table, event_time_at(t->gone[i].time_ms), t->gone[i].seq);
	delete_below(d, table, saved, t->expired_below);
	deleted_below(saved, t->expired_below);
}

static void save_watermark(struct pipeline *p, struct delta *d)
{
	struct watermark_row now = {pipeline_now(p), p->join.settled_below, p->join.left.expired_below};

	if (memcmp(&now, &p->saved, sizeof(now)) != 0)
		tables_put_watermark(d, &now);
	p->saved = now;
	for (size_t i = 0; i < p->watermark.count; i++) {
		struct watermark_partition *w = &p->watermark.partitions[i];
		struct partition_row row = {(enum input)w->group, w->number, w->highest};

		if (w->unsaved)
			tables_put_partition(d, &row);
		w->unsaved = false;
	}
}

void pipeline_checkpoint(struct pipeline *p, struct delta *delta)
{
	delta_take(delta, &p->changes);
	save_watermark(p, delta);
	save_clicks(p, delta);
	save_table(delta, TABLE_BOOKING, &p->bookings_saved, &p->join.right);
	interval_join_saved(&p->join);
	save_table(delta, TABLE_BOOKING_HOTEL, &p->memory_saved, &p->memory.table);
	timed_table_saved(&p->memory.table);
	delete_below(delta, TABLE_REVIEW, &p->reviews_saved, p->review_horizon);
	deleted_below(&p->reviews_saved, p->review_horizon);
}

size_t pipeline_dirty_bytes(const struct pipeline *p)
{
	const struct interval_join *j = &p->join;
	const struct timed_table *m = &p->memory.table;
	size_t bytes = delta_bytes(&p->changes);

	/* a row's head and strings; strings by the average */
	bytes += j->left.born_count * 96 + j->right.born_count * 64 + m->born_count * 72;
	bytes += (j->left.gone_count + j->right.gone_count + j->again_count) * 24;
	bytes += j->told; /* no row, but the watermark must be saved with it */
	for (size_t i = 0; i < p->watermark.count; i++)
		bytes += p->watermark.partitions[i].unsaved ? 40 : 0;
	bytes += range_due(&p->clicks_saved, j->left.expired_below) ? 24 : 0;
	bytes += range_due(&p->bookings_saved, j->right.expired_below) ? 12 : 0;
	bytes += range_pressing(&p->memory_saved, m->expired_below) ? 12 : 0;
	bytes += range_pressing(&p->reviews_saved, p->review_horizon) ? 12 : 0;
	return bytes;
}
