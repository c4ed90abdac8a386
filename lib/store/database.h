#ifndef RIVER_STORE_DATABASE_H
#define RIVER_STORE_DATABASE_H

/* The one SQLite connection: lock file, pragmas, migrations, sticky
 * transactions.
 *
 * Exactly one process and one connection may have the file: flock on
 * "<path>.lock" for life, and locking_mode=EXCLUSIVE (SQLite 3.40 can corrupt
 * a WAL that two connections reset). WAL, synchronous=FULL, own checkpoints.
 * The connection may change threads but is used by one at a time. */

#include "base/err.h"
#include "base/log.h"
#include "store/delta.h"

#include <sqlite3.h>

/* What an operator can do when the right file is lost: the end of the texts
 * of ERR_REFUSED. */
#define DATABASE_REBUILD                                                                                     \
	"start riverd once with --rebuild: it makes the state anew from the topics and publishes only what " \
	"they do not hold yet"
#define DATABASE_START_OVER                                                                                  \
	"start over with a new group.id, transactional.id and state.path: results that are already "         \
	"published may then be published again"

struct database;

/* Errors of every function of this floor, by what SQLite says:
 *   SQLITE_FULL, other I/O errors, BUSY     ERR_RETRY, the transaction is rolled back
 *   failed fsync                            ERR_FATAL: after it the page cache cannot be trusted
 *   CORRUPT, NOTADB                         ERR_REFUSED, says what to do
 * After the last two the database takes no more writes. */

/* Opens or creates `path` (mode 0600), takes the locks, runs the migrations of
 * this floor and creates `tables` (not copied; must outlive the database).
 * Errors: ERR_REFUSED when locked by another process, damaged, from a newer
 * riverd, or on a network file system; ERR_RETRY for I/O trouble; ERR_CONFIG when
 * the directory is not there or not ours to write in. After an
 * unclean stop quick_check runs first. */
struct database *database_open(const char *path, const struct table *tables, int table_count, struct log *log,
			       struct err *err);
/* Checkpoints the WAL, marks the stop clean, releases the locks. */
void database_close(struct database *db);

/* Renames what is at `path` to "<path>.replaced-<milliseconds>", so that
 * database_open makes a new one. Harmless when there is nothing. ERR_REFUSED when
 * another process uses it. */
int database_set_aside(const char *path, struct log *log, struct err *err);

/* That a rebuild was asked for is told by a file beside the database, from before
 * anything is given up until the plan is in the new one: a process that is killed
 * between leaves an empty database that nobody must take for a first start. */
int database_rebuild_mark(const char *path, struct err *err);
bool database_rebuild_marked(const char *path);
int database_rebuild_unmark(const char *path, struct err *err);

sqlite3 *database_handle(struct database *db);

/* Whether nothing was ever committed by a checkpoint (epoch 0). */
bool database_virgin(const struct database *db);

/* Whether this very open made the file: nobody can have written under its name before. */
bool database_created(const struct database *db);

/* 32 hex digits, made when the file was created. */
const char *database_uuid(const struct database *db);

/* Named facts that must not change (cluster_id, transactional_id, ...) or are
 * remembered choices. get returns an owned string or NULL when there is none
 * (err untouched), or NULL with err set. */
char *database_fact_get(struct database *db, const char *name, struct err *err);
int database_fact_set(struct database *db, const char *name, const char *value, struct err *err);

/* Every row of a table of `tables`, in primary key order. Stops at the first -1. */
typedef int (*row_fn)(void *ctx, int table, const struct cell *cells, int count, struct err *err);
int database_each_row(struct database *db, int table, row_fn fn, void *ctx, struct err *err);

/* Registry schemas seen: ids are immutable, so they are kept for ever. */
typedef int (*schema_fn)(void *ctx, const char *ref, const char *type, struct slice text, struct err *err);
int database_each_schema(struct database *db, schema_fn fn, void *ctx, struct err *err);

/* Bytes of the database file and of its WAL; for metrics. */
void database_size(const struct database *db, int64_t *file, int64_t *wal);

/* Free space for us where the file lives, in bytes and in percent of the file
 * system: below 5 % the daemon stops taking input. -1 when it cannot be told. */
int database_free_space(const struct database *db, int64_t *bytes, double *percent, struct err *err);

/* Whether a database could be opened at `path`, for `riverd check`. Creates and
 * changes nothing. ERR_CONFIG: the directory is missing, cannot be written or is
 * on an unfit file system; ERR_REFUSED: another process uses it. */
int database_probe(const char *path, struct err *err);

/* Whether the last stop was unclean (crash, power), for the log and /status. */
bool database_unclean(const struct database *db);

#endif
