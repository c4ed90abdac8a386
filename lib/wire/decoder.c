#include "wire/decoder.h"

#include "base/utf8.h"
#include "wire/debezium.h"
#include "wire/framing.h"
#include "wire/json_record.h"
#include "wire/schema_cache.h"

#include <stdlib.h>

#define DEFAULT_MAX_MESSAGE (1024 * 1024)

struct decoder {
	struct decoder_options options;
	struct schema_cache schemas;
	struct value slots[PLAN_SLOTS];
	struct value key_slots[PLAN_SLOTS];
	struct buf scratch, key_scratch; /* unescaped JSON strings, until the next message */
};

struct decoder *decoder_new(const struct decoder_options *options, struct err *err)
{
	struct decoder *d;

	if (options->layout.count == 0 || options->layout.count > RECORD_MAX_FIELDS) {
		err_set(err, ERR_FATAL, 0, "a layout of %zu fields", options->layout.count);
		return NULL;
	}
	d = calloc(1, sizeof(*d));
	if (d == NULL) {
		err_set(err, ERR_RETRY, 0, "out of memory making a decoder");
		return NULL;
	}
	d->options = *options;
	if (d->options.max_message == 0)
		d->options.max_message = DEFAULT_MAX_MESSAGE;
	schema_cache_init(&d->schemas);
	buf_init(&d->scratch, 2 * d->options.max_message);
	buf_init(&d->key_scratch, 2 * d->options.max_message);
	return d;
}

void decoder_free(struct decoder *d)
{
	if (d == NULL)
		return;
	schema_cache_release(&d->schemas);
	buf_release(&d->scratch);
	buf_release(&d->key_scratch);
	free(d);
}

static enum decode_result poison(struct err *err, enum poison reason, const char *text)
{
	err_set(err, ERR_POISON, (int)reason, "%s", text);
	return DECODE_POISON;
}

/* ---- payloads ---- */

static enum decode_result unusable(const struct schema_entry *e, struct err *err)
{
	char ref[SCHEMA_REF_TEXT];

	schema_ref_text(&e->ref, ref);
	err_set(err, ERR_POISON, POISON_SCHEMA, "schema %s: %s", ref,
		e->reason ? e->reason : "not in the registry");
	return DECODE_POISON;
}

__attribute__((noinline, cold)) static enum decode_result name_schema(const struct schema_entry *e,
								      struct err *err)
{
	char ref[SCHEMA_REF_TEXT];

	schema_ref_text(&e->ref, ref);
	err_wrap(err, "schema %s", ref);
	return DECODE_POISON;
}

static enum decode_result run_plan(const struct schema_entry *e, struct slice body, struct value *slots,
				   enum plan_shape *shape, struct err *err)
{
	*shape = avro_plan_shape(e->plan);
	return avro_plan_run(e->plan, body, slots, err) == 0 ? DECODE_OK : name_schema(e, err);
}

/* The plan, JSON (*entry NULL), or why not. */
static enum decode_result value_schema(struct decoder *d, const struct framing *f,
				       struct schema_entry **entry, struct schema_ref *needed,
				       struct err *err)
{
	enum value_format format = d->options.format;

	*entry = NULL;
	if (format == FORMAT_JSON || (!f->has_schema && format == FORMAT_AUTO))
		return DECODE_OK;
	if (!f->has_schema)
		return poison(err, POISON_FRAMING, "the value names no schema");
	if (format == FORMAT_JSON_SCHEMA)
		return DECODE_OK;
	*entry = schema_cache_get(&d->schemas, &f->ref);
	if (*entry == NULL) {
		*needed = f->ref;
		return DECODE_NEEDS_SCHEMA;
	}
	switch ((*entry)->state) {
	case SCHEMA_AVRO:
		if (avro_plan_shape((*entry)->plan) == PLAN_BARE)
			return poison(err, POISON_SCHEMA, "the schema of the value is no record");
		return DECODE_OK;
	case SCHEMA_JSON:
		if (format == FORMAT_AVRO)
			return poison(err, POISON_SCHEMA, "the schema of the value is JSON, not Avro");
		*entry = NULL;
		return DECODE_OK;
	default: return unusable(*entry, err);
	}
}

static enum decode_result read_json(struct decoder *d, struct slice body, struct value *slots,
				    struct buf *scratch, enum plan_shape *shape, struct err *err)
{
	return json_record_read(body, &d->options.layout, d->options.changelog, scratch, slots, shape, err) ==
			       0
		       ? DECODE_OK
		       : DECODE_POISON;
}

