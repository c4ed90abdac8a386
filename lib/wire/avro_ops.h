#ifndef RIVER_WIRE_AVRO_OPS_H
#define RIVER_WIRE_AVRO_OPS_H

/* The operations that a plan is made of. Private to avro_plan.c and
 * avro_emit.c, which make them, and avro_run.c, which runs them. */

#include "wire/avro_plan.h"

/* Arrays and maps inside each other. */
#define PLAN_MAX_LOOPS 16

enum op_code {
	OP_TAKE_STRING, /* into slot */
	OP_TAKE_LONG,
	OP_TAKE_INT, /* a varint that must fit 32 bits */
	OP_TAKE_BOOL,
	OP_TAKE_FLOAT,
	OP_TAKE_DOUBLE,
	OP_TAKE_BYTES,
	OP_TAKE_FIXED,	 /* n bytes */
	OP_TAKE_ENUM,	 /* symbol of enums[n] */
	OP_TAKE_DECIMAL, /* VariableScaleDecimal; n: 1 when scale comes before value */
	OP_TAKE_NULL,
	OP_TAKE_MARK,  /* slot becomes true: this place was reached */
	OP_SKIP_BLOBS, /* n strings or bytes */
	OP_SKIP_LONGS, /* n varints */
	OP_SKIP_INTS,  /* n varints that must fit 32 bits */
	OP_SKIP_ENUM,  /* a varint in [0, n) */
	OP_SKIP_FIXED, /* n bytes */
	OP_NULLABLE,   /* union of two with null, the branch n: slot (if any) is null, go to `to` */
	OP_UNION,      /* of n branches: go to jumps[to + branch] */
	OP_JUMP,       /* go to `to` */
	OP_LOOP_BEGIN, /* block count: none left, go to `to`; else fall through into the item */
	OP_LOOP_END,   /* next item, or the next block at `to` */
	OP_END,	       /* all bytes must be consumed */
};

#define NO_SLOT 255

struct plan_op {
	uint8_t code; /* enum op_code */
	uint8_t slot;
	uint8_t unit; /* enum value_unit of what is taken */
	int16_t scale;
	uint32_t n;
	uint32_t to; /* index of an operation, or into jumps */
};

struct avro_plan {
	struct plan_op *ops;
	uint32_t *jumps;
	const struct avro_node **enums;
	size_t slots; /* how many a run writes */
	enum plan_shape shape;
	struct avro_schema *schema; /* owned: enum symbols live in it */
	size_t op_count, op_cap;
	size_t jump_count, jump_cap;
	size_t enum_count, enum_cap;
};

#endif
