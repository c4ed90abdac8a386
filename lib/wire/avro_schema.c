#include "wire/avro_schema.h"

#include "wire/avro_units.h"
#include "wire/decoder.h"
#include "wire/json.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* A record costs three JSON levels (object, "fields", field), so this never
 * stops a schema that is within AVRO_SCHEMA_MAX_DEPTH. */
#define MAX_JSON_DEPTH (4 * AVRO_SCHEMA_MAX_DEPTH)
#define MAX_NAME       512

struct parser {
	struct avro_schema *schema;
	struct err *err;
};

static const char *const type_names[] = {
	"null",	  "boolean", "int",  "long",  "float", "double", "bytes",
	"string", "record",  "enum", "array", "map",   "union",	 "fixed",
};

const char *avro_type_name(enum avro_type type)
{
	return type_names[type];
}

static const struct avro_node *parse_type(struct parser *p, const cJSON *json, const char *space,
					  unsigned depth);

/* Returns NULL, so that it can be the value of a return. */
__attribute__((format(printf, 2, 3))) static void *refuse(struct parser *p, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	err_set(p->err, ERR_POISON, POISON_SCHEMA, "%s", text);
	return NULL;
}

static void *no_memory(struct parser *p)
{
	err_set(p->err, ERR_RETRY, 0, "out of memory reading a schema");
	return NULL;
}

static struct avro_node *node_new(struct parser *p, enum avro_type type)
{
	struct avro_schema *s = p->schema;
	struct avro_node *node;

	if (s->node_count == s->node_cap) {
		size_t cap = s->node_cap ? 2 * s->node_cap : 32;
		struct avro_node **nodes = realloc(s->nodes, cap * sizeof(*nodes));

		if (nodes == NULL)
			return no_memory(p);
		s->nodes = nodes;
		s->node_cap = cap;
	}
	node = calloc(1, sizeof(*node));
	if (node == NULL)
		return no_memory(p);
	node->type = (uint8_t)type;
	s->nodes[s->node_count++] = node;
	return node;
}

