#ifndef RIVER_WIRE_AVRO_EMIT_H
#define RIVER_WIRE_AVRO_EMIT_H

/* The list of operations of a plan being made: adding to its end. Private to
 * avro_plan.c. A slot outside of 0 to PLAN_SLOTS - 1 is none. Failures (NULL
 * or -1) are out of memory, and set `err`. */

#include "wire/avro_ops.h"

struct avro_emit {
	struct avro_plan *plan;
	size_t barrier; /* ops before this one are behind a jump's target: never merge into them */
	struct err *err;
};

/* Borrowed until the next one is added. */
struct plan_op *avro_emit_op(struct avro_emit *e, enum op_code code, int slot, uint32_t n);

/* Runs of skips of one kind become one operation. */
int avro_emit_skip(struct avro_emit *e, enum op_code code, uint32_t n);

int avro_emit_take(struct avro_emit *e, enum op_code code, const struct avro_node *node, int slot,
		   uint32_t n);
int avro_emit_enum(struct avro_emit *e, const struct avro_node *node, int slot);

/* One more entry of a table of jumps. */
int avro_emit_jump(struct avro_emit *e, uint32_t to);

/* The index of the next operation, which is the target of a jump. */
uint32_t avro_emit_label(struct avro_emit *e);

#endif
