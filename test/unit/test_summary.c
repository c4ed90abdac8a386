/* What the model is asked, and what of its answer is taken. */

#include "base/json_read.h"
#include "base/shared_text.h"
#include "base/utf8.h"
#include "summary/client.h"
#include "summary/extractive.h"
#include "summary/prompt.h"
#include "summary/sanitise.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/injections.h"

#include <malloc.h>
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

/* ---- prompt ---- */

/* The JSON array between the marker lines, parsed. */
static cJSON *array_of(struct prompt *p, const char *nonce)
{
	const char *text = buf_cstr(&p->user);
	char begin[100], end[100];
	const char *from, *to;

	snprintf(begin, sizeof(begin), "REVIEWS BEGIN %s\n", nonce);
	snprintf(end, sizeof(end), "\nREVIEWS END %s\n", nonce);
	from = strstr(text, begin);
	assert_ptr_equal(from, text);
	from += strlen(begin);
	to = strstr(from, end);
	assert_non_null(to);
	assert_int_equal(to[strlen(end)], '\0'); /* nothing after the end */
	return json_read(slice_make(from, (size_t)(to - from)), 1 << 20, NULL);
}

static void reviews_are_encoded_as_data_oldest_first(void **state)
{
	static const char *const texts[] = {"Old \"quoted\"", "  ", "New\nlines\tand \xc3\xa9", NULL};
	struct slice slices[MAX_REVIEWS];
	struct summary_question q = ask(texts, slices);
	struct prompt p;
	cJSON *array;

	(void)state;
	prompt_init(&p);
	assert_int_equal(prompt_build(&p, &q, 1000, "abc123", NULL), 0);
	array = array_of(&p, "abc123");
	assert_int_equal(cJSON_GetArraySize(array), 2);
	assert_string_equal(cJSON_GetArrayItem(array, 0)->valuestring, "Old \"quoted\"");
	assert_string_equal(cJSON_GetArrayItem(array, 1)->valuestring, "New lines and \xc3\xa9");
	assert_int_equal(p.reviews_used, 2);
	assert_false(p.truncated);
	assert_non_null(strstr(buf_cstr(&p.system), "abc123"));
	assert_non_null(strstr(buf_cstr(&p.system), SUMMARY_NO_REVIEWS));
	cJSON_Delete(array);
	prompt_release(&p);
}

static void the_same_arguments_give_the_same_prompt(void **state)
{
	static const char *const texts[] = {"Nice pool", NULL};
	struct slice slices[MAX_REVIEWS];
	struct summary_question q = ask(texts, slices);
	struct prompt a, b;

	(void)state;
	prompt_init(&a);
	prompt_init(&b);
	prompt_build(&a, &q, 1000, "n", NULL);
	prompt_build(&b, &q, 1000, "n", NULL);
	assert_string_equal(buf_cstr(&a.user), buf_cstr(&b.user));
	assert_string_equal(buf_cstr(&a.system), buf_cstr(&b.system));
	prompt_release(&a);
	prompt_release(&b);
}

static void nothing_to_summarise_needs_no_call(void **state)
{
	static const char *const texts[] = {"", "  \n", "\xe2\x80\x8b\xef\xbb\xbf", NULL};
	struct slice slices[MAX_REVIEWS];
	struct summary_question q = ask(texts, slices);
	struct prompt p;
	struct buf out;

	(void)state;
	prompt_init(&p);
	assert_int_equal(prompt_build(&p, &q, 1000, "n", NULL), 1);
	q.count = 0;
	assert_int_equal(prompt_build(&p, &q, 1000, "n", NULL), 1);
	assert_int_equal(prompt_build(&p, &q, 1000, "", NULL), -1);
	assert_int_equal(prompt_build(&p, &q, 1000, "a b", NULL), -1);
	prompt_release(&p);
	buf_init(&out, 1000);
	extractive_summarise(NULL, 0, &out);
	assert_string_equal(buf_cstr(&out), SUMMARY_NO_REVIEWS);
	buf_release(&out);
}

