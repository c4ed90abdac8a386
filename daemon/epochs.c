#include "daemon/epochs.h"

#include "base/fault.h"
#include "daemon/app.h"
#include "daemon/app_clients.h"

#include <stdio.h>
#include <stdlib.h>

#define RETRY_COMMIT_MS	     1000
#define PUBLISH_PAUSE_MIN    1000
#define PUBLISH_PAUSE_MAX    10000 /* Kafka back means healthy soon */
#define PUBLISH_PAUSE_CONFIG 30000
#define OUTPUTS_WAIT_MS	     200   /* results do not wait for a whole interval */
#define IDLE_STEP_MS	     5000  /* evidence, heartbeat */
#define STEP_MS		     500   /* the same while rows wait */
#define REST_STEP_MS	     15000 /* the same while nothing is waited for at all */
#define SETTLED_MS	     5000  /* how often all that waits is looked through */
#define SETTLED_FEW	     10000 /* so few are looked through each time */
#define EPOCH_HARD_FACTOR    2	   /* of checkpoint.max_bytes: what a filling epoch may grow to */

static const double second_bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
				       0.25,  0.5,    1,     2.5,  5,	  10,	60};

static int64_t mono(const struct epochs *e)
{
	return clock_mono_ms(&e->app->clock);
}

static size_t hard_limit(const struct epochs *e)
{
	return (size_t)e->app->settings->checkpoint_max_bytes * EPOCH_HARD_FACTOR;
}

static void begin(struct epochs *e)
{
	e->filling_records = 0;
	e->filled_since_ms = mono(e);
	e->app->outbound.epoch = e->filling;
}

static void submit(struct epochs *e);

/* After a failed commit: the same epoch, untouched. */
static void again(void *ctx)
{
	struct epochs *e = ctx;

	if (e->committing != NULL && !e->in_flight)
		submit(e);
}

int epochs_init(struct epochs *e, struct app *app, uint64_t next_epoch, struct err *err)
{
	const size_t bounds = sizeof(second_bounds) / sizeof(second_bounds[0]);

	*e = (struct epochs){.app = app,
			     .number = next_epoch,
			     .settled_ms = INT64_MIN,
			     .waiting_since_ms = HEALTH_NEVER,
			     .outbox_since_ms = HEALTH_NEVER,
			     .committed_mono_ms = HEALTH_NEVER};
	/* room for what one batch and one sweep may add beyond the limit */
	for (int i = 0; i < 2; i++)
		epoch_init(&e->slots[i], 0, SIZE_MAX / 4);
	e->filling = &e->slots[0];
	e->filling->number = e->number;
	histogram_init(&e->commit_seconds, second_bounds, bounds);
	histogram_init(&e->publish_seconds, second_bounds, bounds);
	e->again = loop_timer_new(&app->loop, again, e);
	if (e->again == NULL)
		return err_set(err, ERR_FATAL, 0, "out of memory");
	begin(e);
	return 0;
}

void epochs_release(struct epochs *e)
{
	if (e->app == NULL)
		return;
	loop_timer_free(e->again);
	epoch_release(&e->slots[0]);
	epoch_release(&e->slots[1]);
	free(e->positions);
	*e = (struct epochs){0};
}

bool epochs_full(const struct epochs *e)
{
	const struct app *a = e->app;

	return epoch_bytes(e->filling) + pipeline_dirty_bytes(a->pipeline) > hard_limit(e) ||
	       e->view.outbox_rows > (uint64_t)a->settings->outbox_max_rows;
}

bool epochs_quiet(const struct epochs *e)
{
	bool committing = e->committing != NULL && e->committing->outbox_rows > 0;

	return !committing && e->filling_records == 0 && e->filling->outbox_rows == 0 &&
	       e->view.outbox_rows == 0 && e->commit_trouble[0] == '\0' && e->publish_trouble[0] == '\0';
}

/* ---- handing over ---- */

static int copy_positions(struct epochs *e)
{
	const struct partitions *p = &e->app->partitions;
	struct publish_position *positions = realloc(e->positions, (p->count + 1) * sizeof(*positions));

	if (positions == NULL)
		return -1;
	e->positions = positions;
	e->position_count = 0;
	for (size_t i = 0; i < p->count; i++)
		if (p->items[i].position.next_offset >= 0)
			positions[e->position_count++] = (struct publish_position){
				.topic = p->items[i].position.topic,
				.partition = p->items[i].position.partition,
				.consumed = p->items[i].position.next_offset,
				.replay_from = p->items[i].settled_from,
				.watermark_ms = e->settled_ms,
			};
	return 0;
}

