#include "daemon/observe_internal.h"

#include <stdlib.h>

static int reserve(struct observe *o, size_t count)
{
	struct metrics_partition *m;
	struct health_partition *h;

	if (count <= o->partition_size)
		return 0;
	m = realloc(o->partitions, count * sizeof(*m));
	if (m == NULL)
		return -1;
	o->partitions = m;
	h = realloc(o->health_partitions, count * sizeof(*h));
	if (h == NULL)
		return -1;
	o->health_partitions = h;
	o->partition_size = count;
	return 0;
}

static void fill_partitions(struct observe *o)
{
	const struct app *a = o->app;
	size_t count = 0;

	if (reserve(o, a->partitions.count + 1) != 0)
		return;
	for (size_t i = 0; i < a->partitions.count; i++) {
		const struct input_partition *p = &a->partitions.items[i];
		int64_t lag = partition_lag(p);

		o->partitions[count] = (struct metrics_partition){
			.input = p->input,
			.partition = p->position.partition,
			.position = p->position.next_offset,
			.end = p->end,
			.begin = p->low,
			.settled = a->epochs.started ? p->settled_from : -1,
			.lag = lag,
			.watermark_ms = METRICS_NO_TIME,
			.max_event_time_ms = METRICS_NO_TIME,
			.at_end = p->reached_end && lag <= 0,
		};
		o->health_partitions[count] = (struct health_partition){
			.topic = p->position.topic,
			.partition = p->position.partition,
			.position = p->position.next_offset,
			.end = p->end,
			.progress_ms = p->progress_ms,
		};
		count++;
	}
	o->snapshot.partitions = o->partitions;
	o->snapshot.partition_count = count;
}

/* What the pipeline knows of its partitions, by (input, partition). */
static void fill_watermarks(struct observe *o)
{
	const struct app *a = o->app;
	size_t count = pipeline_partition_count(a->pipeline);

	for (size_t i = 0; i < count; i++) {
		struct partition_view v;

		pipeline_partition(a->pipeline, i, &v);
		for (size_t k = 0; k < o->snapshot.partition_count; k++) {
			struct metrics_partition *m = &o->partitions[k];

			if (m->input != v.input || m->partition != v.partition)
				continue;
			m->idle = v.idle;
			if (v.max_event_time.ms == EVENT_TIME_MIN.ms)
				continue;
			m->max_event_time_ms = v.max_event_time.ms;
			m->watermark_ms = v.max_event_time.ms - a->settings->out_of_orderness;
		}
	}
}

static void fill_inputs(struct observe *o)
{
	const struct app *a = o->app;

	for (int i = 0; i < INPUTS; i++) {
		const struct input_counts *c = &a->intake.counts[i];
		struct metrics_input *m = &o->snapshot.inputs[i];

		m->topic = a->settings->inputs[i].topic;
		m->consumed = c->consumed;
		m->bytes = c->bytes;
		m->used = c->dispositions[DISPOSITION_USED];
		m->filtered = c->dispositions[DISPOSITION_FILTERED];
		m->late = c->dispositions[DISPOSITION_LATE];
		for (int r = 0; r < POISON_REASONS; r++)
			m->dead[r] = c->dead[r];
	}
}

static void fill_clients(struct observe *o)
{
	struct metrics_snapshot *s = &o->snapshot;
	const struct app *a = o->app;
	const struct summary_stats *m = summary_provider_stats(a->summary);
	const struct registry_counters *r = schema_registry_counters(a->registry);
	struct http_server_stats http;

	s->summary_requests = 0;
	for (int i = 0; i < SUMMARY_CODES; i++)
		s->summary_requests += m->calls[i];
	s->summary_failures = s->summary_requests - m->calls[SUMMARY_CODE_2XX];
	s->summary_answers = m->answered;
	s->summary_retries = m->retries;
	s->summary_rejected = m->rejected;
	s->summary_fallbacks = m->fallbacks;
	s->summary_input_tokens = m->tokens_in;
	s->summary_output_tokens = m->tokens_out;
	s->summary_in_flight = (int64_t)m->in_flight;
	s->summary_queued = (int64_t)m->queued;
	s->summary_circuit_open = m->circuit != CIRCUIT_CLOSED;
	metrics_latency(s, m);
	s->model =
		a->settings->summary.provider == SETTINGS_OPENAI ? a->settings->summary.model : "extractive";
	s->registry_requests = r->calls;
	s->registry_failures = r->failures;
	s->registry_schemas = (int64_t)a->schemas.learnt;
	http_server_stats(o->server, &http);
	s->http_requests = http.requests;
	s->http_refused = http.refused;
}

