#include "kafka/source_internal.h"

#include <cjson/cJSON.h>

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
	if (!cJSON_IsNumber(id) || id->valueint < 0 || id->valueint >= t->part_count)
		return;
	/* "broker" is who is fetched from (a follower perhaps), which is whose answers count. */
	t->parts[id->valueint].leader = cJSON_IsNumber(broker) ? broker->valueint : -1;
}

void source_stats(struct source *s, const char *json, size_t len)
{
	cJSON *root = cJSON_ParseWithLength(json, len);
	const cJSON *topic, *part;

	s->queued_messages = 0;
	s->queued_bytes = 0;
	cJSON_ArrayForEach(topic, cJSON_GetObjectItemCaseSensitive(root, "topics"))
	{
		struct source_topic *t = source_find_topic(s, topic->string);

		if (!t)
			continue;
		cJSON_ArrayForEach(part, cJSON_GetObjectItemCaseSensitive(topic, "partitions"))
			partition(s, t, part);
	}
	cJSON_Delete(root);
}
