#include "wire/avro_ops.h"
#include "wire/decoder.h"

#include "base/utf8.h"

#include <endian.h>

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
	const uint8_t *p, *end, *begin;
};

static inline size_t left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

/* A varint of more than one byte. `next` is NULL, and `raw` the fault, when it
 * is none. By value, so that the cursor can stay in registers. */
struct number {
	const uint8_t *next;
	uint64_t raw;
};

static struct number varint_by_bytes(const uint8_t *p, const uint8_t *end)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift <= 63; shift += 7) {
		uint64_t byte;

		if (p == end)
			return (struct number){NULL, FAULT_CUT};
		byte = *p++;
		value |= (byte & 0x7f) << shift;
		if (byte < 0x80)
			return (struct number){p, value};
	}
	return (struct number){NULL, p == end ? FAULT_CUT : FAULT_VARINT};
}

/* Times take six bytes, and are often the last field: so the word that holds a
 * number may be the last one of the record, shifted. Its groups of seven bits
 * are then moved together, by twos, fours and eights. */
static struct number long_varint(const uint8_t *p, const uint8_t *end, const uint8_t *begin)
{
	size_t have = (size_t)(end - p), n;
	uint64_t word, stops;

	if (have >= 2 && p[1] < 0x80)
		return (struct number){p + 2, (p[0] & 0x7fu) | (unsigned)p[1] << 7};
	if (end - begin < 8)
		return varint_by_bytes(p, end);
	memcpy(&word, have >= 8 ? p : end - 8, 8);
	word = le64toh(word);
	if (have < 8)
		word >>= 64 - 8 * have;
	stops = ~word & 0x8080808080808080u;
	if (stops == 0)
		return varint_by_bytes(p, end);
	n = (unsigned)__builtin_ctzll(stops) / 8 + 1;
	if (n > have)
		return (struct number){NULL, FAULT_CUT};
	word &= (stops ^ (stops - 1)) & 0x7f7f7f7f7f7f7f7fu;
	word = (word & 0x007f007f007f007fu) | (word & 0x7f007f007f007f00u) >> 1;
	word = (word & 0x00003fff00003fffu) | (word & 0x3fff00003fff0000u) >> 2;
	word = (word & 0x000000000fffffffu) | (word & 0x0fffffff00000000u) >> 4;
	return (struct number){p + n, word};
}

/* As it is written: zigzag. */
static inline enum fault raw_varint(struct cursor *c, uint64_t *raw)
{
	struct number n;

	if (c->p == c->end)
		return FAULT_CUT;
	*raw = *c->p;
	if (*raw < 0x80) {
		c->p++;
		return FAULT_NONE;
	}
	n = long_varint(c->p, c->end, c->begin);
	if (n.next == NULL)
		return (enum fault)n.raw;
	c->p = n.next;
	*raw = n.raw;
	return FAULT_NONE;
}

static inline enum fault varint(struct cursor *c, int64_t *v)
{
	uint64_t raw = 0;
	enum fault f = raw_varint(c, &raw);

	*v = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
	return f;
}

static inline enum fault varint32(struct cursor *c, int64_t *v)
{
	enum fault f = varint(c, v);

	return f == FAULT_NONE && *v != (int32_t)*v ? FAULT_RANGE : f;
}

/* A length and that many bytes. A negative length is odd as it is written, and
 * so, rotated, larger than anything. */
static inline enum fault blob(struct cursor *c, struct slice *s)
{
	uint64_t raw = 0;
	enum fault f = raw_varint(c, &raw);

	if (f != FAULT_NONE)
		return f;
	raw = raw >> 1 | raw << 63;
	if (raw > left(c))
		return FAULT_LENGTH;
	*s = slice_make(c->p, (size_t)raw);
	c->p += raw;
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
		const char *p = s.data, *last = s.data + s.len - 8;

		for (; p < last; p += 8)
			any |= load(p, 8);
		any |= load(last, 8);
	} else if (s.len >= 4) {
		any = load(s.data, 4) | load(s.data + s.len - 4, 4);
	} else if (s.len > 0) {
		any = (uint8_t)s.data[0] | (uint8_t)s.data[s.len / 2] | (uint8_t)s.data[s.len - 1];
	}
	return (any & 0x8080808080808080u) == 0 || utf8_valid(s);
}

