/* Faults by countdown: start-up and one epoch are lived again and again, and the
 * n-th allocation, write, sync, ... fails, for n = 1, 2, ... until none is left to
 * fail. Whatever fails, nothing crashes, and the next life finds a whole
 * state: each result published once. */

#include "publish/publisher.h"
#include "store/outbox.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/fake_broker.h"
#include "test/lib/faulty_vfs.h"
#include "test/lib/store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS 5

/* ---- allocations ---- */

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define NO_INTERPOSITION
#endif
#endif
#else
#define NO_INTERPOSITION
#endif

#ifndef NO_INTERPOSITION
/* Counts down in one thread; 0: off. */
static struct {
	int left;
	bool sticky, fired;
} failing;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);

static bool strike(void)
{
	if (failing.left == 0)
		return false;
	if (failing.left > 1) {
		failing.left--;
		return false;
	}
	failing.fired = true;
	if (!failing.sticky)
		failing.left = 0;
	return true;
}

void *malloc(size_t size)
{
	return strike() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return strike() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *p, size_t size)
{
	return strike() ? NULL : __libc_realloc(p, size);
}
#endif

/* ---- a life ---- */

struct world {
	struct store_fixture store;
	struct fake_broker broker;
	struct publisher_options options;
	struct publish_position positions[1];
	struct position inputs[1];
	int64_t mono;
	struct err err;
};

static const char *const outputs[] = {"out"};

static int64_t mono_ms(void *ctx)
{
	return ((struct world *)ctx)->mono;
}

static void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	fake_broker_init(&w->broker);
	w->mono = 1000000;
	w->options = (struct publisher_options){.transactional_id = "riverd-test",
						.group_id = "riverd",
						.outputs = outputs,
						.output_count = 1,
						.clock = {mono_ms, mono_ms, w}};
	w->positions[0] = (struct publish_position){"in", 0, 10, -1, 0};
	w->inputs[0] = (struct position){(char *)"in", 0, 10, 9, 1, 2};
	assert_int_equal(store_fixture_init(&w->store), 0);
}

/* Rows of a table, results, an erasure, a schema: everything an epoch can hold. */
static int fill(struct epoch *e, struct world *w, uint64_t next_seq)
{
	struct cell pending[] = {cell_int(1), cell_int(2), cell_text(SLICE_LITERAL("a@x"))};
	int ret;

	delta_put(&e->delta, TABLE_PENDING, pending, 3);
	for (uint64_t i = 0; i < ROWS; i++) {
		struct outbox_row row = {.seq = next_seq + i,
					 .topic = SLICE_LITERAL("out"),
					 .partition = -1,
					 .value = SLICE_LITERAL("result"),
					 .has_value = true};

		memset(row.id.bytes, (int)row.seq, sizeof(row.id.bytes));
		epoch_output(e, &row);
	}
	epoch_erase(e, SLICE_LITERAL("b@x"));
	epoch_schema(e, "id:1", "AVRO", SLICE_LITERAL("\"string\""));
	ret = epoch_positions(e, w->inputs, 1);
	if (ret || epoch_failed(e))
		return err_set(&w->err, ERR_FATAL, 0, "out of memory for an epoch");
	return 0;
}

static int one_epoch(struct world *w, struct database *db)
{
	struct checkpoint_state state;
	struct epoch e;
	int ret;

	if (checkpoint_load(db, &state, &w->err))
		return -1;
	checkpoint_positions_free(state.positions, state.position_count);
	if (state.epoch > 0)
		return 0; /* an earlier life got so far */
	epoch_init(&e, 1, 1 << 20);
	ret = fill(&e, w, state.next_seq);
	if (ret == 0)
		ret = checkpoint_commit(db, &e, &w->err);
	epoch_release(&e);
	return ret;
}

static int published(struct world *w, struct publisher *p)
{
	if (publisher_step(p, 1, w->positions, 1, &w->err))
		return -1;
	w->mono += 5000;
	if (publisher_step(p, 1, w->positions, 1, &w->err))
		return -1;
	return publisher_confirm(p, w->positions, 1, &w->err);
}

/* Start-up, one epoch, published and confirmed, a clean stop. -1 with w->err. */
static int life(struct world *w)
{
	struct broker_port port = fake_broker_port(&w->broker);
	struct database *db = store_fixture_open(&w->store, &w->err);
	struct publisher *p = NULL;
	int ret = -1;

	if (db == NULL)
		return -1;
	p = publisher_new(db, &port, &w->options, &w->err);
	if (p != NULL && publisher_resolve(p, w->positions, 1, &w->err) == 0 && one_epoch(w, db) == 0 &&
	    published(w, p) == 0)
		ret = checkpoint_wal(db, 0, &w->err);
	if (p != NULL)
		publisher_free(p);
	database_close(db);
	return ret;
}

