#include "daemon/intake.h"

#include "base/fault.h"
#include "daemon/app.h"
#include "daemon/settings_internal.h"

#include <stdlib.h>

#define TURN_MS	   3	/* of one drain; timers and HTTP come in between */
#define TURN_LOOK  64	/* records between two looks at the clock */
#define SILENCE_MS 3000 /* of a broker, beyond fetch.wait.max.ms; shorter than out_of_orderness */

void intake_init(struct intake *i, struct app *app)
{
	const char *wait = settings_kafka_get(&app->settings->consumer, "fetch.wait.max.ms");

	*i = (struct intake){.app = app, .answered_ms = HEALTH_NEVER, .silence_ms = SILENCE_MS};
	if (wait != NULL)
		i->silence_ms += strtol(wait, NULL, 10);
}

void intake_release(struct intake *i)
{
	free(i->ends);
	*i = (struct intake){0};
}

static enum input input_of(struct intake *i, const char *topic)
{
	if (topic != i->last_topic) {
		i->last_topic = topic;
		i->last_input = (enum input)partitions_input(&i->app->partitions, topic);
	}
	return i->last_input;
}

static void dead_letter(struct intake *i, enum input input, const struct message *m,
			enum dead_letter_stage stage, const struct err *why)
{
	int reason = why->code >= 0 && why->code < POISON_REASONS ? why->code : POISON_BYTES;

	i->counts[input].dispositions[DISPOSITION_DEAD]++;
	i->counts[input].dead[reason]++;
	outbound_dead_letter(&i->app->outbound, m, stage, why);
	log_warn(i->app->log, "intake", "%s/%d@%lld is a dead letter: %s", m->topic, m->partition,
		 (long long)m->offset, why->text);
}

/* Moves the position past a message that is done. */
static void passed(struct intake *i, enum input input, const struct message *m)
{
	struct input_partition *p = partitions_find(&i->app->partitions, input, m->partition);

	if (p != NULL)
		p->position.next_offset = m->offset + 1;
}

/* In a rebuild: whether the lost database had published all that comes of it. */
static void look_if_settled(struct intake *i, enum input input, const struct message *m)
{
	const struct input_partition *p = partitions_find(&i->app->partitions, input, m->partition);

	i->app->outbound.handling = input;
	i->app->outbound.settled_record = p != NULL && m->offset < p->rebuilt_from;
}

/* False when the stream must wait for a schema. */
static bool handle(struct intake *i, const struct message *m, int64_t wall_ms)
{
	struct app *a = i->app;
	enum input input = input_of(i, m->topic);
	struct schema_ref needed;
	struct record record;
	struct err err;
	enum disposition d;

	if (a->rebuilding.plan.active)
		look_if_settled(i, input, m);
	switch (decoder_decode(a->schemas.decoders[input], m, &record, &needed, &err)) {
	case DECODE_NEEDS_SCHEMA:
		a->outbound.settled_record = false;
		schemas_want(&a->schemas, &needed);
		return false;
	case DECODE_POISON: dead_letter(i, input, m, STAGE_VALUE, &err); break;
	case DECODE_OK:
		d = pipeline_record(a->pipeline, input, &record, wall_ms, &err);
		if (d == DISPOSITION_DEAD)
			dead_letter(i, input, m, STAGE_PIPELINE, &err);
		else
			i->counts[input].dispositions[d]++;
		break;
	}
	a->outbound.settled_record = false;
	i->counts[input].consumed++;
	i->counts[input].bytes += m->key.len + m->value.len;
	passed(i, input, m);
	return true;
}

/* A partition counts as read to its end only while its broker says so: cut off
 * from Kafka, or with records read ahead that wait for their turn, nobody knows
 * whether a customer booked, and the wall clock must not decide. */
static void judge_end(struct intake *i, struct input_partition *p, const struct source_partition *s)
{
	struct app *a = i->app;
	int64_t silence = clock_mono_ms(&a->clock) - s->answered_ms, wall_ms = clock_wall_ms(&a->clock);
	bool known = s->answered_ms >= 0 && silence <= i->silence_ms;
	bool end = known && s->state == SOURCE_AT_END && s->lag == 0;

	if (a->pipeline == NULL || end == p->at_end || !p->reached_end)
		return;
	p->at_end = end;
	/* Also before the end: its silence begins anew. */
	pipeline_partition_behind(a->pipeline, p->input, p->position.partition, wall_ms);
	if (end)
		pipeline_partition_end(a->pipeline, p->input, p->position.partition, wall_ms);
}

