#ifndef RIVER_WIRE_SCHEMA_CACHE_H
#define RIVER_WIRE_SCHEMA_CACHE_H

/* What a decoder knows of the schemas its topic names: the compiled plan, or
 * why there is none. Ids and GUIDs are immutable in a registry, so a usable
 * entry is kept for ever; a missing one may be learnt later. Ids come out of
 * messages, so their number is bounded: beyond SCHEMA_CACHE_MAX the missing
 * ones are forgotten. */

#include "base/map.h"
#include "wire/avro_plan.h"
#include "wire/decoder.h"
#include "wire/framing.h"

#define SCHEMA_CACHE_MAX 10000

enum schema_state {
	SCHEMA_AVRO, /* plan is set */
	SCHEMA_JSON,
	SCHEMA_UNUSABLE, /* reason is set */
	SCHEMA_MISSING,
};

struct schema_entry {
	struct schema_ref ref;
	enum schema_state state;
	struct avro_plan *plan;
	char *reason;
	uint8_t key[17];
	size_t key_len;
};

struct schema_cache {
	struct map map;
	struct schema_entry *last; /* most records follow the schema of the one before */
};

void schema_cache_init(struct schema_cache *c);
void schema_cache_release(struct schema_cache *c);

/* NULL when nothing was learnt of it. */
struct schema_entry *schema_cache_find(struct schema_cache *c, const struct schema_ref *ref);
const struct schema_entry *schema_cache_peek(const struct schema_cache *c, const struct schema_ref *ref);

/* The same, with a glance at the last one first. */
static inline struct schema_entry *schema_cache_get(struct schema_cache *c, const struct schema_ref *ref)
{
	if (c->last != NULL && schema_ref_equal(&c->last->ref, ref))
		return c->last;
	return schema_cache_find(c, ref);
}

/* Adds or replaces an entry, taking over plan and reason (also on failure).
 * -1 with ERR_RETRY when out of memory. */
int schema_cache_put(struct schema_cache *c, const struct schema_ref *ref, enum schema_state state,
		     struct avro_plan *plan, char *reason, struct err *err);

#endif
