#ifndef RIVER_OPERATORS_SLAB_H
#define RIVER_OPERATORS_SLAB_H

/* Memory for millions of small things of varying size, addressed by 32 bits.
 *
 * Cells are multiples of 8 bytes, cut from chunks that never move; a freed
 * cell is used again by the next of the same size. A reference counts units
 * of 8 bytes, so one slab spans 32 GiB. 0 is no reference. Compared with
 * malloc this saves 16 bytes a thing in headers and rounding, and 4 bytes a
 * link. What does not fit the first few chunks lies in huge pages (base/pages.h).
 * Chunks go back to the system only with the slab. */

#include <stddef.h>
#include <stdint.h>

#define SLAB_CELL_MAX	 4096	    /* bytes */
#define SLAB_CHUNK_UNITS (1u << 18) /* 2 MiB */
#define SLAB_EXTENT	 4	    /* chunks taken at once, after the first so many */
#define SLAB_NONE	 0u

struct slab {
	uint64_t **chunks; /* owned */
	size_t chunk_count, chunk_cap;
	uint32_t used;			       /* units cut from the last chunk */
	uint32_t freed[SLAB_CELL_MAX / 8 + 1]; /* by units: head of a chain of free cells */
};

void slab_init(struct slab *s);
void slab_release(struct slab *s);

/* A cell of at least `bytes` (at most SLAB_CELL_MAX), not cleared. */
uint32_t slab_take(struct slab *s, size_t bytes);

/* `bytes` is what was asked for. The first 8 bytes of a free cell are
 * overwritten, the others keep their contents until it is taken again. */
void slab_give(struct slab *s, uint32_t ref, size_t bytes);

static inline void *slab_at(const struct slab *s, uint32_t ref)
{
	return s->chunks[ref / SLAB_CHUNK_UNITS] + ref % SLAB_CHUNK_UNITS;
}

/* Bytes of all chunks. */
static inline size_t slab_bytes(const struct slab *s)
{
	return s->chunk_count * SLAB_CHUNK_UNITS * sizeof(uint64_t);
}

#endif
