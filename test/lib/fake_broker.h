#ifndef RIVER_TEST_FAKE_BROKER_H
#define RIVER_TEST_FAKE_BROKER_H

/* Kafka in memory, behind publish/broker.h, with failures by script.
 *
 * It keeps what matters to the protocol: records appended by an open
 * transaction are invisible until it commits, offsets with metadata belong to
 * the transaction, open() fences the older producer and ends its transaction.
 * One partition per output topic. */

#include "publish/broker.h"

#include <stdbool.h>
#include <stddef.h>

enum fake_call {
	FAKE_OPEN,
	FAKE_BEGIN,
	FAKE_PRODUCE,
	FAKE_FLUSH,
	FAKE_SEND_OFFSETS,
	FAKE_COMMIT,
	FAKE_ABORT,
	FAKE_COMMITTED,
	FAKE_SCAN,
	FAKE_CALLS
};

struct fake_record {
	char topic[64], db[40], seq[24], id[40], value[64];
	bool committed, aborted;
};

struct fake_offset {
	char topic[64], metadata[256];
	int32_t partition;
	int64_t offset;
	bool committed;
};

#define FAKE_RECORDS 4096
#define FAKE_OFFSETS 64
#define FAKE_TRACE   4096

struct fake_broker {
	const char *cluster_id;
	struct fake_record records[FAKE_RECORDS];
	size_t record_count;
	struct fake_offset offsets[FAKE_OFFSETS], pending[FAKE_OFFSETS];
	size_t offset_count, pending_count;
	bool producer, open;
	size_t txn_start;
	bool delayed_commit; /* a commit that nobody has seen yet: happens at the next open() */

	/* the script: the n-th call from now (1: the next) gets this verdict; 0: none */
	struct {
		int countdown;
		enum broker_verdict verdict;
		bool applied; /* it took effect all the same (commit) */
		bool delayed; /* it takes effect when the next producer opens */
		int torn;     /* only so many records take effect, and no offsets; negative: the last ones */
	} script[FAKE_CALLS];
	int torn_unnoticed; /* the next commit succeeds, but only so many records (negative: the last) are
			       there */
	bool hidden;	    /* somebody's open transaction hides the output topic */
	int calls[FAKE_CALLS];
	char trace[FAKE_TRACE];	       /* one letter a call: o b p f s c a m x */
	int64_t input_low, input_high; /* for verify_inputs: any input topic starting with "in" */
	struct broker_probe input_last;
	int32_t input_partitions;
};

void fake_broker_init(struct fake_broker *f);
struct broker_port fake_broker_port(struct fake_broker *f);
void fake_broker_fail(struct fake_broker *f, enum fake_call call, int nth, enum broker_verdict verdict);

/* How often a read_committed reader sees this seq. */
int fake_broker_visible(const struct fake_broker *f, const char *seq);
size_t fake_broker_visible_count(const struct fake_broker *f);
/* The committed metadata of a partition; "" when there is none. */
const char *fake_broker_metadata(const struct fake_broker *f, const char *topic, int32_t partition);
/* As if an operator, or another program, had done it. */
void fake_broker_set_offset(struct fake_broker *f, const char *topic, int32_t partition, int64_t offset,
			    const char *metadata);
void fake_broker_forget_offsets(struct fake_broker *f);

#endif
