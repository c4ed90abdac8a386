#include "wire/avro_encoder.h"

#include "wire/avro_default.h"
#include "wire/avro_schema.h"

#include <stdlib.h>

#define MAX_DEFAULTS (64 * 1024) /* bytes of all defaults together */

/* One field of the schema, in its order. */
struct step {
	const struct avro_node *node;
	int source;	     /* which of our fields, or -1 */
	size_t from, length; /* source -1: its default, within `defaults` */
};

struct avro_encoder {
	struct avro_schema *schema;
	const struct avro_input_field *fields;
	struct buf defaults;
	struct step *steps;
	size_t count;
};

void avro_append_long(struct buf *b, int64_t v)
{
	uint64_t raw = (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
	uint8_t bytes[10];
	size_t n = 0;

	while (raw >= 0x80) {
		bytes[n++] = (uint8_t)(raw | 0x80);
		raw >>= 7;
	}
	bytes[n++] = (uint8_t)raw;
	buf_append(b, bytes, n);
}

void avro_append_string(struct buf *b, struct slice s)
{
	avro_append_long(b, (int64_t)s.len);
	buf_slice(b, s);
}

/* ---- what a type can hold: asked once for kinds, and again for each union ---- */

static bool unit_fits(uint8_t ours, uint8_t theirs)
{
	if (theirs == UNIT_NONE || theirs == ours)
		return true;
	if (ours == UNIT_NONE) /* a plain long is milliseconds */
		return theirs == UNIT_MILLIS;
	return ours == UNIT_MILLIS && (theirs == UNIT_MICROS || theirs == UNIT_NANOS);
}

static bool scalar_fits(const struct avro_node *node, uint8_t kind, uint8_t unit)
{
	switch (kind) {
	case VALUE_NULL: return node->type == AVRO_TYPE_NULL;
	case VALUE_STRING: return node->type == AVRO_TYPE_STRING;
	case VALUE_BOOL: return node->type == AVRO_TYPE_BOOLEAN;
	case VALUE_DOUBLE: return node->type == AVRO_TYPE_DOUBLE;
	case VALUE_LONG:
		if (node->type == AVRO_TYPE_LONG || node->type == AVRO_TYPE_INT)
			return unit_fits(unit, node->unit);
		return node->type == AVRO_TYPE_DOUBLE && unit == UNIT_NONE;
	default: return false;
	}
}

/* The branch to write for a kind; -1 when there is none. */
static int branch_for(const struct avro_node *node, uint8_t kind, uint8_t unit)
{
	for (uint32_t i = 0; i < node->count; i++)
		if (scalar_fits(node->branches[i], kind, unit))
			return (int)i;
	return -1;
}

static bool value_fits(const struct avro_node *node, uint8_t kind, uint8_t unit)
{
	if (node->type == AVRO_TYPE_UNION)
		return branch_for(node, kind, unit) >= 0;
	return scalar_fits(node, kind, unit);
}

static int array_branch(const struct avro_node *node)
{
	for (uint32_t i = 0; node->type == AVRO_TYPE_UNION && i < node->count; i++)
		if (node->branches[i]->type == AVRO_TYPE_ARRAY)
			return (int)i;
	return -1;
}

static bool field_fits(const struct avro_node *node, const struct avro_input_field *f)
{
	const struct avro_node *array = node;

	if (f->nullable && !value_fits(node, VALUE_NULL, UNIT_NONE))
		return false;
	if (!f->is_array)
		return value_fits(node, f->kind, f->unit);
	if (node->type == AVRO_TYPE_UNION && array_branch(node) >= 0)
		array = node->branches[array_branch(node)];
	return array->type == AVRO_TYPE_ARRAY && value_fits(array->items, f->kind, f->unit) &&
	       value_fits(array->items, VALUE_NULL, UNIT_NONE);
}

/* ---- making ---- */

static int find_source(const struct avro_input_field *fields, size_t count, const struct avro_node *record,
		       uint32_t at)
{
	for (size_t k = 0; k < count; k++)
		if (avro_record_find(record, fields[k].name) == (int)at)
			return (int)k;
	return -1;
}

static int map_field(struct avro_encoder *e, uint32_t i, size_t count, struct err *err)
{
	const struct avro_node *root = e->schema->root;
	const struct avro_field *field = &root->fields[i];
	struct step *step = &e->steps[i];

	*step = (struct step){.node = field->type, .source = find_source(e->fields, count, root, i)};
	if (step->source >= 0) {
		if (field_fits(field->type, &e->fields[step->source]))
			return 0;
		return err_set(err, ERR_CONFIG, 0, "field %s: its type cannot hold ours", field->name);
	}
	if (field->fallback == NULL)
		return err_set(err, ERR_CONFIG, 0, "field %s has no default, and we have no value for it",
			       field->name);
	step->from = e->defaults.len;
	if (avro_append_default(field->type, field->fallback, &e->defaults, err) != 0)
		return err_wrap(err, "field %s", field->name);
	if (buf_failed(&e->defaults))
		return err_set(err, ERR_CONFIG, 0, "defaults of more than %d bytes", MAX_DEFAULTS);
	step->length = e->defaults.len - step->from;
	return 0;
}

struct avro_encoder *avro_encoder_new(struct slice schema_text, const struct avro_input_field *fields,
				      size_t count, struct err *err)
{
	struct avro_encoder *e = calloc(1, sizeof(*e));

	if (e == NULL) {
		err_set(err, ERR_RETRY, 0, "out of memory making an encoder");
		return NULL;
	}
	buf_init(&e->defaults, MAX_DEFAULTS);
	e->fields = fields;
	e->schema = avro_schema_parse(schema_text, err);
	if (e->schema == NULL) {
		if (err != NULL && err->class == ERR_POISON)
			err->class = ERR_CONFIG;
		goto fail;
	}
	if (e->schema->root->type != AVRO_TYPE_RECORD) {
		err_set(err, ERR_CONFIG, 0, "the schema is no record");
		goto fail;
	}
	e->count = e->schema->root->count;
	e->steps = calloc(e->count ? e->count : 1, sizeof(*e->steps));
	if (e->steps == NULL) {
		err_set(err, ERR_RETRY, 0, "out of memory making an encoder");
		goto fail;
	}
	for (uint32_t i = 0; i < e->count; i++)
		if (map_field(e, i, count, err) != 0)
			goto fail;
	return e;
fail:
	avro_encoder_free(e);
	return NULL;
}

void avro_encoder_free(struct avro_encoder *e)
{
	if (e == NULL)
		return;
	avro_schema_free(e->schema);
	buf_release(&e->defaults);
	free(e->steps);
	free(e);
}

/* ---- writing ---- */

static int put_whole(const struct avro_node *node, const struct value *v, uint8_t unit, struct buf *out)
{
	int64_t factor = 1, n;

	if (unit == UNIT_MILLIS && node->unit == UNIT_MICROS)
		factor = 1000;
	else if (unit == UNIT_MILLIS && node->unit == UNIT_NANOS)
		factor = 1000000;
	if (__builtin_mul_overflow(v->i, factor, &n))
		return -1;
	if (node->type == AVRO_TYPE_INT && n != (int32_t)n)
		return -1;
	avro_append_long(out, n);
	return 0;
}

static void put_double(double d, struct buf *out)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	for (int i = 0; i < 8; i++)
		buf_byte(out, (uint8_t)(bits >> (8 * i)));
}

