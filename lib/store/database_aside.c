#include "store/database_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Moves one file; a missing one is fine. */
static int move(const char *path, const char *suffix, const char *to, struct err *err)
{
	char *from = NULL, *target = NULL;
	int rc = -1;

	if (asprintf(&from, "%s%s", path, suffix) < 0 || asprintf(&target, "%s%s", to, suffix) < 0)
		err_set(err, ERR_FATAL, ENOMEM, "set %s aside: out of memory", path);
	else if (rename(from, target) != 0 && errno != ENOENT)
		err_set(err, ERR_CONFIG, errno, "set %s aside: %s", from, strerror(errno));
	else
		rc = 0;
	free(from);
	free(target);
	return rc;
}

/* "<path>.aside-<n>", the first that is free; owned. */
static char *free_name(const char *path)
{
	for (int n = 1; n < 10000; n++) {
		char *name = NULL;

		if (asprintf(&name, "%s.aside-%d", path, n) < 0)
			return NULL;
		if (access(name, F_OK) != 0)
			return name;
		free(name);
	}
	return NULL;
}

int database_set_aside(const char *path, char **moved_to, struct err *err)
{
	struct database db = {.path = (char *)path, .lock_fd = -1};
	int rc;

	*moved_to = NULL;
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return 0;
	rc = database_lock(&db, err); /* never under a running riverd */
	if (rc == 0 && (*moved_to = free_name(path)) == NULL)
		rc = err_set(err, ERR_FATAL, 0, "set %s aside: no name is free", path);
	/* The WAL belongs to the file and is found by its name: it goes first, so
	 * that a crash between the two cannot leave it to a new database. */
	if (rc == 0 && (move(path, "-wal", *moved_to, err) || move(path, "", *moved_to, err)))
		rc = -1;
	if (db.lock_fd >= 0)
		close(db.lock_fd);
	if (rc != 0) {
		free(*moved_to);
		*moved_to = NULL;
	}
	return rc;
}
