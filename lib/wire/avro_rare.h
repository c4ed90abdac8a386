#ifndef RIVER_WIRE_AVRO_RARE_H
#define RIVER_WIRE_AVRO_RARE_H

/* The operations of a plan that few records have. Private to avro_run.c. */

#include "wire/avro_ops.h"
#include "wire/avro_read.h"

/* Runs one that takes a value (into `v`) or skips one, other than those of strings, ints and
 * longs. By value, as the numbers of avro_read.h: where the cursor goes on, or NULL and
 * the fault. */
struct avro_number avro_run_rare(struct avro_cursor c, const struct avro_plan *plan, const struct plan_op *op,
				 struct value *v);

#endif
