#include "store/database_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* File systems where locks and fsync mean less than SQLite needs. */
static const struct {
	unsigned magic;
	const char *name;
} network_file_systems[] = {{NFS_SUPER_MAGIC, "NFS"},	 {SMB_SUPER_MAGIC, "SMB"},   {0xff534d42, "CIFS"},
			    {0xfe534d42, "SMB2"},	 {CODA_SUPER_MAGIC, "Coda"}, {AFS_SUPER_MAGIC, "AFS"},
			    {0x5346414f, "AFS"},	 {0x00c36400, "Ceph"},	     {NCP_SUPER_MAGIC, "NCP"},
			    {V9FS_MAGIC, "9P"},		 {0x0bd00bd0, "Lustre"},     {0x01161970, "GFS2"},
			    {OCFS2_SUPER_MAGIC, "OCFS2"}};

#define FUSE_MAGIC 0x65735546 /* may be anything: rootless containers, or a bucket somewhere */

/* The directory of a path, owned. */
static char *directory_of(const char *path)
{
	char *copy = slice_dup(slice_str(path));
	char *dir = copy == NULL ? NULL : slice_dup(slice_str(dirname(copy)));

	free(copy);
	return dir;
}

int database_check_place(struct database *db, struct err *err)
{
	char *dir = directory_of(db->path);
	struct statfs fs;
	int result = -1;

	if (dir == NULL)
		return err_set(err, ERR_FATAL, ENOMEM, "open %s: out of memory", db->path);
	if (statfs(dir, &fs) != 0) {
		err_set(err, ERR_CONFIG, errno, "state.path %s: directory %s: %s", db->path, dir,
			errno == ENOENT ? "there is no such directory" : strerror(errno));
		goto out;
	}
	for (size_t i = 0; i < sizeof(network_file_systems) / sizeof(network_file_systems[0]); i++) {
		if ((unsigned)fs.f_type == network_file_systems[i].magic) {
			err_set(err, ERR_REFUSED, 0,
				"%s is on a network file system (%s), where locks and fsync cannot be relied "
				"on; "
				"put state.path on a local disk",
				dir, network_file_systems[i].name);
			goto out;
		}
	}
	if ((unsigned)fs.f_type == FUSE_MAGIC)
		log_warn(db->log, "store", "%s is on a FUSE file system; make sure that it is a local disk",
			 dir);
	result = 0;
out:
	free(dir);
	return result;
}

/* Says whose lock it is, as far as the file tells. */
static int locked_by(struct database *db, struct err *err)
{
	char pid[24] = "";
	ssize_t n = pread(db->lock_fd, pid, sizeof(pid) - 1, 0);
	size_t digits = n > 0 ? strspn(pid, "0123456789") : 0;

	pid[digits] = '\0';
	return err_set(err, ERR_REFUSED, EWOULDBLOCK,
		       "%s is in use by another riverd%s%s; one state, one process", db->path,
		       digits > 0 ? ", process " : "", pid);
}

