#include "wire/avro_parse.h"
#include "wire/decoder.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void *avro_refuse(struct avro_parser *p, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	err_set(p->err, ERR_POISON, POISON_SCHEMA, "%s", text);
	return NULL;
}

void *avro_no_memory(struct avro_parser *p)
{
	err_set(p->err, ERR_RETRY, 0, "out of memory reading a schema");
	return NULL;
}

struct avro_node *avro_node_new(struct avro_parser *p, enum avro_type type)
{
	struct avro_schema *s = p->schema;
	struct avro_node *node;

	if (s->node_count == s->node_cap) {
		size_t cap = s->node_cap ? 2 * s->node_cap : 32;
		struct avro_node **nodes = realloc(s->nodes, cap * sizeof(*nodes));

		if (nodes == NULL)
			return avro_no_memory(p);
		s->nodes = nodes;
		s->node_cap = cap;
	}
	node = calloc(1, sizeof(*node));
	if (node == NULL)
		return avro_no_memory(p);
	node->type = (uint8_t)type;
	node->expanded = 1;
	s->nodes[s->node_count++] = node;
	return node;
}

const char *avro_text_of(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsString(item) ? item->valuestring : NULL;
}

static struct avro_node *find_full_name(struct avro_parser *p, const char *name)
{
	for (size_t i = 0; i < p->schema->node_count; i++)
		if (p->schema->nodes[i]->name != NULL && strcmp(p->schema->nodes[i]->name, name) == 0)
			return p->schema->nodes[i];
	return NULL;
}

const struct avro_node *avro_find_reference(struct avro_parser *p, const char *name, const char *space)
{
	const struct avro_node *node = NULL;
	char full[AVRO_NAME_MAX];

	if (strchr(name, '.') == NULL && *space != '\0') {
		int n = snprintf(full, sizeof(full), "%s.%s", space, name);

		if (n > 0 && (size_t)n < sizeof(full))
			node = find_full_name(p, full);
	}
	if (node == NULL)
		node = find_full_name(p, name);
	if (node == NULL)
		return avro_refuse(p, "unknown type '%.100s'", name);
	if (node->open)
		return avro_refuse(p, "type '%.100s' contains itself", name);
	return node;
}

int avro_declare_name(struct avro_parser *p, struct avro_node *node, const cJSON *json, const char *outer,
		      char *space)
{
	const char *name = avro_text_of(json, "name");
	const char *given = avro_text_of(json, "namespace");
	const char *dot;
	char full[AVRO_NAME_MAX];
	int n;

	if (name == NULL || *name == '\0') {
		avro_refuse(p, "%s without a name", avro_type_name(node->type));
		return -1;
	}
	dot = strrchr(name, '.');
	if (given == NULL)
		given = outer;
	if (dot != NULL || *given == '\0')
		n = snprintf(full, sizeof(full), "%s", name);
	else
		n = snprintf(full, sizeof(full), "%s.%s", given, name);
	if (n < 0 || (size_t)n >= sizeof(full)) {
		avro_refuse(p, "name of more than %d bytes", AVRO_NAME_MAX - 1);
		return -1;
	}
	if (find_full_name(p, full) != NULL) {
		avro_refuse(p, "type '%.100s' is defined twice", full);
		return -1;
	}
	dot = strrchr(full, '.');
	snprintf(space, AVRO_NAME_MAX, "%.*s", dot ? (int)(dot - full) : 0, full);
	node->name = slice_dup(slice_str(full));
	if (node->name == NULL) {
		avro_no_memory(p);
		return -1;
	}
	return 0;
}
