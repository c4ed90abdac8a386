#include "store/migrations.h"

#include <stdio.h>

/* Append only. Each step may hold several statements. */
static const char *const steps[] = {
	/* 1: the first shape */
	"CREATE TABLE riverd_state("
	" one INTEGER PRIMARY KEY CHECK (one = 1),"
	" uuid TEXT NOT NULL,"
	" epoch INTEGER NOT NULL,"
	" next_seq INTEGER NOT NULL,"
	" acked_seq INTEGER NOT NULL,"
	" clean INTEGER NOT NULL) STRICT;"
	"CREATE TABLE fact("
	" name TEXT PRIMARY KEY,"
	" value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE input_position("
	" topic TEXT NOT NULL,"
	" partition INTEGER NOT NULL,"
	" next_offset INTEGER NOT NULL,"
	" last_offset INTEGER NOT NULL,"
	" last_timestamp_ms INTEGER NOT NULL,"
	" last_crc INTEGER NOT NULL,"
	" PRIMARY KEY (topic, partition)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE outbox("
	" seq INTEGER PRIMARY KEY,"
	" topic TEXT NOT NULL,"
	" partition INTEGER NOT NULL,"
	" timestamp_ms INTEGER NOT NULL,"
	" key BLOB,"
	" value BLOB,"
	" id BLOB NOT NULL,"
	" headers BLOB NOT NULL,"
	" subject TEXT NOT NULL) STRICT;"
	"CREATE TABLE outbox_sent("
	" topic TEXT NOT NULL,"
	" partition INTEGER NOT NULL,"
	" last_offset INTEGER NOT NULL,"
	" PRIMARY KEY (topic, partition)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE registry_schema("
	" ref TEXT PRIMARY KEY,"
	" type TEXT NOT NULL,"
	" text TEXT NOT NULL) STRICT, WITHOUT ROWID;"
	"INSERT INTO riverd_state VALUES (1, lower(hex(randomblob(16))), 0, 1, 0, 1);",
};

int migrations_newest(void)
{
	return (int)(sizeof(steps) / sizeof(steps[0]));
}

static int pragma_number(sqlite3 *handle, const char *sql, int *out)
{
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		*out = sqlite3_column_int(stmt, 0);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_OK ? 0 : -1;
}

static int run(sqlite3 *handle, const char *sql, const char *doing, struct err *err)
{
	int rc = sqlite3_exec(handle, sql, NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		return 0;
	return err_set(err, (rc & 0xff) == SQLITE_FULL ? ERR_RETRY : ERR_FATAL,
		       sqlite3_extended_errcode(handle), "%s: %s", doing, sqlite3_errmsg(handle));
}

/* Another program's database has tables, and not our mark. */
static int check_owner(sqlite3 *handle, int version, struct err *err)
{
	int application = 0, objects = 0;

	if (pragma_number(handle, "PRAGMA application_id", &application) ||
	    pragma_number(handle, "SELECT count(*) FROM sqlite_schema", &objects))
		return err_set(err, ERR_FATAL, sqlite3_extended_errcode(handle), "read the schema: %s",
			       sqlite3_errmsg(handle));
	if (application == MIGRATIONS_APPLICATION_ID || (application == 0 && objects == 0 && version == 0))
		return 0;
	return err_set(err, ERR_REFUSED, 0,
		       "it is the database of another program; name another file in state.path");
}

int migrations_run(sqlite3 *handle, struct err *err)
{
	char sql[64];
	int version = 0;

	if (pragma_number(handle, "PRAGMA user_version", &version))
		return err_set(err, ERR_FATAL, sqlite3_extended_errcode(handle), "read the version: %s",
			       sqlite3_errmsg(handle));
	if (check_owner(handle, version, err))
		return -1;
	if (version > migrations_newest() || version < 0)
		return err_set(
			err, ERR_REFUSED, version,
			"it was written by a newer riverd (version %d of the schema, this one knows %d); "
			"install that version again",
			version, migrations_newest());
	if (version == migrations_newest())
		return 0;
	for (int i = version; i < migrations_newest(); i++) {
		if (run(handle, steps[i], "change the schema", err))
			return -1;
	}
	snprintf(sql, sizeof(sql), "PRAGMA application_id=%d", MIGRATIONS_APPLICATION_ID);
	if (run(handle, sql, "mark the file", err))
		return -1;
	snprintf(sql, sizeof(sql), "PRAGMA user_version=%d", migrations_newest());
	return run(handle, sql, "mark the version", err);
}
