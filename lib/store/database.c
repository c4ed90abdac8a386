#include "store/database.h"

#include "base/fault.h"
#include "store/database_internal.h"
#include "store/migrations.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const char *const own_sql[OWN_STATEMENTS] = {
	[OWN_STATE_GET] = "SELECT uuid, epoch, next_seq, acked_seq, clean FROM riverd_state",
	[OWN_STATE_SET] = "UPDATE riverd_state SET epoch = ?1, next_seq = max(next_seq, ?2)",
	[OWN_CLEAN_SET] = "UPDATE riverd_state SET clean = ?1",
	[OWN_FACT_GET] = "SELECT value FROM fact WHERE name = ?1",
	[OWN_FACT_SET] = "INSERT OR REPLACE INTO fact VALUES (?1, ?2)",
	[OWN_POSITION_PUT] = "INSERT OR REPLACE INTO input_position VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[OWN_POSITION_EACH] = "SELECT topic, partition, next_offset, last_offset, last_timestamp_ms, last_crc"
			      " FROM input_position ORDER BY topic, partition",
	[OWN_OUTBOX_PUT] = "INSERT INTO outbox VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[OWN_OUTBOX_EACH] = "SELECT seq, topic, partition, timestamp_ms, key, value, id, headers, subject"
			    " FROM outbox WHERE seq > ?1 ORDER BY seq LIMIT ?2",
	[OWN_OUTBOX_SUBJECTS] = "SELECT seq, subject FROM outbox",
	[OWN_OUTBOX_DELETE] = "DELETE FROM outbox WHERE seq = ?1",
	[OWN_OUTBOX_DELETE_UP_TO] = "DELETE FROM outbox WHERE seq <= ?1",
	[OWN_OUTBOX_WAITING] = "SELECT count(*), coalesce(min(seq), 0), coalesce(max(seq), 0) FROM outbox"
			       " WHERE seq > ?1",
	[OWN_ACKED_SET] = "UPDATE riverd_state SET acked_seq = max(acked_seq, ?1)",
	[OWN_SENT_PUT] = "INSERT OR REPLACE INTO outbox_sent VALUES (?1, ?2, ?3)",
	[OWN_SENT_GET] = "SELECT last_offset FROM outbox_sent WHERE topic = ?1 AND partition = ?2",
	[OWN_SCHEMA_PUT] = "INSERT OR REPLACE INTO registry_schema VALUES (?1, ?2, ?3)",
	[OWN_SCHEMA_EACH] = "SELECT ref, type, text FROM registry_schema ORDER BY ref",
};

int database_error(struct database *db, const char *doing, struct err *err)
{
	int code = sqlite3_extended_errcode(db->handle);
	const char *text = sqlite3_errmsg(db->handle);

	if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) {
		db->distrusted = true;
		return err_set(err, ERR_FATAL, code, "%s: fsync of %s failed; what the disk holds is unknown",
			       doing, db->path);
	}
	switch (code & 0xff) {
	case SQLITE_FULL:
		return err_set(err, ERR_RETRY, code,
			       "%s: no space left for %s; nothing was changed, free some disk space", doing,
			       db->path);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		db->distrusted = true;
		return err_set(err, ERR_REFUSED, code, "%s: %s is damaged (%s): " DATABASE_REBUILD, doing,
			       db->path, text);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(err, ERR_RETRY, code, "%s: another program holds %s open", doing, db->path);
	case SQLITE_IOERR: return err_set(err, ERR_RETRY, code, "%s: %s: %s", doing, db->path, text);
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_READONLY:
		return err_set(err, ERR_CONFIG, code, "%s: %s: %s; check owner, mode and mount", doing,
			       db->path, text);
	default: return err_set(err, ERR_FATAL, code, "%s: %s: %s", doing, db->path, text);
	}
}

sqlite3_stmt *database_own(struct database *db, enum own_statement which, struct err *err)
{
	if (db->own[which] == NULL &&
	    sqlite3_prepare_v3(db->handle, own_sql[which], -1, SQLITE_PREPARE_PERSISTENT, &db->own[which],
			       NULL) != SQLITE_OK) {
		database_error(db, "prepare a statement", err);
		return NULL;
	}
	return db->own[which];
}

