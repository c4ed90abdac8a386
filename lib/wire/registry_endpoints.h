#ifndef RIVER_WIRE_REGISTRY_ENDPOINTS_H
#define RIVER_WIRE_REGISTRY_ENDPOINTS_H

/* The URLs of a registry with the headers each of them gets: the comma list of
 * the configuration, taken apart once. Private to schema_registry.c. */

#include "wire/schema_registry.h"

#define REGISTRY_MAX_ENDPOINTS 8
#define REGISTRY_MAX_HEADERS   24

struct registry_endpoint {
	char *base; /* "https://host:8081", shown in the log: no credentials */
	char *headers[REGISTRY_MAX_HEADERS];
	size_t header_count;
};

struct registry_endpoints {
	struct registry_endpoint list[REGISTRY_MAX_ENDPOINTS];
	size_t count;
};

/* ERR_CONFIG with a sentence that shows no secret. Release it in any case. */
int registry_endpoints_init(struct registry_endpoints *e, const struct registry_options *options,
			    struct err *err);
void registry_endpoints_release(struct registry_endpoints *e);

#endif
