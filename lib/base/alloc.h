#ifndef RIVER_BASE_ALLOC_H
#define RIVER_BASE_ALLOC_H

/* Memory for the pure core, which has no way to go on without it: the durable
 * state is safe, so the process aborts and a restart resumes. */

#include "base/slice.h"

#include <stdint.h>
#include <stdlib.h>

static inline void *alloc_or_abort(size_t bytes)
{
	void *p = malloc(bytes ? bytes : 1);

	if (p == NULL)
		abort();
	return p;
}

static inline void *alloc_zeroed_or_abort(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size);

	if (p == NULL)
		abort();
	return p;
}

/* Room for at least `need` items in the array at `items` of `*cap` items of
 * `size` bytes; capacity doubles. Returns where the array is now. */
static inline void *alloc_grown(void *items, size_t *cap, size_t need, size_t size)
{
	size_t fresh = *cap ? *cap : 16;

	if (need <= *cap)
		return items;
	while (fresh < need)
		fresh *= 2;
	if (fresh > SIZE_MAX / size)
		abort();
	items = realloc(items, fresh * size);
	if (items == NULL)
		abort();
	*cap = fresh;
	return items;
}

/* Copies `s` to `*to`, moves `*to` behind it and returns the copy. Lays several strings into one block. */
static inline struct slice alloc_lay(char **to, struct slice s)
{
	struct slice copy = slice_make(*to, s.len);

	if (s.len > 0)
		memcpy(*to, s.data, s.len);
	*to += s.len;
	return copy;
}

#endif
