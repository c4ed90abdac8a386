#ifndef RIVERD_HEALTH_H
#define RIVERD_HEALTH_H

/* Is riverd alive, and is it ready? Pure: facts and times in, verdict out.
 *
 * Alive (/livez) means the loop ticks. It never depends on Kafka, the model or
 * the disk, because a restart would not mend those.
 *
 * Ready (/readyz) means that records get through: the life state is running,
 * every partition with lag makes progress, the broker answered lately, epochs
 * are committed, the disk has room. A partition without lag is fine however
 * long it has been quiet. The model and the registry never make riverd
 * unready by themselves: targets wait, and it is said as a warning. */

#include "base/buf.h"

#include <stdint.h>

/* The life of the daemon; app.c moves it. */
enum life_state { LIFE_STARTING, LIFE_RUNNING, LIFE_DRAINING, LIFE_STOPPED, LIFE_STATES };
const char *life_state_name(enum life_state state);

/* All times monotonic milliseconds; HEALTH_NEVER: it did not happen. */
#define HEALTH_NEVER INT64_MIN

struct health_partition {
	const char *topic; /* borrowed */
	int32_t partition;
	int64_t position;    /* next offset to consume */
	int64_t end;	     /* high watermark, -1: not known yet */
	int64_t progress_ms; /* when the position last moved, or the partition was last seen without lag */
};

struct health_service {
	bool configured;
	int64_t failing_since_ms; /* first failure since the last success; HEALTH_NEVER: fine */
	const char *reason;	  /* short text, may be NULL; borrowed */
};

struct health_input {
	int64_t now_ms;
	enum life_state life;
	int64_t started_ms;	    /* the process */
	int64_t tick_ms;	    /* last tick of the loop */
	int64_t broker_answered_ms; /* last fetch or metadata answer */
	int64_t committed_ms;	    /* last successful commit */
	int64_t oldest_waiting_ms;  /* since when the committer has had something to do; HEALTH_NEVER: it is
				       idle */
	int64_t outbox_waiting_ms;  /* since when a durable result waits for Kafka; HEALTH_NEVER: none */
	int64_t disk_free, disk_total; /* bytes where the database is; total 0: unknown */
	const char *commit_trouble;    /* why the last commit failed; NULL or empty: it did not */
	bool rebuilding;	       /* the state of a lost database is made anew */
	int64_t unreplayable;	       /* partitions of which retention ate what a rebuild would need */
	struct health_service model, registry;
	const struct health_partition *partitions; /* borrowed */
	size_t partition_count;
};

/* health_defaults(): 60 s each, tick 10 s, disk 5 %. */
struct health_limits {
	int64_t progress_ms; /* a partition with lag must move within this */
	int64_t broker_ms;
	int64_t commit_ms;  /* an epoch must be committed within this */
	int64_t publish_ms; /* a durable result must be in Kafka within this */
	int64_t tick_ms;
	int disk_percent; /* free space below this share is a failure */
};
void health_defaults(struct health_limits *limits);

enum health_status { HEALTH_OK, HEALTH_WARN, HEALTH_FAIL };

#define HEALTH_MAX_CHECKS 24
#define HEALTH_TEXT_MAX	  256

struct health_check {
	enum health_status status;
	char text[HEALTH_TEXT_MAX]; /* "kafka ok", "partition clickstream/3 stuck: ..." */
};

struct health_verdict {
	bool live, ready;
	struct health_check checks[HEALTH_MAX_CHECKS];
	size_t count;
};

void health_judge(const struct health_input *in, const struct health_limits *limits,
		  struct health_verdict *out);

/* The body of /readyz and /livez: "ok" when it is, else the failed checks;
 * with `verbose` every check, one a line: "[+]kafka ok", "[!]model ...",
 * "[-]partition ...", and last "ready" or "not ready" (or alive). */
void health_text_ready(struct buf *out, const struct health_verdict *v, bool verbose);
void health_text_live(struct buf *out, const struct health_verdict *v, bool verbose);

#endif
