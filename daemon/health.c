#include "daemon/health.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* At most this many partitions are named; a broken cluster has hundreds. */
#define STUCK_NAMED 8

const char *life_state_name(enum life_state state)
{
	switch (state) {
	case LIFE_STARTING: return "starting";
	case LIFE_RUNNING: return "running";
	case LIFE_DRAINING: return "draining";
	case LIFE_STOPPED: return "stopped";
	case LIFE_STATES: break;
	}
	return "unknown";
}

void health_defaults(struct health_limits *limits)
{
	*limits = (struct health_limits){
		.progress_ms = 60000,
		.broker_ms = 60000,
		.commit_ms = 60000,
		.publish_ms = 60000,
		.tick_ms = 10000,
		.disk_percent = 5,
	};
}

static void add(struct health_verdict *v, enum health_status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add(struct health_verdict *v, enum health_status status, const char *fmt, ...)
{
	va_list args;

	if (status == HEALTH_FAIL)
		v->ready = false;
	if (v->count == HEALTH_MAX_CHECKS)
		return;
	v->checks[v->count].status = status;
	va_start(args, fmt);
	vsnprintf(v->checks[v->count].text, HEALTH_TEXT_MAX, fmt, args);
	va_end(args);
	v->count++;
}

/* Whole seconds from then until now; a time that did not happen is as long ago as the start. */
static int64_t age_s(const struct health_input *in, int64_t then_ms)
{
	return (in->now_ms - (then_ms == HEALTH_NEVER ? in->started_ms : then_ms)) / 1000;
}

static bool older(const struct health_input *in, int64_t then_ms, int64_t limit_ms)
{
	return in->now_ms - (then_ms == HEALTH_NEVER ? in->started_ms : then_ms) > limit_ms;
}

static void check_loop(const struct health_input *in, const struct health_limits *limits,
		       struct health_verdict *v)
{
	v->live = !older(in, in->tick_ms, limits->tick_ms);
	if (v->live)
		add(v, HEALTH_OK, "loop ok");
	else
		add(v, HEALTH_FAIL, "loop stuck: no tick for %" PRId64 " s", age_s(in, in->tick_ms));
}

static void check_life(const struct health_input *in, struct health_verdict *v)
{
	add(v, in->life == LIFE_RUNNING ? HEALTH_OK : HEALTH_FAIL, "state %s", life_state_name(in->life));
}

static void check_kafka(const struct health_input *in, const struct health_limits *limits,
			struct health_verdict *v)
{
	if (!older(in, in->broker_answered_ms, limits->broker_ms))
		add(v, HEALTH_OK, "kafka ok");
	else if (in->broker_answered_ms == HEALTH_NEVER)
		add(v, HEALTH_FAIL, "kafka failed: no broker has answered in %" PRId64 " s",
		    age_s(in, in->broker_answered_ms));
	else
		add(v, HEALTH_FAIL, "kafka failed: no answer for %" PRId64 " s",
		    age_s(in, in->broker_answered_ms));
}

static bool has_lag(const struct health_partition *p)
{
	return p->end < 0 || p->position < p->end; /* not knowing the end is no sign of rest */
}

static void name_stuck(const struct health_input *in, const struct health_partition *p,
		       struct health_verdict *v)
{
	char lag[32] = "unknown";

	if (p->end >= 0)
		snprintf(lag, sizeof(lag), "%" PRId64, p->end - p->position);
	add(v, HEALTH_FAIL, "partition %.80s/%" PRId32 " stuck: no progress for %" PRId64 " s, lag %s",
	    p->topic, p->partition, age_s(in, p->progress_ms), lag);
}

static void check_partitions(const struct health_input *in, const struct health_limits *limits,
			     struct health_verdict *v)
{
	size_t stuck = 0;

	for (size_t i = 0; i < in->partition_count; i++) {
		const struct health_partition *p = &in->partitions[i];

		if (!has_lag(p) || !older(in, p->progress_ms, limits->progress_ms))
			continue;
		if (++stuck <= STUCK_NAMED)
			name_stuck(in, p, v);
	}
	if (stuck > STUCK_NAMED)
		add(v, HEALTH_FAIL, "partitions stuck: %zu more of %zu", stuck - STUCK_NAMED,
		    in->partition_count);
	if (stuck == 0)
		add(v, HEALTH_OK, "partitions ok: %zu", in->partition_count);
}

static void check_delivery(const struct health_input *in, const struct health_limits *limits,
			   struct health_verdict *v)
{
	if (in->commit_trouble != NULL && in->commit_trouble[0] != '\0')
		add(v, HEALTH_FAIL, "checkpoint failed: %.200s", in->commit_trouble);
	else if (in->oldest_waiting_ms != HEALTH_NEVER && older(in, in->oldest_waiting_ms, limits->commit_ms))
		add(v, HEALTH_FAIL,
		    "checkpoint stuck: an epoch waits since %" PRId64 " s, last commit %" PRId64 " s ago",
		    age_s(in, in->oldest_waiting_ms), age_s(in, in->committed_ms));
	else
		add(v, HEALTH_OK, "checkpoint ok");
	if (in->outbox_waiting_ms != HEALTH_NEVER && older(in, in->outbox_waiting_ms, limits->publish_ms))
		add(v, HEALTH_FAIL, "delivery stuck: a result waits for Kafka since %" PRId64 " s",
		    age_s(in, in->outbox_waiting_ms));
	else
		add(v, HEALTH_OK, "delivery ok");
}

static void check_disk(const struct health_input *in, const struct health_limits *limits,
		       struct health_verdict *v)
{
	if (in->disk_total <= 0)
		return;
	if (in->disk_free / 100 < in->disk_total / 10000 * limits->disk_percent)
		add(v, HEALTH_FAIL, "disk full: %" PRId64 " MiB free, less than %d %%", in->disk_free >> 20,
		    limits->disk_percent);
	else
		add(v, HEALTH_OK, "disk ok");
}

static void check_service(const struct health_input *in, const char *name, const struct health_service *s,
			  const char *effect, struct health_verdict *v)
{
	if (!s->configured)
		return;
	if (s->failing_since_ms == HEALTH_NEVER)
		add(v, HEALTH_OK, "%s ok", name);
	else
		add(v, HEALTH_WARN, "%s failing for %" PRId64 " s%s%.120s; %s", name,
		    age_s(in, s->failing_since_ms), s->reason ? ": " : "", s->reason ? s->reason : "",
		    effect);
}

void health_judge(const struct health_input *in, const struct health_limits *limits,
		  struct health_verdict *out)
{
	out->ready = true;
	out->count = 0;
	check_loop(in, limits, out);
	check_life(in, out);
	check_kafka(in, limits, out);
	check_partitions(in, limits, out);
	check_delivery(in, limits, out);
	check_disk(in, limits, out);
	if (in->rebuilding)
		add(out, HEALTH_WARN, "rebuilding: results that are published already are left out");
	if (in->unreplayable > 0)
		add(out, HEALTH_WARN,
		    "%" PRId64 " partitions no longer hold what a rebuild of the database would need: back "
		    "it up, or keep the inputs longer",
		    in->unreplayable);
	check_service(in, "model", &in->model, "targets wait for their summary", out);
	check_service(in, "schema registry", &in->registry, "known schemas are still decoded", out);
}

static void put_line(struct buf *out, const struct health_check *check)
{
	static const char *const marks[] = {
		[HEALTH_OK] = "[+]", [HEALTH_WARN] = "[!]", [HEALTH_FAIL] = "[-]"};

	buf_printf(out, "%s%s\n", marks[check->status], check->text);
}

void health_text_ready(struct buf *out, const struct health_verdict *v, bool verbose)
{
	if (v->ready && !verbose) {
		buf_str(out, "ok\n");
		return;
	}
	for (size_t i = 0; i < v->count; i++)
		if (verbose || v->checks[i].status == HEALTH_FAIL)
			put_line(out, &v->checks[i]);
	buf_str(out, v->ready ? "ready\n" : "not ready\n");
}

void health_text_live(struct buf *out, const struct health_verdict *v, bool verbose)
{
	if (v->live && !verbose) {
		buf_str(out, "ok\n");
		return;
	}
	if (v->count > 0) /* the first check is the loop */
		put_line(out, &v->checks[0]);
	buf_str(out, v->live ? "alive\n" : "not alive\n");
}