static int give_positions(struct epochs *e)
{
	const struct partitions *p = &e->app->partitions;
	struct position *list = calloc(p->count + 1, sizeof(*list));
	size_t count = 0;
	int rc;

	if (list == NULL)
		return -1;
	for (size_t i = 0; i < p->count; i++)
		if (p->items[i].position.next_offset >= 0)
			list[count++] = p->items[i].position;
	rc = epoch_positions(e->filling, list, count);
	free(list);
	return rc;
}

/* What of the inputs is done with, as of the epoch that is being closed or, when
 * nothing happened since, of the last one: what a rebuild would not have to
 * read again. */
static void settle(struct epochs *e)
{
	struct app *a = e->app;
	size_t count = pipeline_partition_count(a->pipeline);
	int64_t now = mono(e), settled;
	struct pipeline_sizes sizes;

	pipeline_sizes(a->pipeline, &sizes);
	if (now - e->settled_at_ms >= SETTLED_MS ||
	    sizes.targets_waiting_hotel + sizes.targets_waiting_answer + sizes.bookings_waiting_hotel <
		    SETTLED_FEW) {
		e->settled_at_ms = now;
		settled = pipeline_settled(a->pipeline).ms;
		if (settled > e->settled_ms)
			e->settled_ms = settled;
	}
	for (size_t i = 0; i < count; i++) {
		struct partition_view v;
		struct input_partition *p;
		int64_t offset;

		pipeline_partition(a->pipeline, i, &v);
		p = partitions_find(&a->partitions, v.input, v.partition);
		if (p == NULL || p->position.next_offset < 0)
			continue;
		offset = p->position.next_offset;
		if (partitions_is_dimension(v.input)) {
			p->settled_from = offset;
			continue;
		}
		replay_note(&p->replay, offset, v.max_event_time.ms);
		p->settled_from = replay_from(&p->replay, e->settled_ms, offset, v.max_event_time.ms);
	}
}

static void job_done(struct epoch_job *job);

static void submit(struct epochs *e)
{
	int64_t now = mono(e);

	e->job = (struct epoch_job){
		.done = job_done,
		.ctx = e,
		.epoch = e->committing,
		.positions = e->positions,
		.position_count = e->position_count,
		.last_epoch = e->number - 1,
		.publish = now >= e->publish_after_ms,
		.confirm = e->app->life == LIFE_DRAINING,
		.rest = pace_idle(e->app),
	};
	e->in_flight = true;
	e->stepped_ms = now;
	if (e->waiting_since_ms == HEALTH_NEVER && e->committing != NULL)
		e->waiting_since_ms = now;
	if (committer_epoch(&e->app->committer, &e->job) != 0) {
		e->in_flight = false;
		e->drained = true;
	}
}

static void close_epoch(struct epochs *e)
{
	(void)fault_point("epoch.before_close");
	intake_refresh(&e->app->intake);
	pipeline_checkpoint(e->app->pipeline, &e->filling->delta);
	settle(e);
	if (give_positions(e) != 0 || copy_positions(e) != 0 || epoch_failed(e->filling)) {
		struct err err;

		err_set(&err, ERR_FATAL, 0, "out of memory for an epoch of %zu bytes",
			epoch_bytes(e->filling));
		app_fail(e->app, "store", &err);
		return;
	}
	(void)fault_point("epoch.after_close");
	e->committing = e->filling;
	e->filling = e->committing == &e->slots[0] ? &e->slots[1] : &e->slots[0];
	e->number++;
	e->filling->number = e->number;
	begin(e);
	submit(e);
}

/* Whether anything happened since the last epoch was closed. */
static bool something(const struct epochs *e)
{
	return e->filling_records > 0 || !epoch_empty(e->filling) ||
	       pipeline_dirty_bytes(e->app->pipeline) > 0;
}

static bool worth_closing(const struct epochs *e, int64_t now)
{
	const struct settings *s = e->app->settings;
	int64_t age = now - e->filled_since_ms;

	if (!something(e))
		return false;
	return e->app->life == LIFE_DRAINING || age >= s->checkpoint_interval ||
	       (e->filling->outbox_rows > 0 && age >= OUTPUTS_WAIT_MS) ||
	       e->filling_records >= (uint64_t)s->checkpoint_max_events ||
	       epoch_bytes(e->filling) + pipeline_dirty_bytes(e->app->pipeline) >=
		       (size_t)s->checkpoint_max_bytes;
}

/* Nothing left to do for a clean stop, or nothing that can be done: rows that
 * Kafka does not take stay durable and go out after the next start. */
static bool drained(const struct epochs *e)
{
	return e->app->life == LIFE_DRAINING && e->stepped_ms >= e->drain_began_ms &&
	       (e->view.outbox_rows == 0 || e->publish_trouble[0] != '\0');
}

