#include "daemon/startup.h"

#include "base/fault.h"
#include "base/states.h"
#include "daemon/app.h"
#include "daemon/output_schemas.h"

#include <stdio.h>
#include <stdlib.h>

#define PAUSE_MIN_MS	1000
#define PAUSE_MAX_MS	10000 /* what is back is noticed soon */
#define PAUSE_CONFIG_MS 30000
#define LOOK_MS		10000 /* between two surveys of a running daemon */

static const char *const step_texts[STARTUP_STEPS] = {
	[STARTUP_TYPES] = "asking the registry about HOTEL_BOOKINGS",
	[STARTUP_OUTPUTS] = "registering the output schemas",
	[STARTUP_SURVEY] = "looking at the topics",
	[STARTUP_CONNECT] = "resolving the outbox with Kafka and verifying the inputs",
	[STARTUP_DIMENSIONS] = "reading hotels, customers and reviews to their end",
	[STARTUP_DONE] = "running",
};

static const struct state_def steps[STARTUP_STEPS] = {
	[STARTUP_TYPES] = {"types", STATE_TO(STARTUP_OUTPUTS)},
	[STARTUP_OUTPUTS] = {"outputs", STATE_TO(STARTUP_SURVEY)},
	[STARTUP_SURVEY] = {"survey", STATE_TO(STARTUP_CONNECT)},
	[STARTUP_CONNECT] = {"connect", STATE_TO(STARTUP_DIMENSIONS)},
	[STARTUP_DIMENSIONS] = {"dimensions", STATE_TO(STARTUP_DONE)},
	[STARTUP_DONE] = {"done", 0},
};

const char *startup_step_text(enum startup_step step)
{
	return step_texts[step];
}

bool startup_types_known(const struct startup *s)
{
	return s->date_type != SETTINGS_DATE_AUTO && s->price_type != SETTINGS_PRICE_AUTO;
}

static void survey(struct startup *s);

static void run_step(void *ctx)
{
	struct startup *s = ctx;

	if (s->app->life >= LIFE_DRAINING)
		return;
	switch ((enum startup_step)s->step) {
	case STARTUP_TYPES: output_schemas_types(s); break;
	case STARTUP_OUTPUTS: output_schemas_ids(s); break;
	case STARTUP_SURVEY:
	case STARTUP_CONNECT: survey(s); break;
	default: break;
	}
}

int startup_init(struct startup *s, struct app *app, struct err *err)
{
	*s = (struct startup){.app = app,
			      .date_type = app->settings->date_type,
			      .price_type = app->settings->price_type};
	s->again = loop_timer_new(&app->loop, run_step, s);
	if (s->again == NULL)
		return err_set(err, ERR_FATAL, 0, "out of memory");
	return startup_facts_load(s, err);
}

void startup_release(struct startup *s)
{
	if (s->app == NULL)
		return;
	loop_timer_free(s->again);
	for (size_t i = 0; i < s->fact_count; i++) {
		free(s->facts[i][0]);
		free(s->facts[i][1]);
	}
	for (size_t i = 0; i < s->connect.count; i++)
		free(s->connect.positions[i].topic);
	free(s->connect.positions);
	free(s->connect.extras);
	rebuild_release(&s->connect.rebuild);
	*s = (struct startup){0};
}

void startup_begin(struct startup *s)
{
	log_info(s->app->log, "start", "%s", step_texts[s->step]);
	run_step(s);
}

void startup_next(struct startup *s)
{
	state_move(&s->step, s->step + 1, steps);
	s->pause_ms = 0;
	s->waiting_for[0] = '\0';
	log_info(s->app->log, "start", "%s", step_texts[s->step]);
	notify_status(&s->app->notify, step_texts[s->step]);
	run_step(s);
}

void startup_wait(struct startup *s, const struct err *err, int64_t at_least_ms)
{
	if (err->class != ERR_RETRY && err->class != ERR_CONFIG && err->class != ERR_NOT_FOUND &&
	    err->class != ERR_ABORT_TXN) {
		app_fail(s->app, "start", err);
		return;
	}
	s->pause_ms = s->pause_ms == 0 ? PAUSE_MIN_MS : s->pause_ms * 2;
	if (s->pause_ms > PAUSE_MAX_MS)
		s->pause_ms = PAUSE_MAX_MS;
	if (err->class == ERR_CONFIG)
		s->pause_ms = PAUSE_CONFIG_MS;
	if (s->pause_ms < at_least_ms)
		s->pause_ms = at_least_ms;
	snprintf(s->waiting_for, sizeof(s->waiting_for), "%.150s", err->text);
	log_warn(s->app->log, "start", "%s; trying again in %lld s", err->text,
		 (long long)(s->pause_ms + 999) / 1000);
	notify_status(&s->app->notify, s->waiting_for);
	loop_timer_start(s->again, s->pause_ms);
}

