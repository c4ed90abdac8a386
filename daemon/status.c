#include "daemon/status.h"

#include <inttypes.h>
#include <math.h>

/* Writes members in order; `first` says whether a comma is due. */
struct json {
	struct buf *out;
	bool first;
};

static void key(struct json *j, const char *name)
{
	buf_printf(j->out, "%s\"%s\":", j->first ? "" : ",", name);
	j->first = false;
}

static void open_object(struct json *j)
{
	buf_str(j->out, j->first ? "{" : ",{");
	j->first = true;
}

static void open_member(struct json *j, const char *name, char bracket)
{
	key(j, name);
	buf_byte(j->out, (uint8_t)bracket);
	j->first = true;
}

static void close_with(struct json *j, char bracket)
{
	buf_byte(j->out, (uint8_t)bracket);
	j->first = false;
}

static void put_slice(struct json *j, const char *name, struct slice s)
{
	key(j, name);
	buf_json_string(j->out, s);
}

static void put_text(struct json *j, const char *name, const char *text)
{
	put_slice(j, name, slice_str(text));
}

static void put_bool(struct json *j, const char *name, bool value)
{
	key(j, name);
	buf_str(j->out, value ? "true" : "false");
}

static void put_count(struct json *j, const char *name, uint64_t value)
{
	key(j, name);
	buf_printf(j->out, "%" PRIu64, value);
}

/* A number that is null below its lowest meaningful value. */
static void put_number(struct json *j, const char *name, int64_t value, int64_t lowest)
{
	key(j, name);
	if (value < lowest)
		buf_str(j->out, "null");
	else
		buf_printf(j->out, "%" PRId64, value);
}

static void put_size(struct json *j, const char *name, int64_t value)
{
	put_number(j, name, value, 0);
}

static void put_time(struct json *j, const char *name, int64_t ms)
{
	put_number(j, name, ms, METRICS_NO_TIME + 1);
}

static void put_real(struct json *j, const char *name, double value)
{
	key(j, name);
	if (isfinite(value))
		buf_printf(j->out, "%.3f", value);
	else
		buf_str(j->out, "null");
}

static void put_quantiles(struct json *j, const char *p50, const char *p99, const struct histogram *h)
{
	put_real(j, p50, histogram_quantile(h, 0.5) * 1000);
	put_real(j, p99, histogram_quantile(h, 0.99) * 1000);
}

/* ---- the parts ---- */

static void write_head(struct json *j, const struct metrics_snapshot *s)
{
	put_text(j, "service", "riverd");
	put_text(j, "title", "River Hotels: abandoned booking clicks");
	put_text(j, "version", s->version);
	put_text(j, "revision", s->revision);
	put_text(j, "state", s->state);
	put_bool(j, "ready", s->ready);
	put_time(j, "now_ms", s->now_ms);
	put_time(j, "started_ms", s->start_time_ms);
	put_time(j, "watermark_ms", s->watermark_ms);
	put_text(j, "model", s->model);
}

static void write_health(struct json *j, const struct health_verdict *health)
{
	static const char *const names[] = {
		[HEALTH_OK] = "ok", [HEALTH_WARN] = "warn", [HEALTH_FAIL] = "fail"};

	open_member(j, "health", '[');
	for (size_t i = 0; i < health->count; i++) {
		open_object(j);
		put_text(j, "status", names[health->checks[i].status]);
		put_text(j, "text", health->checks[i].text);
		close_with(j, '}');
	}
	close_with(j, ']');
}

/* A stage of the flow; its exits follow, then stage_end(). `waiting` < 0: nothing waits here. */
static void stage(struct json *j, const char *name, const char *label, const char *help, uint64_t count,
		  int64_t waiting, const char *waiting_label)
{
	open_object(j);
	put_text(j, "name", name);
	put_text(j, "label", label);
	put_text(j, "help", help);
	put_count(j, "count", count);
	put_size(j, "waiting", waiting);
	put_text(j, "waiting_label", waiting_label);
	open_member(j, "exits", '[');
}

static void leave(struct json *j, const char *label, uint64_t count)
{
	open_object(j);
	put_text(j, "label", label);
	put_count(j, "count", count);
	close_with(j, '}');
}

static void stage_end(struct json *j)
{
	close_with(j, ']');
	close_with(j, '}');
}

