#include "publish/publisher.h"

#include "base/fault.h"
#include "base/states.h"
#include "publish/publisher_internal.h"

#include <stdlib.h>

#define DEFAULT_ROWS	  10000
#define DEFAULT_BYTES	  (16u << 20)
#define DEFAULT_OFFSETS	  30000
#define DEFAULT_HEARTBEAT 600000
#define DEFAULT_QUIET	  60000
/* Fenced so often without one transaction in between: it is not our own
 * timeout, two processes are taking turns. */
#define MAX_FENCED 3

static const struct state_def states[PUBLISHER_STATES] = {
	[PUBLISHER_UNRESOLVED] = {"unresolved", STATE_TO(PUBLISHER_READY) | STATE_TO(PUBLISHER_REFUSED)},
	[PUBLISHER_READY] = {"ready", STATE_TO(PUBLISHER_OPEN) | STATE_TO(PUBLISHER_UNRESOLVED) |
					      STATE_TO(PUBLISHER_RESTING)},
	[PUBLISHER_OPEN] = {"open", STATE_TO(PUBLISHER_SENT) | STATE_TO(PUBLISHER_UNRESOLVED)},
	[PUBLISHER_SENT] = {"sent", STATE_TO(PUBLISHER_READY) | STATE_TO(PUBLISHER_UNRESOLVED)},
	[PUBLISHER_REFUSED] = {"refused", 0},
	[PUBLISHER_RESTING] = {"resting", STATE_TO(PUBLISHER_UNRESOLVED)},
};

const char *publisher_state_name(int state)
{
	return state >= 0 && state < PUBLISHER_STATES ? states[state].name : "unknown";
}

int64_t publisher_now(const struct publisher *p)
{
	return clock_mono_ms(&p->options.clock);
}

void publisher_move(struct publisher *p, int state)
{
	log_debug(p->options.log, "publish", "%s -> %s", states[p->state].name, states[state].name);
	state_move(&p->state, state, states);
}

struct publisher *publisher_new(struct database *db, const struct broker_port *broker,
				const struct publisher_options *options, struct err *err)
{
	struct publisher *p = calloc(1, sizeof(*p));

	if (!p) {
		err_set(err, ERR_FATAL, 0, "publisher: out of memory");
		return NULL;
	}
	p->db = db;
	p->broker = *broker;
	p->options = *options;
	p->options.max_rows = options->max_rows ? options->max_rows : DEFAULT_ROWS;
	p->options.max_bytes = options->max_bytes ? options->max_bytes : DEFAULT_BYTES;
	p->options.offsets_ms = options->offsets_ms ? options->offsets_ms : DEFAULT_OFFSETS;
	p->options.heartbeat_ms = options->heartbeat_ms ? options->heartbeat_ms : DEFAULT_HEARTBEAT;
	p->options.quiet_ms = options->quiet_ms ? options->quiet_ms : DEFAULT_QUIET;
	p->state = PUBLISHER_UNRESOLVED;
	p->view.last_commit_mono_ms = -1;
	p->last_offsets_ms = publisher_now(p) - p->options.heartbeat_ms;
	return p;
}

void publisher_free(struct publisher *p)
{
	if (!p)
		return;
	p->broker.close(p->broker.ctx);
	evidence_forget_delivered(p);
	settled_release(p);
	free(p);
}

int publisher_trouble(enum broker_verdict verdict, struct err *err)
{
	if (verdict == BROKER_CONFIG)
		err->class = ERR_CONFIG;
	else if (err->class != ERR_FATAL && err->class != ERR_REFUSED)
		err->class = ERR_RETRY;
	return -1;
}

/* Two processes with one transactional.id fence each other for ever: one has
 * to go, and its state says so. */
static int refuse_fenced(struct publisher *p, struct err *err)
{
	err_set(err, ERR_REFUSED, 0,
		"fenced %u times in a row: another producer uses transactional.id %s. Stop the other riverd, "
		"or give "
		"this one a transactional.id of its own (with a new database)",
		p->fenced_in_a_row, p->options.transactional_id);
	p->refusal = *err;
	p->broker.close(p->broker.ctx);
	publisher_move(p, PUBLISHER_UNRESOLVED);
	publisher_move(p, PUBLISHER_REFUSED);
	return -1;
}

