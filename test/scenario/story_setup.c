/* Lines that prepare a story: config, partitions, watch, day. */

#include "test/scenario/story.h"

#include "test/scenario/calendar.h"

#include <stddef.h>

static const struct {
	const char *key;
	size_t offset;
} durations[] = {
	{"window", offsetof(struct pipeline_config, window)},
	{"out_of_orderness", offsetof(struct pipeline_config, out_of_orderness)},
	{"idle_timeout", offsetof(struct pipeline_config, idle_timeout)},
	{"allowed_lateness", offsetof(struct pipeline_config, allowed_lateness)},
	{"max_future_skew", offsetof(struct pipeline_config, max_future_skew)},
	{"hotel.grace", offsetof(struct pipeline_config, hotel_grace)},
	{"booking.memory", offsetof(struct pipeline_config, booking_memory)},
};

static const struct {
	const char *key;
	size_t offset;
} switches[] = {
	{"customer.case_insensitive", offsetof(struct pipeline_config, case_insensitive)},
	{"reviews.required", offsetof(struct pipeline_config, reviews_required)},
	{"click_time_from_field", offsetof(struct pipeline_config, click_time_from_field)},
	{"booking_time_from_field", offsetof(struct pipeline_config, booking_time_from_field)},
};

/* Words for the enumerations, in the order of their values. */
static const char *const match_words[] = {"customer", "customer_and_hotel", NULL};
static const char *const date_words[] = {"long", "string", NULL};
static const char *const price_words[] = {"int", "long", "double", "string", NULL};
static const char *const input_words[] = {"clicks", "bookings", "reviews", "hotels", "customers", NULL};

static int word_index(const char *const *list, struct slice word)
{
	for (int i = 0; list[i]; i++) {
		if (slice_is(word, list[i]))
			return i;
	}
	return -1;
}

static int topic_of(struct slice word)
{
	for (int t = 0; t < OUTPUTS; t++) {
		if (slice_is(word, heard_shape((enum output_topic)t)->word))
			return t;
	}
	return -1;
}

static int config_enum(struct story *s, struct slice key, struct slice value)
{
	int match = slice_is(key, "booking.match") ? word_index(match_words, value) : -1;
	int date = slice_is(key, "dates") ? word_index(date_words, value) : -1;
	int price = slice_is(key, "price") ? word_index(price_words, value) : -1;

	if (match >= 0)
		s->config.match = (enum booking_match)match;
	if (date >= 0)
		s->config.date_type = (enum date_type)date;
	if (price >= 0)
		s->config.price_type = (enum price_type)price;
	return match >= 0 || date >= 0 || price >= 0 ? 0 : -1;
}

static int config_one(struct story *s, struct slice key, struct slice value)
{
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		if (slice_is(key, durations[i].key))
			return word_duration(value,
					     (int64_t *)(void *)((char *)&s->config + durations[i].offset));
	}
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (!slice_is(key, switches[i].key))
			continue;
		if (!slice_is(value, "true") && !slice_is(value, "false"))
			return -1;
		*(bool *)((char *)&s->config + switches[i].offset) = slice_is(value, "true");
		return 0;
	}
	if (slice_is(key, "answer_cache")) {
		int64_t n;

		if (word_number(value, &n) < 0 || n < 0)
			return -1;
		s->config.answer_cache = (size_t)n;
		return 0;
	}
	return config_enum(s, key, value);
}

static int config_line(struct story *s, struct words *w)
{
	struct slice key, value, word;

	if (s->pipeline)
		return story_fail(s, "config must come before the first event");
	while ((word = words_next(w)).data) {
		if (word_pair(word, &key, &value) < 0 || config_one(s, key, value) < 0)
			return story_fail(s, "no such setting or value: " SLICE_FMT, SLICE_ARG(word));
	}
	return 1;
}

static int partitions_line(struct story *s, struct words *w)
{
	struct slice key, value, word;

	if (s->pipeline)
		return story_fail(s, "partitions must come before the first event");
	while ((word = words_next(w)).data) {
		int64_t n;
		int input = word_pair(word, &key, &value) < 0 ? -1 : word_index(input_words, key);

		if (input < 0 || word_number(value, &n) < 0 || n < 0 || n > STORY_MAX_PARTITIONS)
			return story_fail(s, "not a number of partitions: " SLICE_FMT, SLICE_ARG(word));
		s->partitions[input] = (int)n;
	}
	return 1;
}

/* watch TOPIC...: these topics are followed, and no other. */
static int watch_line(struct story *s, struct words *w)
{
	struct slice word;

	for (int t = 0; t < OUTPUTS; t++)
		s->watched[t] = false;
	while ((word = words_next(w)).data) {
		int topic = topic_of(word);

		if (topic < 0)
			return story_fail(s, "no such output: " SLICE_FMT, SLICE_ARG(word));
		s->watched[topic] = true;
	}
	return 1;
}

/* produce TOPIC...: these topics are switched on, and no other. */
static int produce_line(struct story *s, struct words *w)
{
	struct slice word;

	if (s->pipeline)
		return story_fail(s, "produce must come before the first event");
	for (int t = 0; t < OUTPUTS; t++)
		s->config.outputs[t] = false;
	while ((word = words_next(w)).data) {
		int topic = topic_of(word);

		if (topic < 0)
			return story_fail(s, "no such output: " SLICE_FMT, SLICE_ARG(word));
		s->config.outputs[topic] = true;
	}
	return 1;
}

int story_setup(struct story *s, struct words *w)
{
	if (words_take(w, "config"))
		return config_line(s, w);
	if (words_take(w, "partitions"))
		return partitions_line(s, w);
	if (words_take(w, "watch"))
		return watch_line(s, w);
	if (words_take(w, "produce"))
		return produce_line(s, w);
	if (words_take(w, "once")) {
		s->once = true;
		return 1;
	}
	if (words_take(w, "day")) {
		if (calendar_parse(words_next(w), INT64_MIN, &s->day) < 0)
			return story_fail(s, "not a date");
		return 1;
	}
	return 0;
}
