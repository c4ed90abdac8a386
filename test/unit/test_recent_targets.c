/* The ring of the latest targets. */

#include "daemon/recent_targets.h"
#include "test/lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

static int set_up(void **state)
{
	struct recent_targets *r = malloc(sizeof(*r));

	recent_targets_init(r);
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	recent_targets_release(*state);
	free(*state);
	return 0;
}

static struct value text_value(const char *text)
{
	return (struct value){.kind = VALUE_STRING, .s = slice_str(text)};
}

static void add(struct recent_targets *r, const char *email, int64_t time_ms)
{
	const struct target_view t = {.email = slice_str(email),
				      .hotel_id = SLICE_LITERAL("H1"),
				      .activity_time = event_time_at(time_ms),
				      .hotel_name = SLICE_LITERAL("Inn"),
				      .reviews = SLICE_LITERAL("a||| b"),
				      .review_count = 2,
				      .summary = SLICE_LITERAL("Nice.")};

	recent_targets_add(r, &t, time_ms + 1);
}

static void the_newest_comes_first_and_the_oldest_goes(void **state)
{
	struct recent_targets *r = *state;
	char email[32];

	assert_int_equal(r->count, 0);
	for (int i = 0; i < 3 * RECENT_TARGETS + 7; i++) {
		snprintf(email, sizeof(email), "c%d@x.org", i);
		add(r, email, i);
		memset(email, 'z', sizeof(email)); /* nothing is borrowed */
		assert_int_equal(recent_targets_get(r, 0)->activity_ms, i);
	}
	assert_int_equal(r->count, RECENT_TARGETS);
	for (int k = 0; k < RECENT_TARGETS; k++) {
		int i = 3 * RECENT_TARGETS + 6 - k;

		snprintf(email, sizeof(email), "c%d@x.org", i);
		assert_int_equal(recent_targets_get(r, (size_t)k)->emitted_ms, i + 1);
		assert_true(slice_is(recent_targets_get(r, (size_t)k)->email, email));
	}
	assert_int_equal(recent_targets_get(r, 0)->review_count, 2);
}

static void long_texts_are_cut_between_characters(void **state)
{
	struct recent_targets *r = *state;
	struct value similar[RECENT_SIMILAR_MAX + 3];
	struct target_view t = {.similar = similar, .similar_count = RECENT_SIMILAR_MAX + 3};
	char *longer = malloc(6000);

	for (int i = 0; i < 6000; i += 2)
		memcpy(longer + i, "\xc3\xa9", 2);
	for (int i = 0; i < RECENT_SIMILAR_MAX + 3; i++)
		similar[i] = (struct value){.kind = VALUE_STRING, .s = slice_make(longer, 6000)};
	similar[1].kind = VALUE_NULL;
	t.email = t.hotel_id = t.hotel_name = t.summary = slice_make(longer, 5999);
	t.hotel_city = similar[0];
	recent_targets_add(r, &t, 1);
	free(longer);
	assert_int_equal(r->count, 1);
	assert_int_equal(recent_targets_get(r, 0)->summary.len, 1000);
	assert_int_equal(recent_targets_get(r, 0)->similar_kept, RECENT_SIMILAR_MAX);
	assert_int_equal(recent_targets_get(r, 0)->similar_count, RECENT_SIMILAR_MAX + 3);
	assert_int_equal(recent_targets_get(r, 0)->similar[7].len % 2, 0);
	assert_int_equal(recent_targets_get(r, 0)->review_count, 0);
}

static void null_city_and_no_reviews_are_fine(void **state)
{
	struct recent_targets *r = *state;
	const struct value one = text_value("Other");
	const struct target_view t = {.hotel_city = {.kind = VALUE_NULL},
				      .similar = &one,
				      .similar_count = 1};

	recent_targets_add(r, &t, 1);
	assert_int_equal(recent_targets_get(r, 0)->hotel_city.len, 0);
	assert_true(slice_is(recent_targets_get(r, 0)->similar[0], "Other"));
}

/* Against an array, with a ring that is partly filled, full, and gone round. */
static void an_erased_customer_disappears_and_the_order_stays(void **state)
{
	struct recent_targets *r = *state;
	int64_t model[500];
	size_t count = 0;

	for (int i = 0; i < 400; i++) {
		add(r, i % 3 == 0 ? "gone@x.org" : "stays@x.org", i);
		if (count == RECENT_TARGETS)
			memmove(model, model + 1, --count * sizeof(model[0]));
		model[count++] = i;
		if (i % 17 == 5) {
			size_t kept = 0;

			recent_targets_erase(r, SLICE_LITERAL("gone@x.org"));
			for (size_t k = 0; k < count; k++)
				if (model[k] % 3 != 0)
					model[kept++] = model[k];
			count = kept;
		}
		assert_int_equal(r->count, count);
		for (size_t k = 0; k < count; k++)
			assert_int_equal(recent_targets_get(r, k)->activity_ms, model[count - 1 - k]);
	}
	recent_targets_erase(r, SLICE_LITERAL("stays@x.org"));
	recent_targets_erase(r, SLICE_LITERAL("gone@x.org"));
	assert_int_equal(r->count, 0);
	add(r, "new@x.org", 9);
	assert_int_equal(r->count, 1);
	assert_int_equal(recent_targets_get(r, 0)->activity_ms, 9);
}

static void the_bytes_of_an_erased_address_are_gone(void **state)
{
	struct recent_targets *r = *state;

	add(r, "secret@x.org", 1);
	add(r, "other@x.org", 2);
	recent_targets_erase(r, SLICE_LITERAL("secret@x.org"));
	for (size_t i = 0; i < RECENT_TARGETS; i++)
		if (r->items[i].text.data != NULL)
			assert_null(memmem(r->items[i].text.data, r->items[i].text.len, "secret", 6));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_newest_comes_first_and_the_oldest_goes),
		TEST(long_texts_are_cut_between_characters),
		TEST(null_city_and_no_reviews_are_fine),
		TEST(an_erased_customer_disappears_and_the_order_stays),
		TEST(the_bytes_of_an_erased_address_are_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
