#include "wire/debezium.h"

#include "wire/avro_plan.h"
#include "wire/decoder.h"

static void set_absent(struct value *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fields[i] = (struct value){.kind = VALUE_ABSENT};
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

int debezium_apply_envelope(const struct value *slots, size_t count, struct record *out, struct err *err)
{
	const struct value *op = &slots[PLAN_OP];
	bool has_after = slots[PLAN_HAS_AFTER].kind == VALUE_BOOL;
	bool has_before = slots[PLAN_HAS_BEFORE].kind == VALUE_BOOL;

	if (op->kind != VALUE_STRING || op->s.len != 1)
		return err_set(err, ERR_POISON, POISON_FIELD, "change event without a one-letter op");
	switch (lower(op->s.data[0])) {
	case 'c':
	case 'u':
	case 'r':
		if (!has_after)
			return err_set(err, ERR_POISON, POISON_FIELD,
				       "change event '%c' without the row after it", op->s.data[0]);
		out->change = CHANGE_UPSERT;
		memcpy(out->fields, &slots[PLAN_FIELDS], count * sizeof(*slots));
		return 0;
	case 'd':
		out->change = CHANGE_DELETE;
		if (has_before)
			memcpy(out->fields, &slots[PLAN_BEFORE], count * sizeof(*slots));
		else
			set_absent(out->fields, count);
		return 0;
	case 't':
	case 'm':
		out->change = CHANGE_NONE;
		set_absent(out->fields, count);
		return 0;
	default: return err_set(err, ERR_POISON, POISON_FIELD, "change event of an unknown op");
	}
}

int debezium_apply_flat(const struct value *slots, size_t count, struct record *out, struct err *err)
{
	const struct value *deleted = &slots[PLAN_DELETED];
	bool is_delete = false;

	if (deleted->kind == VALUE_BOOL)
		is_delete = deleted->i != 0;
	else if (deleted->kind == VALUE_STRING)
		is_delete = slice_equal_nocase(deleted->s, slice_str("true"));
	else if (value_present(deleted))
		return err_set(err, ERR_POISON, POISON_FIELD,
			       "field __deleted is neither a string nor a boolean");
	out->change = is_delete ? CHANGE_DELETE : CHANGE_UPSERT;
	memcpy(out->fields, &slots[PLAN_FIELDS], count * sizeof(*slots));
	return 0;
}
