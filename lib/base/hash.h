#ifndef RIVER_BASE_HASH_H
#define RIVER_BASE_HASH_H

/* Hashes.
 *
 * hash_seeded is XXH3-64 with a per-process seed: for tables whose keys come
 * from strangers. hash_id is the first 128 bits of SHA-256 over
 * length-prefixed parts: for identifiers that must be the same for ever and
 * must not collide on purpose. */

#include "base/slice.h"

#include <stdint.h>

struct hash_id {
	uint8_t bytes[16];
};

uint64_t hash_seeded(struct slice s, uint64_t seed);

/* Each part is hashed as its length (8 bytes, big endian) and its bytes, so
 * ("ab","c") and ("a","bc") differ. */
struct hash_id hash_id_of(const struct slice *parts, size_t count);

static inline bool hash_id_equal(struct hash_id a, struct hash_id b)
{
	return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

/* 32 lower-case hex digits and a NUL. */
void hash_id_hex(struct hash_id id, char out[33]);

#endif
