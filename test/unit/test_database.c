/* The database file: who may open it, what is refused, what is remembered. */

#include "base/fault.h"
#include "store/checkpoint.h"
#include "store/migrations.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/store_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Runs SQL on the closed file as another program would. */
static void with_sqlite(const char *path, const char *sql)
{
	sqlite3 *handle;

	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(handle);
}

static int64_t number(struct database *db, const char *sql)
{
	sqlite3_stmt *stmt;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(database_handle(db), sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return n;
}

static void a_new_file_is_private_and_virgin(void **state)
{
	struct store_fixture *f = *state;
	struct database *db;
	struct stat st;
	struct err err;
	mode_t before = umask(0);

	db = store_fixture_open(f, &err);
	umask(before);
	assert_non_null(db);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true(database_virgin(db));
	assert_int_equal(strlen(database_uuid(db)), 32);
	assert_int_equal(number(db, "PRAGMA application_id"), MIGRATIONS_APPLICATION_ID);
	assert_int_equal(number(db, "PRAGMA user_version"), migrations_newest());
	database_close(db);
}

static void the_connection_is_set_up_for_durability(void **state)
{
	struct err err;
	struct database *db = store_fixture_open(*state, &err);
	int defensive = 0;

	assert_non_null(db);
	assert_int_equal(number(db, "PRAGMA synchronous"), 2); /* FULL */
	assert_int_equal(number(db, "PRAGMA wal_autocheckpoint"), 0);
	assert_int_equal(number(db, "PRAGMA trusted_schema"), 0);
	assert_int_equal(number(db, "PRAGMA cell_size_check"), 1);
	assert_int_equal(number(db, "PRAGMA secure_delete"), 1);
	assert_int_equal(number(db, "PRAGMA journal_size_limit"), 67108864);
	sqlite3_db_config(database_handle(db), SQLITE_DBCONFIG_DEFENSIVE, -1, &defensive);
	assert_int_equal(defensive, 1);
	database_close(db);
}

static void the_uuid_and_facts_survive_a_restart(void **state)
{
	struct store_fixture *f = *state;
	struct err err = {0};
	struct database *db = store_fixture_open(f, &err);
	char uuid[33], *value;

	snprintf(uuid, sizeof(uuid), "%s", database_uuid(db));
	assert_null(database_fact_get(db, "cluster_id", &err));
	assert_int_equal(err.class, ERR_NONE);
	assert_int_equal(database_fact_set(db, "cluster_id", "lkc-1", &err), 0);
	assert_int_equal(database_fact_set(db, "cluster_id", "lkc-2", &err), 0);
	database_close(db);
	db = store_fixture_open(f, &err);
	assert_non_null(db);
	assert_false(database_unclean(db));
	assert_string_equal(database_uuid(db), uuid);
	value = database_fact_get(db, "cluster_id", &err);
	assert_string_equal(value, "lkc-2");
	free(value);
	database_close(db);
}

static void a_second_process_is_refused_by_name(void **state)
{
	struct store_fixture *f = *state;
	struct err err;
	struct database *db = store_fixture_open(f, &err);
	char expected[300];
	pid_t pid;
	int status;

	assert_non_null(db);
	snprintf(expected, sizeof(expected),
		 "%s is in use by another riverd, process %ld; one state, one process", f->path,
		 (long)getpid());
	pid = fork();
	if (pid == 0) {
		struct database *second = store_fixture_open(f, &err);
		bool right = second == NULL && err.class == ERR_REFUSED && strcmp(err.text, expected) == 0;

		if (!right)
			fprintf(stderr, "%s\n", err.text);
		_exit(right ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	database_close(db);
	db = store_fixture_open(f, &err); /* free again */
	assert_non_null(db);
	database_close(db);
}

static void an_open_sqlite3_shell_keeps_us_out(void **state)
{
	struct store_fixture *f = *state;
	struct err err;
	struct database *db = store_fixture_open(f, &err);
	sqlite3 *other;

	assert_non_null(db);
	/* and we keep it out: locking_mode=EXCLUSIVE */
	assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "SELECT * FROM fact", NULL, NULL, NULL), SQLITE_BUSY);
	sqlite3_close(other);
	database_close(db);
}

static void damage_is_refused_with_advice(void **state)
{
	struct store_fixture *f = *state;
	struct err err;

	write_file(f->path,
		   "this is not a database, but it is long enough to be looked at as if it were one, is it? "
		   "It has more than a hundred bytes in any case.");
	assert_null(store_fixture_open(f, &err));
	assert_int_equal(err.class, ERR_REFUSED);
	assert_non_null(strstr(err.text, "is damaged"));
	assert_non_null(strstr(err.text, "--rebuild"));
}

static void a_lost_cause_is_set_aside_and_kept(void **state)
{
	struct store_fixture *f = *state;
	struct database *db;
	char first[33], command[256];
	struct err err;

	assert_int_equal(database_set_aside(f->path, NULL, &err), 0); /* there is nothing */
	db = store_fixture_open(f, &err);
	assert_non_null(db);
	snprintf(first, sizeof(first), "%s", database_uuid(db));
	assert_int_equal(database_set_aside(f->path, NULL, &err), -1); /* somebody lives in it */
	assert_int_equal(err.class, ERR_REFUSED);
	database_close(db);
	assert_int_equal(database_set_aside(f->path, NULL, &err), 0);
	db = store_fixture_open(f, &err);
	assert_non_null(db);
	assert_true(database_virgin(db));
	assert_string_not_equal(database_uuid(db), first);
	database_close(db);
	snprintf(command, sizeof(command), "test $(ls %s.replaced-* | wc -l) -ge 1", f->path);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "rm -f %s.replaced-*", f->path);
	assert_int_equal(system(command), 0);
}

