#ifndef RIVER_WIRE_AVRO_PARSE_H
#define RIVER_WIRE_AVRO_PARSE_H

/* A schema being read: its nodes, its names, its sentences of refusal. Private
 * to avro_schema.c and avro_names.c. */

#include "wire/avro_schema.h"

#define AVRO_NAME_MAX 512 /* bytes of a full name with its NUL */

struct avro_parser {
	struct avro_schema *schema;
	struct err *err;
};

/* Both return NULL, so that they can be the value of a return. */
void *avro_refuse(struct avro_parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void *avro_no_memory(struct avro_parser *p);

/* Owned by the schema. NULL when out of memory. */
struct avro_node *avro_node_new(struct avro_parser *p, enum avro_type type);

/* A string member of an object; NULL when it is missing or something else. */
const char *avro_text_of(const struct cJSON *object, const char *key);

/* The type of that name; one without dots is looked for in the enclosing
 * namespace `space` first. NULL when unknown or still open. */
const struct avro_node *avro_find_reference(struct avro_parser *p, const char *name, const char *space);

/* Gives the node its full name, and `space` (AVRO_NAME_MAX bytes) the namespace
 * that its parts live in. -1 when there is no name, or it is taken. */
int avro_declare_name(struct avro_parser *p, struct avro_node *node, const struct cJSON *json,
		      const char *outer, char *space);

#endif
