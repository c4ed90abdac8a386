#include "publish/resolve.h"

#include "store/database.h"

#include <inttypes.h>

/* Left by a database whose place ours takes. */
static bool replaced(const struct resolve_input *in, const struct metadata *m)
{
	return in->replaced != NULL && strstr(in->replaced, m->uuid) != NULL;
}

/* The furthest of what the partitions say. All of them were written by one
 * transaction; a partition that joined later, or was dropped for a while, may lag. */
static const struct metadata *furthest(const struct resolve_input *in)
{
	const struct metadata *best = NULL;

	for (size_t i = 0; i < in->partition_count; i++) {
		const struct metadata *m = &in->partitions[i].metadata;

		if (in->partitions[i].kind != COMMITTED_OURS_TO_PARSE || replaced(in, m))
			continue;
		if (!best || m->seq > best->seq || (m->seq == best->seq && m->epoch > best->epoch))
			best = m;
	}
	return best;
}

static bool any_unreadable(const struct resolve_input *in)
{
	for (size_t i = 0; i < in->partition_count; i++) {
		if (in->partitions[i].kind == COMMITTED_UNREADABLE)
			return true;
	}
	return false;
}

static const struct metadata *foreign(const struct resolve_input *in)
{
	for (size_t i = 0; i < in->partition_count; i++) {
		const struct resolve_partition *p = &in->partitions[i];

		if (p->kind == COMMITTED_OURS_TO_PARSE && strcmp(p->metadata.uuid, in->uuid) != 0 &&
		    !replaced(in, &p->metadata))
			return &p->metadata;
	}
	return NULL;
}

/* Metadata of version 1 names none. */
static bool known_life(const struct resolve_input *in, const struct metadata *m)
{
	return in->lives == NULL || m->life[0] == '\0' || strstr(in->lives, m->life) != NULL;
}

static bool is(const struct metadata *m, uint64_t epoch, uint64_t seq)
{
	return m->epoch == epoch && m->seq == seq;
}

static int refuse_foreign(const struct resolve_input *in, const struct metadata *m, struct err *err)
{
	if (in->virgin)
		return err_set(err, ERR_REFUSED, 0,
			       "this database is new, but database %s has published under the same group up "
			       "to epoch %" PRIu64 ": put that database file back, or " DATABASE_REBUILD,
			       m->uuid, m->epoch);
	return err_set(
		err, ERR_REFUSED, 0,
		"database %s has published under the same group, and this is database %s: is another riverd "
		"running with this group.id and transactional.id? Put the right database file back, "
		"or " DATABASE_REBUILD,
		m->uuid, in->uuid);
}

static int refuse_ahead(const struct resolve_input *in, const struct metadata *m, struct err *err)
{
	return err_set(err, ERR_REFUSED, 0,
		       "Kafka holds results up to epoch %" PRIu64 " seq %" PRIu64
		       ", this database ends at epoch %" PRIu64 " seq %" PRIu64
		       ": it is an older copy (restored backup, cloned disk, lost writes). Put the "
		       "newest database file back, or " DATABASE_REBUILD,
		       m->epoch, m->seq, in->epoch, in->next_seq - 1);
}

static int refuse_stranger(const struct resolve_input *in, const struct metadata *m, struct err *err)
{
	return err_set(err, ERR_REFUSED, 0,
		       "somebody else publishes from a copy of this database: Kafka holds epoch %" PRIu64
		       " seq %" PRIu64 ", this process left epoch %" PRIu64 " seq %" PRIu64
		       ": stop the other riverd (same group.id and transactional.id) and go on with the "
		       "database that is ahead, or " DATABASE_REBUILD,
		       m->epoch, m->seq, in->published_epoch, in->published_seq);
}

static int refuse_unknown_life(const struct metadata *m, struct err *err)
{
	return err_set(
		err, ERR_REFUSED, 0,
		"a riverd that this database does not know of has published from a copy of it: Kafka "
		"holds epoch %" PRIu64 " seq %" PRIu64
		" of its start %s. Stop it if it still runs (same group.id and transactional.id) and go "
		"on with the database that it used, or " DATABASE_REBUILD,
		m->epoch, m->seq, m->life);
}

static int refuse_lost(const struct resolve_input *in, const struct metadata *m, struct err *err)
{
	return err_set(err, ERR_REFUSED, 0,
		       "Kafka lost committed data: results up to seq %" PRIu64
		       " were confirmed, now it knows only seq %" PRIu64
		       " (cluster restored from a backup, or an unclean leader election?): rows already "
		       "confirmed are not kept here; to publish again what the output topics "
		       "lack, " DATABASE_REBUILD,
		       in->acked_seq, m->seq);
}

static int refuse_used_group(struct err *err)
{
	return err_set(
		err, ERR_REFUSED, 0,
		"this database is new, but the group has committed offsets that riverd did not write: choose "
		"another group.id, or delete the group when nobody else uses it");
}

/* What makes this database unfit. */
static int check(const struct resolve_input *in, const struct metadata *best, struct err *err)
{
	const struct metadata *stranger = foreign(in);

	if (stranger)
		return refuse_foreign(in, stranger, err);
	if (in->virgin && in->replaced == NULL && any_unreadable(in))
		return refuse_used_group(err);
	if (!best)
		return 0;
	if (best->epoch > in->epoch || best->seq >= in->next_seq)
		return refuse_ahead(in, best, err);
	if (in->running && !is(best, in->published_epoch, in->published_seq) &&
	    !is(best, in->attempt_epoch, in->attempt_seq) && !is(best, in->shown_epoch, in->shown_seq))
		return refuse_stranger(in, best, err);
	if (!known_life(in, best))
		return refuse_unknown_life(best, err);
	if (best->seq < in->acked_seq)
		return refuse_lost(in, best, err);
	return 0;
}

enum resolve_answer resolve_decide(const struct resolve_input *in, const struct metadata **held,
				   struct err *err)
{
	const struct metadata *best = furthest(in);

	*held = best;
	if (check(in, best, err))
		return RESOLVE_REFUSE;
	if (in->virgin)
		return RESOLVE_FRESH;
	if (!best || in->dirty || any_unreadable(in))
		return RESOLVE_SCAN;
	return RESOLVE_CONFIRM;
}

int resolve_identity(const char *name, const char *stored, const char *now, struct err *err)
{
	if (!stored || strcmp(stored, now) == 0)
		return 0;
	return err_set(err, ERR_REFUSED, 0,
		       "%s was \"%s\" when this database was made and is \"%s\" now: offsets and "
		       "transactions do not carry over. Set it back, or " DATABASE_START_OVER,
		       name, stored, now);
}
