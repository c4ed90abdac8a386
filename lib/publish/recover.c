/* The one recovery path: at start, and after anything that is not plainly
 * fine.
 *
 *   1. a new producer; init_transactions fences zombies and ends their
 *      transactions, delayed EndTxns included
 *   2. only then the committed metadata
 *   3. missing, unreadable or dirty: look into the output topics themselves
 *   4. somebody else's, or further than the database: refuse
 *   5. delete what is proven; the rest is sent by the next transaction
 *
 * Whatever fails on the way: nothing was sent, start over after a pause. */

#include "base/fault.h"
#include "publish/publisher_internal.h"
#include "publish/rebuild.h"
#include "store/database.h"

#include <inttypes.h>
#include <stdlib.h>

#define FACT_DIRTY "publish_dirty"
#define MAX_FOUND  10000000

struct scan {
	struct database *db;
	const char *uuid;
	uint64_t lowest, highest; /* rows that wait */
	uint64_t next_seq;	  /* of the database: nothing of ours can be at or above */
	uint64_t *found;
	size_t count, cap;
};

static int injected(struct err *err)
{
	return err_set(err, ERR_RETRY, 0, "fault injected");
}

/* ---- who are we ---- */

static int check_fact(struct publisher *p, const char *name, const char *now, struct err *err)
{
	char *stored;
	int ret;

	err_clear(err);
	stored = database_fact_get(p->db, name, err);
	if (!stored && err->class != ERR_NONE)
		return -1;
	ret = resolve_identity(name, stored, now, err);
	if (ret == 0 && !stored)
		ret = database_fact_set(p->db, name, now, err);
	free(stored);
	return ret;
}

static int check_identity(struct publisher *p, struct err *err)
{
	char *cluster = NULL;
	enum broker_verdict v = p->broker.cluster_id(p->broker.ctx, &cluster, err);
	int ret;

	if (v != BROKER_OK)
		return publisher_trouble(v, err);
	ret = check_fact(p, "cluster_id", cluster, err);
	if (ret == 0)
		ret = check_fact(p, "transactional_id", p->options.transactional_id, err);
	if (ret == 0)
		ret = check_fact(p, "group_id", p->options.group_id, err);
	free(cluster);
	return ret;
}

/* ---- the outputs themselves ---- */

/* -1 when it is not a plain number. */
static int parse_seq(struct slice s, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len == 0 || s.len > 20)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9' || n > (UINT64_MAX - 9) / 10)
			return -1;
		n = n * 10 + (uint64_t)(s.data[i] - '0');
	}
	*out = n;
	return 0;
}

struct waiting_row {
	uint64_t seq;
	struct hash_id id;
};

static int take_row(void *ctx, const struct outbox_row *row, struct err *err)
{
	struct waiting_row *out = ctx;

	(void)err;
	*out = (struct waiting_row){row->seq, row->id};
	return 0;
}

/* Two processes on copies of one database give the same number to different
 * results: then what stands there is not our row. */
static int check_same(const struct scan *scan, const struct broker_seen *seen, uint64_t seq, struct err *err)
{
	struct waiting_row row = {0};
	char id[33];

	if (outbox_each(scan->db, seq - 1, 1, SIZE_MAX, take_row, &row, err))
		return -1;
	hash_id_hex(row.id, id);
	if (row.seq != seq || seen->id.len == 0 || slice_is(seen->id, id))
		return 0;
	return err_set(err, ERR_REFUSED, 0,
		       "%s [%d] at %" PRId64 " holds another result under our seq %" PRIu64
		       ": somebody else publishes from a copy of this database. Stop the other riverd (same "
		       "group.id and transactional.id) and go on with the database that is ahead, "
		       "or " DATABASE_START_OVER,
		       seen->topic, (int)seen->partition, seen->offset, seq);
}

