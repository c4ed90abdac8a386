/* The outbox: rows leave on evidence only. */

#include "base/fault.h"
#include "store/outbox.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/store_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static int setup(void **state)
{
	struct store_fixture *f = calloc(1, sizeof(*f));

	*state = f;
	return store_fixture_init(f);
}

static int teardown(void **state)
{
	store_fixture_release(*state);
	free(*state);
	return 0;
}

static void output(struct epoch *e, uint64_t seq, const char *subject)
{
	char value[32];
	struct outbox_row row = {
		.seq = seq,
		.topic = SLICE_LITERAL("OUT"),
		.partition = -1,
		.has_key = true,
		.key = slice_str(subject),
		.has_value = true,
		.subject = slice_str(subject),
	};

	snprintf(value, sizeof(value), "value %llu", (unsigned long long)seq);
	row.value = slice_str(value);
	memset(row.id.bytes, (int)seq, sizeof(row.id.bytes));
	epoch_output(e, &row);
}

struct seen {
	uint64_t seqs[64];
	size_t count;
};

static int see(void *ctx, const struct outbox_row *row, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	s->seqs[s->count++] = row->seq;
	return 0;
}

/* Expects exactly these seqs, in order; the list ends with 0. */
static void assert_waiting(struct database *db, const uint64_t *expected)
{
	struct seen s = {.count = 0};
	struct err err;
	size_t n = 0;

	assert_int_equal(outbox_each(db, 0, 64, SIZE_MAX, see, &s, &err), 0);
	while (expected[n] != 0) {
		assert_true(n < s.count);
		assert_int_equal(s.seqs[n], expected[n]);
		n++;
	}
	assert_int_equal(s.count, n);
}
#define WAITING(db, ...) assert_waiting(db, (const uint64_t[]){__VA_ARGS__, 0})

