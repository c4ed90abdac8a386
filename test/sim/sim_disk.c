/* SQLite's VFS on the simulated disk. */

#include "test/sim/sim_disk.h"

#include "test/sim/sim.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512

struct vfs_file {
	sqlite3_file base;
	struct disk_file *file;
	struct node *node;
};

/* ---- bytes ---- */

static void resize(struct disk_bytes *b, size_t size)
{
	if (size > b->cap) {
		size_t cap = b->cap ? b->cap : 4096;

		while (cap < size)
			cap *= 2;
		b->data = realloc(b->data, cap);
		if (!b->data)
			abort();
		b->cap = cap;
	}
	if (size > b->size)
		memset(b->data + b->size, 0, size - b->size);
	b->size = size;
}

static void put(struct disk_bytes *b, size_t at, const void *data, size_t len)
{
	if (at + len > b->size)
		resize(b, at + len);
	memcpy(b->data + at, data, len);
}

static void assign(struct disk_bytes *to, const struct disk_bytes *from)
{
	to->size = 0;
	resize(to, from->size);
	if (from->size)
		memcpy(to->data, from->data, from->size);
}

static void note(struct disk_file *f, size_t at, const void *data, size_t len)
{
	struct disk_write w = {at, len, NULL};

	if (f->write_count == f->write_cap) {
		f->write_cap = f->write_cap ? f->write_cap * 2 : 64;
		f->writes = realloc(f->writes, f->write_cap * sizeof(*f->writes));
		if (!f->writes)
			abort();
	}
	if (data) {
		w.data = malloc(len + 1);
		if (!w.data)
			abort();
		memcpy(w.data, data, len);
	}
	f->writes[f->write_count++] = w;
}

static void forget_writes(struct disk_file *f)
{
	for (size_t i = 0; i < f->write_count; i++)
		free(f->writes[i].data);
	f->write_count = 0;
}

static void apply(struct disk_bytes *to, const struct disk_write *w)
{
	if (w->data)
		put(to, w->at, w->data, w->len);
	else if (w->at < to->size)
		to->size = w->at;
}

/* ---- the disk as a whole ---- */

void disk_release(struct disk *d)
{
	for (int i = 0; i < DISK_FILES; i++) {
		struct disk_file *f = &d->files[i];

		forget_writes(f);
		free(f->writes);
		free(f->now.data);
		free(f->durable.data);
	}
	memset(d, 0, sizeof(*d));
}

void disk_copy(struct disk *to, const struct disk *from, const char *from_path, const char *to_path)
{
	size_t prefix = strlen(from_path);

	disk_release(to);
	for (int i = 0; i < DISK_FILES; i++) {
		const struct disk_file *f = &from->files[i];
		struct disk_file *t = &to->files[i];

		if (!f->there)
			continue;
		snprintf(t->name, sizeof(t->name), "%s%s", to_path, f->name + prefix);
		t->there = t->there_durable = true;
		assign(&t->now, &f->now);
		assign(&t->durable, &f->now);
	}
}

/* Sectors of 512 bytes are whole; which of a write's arrive is anyone's guess. */
static void tear(struct sim *s, struct disk_bytes *to, const struct disk_write *w)
{
	for (size_t done = 0; done < w->len;) {
		size_t piece = SECTOR - (w->at + done) % SECTOR;

		if (piece > w->len - done)
			piece = w->len - done;
		if (sim_chance(s, 500))
			put(to, w->at + done, w->data + done, piece);
		done += piece;
	}
}

static void lose_power(struct sim *s, struct disk_file *f, unsigned keep)
{
	if (!f->there_durable && sim_chance(s, 500))
		f->there = false; /* the directory entry was never synced */
	else if (f->there_durable && !f->there && sim_chance(s, 500))
		f->there = true; /* nor was its removal */
	/* Made anew under the name of one whose removal was never synced: either
	 * the old one is back, whole, or the new one is there. */
	if (f->anew && sim_chance(s, 500))
		forget_writes(f);
	else if (f->anew)
		f->durable.size = 0;
	f->anew = false;
	for (size_t i = 0; i < f->write_count; i++) {
		if (sim_chance(s, keep))
			apply(&f->durable, &f->writes[i]);
		else if (f->writes[i].data && sim_chance(s, 500))
			tear(s, &f->durable, &f->writes[i]);
	}
	forget_writes(f);
	if (!f->there)
		f->durable.size = 0;
	f->there_durable = f->there;
	assign(&f->now, &f->durable);
}

