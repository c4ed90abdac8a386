#ifndef RIVER_STORE_MIGRATIONS_H
#define RIVER_STORE_MIGRATIONS_H

/* The schema of the store's own tables, as an append-only list of steps.
 *
 * PRAGMA user_version is the number of steps a file has had. A released step
 * is never edited, only followed by another. A file with more steps than we
 * know comes from a newer riverd and is refused. */

#include "base/err.h"

#include <sqlite3.h>

/* "RivD" in the file header: `file state.db` and sqlite3 show it. */
#define MIGRATIONS_APPLICATION_ID 0x52697644

/* Brings the file to the newest version within the caller's transaction.
 * ERR_REFUSED for a file of a newer riverd or another program. */
int migrations_run(sqlite3 *handle, struct err *err);

int migrations_newest(void);

#endif
