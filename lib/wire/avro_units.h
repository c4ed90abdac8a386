#ifndef RIVER_WIRE_AVRO_UNITS_H
#define RIVER_WIRE_AVRO_UNITS_H

/* What a number means, by the annotations of its schema: Avro logical types,
 * and the names that Kafka Connect and Debezium give their semantic types
 * (which carry no logicalType: connect.name is all there is). */

#include "wire/avro_schema.h"

/* The unit that a semantic type name stands for, e.g.
 * "io.debezium.time.MicroTimestamp" or "org.apache.kafka.connect.data.Date";
 * UNIT_NONE when unknown. */
enum value_unit unit_of_connect_name(struct slice name);

/* Sets node->unit and node->scale of a primitive or fixed from the object that
 * declares it. An annotation on the wrong type, or a decimal with an unusable
 * scale, is ignored, as the Avro specification demands. */
void avro_annotate(struct avro_node *node, const struct cJSON *declaration);

#endif