/* ---- keys ---- */

/* Keys of plain serialisers: text, or a big-endian int or long (which begins
 * with a byte that no text begins with). */
static enum decode_result read_bare_key(struct slice key, struct value *out, struct err *err)
{
	bool binary = (uint8_t)key.data[0] < 0x20 || (uint8_t)key.data[0] >= 0x80;
	uint64_t bits = 0;

	if (binary && (key.len == 4 || key.len == 8)) {
		for (size_t i = 0; i < key.len; i++)
			bits = bits << 8 | (uint8_t)key.data[i];
		out->kind = VALUE_LONG;
		out->i = key.len == 4 ? (int32_t)bits : (int64_t)bits;
		return DECODE_OK;
	}
	if (!utf8_valid(key))
		return poison(err, POISON_BYTES, "the key is neither framed, JSON, text nor a number");
	out->kind = VALUE_STRING;
	out->s = key;
	return DECODE_OK;
}

static enum decode_result decode_key(struct decoder *d, const struct message *m, struct schema_ref *needed,
				     struct err *err)
{
	enum plan_shape shape;
	struct schema_entry *e;
	struct framing f;

	for (int i = 0; i < PLAN_SLOTS; i++)
		d->key_slots[i] = (struct value){.kind = VALUE_ABSENT};
	if (!m->has_key)
		return poison(err, POISON_NULL_VALUE, "the key is null");
	if (m->key.len > d->options.max_message)
		return poison(err, POISON_TOO_LARGE, "the key is too large");
	if (framing_of_key(m, &f, err) != 0)
		return DECODE_POISON;
	/* Beside plain JSON a key of eight bytes is a number, whatever it begins with. */
	if (d->options.format == FORMAT_JSON)
		f = (struct framing){.body = m->key};
	if (!f.has_schema && f.body.len == 0)
		return poison(err, POISON_FRAMING, "the key is empty");
	if (!f.has_schema && f.body.data[0] != '{' && f.body.data[0] != '"')
		return read_bare_key(f.body, &d->key_slots[0], err);
	if (!f.has_schema)
		return read_json(d, f.body, d->key_slots, &d->key_scratch, &shape, err);
	e = schema_cache_get(&d->schemas, &f.ref);
	if (e == NULL) {
		*needed = f.ref;
		return DECODE_NEEDS_SCHEMA;
	}
	switch (e->state) {
	case SCHEMA_AVRO: return run_plan(e, f.body, d->key_slots, &shape, err);
	case SCHEMA_JSON: return read_json(d, f.body, d->key_slots, &d->key_scratch, &shape, err);
	default: return unusable(e, err);
	}
}

static bool all_present(const struct value *fields, size_t count)
{
	for (size_t k = 0; k < count; k++)
		if (!value_present(&fields[k]))
			return false;
	return true;
}

/* What the value does not say, the key may: all of it for a tombstone, the
 * identity (first field) for the rest. A key that cannot be read only matters
 * when the row to delete is not known otherwise. */
static enum decode_result complete_by_key(struct decoder *d, const struct message *m, struct record *out,
					  struct schema_ref *needed, struct err *err)
{
	bool identified = value_present(&out->fields[0]);
	size_t count = d->options.layout.count;
	enum decode_result result;
	struct err why;

	if (out->change == CHANGE_NONE || (out->change == CHANGE_UPSERT && identified) ||
	    all_present(out->fields, count))
		return DECODE_OK;
	if (!m->has_key && (identified || out->change == CHANGE_UPSERT))
		return DECODE_OK;
	result = decode_key(d, m, needed, &why);
	if (result == DECODE_POISON) {
		if (identified || out->change == CHANGE_UPSERT)
			return DECODE_OK;
		if (err != NULL)
			*err = why;
		err_wrap(err, "key");
		return DECODE_POISON;
	}
	for (size_t k = 0; k < count && result == DECODE_OK; k++)
		if (!value_present(&out->fields[k]) && value_present(&d->key_slots[k]))
			out->fields[k] = d->key_slots[k];
	return result;
}

/* ---- messages ---- */

static enum decode_result apply_shape(struct decoder *d, enum plan_shape shape, struct record *out,
				      struct err *err)
{
	size_t count = d->options.layout.count;
	int rc = 0;

