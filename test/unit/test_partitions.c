/* Where the input partitions stand, and addresses to listen on. */

#include "daemon/listen.h"
#include "daemon/partitions.h"
#include "test/lib/cmocka_all.h"

#include <stdlib.h>

static const char *const topics[INPUTS] = {"clickstream", "bookings", "hotel_reviews", "HOTEL", "CUSTOMER"};

static void a_partition_is_found_by_input_and_number(void **state)
{
	struct partitions p;

	(void)state;
	partitions_init(&p, topics);
	assert_non_null(partitions_add(&p, INPUT_BOOKINGS, 7, 100));
	assert_non_null(partitions_add(&p, INPUT_CLICKSTREAM, 0, -1));
	assert_int_equal(partitions_find(&p, INPUT_BOOKINGS, 7)->position.next_offset, 100);
	assert_null(partitions_find(&p, INPUT_BOOKINGS, 6));
	assert_null(partitions_find(&p, INPUT_HOTEL, 0));
	assert_null(partitions_find(&p, INPUT_BOOKINGS, -1));
	assert_null(partitions_add(&p, INPUT_BOOKINGS, -1, 0));
	partitions_add(&p, INPUT_BOOKINGS, 7, 5);
	assert_int_equal(partitions_find(&p, INPUT_BOOKINGS, 7)->position.next_offset, 100);
	assert_int_equal(p.count, 2);
	partitions_release(&p);
}

static void a_checkpoint_restores_positions_and_leaves_out_foreign_topics(void **state)
{
	struct position saved[] = {
		{.topic = (char *)"HOTEL",
		 .partition = 1,
		 .next_offset = 42,
		 .last_offset = 41,
		 .last_crc = 9},
		{.topic = (char *)"gone", .partition = 0, .next_offset = 1},
	};
	struct partitions p;
	struct err err;

	(void)state;
	partitions_init(&p, topics);
	assert_int_equal(partitions_restore(&p, saved, 2, &err), 0);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.items[0].position.last_crc, 9);
	assert_ptr_not_equal(p.items[0].position.topic, saved[0].topic);
	assert_string_equal(p.items[0].position.topic, "HOTEL");
	partitions_release(&p);
}

static void dimensions_are_ready_when_every_assigned_one_was_read_to_its_end(void **state)
{
	struct partitions p;

	(void)state;
	partitions_init(&p, topics);
	assert_true(partitions_dimensions_at_end(&p)); /* topics that do not exist yet hold nothing up */
	partitions_add(&p, INPUT_HOTEL, 0, 0)->assigned = true;
	partitions_add(&p, INPUT_CLICKSTREAM, 0, 0)->assigned = true;
	assert_false(partitions_dimensions_at_end(&p));
	partitions_find(&p, INPUT_HOTEL, 0)->reached_end = true;
	assert_true(partitions_dimensions_at_end(&p));
	partitions_release(&p);
}

static void lag_is_known_when_the_end_is_and_never_negative(void **state)
{
	struct input_partition p = {.end = -1, .position.next_offset = 5};

	(void)state;
	assert_int_equal(partition_lag(&p), -1);
	p.end = 7;
	assert_int_equal(partition_lag(&p), 2);
	p.end = 4; /* heard before the last record was taken */
	assert_int_equal(partition_lag(&p), 0);
	p.position.next_offset = -1;
	assert_int_equal(partition_lag(&p), -1);
}

static void an_address_is_a_host_and_a_port(void **state)
{
	static const struct {
		const char *text, *host;
		int port; /* -1: refused */
	} cases[] = {
		{"127.0.0.1:8080", "127.0.0.1", 8080},
		{"[::1]:9", "::1", 9},
		{"8080", "127.0.0.1", 8080},
		{":8080", "127.0.0.1", 8080},
		{"localhost:0", "localhost", 0},
		{"127.0.0.1", NULL, -1},
		{"x:", NULL, -1},
		{"x:70000", NULL, -1},
		{"x:-1", NULL, -1},
		{"", NULL, -1},
	};
	char host[64];
	uint16_t port;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc = listen_parse(cases[i].text, host, sizeof(host), &port, &err);

		if (cases[i].port < 0) {
			assert_int_equal(rc, -1);
			assert_int_equal(err.class, ERR_CONFIG);
			continue;
		}
		assert_int_equal(rc, 0);
		assert_string_equal(host, cases[i].host);
		assert_int_equal(port, cases[i].port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_partition_is_found_by_input_and_number),
		cmocka_unit_test(a_checkpoint_restores_positions_and_leaves_out_foreign_topics),
		cmocka_unit_test(lag_is_known_when_the_end_is_and_never_negative),
		cmocka_unit_test(dimensions_are_ready_when_every_assigned_one_was_read_to_its_end),
		cmocka_unit_test(an_address_is_a_host_and_a_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
