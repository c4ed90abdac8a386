#ifndef RIVER_KAFKA_SOURCE_INTERNAL_H
#define RIVER_KAFKA_SOURCE_INTERNAL_H

/* What source.c, source_poll.c and source_stats.c share. */

#include "kafka/fetch_nudge.h"
#include "kafka/fetch_watch.h"
#include "kafka/source.h"

struct source_topic;

struct source_part {
	struct source_topic *topic;
	int32_t number;
	bool assigned;	   /* wanted by the caller */
	bool fetching;	   /* librdkafka has it, and may go on with it as it is */
	int state;	   /* enum source_partition_state */
	int32_t leader;	   /* -1: not known yet */
	int64_t next, end; /* first not delivered; where the broker last said the end is, -1 */
	int64_t last_offset, last_timestamp_ms;
	uint32_t last_crc;
	uint64_t records, bytes, dropped;
	const rd_kafka_message_t *latest; /* in the batch at hand: fingerprinted at release */
};

struct source_topic {
	char *name;
	const rd_kafka_topic_t *handle; /* as last seen; only compared */
	rd_kafka_topic_t *expected;	/* owned; NULL: not told of beforehand */
	struct source_part *parts;	/* index: partition number */
	int32_t part_count;
	int32_t known; /* partitions the cluster has, as of the last statistics; 0: not known, or no such
			  topic */
};

struct source {
	struct kafka_client client; /* first: the library's opaque */
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	struct source_events events;
	struct source_topic **topics;
	size_t topic_count;
	struct fetch_watch watch;
	struct fetch_nudge nudge;
	uint64_t queued_messages, queued_bytes;
	int brokers_up; /* -1: not known yet */

	/* the batch at hand */
	size_t batch, taken;
	rd_kafka_message_t **raw;
	struct message *messages;
	struct message_header *headers;
	size_t header_count, header_cap;
	bool more;
};

struct source_topic *source_find_topic(const struct source *s, const char *name);
/* NULL when it is not a partition of ours. */
struct source_part *source_find_part(const struct source *s, const rd_kafka_topic_t *handle, int32_t number);

/* Leaders and queue sizes from librdkafka's statistics (JSON, STATISTICS.md). */
void source_stats(struct source *s, const char *json, size_t len);

#endif