int database_lock(struct database *db, struct err *err)
{
	char *path = NULL;
	int result = -1;

	if (asprintf(&path, "%s.lock", db->path) < 0)
		return err_set(err, ERR_FATAL, ENOMEM, "open %s: out of memory", db->path);
	db->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (db->lock_fd < 0) {
		err_set(err, ERR_CONFIG, errno, "lock file %s: %s", path, strerror(errno));
	} else if (flock(db->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			locked_by(db, err);
		else
			err_set(err, ERR_RETRY, errno, "lock %s: %s", path, strerror(errno));
	} else {
		/* Only a hint for people; the lock is what counts. */
		if (ftruncate(db->lock_fd, 0) == 0)
			dprintf(db->lock_fd, "%ld\n", (long)getpid());
		result = 0;
	}
	free(path);
	return result;
}

int database_sync_directory(const char *path, struct err *err)
{
	char *dir = directory_of(path);
	int fd = dir == NULL ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : fsync(fd);

	if (rc != 0)
		err_set(err, ERR_RETRY, errno, "sync directory %s: %s", dir == NULL ? path : dir,
			strerror(errno));
	if (fd >= 0)
		close(fd);
	free(dir);
	return rc;
}

/* Creates the file ourselves, so that its mode never depends on the umask;
 * SQLite gives the WAL the mode of the database. */
int database_create_file(struct database *db, struct err *err)
{
	struct stat st;
	int fd = open(db->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc = 0;

	if (fd >= 0) {
		db->created = true;
	} else if (errno == EEXIST) {
		fd = open(db->path, O_RDWR | O_CLOEXEC);
	}
	if (fd < 0)
		return err_set(err, ERR_CONFIG, errno, "state.path %s: %s", db->path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		rc = err_set(err, ERR_CONFIG, 0, "state.path %s is not a regular file", db->path);
	} else if ((st.st_mode & 077) != 0) {
		log_notice(db->log, "store", "%s could be read by others; now it cannot", db->path);
		if (fchmod(fd, 0600) != 0)
			rc = err_set(err, ERR_CONFIG, errno, "chmod %s: %s", db->path, strerror(errno));
	}
	close(fd); /* before SQLite opens it: closing later would drop SQLite's POSIX locks */
	if (rc == 0 && db->created)
		rc = database_sync_directory(db->path, err);
	return rc;
}

static void limit_features(sqlite3 *handle)
{
	static const struct {
		int option, value;
	} switches[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},	     {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
		{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}, {SQLITE_DBCONFIG_DQS_DML, 0},
		{SQLITE_DBCONFIG_DQS_DDL, 0},
	};

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		sqlite3_db_config(handle, switches[i].option, switches[i].value, NULL);
}

static int wal_mode_is(struct database *db, const char *pragma, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(db->handle, pragma, -1, &stmt, NULL);
	bool wal;

	if (rc != SQLITE_OK)
		return database_error(db, "set WAL mode", err);
	rc = sqlite3_step(stmt);
	wal = rc == SQLITE_ROW && slice_is(database_column(stmt, 0), "wal");
	if (rc != SQLITE_ROW)
		database_error(db, "set WAL mode", err);
	else if (!wal)
		err_set(err, ERR_REFUSED, 0, "%s cannot be put into WAL mode here", db->path);
	sqlite3_finalize(stmt);
	return wal ? 0 : -1;
}

/* WAL is what everything else relies on: read back, not assumed. The statement
 * that sets it answers "wal" even when a write error on the way kept the old mode, and
 * there a commit may be undone by a power loss: so the file's own header has to say it. */
static int check_wal_mode(struct database *db, struct err *err)
{
	unsigned char versions[2] = {0, 0}; /* bytes 18 and 19 of the header: 2 is WAL */
	sqlite3_file *file = NULL;

	if (wal_mode_is(db, "PRAGMA journal_mode=WAL", err))
		return -1;
	sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
	if (file != NULL && file->pMethods != NULL &&
	    file->pMethods->xRead(file, versions, sizeof(versions), 18) == SQLITE_OK && versions[0] == 2 &&
	    versions[1] == 2)
		return 0;
	return err_set(err, ERR_FATAL, 0,
		       "%s could not be put into WAL mode: a write or a sync failed, see to the disk",
		       db->path);
}

#define FRAME_BYTES (24 + 4096) /* header and page in the WAL: SQLite's page size, which is ours */

/* After each commit. `pages`: in the log since it was begun anew. */
static int on_commit(void *ctx, sqlite3 *handle, const char *name, int pages)
{
	struct database *db = ctx;

	(void)handle;
	(void)name;
	db->log_bytes = pages * (int64_t)FRAME_BYTES;
	return SQLITE_OK;
}

int database_configure(struct database *db, struct err *err)
{
	/* EXCLUSIVE comes before the first access: then there is no -shm file. The cache holds
	 * what an epoch of checkpoint.max_bytes touches. */
	static const char before[] = "PRAGMA locking_mode=EXCLUSIVE;"
				     "PRAGMA mmap_size=0;"
				     "PRAGMA cell_size_check=ON;"
				     "PRAGMA temp_store=MEMORY;"
				     "PRAGMA cache_size=-8192;";
	static const char after[] = "PRAGMA synchronous=FULL;"
				    "PRAGMA secure_delete=ON;"
				    "PRAGMA wal_autocheckpoint=0;"
				    "PRAGMA journal_size_limit=67108864;";

	if (sqlite3_open_v2(db->path, &db->handle,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
				    SQLITE_OPEN_EXRESCODE,
			    NULL) != SQLITE_OK)
		return db->handle == NULL
			       ? err_set(err, ERR_FATAL, ENOMEM, "open %s: out of memory", db->path)
			       : database_error(db, "open", err);
	limit_features(db->handle);
	sqlite3_busy_timeout(db->handle, 5000);
	if (sqlite3_exec(db->handle, before, NULL, NULL, NULL) != SQLITE_OK)
		return database_error(db, "configure", err);
	if (check_wal_mode(db, err))
		return -1;
	if (sqlite3_exec(db->handle, after, NULL, NULL, NULL) != SQLITE_OK)
		return database_error(db, "configure", err);
	sqlite3_wal_hook(db->handle, on_commit, db); /* behind wal_autocheckpoint, which takes it away */
	return 0;
}

/* A riverd that runs holds it. */
static int probe_lock(struct database *db, struct err *err)
{
	char *path = NULL;
	int rc = 0;

	if (asprintf(&path, "%s.lock", db->path) < 0)
		return err_set(err, ERR_FATAL, ENOMEM, "look at %s: out of memory", db->path);
	db->lock_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (db->lock_fd < 0) {
		if (errno != ENOENT)
			rc = err_set(err, ERR_CONFIG, errno, "lock file %s: %s", path, strerror(errno));
	} else {
		if (flock(db->lock_fd, LOCK_EX | LOCK_NB) != 0)
			rc = locked_by(db, err);
		close(db->lock_fd);
	}
	free(path);
	return rc;
}

int database_probe(const char *path, struct err *err)
{
	struct database db = {.path = (char *)path, .lock_fd = -1};
	char *dir = directory_of(path);
	int rc = dir == NULL ? err_set(err, ERR_FATAL, ENOMEM, "look at %s: out of memory", path)
			     : database_check_place(&db, err);

	if (rc == 0 && access(dir, W_OK | X_OK) != 0)
		rc = err_set(err, ERR_CONFIG, errno, "%s: %s; riverd must be able to write there", dir,
			     strerror(errno));
	if (rc == 0 && access(path, F_OK) == 0 && access(path, R_OK | W_OK) != 0)
		rc = err_set(err, ERR_CONFIG, errno, "%s: %s; riverd must be able to read and write it", path,
			     strerror(errno));
	if (rc == 0)
		rc = probe_lock(&db, err);
	free(dir);
	return rc;
}
