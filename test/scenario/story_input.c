/* Lines that put something in: records, ends of partitions, ticks, answers. */

#include "test/scenario/story.h"

#include "test/scenario/calendar.h"
#include "wire/decoder.h"

#include <stdlib.h>

#define FILLERS_AHEAD 1 /* ms beyond what `watermark past` asks for */

/* How a kind of record is written: one name for each slot of its layout. The
 * first `positional` slots listed in `order` are given without a name. */
struct record_words {
	const char *command;
	const char *topic;
	const char *slots[RECORD_MAX_FIELDS];
	int positional;
	int order[3];
	int time_slot; /* a bare instant here is epoch milliseconds; -1: none */
};

static const struct record_words record_words[INPUTS] = {
	[INPUT_CLICKSTREAM] = {"click",
			       "clickstream",
			       {"email", "hotel", "action", "created"},
			       2,
			       {CLICK_EMAIL, CLICK_HOTEL_ID},
			       CLICK_CREATED_AT},
	[INPUT_BOOKINGS] = {"booking",
			    "bookings",
			    {"id", "email", "hotel", "in", "out", "price", "created"},
			    3,
			    {BOOKING_ID, BOOKING_EMAIL, BOOKING_HOTEL_ID},
			    BOOKING_CREATED_AT},
	[INPUT_REVIEWS] = {"review",
			   "hotel_reviews",
			   {"id", "hotel", "booking", "text", "rating", "created"},
			   1,
			   {REVIEW_ID},
			   REVIEW_CREATED_AT},
	[INPUT_HOTEL] = {"hotel",
			 "riverhotel.SAMPLE.HOTEL",
			 {"id", "name", "amenities", "description", "city", "country"},
			 1,
			 {HOTEL_ID},
			 -1},
	[INPUT_CUSTOMER] = {"customer",
			    "riverhotel.SAMPLE.CUSTOMER",
			    {"id", "email"},
			    2,
			    {CUSTOMER_ID, CUSTOMER_EMAIL},
			    -1},
};

static const char *const input_names[INPUTS] = {"clicks", "bookings", "reviews", "hotels", "customers"};
static const char *const disposition_words[] = {"used", "filtered", "late", "dead"};
static const char *const poison_words[POISON_REASONS] = {
	[POISON_FRAMING] = "framing",	    [POISON_SCHEMA] = "schema", [POISON_BYTES] = "bytes",
	[POISON_NULL_VALUE] = "null-value", [POISON_FIELD] = "field",	[POISON_EVENT_TIME] = "event-time",
	[POISON_TOO_LARGE] = "too-large",
};

/* A record on its way in. */
struct incoming {
	enum input input;
	struct message message;
	struct record record;
	int expected; /* disposition, -1: used or filtered */
	struct slice reason;
};

static int take_partition(struct slice word)
{
	return word.len == 2 && word.data[0] == 'p' && word.data[1] >= '0' && word.data[1] <= '7'
		       ? word.data[1] - '0'
		       : -1;
}

static void incoming_init(struct story *s, struct incoming *in, enum input input)
{
	*in = (struct incoming){.input = input, .expected = -1};
	in->message.topic = record_words[input].topic;
	in->message.timestamp_ms = s->now;
	for (int k = 0; k < RECORD_MAX_FIELDS; k++)
		in->record.fields[k].kind = k < 7 && record_words[input].slots[k] ? VALUE_NULL : VALUE_ABSENT;
	if (input == INPUT_CLICKSTREAM)
		in->record.fields[CLICK_ACTION] =
			(struct value){.kind = VALUE_STRING, .s = SLICE_LITERAL("booking-click")};
	if (input == INPUT_REVIEWS)
		in->record.fields[REVIEW_CREATED_AT] =
			(struct value){.kind = VALUE_LONG, .unit = UNIT_MILLIS, .i = s->now};
}

/* Gives the record to the pipeline and compares where it went. */
static int send(struct story *s, struct incoming *in)
{
	int32_t partition = in->message.partition;
	struct err err = {0};
	enum disposition got;
	bool fine;

	if (partition >= s->partitions[in->input])
		return story_fail(s, "there is no such partition");
	if (story_begin(s) < 0)
		return -1;
	in->message.offset = s->offsets[in->input][partition]++;
	in->record.message = &in->message;
	got = pipeline_record(s->pipeline, in->input, &in->record, s->now, &err);
	if ((int)got < 0 || got >= DISPOSITIONS)
		return story_fail(s, "pipeline_record gave %d", (int)got);
	s->records++;
	s->dispositions[got]++;
	if (got != DISPOSITION_DEAD && s->max_time[in->input][partition] < in->message.timestamp_ms)
		s->max_time[in->input][partition] = in->message.timestamp_ms;
	fine = in->expected < 0 ? got == DISPOSITION_USED || got == DISPOSITION_FILTERED
				: (int)got == in->expected;
	if (fine && got == DISPOSITION_DEAD) {
		if (err.class != ERR_POISON || err.code < 0 || err.code >= POISON_REASONS)
			return story_fail(s, "a dead letter without a reason: %s", err.text);
		if (in->reason.data && !slice_is(in->reason, poison_words[err.code]))
			return story_fail(s, "expected dead letter " SLICE_FMT ", came %s: %s",
					  SLICE_ARG(in->reason), poison_words[err.code], err.text);
	}
	if (!fine)
		return story_fail(s, "expected the record to be %s, it is %s %s",
				  in->expected < 0 ? "used or filtered" : disposition_words[in->expected],
				  disposition_words[got], err.text);
	return 0;
}

