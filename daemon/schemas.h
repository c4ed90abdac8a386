#ifndef RIVERD_SCHEMAS_H
#define RIVERD_SCHEMAS_H

/* Writer schemas for the decoders: known ones from the database, new ones from
 * the registry. One is fetched at a time, because the stream waits for it: a
 * registry that is down holds records back, it never makes them dead letters.
 * Loop thread. */

#include "hotels/pipeline.h"
#include "wire/decoder.h"
#include "wire/schema_registry.h"

struct app;

struct schemas {
	struct app *app;
	struct decoder *decoders[INPUTS];
	struct registry_request request;
	struct schema_ref wanted;
	bool fetching;
	struct loop_timer *again;
	uint64_t learnt;
	int64_t failing_since_ms; /* mono; HEALTH_NEVER when fine */
	char reason[128];
};

int schemas_init(struct schemas *s, struct app *app, struct err *err);
void schemas_release(struct schemas *s);

/* One row of the database's schema table; a row_fn-like callback for
 * database_each_schema. */
int schemas_restore(void *ctx, const char *ref, const char *type, struct slice text, struct err *err);

/* Fetches it; intake goes on by itself when it is there. */
void schemas_want(struct schemas *s, const struct schema_ref *ref);

#endif
