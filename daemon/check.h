#ifndef RIVER_DAEMON_CHECK_H
#define RIVER_DAEMON_CHECK_H

/* `riverd check`: is this configuration good? The offline part reads it as
 * `run` would, and asks librdkafka about each of its properties. */

#include "daemon/settings.h"

#include <stdio.h>

/* Tries every kafka.* property on each kind of client it is for, and then all
 * of them together on clients that know no broker. Adds to `problems` what
 * librdkafka refuses and what riverd fixes or has a key of its own for, with
 * the place it was set at. Blocks for a moment, connects to nothing. -1 when
 * there was an error. */
int check_kafka_properties(const struct settings *s, struct conf_problems *problems);

/* Loads and checks, prints a readable result to `out`. On success the settings
 * are in `s` for the online part (release in either case). EXIT_OK or
 * EXIT_CONFIG. */
int check_offline(const struct settings_request *request, struct settings *s, FILE *out);

/* --print-config: the configuration in force, secrets masked. */
int check_print_config(const struct settings_request *request, FILE *out, FILE *complaints);

#endif
