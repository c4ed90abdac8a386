#include "kafka/source_internal.h"

#include <cjson/cJSON.h>
#include <string.h>

static uint64_t number(const cJSON *object, const char *name)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(n) && n->valuedouble > 0 ? (uint64_t)n->valuedouble : 0;
}

static void partition(struct source *s, struct source_topic *t, const cJSON *stats)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(stats, "partition");
	const cJSON *broker = cJSON_GetObjectItemCaseSensitive(stats, "broker");

	s->queued_messages += number(stats, "fetchq_cnt");
	s->queued_bytes += number(stats, "fetchq_size");
	if (!cJSON_IsNumber(id) || id->valueint < 0)
		return;
	/* "unknown": asked for by number, and not among what the cluster has. */
	if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(stats, "unknown")) && id->valueint >= t->known)
		t->known = id->valueint + 1;
	if (id->valueint >= t->part_count)
		return;
	/* "broker" is who is fetched from (a follower perhaps), which is whose answers count. */
	t->parts[id->valueint].leader = cJSON_IsNumber(broker) ? broker->valueint : -1;
}

/* Addresses to start from have no number, and the coordinator is a second name of a broker. */
static int brokers_up(const cJSON *brokers)
{
	const cJSON *broker;
	int up = 0;

	cJSON_ArrayForEach(broker, brokers)
	{
		const cJSON *id = cJSON_GetObjectItemCaseSensitive(broker, "nodeid");
		const char *state = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(broker, "state"));

		const char *source = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(broker, "source"));

		up += cJSON_IsNumber(id) && id->valueint >= 0 && state != NULL && strcmp(state, "UP") == 0 &&
		      (source == NULL || strcmp(source, "logical") != 0);
	}
	return up;
}

void source_stats(struct source *s, const char *json, size_t len)
{
	cJSON *root = cJSON_ParseWithLength(json, len);
	const cJSON *topic, *part;

	s->queued_messages = 0;
	s->queued_bytes = 0;
	if (cJSON_IsObject(root))
		s->brokers_up = brokers_up(cJSON_GetObjectItemCaseSensitive(root, "brokers"));
	cJSON_ArrayForEach(topic, cJSON_GetObjectItemCaseSensitive(root, "topics"))
	{
		struct source_topic *t = source_find_topic(s, topic->string);

		if (!t)
			continue;
		t->known = 0;
		cJSON_ArrayForEach(part, cJSON_GetObjectItemCaseSensitive(topic, "partitions"))
			partition(s, t, part);
	}
	cJSON_Delete(root);
}
