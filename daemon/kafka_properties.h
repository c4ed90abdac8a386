#ifndef RIVER_DAEMON_KAFKA_PROPERTIES_H
#define RIVER_DAEMON_KAFKA_PROPERTIES_H

/* librdkafka properties from a command line. */

#include "base/err.h"

#include <librdkafka/rdkafka.h>

int kafka_property_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *err);

/* Each "name=value"; the list ends with NULL and may itself be NULL. ERR_CONFIG. */
int kafka_properties_set(rd_kafka_conf_t *conf, const char *const *properties, struct err *err);

#endif
