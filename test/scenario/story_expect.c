/* Lines that say what must be so. */

#include "test/scenario/story.h"

#include "test/scenario/calendar.h"

#include <stdlib.h>

/* What an expectation says of an output: only the fields that it names. */
struct wanted {
	enum output_topic topic;
	bool named[HEARD_MAX_FIELDS];
	struct value fields[HEARD_MAX_FIELDS];
	bool has_similar;
	struct value similar[HEARD_MAX_SIMILAR];
	int similar_count;
};

static int want_field(struct words *w, struct wanted *want, int field, struct slice word)
{
	struct value *v = &want->fields[field];

	want->named[field] = true;
	if (strcmp(heard_shape(want->topic)->fields[field], "time") == 0) {
		*v = (struct value){.kind = VALUE_LONG};
		return word_instant(w, word, &v->i);
	}
	return word_value(w, word, v);
}

static int want_pair(struct words *w, struct wanted *want, struct slice key, struct slice value)
{
	const struct heard_shape *shape = heard_shape(want->topic);

	if (slice_is(key, "similar") && shape->has_similar) {
		want->has_similar = true;
		want->similar_count = word_list(w, value, want->similar, HEARD_MAX_SIMILAR);
		return want->similar_count < 0 ? -1 : 0;
	}
	for (int i = 0; shape->fields[i]; i++) {
		if (slice_is(key, shape->fields[i]))
			return want_field(w, want, i, value);
	}
	return -1;
}

static int want_output(struct story *s, struct words *w, struct wanted *want)
{
	const struct heard_shape *shape = heard_shape(want->topic);
	struct slice word, key, value;
	int position = 0, done;

	while ((word = words_next(w)).data) {
		if (word_pair(word, &key, &value) == 0)
			done = want_pair(w, want, key, value);
		else
			done = position < shape->positional ? want_field(w, want, position++, word) : -1;
		if (done < 0)
			return story_fail(s, "what is " SLICE_FMT "?", SLICE_ARG(word));
	}
	return 0;
}

static bool matches(const struct wanted *want, const struct heard *h)
{
	for (int i = 0; i < HEARD_MAX_FIELDS; i++) {
		if (want->named[i] && !value_same(&want->fields[i], &h->fields[i]))
			return false;
	}
	if (!want->has_similar)
		return true;
	if ((size_t)want->similar_count != h->similar_count)
		return false;
	for (size_t i = 0; i < h->similar_count; i++) {
		if (!value_same(&want->similar[i], &h->similar[i]))
			return false;
	}
	return true;
}

static void print_queue(const struct story *s, enum output_topic topic)
{
	const struct queue *q = &s->heard[topic];

	for (size_t i = 0; i < q->count; i++) {
		fputs("    came: ", stdout);
		heard_print(stdout, s, topic, &q->items[i]);
		fputc('\n', stdout);
	}
	if (q->count == 0)
		printf("    came: no %s\n", heard_shape(topic)->word);
}

/* The next of its topic, or with `somewhere` any that waits. */
static int expect_output(struct story *s, struct words *w, enum output_topic topic, bool somewhere)
{
	struct wanted want = {.topic = topic};
	struct queue *q = &s->heard[topic];

	if (!s->watched[topic])
		return story_fail(s, "this topic is not watched");
	if (want_output(s, w, &want) < 0)
		return -1;
	for (size_t i = 0; i < q->count && (i == 0 || somewhere); i++) {
		if (!matches(&want, &q->items[i]))
			continue;
		heard_remove(q, i);
		return 1;
	}
	story_fail(s, somewhere ? "no such output among those that wait" : "the next output is another one");
	print_queue(s, topic);
	return -1;
}

static int expect_none(struct story *s, enum output_topic topic)
{
	if (s->heard[topic].count == 0)
		return 1;
	story_fail(s, "expected no %s", heard_shape(topic)->word);
	print_queue(s, topic);
	return -1;
}

static int expect_nothing(struct story *s)
{
	for (int t = 0; t < OUTPUTS; t++) {
		if (s->watched[t] && expect_none(s, (enum output_topic)t) < 0)
			return -1;
	}
	return 1;
}

static int expect_number(struct story *s, struct slice name, int64_t expected, uint64_t came)
{
	if ((uint64_t)expected == came)
		return 1;
	return story_fail(s, SLICE_FMT ": expected %lld, is %llu", SLICE_ARG(name), (long long)expected,
			  (unsigned long long)came);
}