static int put_scalar(const struct avro_node *node, const struct value *v, uint8_t unit, struct buf *out)
{
	uint8_t kind = value_present(v) ? v->kind : VALUE_NULL;
	int branch;

	if (node->type == AVRO_TYPE_UNION) {
		branch = branch_for(node, kind, unit);
		if (branch < 0)
			return -1;
		avro_append_long(out, branch);
		node = node->branches[branch];
	}
	if (!scalar_fits(node, kind, unit))
		return -1;
	switch (kind) {
	case VALUE_STRING: avro_append_string(out, v->s); return 0;
	case VALUE_BOOL: buf_byte(out, v->i ? 1 : 0); return 0;
	case VALUE_DOUBLE: put_double(v->d, out); return 0;
	case VALUE_LONG:
		if (node->type != AVRO_TYPE_DOUBLE)
			return put_whole(node, v, unit, out);
		put_double((double)v->i, out);
		return 0;
	default: return 0; /* null has no bytes */
	}
}

static int put_array(const struct avro_node *node, const struct avro_input *in, struct buf *out)
{
	int branch = array_branch(node);

	if (branch >= 0) {
		avro_append_long(out, branch);
		node = node->branches[branch];
	}
	if (in->item_count > 0)
		avro_append_long(out, (int64_t)in->item_count);
	for (size_t i = 0; i < in->item_count; i++)
		if (put_scalar(node->items, &in->items[i], UNIT_NONE, out) != 0)
			return -1;
	avro_append_long(out, 0);
	return 0;
}

/* An array is null when its scalar says so. */
static int put_field(const struct step *step, const struct avro_input_field *f, const struct avro_input *in,
		     struct buf *out)
{
	if (f->is_array && in->scalar.kind != VALUE_NULL)
		return put_array(step->node, in, out);
	return put_scalar(step->node, &in->scalar, f->unit, out);
}

int avro_encoder_write(const struct avro_encoder *e, const struct avro_input *inputs, struct buf *out,
		       struct err *err)
{
	for (size_t i = 0; i < e->count; i++) {
		const struct step *step = &e->steps[i];
		const struct avro_input_field *f = &e->fields[step->source < 0 ? 0 : step->source];

		if (step->source < 0 && step->length > 0)
			buf_append(out, e->defaults.data + step->from, step->length);
		else if (step->source >= 0 && put_field(step, f, &inputs[step->source], out) != 0)
			return err_set(err, ERR_FATAL, 0, "field %s: the value does not fit its type",
				       f->name);
	}
	if (buf_failed(out))
		return err_set(err, ERR_FATAL, 0, "a record of more than %zu bytes", out->max);
	return 0;
}
