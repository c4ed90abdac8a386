/* From where a lost database would have to read again: kept per partition.
 *
 * A transaction that takes all that waits may say how far everything is
 * settled. One that leaves rows behind repeats what was said before. */

#include "publish/publisher_internal.h"

#include <stdlib.h>

static bool is(const struct publish_position *s, const char *topic, int32_t partition)
{
	return s->partition == partition && strcmp(s->topic, topic) == 0;
}

static struct publish_position *find(const struct publisher *p, const char *topic, int32_t partition)
{
	for (size_t i = 0; i < p->settled_count; i++) {
		if (is(&p->settled[i], topic, partition))
			return &p->settled[i];
	}
	return NULL;
}

/* `hint`: where it probably is, since positions come in the same order. */
static int put(struct publisher *p, const struct publish_position *said, size_t hint, struct err *err)
{
	struct publish_position *known, *grown;
	char *topic;

	if (hint < p->settled_count && is(&p->settled[hint], said->topic, said->partition))
		known = &p->settled[hint];
	else
		known = find(p, said->topic, said->partition);
	if (known != NULL) {
		const char *kept = known->topic;

		*known = *said;
		known->topic = kept;
		return 0;
	}
	grown = realloc(p->settled, (p->settled_count + 1) * sizeof(*grown));
	if (grown != NULL)
		p->settled = grown;
	topic = slice_dup(slice_str(said->topic));
	if (grown == NULL || topic == NULL) {
		free(topic);
		return err_set(err, ERR_FATAL, 0, "settled positions: out of memory");
	}
	grown[p->settled_count] = *said;
	grown[p->settled_count++].topic = topic;
	return 0;
}

int settled_keep(struct publisher *p, const struct publish_position *positions, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		struct publish_position said = positions[i];

		if (said.consumed < 0)
			continue;
		if (said.replay_from < 0)
			said.replay_from = said.consumed;
		if (put(p, &said, i, err))
			return -1;
	}
	return 0;
}

int settled_take(struct publisher *p, const struct publish_position *positions,
		 const struct resolve_partition *partitions, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct metadata *m = &partitions[i].metadata;
		struct publish_position said = {positions[i].topic, positions[i].partition, m->consumed,
						m->replay_from, m->watermark_ms};

		if (partitions[i].kind != COMMITTED_OURS_TO_PARSE ||
		    strcmp(m->uuid, database_uuid(p->db)) != 0)
			continue;
		if (put(p, &said, i, err))
			return -1;
	}
	return 0;
}

void publisher_settled(const struct publisher *p, const char *topic, int32_t partition, int64_t *replay_from,
		       int64_t *watermark_ms)
{
	const struct publish_position *s = find(p, topic, partition);

	*replay_from = s != NULL ? s->replay_from : 0;
	*watermark_ms = s != NULL ? s->watermark_ms : INT64_MIN;
}

void settled_release(struct publisher *p)
{
	for (size_t i = 0; i < p->settled_count; i++)
		free((char *)(uintptr_t)p->settled[i].topic);
	free(p->settled);
	p->settled = NULL;
	p->settled_count = 0;
}
