/* Checkpoints: an epoch is all there or not there at all. */

#include "base/clock.h"
#include "base/fault.h"
#include "base/random.h"
#include "store/checkpoint.h"
#include "store/outbox.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/store_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define EPOCH_MAX ((size_t)64 << 20)

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

static void put_pending(struct delta *d, int64_t time, int64_t seq, const char *email)
{
	struct cell cells[3] = {cell_int(time), cell_int(seq), cell_text(slice_str(email))};

	delta_put(d, TABLE_PENDING, cells, 3);
}

static void delete_pending(struct delta *d, int64_t time, int64_t seq)
{
	struct cell cells[2] = {cell_int(time), cell_int(seq)};

	delta_delete(d, TABLE_PENDING, cells, 2);
}

static void put_hotel(struct delta *d, const char *id, struct cell name, double stars, struct slice raw)
{
	struct cell cells[4] = {cell_text(slice_str(id)), name, cell_real(stars), cell_blob(raw)};

	delta_put(d, TABLE_HOTEL, cells, 4);
}

/* The durable image as a model: pending[time][seq] holds a value or -1. */
#define TIMES 20
#define SEQS  10
struct model {
	int pending[TIMES][SEQS];
};

static void model_init(struct model *m)
{
	memset(m, -1, sizeof(*m));
}

static int collect(void *ctx, int table, const struct cell *cells, int count, struct err *err)
{
	struct model *m = ctx;
	char email[32];

	(void)err;
	assert_int_equal(table, TABLE_PENDING);
	assert_int_equal(count, 3);
	snprintf(email, sizeof(email), SLICE_FMT, SLICE_ARG(cells[2].s));
	m->pending[cells[0].i][cells[1].i] = (int)strtol(email, NULL, 10);
	return 0;
}

static void assert_image(struct database *db, const struct model *expected)
{
	struct model found;
	struct err err;

	model_init(&found);
	assert_int_equal(database_each_row(db, TABLE_PENDING, collect, &found, &err), 0);
	assert_memory_equal(&found, expected, sizeof(found));
}

static void random_operation(struct random *r, struct delta *d, struct model *m)
{
	int time = (int)random_below(r, TIMES), seq = (int)random_below(r, SEQS),
	    value = (int)random_below(r, 1000);
	char email[16];

	switch (random_below(r, 12)) {
	case 0:
		delta_delete_below(d, TABLE_PENDING, time);
		for (int t = 0; t < time; t++)
			memset(m->pending[t], -1, sizeof(m->pending[t]));
		break;
	case 1:
	case 2:
	case 3:
		delete_pending(d, time, seq);
		m->pending[time][seq] = -1;
		break;
	default:
		snprintf(email, sizeof(email), "%d", value);
		put_pending(d, time, seq, email);
		m->pending[time][seq] = value;
	}
}

static void random_epochs_agree_with_a_model_even_when_commits_fail(void **state)
{
	struct store_fixture *f = *state;
	struct err err;
	struct database *db = store_fixture_open(f, &err);
	struct model m;
	struct random r;

	random_init(&r, 2024);
	model_init(&m);
	for (uint64_t number = 1; number <= 120; number++) {
		struct model before = m;
		struct epoch e;

		epoch_init(&e, number, EPOCH_MAX);
		for (int i = (int)random_below(&r, 60); i >= 0; i--)
			random_operation(&r, &e.delta, &m);
		if (random_below(&r, 3) == 0) {
			fault_arm(random_below(&r, 2) ? "checkpoint.before_commit:error"
						      : "checkpoint.after_rows:error",
				  &err);
			assert_int_equal(checkpoint_commit(db, &e, &err), -1);
			assert_int_equal(err.class, ERR_RETRY);
			fault_arm(NULL, &err);
			assert_image(db, &before);
		}
		assert_int_equal(checkpoint_commit(db, &e, &err), 0);
		epoch_release(&e);
		assert_image(db, &m);
		if (random_below(&r, 10) == 0) {
			database_close(db);
			db = store_fixture_open(f, &err);
			assert_image(db, &m);
		}
	}
	database_close(db);
}

