#ifndef RIVER_WIRE_AVRO_DEFAULT_H
#define RIVER_WIRE_AVRO_DEFAULT_H

/* The default of a field as a value of avro-c, which does not read defaults.
 * (Avro specification, "Complex Types", table of field default values.) */

#include "base/err.h"
#include "wire/avro_schema.h"

#include <avro.h>

/* Sets `value`, which is of the type `node`, from the JSON of a default. A union takes
 * its first branch that the value fits. -1 with ERR_CONFIG when it fits none, or
 * is a number that JSON cannot carry exactly. */
int avro_set_default(avro_value_t *value, const struct avro_node *node, const struct cJSON *json,
		     struct err *err);

#endif
