#include "daemon/status.h"

#include "daemon/status_json.h"

#include <inttypes.h>

static void write_head(struct json *j, const struct metrics_snapshot *s)
{
	json_text(j, "service", "riverd");
	json_text(j, "title", "River Hotels: abandoned booking clicks");
	json_text(j, "version", s->version);
	json_text(j, "revision", s->revision);
	json_text(j, "state", s->state);
	json_bool(j, "ready", s->ready);
	json_time(j, "now_ms", s->now_ms);
	json_time(j, "started_ms", s->start_time_ms);
	json_time(j, "watermark_ms", s->watermark_ms);
	json_text(j, "model", s->model);
}

static void write_health(struct json *j, const struct health_verdict *health)
{
	static const char *const names[] = {
		[HEALTH_OK] = "ok", [HEALTH_WARN] = "warn", [HEALTH_FAIL] = "fail"};

	json_open(j, "health", '[');
	for (size_t i = 0; i < health->count; i++) {
		json_object(j);
		json_text(j, "status", names[health->checks[i].status]);
		json_text(j, "text", health->checks[i].text);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void write_inputs(struct json *j, const struct metrics_snapshot *s)
{
	json_open(j, "inputs", '[');
	for (size_t i = 0; i < INPUTS; i++) {
		const struct metrics_input *in = &s->inputs[i];

		json_object(j);
		json_text(j, "input", metrics_input_name((enum input)i));
		json_text(j, "topic", in->topic);
		json_count(j, "consumed", in->consumed);
		json_count(j, "used", in->used);
		json_count(j, "filtered", in->filtered);
		json_count(j, "late", in->late);
		json_count(j, "dead", metrics_dead(in));
		json_number(j, "unaccounted", metrics_unaccounted(in), INT64_MIN);
		json_count(j, "bytes", in->bytes);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void write_partitions(struct json *j, const struct metrics_snapshot *s)
{
	int slowest = status_slowest(s);

	json_open(j, "partitions", '[');
	for (size_t i = 0; i < s->partition_count; i++) {
		const struct metrics_partition *p = &s->partitions[i];

		json_object(j);
		json_text(j, "input", metrics_input_name(p->input));
		json_text(j, "topic", p->input < INPUTS ? s->inputs[p->input].topic : "");
		json_size(j, "partition", p->partition);
		json_size(j, "position", p->position);
		json_size(j, "end", p->end);
		json_size(j, "lag", p->lag);
		json_time(j, "watermark_ms", p->watermark_ms);
		json_bool(j, "at_end", p->at_end);
		json_bool(j, "idle", p->idle);
		json_bool(j, "slowest", slowest == (int)i);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void write_dead_letters(struct json *j, const struct metrics_snapshot *s)
{
	json_open(j, "dead_letters", '[');
	for (size_t i = 0; i < INPUTS; i++)
		for (size_t r = 0; r < POISON_REASONS; r++) {
			if (s->inputs[i].dead[r] == 0)
				continue;
			json_object(j);
			json_text(j, "input", metrics_input_name((enum input)i));
			json_text(j, "reason", poison_name((enum poison)r));
			json_text(j, "help", poison_help((enum poison)r));
			json_count(j, "count", s->inputs[i].dead[r]);
			json_close(j, '}');
		}
	json_close(j, ']');
}

static void write_counters(struct json *j, const struct metrics_snapshot *s)
{
	json_open(j, "counters", '[');
#define X(field, help) json_named(j, #field, help, s->pipeline.field);
	PIPELINE_COUNTERS(X)
#undef X
	json_close(j, ']');
}

static void write_drivers(struct json *j, const struct metrics_snapshot *s)
{
	json_open(j, "delivery", '{');
	json_count(j, "epochs", s->epochs);
	json_count(j, "epoch_failures", s->epoch_failures);
	json_quantiles(j, "commit_p50_ms", "commit_p99_ms", &s->commit_seconds);
	json_time(j, "last_commit_ms", s->last_commit_ms);
	json_quantiles(j, "publish_p50_ms", "publish_p99_ms", &s->publish_seconds);
	json_size(j, "outbox_rows", s->outbox_rows);
	json_size(j, "brokers_up", s->brokers_up);
	json_count(j, "records_produced", s->records_produced);
	json_count(j, "transactions_committed", s->transactions_committed);
	json_count(j, "transactions_aborted", s->transactions_aborted);
	json_count(j, "transactions_resolved", s->transactions_resolved);
	json_close(j, '}');
	json_open(j, "summary", '{');
	json_count(j, "requests", s->summary_requests);
	json_count(j, "answers", s->summary_answers);
	json_count(j, "failures", s->summary_failures);
	json_count(j, "retries", s->summary_retries);
	json_count(j, "rejected", s->summary_rejected);
	json_count(j, "fallbacks", s->summary_fallbacks);
	json_count(j, "asked", s->pipeline.summaries_asked);
	json_count(j, "saved", s->pipeline.summaries_reused);
	json_count(j, "tokens_in", s->summary_input_tokens);
	json_count(j, "tokens_out", s->summary_output_tokens);
	json_size(j, "in_flight", s->summary_in_flight);
	json_size(j, "queued", s->summary_queued);
	json_quantiles(j, "p50_ms", "p99_ms", &s->summary_seconds);
	json_bool(j, "circuit_open", s->summary_circuit_open);
	json_close(j, '}');
	json_open(j, "process", '{');
	json_real(j, "cpu_seconds", s->cpu_seconds);
	json_size(j, "resident_bytes", s->resident_bytes);
	json_size(j, "open_fds", s->open_fds);
	json_size(j, "database_bytes", s->database_bytes);
	json_size(j, "wal_bytes", s->wal_bytes);
	json_size(j, "disk_free_bytes", s->disk_free_bytes);
	json_close(j, '}');
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
	json_object(j);
	json_time(j, "time_ms", t->activity_ms);
	json_time(j, "emitted_ms", t->emitted_ms);
	json_slice(j, "who", show_address ? t->email : buf_view(&masked));
	json_slice(j, "what", t->hotel_name);
	json_slice(j, "where", t->hotel_city);
	json_slice(j, "id", t->hotel_id);
	json_open(j, "similar", '[');
	for (size_t i = 0; i < t->similar_kept; i++) {
		buf_str(j->out, i > 0 ? "," : "");
		buf_json_string(j->out, t->similar[i]);
	}
	json_close(j, ']');
	json_count(j, "similar_more", t->similar_count - t->similar_kept);
	json_count(j, "reviews", t->review_count);
	json_slice(j, "text", t->summary);
	json_close(j, '}');
	buf_release(&masked);
}

int status_write(struct buf *out, const struct metrics_snapshot *s, const struct health_verdict *health,
		 const struct recent_targets *recent, const struct status_options *options)
{
	struct json j = {.out = out, .first = true};

	json_object(&j);
	write_head(&j, s);
	write_health(&j, health);
	status_flow(&j, s);
	write_inputs(&j, s);
	write_partitions(&j, s);
	write_dead_letters(&j, s);
	write_counters(&j, s);
	write_drivers(&j, s);
	json_text(&j, "latest_title", "Latest targets");
	json_text(&j, "latest_empty",
		  "A booking click becomes a target when its window has passed and no booking came.");
	json_open(&j, "latest", '[');
	for (size_t i = 0; i < recent->count; i++)
		write_target(&j, recent_targets_get(recent, i), options->show_addresses);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_byte(out, '\n');
	return buf_failed(out) ? -1 : 0;
}
