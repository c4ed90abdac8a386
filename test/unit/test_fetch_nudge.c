/* When librdkafka is reminded that its queue has room. */

#include "kafka/fetch_nudge.h"
#include "test/lib/cmocka_all.h"

static int64_t now_ms;

static int64_t now(void *ctx)
{
	(void)ctx;
	return now_ms;
}

static bool due_at(struct fetch_nudge *n, int64_t ms, size_t length)
{
	now_ms = ms;
	return fetch_nudge_due(n, length);
}

static void init(struct fetch_nudge *n)
{
	fetch_nudge_init(n, (struct clock){now, now, NULL});
}

static void a_queue_that_is_half_empty_is_filled_again(void **state)
{
	struct fetch_nudge n;

	(void)state;
	init(&n);
	assert_false(due_at(&n, 1000, 50000));
	assert_false(due_at(&n, 1100, 100000));
	assert_false(due_at(&n, 1200, 50000));
	assert_true(due_at(&n, 1300, 49999));
	assert_false(due_at(&n, 1400, 30000)); /* half of what it was then is not reached */
	assert_true(due_at(&n, 1500, 20000));  /* the request may have gone to another broker */
	assert_false(due_at(&n, 1600, 90000));
	assert_true(due_at(&n, 1700, 40000));
}

static void nudges_have_a_pause_between_them(void **state)
{
	struct fetch_nudge n;

	(void)state;
	init(&n);
	assert_false(due_at(&n, 1000, 100000));
	assert_true(due_at(&n, 1001, 10000));
	assert_false(due_at(&n, 1002, 4000));
	assert_false(due_at(&n, 1020, 4000));
	assert_true(due_at(&n, 1021, 4000));
}

static void a_queue_that_runs_empty_does_not_wait_for_the_end_of_the_pause(void **state)
{
	struct fetch_nudge n;

	(void)state;
	init(&n);
	assert_false(due_at(&n, 1000, 100000));
	assert_true(due_at(&n, 1001, 10000));
	assert_true(due_at(&n, 1002, 0));
	assert_false(due_at(&n, 1003, 0)); /* once */
}

static void records_that_come_a_few_at_a_time_cost_no_request(void **state)
{
	struct fetch_nudge n;

	(void)state;
	init(&n);
	for (int i = 0; i < 100; i++) {
		assert_false(due_at(&n, 1000 * i, 200));
		assert_false(due_at(&n, 1000 * i + 500, 0));
	}
}

static void an_empty_queue_asks_for_nothing(void **state)
{
	struct fetch_nudge n;

	(void)state;
	init(&n);
	assert_false(due_at(&n, 1000, 0));
	assert_false(due_at(&n, 2000, 0));
	assert_false(due_at(&n, 3000, 1));
	assert_false(due_at(&n, 4000, 0)); /* half of one is none */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_queue_that_is_half_empty_is_filled_again),
		cmocka_unit_test(nudges_have_a_pause_between_them),
		cmocka_unit_test(a_queue_that_runs_empty_does_not_wait_for_the_end_of_the_pause),
		cmocka_unit_test(records_that_come_a_few_at_a_time_cost_no_request),
		cmocka_unit_test(an_empty_queue_asks_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