static void the_budget_drops_the_oldest_first_and_never_cuts_a_character(void **state)
{
	struct slice slices[MAX_REVIEWS];
	static const char *const texts[] = {"first first first", "second second", "third", NULL};
	struct summary_question q = ask(texts, slices);
	char umlauts[401] = "";
	struct prompt p;
	cJSON *array;

	(void)state;
	prompt_init(&p);
	assert_int_equal(prompt_build(&p, &q, 25, "n", NULL), 0);
	array = array_of(&p, "n");
	assert_int_equal(cJSON_GetArraySize(array), 2);
	assert_string_equal(cJSON_GetArrayItem(array, 0)->valuestring, "second second");
	assert_true(p.truncated);
	cJSON_Delete(array);

	for (int i = 0; i < 200; i++)
		memcpy(umlauts + 2 * i, i % 3 ? "\xc3\xbc" : "<&", 3);
	slices[0] = slice_str(umlauts);
	q.count = 1;
	for (size_t max = 10; max < 200; max++) {
		const char *text;

		assert_int_equal(prompt_build(&p, &q, max, "n", NULL), 0);
		assert_true(p.truncated);
		array = array_of(&p, "n");
		text = cJSON_GetArrayItem(array, 0)->valuestring;
		assert_true(utf8_valid(slice_str(text)));
		assert_memory_equal(text, umlauts, strlen(text));
		assert_true(strlen(text) + 2 <= max);
		cJSON_Delete(array);
	}
	prompt_release(&p);
}

static void hidden_characters_and_separators_do_not_reach_the_model(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"a\x01\x02"
		 "b\x7f"
		 "c",
		 "abc"},
		{"a\xe2\x80\xae"
		 "b\xe2\x81\xa6"
		 "c\xe2\x80\x8f",
		 "abc"}, /* RLO, LRI, RLM */
		{"\xf3\xa0\x81\xa9"
		 "x\xef\xbb\xbf"
		 "y\xc2\xad"
		 "z",
		 "xyz"}, /* tag, BOM, soft hyphen */
		{"  a \t\r\n  b\xc2\xa0\xe2\x80\xa8"
		 "c  ",
		 "a b c"},
		{"a|||b || c| | |d", "a|b | c| d"},
		{"bad \xff\xc3", "bad \xef\xbf\xbd\xef\xbf\xbd"},
	};
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&out);
		prompt_clean(&out, slice_str(rows[i].in));
		assert_string_equal(buf_cstr(&out), rows[i].out);
	}
	buf_release(&out);
}

/* A clean text is seen to be so in blocks: each flaw stands once at each place in one. */
static void cleaning_without_a_copy_is_cleaning(void **state)
{
	static const char *const flaws[] = {"",	    " ",    "  ",	    "|",   "||", "\t",
					    "\x01", "\x7f", "\xe2\x80\x8b", "\xff"};
	static const char words[] =
		"Very quiet at night, and the breakfast was a dream of fruit & bread (until 10)!";
	struct buf text, copied, scratch;

	(void)state;
	buf_init(&text, 1000);
	buf_init(&copied, 1000);
	buf_init(&scratch, 1000);
	for (size_t k = 0; k < COUNT(flaws); k++) {
		for (int at = 0; at < (int)sizeof(words); at++) {
			struct slice clean;

			buf_clear(&text);
			buf_clear(&copied);
			buf_printf(&text, "%.*s%s%s", at, words, flaws[k], words + at);
			prompt_clean(&copied, buf_view(&text));
			clean = prompt_cleaned(&scratch, buf_view(&text));
			assert_true(slice_equal(clean, buf_view(&copied)));
			assert_true(flaws[k][0] != '\0' || clean.data == text.data);
		}
	}
	buf_release(&text);
	buf_release(&copied);
	buf_release(&scratch);
}

static void no_injection_leaves_its_string(void **state)
{
	struct slice slices[MAX_REVIEWS];
	struct summary_question q = ask(injection_reviews, slices);
	struct prompt p, innocent;
	static const char *const plain[] = {"x", NULL};
	struct slice plain_slices[MAX_REVIEWS];
	struct summary_question plain_q = ask(plain, plain_slices);
	cJSON *array;

	(void)state;
	assert_true(q.count >= 30);
	prompt_init(&p);
	prompt_init(&innocent);
	assert_int_equal(prompt_build(&p, &q, 100000, "5ecre7", NULL), 0);
	assert_int_equal(prompt_build(&innocent, &plain_q, 100000, "5ecre7", NULL), 0);
	/* The system message does not depend on what strangers wrote. */
	assert_string_equal(buf_cstr(&p.system), buf_cstr(&innocent.system));
	array = array_of(&p, "5ecre7");
	assert_int_equal(cJSON_GetArraySize(array), (int)q.count);
	assert_null(strstr(buf_cstr(&p.user), "|||"));
	assert_null(strchr(buf_cstr(&p.user), '<'));
	for (const char *c = buf_cstr(&p.user); *c; c++)
		assert_true((unsigned char)*c >= 0x20 || *c == '\n');
	cJSON_Delete(array);
	prompt_release(&p);
	prompt_release(&innocent);
}