static int64_t rows_in_the_file(struct database *db)
{
	sqlite3_stmt *stmt;
	int64_t count;

	assert_int_equal(sqlite3_prepare_v2(database_handle(db), "SELECT count(*) FROM outbox", -1, &stmt,
					    NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	count = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return count;
}

/* Epoch 1: rows 1..4 about a, b, a, c. */
static struct database *with_four_rows(struct store_fixture *f)
{
	struct err err;
	struct database *db = store_fixture_open(f, &err);
	struct epoch e;

	assert_non_null(db);
	epoch_init(&e, 1, 100000);
	output(&e, 1, "a@example.com");
	output(&e, 2, "b@example.com");
	output(&e, 3, "a@example.com");
	output(&e, 4, "c@example.com");
	assert_int_equal(checkpoint_commit(db, &e, &err), 0);
	epoch_release(&e);
	return db;
}

static int check_row(void *ctx, const struct outbox_row *row, struct err *err)
{
	struct slice name, value;
	size_t at = 0;

	(void)err;
	assert_int_equal(row->seq, 7);
	assert_true(slice_is(row->topic, "TOPIC"));
	assert_int_equal(row->partition, 3);
	assert_int_equal(row->timestamp_ms, 123456);
	assert_true(row->has_key);
	assert_int_equal(row->key.len, 0);
	assert_false(row->has_value);
	assert_int_equal(row->id.bytes[15], 0xab);
	assert_int_equal(outbox_headers_next(row->headers, &at, &name, &value), 1);
	assert_true(slice_is(name, "one"));
	assert_true(slice_is(value, "1"));
	assert_int_equal(outbox_headers_next(row->headers, &at, &name, &value), 1);
	assert_true(slice_is(name, "empty"));
	assert_int_equal(value.len, 0);
	assert_int_equal(outbox_headers_next(row->headers, &at, &name, &value), 0);
	++*(int *)ctx;
	return 0;
}

static void a_row_comes_back_as_it_was(void **state)
{
	struct store_fixture *f = *state;
	struct err err;
	struct database *db = store_fixture_open(f, &err);
	struct outbox_row row = {.seq = 7,
				 .topic = SLICE_LITERAL("TOPIC"),
				 .partition = 3,
				 .timestamp_ms = 123456,
				 .has_key = true};
	struct buf headers;
	struct epoch e;
	int count = 0;

	buf_init(&headers, 1000);
	outbox_headers_add(&headers, "one", slice_str("1"));
	outbox_headers_add(&headers, "empty", slice_str(""));
	row.headers = buf_view(&headers);
	row.id.bytes[15] = 0xab;
	epoch_init(&e, 1, 10000);
	epoch_output(&e, &row);
	assert_int_equal(checkpoint_commit(db, &e, &err), 0);
	epoch_release(&e);
	buf_release(&headers);
	database_close(db);
	db = store_fixture_open(f, &err);
	assert_int_equal(outbox_each(db, 0, 10, 1000, check_row, &count, &err), 0);
	assert_int_equal(count, 1);
	database_close(db);
}

static void cut_headers_are_noticed(void **state)
{
	struct buf headers;

	(void)state;
	buf_init(&headers, 1000);
	outbox_headers_add(&headers, "name", slice_str("value"));
	for (size_t cut = 1; cut < headers.len; cut++) {
		struct slice name, value;
		size_t at = 0;

		assert_int_equal(outbox_headers_next(slice_make(headers.data, cut), &at, &name, &value), -1);
	}
	buf_release(&headers);
}

static void rows_are_read_in_portions(void **state)
{
	struct database *db = with_four_rows(*state);
	struct seen s = {.count = 0};
	struct err err;

	assert_int_equal(outbox_each(db, 1, 2, SIZE_MAX, see, &s, &err), 0);
	assert_int_equal(s.count, 2);
	assert_int_equal(s.seqs[0], 2);
	assert_int_equal(s.seqs[1], 3);
	s.count = 0;
	assert_int_equal(outbox_each(db, 0, 10, 45, see, &s, &err), 0); /* a row is 20 bytes and one */
	assert_int_equal(s.count, 2);
	s.count = 0;
	assert_int_equal(outbox_each(db, 0, 10, 1, see, &s, &err), 0); /* never none */
	assert_int_equal(s.count, 1);
	database_close(db);
}

static void confirmed_rows_go_and_the_number_is_remembered(void **state)
{
	struct store_fixture *f = *state;
	struct database *db = with_four_rows(f);
	struct outbox_sent sent[2] = {{"OUT", 0, 17}, {"OUT", 1, 4}};
	struct checkpoint_state s;
	uint64_t count, lowest, highest;
	int64_t offset;
	struct err err;

	assert_int_equal(outbox_confirm_soon(db, 2, sent, 2, &err), 0);
	assert_int_equal(outbox_confirm_now(db, &err), 0);
	WAITING(db, 3, 4);
	database_close(db);
	db = store_fixture_open(f, &err);
	assert_int_equal(checkpoint_load(db, &s, &err), 0);
	assert_int_equal(s.acked_seq, 2);
	assert_int_equal(s.next_seq, 5);
	checkpoint_positions_free(s.positions, s.position_count);
	assert_int_equal(outbox_sent_get(db, "OUT", 1, &offset, &err), 0);
	assert_int_equal(offset, 4);
	assert_int_equal(outbox_sent_get(db, "OUT", 9, &offset, &err), 0);
	assert_int_equal(offset, -1);
	assert_int_equal(outbox_sent_set(db, "OUT", 1, 5, &err), 0);
	assert_int_equal(outbox_sent_get(db, "OUT", 1, &offset, &err), 0);
	assert_int_equal(offset, 5);
	assert_int_equal(outbox_waiting(db, &count, &lowest, &highest, &err), 0);
	assert_int_equal(count, 2);
	assert_int_equal(lowest, 3);
	assert_int_equal(highest, 4);
	assert_int_equal(outbox_confirm(db, 1, &err), 0); /* older news change nothing */
	assert_int_equal(checkpoint_load(db, &s, &err), 0);
	assert_int_equal(s.acked_seq, 2);
	checkpoint_positions_free(s.positions, s.position_count);
	database_close(db);
}

static int commit_row(struct database *db, uint64_t number, uint64_t seq)
{
	struct epoch e;
	struct err err;
	int rc;

	epoch_init(&e, number, 100000);
	output(&e, seq, "d@example.com");
	rc = checkpoint_commit(db, &e, &err);
	epoch_release(&e);
	return rc;
}

static void confirmed_rows_go_with_the_next_epoch_and_wait_no_more_until_then(void **state)
{
	struct store_fixture *f = *state;
	struct database *db = with_four_rows(f);
	struct outbox_sent sent[1] = {{"OUT", 2, 11}};
	int64_t offset;
	struct err err;

	assert_int_equal(outbox_confirm_soon(db, 3, sent, 1, &err), 0);
	WAITING(db, 4);
	assert_int_equal(rows_in_the_file(db), 4);
	assert_int_equal(outbox_sent_get(db, "OUT", 2, &offset, &err), 0);
	assert_int_equal(offset, -1);

	fault_arm("checkpoint.before_commit:error", &err);
	assert_int_equal(commit_row(db, 2, 5), -1);
	fault_arm(NULL, &err);
	assert_int_equal(rows_in_the_file(db), 4);
	WAITING(db, 4); /* the note is kept */

	assert_int_equal(commit_row(db, 2, 5), 0);
	WAITING(db, 4, 5);
	assert_int_equal(rows_in_the_file(db), 2);
	assert_int_equal(outbox_sent_get(db, "OUT", 2, &offset, &err), 0);
	assert_int_equal(offset, 11);
	database_close(db);
}

static void a_note_that_no_epoch_took_is_found_again_after_a_crash(void **state)
{
	struct store_fixture *f = *state;
	struct database *db = with_four_rows(f);
	struct checkpoint_state s;
	struct err err;

	assert_int_equal(outbox_confirm_soon(db, 3, NULL, 0, &err), 0);
	database_close(db); /* without confirm_now: as if it had crashed */
	db = store_fixture_open(f, &err);
	WAITING(db, 1, 2, 3, 4);
	assert_int_equal(checkpoint_load(db, &s, &err), 0);
	assert_int_equal(s.acked_seq, 0);
	checkpoint_positions_free(s.positions, s.position_count);
	database_close(db);
}

static void a_second_note_does_the_first_one(void **state)
{
	struct database *db = with_four_rows(*state);
	struct outbox_sent first[1] = {{"OUT", 0, 7}}, second[1] = {{"OUT", 1, 8}};
	int64_t offset;
	struct err err;

	assert_int_equal(outbox_confirm_soon(db, 1, first, 1, &err), 0);
	assert_int_equal(outbox_confirm_soon(db, 2, second, 1, &err), 0);
	assert_int_equal(rows_in_the_file(db), 3);
	assert_int_equal(outbox_confirm_now(db, &err), 0);
	assert_int_equal(rows_in_the_file(db), 2);
	assert_int_equal(outbox_sent_get(db, "OUT", 0, &offset, &err), 0);
	assert_int_equal(offset, 7);
	assert_int_equal(outbox_sent_get(db, "OUT", 1, &offset, &err), 0);
	assert_int_equal(offset, 8);
	assert_int_equal(outbox_confirm_now(db, &err), 0); /* nothing is noted */
	database_close(db);
}

static void rows_found_by_scanning_go_one_by_one(void **state)
{
	struct database *db = with_four_rows(*state);
	const uint64_t found[2] = {1, 3};
	struct checkpoint_state s;
	struct err err;

	assert_int_equal(outbox_confirm_each(db, found, 2, &err), 0);
	WAITING(db, 2, 4);
	assert_int_equal(checkpoint_load(db, &s, &err), 0);
	assert_int_equal(s.acked_seq, 0);
	database_close(db);
}

static void a_confirmation_that_fails_leaves_the_rows(void **state)
{
	struct database *db = with_four_rows(*state);
	struct err err;

	fault_arm("outbox.before_confirm:error", &err);
	assert_int_equal(outbox_confirm(db, 4, &err), -1);
	assert_int_equal(err.class, ERR_RETRY);
	fault_arm(NULL, &err);
	assert_int_equal(rows_in_the_file(db), 4);
	assert_int_equal(outbox_confirm(db, 4, &err), 0);
	assert_waiting(db, (const uint64_t[]){0});
	assert_int_equal(rows_in_the_file(db), 0);
	database_close(db);
}

static void erasure_takes_older_rows_and_those_of_its_epoch_but_not_later_ones(void **state)
{
	struct store_fixture *f = *state;
	struct database *db = with_four_rows(f);
	struct err err;
	struct epoch e;

	epoch_init(&e, 2, 100000);
	output(&e, 5, "a@example.com");
	output(&e, 6, "b@example.com");
	epoch_erase(&e, slice_str("a@example.com"));
	assert_int_equal(e.outbox_rows, 1);
	output(&e, 7, "a@example.com"); /* created again */
	assert_int_equal(checkpoint_commit(db, &e, &err), 0);
	epoch_release(&e);
	WAITING(db, 2, 4, 6, 7);
	database_close(db);
	db = store_fixture_open(f, &err);
	WAITING(db, 2, 4, 6, 7);
	database_close(db);
}

static void the_last_number_of_an_erased_row_is_not_given_again(void **state)
{
	struct database *db = with_four_rows(*state);
	struct checkpoint_state s;
	struct err err;
	struct epoch e;

	epoch_init(&e, 2, 100000);
	output(&e, 5, "a@example.com");
	epoch_erase(&e, slice_str("a@example.com"));
	assert_int_equal(checkpoint_commit(db, &e, &err), 0);
	epoch_release(&e);
	assert_int_equal(checkpoint_load(db, &s, &err), 0);
	assert_int_equal(s.next_seq, 6);
	database_close(db);
}

static bool file_holds(const char *path, const char *needle)
{
	FILE *file = fopen(path, "r");
	struct buf all;
	char chunk[4096];
	size_t n;
	bool found;

	if (file == NULL)
		return false;
	buf_init(&all, (size_t)64 << 20);
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_append(&all, chunk, n);
	fclose(file);
	found = all.len > 0 && memmem(all.data, all.len, needle, strlen(needle)) != NULL;
	buf_release(&all);
	return found;
}

static void erased_addresses_leave_the_files(void **state)
{
	struct store_fixture *f = *state;
	struct database *db = with_four_rows(f);
	char wal[128];
	struct err err;
	struct epoch e;

	snprintf(wal, sizeof(wal), "%s-wal", f->path);
	assert_int_equal(checkpoint_wal(db, 0, &err), 0);
	assert_true(file_holds(f->path, "a@example.com"));
	epoch_init(&e, 2, 100000);
	epoch_erase(&e, slice_str("a@example.com"));
	assert_int_equal(checkpoint_commit(db, &e, &err), 0);
	epoch_release(&e);
	assert_int_equal(checkpoint_wal(db, INT64_MAX, &err), 0); /* whatever the limit */
	assert_false(file_holds(f->path, "a@example.com"));
	assert_false(file_holds(wal, "a@example.com"));
	assert_true(file_holds(f->path, "b@example.com"));
	database_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_row_comes_back_as_it_was),
		TEST(cut_headers_are_noticed),
		TEST(rows_are_read_in_portions),
		TEST(confirmed_rows_go_and_the_number_is_remembered),
		TEST(confirmed_rows_go_with_the_next_epoch_and_wait_no_more_until_then),
		TEST(a_note_that_no_epoch_took_is_found_again_after_a_crash),
		TEST(a_second_note_does_the_first_one),
		TEST(rows_found_by_scanning_go_one_by_one),
		TEST(a_confirmation_that_fails_leaves_the_rows),
		TEST(erasure_takes_older_rows_and_those_of_its_epoch_but_not_later_ones),
		TEST(the_last_number_of_an_erased_row_is_not_given_again),
		TEST(erased_addresses_leave_the_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
