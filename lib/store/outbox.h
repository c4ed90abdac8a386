#ifndef RIVER_STORE_OUTBOX_H
#define RIVER_STORE_OUTBOX_H

/* The outbox: results that are durable here and perhaps not yet in Kafka.
 * Rows leave only on evidence (committed offsets metadata read back from
 * Kafka, or the headers found in the output topic). */

#include "store/checkpoint.h"

/* Rows with seq > after, ascending, at most `limit` rows or `max_bytes`. Rows
 * borrow from the statement and are valid within the callback only. */
typedef int (*outbox_fn)(void *ctx, const struct outbox_row *row, struct err *err);
int outbox_each(struct database *db, uint64_t after, size_t limit, size_t max_bytes, outbox_fn fn, void *ctx,
		struct err *err);

/* Everything up to and including seq is published: deletes the rows and
 * remembers acked_seq, in one transaction. */
int outbox_confirm(struct database *db, uint64_t seq, struct err *err);

/* The same for one who publishes all the time: what is noted here is done by the commit
 * of the next epoch, whose rows then take the pages of those that go. By itself, deleting
 * costs the disk as much again as writing did (deleted content is overwritten). Rows
 * that are noted wait no more: neither counted nor given out. A crash forgets the note, and the
 * next start finds the same evidence. `sent` is where the scan for our headers may
 * start, see outbox_sent_set. */
struct outbox_sent {
	const char *topic;
	int32_t partition;
	int64_t offset;
};
int outbox_confirm_soon(struct database *db, uint64_t seq, const struct outbox_sent *sent, size_t count,
			struct err *err);
/* Does what is noted, if anything is: when no epoch comes. A failure keeps the note. */
int outbox_confirm_now(struct database *db, struct err *err);

/* Exactly these are published (found by scanning); others stay, and so does
 * acked_seq: the committed metadata does not know of them. */
int outbox_confirm_each(struct database *db, const uint64_t *seqs, size_t count, struct err *err);

/* How many rows wait, and the lowest and highest seq (0, 0 when none). */
int outbox_waiting(struct database *db, uint64_t *count, uint64_t *lowest, uint64_t *highest,
		   struct err *err);

/* Where the scan for our headers may start: per output partition, the offset
 * of the last acknowledged record of ours (topic, partition -> offset). */
int outbox_sent_set(struct database *db, const char *topic, int32_t partition, int64_t offset,
		    struct err *err);
/* *offset is -1 when nothing was remembered. */
int outbox_sent_get(struct database *db, const char *topic, int32_t partition, int64_t *offset,
		    struct err *err);

#endif
