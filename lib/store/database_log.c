#include "store/database_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PIECE (64 << 10) /* SQLite writes no more than 128 KiB at once */

/* Reads and writes the same bytes. A crash on the way changes nothing. */
static int rewrite(sqlite3_file *file, char *piece)
{
	sqlite3_int64 size;
	int rc = file->pMethods->xFileSize(file, &size);

	for (sqlite3_int64 at = 0; rc == SQLITE_OK && at < size; at += PIECE) {
		int len = size - at < PIECE ? (int)(size - at) : PIECE;

		rc = file->pMethods->xRead(file, piece, len, at);
		if (rc == SQLITE_OK)
			rc = file->pMethods->xWrite(file, piece, len, at);
	}
	return rc == SQLITE_OK && size > 0 ? file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) : rc;
}

static int open_and_rewrite(sqlite3_vfs *vfs, const char *name, char *piece)
{
	sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);
	int rc = file == NULL ? SQLITE_NOMEM
			      : vfs->xOpen(vfs, name, file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL, NULL);

	if (rc == SQLITE_OK)
		rc = rewrite(file, piece);
	if (file != NULL && file->pMethods != NULL)
		file->pMethods->xClose(file);
	free(file);
	return rc;
}

int database_rewrite_log(struct database *db, struct err *err)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	size_t len = strlen(db->path);
	char *name = calloc(1, len + sizeof("-wal") + 2); /* SQLite looks for parameters behind the name */
	char *piece = malloc(PIECE);
	int there = 0, rc = name == NULL || piece == NULL ? SQLITE_NOMEM : SQLITE_OK;

	if (rc == SQLITE_OK) {
		snprintf(name, len + sizeof("-wal"), "%s-wal", db->path);
		rc = vfs->xAccess(vfs, name, SQLITE_ACCESS_EXISTS, &there);
	}
	if (rc == SQLITE_OK && there)
		rc = open_and_rewrite(vfs, name, piece);
	free(piece);
	free(name);
	if (rc == SQLITE_OK)
		return 0;
	return err_set(err, (rc & 0xff) == SQLITE_CANTOPEN ? ERR_CONFIG : ERR_FATAL, rc,
		       "write the WAL of %s once more: %s", db->path, sqlite3_errstr(rc));
}
