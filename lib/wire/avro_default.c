#include "wire/avro_default.h"

#include "wire/avro_encoder.h"

#include <cjson/cJSON.h>
#include <math.h>

#define EXACT 9007199254740992.0 /* 2^53: cJSON keeps numbers as doubles */

static int refuse(const struct avro_node *node, struct err *err)
{
	return err_set(err, ERR_CONFIG, 0, "a default that is no %s",
		       avro_type_name((enum avro_type)node->type));
}

static int append_whole(const struct avro_node *node, double d, struct buf *out, struct err *err)
{
	double limit = node->type == AVRO_TYPE_INT ? 2147483647.0 : EXACT;

	if (d != floor(d) || d > limit || d < -limit - 1)
		return refuse(node, err);
	avro_append_long(out, (int64_t)d);
	return 0;
}

static void append_little_endian(struct buf *out, uint64_t bits, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buf_byte(out, (uint8_t)(bits >> (8 * i)));
}

static void append_real(const struct avro_node *node, double d, struct buf *out)
{
	float single = (float)d;
	uint64_t bits;
	uint32_t half;

	memcpy(&bits, &d, sizeof(bits));
	memcpy(&half, &single, sizeof(half));
	if (node->type == AVRO_TYPE_FLOAT)
		append_little_endian(out, half, sizeof(half));
	else
		append_little_endian(out, bits, sizeof(bits));
}

/* Bytes stand in a JSON string as code points 0 to 255. */
static int append_code_points(const struct avro_node *node, const char *text, struct buf *out,
			      struct err *err)
{
	size_t count = 0, at = out->len;

	if (node->type == AVRO_TYPE_BYTES) {
		for (const char *p = text; *p != '\0'; p++)
			count += ((uint8_t)*p & 0xc0) != 0x80;
		avro_append_long(out, (int64_t)count);
		at = out->len;
	}
	for (const uint8_t *p = (const uint8_t *)text; *p != 0; p++) {
		if (*p < 0x80) {
			buf_byte(out, *p);
		} else if ((*p == 0xc2 || *p == 0xc3) && p[1] != 0) {
			buf_byte(out, (uint8_t)((*p & 0x03) << 6 | (p[1] & 0x3f)));
			p++;
		} else {
			return refuse(node, err);
		}
	}
	if (node->type == AVRO_TYPE_FIXED && out->len - at != node->size)
		return refuse(node, err);
	return 0;
}

static int append_symbol(const struct avro_node *node, const char *text, struct buf *out, struct err *err)
{
	for (uint32_t i = 0; i < node->count; i++) {
		if (slice_is(node->symbols[i], text)) {
			avro_append_long(out, i);
			return 0;
		}
	}
	return refuse(node, err);
}

static int append_items(const struct avro_node *node, const cJSON *json, struct buf *out, struct err *err)
{
	bool right = node->type == AVRO_TYPE_ARRAY ? cJSON_IsArray(json) : cJSON_IsObject(json);
	const cJSON *item;

	if (!right)
		return refuse(node, err);
	if (json->child != NULL)
		avro_append_long(out, cJSON_GetArraySize(json));
	cJSON_ArrayForEach(item, json)
	{
		if (node->type == AVRO_TYPE_MAP)
			avro_append_string(out, slice_str(item->string));
		if (avro_append_default(node->items, item, out, err) != 0)
			return -1;
	}
	avro_append_long(out, 0);
	return 0;
}

static int append_record(const struct avro_node *node, const cJSON *json, struct buf *out, struct err *err)
{
	if (!cJSON_IsObject(json))
		return refuse(node, err);
	for (uint32_t i = 0; i < node->count; i++) {
		const struct avro_field *f = &node->fields[i];
		const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, f->name);

		if (item == NULL)
			item = f->fallback;
		if (item == NULL)
			return err_set(err, ERR_CONFIG, 0, "a default without the field %s", f->name);
		if (avro_append_default(f->type, item, out, err) != 0)
			return -1;
	}
	return 0;
}

static int append_branch(const struct avro_node *node, const cJSON *json, struct buf *out, struct err *err)
{
	size_t at = out->len;

	for (uint32_t i = 0; i < node->count; i++) {
		out->len = at;
		avro_append_long(out, i);
		if (avro_append_default(node->branches[i], json, out, err) == 0)
			return 0;
	}
	return refuse(node, err);
}

int avro_append_default(const struct avro_node *node, const struct cJSON *json, struct buf *out,
			struct err *err)
{
	bool is_text = cJSON_IsString(json), is_number = cJSON_IsNumber(json);

	switch ((enum avro_type)node->type) {
	case AVRO_TYPE_NULL: return cJSON_IsNull(json) ? 0 : refuse(node, err);
	case AVRO_TYPE_BOOLEAN:
		if (!cJSON_IsBool(json))
			return refuse(node, err);
		buf_byte(out, cJSON_IsTrue(json) ? 1 : 0);
		return 0;
	case AVRO_TYPE_INT:
	case AVRO_TYPE_LONG:
		return is_number ? append_whole(node, json->valuedouble, out, err) : refuse(node, err);
	case AVRO_TYPE_FLOAT:
	case AVRO_TYPE_DOUBLE:
		if (!is_number)
			return refuse(node, err);
		append_real(node, json->valuedouble, out);
		return 0;
	case AVRO_TYPE_STRING:
		if (!is_text)
			return refuse(node, err);
		avro_append_string(out, slice_str(json->valuestring));
		return 0;
	case AVRO_TYPE_BYTES:
	case AVRO_TYPE_FIXED:
		return is_text ? append_code_points(node, json->valuestring, out, err) : refuse(node, err);
	case AVRO_TYPE_ENUM:
		return is_text ? append_symbol(node, json->valuestring, out, err) : refuse(node, err);
	case AVRO_TYPE_ARRAY:
	case AVRO_TYPE_MAP: return append_items(node, json, out, err);
	case AVRO_TYPE_RECORD: return append_record(node, json, out, err);
	case AVRO_TYPE_UNION: return append_branch(node, json, out, err);
	}
	return refuse(node, err);
}