static int one_hotel(void *ctx, int table, const struct cell *cells, int count, struct err *err)
{
	(void)table;
	(void)count;
	(void)err;
	assert_true(slice_is(cells[0].s, "H1"));
	assert_int_equal(cells[1].type, CELL_NULL);
	assert_true(cells[2].d == 4.5);
	assert_int_equal(cells[3].type, CELL_BLOB);
	assert_true(slice_equal(cells[3].s, SLICE_LITERAL("a\0b")));
	++*(int *)ctx;
	return 0;
}

static void an_epoch_is_empty_when_used_again(void **state)
{
	static char value[3 << 20];
	struct outbox_row row = {.seq = 7,
				 .topic = SLICE_LITERAL("OUT"),
				 .value = slice_make(value, sizeof(value))};
	struct position p = {(char *)"in", 0, 1, -1, 0, 0};
	struct epoch e;

	(void)state;
	epoch_init(&e, 1, EPOCH_MAX);
	for (int round = 0; round < 3; round++) {
		put_hotel(&e.delta, "H1", cell_null(), 4.5, SLICE_LITERAL("x"));
		epoch_output(&e, &row);
		epoch_erase(&e, SLICE_LITERAL("a@x"));
		epoch_schema(&e, "id 1", "AVRO", SLICE_LITERAL("{}"));
		assert_int_equal(epoch_positions(&e, &p, 1), 0);
		assert_false(epoch_failed(&e));
		assert_int_equal(e.first_seq, 7);
		epoch_reuse(&e, 2);
		assert_true(epoch_empty(&e));
		assert_int_equal(epoch_bytes(&e), 0);
		assert_int_equal(e.number, 2);
		assert_true(e.outbox.cap > sizeof(value));
	}
	row.value.len = 1;
	epoch_output(&e, &row);
	epoch_reuse(&e, 3);
	assert_int_equal(e.outbox.cap, 0); /* hardly used: given back */
	epoch_release(&e);
}

static void every_cell_type_comes_back(void **state)
{
	struct err err;
	struct database *db = store_fixture_open(*state, &err);
	struct epoch e;
	int count = 0;

	epoch_init(&e, 1, EPOCH_MAX);
	put_hotel(&e.delta, "H1", cell_null(), 4.5, SLICE_LITERAL("a\0b"));
	assert_int_equal(checkpoint_commit(db, &e, &err), 0);
	assert_int_equal(database_each_row(db, TABLE_HOTEL, one_hotel, &count, &err), 0);
	assert_int_equal(count, 1);
	epoch_release(&e);
	database_close(db);
}

static int text_is_empty_not_null(void *ctx, int table, const struct cell *cells, int count, struct err *err)
{
	(void)ctx;
	(void)table;
	(void)count;
	(void)err;
	assert_int_equal(cells[1].type, CELL_TEXT);
	assert_int_equal(cells[1].s.len, 0);
	assert_int_equal(cells[3].type, CELL_BLOB);
	return 0;
}

static void empty_is_not_null(void **state)
{
	struct err err;
	struct database *db = store_fixture_open(*state, &err);
	struct epoch e;

	epoch_init(&e, 1, EPOCH_MAX);
	put_hotel(&e.delta, "H1", cell_text(slice_make(NULL, 0)), 0, slice_make(NULL, 0));
	assert_int_equal(checkpoint_commit(db, &e, &err), 0);
	assert_int_equal(database_each_row(db, TABLE_HOTEL, text_is_empty_not_null, NULL, &err), 0);
	epoch_release(&e);
	database_close(db);
}

