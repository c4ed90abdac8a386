#ifndef RIVER_TEST_SIM_KAFKA_H
#define RIVER_TEST_SIM_KAFKA_H

/* A Kafka cluster as far as the protocol can feel it.
 *
 * Logs with offsets that have gaps, the transaction coordinator (epochs,
 * fencing, timeouts, markers that are written a while after the decision), the
 * group's offsets with metadata (transactional, pending until the marker),
 * the last stable offset. A request is applied when it arrives, whatever its
 * sender believes by then: an EndTxn names an epoch and no transaction, as
 * before KIP-890. */

#include "test/sim/sim.h"

#define KAFKA_PARTITIONS  4
#define KAFKA_TOPICS	  16
#define KAFKA_OFFSETS	  32
#define KAFKA_TXN_TIMEOUT 60000

struct kafka_record {
	int64_t offset, timestamp_ms;
	bool marker;
	int txn; /* -1: none, an input */
	struct slice key, value;
	bool has_key, has_value;
	char db[33], seq[24], id[33];
};

struct kafka_log {
	struct kafka_record *items;
	size_t count, cap;
	int64_t low, next; /* first kept; the next offset to be given */
};

struct kafka_topic {
	char name[80];
	int32_t partitions;
	struct kafka_log logs[KAFKA_PARTITIONS];
};

enum kafka_decision { TXN_OPEN, TXN_COMMIT, TXN_ABORT };

struct kafka_txn {
	enum kafka_decision decision;
	uint64_t touched, marked; /* bit topic * KAFKA_PARTITIONS + partition; the last one: offsets */
};

struct kafka_offset {
	char topic[80];
	int32_t partition;
	int64_t offset;
	char metadata[256];
	size_t metadata_len;
};

enum kafka_state { COORDINATOR_EMPTY, COORDINATOR_ONGOING, COORDINATOR_PREPARED };

struct sim_kafka {
	struct sim *sim;
	struct kafka_topic topics[KAFKA_TOPICS];
	int topic_count;
	struct kafka_txn *txns;
	int txn_count, txn_cap;

	/* the coordinator of our one transactional.id */
	enum kafka_state state;
	int epoch, txn;
	enum kafka_decision last; /* of the transaction before */
	struct kafka_offset pending[KAFKA_OFFSETS], committed[KAFKA_OFFSETS];
	int pending_count, committed_count;

	int64_t down_until_ms, answered_ms; /* when it was last up */
};

struct sim_kafka *kafka_new(struct sim *s);
void kafka_free(struct sim_kafka *k);

bool kafka_up(struct sim_kafka *k);
struct kafka_topic *kafka_find(struct sim_kafka *k, const char *name);
struct kafka_topic *kafka_create(struct sim_kafka *k, const char *name, int32_t partitions);
/* Appends to an input; bytes are copied. */
void kafka_append(struct sim_kafka *k, struct kafka_topic *t, int32_t partition,
		  const struct kafka_record *record, int64_t gap);

enum kafka_answer { KAFKA_OK, KAFKA_FENCED, KAFKA_BUSY, KAFKA_INVALID };
/* Fences; KAFKA_BUSY while an earlier transaction is being ended. */
enum kafka_answer kafka_init_producer(struct sim_kafka *k, int *epoch);
enum kafka_answer kafka_produce(struct sim_kafka *k, int epoch, struct kafka_topic *t, int32_t partition,
				const struct kafka_record *record, int64_t *offset);
enum kafka_answer kafka_add_offsets(struct sim_kafka *k, int epoch, const struct kafka_offset *offsets,
				    size_t count);
enum kafka_answer kafka_end_txn(struct sim_kafka *k, int epoch, bool commit);
/* Says it committed, and did so for only some of the records, without the offsets. */
void kafka_tear_txn(struct sim_kafka *k, int epoch);
/* The same, arriving later from the network. */
void kafka_end_txn_later(struct sim_kafka *k, int epoch, bool commit, int64_t delay_ms);

/* Stable: false while a transaction holds offsets that are not decided. */
bool kafka_offsets_stable(const struct sim_kafka *k);
const struct kafka_offset *kafka_committed(const struct sim_kafka *k, const char *topic, int32_t partition);
/* What a read_committed reader may read up to. */
int64_t kafka_stable_end(const struct sim_kafka *k, const struct kafka_topic *t, int32_t partition);
bool kafka_visible(const struct sim_kafka *k, const struct kafka_topic *t, int32_t partition,
		   const struct kafka_record *r);

#endif
