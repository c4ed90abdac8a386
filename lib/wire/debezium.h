#ifndef RIVER_WIRE_DEBEZIUM_H
#define RIVER_WIRE_DEBEZIUM_H

/* What a change event of Debezium means, whatever format carried it.
 *
 *   envelope  op c, u, r: the row is `after`; d: the row was `before`; t
 *             (truncate) and m (message): nothing to apply. Letters match in
 *             either case. (Debezium Envelope.Operation)
 *   flat      the row itself; __deleted "true" (a string, as
 *             ExtractNewRecordState writes it, or a boolean) is a delete
 *
 * `__debezium_unavailable_value` (a large column that did not change and was
 * not in the log) is handed on as the string it is: whoever keeps the table
 * knows the former value.
 */

#include "base/err.h"
#include "wire/record.h"

/* `slots` as laid out by wire/avro_plan.h (PLAN_FIELDS, PLAN_BEFORE, ...).
 * Fills out->change and out->fields. -1 with ERR_POISON / POISON_FIELD when op
 * is unknown or the row it speaks of is missing. */
int debezium_apply_envelope(const struct value *slots, size_t count, struct record *out, struct err *err);
int debezium_apply_flat(const struct value *slots, size_t count, struct record *out, struct err *err);

#endif