static void positions_and_numbers_survive(void **state)
{
	struct store_fixture *f = *state;
	struct err err;
	struct database *db = store_fixture_open(f, &err);
	struct position p[2] = {{(char *)"clickstream", 3, 100, 98, 1700000000000, 0xdeadbeef},
				{(char *)"bookings", 0, 5, -1, 0, 0}};
	struct checkpoint_state s;
	struct outbox_row row = {.seq = 41, .topic = SLICE_LITERAL("OUT"), .partition = -1};
	struct epoch e;

	assert_int_equal(checkpoint_load(db, &s, &err), 0);
	assert_int_equal(s.epoch, 0);
	assert_int_equal(s.next_seq, 1);
	assert_int_equal(s.position_count, 0);
	checkpoint_positions_free(s.positions, s.position_count);
	epoch_init(&e, 9, EPOCH_MAX);
	assert_true(epoch_empty(&e));
	assert_int_equal(epoch_positions(&e, p, 2), 0);
	epoch_output(&e, &row);
	assert_false(epoch_empty(&e));
	assert_int_equal(checkpoint_commit(db, &e, &err), 0);
	assert_false(database_virgin(db));
	epoch_release(&e);
	database_close(db);
	db = store_fixture_open(f, &err);
	assert_int_equal(checkpoint_load(db, &s, &err), 0);
	assert_int_equal(s.epoch, 9);
	assert_int_equal(s.next_seq, 42);
	assert_int_equal(s.acked_seq, 0);
	assert_int_equal(s.position_count, 2);
	assert_string_equal(s.positions[0].topic, "bookings");
	assert_int_equal(s.positions[0].last_offset, -1);
	assert_string_equal(s.positions[1].topic, "clickstream");
	assert_int_equal(s.positions[1].partition, 3);
	assert_int_equal(s.positions[1].next_offset, 100);
	assert_int_equal(s.positions[1].last_timestamp_ms, 1700000000000);
	assert_int_equal(s.positions[1].last_crc, 0xdeadbeef);
	checkpoint_positions_free(s.positions, s.position_count);
	database_close(db);
}

static void an_epoch_without_results_does_not_set_the_numbers_back(void **state)
{
	struct store_fixture *f = *state;
	struct outbox_row row = {.seq = 41, .topic = SLICE_LITERAL("OUT"), .partition = -1};
	struct checkpoint_state s;
	struct epoch e;
	struct err err;
	struct database *db = store_fixture_open(f, &err);

	for (uint64_t number = 1; number <= 2; number++) {
		epoch_init(&e, number, EPOCH_MAX);
		if (number == 1)
			epoch_output(&e, &row);
		assert_int_equal(checkpoint_commit(db, &e, &err), 0);
		epoch_release(&e);
	}
	database_close(db);
	db = store_fixture_open(f, &err);
	assert_int_equal(checkpoint_load(db, &s, &err), 0);
	assert_int_equal(s.next_seq, 42);
	checkpoint_positions_free(s.positions, s.position_count);
	database_close(db);
}

static void an_epoch_is_committed_once_and_numbers_are_given_once(void **state)
{
	struct err err;
	struct database *db = store_fixture_open(*state, &err);
	struct outbox_row row = {.seq = 5, .topic = SLICE_LITERAL("OUT")};
	struct epoch e;

	epoch_init(&e, 1, EPOCH_MAX);
	epoch_output(&e, &row);
	assert_int_equal(checkpoint_commit(db, &e, &err), 0);
	assert_int_equal(checkpoint_commit(db, &e, &err), -1);
	assert_string_equal(err.text, "epoch 1 does not follow epoch 1");
	e.number = 2;
	assert_int_equal(checkpoint_commit(db, &e, &err), -1);
	assert_string_equal(err.text, "epoch 2 gives out number 5 again");
	epoch_release(&e);
	database_close(db);
}

static void an_incomplete_epoch_is_not_committed(void **state)
{
	struct err err;
	struct database *db = store_fixture_open(*state, &err);
	struct epoch e;

	epoch_init(&e, 1, 64);
	for (int i = 0; i < 10; i++)
		put_pending(&e.delta, i, i, "a@example.com");
	assert_true(epoch_failed(&e));
	assert_int_equal(checkpoint_commit(db, &e, &err), -1);
	assert_int_equal(err.class, ERR_FATAL);
	assert_true(database_virgin(db));
	epoch_release(&e);
	database_close(db);
}

