/* Slices of event time: which hold something in a span, whatever its place. */

#include "operators/time_slices.h"
#include "test/lib/cmocka_all.h"

static void only_slices_that_hold_something_are_found_in_order(void **state)
{
	struct time_slices s;
	const int64_t *n;
	int64_t lowest;

	(void)state;
	time_slices_init(&s, 128);
	assert_int_equal(time_slices_between(&s, -1000, 1000, SIZE_MAX, &n), 0);
	for (int64_t k = 40; k >= -40; k -= 5)
		assert_int_equal(time_slices_put(&s, k, 7), 0);
	assert_int_equal(time_slices_put(&s, 20, 0), 7); /* empty again */
	assert_int_equal(time_slices_first(&s, 15), 7);
	assert_int_equal(time_slices_first(&s, 16), 0);
	assert_int_equal(time_slices_between(&s, -10, 25, SIZE_MAX, &n), 7);
	for (int i = 0; i < 6; i++)
		assert_int_equal(n[i], 5 * i - 10);
	assert_int_equal(n[6], 25);
	assert_true(time_slices_lowest(&s, -9, 25, &lowest));
	assert_int_equal(lowest, -5);
	assert_false(time_slices_lowest(&s, 41, 400, &lowest));
	assert_false(time_slices_lowest(&s, 16, 24, &lowest));	  /* 20 is empty again */
	assert_true(time_slices_between(&s, -10, 25, 1, &n) < 7); /* the group of the lowest */
	assert_int_equal(n[0], -10);
	assert_int_equal(time_slices_between(&s, INT64_MIN / 200, INT64_MAX / 200, SIZE_MAX, &n), 16);
	assert_int_equal(n[0], -40);
	assert_int_equal(n[15], 40);
	time_slices_release(&s);
}

static void times_below_zero_round_down(void **state)
{
	struct time_slices s;

	(void)state;
	time_slices_init(&s, 100);
	assert_int_equal(time_slices_number(&s, 99), 0);
	assert_int_equal(time_slices_number(&s, -1), -1);
	assert_int_equal(time_slices_number(&s, -100), -1);
	assert_int_equal(time_slices_number(&s, -101), -2);
	time_slices_release(&s);
}

static void a_window_that_moves_for_ever_needs_no_more_room(void **state)
{
	struct time_slices s;
	size_t cap = 0;

	(void)state;
	time_slices_init(&s, 128);
	for (int64_t k = 0; k < 200000; k++) {
		time_slices_put(&s, k, 1);
		if (k >= 1000)
			assert_int_equal(time_slices_put(&s, k - 1000, 0), 1);
		if (k == 20000)
			cap = s.groups.now.cap;
	}
	assert_int_equal(s.groups.now.cap, cap);
	time_slices_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_slices_that_hold_something_are_found_in_order),
		cmocka_unit_test(times_below_zero_round_down),
		cmocka_unit_test(a_window_that_moves_for_ever_needs_no_more_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