/* A kind without unit: whatever was in the slot is gone. */
static inline void set_bare(struct value *v, enum value_kind kind)
{
	v->kind = (uint8_t)kind;
	v->unit = UNIT_NONE;
	v->scale = 0;
}

static inline enum fault take_string(struct cursor *c, struct value *v)
{
	enum fault f = blob(c, &v->s);

	if (f != FAULT_NONE)
		return f;
	set_bare(v, VALUE_STRING);
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

static inline enum fault take_long(struct cursor *c, const struct plan_op *op, struct value *v)
{
	set_bare(v, VALUE_LONG);
	v->unit = op->unit;
	return varint(c, &v->i);
}

static inline enum fault take_int(struct cursor *c, const struct plan_op *op, struct value *v)
{
	enum fault f = take_long(c, op, v);

	return f == FAULT_NONE && v->i != (int32_t)v->i ? FAULT_RANGE : f;
}

static inline enum fault skip_blobs(struct cursor *c, uint32_t n)
{
	enum fault f = FAULT_NONE;
	struct slice ignored;

	for (; n > 0 && f == FAULT_NONE; n--)
		f = blob(c, &ignored);
	return f;
}

static inline enum fault skip_ints(struct cursor *c, uint32_t n)
{
	enum fault f = FAULT_NONE;
	int64_t v;

	for (; n > 0 && f == FAULT_NONE; n--)
		f = varint32(c, &v);
	return f;
}

static inline enum fault skip_longs(struct cursor *c, uint32_t n)
{
	enum fault f = FAULT_NONE;
	uint64_t raw;

	for (; n > 0 && f == FAULT_NONE; n--)
		f = raw_varint(c, &raw);
	return f;
}

static enum fault skip_symbol(struct cursor *c, uint32_t count)
{
	int64_t v;
	enum fault f = varint(c, &v);

	return f == FAULT_NONE && (v < 0 || v >= (int64_t)count) ? FAULT_SYMBOL : f;
}

static enum fault rare(struct cursor *c, const struct avro_plan *plan, const struct plan_op *op,
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

/* Operations that few records have: one call for all of them. */
__attribute__((noinline)) static struct number call_rare(struct cursor c, const struct avro_plan *plan,
							 const struct plan_op *op, struct value *v)
{
	enum fault f = rare(&c, plan, op, v);

	return f == FAULT_NONE ? (struct number){c.p, 0} : (struct number){NULL, f};
}

static inline enum fault run_rare(struct cursor *c, const struct avro_plan *plan, const struct plan_op *op,
				  struct value *v)
{
	struct number n = call_rare(*c, plan, op, v);

	if (n.next == NULL)
		return (enum fault)n.raw;
	c->p = n.next;
	return FAULT_NONE;
}

/* The item count of a block; a negative one is followed by the block's size
 * in bytes, which we have no use for. */
static inline enum fault block(struct cursor *c, uint64_t *items)
{
	int64_t count, size;
	enum fault f = varint(c, &count);

	if (f == FAULT_NONE && count < 0)
		f = varint(c, &size);
	if (f != FAULT_NONE)
		return f;
	*items = count < 0 ? -(uint64_t)count : (uint64_t)count;
	return *items > left(c) ? FAULT_BLOCK : FAULT_NONE;
}

/* Of the two branches, 0 and 2 as they are written, one is null: go on behind the
 * union then. */
static inline enum fault nullable(struct cursor *c, const struct avro_plan *plan, const struct plan_op *op,
				  struct value *slots, const struct plan_op **next)
{
	uint64_t raw = 0;
	enum fault f = raw_varint(c, &raw);

	if (f != FAULT_NONE)
		return f;
	if (raw > 2 || raw == 1)
		return FAULT_BRANCH;
	if (raw == 2 * (uint64_t)op->n) {
		if (op->slot != NO_SLOT)
			set_bare(&slots[op->slot], VALUE_NULL);
		*next = &plan->ops[op->to];
	}
	return FAULT_NONE;
}

static inline enum fault branch(struct cursor *c, const struct avro_plan *plan, const struct plan_op *op,
				const struct plan_op **next)
{
	int64_t v;
	enum fault f = varint(c, &v);

	if (f != FAULT_NONE)
		return f;
	if (v < 0 || v >= (int64_t)op->n)
		return FAULT_BRANCH;
	*next = &plan->ops[plan->jumps[op->to + (uint32_t)v]];
	return FAULT_NONE;
}

/* `loops` points behind the items left of the innermost open block, the current
 * one included. */
static inline enum fault loop_begin(struct cursor *c, const struct avro_plan *plan, const struct plan_op *op,
				    uint64_t **loops, const struct plan_op **next)
{
	enum fault f = block(c, *loops);

	if (f == FAULT_NONE && **loops == 0)
		*next = &plan->ops[op->to];
	else
		(*loops)++;
	return f;
}

static inline enum fault loop_end(const struct avro_plan *plan, const struct plan_op *op, uint64_t **loops,
				  const struct plan_op **next)
{
	bool more = --(*loops)[-1] > 0;

	if (!more)
		(*loops)--; /* `to` reads the next block */
	*next = &plan->ops[op->to + more];
	return FAULT_NONE;
}

__attribute__((noinline, cold)) static int refuse(enum fault f, const uint8_t *at, struct slice bytes,
						  struct err *err)
{
	return err_set(err, ERR_POISON, POISON_BYTES, "%s, at byte %zu of %zu", faults[f],
		       (size_t)(at - (const uint8_t *)bytes.data), bytes.len);
}

/* The cursor stays in registers: no function that is not inlined gets its
 * address. */
static int run(const struct avro_plan *plan, struct slice bytes, struct value *slots, struct err *err,
	       uint64_t *loops)
{
	const uint8_t *begin = (const uint8_t *)bytes.data;
	struct cursor c = {begin, begin + bytes.len, begin};
	const struct plan_op *next = plan->ops;
	enum fault f;

	do {
		const struct plan_op *op = next++;

		switch (op->code) {
		case OP_TAKE_STRING: f = take_string(&c, &slots[op->slot]); break;
		case OP_TAKE_LONG: f = take_long(&c, op, &slots[op->slot]); break;
		case OP_TAKE_INT: f = take_int(&c, op, &slots[op->slot]); break;
		case OP_SKIP_BLOBS: f = skip_blobs(&c, op->n); break;
		case OP_SKIP_LONGS: f = skip_longs(&c, op->n); break;
		case OP_SKIP_INTS: f = skip_ints(&c, op->n); break;
		case OP_NULLABLE: f = nullable(&c, plan, op, slots, &next); break;
		case OP_UNION: f = branch(&c, plan, op, &next); break;
		case OP_LOOP_BEGIN: f = loop_begin(&c, plan, op, &loops, &next); break;
		case OP_LOOP_END: f = loop_end(plan, op, &loops, &next); break;
		case OP_JUMP:
			next = &plan->ops[op->to];
			f = FAULT_NONE;
			break;
		case OP_END:
			if (c.p == c.end)
				return 0;
			f = FAULT_TRAILING;
			break;
		default: f = run_rare(&c, plan, op, &slots[op->slot]);
		}
	} while (f == FAULT_NONE);
	return refuse(f, c.p, bytes, err);
}

__attribute__((noinline)) static int run_loops(const struct avro_plan *plan, struct slice bytes,
					       struct value *slots, struct err *err)
{
	uint64_t loops[PLAN_MAX_LOOPS];

	return run(plan, bytes, slots, err, loops);
}

__attribute__((noinline)) static int run_special(const struct avro_plan *plan, struct slice bytes,
						 struct value *slots, struct err *err)
{
	if (plan->clears)
		for (size_t i = 0; i < plan->slots; i++)
			set_bare(&slots[i], VALUE_ABSENT);
	return plan->has_loops ? run_loops(plan, bytes, slots, err) : run(plan, bytes, slots, err, NULL);
}

int avro_plan_run(const struct avro_plan *plan, struct slice bytes, struct value *slots, struct err *err)
{
	if (bytes.len == 0) /* perhaps NULL, on which even + 0 is undefined */
		bytes = slice_make("", 0);
	if (plan->clears || plan->has_loops)
		return run_special(plan, bytes, slots, err);
	return run(plan, bytes, slots, err, NULL);
}
