#ifndef RIVER_PUBLISH_PUBLISHER_H
#define RIVER_PUBLISH_PUBLISHER_H

/* Exactly once: from the outbox into Kafka.
 *
 * SQLite is the truth about what was computed, the output topics about what
 * was published. They never commit together, so it must always be possible to tell how
 * far the other is. Happy path of one transaction:
 *
 *   begin, rows (at most 10,000 or 16 MiB), flush and all acknowledged,
 *   offsets of ALL input partitions with metadata {uuid, epoch, seq}, commit.
 *
 * Rows first, offsets last: a torn transaction can then only be noticed, never
 * lose. Rows are deleted on evidence: the metadata read back, before the next
 * transaction writes over it. They go with the commit of the next epoch, or in the
 * next step when there is none.
 *
 * When anything is not plainly fine the producer is given up and the state is
 * UNRESOLVED: resolve() (see publish/resolve.h) finds out by evidence what was
 * published, before anything else is sent.
 *
 *              resolve            begin           offsets sent
 *  UNRESOLVED ────────► READY ───────────► OPEN ─────────────► SENT
 *      ▲                  ▲                  │                   │
 *      └──────────────────┼── any trouble ───┴───────────────────┤
 *      │                  └───────────────── committed ──────────┘
 *      ├──► REFUSED (for good)
 *      └─── RESTING ◄── READY, by publisher_rest()
 *
 * All calls block; they belong to the committer's thread, which also has the
 * database. The database must not be inside a transaction. */

#include "base/clock.h"
#include "base/log.h"
#include "publish/broker.h"
#include "store/checkpoint.h"

struct publisher;

/* What counts as proof that rows are published. */
enum publish_evidence {
	EVIDENCE_OFFSETS, /* committed offsets' metadata; the only one for production */
	EVIDENCE_COMMIT,  /* the commit's success: for brokers that discard transactional
			   * offsets (librdkafka's mock cluster in the demo) */
};

/* Where an input partition stands as of an epoch. Borrowed. */
struct publish_position {
	const char *topic;
	int32_t partition;
	int64_t consumed;     /* first offset not yet consumed; what lag is measured from */
	int64_t replay_from;  /* first offset that is not settled: in front of it everything is emitted or
			       * dropped. -1: same as consumed */
	int64_t watermark_ms; /* event time before which everything is settled; any int64 */
};

struct publisher_options {
	const char *transactional_id, *group_id; /* facts of the database */
	const char *const *outputs;		 /* every topic we write to, for the scan */
	size_t output_count;
	enum publish_evidence evidence;
	bool rebuild;	      /* a new database takes the place of the one whose metadata Kafka holds */
	size_t max_rows;      /* per transaction; 0 means 10,000 */
	size_t max_bytes;     /* per transaction; 0 means 16 MiB */
	int64_t offsets_ms;   /* send moved offsets without rows this often; 0 means 30,000 */
	int64_t heartbeat_ms; /* send unmoved offsets this often; 0 means 600,000 */
	int64_t quiet_ms;     /* so long without a transaction before publisher_rest() does; 0 means 60,000 */
	struct clock clock;
	struct log *log;
};

enum publisher_state {
	PUBLISHER_UNRESOLVED,
	PUBLISHER_READY,
	PUBLISHER_OPEN,
	PUBLISHER_SENT,
	PUBLISHER_REFUSED,
	PUBLISHER_RESTING,
	PUBLISHER_STATES
};

/* Options' strings are borrowed for life. NULL when out of memory. */
struct publisher *publisher_new(struct database *db, const struct broker_port *broker,
				const struct publisher_options *options, struct err *err);
/* Closes the producer (bounded). Unconfirmed rows stay in the outbox. */
void publisher_free(struct publisher *p);

/* The whole work after an epoch was committed to SQLite, and on a timer when
 * none was: resolve when needed, publish everything that waits, read evidence
 * when due. `epoch` and the positions are those of the last committed epoch, all input
 * partitions, in any order.
 *
 * Returns 0, or -1 with class:
 *   ERR_RETRY    call again after a pause (1 s doubling to 60 s); not ready meanwhile
 *   ERR_CONFIG   the same, but only the operator can help: pause 30 s, say it loudly
 *   ERR_REFUSED  end with exit 3; the sentence says what to do
 *   ERR_FATAL    end with exit 1 (the database failed) */
int publisher_step(struct publisher *p, uint64_t epoch, const struct publish_position *positions,
		   size_t count, struct err *err);

/* Only the first part: the recovery path. At start, before inputs are
 * verified and assigned. Harmless when nothing is unresolved. Same errors. */
int publisher_resolve(struct publisher *p, const struct publish_position *positions, size_t count,
		      struct err *err);

/* Reads the evidence if it is not read yet, and deletes what it proves: before a clean stop. */
int publisher_confirm(struct publisher *p, const struct publish_position *positions, size_t count,
		      struct err *err);

/* Gives the producer up when nothing was sent for a while: it is a connection to
 * every broker and four threads that look around every second. The next step with
 * something to send opens a new one, and finds out by resolve() whether
 * somebody else has published meanwhile. Kafka's troubles are no error here:
 * the producer stays a little longer. */
int publisher_rest(struct publisher *p, const struct publish_position *positions, size_t count,
		   struct err *err);

/* What the last transaction that left no row behind said of a partition; after
 * publisher_resolve also what an earlier process said. 0 and INT64_MIN when
 * nothing is known. */
void publisher_settled(const struct publisher *p, const char *topic, int32_t partition, int64_t *replay_from,
		       int64_t *watermark_ms);

/* For status and metrics. */
struct publisher_view {
	int state; /* enum publisher_state */
	uint64_t published_seq, acked_seq;
	uint64_t transactions, records, aborts, resolves, indefinite, fenced;
	int64_t last_commit_mono_ms; /* -1: none yet */
	int64_t last_commit_took_ms;
};
void publisher_view(const struct publisher *p, struct publisher_view *out);
const char *publisher_state_name(int state);

#endif
