#ifndef RIVER_DAEMON_DEMO_REGISTRY_H
#define RIVER_DAEMON_DEMO_REGISTRY_H

/* A schema registry for the demo: in memory, on loopback, as much of
 * Confluent's REST API as clients need.
 *
 *   POST /subjects/{s}/versions      register: {"id": 7}; the same schema, the same id
 *   POST /subjects/{s}               look up: 404 with 40403 when not registered there
 *   GET  /schemas/ids/{id}           {"schema": "..."}
 *   GET  /subjects, /subjects/{s}/versions, /subjects/{s}/versions/latest or {n}
 *
 * No compatibility checks. It runs on a thread of its own (libmicrohttpd's). */

#include "base/err.h"

#include <stdint.h>

struct demo_registry;

/* Listens on 127.0.0.1 on a port the kernel chooses. */
struct demo_registry *demo_registry_new(uint16_t *port, struct err *err);
void demo_registry_free(struct demo_registry *r);

#endif
