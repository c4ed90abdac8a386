#ifndef RIVER_DAEMON_SETTINGS_INTERNAL_H
#define RIVER_DAEMON_SETTINGS_INTERNAL_H

/* What the files of the settings share. */

#include "daemon/settings.h"

/* settings_check.c: what no single row can see. */
void settings_check(const struct settings *s, const struct conf *c, struct conf_problems *p);
/* settings_check_kafka.c: the same for kafka.* */
void settings_check_kafka(const struct settings *s, const struct conf *c, struct conf_problems *p);

/* "riverd.conf:12: window", or the key alone when it has its default; returns `out`. */
const char *settings_place(const struct conf *c, const char *key, char *out, size_t size);
#define PLACE(key) settings_place(c, key, (char[512]){0}, 512)

/* The host of "scheme://user@host:port/path" or "host:port". */
struct slice settings_host_of(const char *url);
/* This machine, told by the name alone; a name is never looked up. */
bool settings_loopback(struct slice host);

/* Of a kafka.* property for the consumer or the producer; NULL when unset. */
const char *settings_kafka_get(const struct kafka_properties *list, const char *name);

#endif