static int take_seen(void *ctx, const struct broker_seen *seen, struct err *err)
{
	struct scan *scan = ctx;
	uint64_t seq, *grown;

	if (!slice_is(seen->db, scan->uuid) || parse_seq(seen->seq, &seq))
		return 0; /* not ours */
	if (seq >= scan->next_seq)
		return err_set(
			err, ERR_REFUSED, 0,
			"%s [%d] at %" PRId64 " holds our result seq %" PRIu64
			", but this database ends at seq %" PRIu64
			": it is an older copy. Put the newest database file back, or " DATABASE_REBUILD,
			seen->topic, (int)seen->partition, seen->offset, seq, scan->next_seq - 1);
	if (seq < scan->lowest || seq > scan->highest)
		return 0; /* confirmed long ago */
	if (check_same(scan, seen, seq, err))
		return -1;
	if (scan->count == scan->cap) {
		size_t cap = scan->cap ? scan->cap * 2 : 1024;

		grown = cap <= MAX_FOUND ? realloc(scan->found, cap * sizeof(*grown)) : NULL;
		if (!grown)
			return err_set(err, ERR_FATAL, 0, "scan of the outputs: out of memory");
		scan->found = grown;
		scan->cap = cap;
	}
	scan->found[scan->count++] = seq;
	return 0;
}

static int scan_topic(struct publisher *p, const char *topic, bool whole, struct scan *scan, struct err *err)
{
	int32_t partitions;
	int64_t from;
	enum broker_verdict v = p->broker.partitions(p->broker.ctx, topic, &partitions, err);

	for (int32_t i = 0; v == BROKER_OK && i < partitions; i++) {
		if (outbox_sent_get(p->db, topic, i, &from, err))
			return -1;
		v = p->broker.scan(p->broker.ctx, topic, i, from < 0 ? 0 : from + 1, whole, take_seen, scan,
				   err);
	}
	return v == BROKER_OK ? 0 : publisher_trouble(v, err);
}

/* Topics to be scanned: those of waiting rows (an output may have been
 * switched off since), and for a whole scan every output. */
struct topics {
	char **names;
	size_t count;
};

static int add_topic(struct topics *t, struct slice name, struct err *err)
{
	char **grown;

	for (size_t i = 0; i < t->count; i++) {
		if (slice_is(name, t->names[i]))
			return 0;
	}
	grown = realloc(t->names, (t->count + 1) * sizeof(char *));
	if (grown)
		t->names = grown;
	if (!grown || !(grown[t->count] = slice_dup(name)))
		return err_set(err, ERR_FATAL, 0, "scan of the outputs: out of memory");
	t->count++;
	return 0;
}

static int take_topic(void *ctx, const struct outbox_row *row, struct err *err)
{
	return add_topic(ctx, row->topic, err);
}

static int collect_topics(struct publisher *p, bool whole, struct topics *t, struct err *err)
{
	for (size_t i = 0; whole && i < p->options.output_count; i++) {
		if (add_topic(t, slice_str(p->options.outputs[i]), err))
			return -1;
	}
	return outbox_each(p->db, 0, SIZE_MAX, SIZE_MAX, take_topic, t, err);
}

static void topics_release(struct topics *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->names[i]);
	free(t->names);
}

/* Which of the waiting rows are already there? */
static int scan_outputs(struct publisher *p, uint64_t next_seq, bool whole, struct err *err)
{
	struct scan scan = {.db = p->db, .uuid = database_uuid(p->db), .next_seq = next_seq};
	struct topics topics = {NULL, 0};
	uint64_t waiting;
	int ret = outbox_waiting(p->db, &waiting, &scan.lowest, &scan.highest, err);

	if (ret || (waiting == 0 && !whole))
		return ret;
	ret = collect_topics(p, whole, &topics, err);
	for (size_t i = 0; i < topics.count && ret == 0; i++)
		ret = scan_topic(p, topics.names[i], whole, &scan, err);
	if (ret == 0 && scan.count) {
		log_warn(p->options.log, "publish", "%zu results that wait were found in the output topics",
			 scan.count);
		ret = outbox_confirm_each(p->db, scan.found, scan.count, err);
	}
	topics_release(&topics);
	free(scan.found);
	return ret;
}

/* A new database: nothing of ours can be in front of the present end, so no
 * scan ever needs to begin before it. */
