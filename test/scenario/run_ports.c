/* What comes out of the pipeline in a run. */

#include "test/scenario/run_internal.h"

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_SIMILAR 64
#define TEXT_LIMIT  (1u << 16)

/* Values and slices as NUL-terminated text, in one block per output. */
struct texts {
	char *bytes;
	size_t used, size;
};

static const char *text_of(struct texts *t, struct slice s)
{
	char *at = t->bytes + t->used;

	if (t->used + s.len + 1 > t->size)
		abort();
	if (s.len)
		memcpy(at, s.data, s.len);
	at[s.len] = 0;
	t->used += s.len + 1;
	return at;
}

static const char *value_text(struct texts *t, const struct value *v)
{
	char number[64];

	switch (v->kind) {
	case VALUE_STRING: return text_of(t, v->s);
	case VALUE_LONG: snprintf(number, sizeof(number), "%lld", (long long)v->i); break;
	case VALUE_DOUBLE: snprintf(number, sizeof(number), "%.2f", v->d); break;
	case VALUE_NULL: return NULL;
	default: snprintf(number, sizeof(number), "<kind %d>", v->kind);
	}
	return text_of(t, slice_str(number));
}

static bool same_address(const struct world *w, const char *a, const char *b)
{
	return w->config.case_insensitive ? slice_equal_nocase(slice_str(a), slice_str(b))
					  : strcmp(a, b) == 0;
}

/* Nobody whose row was deleted by now, and not created again, is a target. */
static void check_not_erased(struct run *r, const char *email)
{
	struct oracle_world so_far = r->world->tables;

	so_far.customer_count = (size_t)r->now.at[INPUT_CUSTOMER][0]; /* one partition, in order */
	if (oracle_erased(&so_far, email))
		run_broken(r, "a target for %s, who was erased", email);
}

/* No booking of this customer that was consumed may lie in the interval, also
 * when an erasure dropped it and the customer was created again. */
static void check_never_booked(struct run *r, const char *email, const char *hotel, int64_t time)
{
	const struct world *w = r->world;

	for (int p = 0; p < w->partitions[INPUT_BOOKINGS]; p++) {
		for (int i = 0; i < r->now.at[INPUT_BOOKINGS][p]; i++) {
			const struct oracle_booking *b = &w->bookings[w->logs[INPUT_BOOKINGS][p].items[i]];
			bool same = same_address(w, b->email, email);

			if (w->config.match == MATCH_CUSTOMER_AND_HOTEL)
				same = same && strcmp(b->hotel_id, hotel) == 0;
			if (same && b->time >= time && b->time <= time + w->config.window)
				run_broken(r, "a target for %s at %lld, who has booking %s at %lld", email,
					   (long long)time, b->booking_id, (long long)b->time);
		}
	}
}

static void emit_target(struct run *r, struct texts *texts, const struct target_view *t)
{
	const char *similar[MAX_SIMILAR];
	struct line_target line = {
		.email = text_of(texts, t->email),
		.hotel_id = text_of(texts, t->hotel_id),
		.time = t->activity_time.ms,
		.name = text_of(texts, t->hotel_name),
		.city = value_text(texts, &t->hotel_city),
		.similar = similar,
		.similar_count = t->similar_count,
		.reviews = text_of(texts, t->reviews),
		.summary = text_of(texts, t->summary),
	};

	if (t->similar_count > MAX_SIMILAR)
		abort();
	for (size_t i = 0; i < t->similar_count; i++)
		similar[i] = value_text(texts, &t->similar[i]);
	if (!line.city)
		line.city = "<null>";
	line_target(&r->new_targets, &line);
	if (pipeline_watermark(r->pipeline).ms <= line.time + r->world->config.window)
		run_broken(r, "a target before its deadline: %s at %lld", line.email, (long long)line.time);
	check_not_erased(r, line.email);
	if (r->world->kind == WORLD_LATE)
		check_never_booked(r, line.email, line.hotel_id, line.time);
}

static void emit_booking(struct run *r, struct texts *texts, const struct booking_view *b)
{
	struct line_booking line = {
		.booking_id = text_of(texts, b->booking_id),
		.email = text_of(texts, b->email),
		.hotel_id = text_of(texts, b->hotel_id),
		.name = value_text(texts, &b->hotel_name),
		.city = value_text(texts, &b->city),
		.country = value_text(texts, &b->country),
		.check_in = value_text(texts, &b->check_in),
		.check_out = value_text(texts, &b->check_out),
		.price = value_text(texts, &b->price),
	};

	/* How a folded address is shown here is not the contract's business. */
	for (char *c = (char *)line.email; r->world->config.case_insensitive && *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
	line_booking(&r->new_bookings, &line);
}

static void on_emit(void *ctx, const struct output *output)
{
	struct run *r = ctx;
	struct texts texts = {.size = TEXT_LIMIT};

	if (!r->world->config.outputs[output->topic])
		run_broken(r, "an output of a topic that is off");
	if (output->topic != OUTPUT_SUMMARY && output->topic != OUTPUT_BOOKINGS)
		return;
	texts.bytes = malloc(texts.size);
	if (!texts.bytes)
		abort();
	if (output->topic == OUTPUT_SUMMARY)
		emit_target(r, &texts, &output->target);
	else
		emit_booking(r, &texts, &output->booking);
	free(texts.bytes);
}

static void on_ask(void *ctx, const struct question *question)
{
	struct run *r = ctx;
	struct run_question *q;
	char *texts[WORLD_MAX_REVIEWS];

	/* A small cache forgets answers; then, and only then, a question comes again. */
	for (int i = 0; i < r->question_count; i++) {
		if (!hash_id_equal(r->questions[i].hash, question->hash))
			continue;
		if (r->questions[i].open || r->world->config.answer_cache > WORLD_SMALL_CACHE)
			run_broken(r, "a question was asked twice in one life");
	}
	if (r->question_count == RUN_MAX_QUESTIONS || question->count > WORLD_MAX_REVIEWS)
		abort();
	for (size_t i = 0; i < question->count; i++)
		texts[i] = slice_dup(question->reviews[i]);
	q = &r->questions[r->question_count++];
	*q = (struct run_question){question->hash,
				   oracle_summary((const char *const *)texts, question->count), true};
	for (size_t i = 0; i < question->count; i++)
		free(texts[i]);
	if (r->pace == PACE_INSTANT)
		run_answer(r, true);
}

static void on_erase(void *ctx, struct slice email)
{
	(void)ctx;
	(void)email; /* customers come before all others, so nothing of theirs can be out yet */
}

/* Turns end anywhere. */
static bool on_enough(void *ctx)
{
	struct run *r = ctx;

	return random_below(&r->random, 4) == 0;
}

void run_answer(struct run *r, bool all)
{
	int offset = r->question_count ? (int)random_below(&r->random, (uint64_t)r->question_count) : 0;

	for (int i = 0; i < r->question_count; i++) {
		struct run_question *q = &r->questions[(i + offset) % r->question_count];

		if (!q->open || (!all && random_below(&r->random, 3) != 0))
			continue;
		q->open = false;
		pipeline_answer(r->pipeline, q->hash, slice_str(q->summary));
	}
}

void run_ports_init(struct run *r)
{
	r->ports = (struct pipeline_ports){
		.ctx = r, .emit = on_emit, .ask = on_ask, .erase = on_erase, .enough = on_enough};
}

void run_ports_release(struct run *r)
{
	for (int i = 0; i < r->question_count; i++)
		free(r->questions[i].summary);
	r->question_count = 0;
}
