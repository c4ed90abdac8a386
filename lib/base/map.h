#ifndef RIVER_BASE_MAP_H
#define RIVER_BASE_MAP_H

/* Hash table from a byte string to a value that knows its key. It grows step by step
 * (base/places.h), and of an entry it keeps 16 bytes: the hash, and where the value is.
 * The map does not own the values, and their keys must not change. Not thread safe. */

#include "base/hash.h"
#include "base/places.h"
#include "base/slice.h"

struct map {
	struct places places;
	struct slice (*key)(const void *value);
	size_t count;
	uint64_t seed;
};

/* `key` gives the key of a value. `seed` should come from random_seed(), or be fixed in tests. */
void map_init(struct map *m, struct slice (*key)(const void *value), uint64_t seed);

/* The key of a value that begins with it, a struct slice or a struct hash_id. */
struct slice map_key_slice(const void *value);
struct slice map_key_hash(const void *value);

/* Frees the table, not the values. */
void map_release(struct map *m);

void *map_get(const struct map *m, struct slice key);

/* A look-up in two steps that wait for no memory, for one who knows early what will be
 * asked for: `expect` begins to bring the key's place; when it is there, `guess` gives the
 * value of a key with that hash, most likely this one, to go on from. Only a hint. */
uint64_t map_hash(const struct map *m, struct slice key);
void map_expect(const struct map *m, uint64_t hash);
void *map_guess(const struct map *m, uint64_t hash);

/* Adds, or replaces the one with the same key, which must still be readable; returns 0,
 * or -1 when out of memory. `value` is not NULL. */
int map_put(struct map *m, void *value);

/* Removes and returns the value, or NULL. */
void *map_remove(struct map *m, struct slice key);

/* Iteration: start with *at = 0; NULL at the end. The map must not change. */
void *map_next(const struct map *m, size_t *at);

#endif
