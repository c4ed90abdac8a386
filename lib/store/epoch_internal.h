#ifndef RIVER_STORE_EPOCH_INTERNAL_H
#define RIVER_STORE_EPOCH_INTERNAL_H

/* How an epoch is laid out in its buffers; for epoch.c and checkpoint.c. */

#include "store/checkpoint.h"

/* Cursors: 1 and the item, 0 at the end, -1 when the bytes are damaged. Slices
 * borrow from the buffer. */
int epoch_outbox_next(const struct buf *outbox, size_t *at, struct outbox_row *row);
int epoch_erasure_next(const struct buf *erasures, size_t *at, struct slice *subject);
int epoch_schema_next(const struct buf *schemas, size_t *at, struct slice *ref, struct slice *type,
		      struct slice *text);

#endif
