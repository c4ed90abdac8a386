#include "wire/avro_default.h"

#include "base/buf.h"

#include <cjson/cJSON.h>
#include <math.h>

#define EXACT 9007199254740992.0 /* 2^53: cJSON keeps numbers as doubles */

/* The setters: 0, or anything else when the JSON is not such a value. */

static int set_number(avro_value_t *value, const struct avro_node *node, double d)
{
	if (node->type == AVRO_TYPE_FLOAT)
		return avro_value_set_float(value, (float)d);
	if (node->type == AVRO_TYPE_DOUBLE)
		return avro_value_set_double(value, d);
	if (!(d == floor(d) && d >= -EXACT && d <= EXACT))
		return -1;
	if (node->type == AVRO_TYPE_LONG)
		return avro_value_set_long(value, (int64_t)d);
	return d == (int32_t)(int64_t)d ? avro_value_set_int(value, (int32_t)d) : -1;
}

/* Bytes stand in a JSON string as code points 0 to 255. */
static int set_bytes(avro_value_t *value, const struct avro_node *node, const char *text)
{
	struct buf bytes;
	int rc = -1;

	buf_init(&bytes, AVRO_SCHEMA_MAX_TEXT);
	for (const uint8_t *p = (const uint8_t *)text; *p != 0; p++) {
		if (*p < 0x80) {
			buf_byte(&bytes, *p);
		} else if ((*p == 0xc2 || *p == 0xc3) && p[1] != 0) {
			buf_byte(&bytes, (uint8_t)((*p & 0x03) << 6 | (p[1] & 0x3f)));
			p++;
		} else {
			goto out;
		}
	}
	if (buf_reserve(&bytes, 1) == NULL) /* data is not NULL then, even of no bytes */
		goto out;
	if (node->type == AVRO_TYPE_FIXED)
		rc = avro_value_set_fixed(value, bytes.data, bytes.len);
	else
		rc = avro_value_set_bytes(value, bytes.data, bytes.len);
out:
	buf_release(&bytes);
	return rc;
}

static int set_symbol(avro_value_t *value, const struct avro_node *node, const char *text)
{
	for (uint32_t i = 0; i < node->count; i++)
		if (slice_is(node->symbols[i], text))
			return avro_value_set_enum(value, (int)i);
	return -1;
}

static int set(avro_value_t *value, const struct avro_node *node, const cJSON *json);

static int set_items(avro_value_t *value, const struct avro_node *node, const cJSON *json)
{
	bool is_map = node->type == AVRO_TYPE_MAP;
	const cJSON *item;
	avro_value_t child;

	if (!(is_map ? cJSON_IsObject(json) : cJSON_IsArray(json)))
		return -1;
	cJSON_ArrayForEach(item, json)
	{
		if ((is_map ? avro_value_add(value, item->string, &child, NULL, NULL)
			    : avro_value_append(value, &child, NULL)) != 0 ||
		    set(&child, node->items, item) != 0)
			return -1;
	}
	return 0;
}

static int set_record(avro_value_t *value, const struct avro_node *node, const cJSON *json)
{
	avro_value_t child;

	if (!cJSON_IsObject(json))
		return -1;
	for (uint32_t i = 0; i < node->count; i++) {
		const struct avro_field *f = &node->fields[i];
		const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, f->name);

		if (item == NULL)
			item = f->fallback;
		if (item == NULL || avro_value_get_by_index(value, i, &child, NULL) != 0 ||
		    set(&child, f->type, item) != 0)
			return -1;
	}
	return 0;
}

static int set_branch(avro_value_t *value, const struct avro_node *node, const cJSON *json)
{
	avro_value_t branch;

	for (uint32_t i = 0; i < node->count; i++)
		if (avro_value_set_branch(value, (int)i, &branch) == 0 &&
		    set(&branch, node->branches[i], json) == 0)
			return 0;
	return -1;
}

static int set(avro_value_t *value, const struct avro_node *node, const cJSON *json)
{
	bool is_text = cJSON_IsString(json);

	switch ((enum avro_type)node->type) {
	case AVRO_TYPE_NULL: return cJSON_IsNull(json) ? avro_value_set_null(value) : -1;
	case AVRO_TYPE_BOOLEAN:
		return cJSON_IsBool(json) ? avro_value_set_boolean(value, cJSON_IsTrue(json)) : -1;
	case AVRO_TYPE_INT:
	case AVRO_TYPE_LONG:
	case AVRO_TYPE_FLOAT:
	case AVRO_TYPE_DOUBLE: return cJSON_IsNumber(json) ? set_number(value, node, json->valuedouble) : -1;
	case AVRO_TYPE_STRING: return is_text ? avro_value_set_string(value, json->valuestring) : -1;
	case AVRO_TYPE_BYTES:
	case AVRO_TYPE_FIXED: return is_text ? set_bytes(value, node, json->valuestring) : -1;
	case AVRO_TYPE_ENUM: return is_text ? set_symbol(value, node, json->valuestring) : -1;
	case AVRO_TYPE_ARRAY:
	case AVRO_TYPE_MAP: return set_items(value, node, json);
	case AVRO_TYPE_RECORD: return set_record(value, node, json);
	case AVRO_TYPE_UNION: return set_branch(value, node, json);
	}
	return -1;
}

int avro_set_default(avro_value_t *value, const struct avro_node *node, const struct cJSON *json,
		     struct err *err)
{
	if (set(value, node, json) == 0)
		return 0;
	return err_set(err, ERR_CONFIG, 0, "a default that is no %s",
		       avro_type_name((enum avro_type)node->type));
}
