#ifndef RIVER_DAEMON_WORLD_FEED_H
#define RIVER_DAEMON_WORLD_FEED_H

/* Generated events into Kafka: registers the schemas, encodes, chooses the
 * partition and produces. Event topics have no key; their partition follows
 * from seed and index, so that a run can be repeated partition by partition.
 * Changelog records go where Java's partitioner would put their key.
 *
 * Thread: one at a time; librdkafka brings its own. */

#include "base/err.h"
#include "world/generator_encode.h"

struct world_feed_options {
	const char *brokers;	       /* bootstrap.servers */
	const char *const *properties; /* "name=value", passed to librdkafka; NULL ends */
	const char *topics[INPUTS];
	struct generator_encoding encoding; /* with schema ids, see world_feed_register */
	enum generation generation;
	uint64_t seed;
	int linger_ms; /* 0: live, one event at a time; else batches */
};

struct world_feed_counts {
	uint64_t sent[INPUTS], flawed, duplicates;
	uint64_t delivered, failed, bytes;
};

struct world_feed;

/* The topics' usual names. */
void world_feed_topics(const char *topics[INPUTS]);

/* Registers what the encoding and generation need and fills its ids. With
 * mixed generations only the newest goes to TOPIC-value, since they are not
 * compatible with each other; the others to TOPIC-value-GENERATION. */
int world_feed_register(const char *registry_url, const char *const topics[INPUTS],
			enum generation generation, struct generator_encoding *encoding, struct err *err);

/* The topics must exist (daemon/world_topics.h makes them); waits up to 15 s for their leaders. */
struct world_feed *world_feed_new(const struct world_feed_options *options, struct err *err);
void world_feed_free(struct world_feed *f);

int world_feed_partitions(const struct world_feed *f, enum input input);

/* Hands one event to the producer; waits while its queue is full. */
int world_feed_send(struct world_feed *f, const struct generated *event, struct err *err);

/* The same into a given partition, for seals. */
int world_feed_send_to(struct world_feed *f, const struct generated *event, int partition, struct err *err);

/* Serves delivery reports; waits at most timeout_ms. */
void world_feed_poll(struct world_feed *f, int timeout_ms);

/* Waits until all is delivered. ERR_RETRY when not in time or some failed. */
int world_feed_flush(struct world_feed *f, int timeout_ms, struct err *err);

const struct world_feed_counts *world_feed_counts(const struct world_feed *f);

/* Records handed over and not yet delivered. */
size_t world_feed_waiting(const struct world_feed *f);

#endif
