#include "wire/avro_plan.h"

#include "wire/avro_emit.h"
#include "wire/decoder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Where a value goes: into a slot, nowhere, or (a row of an envelope) its
 * fields into the slots from a base on. */
enum { TARGET_NONE = -1, TARGET_ROW = 1000 };

struct compiler {
	struct avro_emit out;
	const struct layout *layout;
	bool changelog;
	unsigned loops;
	const char *field; /* wanted field being compiled, for the sentence */
};

static int emit(struct compiler *c, const struct avro_node *node, int target);

__attribute__((format(printf, 2, 3))) static int refuse(struct compiler *c, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return err_set(c->out.err, ERR_POISON, POISON_SCHEMA, "schema: %s", text);
}

/* ---- single values ---- */

static int skip_scalar(struct compiler *c, const struct avro_node *node)
{
	switch (node->type) {
	case AVRO_TYPE_NULL: return 0;
	case AVRO_TYPE_BOOLEAN: return avro_emit_skip(&c->out, OP_SKIP_FIXED, 1);
	case AVRO_TYPE_INT: return avro_emit_skip(&c->out, OP_SKIP_INTS, 1);
	case AVRO_TYPE_LONG: return avro_emit_skip(&c->out, OP_SKIP_LONGS, 1);
	case AVRO_TYPE_FLOAT: return avro_emit_skip(&c->out, OP_SKIP_FIXED, 4);
	case AVRO_TYPE_DOUBLE: return avro_emit_skip(&c->out, OP_SKIP_FIXED, 8);
	case AVRO_TYPE_FIXED: return avro_emit_skip(&c->out, OP_SKIP_FIXED, node->size);
	case AVRO_TYPE_ENUM: return avro_emit_skip(&c->out, OP_SKIP_ENUM, node->count);
	default: return avro_emit_skip(&c->out, OP_SKIP_BLOBS, 1);
	}
}

static int take_scalar(struct compiler *c, const struct avro_node *node, int slot)
{
	switch (node->type) {
	case AVRO_TYPE_NULL: return avro_emit_take(&c->out, OP_TAKE_NULL, node, slot, 0);
	case AVRO_TYPE_BOOLEAN: return avro_emit_take(&c->out, OP_TAKE_BOOL, node, slot, 0);
	case AVRO_TYPE_INT: return avro_emit_take(&c->out, OP_TAKE_INT, node, slot, 0);
	case AVRO_TYPE_LONG: return avro_emit_take(&c->out, OP_TAKE_LONG, node, slot, 0);
	case AVRO_TYPE_FLOAT: return avro_emit_take(&c->out, OP_TAKE_FLOAT, node, slot, 0);
	case AVRO_TYPE_DOUBLE: return avro_emit_take(&c->out, OP_TAKE_DOUBLE, node, slot, 0);
	case AVRO_TYPE_STRING: return avro_emit_take(&c->out, OP_TAKE_STRING, node, slot, 0);
	case AVRO_TYPE_BYTES: return avro_emit_take(&c->out, OP_TAKE_BYTES, node, slot, 0);
	case AVRO_TYPE_FIXED: return avro_emit_take(&c->out, OP_TAKE_FIXED, node, slot, node->size);
	case AVRO_TYPE_ENUM: return avro_emit_enum(&c->out, node, slot);
	default: break;
	}
	return refuse(c, "field %s is of type %s, which is no single value", c->field ? c->field : "?",
		      avro_type_name((enum avro_type)node->type));
}

/* ---- unions and loops ---- */

static int emit_nullable(struct compiler *c, const struct avro_node *node, uint32_t null_branch, int target)
{
	size_t at = c->out.plan->op_count;

	if (avro_emit_op(&c->out, OP_NULLABLE, target, null_branch) == NULL)
		return -1;
	avro_emit_label(&c->out);
	if (emit(c, node->branches[1 - null_branch], target) != 0)
		return -1;
	c->out.plan->ops[at].to = avro_emit_label(&c->out);
	return 0;
}

/* Every branch but the last ends with a jump behind the union; until that
 * place is known, the jumps form a chain through their `to`. */