static void write_flow_clicks(struct json *j, const struct metrics_snapshot *s)
{
	const struct pipeline_counters *c = &s->pipeline;
	const struct metrics_input *in = &s->inputs[INPUT_CLICKSTREAM];

	stage(j, "clicks", "Clickstream", "Every record of the clickstream topic", in->consumed, -1, "");
	leave(j, "other actions", in->filtered);
	leave(j, "late", in->late);
	leave(j, "dead letters", metrics_dead(in));
	stage_end(j);
	stage(j, "pending", "Booking clicks",
	      "Each waits for a booking until the watermark has passed its window", c->clicks_pending_added,
	      (int64_t)s->sizes.clicks_pending, "wait for a booking");
	leave(j, "booked", c->clicks_booked);
	leave(j, "customer erased", c->clicks_suppressed);
	stage_end(j);
	stage(j, "abandoned", "Abandoned", "No booking came in time: a target", c->clicks_abandoned, -1, "");
	leave(j, "customer erased", c->targets_erased);
	stage_end(j);
}

static void write_flow_targets(struct json *j, const struct metrics_snapshot *s)
{
	const struct pipeline_counters *c = &s->pipeline;
	uint64_t hotel = c->targets_dropped_no_hotel + s->sizes.targets_waiting_hotel;

	/* Erased targets may have been at any later stage, so this can be off by those. */
	stage(j, "hotel", "Hotel joined", "The target's hotel, and others like it in its city",
	      c->clicks_abandoned > hotel ? c->clicks_abandoned - hotel : 0,
	      (int64_t)s->sizes.targets_waiting_hotel, "wait for their hotel");
	leave(j, "hotel unknown", c->targets_dropped_no_hotel);
	leave(j, "no recent review", c->targets_dropped_no_reviews);
	stage_end(j);
	stage(j, "summary", "Summarised", "One model call for each distinct set of reviews",
	      c->summaries_asked + c->summaries_reused, (int64_t)s->sizes.targets_waiting_answer,
	      "wait for their summary");
	leave(j, "questions asked", c->summaries_asked);
	leave(j, "answers shared", c->summaries_reused);
	stage_end(j);
	stage(j, "out", "Delivered", "Exactly one record for each target", c->targets_emitted, s->outbox_rows,
	      "wait for Kafka");
	stage_end(j);
}

static void write_inputs(struct json *j, const struct metrics_snapshot *s)
{
	open_member(j, "inputs", '[');
	for (size_t i = 0; i < INPUTS; i++) {
		const struct metrics_input *in = &s->inputs[i];

		open_object(j);
		put_text(j, "input", metrics_input_name((enum input)i));
		put_text(j, "topic", in->topic);
		put_count(j, "consumed", in->consumed);
		put_count(j, "used", in->used);
		put_count(j, "filtered", in->filtered);
		put_count(j, "late", in->late);
		put_count(j, "dead", metrics_dead(in));
		put_number(j, "unaccounted", metrics_unaccounted(in), INT64_MIN);
		put_count(j, "bytes", in->bytes);
		close_with(j, '}');
	}
	close_with(j, ']');
}

static void write_partitions(struct json *j, const struct metrics_snapshot *s)
{
	open_member(j, "partitions", '[');
	for (size_t i = 0; i < s->partition_count; i++) {
		const struct metrics_partition *p = &s->partitions[i];

		open_object(j);
		put_text(j, "input", metrics_input_name(p->input));
		put_text(j, "topic", p->input < INPUTS ? s->inputs[p->input].topic : "");
		put_size(j, "partition", p->partition);
		put_size(j, "position", p->position);
		put_size(j, "end", p->end);
		put_size(j, "lag", p->lag);
		put_time(j, "watermark_ms", p->watermark_ms);
		put_bool(j, "at_end", p->at_end);
		put_bool(j, "idle", p->idle);
		close_with(j, '}');
	}
	close_with(j, ']');
}

static void write_dead_letters(struct json *j, const struct metrics_snapshot *s)
{
	open_member(j, "dead_letters", '[');
	for (size_t i = 0; i < INPUTS; i++)
		for (size_t r = 0; r < POISON_REASONS; r++) {
			if (s->inputs[i].dead[r] == 0)
				continue;
			open_object(j);
			put_text(j, "input", metrics_input_name((enum input)i));
			put_text(j, "reason", poison_name((enum poison)r));
			put_count(j, "count", s->inputs[i].dead[r]);
			close_with(j, '}');
		}
	close_with(j, ']');
}

static void named_count(struct json *j, const char *name, const char *label, uint64_t count)
{
	open_object(j);
	put_text(j, "name", name);
	put_text(j, "label", label);
	put_count(j, "count", count);
	close_with(j, '}');
}

/* Whether a size is something that waits, rather than something kept. */
static bool is_waiting(const char *name)
{
	return strstr(name, "waiting") != NULL || strcmp(name, "clicks_pending") == 0 ||
	       strcmp(name, "questions_open") == 0;
}

