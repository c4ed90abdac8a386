#ifndef RIVER_TEST_IMAGE_H
#define RIVER_TEST_IMAGE_H

/* The durable image in memory: what SQLite would hold after each checkpoint.
 *
 * A table is an array of rows in primary key order, compared as SQLite does
 * (NULL, then numbers, then text, then blobs; bytes by memcmp). Malformed
 * deltas, rows of a wrong width and keys of a wrong width abort: they are bugs
 * of the pipeline. */

#include "hotels/pipeline.h"

struct image_row {
	struct cell *cells; /* owned, their bytes as well */
	char *bytes;
};

struct image_table {
	struct image_row *rows;
	size_t count, cap;
};

struct image {
	const struct table *tables; /* borrowed */
	int table_count;
	struct image_table *data;
	size_t operations; /* replayed so far */
};

void image_init(struct image *im, const struct table *tables, int table_count);
void image_release(struct image *im);

/* Replays every operation in order. */
void image_apply(struct image *im, const struct delta *delta);

/* Takes a checkpoint of the pipeline into the image. */
void image_checkpoint(struct image *im, struct pipeline *p);

/* Gives every row to the new pipeline, table by table, in primary key order,
 * then tells it that this was all. 0, or -1 with err filled. */
int image_restore(const struct image *im, struct pipeline *p, struct err *err);

/* Index of the table of that name, -1 when there is none. */
int image_find(const struct image *im, struct slice name);

#endif
