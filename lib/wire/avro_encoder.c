#include "wire/avro_encoder.h"

#include "wire/avro_default.h"
#include "wire/avro_schema.h"

#include <avro.h>
#include <endian.h>
#include <stdlib.h>

#define KIND_ARRAY   0xff /* beside enum value_kind */
#define DEFAULTS_MAX AVRO_SCHEMA_MAX_TEXT

/* A field of the schema: one of ours, or the bytes of its default. */
struct step {
	const struct avro_input_field *field; /* NULL: the default */
	int source;			      /* its index */
	const struct avro_node *node;
	size_t from, len; /* in `defaults` */
};

struct avro_encoder {
	struct avro_schema *schema;
	const struct avro_input_field *fields;
	struct step *steps; /* one a field of the schema, in its order */
	size_t count;
	struct buf defaults;
};

/* ---- what a type can hold: asked once for kinds, and again for each union ---- */

static bool unit_fits(uint8_t ours, uint8_t theirs)
{
	if (theirs == UNIT_NONE || theirs == ours)
		return true;
	if (ours == UNIT_NONE) /* a plain long is milliseconds */
		return theirs == UNIT_MILLIS;
	return ours == UNIT_MILLIS && (theirs == UNIT_MICROS || theirs == UNIT_NANOS);
}

static bool holds(const struct avro_node *node, uint8_t kind, uint8_t unit)
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
	case KIND_ARRAY: return node->type == AVRO_TYPE_ARRAY;
	default: return false;
	}
}

/* The node itself, or the first branch of a union, that holds such a value;
 * NULL when there is none. `branch` is -1 outside of unions. */
static const struct avro_node *choose(const struct avro_node *node, uint8_t kind, uint8_t unit, int *branch)
{
	*branch = -1;
	if (node->type != AVRO_TYPE_UNION)
		return holds(node, kind, unit) ? node : NULL;
	for (uint32_t i = 0; i < node->count; i++) {
		if (holds(node->branches[i], kind, unit)) {
			*branch = (int)i;
			return node->branches[i];
		}
	}
	return NULL;
}

static bool field_fits(const struct avro_node *node, const struct avro_input_field *f)
{
	int branch;

	if (f->nullable && choose(node, VALUE_NULL, UNIT_NONE, &branch) == NULL)
		return false;
	if (!f->is_array)
		return choose(node, f->kind, f->unit, &branch) != NULL;
	node = choose(node, KIND_ARRAY, UNIT_NONE, &branch);
	return node != NULL && choose(node->items, f->kind, f->unit, &branch) != NULL &&
	       choose(node->items, VALUE_NULL, UNIT_NONE, &branch) != NULL;
}

/* ---- making ---- */

static int find_source(const struct avro_encoder *e, size_t count, uint32_t at)
{
	for (size_t k = 0; k < count; k++)
		if (avro_record_find(e->schema->root, e->fields[k].name) == (int)at)
			return (int)k;
	return -1;
}

/* The bytes of a default, by avro-c: once, and so for ever. */
static int encode_default(struct avro_encoder *e, struct step *step, avro_value_t *value,
			  const struct avro_field *field, struct err *err)
{
	avro_writer_t writer;
	size_t size;
	char *to;
	int rc;

	if (field->fallback == NULL)
		return err_set(err, ERR_CONFIG, 0, "field %s has no default, and we have no value for it",
			       field->name);
	if (avro_set_default(value, field->type, field->fallback, err) != 0)
		return err_wrap(err, "field %s", field->name);
	if (avro_value_sizeof(value, &size) != 0)
		return err_set(err, ERR_CONFIG, 0, "field %s: avro-c: %s", field->name, avro_strerror());
	to = buf_reserve(&e->defaults, size + 1);
	writer = to != NULL ? avro_writer_memory(to, (int64_t)size) : NULL;
	rc = writer != NULL ? avro_value_write(writer, value) : -1;
	if (writer != NULL)
		avro_writer_free(writer);
	if (rc != 0)
		return err_set(err, ERR_RETRY, 0, "out of memory making an encoder");
	*step = (struct step){.from = e->defaults.len, .len = size};
	e->defaults.len += size;
	return 0;
}

