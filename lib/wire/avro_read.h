#ifndef RIVER_WIRE_AVRO_READ_H
#define RIVER_WIRE_AVRO_READ_H

/* Avro binary encoding (specification, "Binary encoding"), one cursor. Every
 * read compares with `end` first; a failed read says so and nothing is used.
 * Private to avro_run.c and avro_rare.c, and compiled into each: with the calls in
 * another object the compiler must save its registers around them, which costs a
 * tenth of all instructions of a record. */

#include "base/slice.h"

#include <endian.h>
#include <stdint.h>

enum avro_fault {
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

struct avro_cursor {
	const uint8_t *p, *end, *begin;
};

static inline size_t left(const struct avro_cursor *c)
{
	return (size_t)(c->end - c->p);
}

/* A varint of more than one byte. `next` is NULL, and `raw` the fault, when it
 * is none. By value, so that the cursor can stay in registers. */
struct avro_number {
	const uint8_t *next;
	uint64_t raw;
};

__attribute__((noinline)) static struct avro_number varint_by_bytes(const uint8_t *p, const uint8_t *end)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift <= 63; shift += 7) {
		uint64_t byte;

		if (p == end)
			return (struct avro_number){NULL, FAULT_CUT};
		byte = *p++;
		value |= (byte & 0x7f) << shift;
		if (byte < 0x80)
			return (struct avro_number){p, value};
	}
	return (struct avro_number){NULL, p == end ? FAULT_CUT : FAULT_VARINT};
}

/* Times take six bytes, and are often the last field: so the word that holds a
 * number may be the last one of the record, shifted. Its groups of seven bits
 * are then moved together, by twos, fours and eights. */
__attribute__((noinline)) static struct avro_number long_varint(const uint8_t *p, const uint8_t *end,
								const uint8_t *begin)
{
	size_t have = (size_t)(end - p), n;
	uint64_t word, stops;

	if (have >= 2 && p[1] < 0x80)
		return (struct avro_number){p + 2, (p[0] & 0x7fu) | (unsigned)p[1] << 7};
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
		return (struct avro_number){NULL, FAULT_CUT};
	word &= (stops ^ (stops - 1)) & 0x7f7f7f7f7f7f7f7fu;
	word = (word & 0x007f007f007f007fu) | (word & 0x7f007f007f007f00u) >> 1;
	word = (word & 0x00003fff00003fffu) | (word & 0x3fff00003fff0000u) >> 2;
	word = (word & 0x000000000fffffffu) | (word & 0x0fffffff00000000u) >> 4;
	return (struct avro_number){p + n, word};
}

/* As it is written: zigzag. */
static inline enum avro_fault raw_varint(struct avro_cursor *c, uint64_t *raw)
{
	struct avro_number n;

	if (c->p == c->end)
		return FAULT_CUT;
	*raw = *c->p;
	if (*raw < 0x80) {
		c->p++;
		return FAULT_NONE;
	}
	n = long_varint(c->p, c->end, c->begin);
	if (n.next == NULL)
		return (enum avro_fault)n.raw;
	c->p = n.next;
	*raw = n.raw;
	return FAULT_NONE;
}

static inline enum avro_fault varint(struct avro_cursor *c, int64_t *v)
{
	uint64_t raw = 0;
	enum avro_fault f = raw_varint(c, &raw);

	*v = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
	return f;
}

static inline enum avro_fault varint32(struct avro_cursor *c, int64_t *v)
{
	enum avro_fault f = varint(c, v);

	return f == FAULT_NONE && *v != (int32_t)*v ? FAULT_RANGE : f;
}

/* A length and that many bytes. A negative length is odd as it is written, and
 * so, rotated, larger than anything. */
static inline enum avro_fault blob(struct avro_cursor *c, struct slice *s)
{
	uint64_t raw = 0;
	enum avro_fault f = raw_varint(c, &raw);

	if (f != FAULT_NONE)
		return f;
	raw = raw >> 1 | raw << 63;
	if (raw > left(c))
		return FAULT_LENGTH;
	*s = slice_make(c->p, (size_t)raw);
	c->p += raw;
	return FAULT_NONE;
}

static inline enum avro_fault raw_bytes(struct avro_cursor *c, size_t n, struct slice *s)
{
	if (n > left(c))
		return FAULT_CUT;
	*s = slice_make(c->p, n);
	c->p += n;
	return FAULT_NONE;
}

#endif
