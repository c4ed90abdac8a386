#ifndef RIVER_WIRE_REGISTRY_CALLS_H
#define RIVER_WIRE_REGISTRY_CALLS_H

/* Between the calls (registry_calls.c) and the engine that makes them
 * (schema_registry.c). Private to the two. */

#include "wire/schema_registry.h"

#define REGISTRY_MAX_PATH 4096

/* Takes over path and body; a call with a body is a POST. The request joins a
 * call for the same that is under way. */
int registry_ask(struct schema_registry *r, struct registry_request *request, enum registry_call call,
		 struct buf *path, struct buf *body, struct err *err);

bool registry_normalizes(const struct schema_registry *r);

#endif
