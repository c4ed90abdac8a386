/* The embedded summariser: what guests liked, in bounded time. */

#include "base/utf8.h"
#include "summary/extractive.h"
#include "summary/lexicon.h"
#include "summary/sanitise.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/injections.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))
#define MAX_REVIEWS 200

static struct summary_question ask(const char *const *texts, struct slice *slices)
{
	size_t n = 0;

	for (; texts[n] != NULL && n < MAX_REVIEWS; n++)
		slices[n] = slice_str(texts[n]);
	return (struct summary_question){.reviews = slices, .count = n};
}

static const struct lexicon_word *find(const char *word)
{
	uint32_t hash = LEXICON_HASH_START;

	for (const char *c = word; *c != '\0'; c++)
		hash = lexicon_hash_add(hash, (unsigned char)*c);
	return lexicon_find(slice_str(word), hash);
}

static void the_lexicon_is_sorted_and_its_index_finds_every_word(void **state)
{
	size_t taken = 0;

	(void)state;
	for (size_t i = 1; i < lexicon_word_count; i++)
		assert_true(strcmp(lexicon_words[i - 1].word, lexicon_words[i].word) < 0);
	for (size_t i = 0; i < lexicon_word_count; i++) {
		assert_int_equal(lexicon_words[i].len, strlen(lexicon_words[i].word));
		if (find(lexicon_words[i].word) != &lexicon_words[i])
			fail_msg("\"%s\" is not found: make lexicon-index", lexicon_words[i].word);
	}
	for (size_t i = 0; i < LEXICON_SLOTS; i++) {
		assert_true(lexicon_slots[i] <= lexicon_word_count);
		taken += lexicon_slots[i] != 0;
	}
	assert_int_equal(taken, lexicon_word_count);
	assert_null(find(""));
	assert_null(find("hotel"));
	assert_null(find("staf"));
	assert_null(find("staffs"));
}

#define NEUTRAL "Guests have shared their impressions of this hotel."

static void what_guests_liked_is_named(void **state)
{
	static const struct {
		const char *reviews[6];
		const char *summary;
	} rows[] = {
		{{"The staff was so friendly.", "Friendly staff, terrible parking!",
		  "Wonderful view over the sea."},
		 "Guests loved the friendly staff and the sea view."},
		{{"Delicious breakfast and a great location."},
		 "A guest loved the delicious breakfast and the location."},
		{{"Breakfast was awful, but the beds were comfortable."},
		 "A guest loved the comfortable beds."},
		{{"The breakfast was not good."}, NEUTRAL},
		{{"The room wasn't clean and the shower didn't work."}, NEUTRAL},
		{{"Dirty. Noisy. Never again."}, NEUTRAL},
		{{"Great staff, pool and bar!"}, "A guest loved the staff, the pool and the bar."},
		{{"The pool was amazing.", "The pool was disgusting.", "The pool was horrible.", "Nice bar"},
		 "Guests loved the bar."},
		{{"Wir kommen gerne wieder, alles bestens.", "Tr\xc3\xa8s bien."}, NEUTRAL},
		{{"We had a wonderful time!", "Amazing stay"}, "Guests enjoyed their stay."},
		{{"Perfect!"}, "A guest enjoyed the stay."},
		{{"Everything was spotless and so quiet at night."},
		 "A guest loved the cleanliness and the peace and quiet."},
		{{"Not only was the staff helpful, the wifi was fast."},
		 "A guest loved the helpful staff and the fast Wi-Fi."},
		{{"The location couldn\xe2\x80\x99t be better, super central location."},
		 "A guest loved the central location."},
		{{"The food could be better."}, NEUTRAL},
		{{"Room fine.", "", "   "}, NEUTRAL},
		{{"The staff were lovely, unfortunately the room was tiny"}, "A guest loved the staff."},
		{{"Bad pool.", "Awful pool.", "Great pool, nice pool, superb pool!", "Nice bar"},
		 "Guests loved the bar."},
		{{"Room spacious, terrace spacious pool"},
		 "A guest loved the spacious rooms, the pool and the spacious terrace."},
	};
	struct slice slices[MAX_REVIEWS];
	struct buf out;

	(void)state;
	buf_init(&out, 10000);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *texts[7] = {0};
		struct summary_question q;

		memcpy(texts, rows[i].reviews, sizeof(rows[i].reviews));
		q = ask(texts, slices);
		extractive_summarise(q.reviews, q.count, &out);
		if (strcmp(buf_cstr(&out), rows[i].summary) != 0)
			fail_msg("row %zu: %s", i, buf_cstr(&out));
	}
	buf_release(&out);
}