static int slot_of(const struct record_words *words, struct slice key)
{
	for (int k = 0; k < RECORD_MAX_FIELDS && words->slots[k]; k++) {
		if (slice_is(key, words->slots[k]))
			return k;
	}
	return slice_is(key, "at") ? words->time_slot : -1;
}

static int set_field(struct words *w, struct incoming *in, int slot, struct slice word)
{
	int64_t ms;

	if (slot == record_words[in->input].time_slot && word_instant(w, word, &ms) == 0) {
		in->record.fields[slot] = (struct value){.kind = VALUE_LONG, .unit = UNIT_MILLIS, .i = ms};
		return 0;
	}
	return word_value(w, word, &in->record.fields[slot]);
}

/* "-> late", "-> dead field". */
static int take_disposition(struct story *s, struct words *w, struct incoming *in)
{
	struct slice word = words_next(w);

	for (int d = 0; d < DISPOSITIONS; d++) {
		if (slice_is(word, disposition_words[d]))
			in->expected = d;
	}
	if (in->expected < 0)
		return story_fail(s, "-> used, filtered, late or dead");
	if (in->expected == DISPOSITION_DEAD)
		in->reason = words_next(w);
	return 0;
}

static int take_option(struct words *w, struct incoming *in, struct slice key, struct slice value)
{
	int slot = slot_of(&record_words[in->input], key);

	if (slice_is(key, "time")) {
		if (slice_is(value, "none")) {
			in->message.timestamp_ms = -1;
			return 0;
		}
		return word_instant(w, value, &in->message.timestamp_ms);
	}
	return slot < 0 ? -1 : set_field(w, in, slot, value);
}

static int fill_record(struct story *s, struct words *w, struct incoming *in)
{
	const struct record_words *words = &record_words[in->input];
	struct slice word, key, value;
	int position = 0;

	if (take_partition(words_peek(w)) >= 0)
		in->message.partition = take_partition(words_next(w));
	while ((word = words_next(w)).data) {
		if (slice_is(word, "->"))
			return take_disposition(s, w, in);
		if (word_pair(word, &key, &value) == 0) {
			if (take_option(w, in, key, value) < 0)
				return story_fail(s, "not a field or value: " SLICE_FMT, SLICE_ARG(word));
			continue;
		}
		if (position == words->positional || set_field(w, in, words->order[position++], word) < 0)
			return story_fail(s, "what is " SLICE_FMT "?", SLICE_ARG(word));
	}
	return 0;
}

static int record_line(struct story *s, struct words *w, enum input input, bool deleted)
{
	struct incoming in;

	if (s->now == INT64_MIN)
		return story_fail(s, "say what time it is first: at TIME");
	incoming_init(s, &in, input);
	if (deleted) { /* what a tombstone knows: the key */
		for (int k = 0; k < RECORD_MAX_FIELDS; k++)
			in.record.fields[k].kind = VALUE_ABSENT;
		in.record.change = CHANGE_DELETE;
	}
	if (fill_record(s, w, &in) < 0 || send(s, &in) < 0)
		return -1;
	return 1;
}

static int filler(struct story *s, enum input input, int32_t partition, int64_t time)
{
	struct incoming in;
	struct value created = {.kind = VALUE_LONG, .unit = UNIT_MILLIS, .i = time};
	struct value email = {.kind = VALUE_STRING, .s = slice_str(STORY_FILLER)};
	struct value name = {.kind = VALUE_STRING, .s = SLICE_LITERAL("FILLER")};

	incoming_init(s, &in, input);
	in.message.timestamp_ms = time;
	in.message.partition = partition;
	if (input == INPUT_CLICKSTREAM) {
		in.record.fields[CLICK_EMAIL] = email;
		in.record.fields[CLICK_HOTEL_ID] = name;
		in.record.fields[CLICK_ACTION].s = SLICE_LITERAL("filler");
		in.record.fields[CLICK_CREATED_AT] = created;
	} else {
		in.record.fields[BOOKING_ID] = name;
		in.record.fields[BOOKING_EMAIL] = email;
		in.record.fields[BOOKING_HOTEL_ID] = name;
		in.record.fields[BOOKING_CREATED_AT] = created;
	}
	return send(s, &in);
}

static bool from_field(const struct story *s, int input)
{
	return input == INPUT_CLICKSTREAM ? s->config.click_time_from_field
					  : s->config.booking_time_from_field;
}

