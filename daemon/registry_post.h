#ifndef RIVER_DAEMON_REGISTRY_POST_H
#define RIVER_DAEMON_REGISTRY_POST_H

/* The schema registry, blocking: for command line tools, not for the daemon's
 * loop. Confluent's REST API. `url` is the base, as in
 * schema.registry.url; user:password@ in it is used for basic auth. */

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

/* POST /subjects/{subject}/versions with {"schema": text}. The same text again
 * gives the same id. ERR_RETRY when the registry cannot be reached or answers
 * 5xx, ERR_CONFIG when it refuses the schema. */
int registry_post_schema(const char *url, const char *subject, const char *text, int32_t *id,
			 struct err *err);

/* GET /schemas/ids/{id}: appends the schema's text. ERR_NOT_FOUND for 404. */
int registry_get_schema(const char *url, int32_t id, struct buf *text, struct err *err);

#endif
