/* Up to when an erased address is forgotten. */

#include "hotels/customer_table.h"
#include "hotels/forgotten.h"
#include "test/lib/cmocka_all.h"

static bool covers(const struct forgotten *f, const char *email, int64_t ms)
{
	return forgotten_covers(f, slice_str(email), event_time_at(ms));
}

static void an_address_is_covered_up_to_its_time_inclusive(void **state)
{
	struct hash_id ann = customer_address_hash(slice_str("ann"));
	struct forgotten f;

	(void)state;
	forgotten_init(&f, 1);
	assert_false(covers(&f, "ann", 5));
	assert_true(forgotten_put(&f, &ann, event_time_at(10)));
	assert_true(covers(&f, "ann", 9));
	assert_true(covers(&f, "ann", 10));
	assert_false(covers(&f, "ann", 11));
	assert_false(covers(&f, "bob", 9));
	forgotten_release(&f);
}

static void a_later_erasure_counts_and_an_earlier_does_not(void **state)
{
	struct hash_id ann = customer_address_hash(slice_str("ann"));
	struct forgotten f;

	(void)state;
	forgotten_init(&f, 1);
	assert_true(forgotten_put(&f, &ann, event_time_at(10)));
	assert_false(forgotten_put(&f, &ann, event_time_at(10)));
	assert_false(forgotten_put(&f, &ann, event_time_at(5)));
	assert_true(covers(&f, "ann", 10));
	assert_true(forgotten_put(&f, &ann, event_time_at(20)));
	assert_true(covers(&f, "ann", 20));
	forgotten_release(&f);
}

static void what_is_old_enough_is_let_go(void **state)
{
	struct hash_id ann = customer_address_hash(slice_str("ann")),
		       bob = customer_address_hash(slice_str("bob")), gone;
	struct forgotten f;

	(void)state;
	forgotten_init(&f, 1);
	forgotten_put(&f, &bob, event_time_at(20));
	forgotten_put(&f, &ann, event_time_at(10));
	assert_int_equal(forgotten_expire(&f, event_time_at(10), &gone), 0);
	assert_int_equal(forgotten_expire(&f, event_time_at(11), &gone), 1);
	assert_true(hash_id_equal(gone, ann));
	assert_int_equal(forgotten_expire(&f, event_time_at(11), &gone), 0);
	assert_false(covers(&f, "ann", 10));
	assert_true(covers(&f, "bob", 10));
	forgotten_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_covered_up_to_its_time_inclusive),
		cmocka_unit_test(a_later_erasure_counts_and_an_earlier_does_not),
		cmocka_unit_test(what_is_old_enough_is_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
