#include "daemon/status_json.h"

#include <string.h>

/* ---- the stages ---- */

/* A stage of the flow; its exits follow, then stage_end(). `waiting` < 0: nothing waits here. */
struct stage {
	const char *name, *label, *help;
	uint64_t count; /* that have come as far as this */
	int64_t waiting;
	const char *waiting_label;
	int feeds; /* bits of enum input: topics that come in here */
};

#define FEEDS(input) (1 << (input))

static void stage_begin(struct json *j, const struct stage *stage)
{
	json_object(j);
	json_text(j, "name", stage->name);
	json_text(j, "label", stage->label);
	json_text(j, "help", stage->help);
	json_count(j, "count", stage->count);
	json_size(j, "waiting", stage->waiting);
	json_text(j, "waiting_label", stage->waiting_label);
	json_open(j, "feeds", '[');
	for (int i = 0; i < INPUTS; i++) {
		if ((stage->feeds & FEEDS(i)) == 0)
			continue;
		buf_printf(j->out, "%s\"%s\"", j->first ? "" : ",", metrics_input_name((enum input)i));
		j->first = false;
	}
	json_close(j, ']');
	json_open(j, "exits", '[');
}

static void leave(struct json *j, const char *label, uint64_t count)
{
	json_object(j);
	json_text(j, "label", label);
	json_count(j, "count", count);
	json_close(j, '}');
}

static void stage_end(struct json *j)
{
	json_close(j, ']');
	json_close(j, '}');
}

static void write_clicks(struct json *j, const struct metrics_snapshot *s)
{
	const struct pipeline_counters *c = &s->pipeline;

	stage_begin(j, &(struct stage){"pending", "Booking clicks",
				       "Each waits for a booking until the watermark has passed its window",
				       c->clicks_pending_added, (int64_t)s->sizes.clicks_pending,
				       "windows open", FEEDS(INPUT_CLICKSTREAM) | FEEDS(INPUT_BOOKINGS)});
	leave(j, "booked", c->clicks_booked);
	leave(j, "customer erased", c->clicks_suppressed);
	stage_end(j);
	stage_begin(j, &(struct stage){"abandoned", "Abandoned", "No booking came in time: a target",
				       c->clicks_abandoned, -1, "", FEEDS(INPUT_CUSTOMER)});
	leave(j, "customer erased", c->targets_erased);
	stage_end(j);
}

static void write_targets(struct json *j, const struct metrics_snapshot *s)
{
	const struct pipeline_counters *c = &s->pipeline;
	uint64_t hotel = c->targets_dropped_no_hotel + s->sizes.targets_waiting_hotel;

	/* Erased targets may have been at any later stage, so this can be off by those. */
	stage_begin(j, &(struct stage){"hotel", "Hotel joined",
				       "The target's hotel, and others like it in its city",
				       c->clicks_abandoned > hotel ? c->clicks_abandoned - hotel : 0,
				       (int64_t)s->sizes.targets_waiting_hotel, "wait for hotel",
				       FEEDS(INPUT_HOTEL)});
	leave(j, "hotel unknown", c->targets_dropped_no_hotel);
	leave(j, "no recent review", c->targets_dropped_no_reviews);
	stage_end(j);
	stage_begin(j, &(struct stage){"summary", "Summarised",
				       "One model call for each distinct set of reviews",
				       c->summaries_asked + c->summaries_reused,
				       (int64_t)s->sizes.targets_waiting_answer, "wait for summary",
				       FEEDS(INPUT_REVIEWS)});
	leave(j, "questions asked", c->summaries_asked);
	leave(j, "calls saved", c->summaries_reused);
	stage_end(j);
	stage_begin(j, &(struct stage){"out", "Delivered", "Exactly one record for each target",
				       c->targets_emitted, s->outbox_rows, "wait for Kafka", 0});
	leave(j, "HOTEL_BOOKINGS", c->bookings_emitted);
	leave(j, "HOTEL_CATALOG", c->catalog_emitted);
	stage_end(j);
}

