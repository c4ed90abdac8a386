#include "wire/schema_cache.h"

#include "base/random.h"

#include <stdlib.h>

static struct slice entry_key(const void *value)
{
	const struct schema_entry *e = value;

	return slice_make(e->key, e->key_len);
}

void schema_cache_init(struct schema_cache *c)
{
	map_init(&c->map, entry_key, random_seed());
	c->last = NULL;
}

static void entry_free(struct schema_entry *e)
{
	avro_plan_free(e->plan);
	free(e->reason);
	free(e);
}

void schema_cache_release(struct schema_cache *c)
{
	struct schema_entry *e;
	size_t at = 0;

	while ((e = map_next(&c->map, &at)) != NULL)
		entry_free(e);
	map_release(&c->map);
	c->last = NULL;
}

static struct slice ref_key(const struct schema_ref *ref, uint8_t key[17])
{
	uint32_t id = (uint32_t)ref->id;

	key[0] = ref->is_guid;
	if (ref->is_guid) {
		memcpy(key + 1, ref->guid, sizeof(ref->guid));
		return slice_make(key, 17);
	}
	memcpy(key + 1, &id, sizeof(id));
	return slice_make(key, 5);
}

const struct schema_entry *schema_cache_peek(const struct schema_cache *c, const struct schema_ref *ref)
{
	uint8_t key[17];

	return map_get(&c->map, ref_key(ref, key));
}

struct schema_entry *schema_cache_find(struct schema_cache *c, const struct schema_ref *ref)
{
	uint8_t key[17];
	struct schema_entry *e;

	e = map_get(&c->map, ref_key(ref, key));
	if (e != NULL)
		c->last = e;
	return e;
}

/* One at a time, since the map must not change while it is walked. */
static struct schema_entry *any_missing(struct schema_cache *c)
{
	struct schema_entry *e;
	size_t at = 0;

	while ((e = map_next(&c->map, &at)) != NULL)
		if (e->state == SCHEMA_MISSING)
			return e;
	return NULL;
}

static void make_room(struct schema_cache *c)
{
	struct schema_entry *e = c->map.count >= SCHEMA_CACHE_MAX ? any_missing(c) : NULL;

	if (e == NULL)
		return;
	map_remove(&c->map, entry_key(e));
	entry_free(e);
	c->last = NULL;
}

int schema_cache_put(struct schema_cache *c, const struct schema_ref *ref, enum schema_state state,
		     struct avro_plan *plan, char *reason, struct err *err)
{
	struct schema_entry *e = calloc(1, sizeof(*e)), *old;

	if (e == NULL) {
		avro_plan_free(plan);
		free(reason);
		return err_set(err, ERR_RETRY, 0, "out of memory learning a schema");
	}
	*e = (struct schema_entry){.ref = *ref, .state = state, .plan = plan, .reason = reason};
	e->key_len = ref_key(ref, e->key).len;
	old = map_remove(&c->map, entry_key(e));
	if (old != NULL)
		entry_free(old);
	c->last = NULL;
	make_room(c);
	if (map_put(&c->map, e) != 0) {
		entry_free(e);
		return err_set(err, ERR_RETRY, 0, "out of memory learning a schema");
	}
	return 0;
}