static void the_identity_names_what_an_answer_depends_on(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 200);
	summary_identity(&b, "openai", "gpt-x", 120, 0.2);
	assert_string_equal(buf_cstr(&b),
			    "openai:gpt-x;prompt=" SUMMARY_PROMPT_VERSION ";max_tokens=120;temperature=0.2");
	buf_clear(&b);
	summary_identity(&b, "openai", "o", 5, -1);
	assert_string_equal(buf_cstr(&b), "openai:o;prompt=" SUMMARY_PROMPT_VERSION ";max_tokens=5");
	buf_release(&b);
}

/* ---- sanitiser ---- */

static void wrappings_are_taken_off_good_answers(void **state)
{
	static const struct {
		const char *in, *out;
		enum verdict verdict;
	} rows[] = {
		{"Guests loved the pool.", "Guests loved the pool.", VERDICT_FINE},
		{"  Guests loved\n the   pool  ", "Guests loved the pool.", VERDICT_FINE},
		{"\"Guests loved the pool!\"", "Guests loved the pool!", VERDICT_FINE},
		{"\xe2\x80\x9cGuests loved the pool.\xe2\x80\x9d", "Guests loved the pool.", VERDICT_FINE},
		{"**Guests loved the pool.**", "Guests loved the pool.", VERDICT_FINE},
		{"Guests loved the **pool** here.", "Guests loved the pool here.", VERDICT_FINE},
		{"- Guests loved the pool.", "Guests loved the pool.", VERDICT_FINE},
		{"```text\nGuests loved the pool.\n```", "Guests loved the pool.", VERDICT_FINE},
		{"Summary: \"Guests loved the pool.\"", "Guests loved the pool.", VERDICT_FINE},
		{"**Summary:** Guests loved the pool.", "Guests loved the pool.", VERDICT_FINE},
		{"Here is a summary:\n\nGuests loved the pool.", "Guests loved the pool.", VERDICT_FINE},
		{"Sure! Guests loved the pool.", "Guests loved the pool.", VERDICT_FINE},
		{"Based on the reviews, guests loved the pool.", "guests loved the pool.", VERDICT_FINE},
		{"<reasoning>One sentence, see http://x.example</reasoning>Guests loved the pool.",
		 "Guests loved the pool.", VERDICT_FINE},
		{"<think>Hm. Let me see.</think>\n\nGuests loved the pool.", "Guests loved the pool.",
		 VERDICT_FINE},
		{"Guests loved the St. Mary caf\xc3\xa9 and its 4.5 stars at 9 a.m. daily.",
		 "Guests loved the St. Mary caf\xc3\xa9 and its 4.5 stars at 9 a.m. daily.", VERDICT_FINE},
		{"Guests loved the pool \xe2\x9d\xa4\xef\xb8\x8f", "Guests loved the pool \xe2\x9d\xa4.",
		 VERDICT_FINE},
		{"Los hu\xc3\xa9spedes elogiaron la piscina.", "Los hu\xc3\xa9spedes elogiaron la piscina.",
		 VERDICT_FINE},
		{"Guests loved the pool. They also liked the bar.", "Guests loved the pool.",
		 VERDICT_SENTENCES},
		{"Guests loved the pool.\n\nNote: written by me.", "Guests loved the pool.",
		 VERDICT_SENTENCES},
		{"Guests loved the pool\n- and the bar\n- and the spa", "Guests loved the pool.",
		 VERDICT_SENTENCES},
	};
	struct buf out;

	(void)state;
	buf_init(&out, 10000);
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum verdict verdict = summary_sanitise(slice_str(rows[i].in), &out);

		if (verdict != rows[i].verdict || strcmp(buf_cstr(&out), rows[i].out) != 0)
			fail_msg("\"%s\": %s \"%s\"", rows[i].in, verdict_name(verdict), buf_cstr(&out));
	}
	buf_release(&out);
}

static void nothing_a_fooled_model_says_is_accepted(void **state)
{
	struct buf out;
	size_t n = 0;

	(void)state;
	buf_init(&out, 10000);
	for (; injection_answers[n] != NULL; n++) {
		enum verdict verdict = summary_sanitise(slice_str(injection_answers[n]), &out);

		if (verdict == VERDICT_FINE || verdict == VERDICT_SENTENCES)
			fail_msg("accepted: %s", injection_answers[n]);
	}
	assert_true(n >= 30);
	buf_release(&out);
}

static void a_summary_speaks_of_guests_and_not_as_one(void **state)
{
	static const char *const voices[] = {
		"We left a day early.",
		"Mixed feelings about our stay in Porto.",
		"I had expected more for this price.",
		"The staff made it worth it, and I\xe2\x80\x99ll come again.",
		"Five stars from us.",
		"A hotel to love, says my husband.",
	};
	static const char *const fine[] = {
		"Guests from the US loved the spa.",
		"Els hostes elogien la piscina i el bar.",
		"Guests felt welcome, and towels were plentiful.",
	};
	struct buf out;

	(void)state;
	buf_init(&out, 10000);
	for (size_t i = 0; i < sizeof(voices) / sizeof(voices[0]); i++)
		assert_int_equal(summary_sanitise(slice_str(voices[i]), &out), VERDICT_VOICE);
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		assert_int_equal(summary_sanitise(slice_str(fine[i]), &out), VERDICT_FINE);
	buf_release(&out);
}

