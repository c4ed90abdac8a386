#ifndef RIVER_KAFKA_FETCH_NUDGE_H
#define RIVER_KAFKA_FETCH_NUDGE_H

/* Keeps librdkafka fetching while its queue is being emptied.
 *
 * When the queue is full, a broker's thread fetches no more and goes to sleep;
 * up to 2.2 nothing wakes it when there is room again, and it looks by itself
 * only a second later (from then on fetch.queue.backoff.ms says when). Reading a
 * backlog, we would wait for it most of the time, unless the queue held more
 * than a second's worth of records: hundreds of megabytes.
 *
 * Any request wakes the thread. So when the queue is half empty we ask for the
 * metadata that is known anyway, and do not wait for the answer; at the latest
 * when it is empty.
 *
 * Thread: the loop's. */

#include "base/clock.h"

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

struct fetch_nudge {
	struct clock clock;
	size_t peak; /* messages: the most since the last nudge */
	int64_t nudged_ms;
};

void fetch_nudge_init(struct fetch_nudge *n, struct clock clock);

/* Whether it is time to, with so many messages in the queue; then it counts as done. */
bool fetch_nudge_due(struct fetch_nudge *n, size_t length);

/* After each poll. */
void fetch_nudge_consider(struct fetch_nudge *n, rd_kafka_t *rk, rd_kafka_queue_t *queue);

#endif