/* ---- what waits, and why ---- */

int status_slowest(const struct metrics_snapshot *s)
{
	int slowest = -1, candidates = 0;

	for (size_t i = 0; i < s->partition_count; i++) {
		const struct metrics_partition *p = &s->partitions[i];

		if (p->idle || (p->input != INPUT_CLICKSTREAM && p->input != INPUT_BOOKINGS))
			continue;
		candidates++;
		if (slowest < 0 || p->watermark_ms < s->partitions[slowest].watermark_ms)
			slowest = (int)i;
	}
	return candidates > 1 ? slowest : -1;
}

static void why_pending(struct buf *to, const struct metrics_snapshot *s)
{
	int slowest = status_slowest(s);

	buf_str(to, "each until the watermark is past its window");
	if (slowest >= 0)
		buf_printf(to, "; it follows %s / %d", s->inputs[s->partitions[slowest].input].topic,
			   (int)s->partitions[slowest].partition);
}

static void why_summary(struct buf *to, const struct metrics_snapshot *s)
{
	if (s->summary_circuit_open)
		buf_str(to, "the model fails and is left alone for a while");
	else if (s->summary_in_flight > 0 || s->summary_queued > 0)
		buf_printf(to, "%lld at the model, %lld queued or to be tried again",
			   (long long)s->summary_in_flight, (long long)s->summary_queued);
	else
		buf_str(to, "their answer is stored first");
}

/* `name` is a field of struct pipeline_sizes, or "outbox". */
static void why(struct buf *to, const char *name, const struct metrics_snapshot *s)
{
	if (strcmp(name, "clicks_pending") == 0)
		why_pending(to, s);
	else if (strcmp(name, "targets_waiting_answer") == 0 || strcmp(name, "questions_open") == 0)
		why_summary(to, s);
	else if (strstr(name, "waiting_hotel") != NULL)
		buf_str(to, "the hotel has not come yet; given up after hotel.grace");
	else if (strcmp(name, "reviews_waiting_booking") == 0)
		buf_str(to, "they name a booking that has not come yet");
	else
		buf_str(to, s->ready ? "the next transaction" : "Kafka has not confirmed them");
}

static void waits(struct json *j, const char *name, const char *label, uint64_t count,
		  const struct metrics_snapshot *s)
{
	struct buf reason;

	buf_init(&reason, 1024);
	if (count > 0)
		why(&reason, name, s);
	json_object(j);
	json_text(j, "name", name);
	json_text(j, "label", label);
	json_count(j, "count", count);
	json_slice(j, "why", buf_view(&reason));
	json_close(j, '}');
	buf_release(&reason);
}

/* Whether a size is something that waits, rather than something kept. */
static bool is_waiting(const char *name)
{
	return strstr(name, "waiting") != NULL || strcmp(name, "clicks_pending") == 0 ||
	       strcmp(name, "questions_open") == 0;
}

static void write_sizes(struct json *j, const struct metrics_snapshot *s)
{
	json_open(j, "waiting", '[');
#define X(field, help)                                                                                       \
	if (is_waiting(#field))                                                                              \
		waits(j, #field, help, s->sizes.field, s);
	METRICS_PIPELINE_SIZES(X)
#undef X
	waits(j, "outbox", "results that wait for Kafka", s->outbox_rows > 0 ? (uint64_t)s->outbox_rows : 0,
	      s);
	json_close(j, ']');
	json_open(j, "kept", '[');
#define X(field, help)                                                                                       \
	if (!is_waiting(#field))                                                                             \
		json_named(j, #field, help, s->sizes.field);
	METRICS_PIPELINE_SIZES(X)
#undef X
	json_close(j, ']');
}

void status_flow(struct json *j, const struct metrics_snapshot *s)
{
	json_open(j, "flow", '[');
	write_clicks(j, s);
	write_targets(j, s);
	json_close(j, ']');
	write_sizes(j, s);
}