/* ---- partitions: at the start, and when new ones appear ---- */

static void assign(struct startup *s, bool dimensions_only)
{
	struct app *a = s->app;
	struct source_position *list = calloc(a->partitions.count + 1, sizeof(*list));
	int64_t wall_ms = clock_wall_ms(&a->clock);
	size_t count = 0;
	struct err err;

	if (list == NULL)
		return;
	s->assign_later = a->intake.at < a->intake.count;
	if (s->assign_later) { /* a batch waits for a schema: its messages must be released first */
		free(list);
		return;
	}
	for (size_t i = 0; i < a->partitions.count; i++) {
		struct input_partition *p = &a->partitions.items[i];

		if (p->position.next_offset < 0 || (dimensions_only && !partitions_is_dimension(p->input)))
			continue;
		if (!p->assigned)
			p->progress_ms = clock_mono_ms(&a->clock);
		p->assigned = true;
		pipeline_add_partition(a->pipeline, p->input, p->position.partition, wall_ms);
		list[count++] = (struct source_position){p->position.topic, p->position.partition,
							 p->position.next_offset};
	}
	if (source_assign(a->source, list, count, &err) != 0)
		app_fail(a, "kafka", &err);
	free(list);
	kafka_wakeup_kick(a->wakeup);
}

/* A partition that nothing is known of is needed from where it is begun. */
static void take_extra(struct input_partition *p, const struct connect_extra *x)
{
	p->rebuilt_from = x->rebuilt_from;
	p->rebuilt_until = x->rebuilt_until;
	p->settled_from = x->settled_from;
	if (p->settled_from == 0 && p->position.last_offset < 0)
		p->settled_from = p->position.next_offset;
	replay_start(&p->replay, p->settled_from);
}

static void connected(struct connect_job *job)
{
	struct startup *s = job->ctx;
	struct app *a = s->app;
	struct err err;

	if (job->job.abandoned || a->life >= LIFE_DRAINING) {
		app_maybe_stopped(a);
		return;
	}
	if (job->err.class != ERR_NONE) {
		if (s->step == STARTUP_DONE)
			log_warn(a->log, "kafka", "new partitions: %s", job->err.text);
		else
			startup_wait(s, &job->err, 0);
		return;
	}
	for (size_t i = 0; i < job->count; i++) {
		int input = partitions_input(&a->partitions, job->positions[i].topic);
		struct input_partition *p = input < 0 ? NULL
						      : partitions_find(&a->partitions, (enum input)input,
									job->positions[i].partition);

		if (p == NULL)
			continue;
		if (p->position.next_offset < job->positions[i].next_offset)
			p->position.next_offset = job->positions[i].next_offset;
		take_extra(p, &job->extras[i]);
	}
	if (job->resolve)
		a->epochs.settled_ms = job->settled_ms;
	/* The plan is in the database. A mark that stays is of no harm: it is no longer empty. */
	if (job->resolve && a->options.rebuild && database_rebuild_unmark(a->settings->state_path, &err) != 0)
		log_warn(a->log, "start", "%s", err.text);
	rebuilding_take(&a->rebuilding, job);
	if (a->pipeline == NULL && app_load_state(a, &err) != 0) {
		app_fail(a, "start", &err);
		return;
	}
	if (s->step == STARTUP_DONE) {
		assign(s, false);
		return;
	}
	a->epochs.started = true;
	startup_next(s);
	assign(s, true);
	startup_progress(s);
}