int publisher_give_up(struct publisher *p, enum broker_verdict verdict, bool committing, struct err *err)
{
	struct err ignored;

	log_warn(p->options.log, "publish", "transaction given up (%s): %s", broker_verdict_name(verdict),
		 err->text);
	if (verdict == BROKER_INDEFINITE)
		p->view.indefinite++;
	(void)fault_point("publish.before_dirty");
	if (committing && publisher_mark_dirty(p, true, &ignored))
		log_error(p->options.log, "publish", "%s", ignored.text);
	(void)fault_point("publish.after_dirty");
	p->fenced_in_a_row += verdict == BROKER_FENCED;
	p->view.fenced += verdict == BROKER_FENCED;
	if (p->fenced_in_a_row >= MAX_FENCED)
		return refuse_fenced(p, err);
	if (!committing && p->state != PUBLISHER_READY) {
		p->view.aborts++;
		/* A courtesy to readers of the outputs: the new producer's
		 * init_transactions would end it as well. */
		if (verdict == BROKER_ABORT || verdict == BROKER_CONFIG || verdict == BROKER_RETRY ||
		    verdict == BROKER_OK)
			p->broker.abort(p->broker.ctx, &ignored);
	}
	p->broker.close(p->broker.ctx);
	publisher_move(p, PUBLISHER_UNRESOLVED);
	return publisher_trouble(verdict, err);
}

static bool offsets_due(const struct publisher *p, const struct publish_position *positions, size_t count)
{
	int64_t quiet = publisher_now(p) - p->last_offsets_ms;

	if (count == 0)
		return false;
	if (p->offsets_wanted || quiet >= p->options.heartbeat_ms)
		return true;
	return quiet >= p->options.offsets_ms && transaction_offsets_sum(positions, count) != p->offsets_sum;
}

static int publish_all(struct publisher *p, uint64_t epoch, const struct publish_position *positions,
		       size_t count, struct err *err)
{
	size_t rows;

	do {
		if (transaction_run(p, epoch, positions, count, false, &rows, err))
			return -1;
	} while (rows > 0);
	if (offsets_due(p, positions, count))
		return transaction_run(p, epoch, positions, count, true, &rows, err);
	return 0;
}

static bool confirm_wanted(const struct publisher *p)
{
	return p->options.evidence == EVIDENCE_OFFSETS && p->held.seq > p->acked_seq;
}

/* Of what the last step published. By now, an epoch was written to disk meanwhile,
 * Kafka has finished with that transaction and answers at once. */
static int look_back(struct publisher *p, const struct publish_position *positions, size_t count,
		     struct err *err)
{
	if (p->state != PUBLISHER_READY || !confirm_wanted(p))
		return 0;
	return evidence_confirm(p, positions, count, err);
}

static int anything_to_send(struct publisher *p, uint64_t epoch, const struct publish_position *positions,
			    size_t count, bool *out, struct err *err)
{
	uint64_t rows, lowest, highest;

	if (outbox_waiting(p->db, &rows, &lowest, &highest, err))
		return -1;
	*out = epoch != 0 && (rows > 0 || offsets_due(p, positions, count));
	return 0;
}

int publisher_step(struct publisher *p, uint64_t epoch, const struct publish_position *positions,
		   size_t count, struct err *err)
{
	struct err local;
	bool wake = true;

	if (!err)
		err = &local;
	if (p->state == PUBLISHER_RESTING && anything_to_send(p, epoch, positions, count, &wake, err))
		return -1;
	if (wake && publisher_resolve(p, positions, count, err))
		return -1;
	/* What no epoch has taken along, then what the next one may. */
	if (outbox_confirm_now(p->db, err) || look_back(p, positions, count, err))
		return -1;
	if (epoch == 0 || !wake)
		return 0; /* nothing was ever computed, or nothing since */
	return publish_all(p, epoch, positions, count, err);
}

int publisher_confirm(struct publisher *p, const struct publish_position *positions, size_t count,
		      struct err *err)
{
	struct err local;

	if (!err)
		err = &local;
	if (look_back(p, positions, count, err))
		return -1;
	return outbox_confirm_now(p->db, err);
}

int publisher_rest(struct publisher *p, const struct publish_position *positions, size_t count,
		   struct err *err)
{
	struct err local;

	if (!err)
		err = &local;
	if (p->state != PUBLISHER_READY || publisher_now(p) - p->used_ms < p->options.quiet_ms)
		return 0;
	/* Without metadata of ours in Kafka, waking would mean to look through the outputs. */
	if (p->held.epoch == 0)
		return 0;
	/* Offsets without rows are not looked at until the next transaction; whoever
	 * rests has seen everything. */
	if ((confirm_wanted(p) || p->unwitnessed) && p->options.evidence == EVIDENCE_OFFSETS &&
	    evidence_confirm(p, positions, count, err))
		return err->class == ERR_RETRY || err->class == ERR_CONFIG ? 0 : -1; /* it can wait */
	p->broker.close(p->broker.ctx);
	publisher_move(p, PUBLISHER_RESTING);
	return 0;
}

void publisher_view(const struct publisher *p, struct publisher_view *out)
{
	*out = p->view;
	out->state = p->state;
	out->published_seq = p->held.seq;
	out->acked_seq = p->acked_seq;
}
