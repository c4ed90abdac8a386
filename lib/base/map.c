#include "base/map.h"

#include "base/hash.h"
#include "base/pages.h"

#include <stdlib.h>

void map_init(struct map *m, uint64_t seed)
{
	*m = (struct map){.seed = seed};
}

void map_release(struct map *m)
{
	pages_free(m->entries, m->entries ? (m->mask + 1) * sizeof(*m->entries) : 0);
	*m = (struct map){.seed = m->seed};
}

/* The place of the key, or the free place where it would go. */
static struct map_entry *probe(const struct map *m, struct slice key, uint64_t hash)
{
	size_t i = hash & m->mask;

	for (;; i = (i + 1) & m->mask) {
		struct map_entry *e = &m->entries[i];

		if (e->value == NULL || (e->hash == hash && slice_equal(e->key, key)))
			return e;
	}
}

static int grow(struct map *m)
{
	size_t cap = m->entries ? (m->mask + 1) * 2 : 16;
	struct map_entry *old = m->entries, *fresh = pages_zeroed(cap * sizeof(*fresh));
	size_t old_cap = old ? m->mask + 1 : 0;

	if (fresh == NULL)
		return -1;
	m->entries = fresh;
	m->mask = cap - 1;
	for (size_t i = 0; i < old_cap; i++)
		if (old[i].value != NULL)
			*probe(m, old[i].key, old[i].hash) = old[i];
	pages_free(old, old_cap * sizeof(*old));
	return 0;
}

void *map_get(const struct map *m, struct slice key)
{
	if (m->entries == NULL)
		return NULL;
	return probe(m, key, hash_seeded(key, m->seed))->value;
}

uint64_t map_hash(const struct map *m, struct slice key)
{
	return hash_seeded(key, m->seed);
}

void map_expect(const struct map *m, uint64_t hash)
{
	if (m->entries != NULL)
		__builtin_prefetch(&m->entries[hash & m->mask]);
}

void *map_guess(const struct map *m, uint64_t hash)
{
	for (size_t i = hash & m->mask; m->entries != NULL; i = (i + 1) & m->mask)
		if (m->entries[i].value == NULL || m->entries[i].hash == hash)
			return m->entries[i].value;
	return NULL;
}

int map_put(struct map *m, struct slice key, void *value)
{
	uint64_t hash = hash_seeded(key, m->seed);
	struct map_entry *e;

	if ((m->entries == NULL || (m->count + 1) * 2 > m->mask + 1) && grow(m) != 0)
		return -1;
	e = probe(m, key, hash);
	if (e->value == NULL)
		m->count++;
	*e = (struct map_entry){key, value, hash};
	return 0;
}

/* Backward-shift deletion: no tombstones, so a long-lived table stays fast. */
static void close_gap(struct map *m, size_t hole)
{
	size_t i = hole;

	for (;;) {
		size_t home;

		i = (i + 1) & m->mask;
		if (m->entries[i].value == NULL)
			break;
		home = m->entries[i].hash & m->mask;
		if (hole <= i ? (hole < home && home <= i) : (hole < home || home <= i))
			continue;
		m->entries[hole] = m->entries[i];
		hole = i;
	}
	m->entries[hole].value = NULL;
}

void *map_remove(struct map *m, struct slice key)
{
	struct map_entry *e;
	void *value;

	if (m->entries == NULL)
		return NULL;
	e = probe(m, key, hash_seeded(key, m->seed));
	value = e->value;
	if (value == NULL)
		return NULL;
	close_gap(m, (size_t)(e - m->entries));
	m->count--;
	return value;
}

void *map_next(const struct map *m, size_t *at)
{
	if (m->entries == NULL)
		return NULL;
	while (*at <= m->mask) {
		struct map_entry *e = &m->entries[(*at)++];

		if (e->value != NULL)
			return e->value;
	}
	return NULL;
}
