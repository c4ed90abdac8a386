#ifndef RIVER_TEST_FAULTY_VFS_H
#define RIVER_TEST_FAULTY_VFS_H

/* SQLite's own VFS with a fault at the n-th call of a kind. Registered as the
 * default, so that whoever opens a database gets it. */

#include <stdbool.h>

enum faulty_call {
	FAULTY_OPEN,
	FAULTY_READ,
	FAULTY_WRITE,
	FAULTY_LOST, /* a write that is said to have worked, and is nowhere; any result but SQLITE_OK */
	FAULTY_SYNC,
	FAULTY_TRUNCATE,
	FAULTY_DELETE,
	FAULTY_CALLS,
};

struct faulty_vfs_plan {
	enum faulty_call call;
	int nth;     /* 1: the next; 0: none */
	bool sticky; /* and all after it */
	int result;  /* what is returned: SQLITE_FULL, SQLITE_IOERR_WRITE, ... */
};

/* Once per process. 0, or -1. */
int faulty_vfs_install(void);
void faulty_vfs_arm(const struct faulty_vfs_plan *plan); /* NULL: no more faults */
/* Whether the fault happened since it was armed. */
bool faulty_vfs_fired(void);

#endif
