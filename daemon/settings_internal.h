#ifndef RIVER_DAEMON_SETTINGS_INTERNAL_H
#define RIVER_DAEMON_SETTINGS_INTERNAL_H

/* What the files of the settings share. */

#include "daemon/settings.h"

/* settings_check.c: what no single row can see. */
void settings_check(const struct settings *s, const struct conf *c, struct conf_problems *p);

/* Of a kafka.* property for the consumer or the producer; NULL when unset. */
const char *settings_kafka_get(const struct kafka_properties *list, const char *name);

#endif
