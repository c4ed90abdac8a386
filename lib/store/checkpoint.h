#ifndef RIVER_STORE_CHECKPOINT_H
#define RIVER_STORE_CHECKPOINT_H

/* One epoch, from the loop's hands into one SQLite transaction.
 *
 * An epoch is built on the loop, handed over whole, and committed with
 * synchronous=FULL: row changes, next input offsets, outbox rows, epoch number,
 * all or nothing. A failed commit leaves the epoch untouched, so the same
 * epoch is simply tried again (disk full) or the process ends (fsync error). */

#include "base/hash.h"
#include "store/database.h"

/* Where an input partition stands. */
struct position {
	char *topic; /* owned */
	int32_t partition;
	int64_t next_offset; /* first offset not yet consumed */
	int64_t last_offset; /* of the last record consumed, -1: none */
	int64_t last_timestamp_ms;
	uint32_t last_crc; /* CRC-32C of key and value: is it still the same log? */
};

/* A result that waits to be published. seq is ascending over the database's life. */
struct outbox_row {
	uint64_t seq;
	struct slice topic;
	int32_t partition;    /* -1: by key */
	int64_t timestamp_ms; /* record timestamp; 0: now */
	struct slice key, value;
	bool has_key;
	bool has_value;
	struct hash_id id;    /* header riverd-id */
	struct slice headers; /* more headers, encoded by outbox_headers_add */
	struct slice subject; /* whose output: e-mail bytes, so that erasure finds it; may be empty */
};

struct epoch {
	uint64_t number;
	struct delta delta;
	struct buf outbox; /* encoded rows */
	size_t outbox_rows;
	uint64_t first_seq, last_seq; /* 0 when there are none */
	struct position *positions;   /* every known input partition; owned */
	size_t position_count;
	struct buf erasures; /* length-prefixed e-mail addresses whose undelivered rows go */
	struct buf schemas;  /* registry schemas learnt in this epoch */
};

void epoch_init(struct epoch *e, uint64_t number, size_t max_bytes);
void epoch_release(struct epoch *e);
/* Empties a committed epoch to be filled again. Its buffers are kept as long
 * as they are used: pages that come fresh from the system cost more than what
 * is written to them. */
void epoch_reuse(struct epoch *e, uint64_t number);
bool epoch_empty(const struct epoch *e);
bool epoch_failed(const struct epoch *e); /* a buffer hit its maximum or memory ran out */
size_t epoch_bytes(const struct epoch *e);

/* Appends a row; bytes are copied. row->seq must ascend. */
void epoch_output(struct epoch *e, const struct outbox_row *row);
/* Drops rows of this epoch with that subject and remembers to drop older,
 * unpublished ones at commit. */
void epoch_erase(struct epoch *e, struct slice subject);
void epoch_schema(struct epoch *e, const char *ref, const char *type, struct slice text);
/* Copies the positions. Returns -1 when out of memory. */
int epoch_positions(struct epoch *e, const struct position *positions, size_t count);

/* Extra headers for outbox_row.headers: repeated (name, value) pairs. next
 * returns 1, 0 at the end, -1 when damaged. */
void outbox_headers_add(struct buf *headers, const char *name, struct slice value);
int outbox_headers_next(struct slice headers, size_t *at, struct slice *name, struct slice *value);

/* Commits the epoch. ERR_RETRY: nothing was changed, try the same epoch again
 * later (disk full, busy). ERR_FATAL: the disk cannot be trusted, exit. */
int checkpoint_commit(struct database *db, const struct epoch *e, struct err *err);

/* What the last commit left; epoch 0 and no positions when virgin. Positions
 * are owned by the caller (checkpoint_positions_free). */
struct checkpoint_state {
	uint64_t epoch;
	uint64_t next_seq;  /* first unused */
	uint64_t acked_seq; /* confirmed published, by evidence */
	struct position *positions;
	size_t position_count;
};
int checkpoint_load(struct database *db, struct checkpoint_state *out, struct err *err);
void checkpoint_positions_free(struct position *positions, size_t count);

/* Moves what the WAL holds into the file when it is more than `limit` bytes. The WAL
 * keeps its length and is written over, unless personal data was deleted: then it is
 * moved and cut whatever the limit. */
int checkpoint_wal(struct database *db, int64_t limit, struct err *err);

#endif
