#include "base/map.h"

#define FIRST_CAP 16

struct map_entry {
	uint64_t hash; /* never 0: see map_hash */
	void *value;
};

_Static_assert(sizeof(struct map_entry) == 16, "there are millions of them");

struct slice map_key_slice(const void *value)
{
	return *(const struct slice *)value;
}

struct slice map_key_hash(const void *value)
{
	const struct hash_id *hash = value;

	return slice_make(hash->bytes, sizeof(hash->bytes));
}

void map_init(struct map *m, struct slice (*key)(const void *value), uint64_t seed)
{
	*m = (struct map){.key = key, .seed = seed};
}

void map_release(struct map *m)
{
	places_release(&m->places, sizeof(struct map_entry));
	map_init(m, m->key, m->seed);
}

uint64_t map_hash(const struct map *m, struct slice key)
{
	return hash_seeded(key, m->seed) | 1; /* its lower half is not 0, as a place wants it */
}

static size_t home_of(struct places_run r, uint64_t hash)
{
	return places_home(r, (uint32_t)(hash >> 32));
}

/* The place of the key, or the free place where it would go. */
static struct map_entry *probe(const struct map *m, struct slice key, uint64_t hash)
{
	struct places_run r = places_run(&m->places, (uint32_t)(hash >> 32));
	struct map_entry *entries = r.at;

	for (size_t i = home_of(r, hash);; i = places_next(r, i)) {
		struct map_entry *e = &entries[i];

		if (e->hash == 0 || (e->hash == hash && slice_equal(m->key(e->value), key)))
			return e;
	}
}

void *map_get(const struct map *m, struct slice key)
{
	return m->count == 0 ? NULL : probe(m, key, map_hash(m, key))->value;
}

void map_expect(const struct map *m, uint64_t hash)
{
	if (m->count > 0)
		__builtin_prefetch(
			places_home_at(&m->places, (uint32_t)(hash >> 32), sizeof(struct map_entry)));
}

void *map_guess(const struct map *m, uint64_t hash)
{
	struct places_run r = places_run(&m->places, (uint32_t)(hash >> 32));
	const struct map_entry *entries = r.at;

	for (size_t i = home_of(r, hash); m->count > 0; i = places_next(r, i))
		if (entries[i].hash == 0 || entries[i].hash == hash)
			return entries[i].value;
	return NULL;
}

int map_put(struct map *m, void *value)
{
	struct slice key = m->key(value);
	uint64_t hash = map_hash(m, key);
	size_t cap = m->places.now.cap;
	struct map_entry *e;

	if ((m->count + 1) * 2 > cap &&
	    places_grow(&m->places, cap > 0 ? cap * 2 : FIRST_CAP, sizeof(*e)) != 0)
		return -1;
	places_step(&m->places, sizeof(*e));
	e = probe(m, key, hash);
	if (e->hash == 0)
		m->count++;
	*e = (struct map_entry){hash, value};
	return 0;
}

void *map_remove(struct map *m, struct slice key)
{
	struct map_entry *e = m->count > 0 ? probe(m, key, map_hash(m, key)) : NULL;
	void *value;

	if (e == NULL || e->hash == 0)
		return NULL;
	value = e->value;
	places_remove(&m->places, e, sizeof(*e));
	m->count--;
	return value;
}

void *map_next(const struct map *m, size_t *at)
{
	const struct map_entry *e = places_each(&m->places, at, sizeof(*e));

	return e != NULL ? e->value : NULL;
}
