#include "store/database_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A database that is given up is kept, under another name. */

static int move(const char *path, const char *suffix, const char *to, struct err *err)
{
	char *from = NULL, *target = NULL;
	int rc = 0;

	if (asprintf(&from, "%s%s", path, suffix) < 0) {
		from = NULL;
		rc = err_set(err, ERR_FATAL, ENOMEM, "move %s aside: out of memory", path);
	} else if (asprintf(&target, "%s%s", to, suffix) < 0) {
		target = NULL;
		rc = err_set(err, ERR_FATAL, ENOMEM, "move %s aside: out of memory", path);
	} else if (rename(from, target) != 0 && errno != ENOENT) {
		rc = err_set(err, ERR_CONFIG, errno, "move %s to %s: %s", from, target, strerror(errno));
	}
	free(from);
	free(target);
	return rc;
}

int database_set_aside(const char *path, struct log *log, struct err *err)
{
	struct database db = {.path = (char *)path, .lock_fd = -1};
	struct clock clock = clock_system();
	char *to = NULL;
	int rc;

	if (database_check_place(&db, err))
		return -1;
	if (access(path, F_OK) != 0)
		return 0;
	if (database_lock(&db, err)) /* another riverd lives in it */
		return -1;
	if (asprintf(&to, "%s.replaced-%lld", path, (long long)clock_wall_ms(&clock)) < 0) {
		to = NULL;
		rc = err_set(err, ERR_FATAL, ENOMEM, "move %s aside: out of memory", path);
	} else {
		/* A WAL that is left behind by a crash in between is of no harm:
		 * SQLite drops one that stands beside an empty file. */
		rc = move(path, "", to, err) || move(path, "-wal", to, err) || move(path, "-journal", to, err)
			     ? -1
			     : 0;
	}
	if (rc == 0)
		log_notice(log, "store", "the old database is now %s", to);
	free(to);
	close(db.lock_fd);
	return rc;
}