static void fill_delivery(struct observe *o)
{
	struct metrics_snapshot *s = &o->snapshot;
	const struct app *a = o->app;
	const struct epochs *e = &a->epochs;
	const struct committer_view *v = &e->view;
	int64_t now = clock_mono_ms(&a->clock), wall = clock_system().wall_ms(NULL);

	s->epochs = e->committed;
	s->epoch_failures = e->failures;
	s->last_commit_ms = e->committed > 0 ? e->committed_wall_ms : METRICS_NO_TIME;
	s->epoch_bytes = (int64_t)epoch_bytes(e->filling);
	s->outbox_rows = (int64_t)v->outbox_rows;
	s->loop_lag_ms = a->lag_ms > a->lag_before_ms ? a->lag_ms : a->lag_before_ms;
	s->outbox_oldest_ms =
		e->outbox_since_ms == HEALTH_NEVER ? METRICS_NO_TIME : wall - (now - e->outbox_since_ms);
	s->records_produced = v->publisher.records;
	s->transactions_committed = v->publisher.transactions;
	s->transactions_aborted = v->publisher.aborts;
	s->transactions_resolved = v->publisher.resolves;
	s->kafka_errors = a->kafka_errors;
	s->brokers_up = a->source != NULL ? source_brokers_up(a->source) : -1;
	s->database_bytes = v->database_bytes;
	s->wal_bytes = v->wal_bytes;
	s->disk_free_bytes = v->disk_total > 0 ? v->disk_free : -1;
	s->commit_seconds = e->commit_seconds;
	s->publish_seconds = e->publish_seconds;
}

/* Partitions of the event topics whose first records kept lie behind where a
 * rebuild would have to begin. */
static int64_t unreplayable(const struct observe *o)
{
	int64_t count = 0;

	for (size_t i = 0; i < o->snapshot.partition_count; i++) {
		const struct metrics_partition *p = &o->partitions[i];

		count += !partitions_is_dimension(p->input) && p->settled > 0 && p->begin > p->settled;
	}
	return count;
}

static void judge(struct observe *o)
{
	const struct app *a = o->app;
	const struct epochs *e = &a->epochs;
	const struct summary_stats *m = summary_provider_stats(a->summary);
	struct health_limits limits;
	struct health_input in = {
		.now_ms = clock_mono_ms(&a->clock),
		.life = a->life,
		.started_ms = a->started_mono_ms,
		.tick_ms = a->tick_mono_ms,
		.broker_answered_ms = a->intake.answered_ms,
		.committed_ms = e->committed_mono_ms,
		.oldest_waiting_ms = e->waiting_since_ms,
		.outbox_waiting_ms = e->outbox_since_ms,
		.disk_free = e->view.disk_free,
		.disk_total = e->view.disk_total,
		.model = {.configured = a->settings->summary.provider == SETTINGS_OPENAI,
			  .failing_since_ms = m->failing_since_ms == 0 ? HEALTH_NEVER : m->failing_since_ms,
			  .reason = m->circuit == CIRCUIT_CLOSED ? "retrying" : circuit_name(m->circuit)},
		.commit_trouble = a->epochs.commit_trouble,
		.rebuilding = a->rebuilding.plan.active,
		.unreplayable = unreplayable(o),
		.registry = {.configured = true,
			     .failing_since_ms = a->schemas.failing_since_ms,
			     .reason = a->schemas.reason},
		.partitions = o->health_partitions,
		.partition_count = o->snapshot.partition_count,
	};

	health_defaults(&limits);
	limits.progress_ms = limits.broker_ms = limits.commit_ms = limits.publish_ms =
		a->settings->stuck_timeout;
	limits.disk_percent = (int)a->settings->min_free_percent;
	health_judge(&in, &limits, &o->verdict);
}

void observe_look(struct observe *o)
{
	struct metrics_snapshot *s = &o->snapshot;
	const struct app *a = o->app;

	s->state = a->life == LIFE_STARTING ? startup_step_text((enum startup_step)a->startup.step)
					    : life_state_name(a->life);
	s->now_ms = clock_wall_ms(&a->clock);
	s->start_time_ms = a->started_wall_ms;
	s->dimensions_ready = a->life >= LIFE_RUNNING;
	s->config_reloads = a->reloads;
	s->config_reload_failures = a->reload_failures;
	fill_partitions(o);
	fill_inputs(o);
	fill_clients(o);
	fill_delivery(o);
	s->rebuilding = a->rebuilding.plan.active;
	s->rebuild_left_out = a->rebuilding.left_out;
	if (a->pipeline != NULL) {
		fill_watermarks(o);
		s->watermark_ms = pipeline_watermark(a->pipeline).ms;
		s->oldest_pending_ms = pipeline_oldest_pending(a->pipeline).ms;
		s->pipeline = *pipeline_counters(a->pipeline);
		pipeline_sizes(a->pipeline, &s->sizes);
		s->epoch_bytes += (int64_t)pipeline_dirty_bytes(a->pipeline);
	}
	judge(o);
	s->ready = o->verdict.ready;
}