static int expect_counter(struct story *s, struct words *w)
{
	struct slice name = words_next(w);
	int64_t n;

	if (word_number(words_next(w), &n) < 0)
		return story_fail(s, "counter NAME NUMBER");
#define X(counter, help)                                                                                     \
	if (slice_is(name, #counter))                                                                        \
		return expect_number(s, name, n, s->before.counter + pipeline_counters(s->pipeline)->counter);
	PIPELINE_COUNTERS(X)
#undef X
	return story_fail(s, "no such counter: " SLICE_FMT, SLICE_ARG(name));
}

static int expect_asked(struct story *s, struct words *w)
{
	int64_t n;

	if (word_number(words_next(w), &n) < 0)
		return story_fail(s, "questions-asked NUMBER");
	return expect_number(s, SLICE_LITERAL("summaries_asked"), n,
			     s->before.summaries_asked + pipeline_counters(s->pipeline)->summaries_asked);
}

#define SIZES(X)                                                                                             \
	X(clicks_pending)                                                                                    \
	X(clicks_decided_kept)                                                                               \
	X(bookings_kept)                                                                                     \
	X(targets_waiting_hotel)                                                                             \
	X(targets_waiting_answer)                                                                            \
	X(bookings_waiting_hotel)                                                                            \
	X(hotels)                                                                                            \
	X(customers) X(reviews) X(reviews_waiting_booking) X(booking_hotels) X(answers) X(questions_open)

static int expect_size(struct story *s, struct words *w)
{
	struct slice name = words_next(w);
	struct pipeline_sizes sizes;
	int64_t n;

	if (word_number(words_next(w), &n) < 0)
		return story_fail(s, "size NAME NUMBER");
	pipeline_sizes(s->pipeline, &sizes);
#define X(size)                                                                                              \
	if (slice_is(name, #size))                                                                           \
		return expect_number(s, name, n, sizes.size);
	SIZES(X)
#undef X
	return story_fail(s, "no such size: " SLICE_FMT, SLICE_ARG(name));
}

static int expect_rows(struct story *s, struct words *w)
{
	struct slice name = words_next(w);
	int table = image_find(&s->image, name);
	int64_t n;

	if (table < 0)
		return story_fail(s, "no such table: " SLICE_FMT, SLICE_ARG(name));
	if (word_number(words_next(w), &n) < 0)
		return story_fail(s, "rows TABLE NUMBER");
	return expect_number(s, name, n, s->image.data[table].count);
}

/* forgotten EMAIL: no cell of the durable image shows it. */
static int expect_forgotten(struct story *s, struct words *w)
{
	struct slice email = words_next(w);

	for (int t = 0; t < s->image.table_count; t++) {
		for (size_t i = 0; i < s->image.data[t].count; i++) {
			for (int c = 0; c < s->image.tables[t].columns; c++) {
				const struct cell *cell = &s->image.data[t].rows[i].cells[c];

				if ((cell->type == CELL_TEXT || cell->type == CELL_BLOB) && cell->s.len > 0 &&
				    memmem(cell->s.data, cell->s.len, email.data, email.len))
					return story_fail(s, "table %s still shows " SLICE_FMT,
							  s->image.tables[t].name, SLICE_ARG(email));
			}
		}
	}
	return 1;
}

static int expect_watermark(struct story *s, struct words *w)
{
	int64_t expected, came = pipeline_watermark(s->pipeline).ms;
	char text[CALENDAR_TEXT_SIZE];

	if (words_take(w, "none"))
		return came == EVENT_TIME_MIN.ms ? 1 : story_fail(s, "there is a watermark already");
	if (word_instant(w, words_next(w), &expected) < 0)
		return story_fail(s, "watermark TIME, or watermark none");
	calendar_text(came, text);
	return came == expected ? 1 : story_fail(s, "the watermark is %s", came < 0 ? "none" : text);
}

/* question "TEXT"...: the oldest that no line has taken; it stays open. */
static int expect_question(struct story *s, struct words *w)
{
	struct asked *q = NULL;
	struct value text;
	size_t at = 0;

	for (size_t i = 0; i < s->asked_count && !q; i++) {
		if (!s->asked[i].expected)
			q = &s->asked[i];
	}
	if (!q)
		return story_fail(s, "no question was asked");
	q->expected = true;
	while (words_peek(w).data) {
		if (word_value(w, words_next(w), &text) < 0)
			return story_fail(s, "not a text");
		if (at == q->count || !slice_equal(text.s, q->texts[at]))
			return story_fail(s, "the question's text %zu is another one", at + 1);
		at++;
	}
	return at == q->count ? 1 : story_fail(s, "the question has more texts: %zu", q->count);
}

static int expect_no_question(struct story *s)
{
	for (size_t i = 0; i < s->asked_count; i++) {
		if (!s->asked[i].expected)
			return story_fail(s, "a question was asked: " SLICE_FMT,
					  SLICE_ARG(s->asked[i].texts[0]));
	}
	return 1;
}

static int expect_erased(struct story *s, struct words *w)
{
	struct slice email = words_next(w);

	for (size_t i = 0; i < s->erased_count; i++) {
		if (slice_is(email, s->erased[i]))
			return 1;
	}
	return story_fail(s, "no order to erase " SLICE_FMT, SLICE_ARG(email));
}

/* records used=3 filtered=1: how many went where since the story began. */
static int expect_records(struct story *s, struct words *w)
{
	static const char *const names[] = {"used", "filtered", "late", "dead"};
	struct slice word, key, value;
	int64_t n;

	while ((word = words_next(w)).data) {
		int d = 0;

		if (word_pair(word, &key, &value) < 0 || word_number(value, &n) < 0)
			return story_fail(s, "records used=1 filtered=2 ...");
		while (d < DISPOSITIONS && !slice_is(key, names[d]))
			d++;
		if (d == DISPOSITIONS)
			return story_fail(s, "no such fate: " SLICE_FMT, SLICE_ARG(key));
		if (expect_number(s, key, n, s->dispositions[d]) < 0)
			return -1;
	}
	return 1;
}

/* idle clicks p0, not-idle bookings p1. */
static int expect_idle(struct story *s, struct words *w, bool idle)
{
	struct slice name = words_next(w), partition = words_next(w);
	int input = slice_is(name, "clicks")	 ? INPUT_CLICKSTREAM
		    : slice_is(name, "bookings") ? INPUT_BOOKINGS
						 : -1;

	for (size_t i = 0; i < pipeline_partition_count(s->pipeline); i++) {
		struct partition_view view;

		pipeline_partition(s->pipeline, i, &view);
		if ((int)view.input != input || partition.len != 2 ||
		    partition.data[1] - '0' != view.partition)
			continue;
		return view.idle == idle ? 1 : story_fail(s, "it is %s", idle ? "not idle" : "idle");
	}
	return story_fail(s, "no such partition");
}

static int topic_line(struct story *s, struct words *w, bool none)
{
	bool somewhere = !none && words_take(w, "somewhere");

	for (int t = 0; t < OUTPUTS; t++) {
		if (!words_take(w, heard_shape((enum output_topic)t)->word))
			continue;
		return none ? expect_none(s, (enum output_topic)t)
			    : expect_output(s, w, (enum output_topic)t, somewhere);
	}
	return story_fail(s, "expect what?");
}

int story_expect(struct story *s, struct words *w)
{
	if (!words_take(w, "expect"))
		return 0;
	if (story_begin(s) < 0)
		return -1;
	if (words_take(w, "nothing"))
		return expect_nothing(s);
	/* A restart asks open questions again, and that is counted. */
	if (words_take(w, "questions-asked"))
		return s->restart_everywhere ? (words_next(w), 1) : expect_asked(s, w);
	if (words_take(w, "counter"))
		return expect_counter(s, w);
	if (words_take(w, "size"))
		return expect_size(s, w);
	if (words_take(w, "rows"))
		return expect_rows(s, w);
	if (words_take(w, "records"))
		return expect_records(s, w);
	if (words_take(w, "watermark"))
		return expect_watermark(s, w);
	if (words_take(w, "question"))
		return expect_question(s, w);
	if (words_take(w, "erased"))
		return expect_erased(s, w);
	if (words_take(w, "forgotten"))
		return expect_forgotten(s, w);
	if (words_take(w, "idle"))
		return expect_idle(s, w, true);
	if (words_take(w, "not-idle"))
		return expect_idle(s, w, false);
	if (words_take(w, "no")) {
		if (words_take(w, "question"))
			return expect_no_question(s);
		return topic_line(s, w, true);
	}
	return topic_line(s, w, false);
}

int story_finish(struct story *s)
{
	uint64_t accounted = 0;

	for (int d = 0; d < DISPOSITIONS; d++)
		accounted += s->dispositions[d];
	if (accounted != s->records)
		return story_fail(s, "%llu records, %llu accounted for", (unsigned long long)s->records,
				  (unsigned long long)accounted);
	return expect_nothing(s) < 0 ? -1 : 0;
}
