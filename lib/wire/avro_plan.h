#ifndef RIVER_WIRE_AVRO_PLAN_H
#define RIVER_WIRE_AVRO_PLAN_H

/* A decode plan: one writer schema, compiled for one layout.
 *
 * The schema is flattened into a list of small operations (take a string into
 * slot k, skip three varints, branch of a union, begin of an array ...). Running
 * it over a message allocates nothing, never reads past the end, and succeeds
 * only when every byte was consumed. Nested records are laid out inline, so
 * that the source block of a Debezium envelope is merely a run of skips.
 *
 * Every array item takes at least one byte (avro_schema sees to that), so the
 * work is linear in the length of the message whatever the bytes claim.
 *
 * Strings that are taken must be UTF-8, since what we write from them must be
 * readable by strict consumers; skipped ones are not looked at. */

#include "wire/avro_schema.h"
#include "wire/record.h"

/* Slots of a run. A flat record or a bare value fills the first ones, as the
 * layout says. Of an envelope, `after` goes there too and `before` goes to
 * PLAN_BEFORE and up. */
enum {
	PLAN_FIELDS = 0,
	PLAN_BEFORE = RECORD_MAX_FIELDS,
	PLAN_OP = 2 * RECORD_MAX_FIELDS, /* envelope: op */
	PLAN_DELETED,			 /* flat: __deleted */
	PLAN_HAS_AFTER,			 /* VALUE_BOOL when `after` was a record */
	PLAN_HAS_BEFORE,
	PLAN_SLOTS
};

enum plan_shape {
	PLAN_RECORD,   /* flat */
	PLAN_ENVELOPE, /* Debezium: op, before, after */
	PLAN_BARE,     /* not a record: one value, in slot 0 */
};

struct avro_plan;

/* Compiles, and takes the schema over (also on failure). With `changelog` a
 * record with `op` and `before` or `after` is an envelope, and `__deleted` of
 * a flat one is taken to PLAN_DELETED. NULL with ERR_POISON / POISON_SCHEMA
 * when a wanted field is of a type that is no single value (array, map,
 * record), or the schema is too large once references are expanded. */
struct avro_plan *avro_plan_compile(struct avro_schema *schema, const struct layout *layout, bool changelog,
				    struct err *err);
void avro_plan_free(struct avro_plan *plan);

enum plan_shape avro_plan_shape(const struct avro_plan *plan);

/* How many slots a run writes: layout->count for a flat plan that was not
 * compiled for a changelog, else PLAN_SLOTS. */
size_t avro_plan_slots(const struct avro_plan *plan);

/* Runs the plan over exactly `bytes`. `slots` has room for avro_plan_slots();
 * a field that the schema lacks is VALUE_ABSENT. Slices point into `bytes`, or
 * into the plan (enum symbols). -1 with ERR_POISON / POISON_BYTES, and then the slots
 * are not to be used. */
int avro_plan_run(const struct avro_plan *plan, struct slice bytes, struct value *slots, struct err *err);

#endif
