/* The watermark over many partitions: minimum, lateness, idleness. */

#include "event_time/watermark.h"
#include "test/lib/cmocka_all.h"

#define OOO  5000
#define IDLE 30000

static int64_t observe(struct watermark *w, int group, int32_t number, int64_t t, int64_t wall)
{
	struct watermark_partition *p = watermark_find(w, group, number);

	assert_non_null(p);
	return watermark_observe(w, p, event_time_at(t), wall);
}

static void end(struct watermark *w, int group, int32_t number, int64_t wall)
{
	watermark_partition_end(watermark_find(w, group, number), wall);
}

static void the_slowest_partition_sets_the_watermark(void **state)
{
	struct watermark w;

	(void)state;
	watermark_init(&w, OOO, IDLE);
	assert_false(watermark_advance(&w, 0)); /* nobody to follow */
	watermark_add(&w, 0, 0, true, 0);
	watermark_add(&w, 1, 7, true, 0);
	watermark_add(&w, 2, 0, false, 0); /* does not take part */
	observe(&w, 0, 0, 100000, 0);
	assert_false(watermark_advance(&w, 0));
	assert_true(w.now.ms == EVENT_TIME_MIN.ms);
	observe(&w, 1, 7, 60000, 0);
	assert_true(watermark_advance(&w, 0));
	assert_true(w.now.ms == 55000);
	observe(&w, 1, 7, 50000, 0); /* out of order: nothing goes back */
	assert_false(watermark_advance(&w, 0));
	observe(&w, 1, 7, 200000, 0);
	watermark_advance(&w, 0);
	assert_true(w.now.ms == 95000);
	watermark_release(&w);
}

static void a_record_is_late_by_its_own_partition_alone(void **state)
{
	struct watermark w;

	(void)state;
	watermark_init(&w, OOO, IDLE);
	watermark_add(&w, 0, 0, true, 0);
	watermark_add(&w, 0, 1, true, 0);
	assert_true(observe(&w, 0, 0, 100000, 0) == 0);
	assert_true(observe(&w, 0, 0, 95000, 0) == 0); /* at the watermark is not below it */
	assert_true(observe(&w, 0, 0, 94999, 0) == 1);
	assert_true(observe(&w, 0, 1, 10, 0) == 0);
	watermark_release(&w);
}

static void an_idle_partition_does_not_hold_back(void **state)
{
	struct watermark w;

	(void)state;
	watermark_init(&w, OOO, IDLE);
	watermark_add(&w, 0, 0, true, 1000);
	watermark_add(&w, 0, 1, true, 1000);
	observe(&w, 0, 0, 500000, 1000);
	assert_false(watermark_advance(&w, 1000 + IDLE)); /* its end was not seen: it may be behind */
	end(&w, 0, 1, 1500);
	assert_false(watermark_advance(&w, 1000 + IDLE - 1));
	assert_true(watermark_advance(&w, 1000 + IDLE));
	assert_true(w.now.ms == 495000);
	assert_true(watermark_find(&w, 0, 1)->idle);
	observe(&w, 0, 1, 496000, 1000 + IDLE); /* speaks again: holds again */
	observe(&w, 0, 0, 600000, 1000 + IDLE);
	assert_false(watermark_advance(&w, 1000 + IDLE));
	assert_false(watermark_find(&w, 0, 1)->idle);
	watermark_release(&w);
}

static void when_all_are_idle_the_wall_clock_leads(void **state)
{
	struct watermark w;

	(void)state;
	watermark_init(&w, OOO, IDLE);
	watermark_add(&w, 0, 0, true, 1000);
	observe(&w, 0, 0, 900, 1000);
	watermark_advance(&w, 1000);
	assert_true(w.now.ms == 900 - OOO);
	end(&w, 0, 0, 1000);
	watermark_advance(&w, 1000 + IDLE);
	assert_true(w.now.ms == 1000 + IDLE - OOO);
	assert_false(watermark_advance(&w, 500));	  /* the clock stepped back; time does not */
	watermark_touch(watermark_find(&w, 0, 0), 60000); /* even a useless record ends the idleness */
	assert_false(watermark_advance(&w, 500000));
	watermark_release(&w);
}

static void what_is_restored_holds_until_it_speaks_or_ends(void **state)
{
	struct watermark w;

	(void)state;
	watermark_init(&w, OOO, IDLE);
	assert_int_equal(watermark_restore(&w, 0, 3, true, event_time_at(70000)), 0);
	assert_int_equal(watermark_restore(&w, 0, 3, true, event_time_at(70000)), -1);
	assert_int_equal(watermark_restore(&w, 0, -1, true, event_time_at(0)), -1);
	assert_int_equal(watermark_restore(&w, WATERMARK_GROUPS, 0, true, event_time_at(0)), -1);
	watermark_restore_now(&w, event_time_at(66000));
	watermark_add(&w, 0, 4, true, 0);
	observe(&w, 0, 4, 900000, 0);
	assert_false(watermark_advance(&w, 1000000)); /* 65000 would be back */
	assert_true(w.now.ms == 66000);
	assert_true(observe(&w, 0, 3, 64999, 1000000) == 1);
	end(&w, 0, 3, 1000000);
	watermark_advance(&w, 1000000 + IDLE);
	assert_true(w.now.ms == 895000);
	watermark_release(&w);
}

static void odd_partition_numbers_are_refused(void **state)
{
	struct watermark w;

	(void)state;
	watermark_init(&w, OOO, IDLE);
	assert_null(watermark_add(&w, 0, -1, true, 0));
	assert_null(watermark_add(&w, 0, WATERMARK_MAX_PARTITION, true, 0));
	assert_null(watermark_add(&w, -1, 0, true, 0));
	assert_null(watermark_find(&w, 0, 0));
	assert_non_null(watermark_add(&w, 0, 999, true, 0));
	assert_null(watermark_find(&w, 0, 998));
	watermark_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_slowest_partition_sets_the_watermark),
		cmocka_unit_test(a_record_is_late_by_its_own_partition_alone),
		cmocka_unit_test(an_idle_partition_does_not_hold_back),
		cmocka_unit_test(when_all_are_idle_the_wall_clock_leads),
		cmocka_unit_test(what_is_restored_holds_until_it_speaks_or_ends),
		cmocka_unit_test(odd_partition_numbers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
