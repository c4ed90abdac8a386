#ifndef RIVER_STORE_DATABASE_INTERNAL_H
#define RIVER_STORE_DATABASE_INTERNAL_H

/* What the files of this floor share; not for anyone else. */

#include "store/database.h"

/* The store's own statements, prepared at first use. */
enum own_statement {
	OWN_STATE_GET,
	OWN_STATE_SET,
	OWN_CLEAN_SET,
	OWN_FACT_GET,
	OWN_FACT_SET,
	OWN_POSITION_PUT,
	OWN_POSITION_EACH,
	OWN_OUTBOX_PUT,
	OWN_OUTBOX_EACH,
	OWN_OUTBOX_SUBJECTS,
	OWN_OUTBOX_DELETE,
	OWN_OUTBOX_DELETE_UP_TO,
	OWN_OUTBOX_WAITING,
	OWN_ACKED_SET,
	OWN_SENT_PUT,
	OWN_SENT_GET,
	OWN_SCHEMA_PUT,
	OWN_SCHEMA_EACH,
	OWN_STATEMENTS
};

struct table_statements {
	sqlite3_stmt *put, *delete, *below;
};

/* Noted by outbox_confirm_soon; seq 0: nothing is. */
struct outbox_confirmed {
	uint64_t seq;
	struct outbox_sent *sent; /* owned, topics too */
	size_t count;
};

struct database {
	sqlite3 *handle;
	char *path;
	int lock_fd; /* "<path>.lock", flock held; -1 */
	struct log *log;
	const struct table *tables;
	int table_count;
	struct table_statements *statements; /* table_count */
	sqlite3_stmt *own[OWN_STATEMENTS];
	char uuid[33];
	uint64_t epoch, next_seq;
	struct outbox_confirmed confirmed;
	int64_t log_bytes; /* of the WAL that are not in the file yet; the WAL itself may be longer */
	bool created;	   /* by this open */
	bool unclean;	   /* the last stop was */
	bool distrusted;   /* an fsync failed or damage was found: nothing is written any more */
	bool erased;	   /* personal data was deleted: the WAL still holds it */
};

/* Turns the connection's last error into err, by the rules in database.h.
 * `doing` is a phrase: "commit epoch 7". */
int database_error(struct database *db, const char *doing, struct err *err);

/* A cached statement, reset and ready; NULL with err set. */
sqlite3_stmt *database_own(struct database *db, enum own_statement which, struct err *err);

/* Steps a statement that returns no rows, and resets it. */
int database_run(struct database *db, sqlite3_stmt *stmt, const char *doing, struct err *err);

int database_begin(struct database *db, struct err *err);
/* On error everything is rolled back. Asserts that no statement is alive. */
int database_commit(struct database *db, const char *doing, struct err *err);
/* Harmless when SQLite has rolled back by itself (disk full, I/O error). */
void database_rollback(struct database *db);

/* Text that may be empty or hold any bytes; never binds NULL. */
void database_bind_text(sqlite3_stmt *stmt, int at, struct slice s);
void database_bind_blob(sqlite3_stmt *stmt, int at, struct slice s);
struct slice database_column(sqlite3_stmt *stmt, int at);

/* database_open.c: the file, its lock and its pragmas. */
int database_lock(struct database *db, struct err *err);
int database_check_place(struct database *db, struct err *err);
/* Makes names in the directory of that path durable. */
int database_sync_directory(const char *path, struct err *err);
int database_create_file(struct database *db, struct err *err);
/* What the WAL shows need not be on the disk: the fsync of its last commit may have
 * failed and ended the process, and its pages are in the cache all the same, where no later
 * fsync looks at them. Before anything of it is believed it is written once more, and
 * synced. A clean stop leaves no WAL. */
int database_rewrite_log(struct database *db, struct err *err);
int database_configure(struct database *db, struct err *err);

/* outbox.c: does what is noted as confirmed, within a transaction; when that is
 * committed the note is released. */
int database_apply_confirmed(struct database *db, struct err *err);
void database_confirmed_release(struct database *db);

/* database_tables.c */
int database_create_tables(struct database *db, struct err *err);
int database_prepare_tables(struct database *db, struct err *err);

#endif
