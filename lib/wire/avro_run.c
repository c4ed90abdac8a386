#include "wire/avro_ops.h"
#include "wire/avro_rare.h"
#include "wire/decoder.h"

#include "base/utf8.h"

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

static inline enum avro_fault take_string(struct avro_cursor *c, struct value *v)
{
	enum avro_fault f = blob(c, &v->s);

	if (f != FAULT_NONE)
		return f;
	set_bare(v, VALUE_STRING);
	return is_utf8(v->s) ? FAULT_NONE : FAULT_UTF8;
}

static inline enum avro_fault take_long(struct avro_cursor *c, const struct plan_op *op, struct value *v)
{
	set_bare(v, VALUE_LONG);
	v->unit = op->unit;
	return varint(c, &v->i);
}

static inline enum avro_fault take_int(struct avro_cursor *c, const struct plan_op *op, struct value *v)
{
	enum avro_fault f = take_long(c, op, v);

	return f == FAULT_NONE && v->i != (int32_t)v->i ? FAULT_RANGE : f;
}

static inline enum avro_fault skip_blobs(struct avro_cursor *c, uint32_t n)
{
	enum avro_fault f = FAULT_NONE;
	struct slice ignored;

	for (; n > 0 && f == FAULT_NONE; n--)
		f = blob(c, &ignored);
	return f;
}

static inline enum avro_fault skip_ints(struct avro_cursor *c, uint32_t n)
{
	enum avro_fault f = FAULT_NONE;
	int64_t v;

	for (; n > 0 && f == FAULT_NONE; n--)
		f = varint32(c, &v);
	return f;
}

static inline enum avro_fault skip_longs(struct avro_cursor *c, uint32_t n)
{
	enum avro_fault f = FAULT_NONE;
	uint64_t raw;

	for (; n > 0 && f == FAULT_NONE; n--)
		f = raw_varint(c, &raw);
	return f;
}

static inline enum avro_fault run_rare(struct avro_cursor *c, const struct avro_plan *plan,
				       const struct plan_op *op, struct value *v)
{
	struct avro_number n = avro_run_rare(*c, plan, op, v);

	if (n.next == NULL)
		return (enum avro_fault)n.raw;
	c->p = n.next;
	return FAULT_NONE;
}

/* The item count of a block; a negative one is followed by the block's size
 * in bytes, which we have no use for. */
static inline enum avro_fault block(struct avro_cursor *c, uint64_t *items)
{
	int64_t count, size;
	enum avro_fault f = varint(c, &count);

	if (f == FAULT_NONE && count < 0)
		f = varint(c, &size);
	if (f != FAULT_NONE)
		return f;
	*items = count < 0 ? -(uint64_t)count : (uint64_t)count;
	return *items > left(c) ? FAULT_BLOCK : FAULT_NONE;
}

/* Of the two branches, 0 and 2 as they are written, one is null: go on behind the
 * union then. */
static inline enum avro_fault nullable(struct avro_cursor *c, const struct avro_plan *plan,
				       const struct plan_op *op, struct value *slots,
				       const struct plan_op **next)
{
	uint64_t raw = 0;
	enum avro_fault f = raw_varint(c, &raw);

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

static inline enum avro_fault branch(struct avro_cursor *c, const struct avro_plan *plan,
				     const struct plan_op *op, const struct plan_op **next)
{
	int64_t v;
	enum avro_fault f = varint(c, &v);

	if (f != FAULT_NONE)
		return f;
	if (v < 0 || v >= (int64_t)op->n)
		return FAULT_BRANCH;
	*next = &plan->ops[plan->jumps[op->to + (uint32_t)v]];
	return FAULT_NONE;
}

/* `loops` points behind the items left of the innermost open block, the current
 * one included. */
static inline enum avro_fault loop_begin(struct avro_cursor *c, const struct avro_plan *plan,
					 const struct plan_op *op, uint64_t **loops,
					 const struct plan_op **next)
{
	enum avro_fault f = block(c, *loops);

	if (f == FAULT_NONE && **loops == 0)
		*next = &plan->ops[op->to];
	else
		(*loops)++;
	return f;
}

static inline enum avro_fault loop_end(const struct avro_plan *plan, const struct plan_op *op,
				       uint64_t **loops, const struct plan_op **next)
{
	bool more = --(*loops)[-1] > 0;

	if (!more)
		(*loops)--; /* `to` reads the next block */
	*next = &plan->ops[op->to + more];
	return FAULT_NONE;
}

__attribute__((noinline, cold)) static int refuse(enum avro_fault f, const uint8_t *at, struct slice bytes,
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
	struct avro_cursor c = {begin, begin + bytes.len, begin};
	const struct plan_op *next = plan->ops;
	enum avro_fault f;

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