/* watermark past T: other people's records, as late as needed, on every partition. */
static int watermark_line(struct story *s, struct words *w)
{
	int64_t past, time;

	if (!words_take(w, "past") || word_instant(w, words_next(w), &past) < 0)
		return story_fail(s, "watermark past TIME");
	time = past + s->config.out_of_orderness + FILLERS_AHEAD;
	if (s->now < time)
		s->now = time;
	for (int input = INPUT_CLICKSTREAM; input <= INPUT_BOOKINGS; input++) {
		for (int n = 0; n < s->partitions[input]; n++) {
			if ((s->max_time[input][n] < time || from_field(s, input)) &&
			    filler(s, (enum input)input, n, time) < 0)
				return -1;
		}
	}
	return 1;
}

/* end clicks p0, end clicks, end all: read to the end, and said just now. */
static int end_line(struct story *s, struct words *w)
{
	struct slice name = words_next(w);
	int only = take_partition(words_peek(w));
	bool any = false;

	if (only >= 0)
		words_next(w);
	if (story_begin(s) < 0)
		return -1;
	for (int input = 0; input < INPUTS; input++) {
		if (!slice_is(name, "all") && !slice_is(name, input_names[input]))
			continue;
		for (int n = 0; n < s->partitions[input]; n++) {
			if (only < 0 || only == n)
				pipeline_partition_end(s->pipeline, (enum input)input, n, s->now);
		}
		any = true;
	}
	return any ? 1 : story_fail(s, "end of what?");
}

static bool asks(const struct asked *q, const struct value *texts, size_t count)
{
	if (q->answered || !q->this_life || q->count != count)
		return false;
	for (size_t k = 0; k < count; k++) {
		if (!slice_equal(q->texts[k], texts[k].s))
			return false;
	}
	return true;
}

/* answer "SUMMARY" to "TEXT"... */
static int answer_line(struct story *s, struct words *w)
{
	struct value summary, texts[WORDS_MAX];
	size_t count = 0;

	if (word_value(w, words_next(w), &summary) < 0 || !words_take(w, "to"))
		return story_fail(s, "answer \"SUMMARY\" to \"TEXT\"...");
	while (words_peek(w).data) {
		if (word_value(w, words_next(w), &texts[count++]) < 0)
			return story_fail(s, "not a text");
	}
	for (size_t i = 0; i < s->asked_count; i++) {
		if (!asks(&s->asked[i], texts, count))
			continue;
		story_answer(s, &s->asked[i], summary.s);
		return 1;
	}
	return story_fail(s, "nobody asks that");
}

static int model_line(struct story *s, struct words *w)
{
	if (words_take(w, "down"))
		s->model = MODEL_DOWN;
	else if (words_take(w, "up"))
		s->model = MODEL_AUTO;
	else if (words_take(w, "instant"))
		s->model = MODEL_INSTANT;
	else
		return story_fail(s, "model down, up or instant");
	return 1;
}

/* at TIME: the wall clock moves, and what follows happens then. */
static int at_line(struct story *s, struct words *w)
{
	int64_t ms;

	if (word_instant(w, words_next(w), &ms) < 0)
		return story_fail(s, "not a time");
	if (s->now != INT64_MIN && ms < s->now)
		return story_fail(s, "time does not go back; give the record its own time=");
	s->now = ms;
	return words_peek(w).data ? story_input(s, w) : 1;
}

static int life_line(struct story *s, struct words *w)
{
	if (words_take(w, "checkpoint"))
		return story_checkpoint(s) < 0 ? -1 : 1;
	if (words_take(w, "restart"))
		return story_restart(s) < 0 ? -1 : 1;
	if (words_take(w, "crash"))
		return story_crash(s) < 0 ? -1 : 1;
	if (words_take(w, "hold")) {
		s->held = true;
		return 1;
	}
	if (words_take(w, "go")) {
		s->held = false;
		return 1;
	}
	if (words_take(w, "tick"))
		return story_begin(s) < 0 ? -1 : 1;
	if (words_take(w, "dimensions")) {
		if (!words_take(w, "ready") || story_begin(s) < 0)
			return story_fail(s, "dimensions ready");
		s->ready = true;
		pipeline_dimensions_ready(s->pipeline);
		return 1;
	}
	return 0;
}

int story_input(struct story *s, struct words *w)
{
	if (words_take(w, "at"))
		return at_line(s, w);
	for (int input = 0; input < INPUTS; input++) {
		if (words_take(w, record_words[input].command))
			return record_line(s, w, (enum input)input, false);
	}
	if (words_take(w, "hotel-delete"))
		return record_line(s, w, INPUT_HOTEL, true);
	if (words_take(w, "customer-delete"))
		return record_line(s, w, INPUT_CUSTOMER, true);
	if (words_take(w, "watermark"))
		return watermark_line(s, w);
	if (words_take(w, "end"))
		return end_line(s, w);
	if (words_take(w, "answer"))
		return answer_line(s, w);
	if (words_take(w, "model"))
		return model_line(s, w);
	return life_line(s, w);
}
