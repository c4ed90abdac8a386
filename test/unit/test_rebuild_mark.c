/* What tells an empty database that a rebuild left from a first start. */

#include "store/database.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/store_fixture.h"

static void a_mark_stays_until_it_is_taken_away(void **state)
{
	struct store_fixture f;
	struct err err;

	(void)state;
	assert_int_equal(store_fixture_init(&f), 0);
	assert_false(database_rebuild_marked(f.path));
	assert_int_equal(database_rebuild_mark(f.path, &err), 0);
	assert_int_equal(database_rebuild_mark(f.path, &err), 0); /* asked for again */
	assert_true(database_rebuild_marked(f.path));
	assert_int_equal(database_rebuild_unmark(f.path, &err), 0);
	assert_false(database_rebuild_marked(f.path));
	assert_int_equal(database_rebuild_unmark(f.path, &err), 0);
	store_fixture_release(&f);
}

static void it_does_not_go_aside_with_the_database(void **state)
{
	struct store_fixture f;
	struct database *db;
	struct err err;

	(void)state;
	assert_int_equal(store_fixture_init(&f), 0);
	db = store_fixture_open(&f, &err);
	assert_non_null(db);
	database_close(db);
	assert_int_equal(database_rebuild_mark(f.path, &err), 0);
	assert_int_equal(database_set_aside(f.path, NULL, &err), 0);
	assert_true(database_rebuild_marked(f.path));
	store_fixture_release(&f);
}

static void where_no_file_can_be_made_nothing_is_begun(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(database_rebuild_mark("/nonexistent/state.db", &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_false(database_rebuild_marked("/nonexistent/state.db"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mark_stays_until_it_is_taken_away),
		cmocka_unit_test(it_does_not_go_aside_with_the_database),
		cmocka_unit_test(where_no_file_can_be_made_nothing_is_begun),
	};

	return cmocka_run_group_tests_name("rebuild_mark", tests, NULL, NULL);
}