int database_run(struct database *db, sqlite3_stmt *stmt, const char *doing, struct err *err)
{
	int rc = sqlite3_step(stmt);

	sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? 0 : database_error(db, doing, err);
}

int database_begin(struct database *db, struct err *err)
{
	if (db->distrusted)
		return err_set(err, ERR_FATAL, 0, "%s failed before and takes no more writes", db->path);
	if (sqlite3_exec(db->handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return database_error(db, "begin", err);
	return 0;
}

/* A COMMIT with a statement in mid-flight fails or keeps pages pinned. */
static bool statement_alive(const struct database *db)
{
	for (sqlite3_stmt *s = sqlite3_next_stmt(db->handle, NULL); s != NULL;
	     s = sqlite3_next_stmt(db->handle, s)) {
		if (sqlite3_stmt_busy(s))
			return true;
	}
	return false;
}

int database_commit(struct database *db, const char *doing, struct err *err)
{
	assert(!statement_alive(db));
	if (sqlite3_exec(db->handle, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	database_error(db, doing, err);
	database_rollback(db);
	return -1;
}

void database_rollback(struct database *db)
{
	/* After SQLITE_FULL and some I/O errors SQLite has done it itself. */
	if (!sqlite3_get_autocommit(db->handle))
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

void database_bind_text(sqlite3_stmt *stmt, int at, struct slice s)
{
	sqlite3_bind_text(stmt, at, s.len > 0 ? s.data : "", (int)s.len, SQLITE_STATIC);
}

void database_bind_blob(sqlite3_stmt *stmt, int at, struct slice s)
{
	sqlite3_bind_blob(stmt, at, s.len > 0 ? s.data : "", (int)s.len, SQLITE_STATIC);
}

struct slice database_column(sqlite3_stmt *stmt, int at)
{
	const void *data = sqlite3_column_blob(stmt, at);

	return slice_make(data, (size_t)sqlite3_column_bytes(stmt, at));
}

/* uuid, epoch, and whether the last stop was clean. */
static int read_state(struct database *db, struct err *err)
{
	sqlite3_stmt *stmt = database_own(db, OWN_STATE_GET, err);
	int rc;

	if (stmt == NULL)
		return -1;
	rc = sqlite3_step(stmt);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		database_error(db, "read the state", err);
		sqlite3_reset(stmt);
		return -1;
	}
	if (rc == SQLITE_DONE) {
		sqlite3_reset(stmt);
		return err_set(err, ERR_REFUSED, 0,
			       "%s: its state row is missing, the file is damaged: " DATABASE_REBUILD,
			       db->path);
	}
	snprintf(db->uuid, sizeof(db->uuid), SLICE_FMT, SLICE_ARG(database_column(stmt, 0)));
	db->epoch = (uint64_t)sqlite3_column_int64(stmt, 1);
	db->next_seq = (uint64_t)sqlite3_column_int64(stmt, 2);
	db->unclean = sqlite3_column_int(stmt, 4) == 0;
	sqlite3_reset(stmt);
	return 0;
}

static int mark_clean(struct database *db, int clean, struct err *err)
{
	sqlite3_stmt *stmt = database_own(db, OWN_CLEAN_SET, err);

	if (stmt == NULL || database_begin(db, err))
		return -1;
	sqlite3_bind_int(stmt, 1, clean);
	if (database_run(db, stmt, "mark the start or stop", err)) {
		database_rollback(db);
		return -1;
	}
	(void)fault_point("database.before_mark");
	return database_commit(db, "mark the start or stop", err);
}

static int quick_check(struct database *db, struct err *err)
{
	sqlite3_stmt *stmt;
	int result = -1;

	if (sqlite3_prepare_v2(db->handle, "PRAGMA quick_check(1)", -1, &stmt, NULL) != SQLITE_OK)
		return database_error(db, "check the file", err);
	if (sqlite3_step(stmt) != SQLITE_ROW)
		database_error(db, "check the file", err);
	else if (slice_is(database_column(stmt, 0), "ok"))
		result = 0;
	else
		err_set(err, ERR_REFUSED, SQLITE_CORRUPT, "%s is damaged (" SLICE_FMT "): " DATABASE_REBUILD,
			db->path, SLICE_ARG(database_column(stmt, 0)));
	sqlite3_finalize(stmt);
	return result;
}

static int migrate(struct database *db, struct err *err)
{
	if (database_begin(db, err))
		return -1;
	if (migrations_run(db->handle, err) || database_create_tables(db, err)) {
		err_wrap(err, "%s", db->path);
		database_rollback(db);
		return -1;
	}
	return database_commit(db, "create the tables", err);
}

static int open_steps(struct database *db, struct err *err)
{
	if (database_check_place(db, err) || database_lock(db, err) || database_create_file(db, err) ||
	    database_rewrite_log(db, err) || database_configure(db, err) || migrate(db, err) ||
	    read_state(db, err))
		return -1;
	(void)fault_point("database.after_create");
	if (db->unclean) {
		log_notice(db->log, "store", "the last stop was not clean, checking %s", db->path);
		if (quick_check(db, err))
			return -1;
	}
	if (database_prepare_tables(db, err))
		return -1;
	return mark_clean(db, 0, err);
}

/* `as_it_is`: SQLite must not move the WAL on its way out, as it does on a last
 * close: after a failed fsync nothing is written any more. */
static void release(struct database *db, bool as_it_is)
{
	if (db->handle != NULL && as_it_is)
		sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	for (int i = 0; i < OWN_STATEMENTS; i++)
		sqlite3_finalize(db->own[i]);
	for (int i = 0; db->statements != NULL && i < db->table_count; i++) {
		sqlite3_finalize(db->statements[i].put);
		sqlite3_finalize(db->statements[i].delete);
		sqlite3_finalize(db->statements[i].below);
	}
	sqlite3_close(db->handle);
	if (db->lock_fd >= 0)
		close(db->lock_fd); /* the file stays: removing it would race with the next owner */
	database_confirmed_release(db);
	free(db->statements);
	free(db->path);
	free(db);
}

struct database *database_open(const char *path, const struct table *tables, int table_count, struct log *log,
			       struct err *err)
{
	struct database *db = calloc(1, sizeof(*db));

	/* Nobody asks how much memory SQLite uses, and counting takes a lock for each
	 * piece of it. Before anything else: refused, harmlessly, once SQLite is at work. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (db == NULL)
		goto no_memory;
	*db = (struct database){.lock_fd = -1, .log = log, .tables = tables, .table_count = table_count};
	db->path = slice_dup(slice_str(path));
	db->statements = calloc((size_t)table_count + 1, sizeof(*db->statements));
	if (db->path == NULL || db->statements == NULL)
		goto no_memory;
	if (open_steps(db, err) == 0)
		return db;
	release(db, true);
	return NULL;
no_memory:
	if (db != NULL)
		release(db, true);
	err_set(err, ERR_FATAL, ENOMEM, "open %s: out of memory", path);
	return NULL;
}

void database_close(struct database *db)
{
	struct err err;

	if (db == NULL)
		return;
	(void)fault_point("database.before_close");
	if (!db->distrusted && mark_clean(db, 1, &err))
		log_warn(db->log, "store", "%s: not marked as stopped cleanly", db->path);
	if (!db->distrusted && sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL,
							 NULL) != SQLITE_OK) {
		database_error(db, "move the WAL into the file", &err);
		log_warn(db->log, "store", "%s", err.text);
	}
	release(db, db->distrusted);
}

sqlite3 *database_handle(struct database *db)
{
	return db->handle;
}

bool database_virgin(const struct database *db)
{
	return db->epoch == 0;
}

bool database_created(const struct database *db)
{
	return db->created;
}

const char *database_uuid(const struct database *db)
{
	return db->uuid;
}

bool database_unclean(const struct database *db)
{
	return db->unclean;
}
