#ifndef RIVERD_EPOCHS_H
#define RIVERD_EPOCHS_H

/* Epochs: one is being filled on the loop while another is being committed.
 *
 * An epoch closes every checkpoint.interval, sooner when results wait or it
 * grows large. Closing takes the pipeline's changes, the positions and the
 * outbox rows, and hands all of it to the committer. When the committer falls
 * behind, the epoch being filled grows to its limit and then the source is not
 * polled: that is the back-pressure.
 *
 *   filling ──close──► committing ──done──► released
 *                         │  commit failed: the same epoch again, after a pause
 *                         └─ publish failed: rows are durable; publish again, after a pause */

#include "daemon/committer.h"
#include "serve/metrics.h"

struct app;

struct epochs {
	struct app *app;
	struct epoch slots[2];
	struct epoch *filling;
	struct epoch *committing; /* NULL: the committer is free */
	struct epoch_job job;
	struct publish_position *positions; /* of the job */
	size_t position_count;
	int64_t settled_ms;    /* event time before which all is settled, as of the last epoch closed */
	int64_t settled_at_ms; /* mono: when it was last looked at */
	uint64_t number;       /* of the epoch being filled */
	uint64_t filling_records;
	int64_t filled_since_ms;  /* mono: when the epoch being filled began */
	struct loop_timer *again; /* after a failure */
	bool started;		  /* inputs are assigned: there is something to commit */
	bool in_flight;		  /* the committer has `job` */
	int64_t drain_began_ms;
	bool drained;		  /* the last epoch of a clean stop is published */
	int64_t publish_after_ms; /* mono: Kafka is left alone until then */
	int64_t publish_pause_ms;
	int64_t stepped_ms; /* mono: when the committer last had a job */

	/* for health and metrics */
	uint64_t committed, failures;
	int64_t committed_mono_ms, committed_wall_ms;
	int64_t waiting_since_ms; /* mono: since when the committer has had something to do; HEALTH_NEVER */
	int64_t outbox_since_ms;  /* mono: since when rows wait for Kafka; HEALTH_NEVER */
	struct histogram commit_seconds, publish_seconds;
	struct committer_view view;
	char commit_trouble[128], publish_trouble[128]; /* empty when fine */
};

int epochs_init(struct epochs *e, struct app *app, uint64_t next_epoch, struct err *err);
void epochs_release(struct epochs *e);

/* Looks whether it is time to close the epoch or to let the committer publish;
 * called often: after each batch and on each tick. */
void epochs_consider(struct epochs *e);

/* Whether the source should wait: the epoch being filled is at its limit, or
 * too many results wait for Kafka. */
bool epochs_full(const struct epochs *e);

/* Closes and publishes everything; epochs.drained when done. */
void epochs_drain(struct epochs *e);

/* No record is unfinished and no result is on its way. */
bool epochs_quiet(const struct epochs *e);

#endif