static void a_full_disk_changes_nothing_and_the_same_epoch_goes_through_later(void **state)
{
	struct store_fixture *f = *state;
	struct err err;
	struct database *db = store_fixture_open(f, &err);
	struct checkpoint_state s;
	struct epoch e;
	char email[200];

	memset(email, 'x', sizeof(email) - 1);
	email[sizeof(email) - 1] = '\0';
	assert_int_equal(sqlite3_exec(database_handle(db), "PRAGMA max_page_count=20", NULL, NULL, NULL),
			 SQLITE_OK);
	epoch_init(&e, 1, EPOCH_MAX);
	for (int i = 0; i < 5000; i++)
		put_pending(&e.delta, i, i, email);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(checkpoint_commit(db, &e, &err), -1);
		assert_int_equal(err.class, ERR_RETRY);
		assert_int_equal(err.code, SQLITE_FULL);
		assert_non_null(strstr(err.text, "no space left"));
		assert_int_equal(sqlite3_get_autocommit(database_handle(db)), 1);
	}
	assert_int_equal(checkpoint_load(db, &s, &err), 0);
	assert_int_equal(s.epoch, 0);
	assert_int_equal(sqlite3_exec(database_handle(db), "PRAGMA max_page_count=100000", NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(checkpoint_commit(db, &e, &err), 0);
	epoch_release(&e);
	database_close(db);
}

static void after_a_failed_fsync_nothing_is_written_any_more(void **state)
{
	struct store_fixture *f = *state;
	struct err err;
	struct database *db = store_fixture_open(f, &err);
	struct epoch e;

	epoch_init(&e, 1, EPOCH_MAX);
	put_pending(&e.delta, 1, 1, "a");
	fault_arm("checkpoint.fsync:error", &err);
	assert_int_equal(checkpoint_commit(db, &e, &err), -1);
	assert_int_equal(err.class, ERR_FATAL);
	fault_arm(NULL, &err);
	assert_int_equal(checkpoint_commit(db, &e, &err), -1);
	assert_int_equal(err.class, ERR_FATAL);
	assert_int_equal(database_fact_set(db, "a", "b", &err), -1);
	epoch_release(&e);
	database_close(db);
	db = store_fixture_open(f, &err);
	assert_non_null(db);
	assert_true(database_unclean(db));
	assert_true(database_virgin(db));
	database_close(db);
}

/* Commits epochs for ever: epoch n puts n rows' worth of the same value n, so
 * that a torn epoch would show two values. */
static void commit_for_ever(struct store_fixture *f, int progress)
{
	struct err err;
	struct database *db = store_fixture_open(f, &err);
	struct checkpoint_state s;
	char value[24];

	if (db == NULL || checkpoint_load(db, &s, &err))
		_exit(2);
	for (uint64_t number = s.epoch + 1;; number++) {
		struct outbox_row row = {.seq = number, .topic = SLICE_LITERAL("OUT")};
		struct position p = {(char *)"in", 0, (int64_t)number, -1, 0, 0};
		struct epoch e;

		epoch_init(&e, number, EPOCH_MAX);
		snprintf(value, sizeof(value), "%llu", (unsigned long long)number);
		for (int i = 0; i < 200; i++)
			put_pending(&e.delta, i, i, value);
		epoch_output(&e, &row);
		if (epoch_positions(&e, &p, 1) || checkpoint_commit(db, &e, &err) ||
		    checkpoint_wal(db, 200000, &err))
			_exit(3);
		epoch_release(&e);
		if (write(progress, &number, sizeof(number)) != sizeof(number))
			_exit(4);
	}
}

static int same_value(void *ctx, int table, const struct cell *cells, int count, struct err *err)
{
	char text[24];

	(void)table;
	(void)count;
	(void)err;
	snprintf(text, sizeof(text), SLICE_FMT, SLICE_ARG(cells[2].s));
	assert_int_equal(strtoull(text, NULL, 10), *(uint64_t *)ctx);
	return 0;
}

static void assert_whole_epoch(struct store_fixture *f, uint64_t told)
{
	struct checkpoint_state s;
	uint64_t waiting, lowest, highest;
	struct err err;
	struct database *db = store_fixture_open(f, &err);

	assert_non_null(db);
	assert_true(database_unclean(db));
	assert_int_equal(checkpoint_load(db, &s, &err), 0);
	assert_true(s.epoch >= told); /* what was reported is there */
	assert_true(s.epoch <= told + 1);
	if (s.epoch > 0) {
		assert_int_equal(s.positions[0].next_offset, s.epoch);
		assert_int_equal(database_each_row(db, TABLE_PENDING, same_value, &s.epoch, &err), 0);
	}
	assert_int_equal(s.next_seq, s.epoch + 1);
	assert_int_equal(outbox_waiting(db, &waiting, &lowest, &highest, &err), 0);
	assert_int_equal(waiting, s.epoch);
	checkpoint_positions_free(s.positions, s.position_count);
	database_close(db);
}

static uint64_t run_and_kill(struct store_fixture *f, useconds_t after, const char *fault)
{
	int pipe_fd[2], status;
	uint64_t told = 0, n;
	struct err err;
	pid_t pid;

	assert_int_equal(pipe(pipe_fd), 0);
	pid = fork();
	if (pid == 0) {
		close(pipe_fd[0]);
		fclose(stderr);
		fault_arm(fault, &err);
		commit_for_ever(f, pipe_fd[1]);
	}
	close(pipe_fd[1]);
	if (fault == NULL) {
		/* Not before it is up: this machine may be busy with other things. */
		if (read(pipe_fd[0], &n, sizeof(n)) == sizeof(n))
			told = n;
		usleep(after);
		kill(pid, SIGKILL);
	}
	while (read(pipe_fd[0], &n, sizeof(n)) == sizeof(n))
		told = n;
	close(pipe_fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return told;
}

static void kill_minus_nine_at_any_instant_leaves_a_whole_epoch(void **state)
{
	struct store_fixture *f = *state;
	struct random r;
	uint64_t told = 0;

	random_init(&r, (uint64_t)getpid());
	for (int round = 0; round < 12; round++) {
		uint64_t now = run_and_kill(f, (useconds_t)random_below(&r, 40000), NULL);

		told = now > told ? now : told;
		assert_whole_epoch(f, told);
		/* what was there but not reported counts from now on */
		struct checkpoint_state s;
		struct err err;
		struct database *db = store_fixture_open(f, &err);

		assert_int_equal(checkpoint_load(db, &s, &err), 0);
		told = s.epoch;
		checkpoint_positions_free(s.positions, s.position_count);
		database_close(db);
	}
	assert_true(told > 0);
}

static void a_crash_at_each_failpoint_leaves_a_whole_epoch(void **state)
{
	static const char *const faults[] = {
		"checkpoint.after_begin:crash@4",   "checkpoint.after_rows:crash@4",
		"checkpoint.before_commit:crash@4", "checkpoint.after_commit:crash@4",
		"wal.before_checkpoint:crash@2",    "wal.after_checkpoint:crash@2",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct store_fixture f;
		uint64_t told;

		assert_int_equal(store_fixture_init(&f), 0);
		told = run_and_kill(&f, 0, faults[i]);
		assert_true(told >= 2);
		assert_whole_epoch(&f, told);
		store_fixture_release(&f);
	}
}

/* Not a benchmark: says the cost per row, and fails only when it is absurd. */
static void a_hundred_thousand_rows_take_a_moment(void **state)
{
	struct err err;
	struct database *db = store_fixture_open(*state, &err);
	struct clock clock = clock_system();
	struct epoch e;
	int64_t begin;

	epoch_init(&e, 1, EPOCH_MAX);
	for (int i = 0; i < 100000; i++)
		put_pending(&e.delta, 1700000000000 + i / 10, i, "someone@example.com");
	begin = clock_mono_ms(&clock);
	assert_int_equal(checkpoint_commit(db, &e, &err), 0);
	begin = clock_mono_ms(&clock) - begin;
	print_message("# %.2f us a row\n", (double)begin / 100);
	assert_true(begin < 5000);
	epoch_release(&e);
	database_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(random_epochs_agree_with_a_model_even_when_commits_fail),
		cmocka_unit_test(an_epoch_is_empty_when_used_again),
		TEST(every_cell_type_comes_back),
		TEST(empty_is_not_null),
		TEST(positions_and_numbers_survive),
		TEST(an_epoch_without_results_does_not_set_the_numbers_back),
		TEST(an_epoch_is_committed_once_and_numbers_are_given_once),
		TEST(an_incomplete_epoch_is_not_committed),
		TEST(a_full_disk_changes_nothing_and_the_same_epoch_goes_through_later),
		TEST(after_a_failed_fsync_nothing_is_written_any_more),
		TEST(kill_minus_nine_at_any_instant_leaves_a_whole_epoch),
		TEST(a_crash_at_each_failpoint_leaves_a_whole_epoch),
		TEST(a_hundred_thousand_rows_take_a_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