static void damage_is_found_after_an_unclean_stop(void **state)
{
	struct store_fixture *f = *state;
	struct err err;
	struct database *db = store_fixture_open(f, &err);
	struct stat st;
	int fd;

	assert_non_null(db);
	assert_int_equal(database_fact_set(db, "name", "value", &err), 0);
	database_close(db);
	with_sqlite(f->path, "UPDATE riverd_state SET clean = 0");
	fd = open(f->path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	/* the content of every page but the first three, 16 bytes in */
	for (off_t page = 3; page < st.st_size / 4096; page++)
		assert_int_equal(pwrite(fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, page * 4096 + 1), 8);
	close(fd);
	assert_null(store_fixture_open(f, &err));
	assert_int_equal(err.class, ERR_REFUSED);
	assert_non_null(strstr(err.text, "is damaged"));
}

static void a_file_of_a_newer_riverd_is_refused(void **state)
{
	struct store_fixture *f = *state;
	struct err err;

	database_close(store_fixture_open(f, &err));
	with_sqlite(f->path, "PRAGMA user_version = 99");
	assert_null(store_fixture_open(f, &err));
	assert_int_equal(err.class, ERR_REFUSED);
	assert_non_null(
		strstr(err.text, "written by a newer riverd (version 99 of the schema, this one knows 1)"));
}

static void the_database_of_another_program_is_refused(void **state)
{
	struct store_fixture *f = *state;
	struct err err;

	with_sqlite(f->path, "CREATE TABLE bookmarks(url)");
	assert_null(store_fixture_open(f, &err));
	assert_int_equal(err.class, ERR_REFUSED);
	assert_non_null(strstr(err.text, "another program"));
}

static void a_table_of_another_shape_is_refused(void **state)
{
	struct store_fixture *f = *state;
	struct table other[TEST_TABLES] = {
		test_tables[0],
		{"hotel", "(id TEXT PRIMARY KEY, name TEXT, raw BLOB) WITHOUT ROWID", 3, 1},
	};
	struct err err;

	database_close(store_fixture_open(f, &err));
	assert_null(database_open(f->path, other, TEST_TABLES, NULL, &err));
	assert_int_equal(err.class, ERR_REFUSED);
	assert_non_null(strstr(err.text, "table hotel has another shape"));
}

static void a_wrong_description_of_a_table_is_our_bug(void **state)
{
	struct store_fixture *f = *state;
	struct table wrong = {"pending", "(time INTEGER, seq INTEGER, PRIMARY KEY(time, seq)) WITHOUT ROWID",
			      2, 1};
	struct err err;

	assert_null(database_open(f->path, &wrong, 1, NULL, &err));
	assert_int_equal(err.class, ERR_FATAL);
}

static void a_missing_directory_is_a_matter_of_configuration(void **state)
{
	struct err err;

	(void)state;
	assert_null(database_open("/nonexistent/riverd/state.db", test_tables, TEST_TABLES, NULL, &err));
	assert_int_equal(err.class, ERR_CONFIG);
	assert_string_equal(err.text,
			    "state.path /nonexistent/riverd/state.db: directory /nonexistent/riverd: "
			    "there is no such directory");
}

static int count_schema(void *ctx, const char *ref, const char *type, struct slice text, struct err *err)
{
	(void)err;
	assert_string_equal(ref, "id:7");
	assert_string_equal(type, "AVRO");
	assert_true(slice_is(text, "\"string\""));
	++*(int *)ctx;
	return 0;
}

static void schemas_are_kept(void **state)
{
	struct store_fixture *f = *state;
	struct err err;
	struct database *db = store_fixture_open(f, &err);
	struct epoch e;
	int count = 0;

	epoch_init(&e, 1, 10000);
	epoch_schema(&e, "id:7", "AVRO", slice_str("\"string\""));
	assert_int_equal(checkpoint_commit(db, &e, &err), 0);
	epoch_release(&e);
	database_close(db);
	db = store_fixture_open(f, &err);
	assert_int_equal(database_each_schema(db, count_schema, &count, &err), 0);
	assert_int_equal(count, 1);
	database_close(db);
}

static void sizes_and_free_space_are_told(void **state)
{
	struct err err;
	struct database *db = store_fixture_open(*state, &err);
	int64_t file, wal, bytes;
	double percent;

	assert_int_equal(database_fact_set(db, "name", "value", &err), 0);
	database_size(db, &file, &wal);
	assert_true(file >= 0);
	assert_true(wal > 0);
	assert_int_equal(database_free_space(db, &bytes, &percent, &err), 0);
	assert_true(bytes > 0);
	assert_true(percent > 0 && percent <= 100);
	database_close(db);
}

static void the_wal_is_written_over_and_does_not_grow(void **state)
{
	struct err err;
	struct database *db = store_fixture_open(*state, &err);
	int64_t file, wal, first;

	assert_int_equal(database_fact_set(db, "name", "value", &err), 0);
	assert_int_equal(checkpoint_wal(db, 0, &err), 0);
	database_size(db, &file, &first);
	assert_true(file > 0);
	assert_true(first > 0); /* not cut */
	for (int i = 0; i < 100; i++) {
		char name[24];

		snprintf(name, sizeof(name), "name %d", i);
		assert_int_equal(database_fact_set(db, name, "value", &err), 0);
		assert_int_equal(checkpoint_wal(db, 0, &err), 0);
	}
	database_size(db, &file, &wal);
	assert_int_equal(wal, first);
	database_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_file_is_private_and_virgin),
		TEST(the_connection_is_set_up_for_durability),
		TEST(the_uuid_and_facts_survive_a_restart),
		TEST(a_second_process_is_refused_by_name),
		TEST(an_open_sqlite3_shell_keeps_us_out),
		TEST(damage_is_refused_with_advice),
		TEST(a_lost_cause_is_set_aside_and_kept),
		TEST(damage_is_found_after_an_unclean_stop),
		TEST(a_file_of_a_newer_riverd_is_refused),
		TEST(the_database_of_another_program_is_refused),
		TEST(a_table_of_another_shape_is_refused),
		TEST(a_wrong_description_of_a_table_is_our_bug),
		TEST(a_missing_directory_is_a_matter_of_configuration),
		TEST(schemas_are_kept),
		TEST(sizes_and_free_space_are_told),
		TEST(the_wal_is_written_over_and_does_not_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
