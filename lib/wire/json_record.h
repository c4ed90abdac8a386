#ifndef RIVER_WIRE_JSON_RECORD_H
#define RIVER_WIRE_JSON_RECORD_H

/* A JSON message into the slots that wire/avro_plan.h defines.
 *
 * Fields match by name, the exact one before one that differs in case. With
 * `changelog`, Kafka Connect's {"schema", "payload"} wrapper is taken off (its
 * schema gives numbers their units: io.debezium.time.MicroTimestamp ...), an
 * envelope is an object with `op` and `before` or `after`, and decimals come
 * as base64 text ({"scale", "value"} for VariableScaleDecimal). */

#include "base/buf.h"
#include "wire/avro_plan.h"

/* Fills slots[0 .. PLAN_SLOTS) and *shape. `scratch` is the decoder's: cleared
 * here, holds unescaped strings until the next call. -1 with ERR_POISON
 * (POISON_BYTES: not JSON; POISON_FIELD: a wanted field cannot be a value). */
int json_record_read(struct slice text, const struct layout *layout, bool changelog, struct buf *scratch,
		     struct value *slots, enum plan_shape *shape, struct err *err);

#endif
