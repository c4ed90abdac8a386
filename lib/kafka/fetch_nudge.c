#include "kafka/fetch_nudge.h"

#define PAUSE_MS 20  /* between nudges at least */
#define BURST	 256 /* messages: a queue that never held so many was never full */

void fetch_nudge_init(struct fetch_nudge *n, struct clock clock)
{
	*n = (struct fetch_nudge){.clock = clock};
}

bool fetch_nudge_due(struct fetch_nudge *n, size_t length)
{
	int64_t now;

	if (length > n->peak)
		n->peak = length;
	if (n->peak < BURST || length >= n->peak / 2)
		return false;
	now = clock_mono_ms(&n->clock);
	/* An empty queue wakes nobody who could look again after the pause. */
	if (length > 0 && now - n->nudged_ms < PAUSE_MS)
		return false;
	n->nudged_ms = now;
	n->peak = length;
	return true;
}

void fetch_nudge_consider(struct fetch_nudge *n, rd_kafka_t *rk, rd_kafka_queue_t *queue)
{
	const struct rd_kafka_metadata *meta;

	if (fetch_nudge_due(n, rd_kafka_queue_length(queue)) &&
	    rd_kafka_metadata(rk, 0, NULL, &meta, 0) == RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_metadata_destroy(meta);
}
