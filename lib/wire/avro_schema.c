#include "wire/avro_schema.h"

#include "wire/avro_parse.h"
#include "wire/avro_units.h"
#include "wire/json.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

/* A record costs three JSON levels (object, "fields", field), so this never
 * stops a schema that is within AVRO_SCHEMA_MAX_DEPTH. */
#define MAX_JSON_DEPTH (4 * AVRO_SCHEMA_MAX_DEPTH)

static const char *const type_names[] = {
	"null",	  "boolean", "int",  "long",  "float", "double", "bytes",
	"string", "record",  "enum", "array", "map",   "union",	 "fixed",
};

const char *avro_type_name(enum avro_type type)
{
	return type_names[type];
}

static const struct avro_node *parse_type(struct avro_parser *p, const cJSON *json, const char *space,
					  unsigned depth);

static uint32_t saturating_add(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

/* The part stands in the whole, wherever else it may stand too. */
static void contain(struct avro_node *whole, const struct avro_node *part)
{
	whole->expanded = saturating_add(whole->expanded, part->expanded);
	if (whole->height <= part->height)
		whole->height = part->height + 1;
}

/* Parsers disagree on which of two members of one name counts, and what one
 * vets another one reads later. */
static bool says_twice(const cJSON *object)
{
	static const char *const words[] = {"type",  "name",   "namespace", "fields",
					    "items", "values", "symbols",   "size"};
	const cJSON *item;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		int times = 0;

		cJSON_ArrayForEach(item, object) times += strcmp(item->string, words[i]) == 0;
		if (times > 1)
			return true;
	}
	return false;
}

/* ---- records ---- */

