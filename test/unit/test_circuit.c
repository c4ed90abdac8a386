/* The circuit breaker of a model that is down. */

#include "summary/circuit.h"
#include "test/lib/cmocka_all.h"

static void the_circuit_doubles_its_pauses_up_to_a_bound(void **state)
{
	struct circuit_breaker c;
	static const int64_t waits[] = {100, 200, 400, 500, 500};

	(void)state;
	circuit_init(&c, 3, 100, 500);
	assert_int_equal(circuit_failure(&c, 0), 0);
	assert_int_equal(circuit_failure(&c, 0), 0);
	assert_int_equal(circuit_allows(&c, 4), 4);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(circuit_failure(&c, 0), waits[i]);
		assert_int_equal(circuit_allows(&c, 4), 0);
		assert_int_equal(circuit_failure(&c, 0), 0); /* a straggler */
		circuit_probe(&c);
		assert_int_equal(circuit_allows(&c, 4), 1);
	}
	assert_true(circuit_success(&c));
	assert_false(circuit_success(&c));
	assert_int_equal(circuit_failure(&c, 9000), 9000); /* at once, and as long as asked */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_circuit_doubles_its_pauses_up_to_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
