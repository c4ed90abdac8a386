#include "wire/avro_emit.h"

#include <stdlib.h>

/* Room for one more element; NULL when out of memory. */
static void *grown(struct avro_emit *e, void *array, size_t count, size_t *cap, size_t size)
{
	size_t more = *cap ? 2 * *cap : 16;
	void *to;

	if (count < *cap)
		return array;
	to = realloc(array, more * size);
	if (to == NULL)
		err_set(e->err, ERR_RETRY, 0, "out of memory compiling a schema");
	else
		*cap = more;
	return to;
}

struct plan_op *avro_emit_op(struct avro_emit *e, enum op_code code, int slot, uint32_t n)
{
	struct avro_plan *plan = e->plan;
	struct plan_op *ops = grown(e, plan->ops, plan->op_count, &plan->op_cap, sizeof(*ops));
	struct plan_op *op;

	if (ops == NULL)
		return NULL;
	plan->ops = ops;
	op = &ops[plan->op_count++];
	*op = (struct plan_op){.code = (uint8_t)code, .n = n, .slot = NO_SLOT};
	if (slot >= 0 && slot < PLAN_SLOTS)
		op->slot = (uint8_t)slot;
	return op;
}

uint32_t avro_emit_label(struct avro_emit *e)
{
	e->barrier = e->plan->op_count;
	return (uint32_t)e->plan->op_count;
}

int avro_emit_skip(struct avro_emit *e, enum op_code code, uint32_t n)
{
	struct avro_plan *plan = e->plan;
	struct plan_op *last = plan->op_count > e->barrier ? &plan->ops[plan->op_count - 1] : NULL;

	if (last != NULL && last->code == code && code != OP_SKIP_ENUM && last->n < (1u << 24)) {
		last->n += n;
		return 0;
	}
	return avro_emit_op(e, code, NO_SLOT, n) ? 0 : -1;
}

int avro_emit_take(struct avro_emit *e, enum op_code code, const struct avro_node *node, int slot, uint32_t n)
{
	struct plan_op *op = avro_emit_op(e, code, slot, n);

	if (op == NULL)
		return -1;
	op->unit = node->unit;
	op->scale = node->scale;
	return 0;
}

int avro_emit_jump(struct avro_emit *e, uint32_t to)
{
	struct avro_plan *plan = e->plan;
	uint32_t *jumps = grown(e, plan->jumps, plan->jump_count, &plan->jump_cap, sizeof(*jumps));

	if (jumps == NULL)
		return -1;
	plan->jumps = jumps;
	jumps[plan->jump_count++] = to;
	return 0;
}

int avro_emit_enum(struct avro_emit *e, const struct avro_node *node, int slot)
{
	struct avro_plan *plan = e->plan;
	const struct avro_node **enums =
		grown(e, plan->enums, plan->enum_count, &plan->enum_cap, sizeof(*enums));

	if (enums == NULL)
		return -1;
	plan->enums = enums;
	enums[plan->enum_count++] = node;
	return avro_emit_take(e, OP_TAKE_ENUM, node, slot, (uint32_t)plan->enum_count - 1);
}