static uint32_t saturating_add(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

static const char *text_of(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsString(item) ? item->valuestring : NULL;
}

/* ---- names ---- */

static struct avro_node *find_full_name(struct parser *p, const char *name)
{
	for (size_t i = 0; i < p->schema->node_count; i++)
		if (p->schema->nodes[i]->name != NULL && strcmp(p->schema->nodes[i]->name, name) == 0)
			return p->schema->nodes[i];
	return NULL;
}

/* A name without dots is looked for in the enclosing namespace first. */
static const struct avro_node *find_reference(struct parser *p, const char *name, const char *space)
{
	const struct avro_node *node = NULL;
	char full[MAX_NAME];

	if (strchr(name, '.') == NULL && *space != '\0') {
		int n = snprintf(full, sizeof(full), "%s.%s", space, name);

		if (n > 0 && (size_t)n < sizeof(full))
			node = find_full_name(p, full);
	}
	if (node == NULL)
		node = find_full_name(p, name);
	if (node == NULL)
		return refuse(p, "unknown type '%.100s'", name);
	if (node->open)
		return refuse(p, "type '%.100s' contains itself", name);
	return node;
}

/* Gives the node its full name, and `space` (MAX_NAME bytes) the namespace
 * that its parts live in. */
static int declare_name(struct parser *p, struct avro_node *node, const cJSON *json, const char *outer,
			char *space)
{
	const char *name = text_of(json, "name");
	const char *given = text_of(json, "namespace");
	const char *dot;
	char full[MAX_NAME];
	int n;

	if (name == NULL || *name == '\0') {
		refuse(p, "%s without a name", avro_type_name(node->type));
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
		refuse(p, "name of more than %d bytes", MAX_NAME - 1);
		return -1;
	}
	if (find_full_name(p, full) != NULL) {
		refuse(p, "type '%.100s' is defined twice", full);
		return -1;
	}
	dot = strrchr(full, '.');
	snprintf(space, MAX_NAME, "%.*s", dot ? (int)(dot - full) : 0, full);
	node->name = slice_dup(slice_str(full));
	if (node->name == NULL) {
		no_memory(p);
		return -1;
	}
	return 0;
}

/* ---- records ---- */

/* Debezium's VariableScaleDecimal: a record of an int `scale` and bytes `value`. */
static bool is_scaled_decimal(const struct avro_node *node, const cJSON *json)
{
	const char *connect = text_of(json, "connect.name");
	int scale, value;

	if (strcmp(node->name, "io.debezium.data.VariableScaleDecimal") != 0 &&
	    (connect == NULL || strcmp(connect, "io.debezium.data.VariableScaleDecimal") != 0))
		return false;
	if (node->count != 2)
		return false;
	scale = avro_record_find(node, "scale");
	value = avro_record_find(node, "value");
	return scale >= 0 && value >= 0 && node->fields[scale].type->type == AVRO_TYPE_INT &&
	       node->fields[value].type->type == AVRO_TYPE_BYTES;
}

static int parse_field(struct parser *p, struct avro_node *record, const cJSON *json, const char *space,
		       unsigned depth)
{
	struct avro_field *field = &record->fields[record->count];
	const char *name = text_of(json, "name");

	if (name == NULL || *name == '\0') {
		refuse(p, "field without a name in record '%.100s'", record->name);
		return -1;
	}
	for (uint32_t i = 0; i < record->count; i++) {
		if (strcmp(record->fields[i].name, name) == 0) {
			refuse(p, "field '%.100s' occurs twice", name);
			return -1;
		}
	}
	field->name = name;
	field->fallback = cJSON_GetObjectItemCaseSensitive(json, "default");
	field->type = parse_type(p, cJSON_GetObjectItemCaseSensitive(json, "type"), space, depth + 1);
	if (field->type == NULL)
		return -1;
	record->min_size = saturating_add(record->min_size, field->type->min_size);
	record->count++;
	return 0;
}

static const struct avro_node *parse_record(struct parser *p, const cJSON *json, const char *outer,
					    unsigned depth)
{
	const cJSON *fields = cJSON_GetObjectItemCaseSensitive(json, "fields"), *item;
	struct avro_node *node = node_new(p, AVRO_TYPE_RECORD);
	char space[MAX_NAME];
	size_t count;

	if (node == NULL || declare_name(p, node, json, outer, space) != 0)
		return NULL;
	if (!cJSON_IsArray(fields))
		return refuse(p, "record '%.100s' has no fields", node->name);
	count = (size_t)cJSON_GetArraySize(fields);
	p->schema->field_count += count;
	if (p->schema->field_count > AVRO_SCHEMA_MAX_FIELDS)
		return refuse(p, "more than %d fields", AVRO_SCHEMA_MAX_FIELDS);
	node->fields = calloc(count ? count : 1, sizeof(*node->fields));
	if (node->fields == NULL)
		return no_memory(p);
	node->open = true;
	cJSON_ArrayForEach(item, fields) if (parse_field(p, node, item, space, depth) != 0) return NULL;
	node->open = false;
	node->is_decimal = is_scaled_decimal(node, json);
	return node;
}

int avro_record_find(const struct avro_node *record, const char *name)
{
	int found = -1;

	for (uint32_t i = 0; i < record->count; i++) {
		if (strcmp(record->fields[i].name, name) == 0)
			return (int)i;
		if (found < 0 && slice_equal_nocase(slice_str(record->fields[i].name), slice_str(name)))
			found = (int)i;
	}
	return found;
}

/* ---- the other types ---- */

static const struct avro_node *parse_enum(struct parser *p, const cJSON *json, const char *outer)
{
	const cJSON *symbols = cJSON_GetObjectItemCaseSensitive(json, "symbols"), *item;
	struct avro_node *node = node_new(p, AVRO_TYPE_ENUM);
	char space[MAX_NAME];
	int count = cJSON_IsArray(symbols) ? cJSON_GetArraySize(symbols) : 0;

	if (node == NULL || declare_name(p, node, json, outer, space) != 0)
		return NULL;
	if (count == 0)
		return refuse(p, "enum '%.100s' has no symbols", node->name);
	node->symbols = calloc((size_t)count, sizeof(*node->symbols));
	if (node->symbols == NULL)
		return no_memory(p);
	cJSON_ArrayForEach(item, symbols)
	{
		if (!cJSON_IsString(item))
			return refuse(p, "a symbol of enum '%.100s' is not a string", node->name);
		node->symbols[node->count++] = slice_str(item->valuestring);
	}
	node->min_size = 1;
	return node;
}

static const struct avro_node *parse_fixed(struct parser *p, const cJSON *json, const char *outer)
{
	const cJSON *size = cJSON_GetObjectItemCaseSensitive(json, "size");
	struct avro_node *node = node_new(p, AVRO_TYPE_FIXED);
	char space[MAX_NAME];

	if (node == NULL || declare_name(p, node, json, outer, space) != 0)
		return NULL;
	if (!cJSON_IsNumber(size) ||
	    !(size->valuedouble >= 1 && size->valuedouble <= AVRO_SCHEMA_MAX_FIXED) ||
	    size->valuedouble != (double)(uint32_t)size->valuedouble)
		return refuse(p, "fixed '%.100s' must be of 1 to %d bytes", node->name,
			      AVRO_SCHEMA_MAX_FIXED);
	node->size = node->min_size = (uint32_t)size->valuedouble;
	avro_annotate(node, json);
	return node;
}

static const struct avro_node *parse_repeated(struct parser *p, const cJSON *json, enum avro_type type,
					      const char *space, unsigned depth)
{
	const char *key = type == AVRO_TYPE_ARRAY ? "items" : "values";
	struct avro_node *node = node_new(p, type);

	if (node == NULL)
		return NULL;
	node->items = parse_type(p, cJSON_GetObjectItemCaseSensitive(json, key), space, depth + 1);
	if (node->items == NULL)
		return NULL;
	/* A map item has at least its key's length byte. */
	if (type == AVRO_TYPE_ARRAY && node->items->min_size == 0)
		return refuse(p, "array items of no size");
	node->min_size = 1;
	return node;
}

static bool is_named(const struct avro_node *node)
{
	return node->name != NULL;
}

static int check_branch(struct parser *p, const struct avro_node *node, const struct avro_node *branch)
{
	if (branch->type == AVRO_TYPE_UNION) {
		refuse(p, "union directly in a union");
		return -1;
	}
	for (uint32_t i = 0; i < node->count; i++) {
		const struct avro_node *other = node->branches[i];

		if (other == branch || (other->type == branch->type && !is_named(branch))) {
			refuse(p, "union with two branches of type %s", avro_type_name(branch->type));
			return -1;
		}
	}
	return 0;
}

static const struct avro_node *parse_union(struct parser *p, const cJSON *json, const char *space,
					   unsigned depth)
{
	struct avro_node *node = node_new(p, AVRO_TYPE_UNION);
	int count = cJSON_GetArraySize(json);
	uint32_t least = UINT32_MAX;
	const cJSON *item;

	if (node == NULL)
		return NULL;
	if (count < 1 || count > AVRO_SCHEMA_MAX_BRANCHES)
		return refuse(p, "union of %d branches", count);
	node->branches = calloc((size_t)count, sizeof(*node->branches));
	if (node->branches == NULL)
		return no_memory(p);
	cJSON_ArrayForEach(item, json)
	{
		const struct avro_node *branch = parse_type(p, item, space, depth + 1);

		if (branch == NULL || check_branch(p, node, branch) != 0)
			return NULL;
		node->branches[node->count++] = branch;
		if (branch->min_size < least)
			least = branch->min_size;
	}
	node->min_size = saturating_add(1, least);
	return node;
}

static int type_by_name(const char *name)
{
	for (int i = 0; i <= AVRO_TYPE_FIXED; i++)
		if (strcmp(type_names[i], name) == 0)
			return i;
	return strcmp(name, "error") == 0 ? AVRO_TYPE_RECORD : -1;
}

/* `json` is the object that declares the type, or NULL when it is a mere name. */
static const struct avro_node *parse_named_type(struct parser *p, const char *name, const cJSON *json,
						const char *space, unsigned depth)
{
	static const uint8_t sizes[] = {0, 1, 1, 1, 4, 8, 1, 1};
	int type = type_by_name(name);
	struct avro_node *node;

	if (type < 0)
		return find_reference(p, name, space);
	if (type > AVRO_TYPE_STRING && (json == NULL || type == AVRO_TYPE_UNION))
		return refuse(p, "'%s' is no type by itself", name);
	switch (type) {
	case AVRO_TYPE_RECORD: return parse_record(p, json, space, depth);
	case AVRO_TYPE_ENUM: return parse_enum(p, json, space);
	case AVRO_TYPE_FIXED: return parse_fixed(p, json, space);
	case AVRO_TYPE_ARRAY:
	case AVRO_TYPE_MAP: return parse_repeated(p, json, (enum avro_type)type, space, depth);
	}
	node = node_new(p, (enum avro_type)type);
	if (node == NULL)
		return NULL;
	node->min_size = sizes[type];
	if (json != NULL)
		avro_annotate(node, json);
	return node;
}

static const struct avro_node *parse_type(struct parser *p, const cJSON *json, const char *space,
					  unsigned depth)
{
	const cJSON *type;

	if (depth > AVRO_SCHEMA_MAX_DEPTH)
		return refuse(p, "nested more than %d deep", AVRO_SCHEMA_MAX_DEPTH);
	if (cJSON_IsString(json))
		return parse_named_type(p, json->valuestring, NULL, space, depth);
	if (cJSON_IsArray(json))
		return parse_union(p, json, space, depth);
	if (!cJSON_IsObject(json))
		return refuse(p, "a type is missing");
	type = cJSON_GetObjectItemCaseSensitive(json, "type");
	if (cJSON_IsString(type))
		return parse_named_type(p, type->valuestring, json, space, depth);
	/* {"type": {...}} says nothing more than what it holds. */
	return parse_type(p, type, space, depth + 1);
}

struct avro_schema *avro_schema_parse(struct slice text, struct err *err)
{
	struct parser p = {.err = err};
	struct err why;

	if (text.len > AVRO_SCHEMA_MAX_TEXT)
		return refuse(&p, "schema text of more than %d bytes", AVRO_SCHEMA_MAX_TEXT);
	if (json_check(text, MAX_JSON_DEPTH, &why) != 0)
		return refuse(&p, "schema text: %s", why.text);
	p.schema = calloc(1, sizeof(*p.schema));
	if (p.schema == NULL)
		return no_memory(&p);
	p.schema->json = cJSON_ParseWithLength(text.data, text.len);
	if (p.schema->json == NULL) {
		refuse(&p, "schema text is not JSON");
		goto fail;
	}
	p.schema->root = parse_type(&p, p.schema->json, "", 0);
	if (p.schema->root == NULL) {
		err_wrap(err, "schema");
		goto fail;
	}
	return p.schema;
fail:
	avro_schema_free(p.schema);
	return NULL;
}

void avro_schema_free(struct avro_schema *schema)
{
	if (schema == NULL)
		return;
	for (size_t i = 0; i < schema->node_count; i++) {
		struct avro_node *node = schema->nodes[i];

		switch (node->type) {
		case AVRO_TYPE_RECORD: free(node->fields); break;
		case AVRO_TYPE_UNION: free(node->branches); break;
		case AVRO_TYPE_ENUM: free(node->symbols); break;
		default: break;
		}
		free(node->name);
		free(node);
	}
	free(schema->nodes);
	cJSON_Delete(schema->json);
	free(schema);
}