void intake_refresh(struct intake *i)
{
	struct app *a = i->app;
	size_t count = a->source != NULL ? source_partition_count(a->source) : 0;
	int64_t now = clock_mono_ms(&a->clock);

	for (size_t k = 0; k < count; k++) {
		struct source_partition s;
		struct input_partition *p;
		int input;

		source_partition(a->source, k, &s);
		input = partitions_input(&a->partitions, s.topic);
		p = input < 0 ? NULL : partitions_find(&a->partitions, (enum input)input, s.partition);
		if (p == NULL)
			continue;
		if (p->position.next_offset != p->seen_offset || s.high <= p->position.next_offset)
			p->progress_ms = now;
		p->seen_offset = p->position.next_offset;
		p->end = s.high;
		p->low = s.low;
		judge_end(i, p, &s);
		if (s.answered_ms > i->answered_ms)
			i->answered_ms = s.answered_ms;
		if (s.last_offset < 0)
			continue;
		p->position.last_offset = s.last_offset;
		p->position.last_timestamp_ms = s.last_timestamp_ms;
		p->position.last_crc = s.last_crc;
	}
}

static void tell_ends(struct intake *i, int64_t wall_ms)
{
	struct app *a = i->app;

	for (size_t k = 0; k < i->end_count; k++) {
		struct input_partition *p =
			partitions_find(&a->partitions, i->ends[k].input, i->ends[k].partition);

		pipeline_partition_end(a->pipeline, i->ends[k].input, i->ends[k].partition, wall_ms);
		if (p == NULL)
			continue;
		p->reached_end = p->at_end = true;
		/* Control records at the end of transactions are not delivered, but passed. */
		if (p->position.next_offset < i->ends[k].offset)
			p->position.next_offset = i->ends[k].offset;
	}
	i->end_count = 0;
}

void intake_end(struct intake *i, const char *topic, int32_t partition, int64_t offset)
{
	int input = partitions_input(&i->app->partitions, topic);

	if (input < 0)
		return;
	if (i->end_count == i->end_size) {
		size_t size = i->end_size ? i->end_size * 2 : 64;
		void *ends = realloc(i->ends, size * sizeof(*i->ends));

		if (ends == NULL)
			return; /* librdkafka says it again at the next end */
		i->ends = ends;
		i->end_size = size;
	}
	i->ends[i->end_count].input = (enum input)input;
	i->ends[i->end_count].offset = offset;
	i->ends[i->end_count].partition = partition;
	i->end_count++;
}

void intake_begin_turn(struct intake *i)
{
	i->turn_end_ms = clock_mono_ms(&i->app->clock) + TURN_MS;
}

bool intake_turn_over(const struct intake *i)
{
	return clock_mono_ms(&i->app->clock) >= i->turn_end_ms;
}

/* Works through what is left of the batch, until it waits for a schema or the turn is over. */
static void work(struct intake *i, int64_t wall_ms)
{
	while (i->at < i->count) {
		if (!handle(i, i->batch[i->at], wall_ms)) {
			i->waiting_schema = true;
			return;
		}
		i->at++;
		i->app->epochs.filling_records++;
		if (i->at % TURN_LOOK == 0 && intake_turn_over(i))
			return;
	}
}

static void take_batch(struct intake *i, int64_t wall_ms)
{
	struct app *a = i->app;

	if (i->at == i->count) {
		i->at = 0;
		i->count = source_poll(a->source, i->batch, INTAKE_BATCH);
	}
	work(i, wall_ms);
	if (i->at < i->count)
		return;
	if (i->count > 0)
		(void)fault_point("intake.after_batch");
	source_release(a->source);
	tell_ends(i, wall_ms);
}

static bool drain(struct intake *i)
{
	struct app *a = i->app;

	if (a->source == NULL || a->pipeline == NULL || a->life >= LIFE_DRAINING)
		return false;
	if (a->schemas.fetching) /* its answer kicks us */
		return false;
	i->waiting_schema = false;
	intake_begin_turn(i);
	for (;;) {
		int64_t wall_ms = clock_wall_ms(&a->clock);

		if (epochs_full(&a->epochs)) /* the committer's answer kicks us */
			return false;
		if (!i->behind)
			take_batch(i, wall_ms);
		if (i->waiting_schema)
			return false;
		i->behind = !pipeline_advance(a->pipeline, wall_ms);
		startup_progress(&a->startup);
		if (a->outbound.failure.class != ERR_NONE) {
			app_fail(a, "output", &a->outbound.failure);
			return false;
		}
		epochs_consider(&a->epochs);
		if (i->behind || i->at < i->count)
			return true;
		if (!source_more(a->source)) {
			pace_consider(a);
			return false;
		}
		if (intake_turn_over(i))
			return true;
	}
}

bool intake_drain(void *ctx)
{
	struct intake *i = ctx;

	i->busy = drain(i);
	return i->busy;
}
