#ifndef RIVER_KAFKA_SINK_INTERNAL_H
#define RIVER_KAFKA_SINK_INTERNAL_H

/* What sink.c (life), sink_txn.c (transactions) and sink_read.c (committed
 * offsets, scans) share. */

#include "kafka/admin.h"
#include "kafka/request_watch.h"
#include "kafka/sink.h"

#include <stdatomic.h>

/* The last acknowledged record of a partition in the transaction at hand. */
struct sink_delivered {
	char *topic;
	int32_t partition;
	int64_t offset;
};

/* Partition counts of output topics, asked for once per producer. */
struct sink_topic {
	char *name;
	int32_t partitions;
	rd_kafka_topic_t *handle; /* keeps the producer's metadata of it */
};

struct sink {
	struct kafka_client client; /* first: the library's opaque */
	struct sink_options options;
	char *group, *transactional_id;
	rd_kafka_t *producer, *reader; /* NULL: closed, or at rest */
	int64_t read_ms;	       /* mono: when the reader was last needed */
	struct admin *admin;
	atomic_bool cancelled;
	/* No byte of it may be freed: a client did not end in time. */
	bool stuck;

	/* the producer's */
	struct request_watch watch;
	struct sink_topic *topics;
	size_t topic_count;
	struct err last_error; /* of the client; ERR_CONFIG is kept */

	/* the transaction's */
	bool in_transaction; /* begun, and neither commit nor abort was asked for */
	uint64_t produced, acknowledged, refused;
	rd_kafka_resp_err_t refused_code;
	struct sink_delivered *delivered;
	size_t delivered_count;
};

static inline bool sink_cancelled(const struct sink *s)
{
	return atomic_load(&s->cancelled);
}

/* sink.c: the reader is there from here on. 0, or -1 and err. */
int sink_reader(struct sink *s, struct err *err);

/* sink_txn.c; all as in struct broker_port */
enum broker_verdict sink_begin(void *ctx, struct err *err);
enum broker_verdict sink_produce(void *ctx, const struct broker_record *record, struct err *err);
enum broker_verdict sink_flush(void *ctx, struct err *err);
enum broker_verdict sink_send_offsets(void *ctx, const struct broker_offset *offsets, size_t count,
				      struct err *err);
enum broker_verdict sink_commit(void *ctx, struct err *err);
enum broker_verdict sink_abort(void *ctx, struct err *err);
int sink_each_delivered(void *ctx, broker_delivered_fn fn, void *fn_ctx, struct err *err);
void sink_on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque);
void sink_forget_transaction(struct sink *s);
void sink_forget_topics(struct sink *s);

/* sink_read.c */
enum broker_verdict sink_committed(void *ctx, const struct broker_partition *partitions, size_t count,
				   broker_committed_fn fn, void *fn_ctx, struct err *err);
enum broker_verdict sink_partitions(void *ctx, const char *topic, int32_t *count, struct err *err);
enum broker_verdict sink_watermarks(void *ctx, const char *topic, int32_t partition, int64_t *low,
				    int64_t *high, struct err *err);
enum broker_verdict sink_probe(void *ctx, const char *topic, int32_t partition, int64_t offset,
			       struct broker_probe *out, struct err *err);
enum broker_verdict sink_scan(void *ctx, const char *topic, int32_t partition, int64_t from, bool whole,
			      broker_seen_fn fn, void *fn_ctx, struct err *err);
enum broker_verdict sink_cluster_id(void *ctx, char **out, struct err *err);

#endif