static void a_piece_of_a_review_is_no_summary_of_it(void **state)
{
	const struct slice reviews[] = {SLICE_LITERAL("Great value for Porto.  The spa\nwas a dream."),
					SLICE_LITERAL(""), SLICE_LITERAL("Never again!")};

	(void)state;
	assert_true(summary_is_copied(slice_str("Great value for Porto."), reviews, 3));
	assert_true(summary_is_copied(slice_str("The spa was a dream!"), reviews, 3));
	assert_true(summary_is_copied(slice_str("Never again."), reviews, 3));
	assert_false(summary_is_copied(slice_str("Guests loved the spa."), reviews, 3));
	assert_false(summary_is_copied(slice_str("Never again."), reviews, 2));
	assert_false(summary_is_copied(slice_str(""), reviews, 3));
}

static void an_answer_has_at_most_400_characters(void **state)
{
	char text[1300] = "A ";
	struct buf out;

	(void)state;
	buf_init(&out, 10000);
	for (int i = 0; i < 397; i++)
		memcpy(text + 2 + 2 * i, "\xc3\xa9", 3);
	strncat(text, ".", 2);
	assert_int_equal(summary_sanitise(slice_str(text), &out), VERDICT_FINE);
	text[strlen(text) - 1] = 'x';
	assert_int_equal(summary_sanitise(slice_str(text), &out),
			 VERDICT_LONG); /* the full stop is one too many */
	buf_release(&out);
}

/* ---- questions ---- */

static void no_answer(void *ctx, struct hash_id hash, struct slice summary)
{
	(void)ctx;
	(void)hash;
	(void)summary;
}

/* While a model thinks, or is down, questions are what grows. Their texts are shared, and
 * what a call needs they have while it flies. */
static void a_question_that_waits_is_small(void **state)
{
	enum { MANY = 1000, REVIEWS = 10 };
	struct summary_client_options o = {.url = "http://127.0.0.1:1/v1", .model = "m"};
	struct slice reviews[REVIEWS];
	struct summary_client *c;
	struct loop loop;
	size_t before, each;

	(void)state;
	for (int i = 0; i < REVIEWS; i++)
		reviews[i] = shared_text(SLICE_LITERAL("The staff was helpful and friendly."));
	assert_int_equal(loop_init(&loop, NULL), 0);
	c = summary_client_new(&loop, NULL, NULL, &o, no_answer, NULL, NULL);
	assert_non_null(c);
	before = mallinfo2().uordblks;
	for (int n = 0; n < MANY; n++) {
		struct summary_question q = {.reviews = reviews, .count = REVIEWS, .shared = true};

		q.hash.bytes[0] = (uint8_t)n;
		q.hash.bytes[1] = (uint8_t)(n >> 8);
		assert_int_equal(summary_client_ask(c, &q, NULL), 0);
	}
	each = (mallinfo2().uordblks - before) / MANY; /* 0 where a sanitizer's malloc counts nothing */
	assert_true(each <= sizeof(reviews) + 280);
	summary_client_free(c);
	for (int i = 0; i < REVIEWS; i++)
		shared_text_drop(reviews[i]);
	assert_int_equal(loop_release(&loop, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reviews_are_encoded_as_data_oldest_first),
		cmocka_unit_test(the_same_arguments_give_the_same_prompt),
		cmocka_unit_test(nothing_to_summarise_needs_no_call),
		cmocka_unit_test(the_budget_drops_the_oldest_first_and_never_cuts_a_character),
		cmocka_unit_test(hidden_characters_and_separators_do_not_reach_the_model),
		cmocka_unit_test(cleaning_without_a_copy_is_cleaning),
		cmocka_unit_test(no_injection_leaves_its_string),
		cmocka_unit_test(the_identity_names_what_an_answer_depends_on),
		cmocka_unit_test(wrappings_are_taken_off_good_answers),
		cmocka_unit_test(nothing_a_fooled_model_says_is_accepted),
		cmocka_unit_test(a_summary_speaks_of_guests_and_not_as_one),
		cmocka_unit_test(a_piece_of_a_review_is_no_summary_of_it),
		cmocka_unit_test(an_answer_has_at_most_400_characters),
		cmocka_unit_test(a_question_that_waits_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
