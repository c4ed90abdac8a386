#include "operators/slab.h"

#include "base/alloc.h"
#include "base/pages.h"

#define CHUNK_BYTES  (SLAB_CHUNK_UNITS * sizeof(uint64_t))
#define EXTENT_BYTES (SLAB_EXTENT * CHUNK_BYTES)

_Static_assert(EXTENT_BYTES >= PAGES_LARGE, "extents lie in huge pages");

void slab_init(struct slab *s)
{
	*s = (struct slab){0};
}

void slab_release(struct slab *s)
{
	for (size_t i = 0; i < s->chunk_count && i < SLAB_EXTENT; i++)
		free(s->chunks[i]);
	for (size_t i = SLAB_EXTENT; i < s->chunk_count; i += SLAB_EXTENT)
		pages_free(s->chunks[i], EXTENT_BYTES);
	free(s->chunks);
	*s = (struct slab){0};
}

static uint32_t units_of(size_t bytes)
{
	return (uint32_t)((bytes + 7) / 8);
}

/* The first few one by one: a small slab is to stay small. */
static uint64_t *new_chunk(const struct slab *s)
{
	size_t n = s->chunk_count;
	void *extent;

	if (n < SLAB_EXTENT)
		return alloc_or_abort(CHUNK_BYTES);
	if (n % SLAB_EXTENT != 0)
		return s->chunks[n - 1] + SLAB_CHUNK_UNITS;
	extent = pages_zeroed(EXTENT_BYTES);
	if (extent == NULL)
		abort();
	return extent;
}

static void add_chunk(struct slab *s)
{
	if (s->chunk_count >= UINT32_MAX / SLAB_CHUNK_UNITS) /* 32 GiB: no reference left */
		abort();
	s->chunks = alloc_grown(s->chunks, &s->chunk_cap, s->chunk_count + 1, sizeof(*s->chunks));
	s->chunks[s->chunk_count] = new_chunk(s);
	s->chunk_count++;
	s->used = s->chunk_count == 1 ? 1 : 0; /* unit 0 of the first chunk would be SLAB_NONE */
}

uint32_t slab_take(struct slab *s, size_t bytes)
{
	uint32_t units = units_of(bytes), ref;

	if (bytes == 0 || bytes > SLAB_CELL_MAX)
		abort();
	ref = s->freed[units];
	if (ref != SLAB_NONE) {
		s->freed[units] = *(uint32_t *)slab_at(s, ref);
		return ref;
	}
	if (s->chunk_count == 0 || s->used + units > SLAB_CHUNK_UNITS)
		add_chunk(s);
	ref = (uint32_t)(s->chunk_count - 1) * SLAB_CHUNK_UNITS + s->used;
	s->used += units;
	return ref;
}

void slab_give(struct slab *s, uint32_t ref, size_t bytes)
{
	uint32_t units = units_of(bytes);

	*(uint32_t *)slab_at(s, ref) = s->freed[units];
	s->freed[units] = ref;
}
