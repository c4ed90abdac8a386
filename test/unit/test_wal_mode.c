/* A database that opens is in WAL mode, whatever failed on the way: in the old
 * mode a power loss can undo a commit that was acknowledged. */

#include "store/database.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/faulty_vfs.h"
#include "test/lib/store_fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What a process finds that opens the file after this one is gone. */
static bool header_says_wal(const char *path)
{
	unsigned char head[20] = {0};
	FILE *file = fopen(path, "rb");
	size_t n;

	assert_non_null(file);
	n = fread(head, 1, sizeof(head), file);
	fclose(file);
	return n == sizeof(head) && head[18] == 2 && head[19] == 2;
}

/* Until the n-th does not happen any more. Returns how often it opened all the same. */
static int each(enum faulty_call call, int result)
{
	int opened = 0;
	bool fired;
	int n = 0;

	do {
		struct faulty_vfs_plan plan = {call, ++n, false, result};
		struct store_fixture f;
		struct database *db;
		struct err err;

		assert_int_equal(store_fixture_init(&f), 0);
		faulty_vfs_arm(&plan);
		db = store_fixture_open(&f, &err);
		fired = faulty_vfs_fired();
		faulty_vfs_arm(NULL);
		if (db != NULL && !header_says_wal(f.path))
			fail_msg("fault %d: opened, and not in WAL mode", n);
		opened += db != NULL;
		if (db != NULL)
			database_close(db);
		store_fixture_release(&f);
	} while (fired && n < 1000);
	assert_true(n > 3 && n < 1000);
	return opened;
}

static void no_failed_write_leaves_the_old_journal_mode(void **state)
{
	(void)state;
	assert_true(each(FAULTY_WRITE, SQLITE_IOERR_WRITE) > 0);
	assert_true(each(FAULTY_WRITE, SQLITE_FULL) > 0);
}

static void no_failed_sync_leaves_the_old_journal_mode(void **state)
{
	(void)state;
	assert_true(each(FAULTY_SYNC, SQLITE_IOERR_FSYNC) > 0);
}

/* As after a sync that failed and took the pages with it: SQLite says "wal", the file does not. */
static void no_lost_write_leaves_the_old_journal_mode(void **state)
{
	(void)state;
	assert_true(each(FAULTY_LOST, SQLITE_IOERR_WRITE) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_failed_write_leaves_the_old_journal_mode),
		cmocka_unit_test(no_failed_sync_leaves_the_old_journal_mode),
		cmocka_unit_test(no_lost_write_leaves_the_old_journal_mode),
	};

	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	if (faulty_vfs_install() != 0)
		return 1;
	return cmocka_run_group_tests_name("wal_mode", tests, NULL, NULL);
}
