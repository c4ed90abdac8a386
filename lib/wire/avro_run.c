#include "wire/avro_ops.h"
#include "wire/decoder.h"

#include "base/utf8.h"

/* Avro binary encoding (specification, "Binary encoding"), one cursor. Every
 * read compares with `end` first; a failed read says so and nothing is used. */

enum fault {
	FAULT_NONE,
	FAULT_CUT,
	FAULT_VARINT,
	FAULT_LENGTH,
	FAULT_RANGE,
	FAULT_BOOL,
	FAULT_BRANCH,
	FAULT_SYMBOL,
	FAULT_BLOCK,
	FAULT_UTF8,
	FAULT_TRAILING,
};

static const char *const faults[] = {
	[FAULT_NONE] = "nothing",
	[FAULT_CUT] = "the record is cut short",
	[FAULT_VARINT] = "a number of more than ten bytes",
	[FAULT_LENGTH] = "a length beyond the end of the record",
	[FAULT_RANGE] = "an int beyond 32 bits",
	[FAULT_BOOL] = "a boolean that is neither 0 nor 1",
	[FAULT_BRANCH] = "a union branch that does not exist",
	[FAULT_SYMBOL] = "an enum symbol that does not exist",
	[FAULT_BLOCK] = "an array or map of more items than bytes are left",
	[FAULT_UTF8] = "a string that is not UTF-8",
	[FAULT_TRAILING] = "bytes behind the record",
};

struct cursor {
	const uint8_t *p, *end;
};

static inline size_t left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

/* Anything behind the first byte of a varint; `first` has its top bit set. */
static enum fault varint_tail(struct cursor *c, uint64_t first, uint64_t *raw)
{
	uint64_t value = first & 0x7f, byte;
	unsigned shift = 7;

	do {
		if (c->p == c->end)
			return FAULT_CUT;
		if (shift > 63)
			return FAULT_VARINT;
		byte = *c->p++;
		value |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	*raw = value;
	return FAULT_NONE;
}

static inline enum fault varint(struct cursor *c, int64_t *v)
{
	uint64_t raw;
	enum fault f;

	if (c->p == c->end)
		return FAULT_CUT;
	raw = *c->p++;
	if (raw & 0x80) {
		f = varint_tail(c, raw, &raw);
		if (f != FAULT_NONE)
			return f;
	}
	*v = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
	return FAULT_NONE;
}

static inline enum fault varint32(struct cursor *c, int64_t *v)
{
	enum fault f = varint(c, v);

	return f == FAULT_NONE && *v != (int32_t)*v ? FAULT_RANGE : f;
}

/* A length and that many bytes. */
static inline enum fault blob(struct cursor *c, struct slice *s)
{
	int64_t n;
	enum fault f = varint(c, &n);

	if (f != FAULT_NONE)
		return f;
	if (n < 0 || (uint64_t)n > left(c))
		return FAULT_LENGTH;
	*s = slice_make(c->p, (size_t)n);
	c->p += n;
	return FAULT_NONE;
}

static inline enum fault raw_bytes(struct cursor *c, size_t n, struct slice *s)
{
	if (n > left(c))
		return FAULT_CUT;
	*s = slice_make(c->p, n);
	c->p += n;
	return FAULT_NONE;
}

static inline uint64_t load(const char *p, size_t n)
{
	uint64_t word = 0;

	memcpy(&word, p, n);
	return word;
}

/* Nearly all text is ASCII: look at whole words for a byte above 0x7f. The
 * last word overlaps the one before rather than going byte by byte. */
static inline bool is_utf8(struct slice s)
{
	uint64_t any = 0;

	if (s.len >= 8) {
		for (size_t i = 0; i + 8 < s.len; i += 8)
			any |= load(s.data + i, 8);
		any |= load(s.data + s.len - 8, 8);
	} else if (s.len >= 4) {
		any = load(s.data, 4) | load(s.data + s.len - 4, 4);
	} else if (s.len > 0) {
		any = (uint8_t)s.data[0] | (uint8_t)s.data[s.len / 2] | (uint8_t)s.data[s.len - 1];
	}
	return (any & 0x8080808080808080u) == 0 || utf8_valid(s);
}

static enum fault take_string(struct cursor *c, struct value *v)
{
	enum fault f = blob(c, &v->s);

	if (f != FAULT_NONE)
		return f;
	v->kind = VALUE_STRING;
	return is_utf8(v->s) ? FAULT_NONE : FAULT_UTF8;
}

static enum fault take_real(struct cursor *c, size_t size, struct value *v)
{
	struct slice s;
	enum fault f = raw_bytes(c, size, &s);
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

static enum fault take_bool(struct cursor *c, struct value *v)
{
	struct slice s;
	enum fault f = raw_bytes(c, 1, &s);

	if (f != FAULT_NONE)
		return f;
	v->kind = VALUE_BOOL;
	v->i = s.data[0];
	return v->i == 0 || v->i == 1 ? FAULT_NONE : FAULT_BOOL;
}

static enum fault take_enum(struct cursor *c, const struct avro_node *node, struct value *v)
{
	int64_t symbol;
	enum fault f = varint(c, &symbol);

	if (f != FAULT_NONE)
		return f;
	if (symbol < 0 || symbol >= (int64_t)node->count)
		return FAULT_SYMBOL;
	v->kind = VALUE_STRING;
	v->s = node->symbols[symbol];
	return FAULT_NONE;
}

static enum fault take_decimal(struct cursor *c, bool scale_first, struct value *v)
{
	enum fault f = FAULT_NONE;
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

static enum fault take(struct cursor *c, const struct avro_plan *plan, const struct plan_op *op,
		       struct value *v)
{
	enum fault f;

