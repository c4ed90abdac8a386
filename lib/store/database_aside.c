#include "store/database_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
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

/* ---- the mark ---- */

/* Owned; NULL when out of memory. */
static char *mark_of(const char *path)
{
	char *mark;

	return asprintf(&mark, "%s.rebuild", path) < 0 ? NULL : mark;
}

int database_rebuild_mark(const char *path, struct err *err)
{
	struct database db = {.path = (char *)path, .lock_fd = -1};
	char *mark = mark_of(path);
	int fd = -1, rc = 0;

	if (mark == NULL)
		return err_set(err, ERR_FATAL, ENOMEM, "rebuild %s: out of memory", path);
	if (database_check_place(&db, err)) {
		rc = -1;
	} else {
		fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 || fsync(fd) != 0)
			rc = err_set(err, ERR_CONFIG, errno, "%s: %s", mark, strerror(errno));
		else
			rc = database_sync_directory(mark, err);
	}
	if (fd >= 0)
		close(fd);
	free(mark);
	return rc;
}

bool database_rebuild_marked(const char *path)
{
	char *mark = mark_of(path);
	bool there = mark != NULL && access(mark, F_OK) == 0;

	free(mark);
	return there;
}

int database_rebuild_unmark(const char *path, struct err *err)
{
	char *mark = mark_of(path);
	int rc = 0;

	if (mark == NULL)
		return err_set(err, ERR_FATAL, ENOMEM, "rebuild %s: out of memory", path);
	if (unlink(mark) != 0)
		rc = errno == ENOENT ? 0 : err_set(err, ERR_CONFIG, errno, "%s: %s", mark, strerror(errno));
	else
		rc = database_sync_directory(mark, err);
	free(mark);
	return rc;
}
