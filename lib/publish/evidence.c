/* What was published, by what Kafka shows, not by what calls returned. */

#include "base/fault.h"
#include "publish/publisher_internal.h"

#include <inttypes.h>
#include <stdlib.h>

struct reading {
	const struct publish_position *positions;
	struct resolve_partition *out; /* in their order */
	size_t count, max;
};

static bool same(const struct publish_position *p, const struct broker_offset *o)
{
	return p->topic != NULL && p->partition == o->partition && strcmp(p->topic, o->topic) == 0;
}

static int take_committed(void *ctx, const struct broker_offset *o, struct err *err)
{
	struct reading *r = ctx;
	struct resolve_partition *p;
	size_t at = r->count; /* nearly always */

	if (at < r->max && !same(&r->positions[at], o))
		for (at = 0; at < r->max && !same(&r->positions[at], o); at++)
			;

	if (r->count == r->max || at == r->max)
		return err_set(err, ERR_FATAL, 0, "other committed offsets than were asked for");
	r->count++;
	p = &r->out[at];
	if (o->offset < 0)
		p->kind = COMMITTED_NONE;
	else if (metadata_parse(o->metadata, &p->metadata))
		p->kind = COMMITTED_UNREADABLE;
	else
		p->kind = COMMITTED_OURS_TO_PARSE;
	return 0;
}

enum broker_verdict evidence_read(struct publisher *p, const struct publish_position *positions, size_t count,
				  struct resolve_partition **out, struct err *err)
{
	struct broker_partition *partitions = calloc(count + 1, sizeof(*partitions));
	struct reading r = {.positions = positions, .out = calloc(count + 1, sizeof(*r.out)), .max = count};
	enum broker_verdict v;

	if (!partitions || !r.out) {
		err_set(err, ERR_FATAL, 0, "committed offsets: out of memory");
		v = BROKER_FATAL;
		goto out;
	}
	for (size_t i = 0; i < count; i++)
		partitions[i] = (struct broker_partition){positions[i].topic, positions[i].partition};
	v = p->broker.committed(p->broker.ctx, partitions, count, take_committed, &r, err);
	if (v == BROKER_OK && r.count != count) {
		err_set(err, ERR_RETRY, 0, "committed offsets: %zu of %zu partitions answered", r.count,
			count);
		v = BROKER_RETRY;
	}
out:
	free(partitions);
	if (v == BROKER_OK) {
		*out = r.out;
	} else {
		*out = NULL;
		free(r.out);
	}
	return v;
}

void evidence_forget_delivered(struct publisher *p)
{
	for (size_t i = 0; i < p->sent_count; i++)
		free((char *)(uintptr_t)p->sent[i].topic);
	free(p->sent);
	p->sent = NULL;
	p->sent_count = 0;
}

static int note(void *ctx, const struct broker_offset *last, struct err *err)
{
	struct publisher *p = ctx;
	struct outbox_sent *grown;

	for (size_t i = 0; i < p->sent_count; i++) {
		struct outbox_sent *s = &p->sent[i];

		if (s->partition == last->partition && strcmp(s->topic, last->topic) == 0) {
			s->offset = last->offset;
			return 0;
		}
	}
	grown = realloc(p->sent, (p->sent_count + 1) * sizeof(*grown));
	if (!grown)
		return err_set(err, ERR_FATAL, 0, "note delivery: out of memory");
	p->sent = grown;
	grown[p->sent_count] =
		(struct outbox_sent){slice_dup(slice_str(last->topic)), last->partition, last->offset};
	if (!grown[p->sent_count].topic)
		return err_set(err, ERR_FATAL, 0, "note delivery: out of memory");
	p->sent_count++;
	return 0;
}

/* What is held is proven. */
static int proven(struct publisher *p, struct err *err)
{
	if (outbox_confirm_soon(p->db, p->held.seq, p->sent, p->sent_count, err))
		return -1;
	p->acked_seq = p->held.seq;
	evidence_forget_delivered(p);
	return 0;
}

/* With trust in commits (demo) that is all the evidence there is, and nothing would
 * bring it back after a crash: the rows go at once. */
int evidence_note_delivered(struct publisher *p, struct err *err)
{
	if (p->broker.delivered(p->broker.ctx, note, p, err))
		return -1;
	if (p->options.evidence != EVIDENCE_COMMIT || p->held.seq <= p->acked_seq)
		return 0;
	return proven(p, err) ? -1 : outbox_confirm_now(p->db, err);
}

/* Whether the partitions show exactly what was committed last. */
static bool shows(const struct publisher *p, const struct resolve_partition *partitions, size_t count)
{
	const char *life = life_of(&p->life, p->held.epoch);
	bool found = false;

	for (size_t i = 0; i < count; i++) {
		const struct metadata *m = &partitions[i].metadata;

		if (partitions[i].kind == COMMITTED_NONE)
			continue; /* a partition that came after the last transaction */
		if (partitions[i].kind != COMMITTED_OURS_TO_PARSE ||
		    strcmp(m->uuid, database_uuid(p->db)) != 0 || m->epoch > p->held.epoch ||
		    m->seq > p->held.seq)
			return false;
		found = found ||
			(m->epoch == p->held.epoch && m->seq == p->held.seq && strcmp(m->life, life) == 0);
	}
	return found;
}

/* INDEFINITE when Kafka does not show what it said it had committed. */
static enum broker_verdict look(struct publisher *p, const struct publish_position *positions, size_t count,
				struct err *err)
{
	struct resolve_partition *partitions;
	enum broker_verdict v;

	(void)fault_point("evidence.before_read");
	v = evidence_read(p, positions, count, &partitions, err);
	(void)fault_point("evidence.after_read");
	if (v != BROKER_OK)
		return v;
	if (!shows(p, partitions, count)) {
		err_set(err, ERR_RETRY, 0,
			"the commit of epoch %" PRIu64 " seq %" PRIu64
			" succeeded, but the committed offsets do not show it",
			p->held.epoch, p->held.seq);
		v = BROKER_INDEFINITE;
	}
	free(partitions);
	p->unwitnessed = v != BROKER_OK;
	if (v == BROKER_OK)
		p->shown = p->held;
	return v;
}

enum broker_verdict evidence_witness(struct publisher *p, const struct publish_position *positions,
				     size_t count, struct err *err)
{
	if (!p->unwitnessed || p->options.evidence == EVIDENCE_COMMIT)
		return BROKER_OK;
	return look(p, positions, count, err);
}

int evidence_confirm(struct publisher *p, const struct publish_position *positions, size_t count,
		     struct err *err)
{
	enum broker_verdict v = look(p, positions, count, err);

	if (v == BROKER_INDEFINITE)
		return publisher_give_up(p, v, true, err);
	if (v != BROKER_OK)
		return publisher_trouble(v, err);
	return proven(p, err);
}
