/* What comes out of the pipeline: outputs, questions, erasures. */

#include "test/scenario/story.h"

#include "test/scenario/calendar.h"

#include <stdlib.h>

static const struct heard_shape shapes[OUTPUTS] = {
	[OUTPUT_SUMMARY] = {"target",
			    {"email", "hotel", "time", "name", "city", "reviews", "summary"},
			    3,
			    true},
	[OUTPUT_SIMILAR] = {"target-similar",
			    {"email", "hotel", "time", "name", "city", "amenities"},
			    3,
			    true},
	[OUTPUT_REVIEWS] = {"target-reviews",
			    {"email", "hotel", "time", "name", "city", "amenities", "reviews"},
			    3,
			    true},
	[OUTPUT_BOOKINGS] = {"hotel-booking",
			     {"id", "email", "hotel", "name", "city", "country", "in", "out", "price"},
			     3,
			     false},
	[OUTPUT_CATALOG] = {"catalog", {"hotel", "name", "description", "city", "country"}, 1, false},
};

const struct heard_shape *heard_shape(enum output_topic topic)
{
	return &shapes[topic];
}

static struct value text_value(struct slice s)
{
	return (struct value){.kind = VALUE_STRING, .s = s};
}

static bool has_bytes(const struct value *v)
{
	return v->kind == VALUE_STRING || v->kind == VALUE_BYTES;
}

static char *take_bytes(struct value *v, char *to)
{
	if (!has_bytes(v) || v->s.len == 0)
		return to;
	memcpy(to, v->s.data, v->s.len);
	v->s.data = to;
	return to + v->s.len;
}

/* Makes the values own what they show. */
static void own_bytes(struct heard *h)
{
	size_t size = 1;
	char *to;

	for (int i = 0; i < HEARD_MAX_FIELDS; i++)
		size += has_bytes(&h->fields[i]) ? h->fields[i].s.len : 0;
	for (size_t i = 0; i < h->similar_count; i++)
		size += has_bytes(&h->similar[i]) ? h->similar[i].s.len : 0;
	h->bytes = to = malloc(size);
	if (!to)
		abort();
	for (int i = 0; i < HEARD_MAX_FIELDS; i++)
		to = take_bytes(&h->fields[i], to);
	for (size_t i = 0; i < h->similar_count; i++)
		to = take_bytes(&h->similar[i], to);
}

static void hear_target(struct story *s, struct heard *h, enum output_topic topic,
			const struct target_view *t)
{
	int64_t deadline = t->activity_time.ms + s->config.window;

	h->fields[0] = text_value(t->email);
	h->fields[1] = text_value(t->hotel_id);
	h->fields[2] = (struct value){.kind = VALUE_LONG, .unit = UNIT_MILLIS, .i = t->activity_time.ms};
	h->fields[3] = text_value(t->hotel_name);
	h->fields[4] = t->hotel_city;
	if (topic == OUTPUT_SUMMARY) {
		h->fields[5] = text_value(t->reviews);
		h->fields[6] = text_value(t->summary);
	} else {
		h->fields[5] = t->hotel_amenities;
		if (topic == OUTPUT_REVIEWS)
			h->fields[6] = text_value(t->reviews);
	}
	if (t->similar_count > HEARD_MAX_SIMILAR)
		abort();
	h->similar_count = t->similar_count;
	for (size_t i = 0; i < t->similar_count; i++)
		h->similar[i] = t->similar[i];
	if (pipeline_watermark(s->pipeline).ms <= deadline)
		story_fail(s, "a target came before the watermark was past its deadline");
}

static void hear_booking(struct heard *h, const struct booking_view *b)
{
	h->fields[0] = text_value(b->booking_id);
	h->fields[1] = text_value(b->email);
	h->fields[2] = text_value(b->hotel_id);
	h->fields[3] = b->hotel_name;
	h->fields[4] = b->city;
	h->fields[5] = b->country;
	h->fields[6] = b->check_in;
	h->fields[7] = b->check_out;
	h->fields[8] = b->price;
}

static void hear_catalog(struct heard *h, const struct catalog_view *c)
{
	h->fields[0] = text_value(c->hotel_id);
	h->fields[1] = c->name;
	h->fields[2] = c->description;
	h->fields[3] = c->city;
	h->fields[4] = c->country;
}

static void see_target(struct story *s, struct hash_id id)
{
	for (size_t i = 0; i < s->seen_count; i++) {
		if (hash_id_equal(s->seen[i].id, id))
			story_fail(s, "the same target came twice");
	}
	s->seen = realloc(s->seen, (s->seen_count + 1) * sizeof(*s->seen));
	if (!s->seen)
		abort();
	s->seen[s->seen_count++] = (struct seen){.id = id};
}

static void queue_push(struct queue *q, struct heard *h)
{
	own_bytes(h);
	if (q->count == q->cap) {
		q->cap = q->cap ? q->cap * 2 : 16;
		q->items = realloc(q->items, q->cap * sizeof(*q->items));
		if (!q->items)
			abort();
	}
	q->items[q->count++] = *h;
}

static void on_emit(void *ctx, const struct output *output)
{
	struct story *s = ctx;
	struct heard h = {.id = output->id};
	bool filler = false;

	switch (output->topic) {
	case OUTPUT_SUMMARY:
	case OUTPUT_SIMILAR:
	case OUTPUT_REVIEWS: hear_target(s, &h, output->topic, &output->target); break;
	case OUTPUT_BOOKINGS:
		hear_booking(&h, &output->booking);
		filler = slice_is(output->booking.email, STORY_FILLER);
		break;
	case OUTPUT_CATALOG: hear_catalog(&h, &output->catalog); break;
	case OUTPUTS: abort();
	}
	if (!s->config.outputs[output->topic])
		story_fail(s, "a record for %s, which is switched off", shapes[output->topic].word);
	if (output->topic == OUTPUT_SUMMARY)
		see_target(s, output->id);
	if (s->watched[output->topic] && !filler)
		queue_push(&s->heard[output->topic], &h);
}