/* Field i of the schema. `record` is avro-c's, for defaults. */
static int map_field(struct avro_encoder *e, uint32_t i, size_t count, avro_value_t *record, struct err *err)
{
	const struct avro_field *field = &e->schema->root->fields[i];
	struct step *step = &e->steps[e->count++];
	int source = find_source(e, count, i);
	avro_value_t value;

	if (source < 0) {
		if (avro_value_get_by_index(record, i, &value, NULL) != 0)
			return err_set(err, ERR_CONFIG, 0, "avro-c: %s", avro_strerror());
		return encode_default(e, step, &value, field, err);
	}
	if (!field_fits(field->type, &e->fields[source]))
		return err_set(err, ERR_CONFIG, 0, "field %s: its type cannot hold ours", field->name);
	*step = (struct step){.field = &e->fields[source], .source = source, .node = field->type};
	return 0;
}

static int map_fields(struct avro_encoder *e, size_t count, avro_value_t *record, struct err *err)
{
	e->steps = calloc(e->schema->root->count + 1, sizeof(*e->steps));
	if (e->steps == NULL)
		return err_set(err, ERR_RETRY, 0, "out of memory making an encoder");
	for (uint32_t i = 0; i < e->schema->root->count; i++)
		if (map_field(e, i, count, record, err) != 0)
			return -1;
	return 0;
}

/* Vetted by us first: avro-c crashes on some texts. What we accept and it does
 * not is refused, since our readers may use it. */
static int read_schema(struct avro_encoder *e, struct slice text, size_t count, struct err *err)
{
	avro_value_iface_t *class;
	avro_schema_t theirs;
	avro_value_t record;
	int rc;

	e->schema = avro_schema_parse(text, err);
	if (e->schema == NULL) {
		if (err != NULL && err->class == ERR_POISON)
			err->class = ERR_CONFIG;
		return -1;
	}
	if (e->schema->root->type != AVRO_TYPE_RECORD)
		return err_set(err, ERR_CONFIG, 0, "the schema is no record");
	if (avro_schema_from_json_length(text.data, text.len, &theirs) != 0)
		return err_set(err, ERR_CONFIG, 0, "schema: avro-c: %s", avro_strerror());
	class = avro_generic_class_from_schema(theirs);
	rc = class != NULL ? avro_generic_value_new(class, &record) : -1;
	avro_schema_decref(theirs);
	if (rc != 0) {
		err_set(err, ERR_CONFIG, 0, "schema: avro-c: %s", avro_strerror());
	} else {
		rc = map_fields(e, count, &record, err);
		avro_value_decref(&record);
	}
	if (class != NULL)
		avro_value_iface_decref(class);
	return rc;
}

