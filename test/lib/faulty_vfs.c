#include "test/lib/faulty_vfs.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The one place that all open files share; tests are single-threaded. */
static struct {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	struct faulty_vfs_plan plan;
	int seen;
	bool fired;
} shim;

struct faulty_file {
	sqlite3_file base;
	sqlite3_file *real; /* behind the struct */
};

/* SQLITE_OK, or what the plan says. */
static int strike(enum faulty_call call)
{
	if (shim.plan.nth == 0 || shim.plan.call != call)
		return SQLITE_OK;
	shim.seen++;
	if (shim.seen != shim.plan.nth && !(shim.plan.sticky && shim.seen > shim.plan.nth))
		return SQLITE_OK;
	shim.fired = true;
	return shim.plan.result;
}

static sqlite3_file *real(sqlite3_file *f)
{
	return ((struct faulty_file *)f)->real;
}

static int f_close(sqlite3_file *f)
{
	return real(f)->pMethods->xClose(real(f));
}

static int f_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
	int rc = strike(FAULTY_READ);

	return rc != SQLITE_OK ? rc : real(f)->pMethods->xRead(real(f), to, n, at);
}

/* Half of it gets through. */
static int f_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
	int rc = strike(FAULTY_WRITE);

	if (rc != SQLITE_OK) {
		real(f)->pMethods->xWrite(real(f), from, n / 2, at);
		return rc;
	}
	if (strike(FAULTY_LOST) != SQLITE_OK)
		return SQLITE_OK;
	return real(f)->pMethods->xWrite(real(f), from, n, at);
}

static int f_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc = strike(FAULTY_TRUNCATE);

	return rc != SQLITE_OK ? rc : real(f)->pMethods->xTruncate(real(f), size);
}

static int f_sync(sqlite3_file *f, int flags)
{
	int rc = strike(FAULTY_SYNC);

	return rc != SQLITE_OK ? rc : real(f)->pMethods->xSync(real(f), flags);
}

static int f_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return real(f)->pMethods->xFileSize(real(f), size);
}

static int f_lock(sqlite3_file *f, int level)
{
	return real(f)->pMethods->xLock(real(f), level);
}

static int f_unlock(sqlite3_file *f, int level)
{
	return real(f)->pMethods->xUnlock(real(f), level);
}

static int f_reserved(sqlite3_file *f, int *out)
{
	return real(f)->pMethods->xCheckReservedLock(real(f), out);
}

static int f_control(sqlite3_file *f, int op, void *arg)
{
	return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int f_sector(sqlite3_file *f)
{
	return real(f)->pMethods->xSectorSize(real(f));
}

static int f_device(sqlite3_file *f)
{
	return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

/* Version 1: no shared memory, which locking_mode=EXCLUSIVE does not need. */
static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = f_close,
	.xRead = f_read,
	.xWrite = f_write,
	.xTruncate = f_truncate,
	.xSync = f_sync,
	.xFileSize = f_size,
	.xLock = f_lock,
	.xUnlock = f_unlock,
	.xCheckReservedLock = f_reserved,
	.xFileControl = f_control,
	.xSectorSize = f_sector,
	.xDeviceCharacteristics = f_device,
};

static int v_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct faulty_file *file = (struct faulty_file *)f;
	int rc = strike(FAULTY_OPEN);

	(void)vfs;
	file->base.pMethods = NULL;
	file->real = (sqlite3_file *)(file + 1);
	if (rc != SQLITE_OK)
		return rc;
	rc = shim.real->xOpen(shim.real, name, file->real, flags, out);
	if (rc == SQLITE_OK)
		file->base.pMethods = &methods;
	return rc;
}

static int v_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	int rc = strike(FAULTY_DELETE);

	(void)vfs;
	return rc != SQLITE_OK ? rc : shim.real->xDelete(shim.real, name, sync);
}

int faulty_vfs_install(void)
{
	if (shim.real != NULL)
		return 0;
	shim.real = sqlite3_vfs_find(NULL);
	if (shim.real == NULL)
		return -1;
	shim.vfs = *shim.real; /* the rest is the real one's */
	shim.vfs.zName = "faulty";
	shim.vfs.szOsFile = (int)sizeof(struct faulty_file) + shim.real->szOsFile;
	shim.vfs.xOpen = v_open;
	shim.vfs.xDelete = v_delete;
	return sqlite3_vfs_register(&shim.vfs, 1) == SQLITE_OK ? 0 : -1;
}

void faulty_vfs_arm(const struct faulty_vfs_plan *plan)
{
	memset(&shim.plan, 0, sizeof(shim.plan));
	if (plan != NULL)
		shim.plan = *plan;
	shim.seen = 0;
	shim.fired = false;
}

bool faulty_vfs_fired(void)
{
	return shim.fired;
}
