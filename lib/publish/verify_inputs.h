#ifndef RIVER_PUBLISH_VERIFY_INPUTS_H
#define RIVER_PUBLISH_VERIFY_INPUTS_H

/* Are the input topics still the ones we were reading?
 *
 * At start, between resolve and assign, for each partition: below the first
 * offset kept = retention ate unread records; above the high watermark, or
 * another record where the last one was = the topic was recreated or truncated
 * (librdkafka 2.0.2 knows neither topic ids nor leader epochs). */

#include "base/err.h"
#include "base/log.h"
#include "publish/broker.h"
#include "store/checkpoint.h"

struct verify_report {
	uint64_t lost;	     /* records that retention ate, over all partitions */
	uint64_t partitions; /* checked */
	uint64_t unprobed;   /* last record not there any more (compacted): could not be compared */
};

/* Checks every position and may change next_offset:
 *   - next_offset -1 (a partition seen for the first time) becomes the first kept;
 *   - with accept_loss, one below the first kept becomes the first kept, and
 *     the loss is logged and reported. Without, it is ERR_REFUSED.
 * ERR_RETRY when Kafka does not answer, or a topic is not (yet) there that
 * nothing was read from. */
int verify_inputs(const struct broker_port *broker, struct position *positions, size_t count,
		  bool accept_loss, struct log *log, struct verify_report *report, struct err *err);

#endif
