/* Deltas: row operations as bytes. */

#include "base/random.h"
#include "store/delta.h"
#include "test/lib/cmocka_all.h"

#include <math.h>

static void what_goes_in_comes_out_in_order(void **state)
{
	struct cell put[5] = {cell_int(INT64_MIN), cell_real(-0.5), cell_text(SLICE_LITERAL("h\xc3\xb4tel")),
			      cell_blob(SLICE_LITERAL("\0\xff")), cell_null()};
	struct delta_operation op;
	struct delta d;
	size_t at = 0;

	(void)state;
	delta_init(&d, 1000);
	delta_put(&d, 7, put, 5);
	delta_delete(&d, 8, put, 1);
	delta_delete_below(&d, 9, 1234567890123);
	assert_int_equal(d.operations, 3);
	assert_int_equal(delta_next(&d, &at, &op), 1);
	assert_int_equal(op.op, ROW_PUT);
	assert_int_equal(op.table, 7);
	assert_int_equal(op.count, 5);
	assert_int_equal(op.cells[0].i, INT64_MIN);
	assert_true(op.cells[1].d == -0.5);
	assert_true(slice_is(op.cells[2].s, "h\xc3\xb4tel"));
	assert_true(slice_equal(op.cells[3].s, SLICE_LITERAL("\0\xff")));
	assert_int_equal(op.cells[4].type, CELL_NULL);
	assert_int_equal(delta_next(&d, &at, &op), 1);
	assert_int_equal(op.op, ROW_DELETE);
	assert_int_equal(op.count, 1);
	assert_int_equal(delta_next(&d, &at, &op), 1);
	assert_int_equal(op.op, ROW_DELETE_BELOW);
	assert_int_equal(op.cells[0].i, 1234567890123);
	assert_int_equal(delta_next(&d, &at, &op), 0);
	delta_release(&d);
}

/* Tables of all operations, in order. */
static uint64_t tables_in(const struct delta *d)
{
	struct delta_operation op;
	uint64_t digits = 0;
	size_t at = 0;

	while (delta_next(d, &at, &op) == 1)
		digits = digits * 10 + (uint64_t)op.table;
	return digits;
}

static void what_is_taken_stands_behind_what_was_there(void **state)
{
	struct delta to, from;

	(void)state;
	delta_init(&to, 60);
	delta_init(&from, 1000);
	delta_delete_below(&from, 1, 1);
	delta_delete_below(&from, 2, 1);
	delta_take(&to, &from);
	assert_int_equal(delta_bytes(&from), 0);
	assert_int_equal(from.operations, 0);
	assert_int_equal(to.operations, 2);
	delta_delete_below(&from, 3, 1);
	delta_take(&to, &from);
	assert_int_equal(to.operations, 3);
	assert_int_equal(tables_in(&to), 123);
	assert_int_equal(from.bytes.max, 1000);
	assert_int_equal(to.bytes.max, 60);
	for (int i = 0; i < 4; i++)
		delta_delete_below(&from, 4, 1);
	delta_take(&to, &from); /* more than `to` may hold */
	assert_true(delta_failed(&to));
	assert_false(delta_failed(&from));
	delta_clear(&to);
	for (int i = 0; i < 8; i++)
		delta_delete_below(&from, 4, 1);
	delta_take(&to, &from);
	assert_true(delta_failed(&to));
	delta_release(&to);
	delta_release(&from);
}

static void an_operation_that_does_not_fit_is_not_there_at_all(void **state)
{
	struct cell big = cell_text(SLICE_LITERAL("0123456789"));
	struct delta_operation op;
	struct delta d;
	size_t at = 0;

	(void)state;
	delta_init(&d, 30);
	delta_put(&d, 0, &big, 1);
	assert_false(delta_failed(&d));
	delta_put(&d, 0, &big, 1);
	assert_true(delta_failed(&d));
	assert_int_equal(delta_next(&d, &at, &op), 1);
	assert_int_equal(delta_next(&d, &at, &op), 0);
	delta_clear(&d);
	assert_false(delta_failed(&d));
	assert_int_equal(delta_bytes(&d), 0);
	delta_release(&d);
}

static void too_many_cells_or_tables_fail_the_delta(void **state)
{
	struct cell cells[DELTA_MAX_CELLS + 1] = {{0}};
	struct delta d;

	(void)state;
	delta_init(&d, 1000);
	delta_put(&d, 0, cells, DELTA_MAX_CELLS + 1);
	assert_true(delta_failed(&d));
	delta_clear(&d);
	delta_put(&d, 256, cells, 1);
	assert_true(delta_failed(&d));
	delta_release(&d);
}

static void damaged_bytes_are_noticed_not_followed(void **state)
{
	struct cell cells[3] = {cell_int(1), cell_text(SLICE_LITERAL("abc")), cell_real(2)};
	struct delta_operation op;
	struct random r;
	struct delta d;

	(void)state;
	random_init(&r, 11);
	delta_init(&d, 1000);
	delta_put(&d, 1, cells, 3);
	for (size_t cut = 1; cut < d.bytes.len; cut++) {
		struct delta part = d;
		size_t at = 0;

		part.bytes.len = cut;
		assert_int_equal(delta_next(&part, &at, &op), -1);
	}
	for (int i = 0; i < 20000; i++) {
		size_t at = 0, where = random_below(&r, d.bytes.len);
		char was = d.bytes.data[where];

		d.bytes.data[where] = (char)random_u64(&r);
		while (delta_next(&d, &at, &op) > 0)
			;
		d.bytes.data[where] = was;
	}
	delta_release(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out_in_order),
		cmocka_unit_test(what_is_taken_stands_behind_what_was_there),
		cmocka_unit_test(an_operation_that_does_not_fit_is_not_there_at_all),
		cmocka_unit_test(too_many_cells_or_tables_fail_the_delta),
		cmocka_unit_test(damaged_bytes_are_noticed_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
