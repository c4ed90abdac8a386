#include "wire/avro_rare.h"

static enum avro_fault take_real(struct avro_cursor *c, size_t size, struct value *v)
{
	struct slice s;
	enum avro_fault f = raw_bytes(c, size, &s);
	uint64_t bits = 0;
	float single;

	if (f != FAULT_NONE)
		return f;
	for (size_t i = 0; i < size; i++)
		bits |= (uint64_t)(uint8_t)s.data[i] << (8 * i);
	if (size == sizeof(single)) {
		uint32_t half = (uint32_t)bits;

		memcpy(&single, &half, sizeof(single));
		v->d = (double)single;
	} else {
		memcpy(&v->d, &bits, sizeof(v->d));
	}
	v->kind = VALUE_DOUBLE;
	return FAULT_NONE;
}

static enum avro_fault take_bool(struct avro_cursor *c, struct value *v)
{
	struct slice s;
	enum avro_fault f = raw_bytes(c, 1, &s);

	if (f != FAULT_NONE)
		return f;
	v->kind = VALUE_BOOL;
	v->i = s.data[0];
	return v->i == 0 || v->i == 1 ? FAULT_NONE : FAULT_BOOL;
}

static enum avro_fault take_enum(struct avro_cursor *c, const struct avro_node *node, struct value *v)
{
	int64_t symbol;
	enum avro_fault f = varint(c, &symbol);

	if (f != FAULT_NONE)
		return f;
	if (symbol < 0 || symbol >= (int64_t)node->count)
		return FAULT_SYMBOL;
	v->kind = VALUE_STRING;
	v->s = node->symbols[symbol];
	return FAULT_NONE;
}

static enum avro_fault take_decimal(struct avro_cursor *c, bool scale_first, struct value *v)
{
	enum avro_fault f = FAULT_NONE;
	int64_t scale = 0;

	if (scale_first)
		f = varint32(c, &scale);
	if (f == FAULT_NONE)
		f = blob(c, &v->s);
	if (f == FAULT_NONE && !scale_first)
		f = varint32(c, &scale);
	if (f != FAULT_NONE)
		return f;
	if (scale != (int16_t)scale)
		return FAULT_RANGE;
	v->kind = VALUE_BYTES;
	v->unit = UNIT_DECIMAL;
	v->scale = (int16_t)scale;
	return FAULT_NONE;
}

static enum avro_fault skip_symbol(struct avro_cursor *c, uint32_t count)
{
	int64_t v;
	enum avro_fault f = varint(c, &v);

	return f == FAULT_NONE && (v < 0 || v >= (int64_t)count) ? FAULT_SYMBOL : f;
}

static enum avro_fault rare(struct avro_cursor *c, const struct avro_plan *plan, const struct plan_op *op,
			    struct value *v)
{
	struct slice ignored;

	switch (op->code) {
	case OP_SKIP_ENUM: return skip_symbol(c, op->n);
	case OP_SKIP_FIXED: return raw_bytes(c, op->n, &ignored);
	default: break;
	}
	v->unit = op->unit;
	v->scale = op->scale;
	v->kind = VALUE_BYTES;
	switch (op->code) {
	case OP_TAKE_BOOL: return take_bool(c, v);
	case OP_TAKE_FLOAT: return take_real(c, sizeof(float), v);
	case OP_TAKE_DOUBLE: return take_real(c, sizeof(double), v);
	case OP_TAKE_BYTES: return blob(c, &v->s);
	case OP_TAKE_FIXED: return raw_bytes(c, op->n, &v->s);
	case OP_TAKE_ENUM: return take_enum(c, plan->enums[op->n], v);
	case OP_TAKE_DECIMAL: return take_decimal(c, op->n == 1, v);
	case OP_TAKE_NULL: v->kind = VALUE_NULL; return FAULT_NONE;
	default: /* OP_TAKE_MARK */
		v->kind = VALUE_BOOL;
		v->i = 1;
		return FAULT_NONE;
	}
}

struct avro_number avro_run_rare(struct avro_cursor c, const struct avro_plan *plan, const struct plan_op *op,
				 struct value *v)
{
	enum avro_fault f = rare(&c, plan, op, v);

	return f == FAULT_NONE ? (struct avro_number){c.p, 0} : (struct avro_number){NULL, f};
}