static int emit_union(struct compiler *c, const struct avro_node *node, int target)
{
	uint32_t table, chain = UINT32_MAX;
	struct plan_op *op;

	if (node->count == 2 && node->branches[0]->type == AVRO_TYPE_NULL)
		return emit_nullable(c, node, 0, target);
	if (node->count == 2 && node->branches[1]->type == AVRO_TYPE_NULL)
		return emit_nullable(c, node, 1, target);
	op = avro_emit_op(&c->out, OP_UNION, TARGET_NONE, node->count);
	if (op == NULL)
		return -1;
	op->to = table = (uint32_t)c->out.plan->jump_count;
	for (uint32_t i = 0; i < node->count; i++)
		if (avro_emit_jump(&c->out, 0) != 0)
			return -1;
	for (uint32_t i = 0; i < node->count; i++) {
		c->out.plan->jumps[table + i] = avro_emit_label(&c->out);
		if (emit(c, node->branches[i], target) != 0)
			return -1;
		op = i + 1 < node->count ? avro_emit_op(&c->out, OP_JUMP, TARGET_NONE, 0) : NULL;
		if (i + 1 < node->count && op == NULL)
			return -1;
		if (op != NULL) {
			op->to = chain;
			chain = (uint32_t)c->out.plan->op_count - 1;
		}
	}
	avro_emit_label(&c->out);
	while (chain != UINT32_MAX) {
		uint32_t next = c->out.plan->ops[chain].to;

		c->out.plan->ops[chain].to = (uint32_t)c->out.plan->op_count;
		chain = next;
	}
	return 0;
}

static int emit_loop(struct compiler *c, const struct avro_node *node)
{
	size_t begin = c->out.plan->op_count;
	struct plan_op *op;

	if (++c->loops > PLAN_MAX_LOOPS)
		return refuse(c, "arrays and maps nested more than %d deep", PLAN_MAX_LOOPS);
	if (avro_emit_op(&c->out, OP_LOOP_BEGIN, TARGET_NONE, 0) == NULL)
		return -1;
	avro_emit_label(&c->out);
	if (node->type == AVRO_TYPE_MAP && avro_emit_skip(&c->out, OP_SKIP_BLOBS, 1) != 0)
		return -1;
	if (emit(c, node->items, TARGET_NONE) != 0)
		return -1;
	op = avro_emit_op(&c->out, OP_LOOP_END, TARGET_NONE, 0);
	if (op == NULL)
		return -1;
	op->to = (uint32_t)begin;
	c->out.plan->ops[begin].to = avro_emit_label(&c->out);
	c->loops--;
	return 0;
}

/* ---- records ---- */

/* The fields of a row into the slots from `base` on. */
static int emit_row(struct compiler *c, const struct avro_node *record, int base)
{
	int wanted[RECORD_MAX_FIELDS];
	int deleted = c->out.plan->shape == PLAN_RECORD && c->changelog
			      ? avro_record_find(record, "__deleted")
			      : -1;

	for (size_t k = 0; k < c->layout->count; k++)
		wanted[k] = avro_record_find(record, c->layout->names[k]);
	for (uint32_t i = 0; i < record->count; i++) {
		int target = (int)i == deleted ? PLAN_DELETED : TARGET_NONE;

		for (size_t k = 0; k < c->layout->count; k++)
			if (wanted[k] == (int)i)
				target = base + (int)k;
		c->field = record->fields[i].name;
		if (emit(c, record->fields[i].type, target) != 0)
			return -1;
	}
	return 0;
}

static int emit_record(struct compiler *c, const struct avro_node *node, int target)
{
	int base = target - TARGET_ROW;

	if (target >= TARGET_ROW) {
		int mark = base == PLAN_BEFORE ? PLAN_HAS_BEFORE : PLAN_HAS_AFTER;

		return avro_emit_op(&c->out, OP_TAKE_MARK, mark, 0) ? emit_row(c, node, base) : -1;
	}
	if (target >= 0 && node->is_decimal) {
		bool scale_first = avro_record_find(node, "scale") == 0;

		return avro_emit_op(&c->out, OP_TAKE_DECIMAL, target, scale_first) ? 0 : -1;
	}
	if (target >= 0)
		return take_scalar(c, node, target);
	for (uint32_t i = 0; i < node->count; i++)
		if (emit(c, node->fields[i].type, TARGET_NONE) != 0)
			return -1;
	return 0;
}

