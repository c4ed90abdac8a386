#ifndef RIVER_BASE_BLOCK_H
#define RIVER_BASE_BLOCK_H

/* Many bytes of a text at once, by the vector extension that gcc and clang have
 * for every machine: after block_load(&b, p), b == 'x' is a block with 0xff
 * wherever that holds. For loops that ask "is there anything unusual in here?" and
 * mostly hear no. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BLOCK 16 /* bytes: what every 64-bit processor has; gcc takes longer ones apart */

typedef uint8_t block __attribute__((vector_size(BLOCK)));

/* Into *b and not returned: how vectors are returned depends on the processor. */
static inline void block_load(block *b, const char *from)
{
	memcpy(b, from, BLOCK);
}

static inline bool block_any(const block *b)
{
	uint64_t words[BLOCK / 8];

	memcpy(words, b, BLOCK);
	return (words[0] | words[1]) != 0;
}

#endif