static void assert_sound(struct database *db)
{
	sqlite3_stmt *stmt;

	assert_int_equal(sqlite3_prepare_v2(database_handle(db), "PRAGMA integrity_check", -1, &stmt, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(stmt, 0), "ok");
	sqlite3_finalize(stmt);
}

/* Nothing fails any more: one more life puts everything right. */
static void assert_whole(struct world *w, const char *what, int n)
{
	uint64_t count, lowest, highest;
	struct database *db;
	char seq[24];

	if (life(w) != 0)
		fail_msg("after %s %d: %s: %s", what, n, err_class_name(w->err.class), w->err.text);
	for (int i = 1; i <= ROWS; i++) {
		snprintf(seq, sizeof(seq), "%d", i);
		if (fake_broker_visible(&w->broker, seq) != 1)
			fail_msg("after %s %d: seq %d is visible %d times (trace %s)", what, n, i,
				 fake_broker_visible(&w->broker, seq), w->broker.trace);
	}
	assert_int_equal(fake_broker_visible_count(&w->broker), ROWS);
	db = store_fixture_open(&w->store, &w->err);
	assert_non_null(db);
	assert_int_equal(outbox_waiting(db, &count, &lowest, &highest, &w->err), 0);
	assert_int_equal(count, 0);
	assert_sound(db);
	database_close(db);
}

/* What a life may say when something failed: an error that has words. */
static void assert_says(struct world *w, const char *what, int n)
{
	if (w->err.class == ERR_NONE || w->err.text[0] == '\0')
		fail_msg("%s %d failed without a word", what, n);
	if (w->err.class == ERR_REFUSED)
		fail_msg("%s %d: refused, which a restart cannot mend: %s", what, n, w->err.text);
}

#ifndef NO_INTERPOSITION
static void every_allocation(bool sticky, int stride)
{
	static struct world w;
	int n = 1 - stride, failed = 0;

	do {
		world_init(&w);
		failing.sticky = sticky;
		failing.fired = false;
		failing.left = n += stride;
		if (life(&w) != 0) {
			failing.left = 0;
			assert_says(&w, "allocation", n);
			failed++;
		}
		failing.left = 0;
		assert_whole(&w, "allocation", n);
		store_fixture_release(&w.store);
	} while (failing.fired);
	print_message("up to allocation %d, %d lives ended by one\n", n - 1, failed);
	assert_true(n > 100 && failed > 50);
}

static void every_allocation_may_fail_once(void **state)
{
	(void)state;
	every_allocation(false, 1);
}

static void memory_may_run_out_anywhere(void **state)
{
	(void)state;
	every_allocation(true, 7); /* the first one fails above already */
}
#endif

static int every_call(enum faulty_call call, int result, const char *what, bool sticky)
{
	static struct world w;
	int n = 0;
	bool fired;

	do {
		struct faulty_vfs_plan plan = {call, ++n, sticky, result};

		world_init(&w);
		faulty_vfs_arm(&plan);
		if (life(&w) != 0) {
			fired = faulty_vfs_fired();
			faulty_vfs_arm(NULL);
			assert_true(fired);
			assert_says(&w, what, n);
			if (result == SQLITE_IOERR_FSYNC && w.err.class != ERR_FATAL)
				fail_msg("sync %d failed and it would go on: %s", n, w.err.text);
		} else {
			fired = faulty_vfs_fired();
			faulty_vfs_arm(NULL);
		}
		assert_whole(&w, what, n);
		store_fixture_release(&w.store);
	} while (fired);
	print_message("%s%s: %d\n", what, sticky ? " from then on" : "", n - 1);
	return n - 1;
}

static void every_write_may_fail(void **state)
{
	(void)state;
	for (int sticky = 0; sticky < 2; sticky++) {
		assert_true(every_call(FAULTY_WRITE, SQLITE_FULL, "full disk at write", sticky) > 10);
		assert_true(every_call(FAULTY_WRITE, SQLITE_IOERR_WRITE, "failed write", sticky) > 10);
	}
}

static void every_sync_may_fail(void **state)
{
	(void)state;
	for (int sticky = 0; sticky < 2; sticky++)
		assert_true(every_call(FAULTY_SYNC, SQLITE_IOERR_FSYNC, "failed sync", sticky) > 3);
}

static void every_other_call_may_fail(void **state)
{
	(void)state;
	for (int sticky = 0; sticky < 2; sticky++) {
		assert_true(every_call(FAULTY_OPEN, SQLITE_CANTOPEN, "failed open", sticky) > 0);
		assert_true(every_call(FAULTY_READ, SQLITE_IOERR_READ, "failed read", sticky) > 0);
		every_call(FAULTY_TRUNCATE, SQLITE_IOERR_TRUNCATE, "failed truncate", sticky);
		every_call(FAULTY_DELETE, SQLITE_IOERR_DELETE, "failed delete", sticky);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifndef NO_INTERPOSITION
		cmocka_unit_test(every_allocation_may_fail_once),
		cmocka_unit_test(memory_may_run_out_anywhere),
#endif
		cmocka_unit_test(every_write_may_fail),
		cmocka_unit_test(every_sync_may_fail),
		cmocka_unit_test(every_other_call_may_fail),
	};

	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	if (faulty_vfs_install() != 0)
		return 1;
	return cmocka_run_group_tests_name("countdown", tests, NULL, NULL);
}
