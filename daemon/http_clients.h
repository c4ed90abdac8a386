#ifndef RIVERD_HTTP_CLIENTS_H
#define RIVERD_HTTP_CLIENTS_H

/* From the settings to the clients of the schema registry and of the model,
 * for the daemon and for `riverd check --online`. One HTTP client each: they
 * may trust different CAs. */

#include "async/http_client.h"
#include "daemon/settings.h"
#include "summary/client.h"
#include "wire/schema_registry.h"

/* NULL and err when it cannot be made. */
struct http_client *http_clients_for_registry(const struct settings *s, struct loop *loop, struct err *err);
struct http_client *http_clients_for_summary(const struct settings *s, struct loop *loop, struct err *err);

/* How long a tool waits instead of what the settings say. */
struct http_clients_patience {
	int64_t timeout_ms; /* of one call, at most */
	int retries;	    /* as in struct registry_options */
};

/* `patience` NULL: the daemon's. */
struct schema_registry *http_clients_registry(const struct settings *s, struct loop *loop,
					      struct http_client *http, struct log *log,
					      const struct http_clients_patience *patience, struct err *err);

/* Borrows from the settings. */
void http_clients_summary_options(const struct settings *s, struct summary_client_options *out);

#endif
