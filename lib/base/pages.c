#include "base/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

static size_t rounded(size_t bytes)
{
	return (bytes + PAGES_HUGE - 1) / PAGES_HUGE * PAGES_HUGE;
}

/* Begins at a multiple of PAGES_HUGE: what is mapped too much on either side goes back. */
static void *map_aligned(size_t size)
{
	char *p = mmap(NULL, size + PAGES_HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	if (p == MAP_FAILED)
		return NULL;
	before = rounded((uintptr_t)p) - (uintptr_t)p;
	if (before > 0)
		munmap(p, before);
	if (before < PAGES_HUGE)
		munmap(p + before + size, PAGES_HUGE - before);
	return p + before;
}

void *pages_zeroed(size_t bytes)
{
	void *p;

	if (bytes < PAGES_LARGE)
		return calloc(1, bytes);
	if (bytes > SIZE_MAX - 2 * PAGES_HUGE)
		return NULL;
	p = map_aligned(rounded(bytes));
	if (p != NULL)
		(void)madvise(p, rounded(bytes), MADV_HUGEPAGE); /* refused: then in small pages */
	return p;
}

void pages_free(void *p, size_t bytes)
{
	if (bytes < PAGES_LARGE)
		free(p);
	else if (p != NULL)
		munmap(p, rounded(bytes));
}

void pages_drop(void *p, size_t bytes)
{
	(void)madvise(p, bytes, MADV_DONTNEED); /* refused: then it stays until pages_free */
}