/* Debezium's VariableScaleDecimal: a record of an int `scale` and bytes `value`. */
static bool is_scaled_decimal(const struct avro_node *node, const cJSON *json)
{
	const char *connect = avro_text_of(json, "connect.name");
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

static int parse_field(struct avro_parser *p, struct avro_node *record, const cJSON *json, const char *space,
		       unsigned depth)
{
	struct avro_field *field = &record->fields[record->count];
	const char *name = avro_text_of(json, "name");

	if (name == NULL || *name == '\0') {
		avro_refuse(p, "field without a name in record '%.100s'", record->name);
		return -1;
	}
	if (says_twice(json)) {
		avro_refuse(p, "field '%.100s' says something twice", name);
		return -1;
	}
	for (uint32_t i = 0; i < record->count; i++) {
		if (strcmp(record->fields[i].name, name) == 0) {
			avro_refuse(p, "field '%.100s' occurs twice", name);
			return -1;
		}
	}
	field->name = name;
	field->fallback = cJSON_GetObjectItemCaseSensitive(json, "default");
	field->type = parse_type(p, cJSON_GetObjectItemCaseSensitive(json, "type"), space, depth + 1);
	if (field->type == NULL)
		return -1;
	record->min_size = saturating_add(record->min_size, field->type->min_size);
	contain(record, field->type);
	record->count++;
	return 0;
}

static const struct avro_node *parse_record(struct avro_parser *p, const cJSON *json, const char *outer,
					    unsigned depth)
{
	const cJSON *fields = cJSON_GetObjectItemCaseSensitive(json, "fields"), *item;
	struct avro_node *node = avro_node_new(p, AVRO_TYPE_RECORD);
	char space[AVRO_NAME_MAX];
	size_t count;

	if (node == NULL || avro_declare_name(p, node, json, outer, space) != 0)
		return NULL;
	if (!cJSON_IsArray(fields))
		return avro_refuse(p, "record '%.100s' has no fields", node->name);
	count = (size_t)cJSON_GetArraySize(fields);
	p->schema->field_count += count;
	if (p->schema->field_count > AVRO_SCHEMA_MAX_FIELDS)
		return avro_refuse(p, "more than %d fields", AVRO_SCHEMA_MAX_FIELDS);
	node->fields = calloc(count ? count : 1, sizeof(*node->fields));
	if (node->fields == NULL)
		return avro_no_memory(p);
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

static const struct avro_node *parse_enum(struct avro_parser *p, const cJSON *json, const char *outer)
{
	const cJSON *symbols = cJSON_GetObjectItemCaseSensitive(json, "symbols"), *item;
	struct avro_node *node = avro_node_new(p, AVRO_TYPE_ENUM);
	char space[AVRO_NAME_MAX];
	int count = cJSON_IsArray(symbols) ? cJSON_GetArraySize(symbols) : 0;

	if (node == NULL || avro_declare_name(p, node, json, outer, space) != 0)
		return NULL;
	if (count == 0)
		return avro_refuse(p, "enum '%.100s' has no symbols", node->name);
	node->symbols = calloc((size_t)count, sizeof(*node->symbols));
	if (node->symbols == NULL)
		return avro_no_memory(p);
	cJSON_ArrayForEach(item, symbols)
	{
		if (!cJSON_IsString(item))
			return avro_refuse(p, "a symbol of enum '%.100s' is not a string", node->name);
		node->symbols[node->count++] = slice_str(item->valuestring);
	}
	node->min_size = 1;
	return node;
}

static const struct avro_node *parse_fixed(struct avro_parser *p, const cJSON *json, const char *outer)
{
	const cJSON *size = cJSON_GetObjectItemCaseSensitive(json, "size");
	struct avro_node *node = avro_node_new(p, AVRO_TYPE_FIXED);
	char space[AVRO_NAME_MAX];

	if (node == NULL || avro_declare_name(p, node, json, outer, space) != 0)
		return NULL;
	if (!cJSON_IsNumber(size) ||
	    !(size->valuedouble >= 1 && size->valuedouble <= AVRO_SCHEMA_MAX_FIXED) ||
	    size->valuedouble != (double)(uint32_t)size->valuedouble)
		return avro_refuse(p, "fixed '%.100s' must be of 1 to %d bytes", node->name,
				   AVRO_SCHEMA_MAX_FIXED);
	node->size = node->min_size = (uint32_t)size->valuedouble;
	avro_annotate(node, json);
	return node;
}

static const struct avro_node *parse_repeated(struct avro_parser *p, const cJSON *json, enum avro_type type,
					      const char *space, unsigned depth)
{
	const char *key = type == AVRO_TYPE_ARRAY ? "items" : "values";
	struct avro_node *node = avro_node_new(p, type);

	if (node == NULL)
		return NULL;
	node->items = parse_type(p, cJSON_GetObjectItemCaseSensitive(json, key), space, depth + 1);
	if (node->items == NULL)
		return NULL;
	contain(node, node->items);
	/* A map item has at least its key's length byte. */
	if (type == AVRO_TYPE_ARRAY && node->items->min_size == 0)
		return avro_refuse(p, "array items of no size");
	node->min_size = 1;
	return node;
}

static bool is_named(const struct avro_node *node)
{
	return node->name != NULL;
}

static int check_branch(struct avro_parser *p, const struct avro_node *node, const struct avro_node *branch)
{
	if (branch->type == AVRO_TYPE_UNION) {
		avro_refuse(p, "union directly in a union");
		return -1;
	}
	for (uint32_t i = 0; i < node->count; i++) {
		const struct avro_node *other = node->branches[i];

		if (other == branch || (other->type == branch->type && !is_named(branch))) {
			avro_refuse(p, "union with two branches of type %s", avro_type_name(branch->type));
			return -1;
		}
	}
	return 0;
}

static const struct avro_node *parse_union(struct avro_parser *p, const cJSON *json, const char *space,
					   unsigned depth)
{
	struct avro_node *node = avro_node_new(p, AVRO_TYPE_UNION);
	int count = cJSON_GetArraySize(json);
	uint32_t least = UINT32_MAX;
	const cJSON *item;

	if (node == NULL)
		return NULL;
	if (count < 1 || count > AVRO_SCHEMA_MAX_BRANCHES)
		return avro_refuse(p, "union of %d branches", count);
	node->branches = calloc((size_t)count, sizeof(*node->branches));
	if (node->branches == NULL)
		return avro_no_memory(p);
	cJSON_ArrayForEach(item, json)
	{
		const struct avro_node *branch = parse_type(p, item, space, depth + 1);

		if (branch == NULL || check_branch(p, node, branch) != 0)
			return NULL;
		node->branches[node->count++] = branch;
		contain(node, branch);
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
static const struct avro_node *parse_named_type(struct avro_parser *p, const char *name, const cJSON *json,
						const char *space, unsigned depth)
{
	static const uint8_t sizes[] = {0, 1, 1, 1, 4, 8, 1, 1};
	int type = type_by_name(name);
	struct avro_node *node;

	if (type < 0)
		return avro_find_reference(p, name, space);
	if (type > AVRO_TYPE_STRING && (json == NULL || type == AVRO_TYPE_UNION))
		return avro_refuse(p, "'%s' is no type by itself", name);
	switch (type) {
	case AVRO_TYPE_RECORD: return parse_record(p, json, space, depth);
	case AVRO_TYPE_ENUM: return parse_enum(p, json, space);
	case AVRO_TYPE_FIXED: return parse_fixed(p, json, space);
	case AVRO_TYPE_ARRAY:
	case AVRO_TYPE_MAP: return parse_repeated(p, json, (enum avro_type)type, space, depth);
	}
	node = avro_node_new(p, (enum avro_type)type);
	if (node == NULL)
		return NULL;
	node->min_size = sizes[type];
	if (json != NULL)
		avro_annotate(node, json);
	return node;
}

static const struct avro_node *parse_type(struct avro_parser *p, const cJSON *json, const char *space,
					  unsigned depth)
{
	const cJSON *type;

	if (depth > AVRO_SCHEMA_MAX_DEPTH)
		return avro_refuse(p, "nested more than %d deep", AVRO_SCHEMA_MAX_DEPTH);
	if (cJSON_IsString(json))
		return parse_named_type(p, json->valuestring, NULL, space, depth);
	if (cJSON_IsArray(json))
		return parse_union(p, json, space, depth);
	if (!cJSON_IsObject(json))
		return avro_refuse(p, "a type is missing");
	if (says_twice(json))
		return avro_refuse(p, "a type says something twice");
	type = cJSON_GetObjectItemCaseSensitive(json, "type");
	if (cJSON_IsString(type))
		return parse_named_type(p, type->valuestring, json, space, depth);
	/* {"type": {...}} says nothing more than what it holds. */
	return parse_type(p, type, space, depth + 1);
}

struct avro_schema *avro_schema_parse(struct slice text, struct err *err)
{
	struct avro_parser p = {.err = err};
	struct err why;

	if (text.len > AVRO_SCHEMA_MAX_TEXT)
		return avro_refuse(&p, "schema text of more than %d bytes", AVRO_SCHEMA_MAX_TEXT);
	if (json_check(text, MAX_JSON_DEPTH, &why) != 0)
		return avro_refuse(&p, "schema text: %s", why.text);
	p.schema = calloc(1, sizeof(*p.schema));
	if (p.schema == NULL)
		return avro_no_memory(&p);
	p.schema->json = cJSON_ParseWithLength(text.data, text.len);
	if (p.schema->json == NULL) {
		avro_refuse(&p, "schema text is not JSON");
		goto fail;
	}
	p.schema->root = parse_type(&p, p.schema->json, "", 0);
	if (p.schema->root != NULL && (p.schema->root->expanded > AVRO_SCHEMA_MAX_EXPANDED ||
				       p.schema->root->height > 2 * AVRO_SCHEMA_MAX_DEPTH))
		p.schema->root = avro_refuse(&p, "too large once its references are expanded");
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