	switch (shape) {
	case PLAN_BARE: return poison(err, POISON_FIELD, "the value is no object");
	case PLAN_ENVELOPE: rc = debezium_apply_envelope(d->slots, count, out, err); break;
	case PLAN_RECORD: rc = debezium_apply_flat(d->slots, count, out, err); break;
	}
	return rc == 0 ? DECODE_OK : DECODE_POISON;
}

static enum decode_result decode_value(struct decoder *d, const struct message *m, struct record *out,
				       struct schema_ref *needed, struct err *err)
{
	enum decode_result result;
	struct schema_entry *e;
	enum plan_shape shape;
	struct framing f;

	if (framing_of_value(m, &f, err) != 0)
		return DECODE_POISON;
	result = value_schema(d, &f, &e, needed, err);
	if (result != DECODE_OK)
		return result;
	/* A flat plan of an append topic writes the layout's slots only. */
	if (e != NULL && !d->options.changelog)
		return run_plan(e, f.body, out->fields, &shape, err);
	if (e != NULL)
		result = run_plan(e, f.body, d->slots, &shape, err);
	else
		result = read_json(d, f.body, d->slots, &d->scratch, &shape, err);
	return result == DECODE_OK ? apply_shape(d, shape, out, err) : result;
}

enum decode_result decoder_decode(struct decoder *d, const struct message *m, struct record *out,
				  struct schema_ref *needed, struct err *err)
{
	enum decode_result result;

	out->message = m;
	out->change = CHANGE_UPSERT;
	if (m->value.len > d->options.max_message) {
		err_set(err, ERR_POISON, POISON_TOO_LARGE, "a value of %zu bytes; the limit is %zu",
			m->value.len, d->options.max_message);
		return DECODE_POISON;
	}
	if (m->has_value) {
		result = decode_value(d, m, out, needed, err);
	} else if (d->options.changelog) {
		out->change = CHANGE_DELETE;
		for (size_t k = 0; k < d->options.layout.count; k++)
			out->fields[k] = (struct value){.kind = VALUE_ABSENT};
		result = DECODE_OK;
	} else {
		return poison(err, POISON_NULL_VALUE, "the value is null");
	}
	if (d->options.changelog && result == DECODE_OK)
		result = complete_by_key(d, m, out, needed, err);
	return result;
}

/* ---- learning ---- */

static int learn_unusable(struct decoder *d, const struct schema_ref *ref, const char *reason,
			  struct err *err)
{
	char *copy = slice_dup(slice_str(reason));

	if (copy == NULL)
		return err_set(err, ERR_RETRY, 0, "out of memory learning a schema");
	return schema_cache_put(&d->schemas, ref, SCHEMA_UNUSABLE, NULL, copy, err);
}

int decoder_learn(struct decoder *d, const struct schema_ref *ref, const char *type, struct slice text,
		  struct err *err)
{
	const struct schema_entry *known = schema_cache_peek(&d->schemas, ref);
	struct avro_schema *schema;
	struct avro_plan *plan = NULL;
	struct err why;

	if (known != NULL && (known->state == SCHEMA_AVRO || known->state == SCHEMA_JSON))
		return 0;
	if (type != NULL && strcmp(type, "JSON") == 0)
		return schema_cache_put(&d->schemas, ref, SCHEMA_JSON, NULL, NULL, err);
	if (type != NULL && *type != '\0' && strcmp(type, "AVRO") != 0)
		return learn_unusable(d, ref, "its type is neither AVRO nor JSON", err);
	schema = avro_schema_parse(text, &why);
	if (schema != NULL)
		plan = avro_plan_compile(schema, &d->options.layout, d->options.changelog, &why);
	if (plan != NULL)
		return schema_cache_put(&d->schemas, ref, SCHEMA_AVRO, plan, NULL, err);
	if (why.class == ERR_POISON)
		return learn_unusable(d, ref, why.text, err);
	if (err != NULL)
		*err = why;
	return -1;
}

int decoder_learn_missing(struct decoder *d, const struct schema_ref *ref, struct err *err)
{
	return schema_cache_put(&d->schemas, ref, SCHEMA_MISSING, NULL, NULL, err);
}

bool decoder_knows(const struct decoder *d, const struct schema_ref *ref)
{
	return schema_cache_peek(&d->schemas, ref) != NULL;
}

size_t decoder_schema_count(const struct decoder *d)
{
	return d->schemas.map.count;
}
