#include "publish/rebuild.h"

#include "publish/publisher_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define FACT_OF	     "rebuild.of"
#define FACT_SETTLED "rebuild.settled_ms"
#define NAME_MAX_LEN 320 /* a topic has at most 249 bytes */

/* ---- the plan ---- */

static void partition_fact(char out[NAME_MAX_LEN], const char *topic, int32_t partition)
{
	snprintf(out, NAME_MAX_LEN, "rebuild.at/%s/%d", topic, (int)partition);
}

static int put_partition(struct database *db, const struct publish_position *pos, const struct metadata *m,
			 struct err *err)
{
	char name[NAME_MAX_LEN], text[32];

	partition_fact(name, pos->topic, pos->partition);
	snprintf(text, sizeof(text), "%" PRId64, m->replay_from);
	return database_fact_set(db, name, text, err);
}

static int put_uuids(struct database *db, const struct resolve_partition *partitions, size_t count,
		     struct err *err)
{
	struct buf list;
	int ret = 0;

	buf_init(&list, 1 << 20);
	for (size_t i = 0; i < count; i++) {
		const struct metadata *m = &partitions[i].metadata;

		if (partitions[i].kind == COMMITTED_OURS_TO_PARSE &&
		    (list.len == 0 || strstr(buf_cstr(&list), m->uuid) == NULL))
			buf_printf(&list, "%s%s", list.len ? ";" : "", m->uuid);
	}
	if (buf_failed(&list))
		ret = err_set(err, ERR_FATAL, 0, "rebuild: out of memory");
	else
		ret = database_fact_set(db, FACT_OF, list.len ? buf_cstr(&list) : "", err);
	buf_release(&list);
	return ret;
}

int rebuild_begin(struct database *db, const struct publish_position *positions,
		  const struct resolve_partition *partitions, size_t count, struct err *err)
{
	const struct metadata *last = NULL;
	char text[32];

	for (size_t i = 0; i < count; i++) {
		const struct metadata *m = &partitions[i].metadata;

		if (partitions[i].kind != COMMITTED_OURS_TO_PARSE)
			continue;
		if (put_partition(db, &positions[i], m, err))
			return -1;
		if (last == NULL || m->epoch > last->epoch)
			last = m;
	}
	if (last != NULL) {
		snprintf(text, sizeof(text), "%" PRId64, last->watermark_ms);
		if (database_fact_set(db, FACT_SETTLED, text, err))
			return -1;
	}
	return put_uuids(db, partitions, count, err);
}

/* Tells "there is none" from "it could not be read". */
static int get(struct database *db, const char *name, char **out, struct err *err)
{
	err_clear(err);
	*out = database_fact_get(db, name, err);
	return *out == NULL && err->class != ERR_NONE ? -1 : 0;
}

char *rebuild_replaced(struct database *db, struct err *err)
{
	char *of;

	return get(db, FACT_OF, &of, err) ? NULL : of;
}

int rebuild_load(struct database *db, struct rebuild *out, struct err *err)
{
	char *of = NULL, *settled = NULL, *done = NULL;
	int ret = -1;

	*out = (struct rebuild){.settled_ms = INT64_MIN};
	if (get(db, FACT_OF, &of, err) || get(db, FACT_SETTLED, &settled, err) ||
	    get(db, REBUILD_DONE, &done, err))
		goto out;
	out->active = of != NULL && done == NULL;
	out->guided = settled != NULL;
	if (settled != NULL)
		out->settled_ms = strtoll(settled, NULL, 10);
	ret = 0;
out:
	free(of);
	free(settled);
	free(done);
	return ret;
}

int rebuild_partition(struct database *db, const char *topic, int32_t partition, int64_t *settled,
		      struct err *err)
{
	char name[NAME_MAX_LEN], *text;

	*settled = 0;
	partition_fact(name, topic, partition);
	if (get(db, name, &text, err))
		return -1;
	if (text != NULL)
		*settled = strtoll(text, NULL, 10);
	free(text);
	return 0;
}

/* ---- what the outputs hold ---- */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* -1: not an id of ours. */
static int parse_id(struct slice s, struct hash_id *out)
{
	if (s.len != 2 * sizeof(out->bytes))
		return -1;
	for (size_t i = 0; i < sizeof(out->bytes); i++) {
		int high = digit(s.data[2 * i]), low = digit(s.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		out->bytes[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int take_id(void *ctx, const struct broker_seen *seen, struct err *err)
{
	struct rebuild *r = ctx;
	struct hash_id id;

	if (parse_id(seen->id, &id))
		return 0; /* somebody else's record */
	if (r->held_count == r->held_cap) {
		size_t cap = r->held_cap ? r->held_cap * 2 : 4096;
		struct hash_id *grown = realloc(r->held, cap * sizeof(*grown));

		if (grown == NULL)
			return err_set(err, ERR_FATAL, 0, "rebuild: out of memory for %zu ids", cap);
		r->held = grown;
		r->held_cap = cap;
	}
	r->held[r->held_count++] = id;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct hash_id));
}

int rebuild_scan(const struct broker_port *broker, const char *const *outputs, size_t count,
		 struct rebuild *rebuild, struct err *err)
{
	rebuild->held_count = 0;
	for (size_t i = 0; i < count; i++) {
		int32_t partitions = 0;
		enum broker_verdict v = broker->partitions(broker->ctx, outputs[i], &partitions, err);

		for (int32_t k = 0; v == BROKER_OK && k < partitions; k++)
			v = broker->scan(broker->ctx, outputs[i], k, 0, true, take_id, rebuild, err);
		if (v != BROKER_OK)
			return publisher_trouble(v, err);
	}
	if (rebuild->held_count > 0)
		qsort(rebuild->held, rebuild->held_count, sizeof(*rebuild->held), compare);
	return 0;
}

bool rebuild_holds(const struct rebuild *rebuild, struct hash_id id)
{
	return rebuild->held_count > 0 &&
	       bsearch(&id, rebuild->held, rebuild->held_count, sizeof(*rebuild->held), compare) != NULL;
}

void rebuild_release(struct rebuild *rebuild)
{
	free(rebuild->held);
	*rebuild = (struct rebuild){0};
}