void epochs_consider(struct epochs *e)
{
	int64_t now = mono(e);
	int64_t pause = e->view.outbox_rows > 0 ? STEP_MS : pace_idle(e->app) ? REST_STEP_MS : IDLE_STEP_MS;

	if (e->in_flight || e->committing != NULL || e->app->pipeline == NULL || e->drained || !e->started)
		return;
	if (e->app->outbound.failure.class != ERR_NONE) /* a result is missing from the epoch: it ends here */
		return;
	if (worth_closing(e, now)) {
		close_epoch(e);
	} else if (drained(e)) {
		e->drained = true;
	} else if (e->app->life == LIFE_DRAINING || now - e->stepped_ms >= pause) {
		if (!something(e)) {
			settle(e);
			rebuilding_consider(e->app);
		}
		if (copy_positions(e) == 0)
			submit(e);
	}
}

/* ---- coming back ---- */

static void commit_failed(struct epochs *e, const struct err *err)
{
	struct app *a = e->app;

	e->failures++;
	snprintf(e->commit_trouble, sizeof(e->commit_trouble), "%.120s", err->text);
	if (err->class != ERR_RETRY) {
		app_fail(a, "store", err);
		return;
	}
	log_error(a->log, "store", "epoch %llu not committed, trying again: %s",
		  (unsigned long long)e->committing->number, err->text);
	loop_timer_start(e->again, RETRY_COMMIT_MS);
}

static void committed(struct epochs *e)
{
	e->commit_trouble[0] = '\0';
	e->committed++;
	e->committed_mono_ms = mono(e);
	e->committed_wall_ms = clock_system().wall_ms(NULL);
	e->waiting_since_ms = HEALTH_NEVER;
	histogram_add(&e->commit_seconds, (double)e->job.commit_ms / 1000.0);
	epoch_reuse(e->committing, 0);
	e->committing = NULL;
	rebuilding_consider(e->app);
}

static void published(struct epochs *e)
{
	if (e->publish_trouble[0] != '\0')
		log_notice(e->app->log, "kafka", "publishing again");
	e->publish_trouble[0] = '\0';
	e->publish_pause_ms = 0;
	e->publish_after_ms = 0;
	histogram_add(&e->publish_seconds, (double)e->job.publish_ms / 1000.0);
}

static void publish_failed(struct epochs *e, const struct err *err)
{
	snprintf(e->publish_trouble, sizeof(e->publish_trouble), "%.120s", err->text);
	if (err->class != ERR_RETRY && err->class != ERR_CONFIG && err->class != ERR_ABORT_TXN) {
		app_fail(e->app, "kafka", err);
		return;
	}
	if (e->publish_pause_ms == 0)
		e->publish_pause_ms = PUBLISH_PAUSE_MIN;
	else
		e->publish_pause_ms *= 2;
	if (e->publish_pause_ms > PUBLISH_PAUSE_MAX)
		e->publish_pause_ms = PUBLISH_PAUSE_MAX;
	if (err->class == ERR_CONFIG)
		e->publish_pause_ms = PUBLISH_PAUSE_CONFIG;
	e->publish_after_ms = mono(e) + e->publish_pause_ms;
	log_error(e->app->log, "kafka", "results wait in the outbox, trying again in %lld s: %s",
		  (long long)e->publish_pause_ms / 1000, err->text);
}

static void job_done(struct epoch_job *job)
{
	struct epochs *e = job->ctx;
	bool had_epoch = e->committing != NULL;

	e->in_flight = false;
	if (job->job.abandoned) {
		e->drained = true;
		return;
	}
	e->view = job->view;
	if (had_epoch && job->commit_err.class != ERR_NONE) {
		commit_failed(e, &job->commit_err);
		return;
	}
	if (had_epoch)
		committed(e);
	if (job->publish && job->publish_err.class != ERR_NONE)
		publish_failed(e, &job->publish_err);
	else if (job->publish)
		published(e);
	if (e->view.outbox_rows == 0)
		e->outbox_since_ms = HEALTH_NEVER;
	else if (e->outbox_since_ms == HEALTH_NEVER)
		e->outbox_since_ms = mono(e);
	/* Whatever was full may have room now: rows that Kafka took, too. */
	app_clients_room(e->app);
	kafka_wakeup_kick(e->app->wakeup);
	epochs_consider(e);
	app_maybe_stopped(e->app);
}

void epochs_drain(struct epochs *e)
{
	e->drain_began_ms = mono(e);
	if (e->app->pipeline == NULL || !e->started)
		e->drained = true;
	epochs_consider(e);
}
