#include "store/database_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* Facts, schemas, sizes: what is asked of a database beside its checkpoints. */

char *database_fact_get(struct database *db, const char *name, struct err *err)
{
	sqlite3_stmt *stmt = database_own(db, OWN_FACT_GET, err);
	char *value = NULL;
	int rc;

	if (stmt == NULL)
		return NULL;
	database_bind_text(stmt, 1, slice_str(name));
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		value = slice_dup(database_column(stmt, 0));
		if (value == NULL)
			err_set(err, ERR_FATAL, ENOMEM, "fact %s: out of memory", name);
	} else if (rc != SQLITE_DONE) {
		database_error(db, name, err);
	}
	sqlite3_reset(stmt);
	return value;
}

int database_fact_set(struct database *db, const char *name, const char *value, struct err *err)
{
	sqlite3_stmt *stmt = database_own(db, OWN_FACT_SET, err);

	if (stmt == NULL || database_begin(db, err))
		return -1;
	database_bind_text(stmt, 1, slice_str(name));
	database_bind_text(stmt, 2, slice_str(value));
	if (database_run(db, stmt, "remember a fact", err)) {
		database_rollback(db);
		return -1;
	}
	return database_commit(db, "remember a fact", err);
}

int database_each_schema(struct database *db, schema_fn fn, void *ctx, struct err *err)
{
	sqlite3_stmt *stmt = database_own(db, OWN_SCHEMA_EACH, err);
	int rc = SQLITE_DONE, result = 0;

	if (stmt == NULL)
		return -1;
	while (result == 0 && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		result = fn(ctx, (const char *)sqlite3_column_text(stmt, 0),
			    (const char *)sqlite3_column_text(stmt, 1), database_column(stmt, 2), err);
	if (result == 0 && rc != SQLITE_DONE)
		result = database_error(db, "read the schemas", err);
	sqlite3_reset(stmt);
	return result;
}

void database_size(const struct database *db, int64_t *file, int64_t *wal)
{
	char *path = NULL;
	struct stat st;

	*file = stat(db->path, &st) == 0 ? st.st_size : 0;
	*wal = 0;
	if (asprintf(&path, "%s-wal", db->path) < 0)
		return;
	if (stat(path, &st) == 0)
		*wal = st.st_size;
	free(path);
}

int database_free_space(const struct database *db, int64_t *bytes, double *percent, struct err *err)
{
	struct statvfs fs;

	if (statvfs(db->path, &fs) != 0)
		return err_set(err, ERR_RETRY, errno, "free space of %s: %s", db->path, strerror(errno));
	*bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	*percent = fs.f_blocks > 0 ? 100.0 * (double)fs.f_bavail / (double)fs.f_blocks : 100.0;
	return 0;
}
