#ifndef RIVER_TEST_SIM_DISK_H
#define RIVER_TEST_SIM_DISK_H

/* A disk in memory under SQLite: what was written and not synced may be lost
 * or torn when the power goes; a killed process loses nothing of it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_FILES 4

struct disk_bytes {
	uint8_t *data;
	size_t size, cap;
};

struct disk_write {
	size_t at, len;
	uint8_t *data; /* NULL: truncated to `at` */
};

struct disk_file {
	char name[120];
	bool there, there_durable;
	bool anew; /* made since, while the one before is still on the disk */
	struct disk_bytes now, durable;
	struct disk_write *writes; /* since the last sync */
	size_t write_count, write_cap;
};

struct disk {
	struct disk_file files[DISK_FILES];
	bool full;
};

/* Makes the simulated disk SQLite's default VFS. Once per process. */
void disk_install(void);

void disk_release(struct disk *d);
/* What a copy of the files would hold now, with `from` in the names made `to`. */
void disk_copy(struct disk *to, const struct disk *from, const char *from_path, const char *to_path);
/* The plug is pulled. */
void disk_power_loss(struct disk *d);

#endif