	v->unit = op->unit;
	v->scale = op->scale;
	switch (op->code) {
	case OP_TAKE_LONG: v->kind = VALUE_LONG; return varint(c, &v->i);
	case OP_TAKE_INT: v->kind = VALUE_LONG; return varint32(c, &v->i);
	case OP_TAKE_BOOL: return take_bool(c, v);
	case OP_TAKE_FLOAT: return take_real(c, sizeof(float), v);
	case OP_TAKE_DOUBLE: return take_real(c, sizeof(double), v);
	case OP_TAKE_BYTES: v->kind = VALUE_BYTES; return blob(c, &v->s);
	case OP_TAKE_FIXED: v->kind = VALUE_BYTES; return raw_bytes(c, op->n, &v->s);
	case OP_TAKE_ENUM: return take_enum(c, plan->enums[op->n], v);
	case OP_TAKE_DECIMAL: f = take_decimal(c, op->n == 1, v); return f;
	case OP_TAKE_NULL: v->kind = VALUE_NULL; return FAULT_NONE;
	default:
		v->kind = VALUE_BOOL;
		v->i = 1;
		return FAULT_NONE; /* OP_TAKE_MARK */
	}
}

static enum fault skip(struct cursor *c, const struct plan_op *op)
{
	enum fault f = FAULT_NONE;
	struct slice ignored;
	int64_t v;

	switch (op->code) {
	case OP_SKIP_BLOBS:
		for (uint32_t i = op->n; i > 0 && f == FAULT_NONE; i--)
			f = blob(c, &ignored);
		return f;
	case OP_SKIP_LONGS:
		for (uint32_t i = op->n; i > 0 && f == FAULT_NONE; i--)
			f = varint(c, &v);
		return f;
	case OP_SKIP_INTS:
		for (uint32_t i = op->n; i > 0 && f == FAULT_NONE; i--)
			f = varint32(c, &v);
		return f;
	case OP_SKIP_ENUM:
		f = varint(c, &v);
		return f == FAULT_NONE && (v < 0 || v >= (int64_t)op->n) ? FAULT_SYMBOL : f;
	default: return raw_bytes(c, op->n, &ignored); /* OP_SKIP_FIXED */
	}
}

/* The item count of a block; a negative one is followed by the block's size
 * in bytes, which we have no use for. */
static enum fault block(struct cursor *c, uint64_t *items)
{
	int64_t count, size;
	enum fault f = varint(c, &count);

	if (f != FAULT_NONE)
		return f;
	if (count < 0) {
		f = varint(c, &size);
		if (f != FAULT_NONE)
			return f;
	}
	*items = count < 0 ? -(uint64_t)count : (uint64_t)count;
	return *items > left(c) ? FAULT_BLOCK : FAULT_NONE;
}

static enum fault run(const struct avro_plan *plan, struct cursor *c, struct value *slots)
{
	const struct plan_op *next = plan->ops;
	uint64_t loops[PLAN_MAX_LOOPS]; /* items left of each open block, the current one included */
	size_t depth = 0;
	enum fault f;
	int64_t v;

	for (;;) {
		const struct plan_op *op = next++;

		switch (op->code) {
		case OP_TAKE_STRING: f = take_string(c, &slots[op->slot]); break;
		case OP_NULLABLE:
			f = varint(c, &v);
			if (f != FAULT_NONE)
				return f;
			if (v < 0 || v > 1)
				return FAULT_BRANCH;
			if (v == (int64_t)op->n) {
				if (op->slot != NO_SLOT)
					slots[op->slot].kind = VALUE_NULL;
				next = &plan->ops[op->to];
			}
			continue;
		case OP_UNION:
			f = varint(c, &v);
			if (f != FAULT_NONE)
				return f;
			if (v < 0 || v >= (int64_t)op->n)
				return FAULT_BRANCH;
			next = &plan->ops[plan->jumps[op->to + (uint32_t)v]];
			continue;
		case OP_JUMP: next = &plan->ops[op->to]; continue;
		case OP_LOOP_BEGIN:
			f = block(c, &loops[depth]);
			if (f == FAULT_NONE && loops[depth] == 0)
				next = &plan->ops[op->to];
			else
				depth++;
			break;
		case OP_LOOP_END:
			if (--loops[depth - 1] > 0) {
				next = &plan->ops[op->to + 1];
			} else {
				depth--;
				next = &plan->ops[op->to];
			}
			continue;
		case OP_SKIP_BLOBS:
		case OP_SKIP_LONGS:
		case OP_SKIP_INTS:
		case OP_SKIP_ENUM:
		case OP_SKIP_FIXED: f = skip(c, op); break;
		case OP_END: return left(c) == 0 ? FAULT_NONE : FAULT_TRAILING;
		default: f = take(c, plan, op, &slots[op->slot]); break;
		}
		if (f != FAULT_NONE)
			return f;
	}
}

int avro_plan_run(const struct avro_plan *plan, struct slice bytes, struct value *slots, struct err *err)
{
	struct cursor c;
	enum fault f;

	if (bytes.len == 0) /* perhaps NULL, on which even + 0 is undefined */
		bytes = slice_make("", 0);
	c = (struct cursor){(const uint8_t *)bytes.data, (const uint8_t *)bytes.data + bytes.len};
	for (size_t i = 0; i < plan->slots; i++)
		slots[i] = (struct value){.kind = VALUE_ABSENT};
	f = run(plan, &c, slots);
	if (f == FAULT_NONE)
		return 0;
	return err_set(err, ERR_POISON, POISON_BYTES, "%s, at byte %zu of %zu", faults[f],
		       (size_t)(c.p - (const uint8_t *)bytes.data), bytes.len);
}