static int remember_ends(struct publisher *p, struct err *err)
{
	for (size_t i = 0; i < p->options.output_count; i++) {
		const char *topic = p->options.outputs[i];
		int32_t partitions;
		int64_t low, high, known;
		enum broker_verdict v = p->broker.partitions(p->broker.ctx, topic, &partitions, err);

		for (int32_t k = 0; v == BROKER_OK && k < partitions; k++) {
			if (outbox_sent_get(p->db, topic, k, &known, err))
				return -1;
			if (known >= 0)
				continue;
			v = p->broker.watermarks(p->broker.ctx, topic, k, &low, &high, err);
			if (v == BROKER_OK && high > 0 && outbox_sent_set(p->db, topic, k, high - 1, err))
				return -1;
		}
		if (v != BROKER_OK)
			return publisher_trouble(v, err);
	}
	return 0;
}

/* ---- the decision ---- */

static int act(struct publisher *p, enum resolve_answer answer, const struct metadata *held,
	       uint64_t next_seq, struct err *err)
{
	p->held = held ? (struct publish_mark){held->epoch, held->seq} : (struct publish_mark){0, 0};
	p->offsets_wanted = answer == RESOLVE_SCAN;
	if (answer == RESOLVE_FRESH) {
		/* An empty database may be an old copy of one that has published, and the
		 * group's offsets may have expired: the outputs themselves would know. */
		if (!database_created(p->db) && scan_outputs(p, next_seq, true, err))
			return -1;
		return remember_ends(p, err);
	}
	if (answer == RESOLVE_SCAN)
		log_warn(p->options.log, "publish",
			 "%s: looking into the output topics for what was published",
			 held ? "an outcome was indefinite" : "the group has no committed offsets of ours");
	/* First: it also tells whether the rows that the metadata confirms are ours. At a start the
	 * outputs are asked in any case: the metadata of a torn transaction would not show that this
	 * is an older copy of the database. What was sent is known, so there is little to read. Who only
	 * rested finds in the metadata that nobody has published since, and a scan may take a second. */
	if (!(p->rested && answer == RESOLVE_CONFIRM) &&
	    scan_outputs(p, next_seq, answer == RESOLVE_SCAN || !p->running, err))
		return -1;
	if (held && held->seq > 0) {
		if (outbox_confirm(p->db, held->seq, err))
			return -1;
		if (held->seq > p->acked_seq)
			p->acked_seq = held->seq;
	}
	return 0;
}

/* Whose place the database takes, if it is a rebuilt one. With --rebuild a new
 * one is: then the plan is made here, before anything of ours is written. */
static int find_replaced(struct publisher *p, const struct publish_position *positions,
			 const struct resolve_partition *partitions, size_t count, char **out,
			 struct err *err)
{
	if (p->options.rebuild && database_virgin(p->db) &&
	    rebuild_begin(p->db, positions, partitions, count, err))
		return -1;
	err_clear(err);
	*out = rebuild_replaced(p->db, err);
	return *out == NULL && err->class != ERR_NONE ? -1 : 0;
}

static int decide(struct publisher *p, const struct publish_position *positions,
		  const struct resolve_partition *partitions, size_t count, struct err *err)
{
	struct checkpoint_state state;
	struct resolve_input in = {.uuid = database_uuid(p->db),
				   .virgin = database_virgin(p->db),
				   .dirty = p->dirty,
				   .partitions = partitions,
				   .partition_count = count,
				   .running = p->running,
				   .published_epoch = p->held.epoch,
				   .published_seq = p->held.seq,
				   .attempt_epoch = p->attempt.epoch,
				   .attempt_seq = p->attempt.seq,
				   .shown_epoch = p->shown.epoch,
				   .shown_seq = p->shown.seq};
	const struct metadata *held;
	enum resolve_answer answer;
	char *replaced, *lives = NULL;
	int ret = -1;

	if (find_replaced(p, positions, partitions, count, &replaced, err))
		return -1;
	in.replaced = replaced;
	in.lives = lives = life_known(p->db, err);
	if (lives == NULL && err->class != ERR_NONE)
		goto out;
	if (checkpoint_load(p->db, &state, err))
		goto out;
	checkpoint_positions_free(state.positions, state.position_count);
	in.epoch = state.epoch;
	in.next_seq = state.next_seq;
	in.acked_seq = p->acked_seq = state.acked_seq;
	answer = resolve_decide(&in, &held, err);
	if (answer == RESOLVE_REFUSE)
		goto out;
	ret = act(p, answer, held, state.next_seq, err);
	if (ret == 0)
		ret = settled_take(p, positions, partitions, count, err);
	p->settled_seq = state.next_seq - 1;
	if (ret == 0)
		ret = life_keep(&p->life, p->db, held, lives, err);
out:
	free(lives);
	free(replaced);
	return ret;
}

