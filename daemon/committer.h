#ifndef RIVERD_COMMITTER_H
#define RIVERD_COMMITTER_H

/* What blocks, on one thread beside the loop: SQLite commits, Kafka
 * transactions, questions to the cluster.
 *
 * The loop hands over whole jobs and gets them back with their result; while a
 * job is there, neither side touches what the other owns. The database belongs
 * to this thread from the first job on. */

#include "async/worker.h"
#include "base/fault.h"
#include "daemon/partitions.h"
#include "daemon/settings.h"
#include "kafka/admin.h"
#include "kafka/sink.h"
#include "publish/publisher.h"
#include "publish/rebuild.h"
#include "publish/verify_inputs.h"
#include "store/outbox.h"

struct committer {
	struct worker *worker;
	struct database *db; /* borrowed */
	struct sink *sink;
	struct admin *admin; /* the sink's */
	struct publisher *publisher;
	struct broker_port port;
	struct log *log;
	struct clock clock;
	const struct settings *settings;
	const char *topics[INPUTS];
	const char *outputs[OUTPUTS + 1]; /* those that are written, dead letters last */
	size_t output_count;
	int64_t wal_limit; /* bytes; beyond, pages are moved into the file */
};

/* What the committer knows and the loop shows; a copy in every result. */
struct committer_view {
	struct publisher_view publisher;
	uint64_t outbox_rows;
	int64_t database_bytes, wal_bytes;
	int64_t disk_free, disk_total;
};

/* Creates the Kafka clients (no network yet) and the thread. Settings arrays are
 * borrowed for life. */
struct committer_options {
	struct kafka_settings consumer, producer;
	enum publish_evidence evidence;
	bool rebuild;
};
int committer_init(struct committer *c, struct loop *loop, struct database *db,
		   const struct settings *settings, const struct committer_options *options, struct log *log,
		   struct clock clock, struct err *err);
/* For a stop: the job that runs waits for nobody any more. What it could not do
 * is done after the next start. */
void committer_cancel(struct committer *c);
/* After the worker has stopped. */
void committer_release(struct committer *c);

/* ---- jobs: caller-owned, one of each at a time ---- */

/* Looks at the cluster: creates what is missing (when allowed), counts the
 * partitions of the inputs. */
struct survey_job {
	struct job job; /* first */
	struct committer *committer;
	void (*done)(struct survey_job *job);
	void *ctx;
	int32_t counts[INPUTS]; /* out */
	struct err err;		/* out; class ERR_NONE when fine */
};
int committer_survey(struct committer *c, struct survey_job *job);

/* What Kafka knows of a partition beside its position. */
struct connect_extra {
	int64_t settled_from;  /* records in front of it are settled, see publish/rebuild.h */
	int64_t rebuilt_from;  /* in a rebuild: the same, as the lost database left it */
	int64_t rebuilt_until; /* in a rebuild: the end, as of this start */
};

/* Resolves what an earlier run left, then verifies the inputs. Positions are
 * owned by the job's creator; next_offset -1 is filled with the first kept. */
struct connect_job {
	struct job job;
	struct committer *committer;
	void (*done)(struct connect_job *job);
	void *ctx;
	struct position *positions;
	struct connect_extra *extras; /* of each position; out */
	size_t count;
	bool resolve; /* false: only verify (partitions that appeared later) */
	bool accept_loss;
	struct verify_report report; /* out */
	struct rebuild rebuild;	     /* out: not active, or the plan and what the outputs hold */
	int64_t settled_ms;	     /* out: event time before which all is settled */
	struct err err;		     /* out */
};
int committer_connect(struct committer *c, struct connect_job *job);

/* Remembers facts (name, value pairs) in the database. */
struct facts_job {
	struct job job;
	struct committer *committer;
	void (*done)(struct facts_job *job);
	void *ctx;
	const char *const (*facts)[2];
	size_t count;
	struct err err; /* out */
};
int committer_facts(struct committer *c, struct facts_job *job);

/* Commits an epoch (NULL: none, only publish), then publishes what waits. */
struct epoch_job {
	struct job job;
	struct committer *committer;
	void (*done)(struct epoch_job *job);
	void *ctx;
	const struct epoch *epoch;
	const struct publish_position *positions;
	size_t position_count;
	uint64_t last_epoch;		    /* number of the last committed epoch, when epoch is NULL */
	bool publish;			    /* false: leave Kafka alone this time (it failed a moment ago) */
	bool confirm;			    /* read the evidence now: before a clean stop */
	bool rest;			    /* nothing is waited for: the producer may go */
	struct err commit_err, publish_err; /* out */
	int64_t commit_ms, publish_ms;	    /* out: how long each took */
	struct committer_view view;	    /* out */
};
int committer_epoch(struct committer *c, struct epoch_job *job);

#endif
