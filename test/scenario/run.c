#include "test/scenario/run.h"

#include "test/scenario/calendar.h"
#include "test/scenario/run_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void run_broken(struct run *r, const char *fmt, ...)
{
	va_list args;

	if (r->result->error[0])
		return;
	va_start(args, fmt);
	vsnprintf(r->result->error, sizeof(r->result->error), fmt, args);
	va_end(args);
}

static bool chance(struct run *r, unsigned percent)
{
	return random_below(&r->random, 100) < percent;
}

static bool exhausted(const struct run *r, int input, int p)
{
	return r->now.at[input][p] == r->world->logs[input][p].count;
}

static bool inputs_exhausted(const struct run *r, int first, int last)
{
	for (int input = first; input <= last; input++) {
		for (int p = 0; p < r->world->partitions[input]; p++) {
			if (!exhausted(r, input, p))
				return false;
		}
	}
	return true;
}

/* ---- lives ---- */

static void begin_life(struct run *r)
{
	struct err err = {0};

	run_ports_release(r); /* questions are asked anew */
	r->pipeline = pipeline_new(&r->world->config, &r->ports);
	if (!r->pipeline)
		abort();
	if (image_restore(&r->image, r->pipeline, &err) < 0) {
		run_broken(r, "the image was refused: %s", err.text);
		pipeline_restored(r->pipeline);
	}
	for (int input = 0; input < INPUTS; input++) {
		for (int p = 0; p < r->world->partitions[input]; p++)
			pipeline_add_partition(r->pipeline, (enum input)input, p, r->wall);
	}
	memset(r->records, 0, sizeof(r->records));
	r->ready = false;
}

static void move_lines(struct lines *from, struct lines *to)
{
	for (size_t i = 0; i < from->count; i++)
		lines_add(to, from->items[i]);
	lines_clear(from);
}

static void checkpoint(struct run *r)
{
	image_checkpoint(&r->image, r->pipeline);
	move_lines(&r->new_targets, &r->result->targets);
	move_lines(&r->new_bookings, &r->result->bookings);
	r->saved = r->now;
}

static void next_life(struct run *r, bool crash)
{
	if (!crash)
		checkpoint(r);
	lines_clear(&r->new_targets);
	lines_clear(&r->new_bookings);
	r->now = r->saved;
	pipeline_free(r->pipeline);
	begin_life(r);
	r->lives_left--;
	r->result->restarts += !crash;
	r->result->crashes += crash;
}

/* ---- events ---- */

static void deliver(struct run *r, int input, int p)
{
	const struct world *w = r->world;
	int index = w->logs[input][p].items[r->now.at[input][p]++];
	struct message message;
	struct record record;
	struct err err = {0};
	enum disposition got;
	int64_t *own = &r->now.own_max[input][p];
	bool booking_click = false;

	world_record(w, (enum input)input, index, &record, &message);
	message.partition = p;
	message.offset = r->now.at[input][p] - 1;
	got = pipeline_record(r->pipeline, (enum input)input, &record, r->wall, &err);
	if (input == INPUT_CLICKSTREAM) {
		const struct oracle_click *c = &w->clicks[index];

		booking_click = strcmp(c->action, "booking-click") == 0 && c->email && *c->email &&
				c->hotel_id && *c->hotel_id;
	}
	if ((unsigned)got >= DISPOSITIONS) {
		run_broken(r, "disposition %d", (int)got);
		return;
	}
	r->records[input][got]++;
	if (input <= INPUT_BOOKINGS) {
		run_check_late(r, (enum input)input, p, message.timestamp_ms, booking_click, got);
		*own = message.timestamp_ms > *own ? message.timestamp_ms : *own;
	} else if (got != DISPOSITION_USED && got != DISPOSITION_FILTERED) {
		run_broken(r, "a good row became a dead letter: %s", err.text);
	}
}

/* A batch from one partition that has more. In bounds customers come first of
 * all: what an erasure does depends on when it comes, and no batch query knows
 * that. In late worlds hotels come before all others, so that decided is sent. */
