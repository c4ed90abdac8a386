/* From where a partition would have to be read again. */

#include "base/random.h"
#include "daemon/replay.h"
#include "test/lib/cmocka_all.h"

#define MINUTE 60000

static void nothing_settled_means_from_the_start(void **state)
{
	struct replay r;

	(void)state;
	replay_start(&r, 100);
	replay_note(&r, 200, 5 * MINUTE);
	replay_note(&r, 300, 9 * MINUTE);
	assert_int_equal(replay_from(&r, INT64_MIN, 300, 9 * MINUTE), 100);
	assert_int_equal(replay_from(&r, 5 * MINUTE, 300, 9 * MINUTE), 100); /* its record may be at 5 min */
	assert_int_equal(replay_from(&r, 5 * MINUTE + 1, 300, 9 * MINUTE), 200);
	assert_int_equal(replay_from(&r, 9 * MINUTE, 300, 9 * MINUTE), 200);
	assert_int_equal(replay_from(&r, 9 * MINUTE + 1, 300, 9 * MINUTE), 300); /* all of it is settled */
}

static void an_empty_partition_needs_nothing(void **state)
{
	struct replay r;

	(void)state;
	replay_start(&r, 0);
	assert_int_equal(replay_from(&r, 1, 0, INT64_MIN / 4), 0);
	replay_start(&r, 70); /* only what could not be read came */
	assert_int_equal(replay_from(&r, 1, 75, INT64_MIN / 4), 75);
}

/* The rule itself, by looking at every record. */
static void no_record_that_is_needed_lies_in_front(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct random rnd;
		struct replay r;
		static int64_t times[20000];
		int64_t highest = INT64_MIN / 4, settled = INT64_MIN, latest = 0;

		random_init(&rnd, seed);
		replay_start(&r, 0);
		for (int64_t n = 0; n < 20000;) {
			int64_t upto = n + 1 + (int64_t)random_below(&rnd, 400), from;

			for (; n < upto && n < 20000; n++) {
				times[n] = n * 1000 - (int64_t)random_below(&rnd, 20 * MINUTE);
				highest = times[n] > highest ? times[n] : highest;
			}
			replay_note(&r, n, highest);
			if (highest - 30 * MINUTE > settled && random_below(&rnd, 4) > 0)
				settled = highest - (int64_t)random_below(&rnd, 30) * MINUTE;
			from = replay_from(&r, settled, n, highest);
			for (int64_t i = 0; i < from; i++)
				if (times[i] >= settled)
					fail_msg("seed %llu: record %lld is needed, from %lld",
						 (unsigned long long)seed, (long long)i, (long long)from);
			latest = from;
			assert_true(r.count <= REPLAY_MARKS);
		}
		assert_true(latest > 10000); /* and it does move on */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_settled_means_from_the_start),
		cmocka_unit_test(an_empty_partition_needs_nothing),
		cmocka_unit_test(no_record_that_is_needed_lies_in_front),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
