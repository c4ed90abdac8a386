#include "wire/json_record.h"

#include "wire/avro_units.h"
#include "wire/base64.h"
#include "wire/decoder.h"
#include "wire/json.h"

#include <stdlib.h>

struct reader {
	const struct layout *layout;
	bool changelog;
	struct buf *scratch;
	struct value *slots;
	struct slice names[PLAN_SLOTS]; /* as written, of the member that filled the slot */
	struct err *err;
};

/* ---- values ---- */

/* Bytes as base64 in a string. */
static int read_bytes(struct reader *r, struct slice text, struct value *out)
{
	size_t at = r->scratch->len;

	if (!base64_decode(text, r->scratch))
		return err_set(r->err, ERR_POISON, POISON_FIELD, "a decimal that is not base64");
	out->kind = VALUE_BYTES;
	out->unit = UNIT_DECIMAL;
	out->s = slice_make(r->scratch->data + at, r->scratch->len - at);
	return 0;
}

/* {"scale": 2, "value": "BNI="}, a VariableScaleDecimal. */
static int read_decimal(struct reader *r, struct slice object, struct value *out)
{
	struct slice scale_text, value_text;
	struct value scale;

	if (!json_find_member(object, "scale", &scale_text) ||
	    !json_find_member(object, "value", &value_text) || json_type_of(value_text) != JSON_STRING)
		return err_set(r->err, ERR_POISON, POISON_FIELD, "an object, which is no single value");
	if (json_scalar(scale_text, r->scratch, &scale, r->err) != 0)
		return -1;
	if (scale.kind != VALUE_LONG || scale.i != (int16_t)scale.i)
		return err_set(r->err, ERR_POISON, POISON_FIELD, "a decimal without a usable scale");
	out->scale = (int16_t)scale.i;
	return read_bytes(r, json_string(value_text, r->scratch), out);
}

static int read_value(struct reader *r, struct slice text, struct value *out)
{
	if (r->changelog && json_type_of(text) == JSON_OBJECT) {
		*out = (struct value){0};
		return read_decimal(r, text, out);
	}
	return json_scalar(text, r->scratch, out, r->err);
}

/* The members of a row into the slots from `base` on. Of members that differ
 * in case the exact one counts, of repeated ones the last. */
static int read_row(struct reader *r, struct slice object, int base)
{
	struct slice texts[RECORD_MAX_FIELDS] = {{0}}, name, value;
	int best[RECORD_MAX_FIELDS] = {0};
	struct json_cursor c = json_enter(object);

	while (json_next_member(&c, &name, &value)) {
		for (size_t k = 0; k < r->layout->count; k++) {
			int match = json_name_matches(name, r->layout->names[k]);

			if (match == 0 || match < best[k])
				continue;
			best[k] = match;
			texts[k] = value;
			r->names[base + (int)k] = name;
		}
	}
	for (size_t k = 0; k < r->layout->count; k++)
		if (best[k] > 0 && read_value(r, texts[k], &r->slots[base + (int)k]) != 0)
			return err_wrap(r->err, "field %s", r->layout->names[k]);
	return 0;
}

/* ---- shapes ---- */

static bool is_row_or_null(struct slice value)
{
	return json_type_of(value) == JSON_OBJECT || json_type_of(value) == JSON_NULL;
}

struct envelope {
	struct slice op, before, after;
	bool has_before, has_after;
};

static bool find_envelope(struct slice object, struct envelope *e)
{
	if (!json_find_member(object, "op", &e->op) || json_type_of(e->op) != JSON_STRING)
		return false;
	e->has_before = json_find_member(object, "before", &e->before) && is_row_or_null(e->before);
	e->has_after = json_find_member(object, "after", &e->after) && is_row_or_null(e->after);
	return e->has_before || e->has_after;
}

static int read_envelope_row(struct reader *r, bool has, struct slice row, int base, int mark)
{
	if (!has || json_type_of(row) == JSON_NULL)
		return 0;
	r->slots[mark].kind = VALUE_BOOL;
	r->slots[mark].i = 1;
	return read_row(r, row, base);
}

static int read_envelope(struct reader *r, const struct envelope *e)
{
	if (json_scalar(e->op, r->scratch, &r->slots[PLAN_OP], r->err) != 0)
		return -1;
	if (read_envelope_row(r, e->has_after, e->after, PLAN_FIELDS, PLAN_HAS_AFTER) != 0)
		return -1;
	return read_envelope_row(r, e->has_before, e->before, PLAN_BEFORE, PLAN_HAS_BEFORE);
}

static int read_flat(struct reader *r, struct slice object)
{
	struct slice deleted;

	if (r->changelog && json_find_member(object, "__deleted", &deleted) &&
	    json_scalar(deleted, r->scratch, &r->slots[PLAN_DELETED], r->err) != 0)
		return err_wrap(r->err, "field __deleted");
	return read_row(r, object, PLAN_FIELDS);
}

/* ---- Kafka Connect's wrapper ---- */

/* The fields of the struct called `field` inside a Connect schema; of the
 * schema itself when `field` is NULL. */
static bool schema_fields(struct slice schema, const char *field, struct slice *fields)
{
	struct slice item, name;
	struct json_cursor c;

	if (!json_find_member(schema, "fields", fields) || json_type_of(*fields) != JSON_ARRAY)
		return false;
	if (field == NULL)
		return true;
	c = json_enter(*fields);
	while (json_next_item(&c, &item))
		if (json_type_of(item) == JSON_OBJECT && json_find_member(item, "field", &name) &&
		    json_type_of(name) == JSON_STRING &&
		    json_name_matches(slice_make(name.data + 1, name.len - 2), field) == 2)
			return json_find_member(item, "fields", fields) &&
			       json_type_of(*fields) == JSON_ARRAY;
	return false;
}

