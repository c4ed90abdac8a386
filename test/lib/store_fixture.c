#include "test/lib/store_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const struct table test_tables[TEST_TABLES] = {
	[TABLE_PENDING] = {"pending",
			   "(time INTEGER, seq INTEGER, email TEXT, PRIMARY KEY(time, seq)) WITHOUT ROWID", 3,
			   2},
	[TABLE_HOTEL] = {"hotel", "(id TEXT PRIMARY KEY, name TEXT, stars REAL, raw BLOB) WITHOUT ROWID", 4,
			 1},
};

int store_fixture_init(struct store_fixture *f)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(f->dir, sizeof(f->dir), "%s/riverd-test-XXXXXX",
		 tmp != NULL && strlen(tmp) < 40 ? tmp : "/tmp");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/state.db", f->dir);
	return 0;
}

void store_fixture_release(struct store_fixture *f)
{
	DIR *dir = opendir(f->dir);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0); /* "." and ".." refuse */
	if (dir != NULL)
		closedir(dir);
	rmdir(f->dir);
}

struct database *store_fixture_open(struct store_fixture *f, struct err *err)
{
	return database_open(f->path, test_tables, TEST_TABLES, NULL, err);
}