static int copy_positions(struct startup *s, bool new_only)
{
	const struct partitions *p = &s->app->partitions;
	struct connect_job *k = &s->connect;

	for (size_t i = 0; i < k->count; i++)
		free(k->positions[i].topic);
	free(k->positions);
	free(k->extras);
	k->count = 0;
	k->positions = calloc(p->count + 1, sizeof(*k->positions));
	k->extras = calloc(p->count + 1, sizeof(*k->extras));
	if (k->positions == NULL || k->extras == NULL)
		return -1;
	for (size_t i = 0; i < p->count; i++) {
		struct position *to = &k->positions[k->count];

		if (new_only && p->items[i].position.next_offset >= 0)
			continue;
		*to = p->items[i].position;
		to->topic = slice_dup(slice_str(to->topic));
		if (to->topic == NULL)
			return -1;
		k->count++;
	}
	return 0;
}

static void connect_inputs(struct startup *s, bool new_only)
{
	if (copy_positions(s, new_only) != 0)
		return;
	s->connect.done = connected;
	s->connect.ctx = s;
	s->connect.resolve = !new_only;
	s->connect.rebuild = (struct rebuild){0};
	s->connect.accept_loss = s->app->options.accept_loss;
	committer_connect(&s->app->committer, &s->connect);
}

/* Returns how many partitions have no position yet: new ones, and those whose
 * first look failed. */
static size_t add_partitions(struct startup *s, const int32_t counts[INPUTS])
{
	struct app *a = s->app;
	size_t fresh = 0;

	for (int i = 0; i < INPUTS; i++) {
		if (counts[i] == 0 && s->step != STARTUP_DONE)
			log_warn(a->log, "kafka",
				 "input topic %s does not exist yet; it is read when it appears",
				 a->partitions.topics[i]);
		for (int32_t k = 0; k < counts[i]; k++)
			partitions_add(&a->partitions, (enum input)i, k, -1);
	}
	for (size_t i = 0; i < a->partitions.count; i++)
		fresh += a->partitions.items[i].position.next_offset < 0;
	return fresh;
}

static void surveyed(struct survey_job *job)
{
	struct startup *s = job->ctx;
	struct app *a = s->app;
	size_t fresh;

	s->surveying = false;
	if (job->job.abandoned || a->life >= LIFE_DRAINING) {
		app_maybe_stopped(a);
		return;
	}
	if (job->err.class != ERR_NONE) {
		if (s->step != STARTUP_DONE)
			startup_wait(s, &job->err, 0);
		return;
	}
	fresh = add_partitions(s, job->counts);
	if (s->step == STARTUP_DONE) {
		if (fresh > 0) {
			log_notice(a->log, "kafka", "%zu new partitions", fresh);
			connect_inputs(s, true);
		}
		return;
	}
	if (s->step == STARTUP_SURVEY) {
		state_move(&s->step, STARTUP_CONNECT, steps);
		log_info(a->log, "start", "%s", step_texts[s->step]);
	}
	connect_inputs(s, false);
}

static void survey(struct startup *s)
{
	if (s->surveying)
		return;
	s->surveying = true;
	s->survey.done = surveyed;
	s->survey.ctx = s;
	if (committer_survey(&s->app->committer, &s->survey) != 0)
		s->surveying = false;
}

/* What only a survey can tell or mend: partitions and topics that the source has heard of, those
 * whose first look failed, and output topics that are gone, when publishing fails. */
static bool worth_a_survey(const struct app *a)
{
	for (int i = 0; i < INPUTS; i++)
		if (source_known(a->source, a->partitions.topics[i]) > a->partitions.index_size[i])
			return true;
	for (size_t i = 0; i < a->partitions.count; i++)
		if (a->partitions.items[i].position.next_offset < 0)
			return true;
	return a->epochs.publish_trouble[0] != '\0';
}

void startup_look(struct startup *s)
{
	struct app *a = s->app;
	int64_t now = clock_mono_ms(&a->clock);

	if (s->step != STARTUP_DONE || a->life != LIFE_RUNNING || now < s->look_after_ms ||
	    !worth_a_survey(a))
		return;
	s->look_after_ms = now + LOOK_MS;
	survey(s);
}

void startup_progress(struct startup *s)
{
	struct app *a = s->app;

	if (s->assign_later)
		assign(s, s->step != STARTUP_DONE);
	if (s->step != STARTUP_DIMENSIONS || !partitions_dimensions_at_end(&a->partitions))
		return;
	(void)fault_point("start.after_dimensions");
	pipeline_dimensions_ready(a->pipeline);
	startup_next(s);
	assign(s, false);
	app_running(a);
}