static int16_t schema_scale(struct slice declaration)
{
	struct slice parameters, scale;
	char text[8] = "";

	if (!json_find_member(declaration, "parameters", &parameters) ||
	    json_type_of(parameters) != JSON_OBJECT || !json_find_member(parameters, "scale", &scale) ||
	    json_type_of(scale) != JSON_STRING || scale.len - 2 >= sizeof(text))
		return 0;
	memcpy(text, scale.data + 1, scale.len - 2);
	return (int16_t)strtol(text, NULL, 10);
}

static int apply_unit(struct reader *r, struct slice declaration, struct value *v)
{
	struct slice name;
	enum value_unit unit;

	if (!json_find_member(declaration, "name", &name) || json_type_of(name) != JSON_STRING)
		return 0;
	unit = unit_of_connect_name(slice_make(name.data + 1, name.len - 2));
	if (unit == UNIT_DECIMAL && v->kind == VALUE_STRING) {
		v->scale = schema_scale(declaration);
		return read_bytes(r, v->s, v);
	}
	if (unit != UNIT_NONE && unit != UNIT_DECIMAL && v->kind == VALUE_LONG)
		v->unit = (uint8_t)unit;
	return 0;
}

/* Units from the wrapper's schema to the slots of one row. */
static int apply_units(struct reader *r, struct slice schema, const char *struct_name, int base)
{
	struct slice fields, item, name;
	struct json_cursor c;

	if (json_type_of(schema) != JSON_OBJECT || !schema_fields(schema, struct_name, &fields))
		return 0;
	c = json_enter(fields);
	while (json_next_item(&c, &item)) {
		if (json_type_of(item) != JSON_OBJECT || !json_find_member(item, "field", &name) ||
		    json_type_of(name) != JSON_STRING)
			continue;
		name = slice_make(name.data + 1, name.len - 2);
		for (size_t k = 0; k < r->layout->count; k++) {
			struct value *v = &r->slots[base + (int)k];

			if (value_present(v) && slice_equal(r->names[base + (int)k], name) &&
			    apply_unit(r, item, v) != 0)
				return err_wrap(r->err, "field %s", r->layout->names[k]);
		}
	}
	return 0;
}

/* Takes {"schema", "payload"} off. */
static bool unwrap(struct slice text, struct slice *schema, struct slice *payload)
{
	if (json_type_of(text) != JSON_OBJECT || !json_find_member(text, "payload", payload) ||
	    !json_find_member(text, "schema", schema))
		return false;
	return is_row_or_null(*schema);
}

static struct slice trim(struct slice s)
{
	while (s.len > 0 && strchr(" \t\r\n", s.data[0]) != NULL)
		s = slice_make(s.data + 1, s.len - 1);
	while (s.len > 0 && strchr(" \t\r\n", s.data[s.len - 1]) != NULL)
		s.len--;
	return s;
}

static int read_shape(struct reader *r, struct slice text, struct slice schema, enum plan_shape *shape)
{
	struct envelope envelope;

	*shape = PLAN_RECORD;
	switch (json_type_of(text)) {
	case JSON_OBJECT:
		if (!r->changelog || !find_envelope(text, &envelope))
			return read_flat(r, text) != 0 ? -1 : apply_units(r, schema, NULL, PLAN_FIELDS);
		*shape = PLAN_ENVELOPE;
		if (read_envelope(r, &envelope) != 0 || apply_units(r, schema, "after", PLAN_FIELDS) != 0)
			return -1;
		return apply_units(r, schema, "before", PLAN_BEFORE);
	case JSON_NULL: return err_set(r->err, ERR_POISON, POISON_NULL_VALUE, "the value is JSON null");
	default: *shape = PLAN_BARE; return read_value(r, text, &r->slots[0]);
	}
}

int json_record_read(struct slice text, const struct layout *layout, bool changelog, struct buf *scratch,
		     struct value *slots, enum plan_shape *shape, struct err *err)
{
	struct reader r = {
		.layout = layout, .changelog = changelog, .scratch = scratch, .slots = slots, .err = err};
	struct slice schema = slice_make(NULL, 0), payload;

	for (int i = 0; i < PLAN_SLOTS; i++)
		slots[i] = (struct value){.kind = VALUE_ABSENT};
	if (json_check(text, JSON_MAX_DEPTH, err) != 0)
		return -1;
	/* A string is unescaped at most once and may be base64-decoded after: with
	 * this much room nothing moves while slices are handed out. */
	buf_clear(scratch);
	if (buf_reserve(scratch, 2 * text.len) == NULL)
		return err_set(err, ERR_POISON, POISON_TOO_LARGE, "JSON of %zu bytes", text.len);
	text = trim(text);
	if (unwrap(text, &schema, &payload)) {
		text = payload;
		/* A tombstone of a converter that always writes its schema. */
		if (changelog && json_type_of(payload) == JSON_NULL) {
			*shape = PLAN_RECORD;
			slots[PLAN_DELETED] = (struct value){.kind = VALUE_BOOL, .i = 1};
			return 0;
		}
	}
	return read_shape(&r, text, schema, shape);
}
