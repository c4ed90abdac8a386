#include "wire/avro_encoder.h"

#include "wire/avro_default.h"
#include "wire/avro_schema.h"

#include <avro.h>
#include <errno.h>
#include <stdlib.h>

#define FIRST_ROOM 512	/* bytes that most records fit */
#define KIND_ARRAY 0xff /* beside enum value_kind */

/* One of our fields, and its place in the record. */
struct step {
	const struct avro_input_field *field;
	int source; /* its index */
	const struct avro_node *node;
	avro_value_t value;
};

struct avro_encoder {
	struct avro_schema *schema; /* knows units and defaults, which avro-c drops */
	avro_value_iface_t *class;
	avro_value_t record; /* reused; fields we lack hold their default for ever */
	avro_writer_t writer;
	const struct avro_input_field *fields;
	struct step *steps;
	size_t count;
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

/* Field i of the schema: a step when it is one of ours, else its default is set. */
static int map_field(struct avro_encoder *e, uint32_t i, size_t count, struct err *err)
{
	const struct avro_field *field = &e->schema->root->fields[i];
	int source = find_source(e, count, i);
	avro_value_t value;

	if (avro_value_get_by_index(&e->record, i, &value, NULL) != 0)
		return err_set(err, ERR_CONFIG, 0, "avro-c: %s", avro_strerror());
	if (source >= 0 && !field_fits(field->type, &e->fields[source]))
		return err_set(err, ERR_CONFIG, 0, "field %s: its type cannot hold ours", field->name);
	if (source >= 0) {
		e->steps[e->count++] = (struct step){&e->fields[source], source, field->type, value};
		return 0;
	}
	if (field->fallback == NULL)
		return err_set(err, ERR_CONFIG, 0, "field %s has no default, and we have no value for it",
			       field->name);
	if (avro_set_default(&value, field->type, field->fallback, err) != 0)
		return err_wrap(err, "field %s", field->name);
	return 0;
}

/* Vetted by us first: avro-c crashes on some texts. */
static int read_schema(struct avro_encoder *e, struct slice text, struct err *err)
{
	avro_schema_t theirs;
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
	e->class = avro_generic_class_from_schema(theirs);
	rc = e->class != NULL ? avro_generic_value_new(e->class, &e->record) : -1;
	avro_schema_decref(theirs);
	return rc == 0 ? 0 : err_set(err, ERR_CONFIG, 0, "schema: avro-c: %s", avro_strerror());
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
	if (read_schema(e, schema_text, err) != 0)
		goto fail;
	e->writer = avro_writer_memory(NULL, 0);
	e->steps = calloc(e->schema->root->count + 1, sizeof(*e->steps));
	if (e->writer == NULL || e->steps == NULL) {
		err_set(err, ERR_RETRY, 0, "out of memory making an encoder");
		goto fail;
	}
	for (uint32_t i = 0; i < e->schema->root->count; i++)
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
	if (e->record.iface != NULL)
		avro_value_decref(&e->record);
	if (e->class != NULL)
		avro_value_iface_decref(e->class);
	if (e->writer != NULL)
		avro_writer_free(e->writer);
	free(e->steps);
	free(e);
}

/* ---- filling the record: 0, or anything else when the value does not fit ---- */

/* Borrowed until it is written. avro-c counts a NUL behind the text, and writes
 * one byte less: the byte behind ours is never read. */
static int set_text(avro_value_t *to, struct slice s)
{
	avro_wrapped_buffer_t text;

	avro_wrapped_buffer_new(&text, s.len ? s.data : "", s.len + 1);
	return avro_value_give_string_len(to, &text);
}

static int set_whole(avro_value_t *to, const struct avro_node *node, int64_t n, uint8_t unit)
{
	int64_t factor = 1;

	if (node->type == AVRO_TYPE_DOUBLE)
		return avro_value_set_double(to, (double)n);
	if (unit == UNIT_MILLIS && node->unit == UNIT_MICROS)
		factor = 1000;
	else if (unit == UNIT_MILLIS && node->unit == UNIT_NANOS)
		factor = 1000000;
	if (__builtin_mul_overflow(n, factor, &n))
		return -1;
	if (node->type == AVRO_TYPE_LONG)
		return avro_value_set_long(to, n);
	return n == (int32_t)n ? avro_value_set_int(to, (int32_t)n) : -1;
}

/* Goes into the branch when there is one. */
static const struct avro_node *enter(avro_value_t *to, const struct avro_node *node, uint8_t kind,
				     uint8_t unit)
{
	avro_value_t inner;
	int branch;

	node = choose(node, kind, unit, &branch);
	if (node == NULL || branch < 0)
		return node;
	if (avro_value_set_branch(to, branch, &inner) != 0)
		return NULL;
	*to = inner;
	return node;
}

static int set_scalar(avro_value_t to, const struct avro_node *node, const struct value *v, uint8_t unit)
{
	uint8_t kind = value_present(v) ? v->kind : VALUE_NULL;

	node = enter(&to, node, kind, unit);
	if (node == NULL)
		return -1;
	switch (kind) {
	case VALUE_STRING: return set_text(&to, v->s);
	case VALUE_BOOL: return avro_value_set_boolean(&to, v->i != 0);
	case VALUE_DOUBLE: return avro_value_set_double(&to, v->d);
	case VALUE_LONG: return set_whole(&to, node, v->i, unit);
	default: return avro_value_set_null(&to);
	}
}

static int set_array(avro_value_t to, const struct avro_node *node, const struct avro_input *in)
{
	avro_value_t item;

	node = enter(&to, node, KIND_ARRAY, UNIT_NONE);
	if (node == NULL || avro_value_reset(&to) != 0)
		return -1;
	for (size_t i = 0; i < in->item_count; i++)
		if (avro_value_append(&to, &item, NULL) != 0 ||
		    set_scalar(item, node->items, &in->items[i], UNIT_NONE) != 0)
			return -1;
	return 0;
}

/* An array is null when its scalar says so. */
static int set_field(const struct step *step, const struct avro_input *in)
{
	if (step->field->is_array && in->scalar.kind != VALUE_NULL)
		return set_array(step->value, step->node, in);
	return set_scalar(step->value, step->node, &in->scalar, step->field->unit);
}

/* ---- writing ---- */

static int write_record(struct avro_encoder *e, struct buf *out)
{
	for (size_t room = FIRST_ROOM;; room *= 2) {
		size_t most = out->max - out->len;
		char *to;
		int rc;

		if (room > most)
			room = most;
		to = buf_reserve(out, room);
		if (to == NULL)
			return -1;
		avro_writer_memory_set_dest(e->writer, to, (int64_t)room);
		rc = avro_value_write(e->writer, &e->record);
		if (rc == 0)
			out->len += (size_t)avro_writer_tell(e->writer);
		if (rc != ENOSPC || room == most)
			return rc;
	}
}

int avro_encoder_write(struct avro_encoder *e, const struct avro_input *inputs, struct buf *out,
		       struct err *err)
{
	for (size_t i = 0; i < e->count; i++)
		if (set_field(&e->steps[i], &inputs[e->steps[i].source]) != 0)
			return err_set(err, ERR_FATAL, 0, "field %s: the value does not fit its type",
				       e->steps[i].field->name);
	if (buf_failed(out) || write_record(e, out) != 0)
		return err_set(err, ERR_FATAL, 0, "a record of more than %zu bytes", out->max);
	return 0;
}
