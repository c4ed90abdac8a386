#ifndef RIVER_KAFKA_ADMIN_H
#define RIVER_KAFKA_ADMIN_H

/* Blocking questions and small changes: partitions, offsets, topics.
 *
 * For the worker or the committer thread; one thread at a time. Each call is
 * bounded (options.timeout_ms). Trouble with the network is ERR_RETRY. */

#include "kafka/config.h"
#include "publish/broker.h"

struct admin;

/* timeout_ms per request; 0 means 10,000. The settings must outlive the client if it is ever
 * put to rest. */
struct admin *admin_new(const struct kafka_settings *settings, int timeout_ms, struct log *log,
			struct err *err);
/* Any thread: calls that wait return soon (within two seconds), with ERR_RETRY; so
 * do all later ones. For a stop. */
void admin_cancel(struct admin *a);
void admin_free(struct admin *a);

/* Closes the connections, and ends the threads, of one that was not asked for so long. The
 * next call opens them anew. */
void admin_rest(struct admin *a, int64_t quiet_ms);

/* Asks the cluster afresh. counts[i] is 0 when topics[i] does not exist. */
int admin_partitions(struct admin *a, const char *const *topics, size_t count, int32_t *counts,
		     struct err *err);

/* First offset kept, and the high watermark counting uncommitted records. */
int admin_offsets(struct admin *a, const char *topic, int32_t partition, int64_t *low, int64_t *high,
		  struct err *err);

struct admin_topic {
	const char *name;
	int32_t partitions;  /* -1: the cluster's default */
	int32_t replication; /* -1: the cluster's default (KIP-464, brokers since 2.4) */
	bool compact;	     /* cleanup.policy=compact instead of delete */
};
/* Creates what does not exist. Existing is fine. */
int admin_create_topics(struct admin *a, const struct admin_topic *topics, size_t count, struct err *err);

/* Whether the broker would create it (validate_only of KIP-4): rights, policies,
 * replication. Nothing is created. Existing is fine. */
int admin_try_topic(struct admin *a, const struct admin_topic *topic, struct err *err);

/* Owned string, or NULL with ERR_RETRY. */
char *admin_cluster_id(struct admin *a, struct err *err);

/* Timestamp and CRC-32C of the record at exactly that offset. */
int admin_probe(struct admin *a, const char *topic, int32_t partition, int64_t offset,
		struct broker_probe *out, struct err *err);

#endif
