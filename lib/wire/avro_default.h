#ifndef RIVER_WIRE_AVRO_DEFAULT_H
#define RIVER_WIRE_AVRO_DEFAULT_H

/* The default of a field, as the bytes that a writer would have written.
 * (Avro specification, "Complex Types", table of field default values.) */

#include "base/buf.h"
#include "wire/avro_schema.h"

/* Appends the encoding of `json` as a value of `node`. A union takes its first
 * branch that the value fits. -1 with ERR_CONFIG when it fits none, or is a
 * number that JSON cannot carry exactly; the buffer is then of no use. */
int avro_append_default(const struct avro_node *node, const struct cJSON *json, struct buf *out,
			struct err *err);

#endif
