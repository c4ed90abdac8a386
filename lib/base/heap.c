#include "base/heap.h"

#include <stdlib.h> /* says which library this is */

#ifdef __GLIBC__
#include <malloc.h>

#define LARGE (1 << 20)
#define SLACK (4 << 20) /* free at the end of the heap before it is given back */

void heap_configure(void)
{
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_MMAP_THRESHOLD, LARGE);
	mallopt(M_TRIM_THRESHOLD, SLACK);
}
#else
void heap_configure(void)
{
}
#endif