void disk_power_loss(struct disk *d)
{
	static const unsigned keeps[] = {0, 500, 900, 1000};
	struct sim *s = sim_current();
	unsigned keep = keeps[sim_between(s, 0, 3)];

	for (int i = 0; i < DISK_FILES; i++) {
		if (d->files[i].name[0])
			lose_power(s, &d->files[i], keep);
	}
}

/* ---- a file ---- */

static struct disk_file *find(struct disk *d, const char *name, bool create)
{
	struct disk_file *spare = NULL;

	for (int i = 0; i < DISK_FILES; i++) {
		if (strcmp(d->files[i].name, name) == 0)
			return &d->files[i];
		if (!spare && !d->files[i].name[0])
			spare = &d->files[i];
	}
	if (!create)
		return NULL;
	if (!spare)
		abort();
	snprintf(spare->name, sizeof(spare->name), "%s", name);
	return spare;
}

static int file_close(sqlite3_file *file)
{
	(void)file;
	return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *to, int amount, sqlite3_int64 at)
{
	const struct disk_bytes *b = &((struct vfs_file *)file)->file->now;
	size_t have = (size_t)at < b->size ? b->size - (size_t)at : 0;

	if (have > (size_t)amount)
		have = (size_t)amount;
	if (have)
		memcpy(to, b->data + at, have);
	memset((char *)to + have, 0, (size_t)amount - have);
	return have == (size_t)amount ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

/* The kernel says so only once: the next sync succeeds, but what was to be
 * written then is not, not all of it. The file may still look whole, until its pages are
 * needed for something else. */
static void fail_sync(struct sim *s, struct disk_file *f)
{
	bool looks_whole = sim_chance(s, 500);

	for (size_t i = 0; i < f->write_count; i++) {
		if (sim_chance(s, 300))
			apply(&f->durable, &f->writes[i]);
	}
	forget_writes(f);
	if (!looks_whole)
		assign(&f->now, &f->durable);
}

/* What is on the disk is unknown then, and no later sync can tell. */
static bool may_write(struct vfs_file *v)
{
	if (v->node->sync_failed)
		sim_broken(sim_current(), "process %c goes on writing to %s after a failed fsync",
			   "AB"[v->node->number], v -> file -> name);
	return !v->node->dead;
}

static int file_write(sqlite3_file *file, const void *from, int amount, sqlite3_int64 at)
{
	struct vfs_file *v = (struct vfs_file *)file;
	struct sim *s = sim_current();

	if (!may_write(v))
		return SQLITE_IOERR_WRITE;
	if (sim_chance(s, 30))
		sim_sleep(1);
	if (v->node->dead)
		return SQLITE_IOERR_WRITE;
	if (v->node->disk.full && (size_t)at + (size_t)amount > v->file->now.size)
		return SQLITE_FULL;
	if (!s->calm && sim_chance(s, s->faults.write_error)) {
		sim_trace(s, "disk: write error on %s", v->file->name);
		return SQLITE_IOERR_WRITE;
	}
	put(&v->file->now, (size_t)at, from, (size_t)amount);
	note(v->file, (size_t)at, from, (size_t)amount);
	return SQLITE_OK;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct vfs_file *v = (struct vfs_file *)file;

	if (!may_write(v))
		return SQLITE_IOERR_TRUNCATE;
	resize(&v->file->now, (size_t)size);
	note(v->file, (size_t)size, NULL, 0);
	return SQLITE_OK;
}

/* The first sync of a new file includes its directory, as SQLite's does. */
static void sync_directory(struct disk *d)
{
	for (int i = 0; i < DISK_FILES; i++) {
		struct disk_file *f = &d->files[i];

		f->there_durable = f->there;
		if (f->there && f->anew)
			f->durable.size = 0;
		f->anew = false;
		if (!f->there) {
			forget_writes(f);
			f->durable.size = 0;
		}
	}
}

static int file_sync(sqlite3_file *file, int flags)
{
	struct vfs_file *v = (struct vfs_file *)file;
	struct sim *s = sim_current();

	(void)flags;
	sim_sleep(sim_between(s, 0, 3));
	if (v->node->dead)
		return SQLITE_IOERR_FSYNC;
	if (!s->calm && sim_chance(s, s->faults.fsync)) {
		sim_trace(s, "disk: fsync of %s fails", v->file->name);
		s->counts->fsync_errors++;
		fail_sync(s, v->file);
		v->node->sync_failed = v->node->app != NULL; /* before that the start just fails */
		return SQLITE_IOERR_FSYNC;
	}
	if (!v->file->there_durable || v->file->anew)
		sync_directory(&v->node->disk);
	for (size_t i = 0; i < v->file->write_count; i++)
		apply(&v->file->durable, &v->file->writes[i]);
	forget_writes(v->file);
	sim_sleep(sim_between(s, 0, 1));
	return v->node->dead ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	*size = (sqlite3_int64)((struct vfs_file *)file)->file->now.size;
	return SQLITE_OK;
}

static int file_lock(sqlite3_file *file, int level)
{
	(void)file, (void)level;
	return SQLITE_OK;
}

static int file_check_lock(sqlite3_file *file, int *out)
{
	(void)file;
	*out = 0;
	return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
	(void)file, (void)op, (void)arg;
	return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *file)
{
	(void)file;
	return SECTOR;
}

static int file_traits(sqlite3_file *file)
{
	(void)file;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE; /* as the real one says */
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_lock,
	.xCheckReservedLock = file_check_lock,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_traits,
};

/* ---- the file system ---- */

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
	struct vfs_file *v = (struct vfs_file *)file;
	struct sim *s = sim_current();

	(void)vfs;
	v->base.pMethods = NULL;
	if (!name || !s->node)
		return SQLITE_CANTOPEN;
	v->node = s->node;
	v->file = find(&s->node->disk, name, true);
	if (!v->file->there) {
		/* The daemon makes and syncs the main file itself. */
		bool made = (flags & SQLITE_OPEN_MAIN_DB) != 0;

		if (!made && !(flags & SQLITE_OPEN_CREATE))
			return SQLITE_CANTOPEN;
		if (s->node->dead)
			return SQLITE_CANTOPEN;
		v->file->there = true;
		v->file->anew = v->file->there_durable;
		v->file->there_durable = v->file->there_durable || made;
		v->file->now.size = 0;
		forget_writes(v->file);
	}
	if (out_flags)
		*out_flags = flags;
	v->base.pMethods = &methods;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	struct sim *s = sim_current();
	struct disk_file *f = find(&s->node->disk, name, false);

	(void)vfs;
	if (s->node->dead)
		return SQLITE_IOERR_DELETE;
	if (!f || !f->there)
		return SQLITE_IOERR_DELETE_NOENT;
	f->there = false;
	if (sync) {
		f->there_durable = false;
		forget_writes(f);
		f->durable.size = 0;
	}
	return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	struct disk_file *f = find(&sim_current()->node->disk, name, false);

	(void)vfs, (void)flags;
	*out = f && f->there;
	return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	(void)vfs;
	snprintf(out, (size_t)size, "%s", name);
	return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *out)
{
	struct sim *s = sim_current();

	(void)vfs;
	for (int i = 0; i < size; i++)
		out[i] = s ? (char)random_below(&s->entropy, 256) : 0;
	return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int micros)
{
	(void)vfs;
	return micros;
}

static int vfs_time(sqlite3_vfs *vfs, double *out)
{
	(void)vfs;
	*out = 2461000.5;
	return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *out)
{
	(void)vfs, (void)size, (void)out;
	return 0;
}

void disk_install(void)
{
	static sqlite3_vfs vfs = {
		.iVersion = 1,
		.szOsFile = sizeof(struct vfs_file),
		.mxPathname = 110,
		.zName = "sim",
		.xOpen = vfs_open,
		.xDelete = vfs_delete,
		.xAccess = vfs_access,
		.xFullPathname = vfs_full_path,
		.xRandomness = vfs_randomness,
		.xSleep = vfs_sleep,
		.xCurrentTime = vfs_time,
		.xGetLastError = vfs_last_error,
	};

	if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
		abort();
}