static void write_sizes(struct json *j, const struct metrics_snapshot *s, const char *member, bool waiting)
{
	open_member(j, member, '[');
#define X(field, help)                                                                                       \
	if (is_waiting(#field) == waiting)                                                                   \
		named_count(j, #field, help, s->sizes.field);
	METRICS_PIPELINE_SIZES(X)
#undef X
	close_with(j, ']');
}

static void write_counters(struct json *j, const struct metrics_snapshot *s)
{
	open_member(j, "counters", '[');
#define X(field, help) named_count(j, #field, help, s->pipeline.field);
	PIPELINE_COUNTERS(X)
#undef X
	close_with(j, ']');
}

static void write_drivers(struct json *j, const struct metrics_snapshot *s)
{
	open_member(j, "delivery", '{');
	put_count(j, "epochs", s->epochs);
	put_count(j, "epoch_failures", s->epoch_failures);
	put_quantiles(j, "commit_p50_ms", "commit_p99_ms", &s->commit_seconds);
	put_time(j, "last_commit_ms", s->last_commit_ms);
	put_size(j, "outbox_rows", s->outbox_rows);
	put_count(j, "records_produced", s->records_produced);
	put_count(j, "transactions_committed", s->transactions_committed);
	put_count(j, "transactions_aborted", s->transactions_aborted);
	put_count(j, "transactions_resolved", s->transactions_resolved);
	close_with(j, '}');
	open_member(j, "summary", '{');
	put_count(j, "requests", s->summary_requests);
	put_count(j, "answers", s->summary_answers);
	put_count(j, "failures", s->summary_failures);
	put_count(j, "retries", s->summary_retries);
	put_size(j, "in_flight", s->summary_in_flight);
	put_size(j, "queued", s->summary_queued);
	put_quantiles(j, "p50_ms", "p99_ms", &s->summary_seconds);
	put_bool(j, "circuit_open", s->summary_circuit_open);
	close_with(j, '}');
	open_member(j, "process", '{');
	put_real(j, "cpu_seconds", s->cpu_seconds);
	put_size(j, "resident_bytes", s->resident_bytes);
	put_size(j, "open_fds", s->open_fds);
	put_size(j, "database_bytes", s->database_bytes);
	put_size(j, "wal_bytes", s->wal_bytes);
	put_size(j, "disk_free_bytes", s->disk_free_bytes);
	close_with(j, '}');
}

void status_mask(struct buf *out, struct slice email)
{
	const char *at = email.len > 0 ? memrchr(email.data, '@', email.len) : NULL;

	if (at == NULL || at == email.data) {
		buf_str(out, "***");
		return;
	}
	/* A first character of several bytes is hidden too. */
	if ((unsigned char)email.data[0] < 0x80)
		buf_byte(out, (uint8_t)email.data[0]);
	buf_str(out, "***");
	buf_append(out, at, (size_t)(email.data + email.len - at));
}

static void write_target(struct json *j, const struct recent_target *t, bool show_address)
{
	struct buf masked;

	buf_init(&masked, 400);
	if (!show_address)
		status_mask(&masked, t->email);
	open_object(j);
	put_time(j, "time_ms", t->activity_ms);
	put_time(j, "emitted_ms", t->emitted_ms);
	put_slice(j, "who", show_address ? t->email : buf_view(&masked));
	put_slice(j, "what", t->hotel_name);
	put_slice(j, "where", t->hotel_city);
	put_slice(j, "id", t->hotel_id);
	open_member(j, "similar", '[');
	for (size_t i = 0; i < t->similar_kept; i++) {
		buf_str(j->out, i > 0 ? "," : "");
		buf_json_string(j->out, t->similar[i]);
	}
	close_with(j, ']');
	put_count(j, "similar_more", t->similar_count - t->similar_kept);
	put_count(j, "reviews", t->review_count);
	put_slice(j, "text", t->summary);
	close_with(j, '}');
	buf_release(&masked);
}

int status_write(struct buf *out, const struct metrics_snapshot *s, const struct health_verdict *health,
		 const struct recent_targets *recent, const struct status_options *options)
{
	struct json j = {.out = out, .first = true};

	open_object(&j);
	write_head(&j, s);
	write_health(&j, health);
	open_member(&j, "flow", '[');
	write_flow_clicks(&j, s);
	write_flow_targets(&j, s);
	close_with(&j, ']');
	write_inputs(&j, s);
	write_partitions(&j, s);
	write_sizes(&j, s, "waiting", true);
	write_sizes(&j, s, "kept", false);
	write_dead_letters(&j, s);
	write_counters(&j, s);
	write_drivers(&j, s);
	put_text(&j, "latest_title", "Latest targets");
	open_member(&j, "latest", '[');
	for (size_t i = 0; i < recent->count; i++)
		write_target(&j, recent_targets_get(recent, i), options->show_addresses);
	close_with(&j, ']');
	close_with(&j, '}');
	buf_byte(out, '\n');
	return buf_failed(out) ? -1 : 0;
}