static int emit(struct compiler *c, const struct avro_node *node, int target)
{
	switch (node->type) {
	case AVRO_TYPE_UNION: return emit_union(c, node, target);
	case AVRO_TYPE_RECORD: return emit_record(c, node, target);
	case AVRO_TYPE_ARRAY:
	case AVRO_TYPE_MAP:
		if (target >= 0 && target < TARGET_ROW)
			return take_scalar(c, node, target);
		return emit_loop(c, node);
	default:
		if (target >= 0 && target < TARGET_ROW)
			return take_scalar(c, node, target);
		return skip_scalar(c, node);
	}
}

/* ---- the whole ---- */

static bool holds_record(const struct avro_node *node)
{
	if (node->type == AVRO_TYPE_RECORD)
		return true;
	if (node->type != AVRO_TYPE_UNION)
		return false;
	for (uint32_t i = 0; i < node->count; i++)
		if (node->branches[i]->type == AVRO_TYPE_RECORD)
			return true;
	return false;
}

struct envelope {
	int op, before, after; /* indices of the fields, or -1 */
};

/* A column may be called `op` or `after`, so those must also look the part. */
static bool find_envelope(const struct avro_node *root, struct envelope *e)
{
	e->op = avro_record_find(root, "op");
	e->before = avro_record_find(root, "before");
	e->after = avro_record_find(root, "after");
	if (e->before >= 0 && !holds_record(root->fields[e->before].type))
		e->before = -1;
	if (e->after >= 0 && !holds_record(root->fields[e->after].type))
		e->after = -1;
	return e->op >= 0 && (e->before >= 0 || e->after >= 0);
}

static int emit_envelope(struct compiler *c, const struct avro_node *root, const struct envelope *e)
{
	for (uint32_t i = 0; i < root->count; i++) {
		int target = TARGET_NONE;

		if ((int)i == e->op)
			target = PLAN_OP;
		else if ((int)i == e->after)
			target = TARGET_ROW + PLAN_FIELDS;
		else if ((int)i == e->before)
			target = TARGET_ROW + PLAN_BEFORE;
		c->field = root->fields[i].name;
		if (emit(c, root->fields[i].type, target) != 0)
			return -1;
	}
	return 0;
}

static int compile(struct compiler *c, const struct avro_node *root)
{
	struct envelope envelope;
	int rc;

	c->out.plan->slots = c->changelog ? PLAN_SLOTS : c->layout->count;
	if (root->type != AVRO_TYPE_RECORD) {
		c->out.plan->shape = PLAN_BARE;
		c->out.plan->slots = PLAN_SLOTS;
		rc = emit(c, root, PLAN_FIELDS);
	} else if (c->changelog && find_envelope(root, &envelope)) {
		c->out.plan->shape = PLAN_ENVELOPE;
		rc = emit_envelope(c, root, &envelope);
	} else {
		c->out.plan->shape = PLAN_RECORD;
		rc = emit_row(c, root, PLAN_FIELDS);
	}
	return rc != 0 || avro_emit_op(&c->out, OP_END, TARGET_NONE, 0) == NULL ? -1 : 0;
}

struct avro_plan *avro_plan_compile(struct avro_schema *schema, const struct layout *layout, bool changelog,
				    struct err *err)
{
	struct compiler c = {.out = {.err = err}, .layout = layout, .changelog = changelog};

	c.out.plan = calloc(1, sizeof(*c.out.plan));
	if (c.out.plan == NULL) {
		avro_schema_free(schema);
		err_set(err, ERR_RETRY, 0, "out of memory compiling a schema");
		return NULL;
	}
	c.out.plan->schema = schema;
	if (compile(&c, schema->root) != 0) {
		avro_plan_free(c.out.plan);
		return NULL;
	}
	return c.out.plan;
}

void avro_plan_free(struct avro_plan *plan)
{
	if (plan == NULL)
		return;
	free(plan->ops);
	free(plan->jumps);
	free(plan->enums);
	avro_schema_free(plan->schema);
	free(plan);
}

enum plan_shape avro_plan_shape(const struct avro_plan *plan)
{
	return plan->shape;
}

size_t avro_plan_slots(const struct avro_plan *plan)
{
	return plan->slots;
}