static void on_ask(void *ctx, const struct question *question)
{
	struct story *s = ctx;
	struct asked *q = NULL;

	for (size_t i = 0; i < s->asked_count; i++) {
		if (!hash_id_equal(s->asked[i].hash, question->hash))
			continue;
		q = &s->asked[i];
		if (q->this_life && (!q->answered || s->config.answer_cache > s->asked_count))
			story_fail(s, "the same question was asked twice in one life");
		else if (!s->restart_everywhere || q->answered)
			q->expected = false;
	}
	if (!q) {
		s->asked = realloc(s->asked, (s->asked_count + 1) * sizeof(*s->asked));
		if (!s->asked)
			abort();
		q = &s->asked[s->asked_count++];
		*q = (struct asked){.hash = question->hash, .count = question->count};
		q->texts = calloc(question->count + 1, sizeof(*q->texts));
		if (!q->texts)
			abort();
		for (size_t i = 0; i < question->count; i++)
			q->texts[i] = slice_make(slice_dup(question->reviews[i]), question->reviews[i].len);
	}
	q->this_life = true;
	q->answered = false;
	if (s->model == MODEL_INSTANT)
		story_answer_all(s);
}

static void on_erase(void *ctx, struct slice email)
{
	struct story *s = ctx;

	s->erased = realloc(s->erased, (s->erased_count + 1) * sizeof(*s->erased));
	if (!s->erased)
		abort();
	s->erased[s->erased_count++] = slice_dup(email);
}

int story_answer(struct story *s, struct asked *q, struct slice summary)
{
	q->answered = true;
	q->expected = true;
	pipeline_answer(s->pipeline, q->hash, summary);
	return 0;
}

/* The model of the stories: "Guests liked: a + b". */
void story_answer_all(struct story *s)
{
	for (size_t i = 0; i < s->asked_count; i++) {
		struct asked *q = &s->asked[i];
		struct buf text;

		if (q->answered || !q->this_life)
			continue;
		buf_init(&text, 1 << 20);
		buf_str(&text, "Guests liked: ");
		for (size_t k = 0; k < q->count; k++) {
			buf_str(&text, k ? " + " : "");
			buf_slice(&text, q->texts[k]);
		}
		story_answer(s, q, buf_view(&text));
		buf_release(&text);
	}
}

void value_print(FILE *to, const struct value *v)
{
	switch (v->kind) {
	case VALUE_ABSENT: fputs("absent", to); break;
	case VALUE_NULL: fputs("null", to); break;
	case VALUE_STRING: fprintf(to, "\"" SLICE_FMT "\"", SLICE_ARG(v->s)); break;
	case VALUE_LONG: fprintf(to, "long:%lld", (long long)v->i); break;
	case VALUE_DOUBLE: fprintf(to, "double:%.17g", v->d); break;
	case VALUE_BOOL: fprintf(to, "bool:%s", v->i ? "true" : "false"); break;
	case VALUE_BYTES:
		fputs("bytes:", to);
		for (size_t i = 0; i < v->s.len; i++)
			fprintf(to, "%02x", (unsigned char)v->s.data[i]);
		break;
	default: fprintf(to, "(kind %d)", v->kind);
	}
}

/* Units are not compared: an output's column has one anyway. */
bool value_same(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case VALUE_STRING:
	case VALUE_BYTES: return slice_equal(a->s, b->s);
	case VALUE_DOUBLE: return !(a->d < b->d) && !(a->d > b->d);
	case VALUE_LONG:
	case VALUE_BOOL: return a->i == b->i;
	default: return true;
	}
}

void heard_print(FILE *to, const struct story *s, enum output_topic topic, const struct heard *h)
{
	const struct heard_shape *shape = heard_shape(topic);
	char when[CALENDAR_TEXT_SIZE];

	(void)s;
	fprintf(to, "%s", shape->word);
	for (int i = 0; shape->fields[i]; i++) {
		fprintf(to, " %s=", shape->fields[i]);
		if (strcmp(shape->fields[i], "time") == 0) {
			calendar_text(h->fields[i].i, when);
			fputs(when, to);
		} else {
			value_print(to, &h->fields[i]);
		}
	}
	if (!shape->has_similar)
		return;
	fputs(" similar=[", to);
	for (size_t i = 0; i < h->similar_count; i++) {
		fputs(i ? "," : "", to);
		value_print(to, &h->similar[i]);
	}
	fputc(']', to);
}

void heard_remove(struct queue *q, size_t index)
{
	free(q->items[index].bytes);
	memmove(&q->items[index], &q->items[index + 1], (q->count - index - 1) * sizeof(*q->items));
	q->count--;
}

void story_ports_init(struct story *s)
{
	s->ports = (struct pipeline_ports){.ctx = s, .emit = on_emit, .ask = on_ask, .erase = on_erase};
	s->watched[OUTPUT_SUMMARY] = true;
}

void story_ports_release(struct story *s)
{
	for (int t = 0; t < OUTPUTS; t++) {
		while (s->heard[t].count)
			heard_remove(&s->heard[t], s->heard[t].count - 1);
		free(s->heard[t].items);
	}
	for (size_t i = 0; i < s->asked_count; i++) {
		for (size_t k = 0; k < s->asked[i].count; k++)
			free((char *)s->asked[i].texts[k].data);
		free(s->asked[i].texts);
	}
	free(s->asked);
	free(s->seen);
	for (size_t i = 0; i < s->erased_count; i++)
		free(s->erased[i]);
	free(s->erased);
}
