#ifndef RIVER_KAFKA_SINK_H
#define RIVER_KAFKA_SINK_H

/* Output topics: the transactional producer behind publish/broker.h.
 *
 * Three clients: the producer (replaced at each open), a reader that knows the
 * group's committed offsets and scans outputs (read_committed), and an admin for
 * metadata and watermarks. Time limits, each a sum over resumed calls:
 *
 *   init_transactions 60 s, flush 60 s (messages fail after 45 s by themselves),
 *   send_offsets 30 s, commit 30 s, abort 30 s, committed 30 s, close 10 s.
 *
 * librdkafka's commit_transaction(-1) has no limit at all (measured), so it is
 * called with 2 s and resumed while the error is retriable. A commit that
 * succeeds is still called indefinite when a request of the transaction was
 * sent and never answered (see kafka/request_watch.h).
 *
 * Thread: the committer's, except sink_cancel(). */

#include "kafka/admin.h"
#include "publish/broker.h"

struct sink;

struct sink_options {
	struct kafka_settings settings;	       /* kafka.* and kafka.producer.* */
	struct kafka_settings reader_settings; /* kafka.* only: reader and admin */
	const char *group;
	const char *transactional_id;
	struct log *log;
};

/* No network yet. NULL with ERR_CONFIG or ERR_FATAL. Settings must outlive the
 * sink: each open uses them. */
struct sink *sink_new(const struct sink_options *options, struct err *err);
void sink_free(struct sink *s);

/* The sink's own client for metadata and topics: for others on the committer's
 * thread, since each client is a connection and three or four threads. */
struct admin *sink_admin(struct sink *s);

/* Closes the reader and the admin client when they were not needed for so long;
 * each is opened again when it is. The producer is the publisher's to close. NULL is fine. */
void sink_rest(struct sink *s, int64_t quiet_ms);

/* The port; ctx is the sink. */
struct broker_port sink_port(struct sink *s);

/* From any thread: calls under way and later ones give up soon with RETRY (a
 * commit: INDEFINITE), so that the daemon can stop while Kafka is away. */
void sink_cancel(struct sink *s);

#endif
