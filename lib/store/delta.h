#ifndef RIVER_STORE_DELTA_H
#define RIVER_STORE_DELTA_H

/* What one epoch changes in the durable image: row operations, in order, as
 * bytes.
 *
 * The pipeline appends to a delta on the loop; the committer thread replays it
 * into SQLite. A delta owns all its bytes, so it can change threads, wait, or
 * be applied again after a failed COMMIT. Tables are described by the floor
 * that owns the rows (hotels/tables.h); this floor only knows columns. */

#include "base/buf.h"
#include "base/slice.h"

#include <stdint.h>

/* A durable table. `ddl` is the text between CREATE TABLE name and the end:
 * "(time INTEGER, seq INTEGER, email TEXT, PRIMARY KEY(time, seq)) WITHOUT ROWID".
 * The first `keys` of `columns` are the primary key, in order. */
struct table {
	const char *name;
	const char *ddl;
	int columns;
	int keys;
};

enum cell_type { CELL_NULL, CELL_INTEGER, CELL_REAL, CELL_TEXT, CELL_BLOB };

struct cell {
	enum cell_type type;
	union {
		int64_t i;
		double d;
		struct slice s; /* TEXT and BLOB; borrowed */
	};
};

static inline struct cell cell_int(int64_t i)
{
	return (struct cell){.type = CELL_INTEGER, .i = i};
}
static inline struct cell cell_real(double d)
{
	return (struct cell){.type = CELL_REAL, .d = d};
}
static inline struct cell cell_text(struct slice s)
{
	return (struct cell){.type = CELL_TEXT, .s = s};
}
static inline struct cell cell_blob(struct slice s)
{
	return (struct cell){.type = CELL_BLOB, .s = s};
}
static inline struct cell cell_null(void)
{
	return (struct cell){.type = CELL_NULL};
}

enum row_op {
	ROW_PUT,	  /* insert or replace: all columns */
	ROW_DELETE,	  /* by the full primary key: `keys` cells */
	ROW_DELETE_BELOW, /* every row whose first key column is < one cell: a range delete */
};

struct delta {
	struct buf bytes;
	size_t operations;
};

/* `max` bytes at most; beyond, delta_failed() (the driver closes an epoch long
 * before). */
void delta_init(struct delta *d, size_t max);
void delta_release(struct delta *d);
void delta_clear(struct delta *d);

/* `table` is the index in the array of tables given to the database. */
void delta_put(struct delta *d, int table, const struct cell *cells, int count);
void delta_delete(struct delta *d, int table, const struct cell *keys, int count);
void delta_delete_below(struct delta *d, int table, int64_t first_key);

/* Moves all operations of `from` behind those of `to`; `from` is empty then.
 * Without copying when `to` has none yet. */
void delta_take(struct delta *to, struct delta *from);

static inline bool delta_failed(const struct delta *d)
{
	return buf_failed(&d->bytes);
}
static inline size_t delta_bytes(const struct delta *d)
{
	return d->bytes.len;
}

/* Replay: cursor over the operations. Returns 1 and fills the operation, 0 at
 * the end, -1 when the bytes are damaged. Cells borrow from the delta. */
#define DELTA_MAX_CELLS 24

struct delta_operation {
	enum row_op op;
	int table;
	int count;
	struct cell cells[DELTA_MAX_CELLS];
};
int delta_next(const struct delta *d, size_t *at, struct delta_operation *out);

#endif