static void deliver_batch(struct run *r)
{
	int first = 0, last = INPUTS - 1, input, p;
	int count = 1 + (int)random_below(&r->random, chance(r, 50) ? 3 : 40);

	if (r->world->kind == WORLD_LATE && !inputs_exhausted(r, INPUT_HOTEL, INPUT_HOTEL))
		first = last = INPUT_HOTEL;
	else if (r->world->kind == WORLD_IN_BOUNDS && !inputs_exhausted(r, INPUT_CUSTOMER, INPUT_CUSTOMER))
		first = last = INPUT_CUSTOMER;
	do {
		input = first + (int)random_below(&r->random, (uint64_t)(last - first + 1));
		p = (int)random_below(&r->random, (uint64_t)r->world->partitions[input]);
	} while (exhausted(r, input, p));
	while (count-- > 0 && !exhausted(r, input, p))
		deliver(r, input, p);
}

static void maybe_ready(struct run *r)
{
	if (r->ready || !inputs_exhausted(r, INPUT_HOTEL, INPUT_HOTEL))
		return;
	if (r->world->kind == WORLD_IN_BOUNDS && !inputs_exhausted(r, INPUT_REVIEWS, INPUT_CUSTOMER))
		return;
	pipeline_dimensions_ready(r->pipeline);
	r->ready = true;
}

/* Ends are told of partitions that have no more; in late worlds of any, so
 * that idle ones wake up far behind. */
static void maybe_end(struct run *r)
{
	for (int input = 0; input < INPUTS; input++) {
		for (int p = 0; p < r->world->partitions[input]; p++) {
			if (chance(r, 50) && (exhausted(r, input, p) || r->world->kind == WORLD_LATE))
				pipeline_partition_end(r->pipeline, (enum input)input, p, r->wall);
		}
	}
	if (chance(r, 50))
		r->wall += 31 * CALENDAR_SECOND;
}

static void between_batches(struct run *r)
{
	maybe_ready(r);
	if (chance(r, 15))
		maybe_end(r);
	if (chance(r, r->world->kind == WORLD_LATE ? 85 : 60))
		pipeline_advance(r->pipeline, r->wall);
	if (r->pace != PACE_SLOW || chance(r, 10))
		run_answer(r, r->pace != PACE_SLOW);
	if (chance(r, 20))
		checkpoint(r);
	if (r->lives_left > 0 && chance(r, 12))
		next_life(r, chance(r, 50));
}

static void end_all(struct run *r)
{
	maybe_ready(r);
	for (int input = 0; input < INPUTS; input++) {
		for (int p = 0; p < r->world->partitions[input]; p++)
			pipeline_partition_end(r->pipeline, (enum input)input, p, r->wall);
	}
}

static void advance(struct run *r)
{
	while (!pipeline_advance(r->pipeline, r->wall))
		continue;
}

/* All is read: silence, until everything has passed its retention. */
static void let_time_pass(struct run *r)
{
	for (int step = 0; step < 8; step++) {
		end_all(r);
		r->wall += step == 0 ? 31 * CALENDAR_SECOND : 20 * CALENDAR_MINUTE;
		end_all(r);
		advance(r);
		run_answer(r, step > 1);
		advance(r);
		if (r->lives_left > 0 && chance(r, 20))
			next_life(r, false);
		else if (chance(r, 50))
			checkpoint(r);
	}
	checkpoint(r);
}

void run_world(const struct world *w, uint64_t course, struct run_result *out)
{
	struct run *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	memset(out, 0, sizeof(*out));
	r->world = w;
	r->result = out;
	random_init(&r->random, course);
	r->pace = w->kind == WORLD_LATE ? PACE_INSTANT : (enum pace)random_below(&r->random, 3);
	r->lives_left = chance(r, 30) ? 0 : (int)random_below(&r->random, 6);
	/* Reviews may be a month younger than the clicks' base, never in the future. */
	r->wall = w->highest - (chance(r, 50) ? CALENDAR_HOUR : 0);
	for (int input = 0; input < INPUTS; input++) {
		for (int p = 0; p < WORLD_MAX_PARTITIONS; p++)
			r->now.own_max[input][p] = INT64_MIN;
	}
	r->saved = r->now;
	image_init(&r->image, pipeline_tables, pipeline_table_count);
	run_ports_init(r);
	begin_life(r);
	while (!inputs_exhausted(r, 0, INPUTS - 1)) {
		deliver_batch(r);
		between_batches(r);
	}
	let_time_pass(r);
	lines_sort(&out->targets);
	lines_sort(&out->bookings);
	run_check_end(r);
	pipeline_free(r->pipeline);
	run_ports_release(r);
	lines_release(&r->new_targets);
	lines_release(&r->new_bookings);
	image_release(&r->image);
	free(r);
}

void run_release(struct run_result *r)
{
	lines_release(&r->targets);
	lines_release(&r->bookings);
}
