#ifndef RIVER_PUBLISH_BROKER_H
#define RIVER_PUBLISH_BROKER_H

/* The port through which publishing sees Kafka: a struct of functions.
 *
 * lib/kafka/sink implements it with librdkafka; tests and the simulator
 * implement it in memory. All calls block, and come from one thread (the
 * committer's). An implementation resumes what is merely slow by itself, within
 * its own time limits, and answers with a verdict; the sentence is in err.
 *
 *   open ─ begin ─ produce* ─ flush ─ send_offsets ─ commit ─ begin ...
 *                    └──────────┴─────────┴─ abort
 *
 * This header uses base only, so that lib/kafka may include it. */

#include "base/err.h"
#include "base/slice.h"

#include <stdint.h>

/* What to do after a call. Everything but OK leaves a sentence in err. */
enum broker_verdict {
	BROKER_OK = 0,
	BROKER_RETRY,	   /* nothing happened; the same call may succeed later */
	BROKER_ABORT,	   /* the open transaction must be aborted; nothing of it was committed */
	BROKER_INDEFINITE, /* nobody knows whether it was committed: resolve */
	BROKER_FENCED,	   /* another producer with our transactional.id exists: resolve, and look who */
	BROKER_FATAL,	   /* this producer is of no more use: resolve */
	BROKER_CONFIG,	   /* not allowed, or too large: only the operator can help */
	BROKER_VERDICTS
};
const char *broker_verdict_name(enum broker_verdict v);

struct broker_header {
	struct slice name, value;
};

/* A record to be written. Borrowed for the call. */
struct broker_record {
	struct slice topic;
	int32_t partition;    /* -1: by key */
	int64_t timestamp_ms; /* 0: now */
	struct slice key, value;
	bool has_key, has_value;
	const struct broker_header *headers;
	size_t header_count;
};

struct broker_partition {
	const char *topic;
	int32_t partition;
};

/* An offset to be committed, or as committed (offset -1: none). */
struct broker_offset {
	const char *topic;
	int32_t partition;
	int64_t offset;
	struct slice metadata;
};

/* A record of an output topic, seen by a scan. Slices are empty when the
 * header is missing. */
struct broker_seen {
	const char *topic;
	int32_t partition;
	int64_t offset;
	struct slice db, seq, id; /* headers riverd-db, riverd-seq, riverd-id */
};

/* A record looked at by its offset. */
struct broker_probe {
	bool found; /* false: no record at that very offset (compacted, or a marker) */
	int64_t timestamp_ms;
	uint32_t crc; /* CRC-32C of key and value */
};

typedef int (*broker_committed_fn)(void *ctx, const struct broker_offset *offset, struct err *err);
typedef int (*broker_seen_fn)(void *ctx, const struct broker_seen *seen, struct err *err);
typedef int (*broker_delivered_fn)(void *ctx, const struct broker_offset *last, struct err *err);

struct broker_port {
	void *ctx;

	/* A new producer that fences every older one with our transactional.id and
	 * ends their transactions (KIP-98). An older one of this port is destroyed
	 * first. RETRY, CONFIG, FATAL. */
	enum broker_verdict (*open)(void *ctx, struct err *err);
	/* Destroys the producer, bounded in time. Harmless when there is none. */
	void (*close)(void *ctx);

	/* Owned string in *out. */
	enum broker_verdict (*cluster_id)(void *ctx, char **out, struct err *err);

	enum broker_verdict (*begin)(void *ctx, struct err *err);
	enum broker_verdict (*produce)(void *ctx, const struct broker_record *record, struct err *err);
	/* Waits until every record of the transaction was acknowledged. */
	enum broker_verdict (*flush)(void *ctx, struct err *err);
	enum broker_verdict (*send_offsets)(void *ctx, const struct broker_offset *offsets, size_t count,
					    struct err *err);
	/* OK only when nothing happened on the way that could make a request of
	 * this transaction arrive once more, later; INDEFINITE otherwise. */
	enum broker_verdict (*commit)(void *ctx, struct err *err);
	enum broker_verdict (*abort)(void *ctx, struct err *err);

	/* The last acknowledged offset of the last transaction, per output
	 * partition. fn's -1 ends it and is returned. */
	int (*delivered)(void *ctx, broker_delivered_fn fn, void *fn_ctx, struct err *err);

	/* What our group has committed, read stably (isolation read_committed,
	 * KIP-447). fn is called for every partition, and only when all of them could be read:
	 * any trouble is RETRY (or CONFIG), never "no offset". */
	enum broker_verdict (*committed)(void *ctx, const struct broker_partition *partitions, size_t count,
					 broker_committed_fn fn, void *fn_ctx, struct err *err);

	/* Number of partitions; 0 when there is no such topic. */
	enum broker_verdict (*partitions)(void *ctx, const char *topic, int32_t *count, struct err *err);
	/* First offset kept, and the high watermark (of all records, committed or not). */
	enum broker_verdict (*watermarks)(void *ctx, const char *topic, int32_t partition, int64_t *low,
					  int64_t *high, struct err *err);
	enum broker_verdict (*probe)(void *ctx, const char *topic, int32_t partition, int64_t offset,
				     struct broker_probe *out, struct err *err);
	/* Reads committed records from `from` (or the first kept) up to the high
	 * watermark of now. When somebody's open transaction hides the end:
	 * `whole` waits and finally says RETRY; otherwise what can be read is
	 * enough. A -1 from fn comes back as FATAL with fn's err. */
	enum broker_verdict (*scan)(void *ctx, const char *topic, int32_t partition, int64_t from, bool whole,
				    broker_seen_fn fn, void *fn_ctx, struct err *err);
};

/* Names of the headers on every output record. Values are ASCII: 32 hex
 * digits, decimal, 32 hex digits. */
#define BROKER_HEADER_DB  "riverd-db"
#define BROKER_HEADER_SEQ "riverd-seq"
#define BROKER_HEADER_ID  "riverd-id"

#endif
