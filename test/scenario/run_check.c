/* What must hold of a run besides its results. */

#include "test/scenario/run_internal.h"

#include <stdio.h>
#include <string.h>

/* Nothing is late in bounds. Beyond, a click is late exactly when the rules say
 * so, and nothing else is. */
void run_check_late(struct run *r, enum input input, int32_t partition, int64_t time, bool booking_click,
		    enum disposition got)
{
	const struct pipeline_config *c = &r->world->config;
	int64_t own = r->now.own_max[input][partition];
	bool beyond;

	if (got == DISPOSITION_DEAD)
		run_broken(r, "a good record became a dead letter");
	if (got == DISPOSITION_LATE && (r->world->kind == WORLD_IN_BOUNDS || !booking_click))
		run_broken(r, "a record was dropped as late that is not");
	if (!booking_click || got == DISPOSITION_DEAD || got == DISPOSITION_FILTERED) /* or erased */
		return;
	beyond = own != INT64_MIN && own - c->out_of_orderness - time > c->allowed_lateness;
	beyond = beyond || time + c->window + c->allowed_lateness < pipeline_watermark(r->pipeline).ms;
	if (beyond != (got == DISPOSITION_LATE) && r->world->kind == WORLD_LATE)
		run_broken(r, "a click at %lld should%s be late", (long long)time, beyond ? "" : " not");
}

static void check_sizes(struct run *r)
{
	struct pipeline_sizes s;
	size_t left;

	pipeline_sizes(r->pipeline, &s);
	left = s.clicks_pending + s.clicks_decided_kept + s.bookings_kept + s.targets_waiting_hotel +
	       s.targets_waiting_answer + s.bookings_waiting_hotel + s.questions_open;
	if (left)
		run_broken(r,
			   "state is left: pending %zu, decided %zu, bookings %zu, waiting for hotel %zu and "
			   "%zu, "
			   "for answers %zu, questions %zu",
			   s.clicks_pending, s.clicks_decided_kept, s.bookings_kept, s.targets_waiting_hotel,
			   s.bookings_waiting_hotel, s.targets_waiting_answer, s.questions_open);
}

/* Every record and every click has one fate. Counters are of one life, so only
 * runs that had one are looked at. */
static void check_counters(struct run *r)
{
	const struct pipeline_counters *c = pipeline_counters(r->pipeline);
	uint64_t clicks = r->records[INPUT_CLICKSTREAM][DISPOSITION_USED];
	uint64_t bookings = r->records[INPUT_BOOKINGS][DISPOSITION_USED];

	if (r->result->restarts + r->result->crashes > 0)
		return;
	if (c->clicks_abandoned != c->targets_emitted + c->targets_dropped_no_hotel +
					   c->targets_dropped_no_reviews + c->targets_erased)
		run_broken(r, "abandoned clicks are not accounted for");
	if (c->targets_emitted != r->result->targets.count ||
	    c->bookings_emitted != r->result->bookings.count)
		run_broken(r, "emitted is counted wrongly");
	/* in late worlds an erasure may drop what waits, which nobody counts */
	if (r->world->kind == WORLD_LATE && r->world->tables.customer_count > 0)
		return;
	if (bookings != c->bookings_emitted + c->bookings_dropped_no_hotel)
		run_broken(r, "bookings are not accounted for");
	if (clicks != c->clicks_duplicate + c->clicks_booked + c->clicks_abandoned)
		run_broken(r, "clicks are not accounted for");
}

/* Tables that may hold rows when all is over. Every other one, whatever it is
 * called, holds clicks, bookings or what waits, and must be empty by then. */
static bool may_keep_rows(const char *name)
{
	static const char *const names[] = {"watermark", "input_partition", "hotel",  "customer",
					    "erased",	 "booking_hotel",   "review", "answer"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static void check_rows(struct run *r)
{
	for (int t = 0; t < r->image.table_count; t++) {
		if (r->image.data[t].count && !may_keep_rows(r->image.tables[t].name))
			run_broken(r, "%zu rows are left in %s", r->image.data[t].count,
				   r->image.tables[t].name);
	}
}

/* "target|email|hotel|time" at the front of two lines. */
static bool same_target(const char *a, const char *b)
{
	int bars = 0;

	for (; *a && *a == *b && bars < 4; a++, b++)
		bars += *a == '|';
	return bars == 4;
}

void run_check_end(struct run *r)
{
	const struct lines *l = &r->result->targets;

	check_sizes(r);
	check_rows(r);
	check_counters(r);
	for (size_t i = 1; i < l->count; i++) {
		if (same_target(l->items[i - 1], l->items[i]))
			run_broken(r, "the same target came twice: %s", l->items[i]);
	}
}