static int read_dirty(struct publisher *p, struct err *err)
{
	char *fact;

	err_clear(err);
	fact = database_fact_get(p->db, FACT_DIRTY, err);
	if (!fact && err->class != ERR_NONE)
		return -1;
	p->dirty = p->dirty || (fact && strcmp(fact, "1") == 0);
	free(fact);
	return 0;
}

/* Written before anything else happens, so that a crash does not forget it. */
int publisher_mark_dirty(struct publisher *p, bool dirty, struct err *err)
{
	if (p->options.evidence == EVIDENCE_COMMIT)
		return 0;
	if (database_fact_set(p->db, FACT_DIRTY, dirty ? "1" : "0", err))
		return -1;
	p->dirty = dirty;
	return 0;
}

static int recover(struct publisher *p, const struct publish_position *positions, size_t count,
		   struct err *err)
{
	struct resolve_partition *partitions;
	enum broker_verdict v;
	int ret;

	/* Before anything is counted or sent again. */
	if (outbox_confirm_now(p->db, err) || read_dirty(p, err))
		return -1;
	(void)fault_point("resolve.before_open");
	v = p->broker.open(p->broker.ctx, err);
	if (v != BROKER_OK)
		return publisher_trouble(v, err);
	if (fault_point("resolve.after_open"))
		return injected(err);
	if (check_identity(p, err))
		return -1;
	p->settled_seq = 0;
	if (p->options.evidence == EVIDENCE_COMMIT)
		return 0;
	v = evidence_read(p, positions, count, &partitions, err);
	if (v != BROKER_OK)
		return publisher_trouble(v, err);
	ret = fault_point("resolve.after_committed") ? injected(err)
						     : decide(p, positions, partitions, count, err);
	free(partitions);
	if (ret == 0 && fault_point("resolve.after_scan"))
		ret = injected(err);
	if (ret == 0 && p->dirty)
		ret = publisher_mark_dirty(p, false, err);
	return ret;
}

int publisher_resolve(struct publisher *p, const struct publish_position *positions, size_t count,
		      struct err *err)
{
	struct err local;

	if (!err)
		err = &local;
	if (p->state == PUBLISHER_REFUSED) {
		*err = p->refusal;
		return -1;
	}
	if (p->state == PUBLISHER_RESTING) {
		publisher_move(p, PUBLISHER_UNRESOLVED);
		p->rested = true;
	} else if (p->state != PUBLISHER_UNRESOLVED) {
		return 0;
	}
	p->view.resolves += !p->rested; /* nothing is in doubt */
	if (recover(p, positions, count, err)) {
		p->broker.close(p->broker.ctx);
		if (err->class == ERR_REFUSED) {
			p->refusal = *err;
			publisher_move(p, PUBLISHER_REFUSED);
		}
		return -1;
	}
	(void)fault_point("resolve.after_recover");
	evidence_forget_delivered(p);
	p->running = true;
	p->rested = false;
	p->attempt = (struct publish_mark){0, 0};
	p->unwitnessed = false;
	p->shown = p->held;
	p->sent_seq = 0; /* what is left in the outbox is what is to be sent */
	p->used_ms = publisher_now(p);
	publisher_move(p, PUBLISHER_READY);
	return 0;
}
