/* Up to when everything is done with: nothing that could still be emitted, and
 * no click that would still be taken, lies before it. */

#include "hotels/pipeline.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/pipeline_fixture.h"

#include <stdlib.h>

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fixture_init(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	fixture_release(*state);
	free(*state);
	return 0;
}

static int64_t settled(const struct fixture *f)
{
	return pipeline_settled(f->pipeline).ms - BASE;
}

static void nothing_is_settled_before_the_first_watermark(void **state)
{
	struct fixture *f = *state;

	assert_true(pipeline_settled(f->pipeline).ms <= EVENT_TIME_MIN.ms);
}

static void it_follows_what_the_join_lets_go(void **state)
{
	struct fixture *f = *state;

	fixture_click(f, "a@x", "h1", 0);
	fixture_pass(f, 20 * MINUTE);
	assert_true(settled(f) <= 0); /* decided, but an equal or a late one may come */
	fixture_pass(f, 50 * MINUTE);
	assert_true(settled(f) <= 20 * MINUTE + 1);
	assert_true(settled(f) > 15 * MINUTE);
}

static void a_target_without_its_hotel_is_not_settled(void **state)
{
	struct fixture *f = *state;

	f->config.hotel_grace = 5 * HOUR;
	fixture_begin(f);
	fixture_click(f, "a@x", "nowhere", 0);
	fixture_pass(f, 2 * HOUR);
	assert_int_equal(settled(f), 0);
	fixture_pass(f, 6 * HOUR); /* it has waited enough; a booking of 2 h has not */
	assert_true(settled(f) >= 2 * HOUR && settled(f) < 3 * HOUR);
}

static void a_target_without_its_summary_is_not_settled(void **state)
{
	struct fixture *f = *state;

	fixture_hotel(f, "h1", "Inn", "Rome", "pool");
	fixture_review(f, "r1", "h1", NULL, "fine", -DAY);
	fixture_click(f, "a@x", "h1", 0);
	fixture_pass(f, 2 * HOUR);
	assert_int_equal(settled(f), 0);
	fixture_answer_all(f);
	assert_true(settled(f) > HOUR);
}

static void a_booking_without_its_hotel_is_not_settled(void **state)
{
	struct fixture *f = *state;

	f->config.hotel_grace = 5 * HOUR;
	fixture_begin(f);
	fixture_booking(f, "b1", "a@x", "nowhere", 0);
	fixture_pass(f, 2 * HOUR);
	assert_int_equal(settled(f), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_settled_before_the_first_watermark),
		TEST(it_follows_what_the_join_lets_go),
		TEST(a_target_without_its_hotel_is_not_settled),
		TEST(a_target_without_its_summary_is_not_settled),
		TEST(a_booking_without_its_hotel_is_not_settled),
	};

	return cmocka_run_group_tests_name("settled", tests, NULL, NULL);
}
