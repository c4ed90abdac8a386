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

struct database;

/* Opens or creates `path` (mode 0600), takes the locks, runs the migrations of
 * this floor and creates `tables` (not copied; must outlive the database).
 * Errors: ERR_REFUSED when locked by another process, damaged, from a newer
 * riverd, or on a network file system; ERR_RETRY for I/O trouble. After an
 * unclean stop quick_check runs first. */
struct database *database_open(const char *path, const struct table *tables, int table_count, struct log *log,
			       struct err *err);
/* Checkpoints the WAL, marks the stop clean, releases the locks. */
void database_close(struct database *db);

sqlite3 *database_handle(struct database *db);

/* Whether nothing was ever committed by a checkpoint (epoch 0). */
bool database_virgin(const struct database *db);

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

#endif