struct avro_encoder *avro_encoder_new(struct slice schema_text, const struct avro_input_field *fields,
				      size_t count, struct err *err)
{
	struct avro_encoder *e = calloc(1, sizeof(*e));

	if (e == NULL) {
		err_set(err, ERR_RETRY, 0, "out of memory making an encoder");
		return NULL;
	}
	e->fields = fields;
	buf_init(&e->defaults, DEFAULTS_MAX);
	if (read_schema(e, schema_text, count, err) == 0)
		return e;
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

/* ---- writing: -1 means that a value does not fit its type; a full buffer shows in the end ----
 *
 * (Avro specification, "Binary encoding") */

#define NUMBER_MAX 10 /* bytes */

static char *put_long(char *to, int64_t n)
{
	uint64_t raw = (uint64_t)n << 1 ^ (uint64_t)(n >> 63);

	for (; raw >= 0x80; raw >>= 7)
		*to++ = (char)(raw | 0x80);
	*to++ = (char)raw;
	return to;
}

static char *put_double(char *to, double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	bits = htole64(bits);
	memcpy(to, &bits, sizeof(bits));
	return to + sizeof(bits);
}

/* NULL when it does not fit. */
static char *put_whole(char *to, const struct avro_node *node, int64_t n, uint8_t unit)
{
	int64_t factor = 1;

	if (node->type == AVRO_TYPE_DOUBLE)
		return put_double(to, (double)n);
	if (unit == UNIT_MILLIS && node->unit == UNIT_MICROS)
		factor = 1000;
	else if (unit == UNIT_MILLIS && node->unit == UNIT_NANOS)
		factor = 1000000;
	if (__builtin_mul_overflow(n, factor, &n) || (node->type == AVRO_TYPE_INT && n != (int32_t)n))
		return NULL;
	return put_long(to, n);
}

/* Goes into the branch when there is one. */
static const struct avro_node *enter(char **to, const struct avro_node *node, uint8_t kind, uint8_t unit)
{
	int branch;

	node = choose(node, kind, unit, &branch);
	if (node != NULL && branch >= 0)
		*to = put_long(*to, branch);
	return node;
}

static void append(struct buf *out, struct slice head, struct slice text)
{
	char *to = buf_reserve(out, head.len + text.len);

	if (to == NULL)
		return;
	memcpy(to, head.data, head.len);
	if (text.len > 0)
		memcpy(to + head.len, text.data, text.len);
	out->len += head.len + text.len;
}

/* Branch, number or length stand before the text, if there is one. */
static int write_scalar(const struct avro_node *node, const struct value *v, uint8_t unit, struct buf *out)
{
	uint8_t kind = value_present(v) ? v->kind : VALUE_NULL;
	char head[2 * NUMBER_MAX], *to = head;

	node = enter(&to, node, kind, unit);
	if (node == NULL)
		return -1;
	switch (kind) {
	case VALUE_STRING: to = put_long(to, (int64_t)v->s.len); break;
	case VALUE_BOOL: *to++ = v->i != 0; break;
	case VALUE_DOUBLE: to = put_double(to, v->d); break;
	case VALUE_LONG: to = put_whole(to, node, v->i, unit); break;
	default: break; /* null takes no byte */
	}
	if (to == NULL)
		return -1;
	append(out, slice_make(head, (size_t)(to - head)), kind == VALUE_STRING ? v->s : slice_make(NULL, 0));
	return 0;
}

static void write_count(size_t count, struct buf *out)
{
	char number[NUMBER_MAX];

	buf_append(out, number, (size_t)(put_long(number, (int64_t)count) - number));
}

/* One block of all items, and the empty one that ends an array. */
static int write_array(const struct avro_node *node, const struct avro_input *in, struct buf *out)
{
	char head[NUMBER_MAX], *to = head;

	node = enter(&to, node, KIND_ARRAY, UNIT_NONE);
	if (node == NULL)
		return -1;
	buf_append(out, head, (size_t)(to - head));
	if (in->item_count > 0)
		write_count(in->item_count, out);
	for (size_t i = 0; i < in->item_count; i++)
		if (write_scalar(node->items, &in->items[i], UNIT_NONE, out) != 0)
			return -1;
	write_count(0, out);
	return 0;
}

/* An array is null when its scalar says so. */
static int write_field(const struct step *step, const struct avro_input *in, struct buf *out)
{
	if (step->field->is_array && in->scalar.kind != VALUE_NULL)
		return write_array(step->node, in, out);
	return write_scalar(step->node, &in->scalar, step->field->unit, out);
}

int avro_encoder_write(const struct avro_encoder *e, const struct avro_input *inputs, struct buf *out,
		       struct err *err)
{
	size_t begin = out->len;

	for (size_t i = 0; i < e->count; i++) {
		const struct step *step = &e->steps[i];

		if (step->field == NULL) {
			buf_append(out, e->defaults.data + step->from, step->len);
		} else if (write_field(step, &inputs[step->source], out) != 0) {
			out->len = begin;
			return err_set(err, ERR_FATAL, 0, "field %s: the value does not fit its type",
				       step->field->name);
		}
	}
	if (!buf_failed(out))
		return 0;
	out->len = begin;
	return err_set(err, ERR_FATAL, 0, "a record of more than %zu bytes", out->max);
}