/* Every word of an answer must be one of the module's own. */
static bool own_words_only(const char *text)
{
	static const char frame[] = " guests guest a loved enjoyed the their stay and have shared "
				    "impressions of this hotel no reviews found "
				    "sea mountain lake city value for money peace quiet check-in wi-fi ";
	char word[32], padded[40];

	while (*text != '\0') {
		size_t n = strcspn(text, " ,."), known = 0;

		if (n >= sizeof(word))
			return false;
		for (size_t i = 0; i < n; i++)
			word[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
		word[n] = '\0';
		snprintf(padded, sizeof(padded), " %s ", word);
		known = strstr(frame, padded) != NULL;
		for (int a = 0; a < ASPECTS; a++)
			known += strcmp(lexicon_aspects[a].name, word) == 0;
		for (int a = 1; a < ADJECTIVES; a++)
			known += strcmp(lexicon_adjectives[a], word) == 0;
		if (n > 0 && !known)
			return false;
		text += n + strspn(text + n, " ,.");
	}
	return true;
}

static void no_word_of_an_injection_is_echoed(void **state)
{
	struct slice slices[MAX_REVIEWS];
	struct summary_question q = ask(injection_reviews, slices);
	struct buf out, clean;

	(void)state;
	buf_init(&out, 10000);
	buf_init(&clean, 10000);
	for (size_t i = 0; i <= q.count; i++) {
		extractive_summarise(i < q.count ? &q.reviews[i] : q.reviews, i < q.count ? 1 : q.count,
				     &out);
		if (!own_words_only(buf_cstr(&out)))
			fail_msg("echoed: %s", buf_cstr(&out));
		assert_int_equal(summary_sanitise(buf_view(&out), &clean), VERDICT_FINE);
	}
	assert_false(own_words_only("Guests loved evil."));
	buf_release(&out);
	buf_release(&clean);
}

static void every_sentence_it_can_make_is_fit_to_send(void **state)
{
	struct buf out, clean;

	(void)state;
	buf_init(&out, 1000);
	buf_init(&clean, 1000);
	for (size_t i = 0; i < lexicon_word_count; i++) {
		for (size_t k = 0; k < lexicon_word_count; k += 7) {
			char text[100];
			struct slice review = {text, 0};

			review.len = (size_t)snprintf(text, sizeof(text), "great %s %s, view",
						      lexicon_words[i].word, lexicon_words[k].word);
			extractive_summarise(&review, 1, &out);
			assert_int_equal(summary_sanitise(buf_view(&out), &clean), VERDICT_FINE);
			assert_string_equal(buf_cstr(&clean), buf_cstr(&out));
		}
	}
	buf_release(&out);
	buf_release(&clean);
}

static void a_flood_of_text_is_read_up_to_a_bound(void **state)
{
	size_t len = 4 << 20;
	char *text = malloc(len);
	struct slice review = {text, len};
	struct buf out;

	(void)state;
	for (size_t i = 0; i < len; i++)
		text[i] = "great pool, "[i % 12];
	buf_init(&out, 1000);
	extractive_summarise(&review, 1, &out);
	assert_string_equal(buf_cstr(&out), "A guest loved the pool.");
	buf_release(&out);
	free(text);
}

/* `older` of 100 bytes behind one `newest` of `len` bytes, both with those words at their beginning. */
static void summarise_many(struct buf *out, const char *older, size_t count, const char *newest, size_t len)
{
	struct slice *reviews = calloc(count + 1, sizeof(*reviews));
	char *text = malloc(100 + len);

	memset(text, 'x', 100 + len);
	memcpy(text, older, strlen(older));
	memcpy(text + 100, newest, strlen(newest));
	for (size_t i = 0; i < count; i++)
		reviews[i] = slice_make(text, 100);
	reviews[count] = slice_make(text + 100, len);
	extractive_summarise(reviews, count + 1, out);
	free(text);
	free(reviews);
}

static void the_newest_reviews_are_read_whole_up_to_the_budget(void **state)
{
	struct slice blanks[3] = {{"lovely bar.", 11}};
	char *blank = malloc(EXTRACTIVE_MAX_REVIEW);
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	summarise_many(&out, "great pool. ", 239, "lovely bar. ", 100);
	assert_string_equal(buf_cstr(&out), "Guests loved the pool and the bar.");
	summarise_many(&out, "great pool. ", 100000, "lovely bar. ", 100);
	assert_string_equal(buf_cstr(&out), "Guests loved the pool and the bar.");
	summarise_many(&out, "great pool. ", 1, "lovely bar. ", 4 << 20);
	assert_string_equal(buf_cstr(&out), "Guests loved the pool and the bar.");

	/* Blank ones take nothing of the budget, but there is an end to them. */
	memset(blank, ' ', EXTRACTIVE_MAX_REVIEW);
	blanks[1] = blanks[2] = slice_make(blank, EXTRACTIVE_MAX_REVIEW);
	extractive_summarise(blanks, 3, &out);
	assert_string_equal(buf_cstr(&out), "A guest loved the bar.");
	buf_release(&out);
	free(blank);
}

static void what_does_not_fit_the_budget_changes_nothing(void **state)
{
	struct slice reviews[4];
	char *text = malloc(3 * EXTRACTIVE_MAX_REVIEW);
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	memset(text, 'x', 3 * EXTRACTIVE_MAX_REVIEW);
	memcpy(text, "lovely bar. ", 12);
	reviews[0] = slice_make("great pool.", 11);
	reviews[1] = slice_make(text, EXTRACTIVE_MAX_BYTES - 2 * EXTRACTIVE_MAX_REVIEW - 11);
	reviews[2] = reviews[3] = slice_make(text, EXTRACTIVE_MAX_REVIEW);
	extractive_summarise(reviews, 4, &out);
	assert_string_equal(buf_cstr(&out), "Guests loved the bar and the pool.");
	reviews[1].len++; /* one byte too many: the oldest stays out */
	extractive_summarise(reviews, 4, &out);
	assert_string_equal(buf_cstr(&out), "Guests loved the bar.");
	buf_release(&out);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lexicon_is_sorted_and_its_index_finds_every_word),
		cmocka_unit_test(what_guests_liked_is_named),
		cmocka_unit_test(no_word_of_an_injection_is_echoed),
		cmocka_unit_test(every_sentence_it_can_make_is_fit_to_send),
		cmocka_unit_test(a_flood_of_text_is_read_up_to_a_bound),
		cmocka_unit_test(the_newest_reviews_are_read_whole_up_to_the_budget),
		cmocka_unit_test(what_does_not_fit_the_budget_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
