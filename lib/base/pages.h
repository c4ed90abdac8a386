#ifndef RIVER_BASE_PAGES_H
#define RIVER_BASE_PAGES_H

/* Memory for tables that are looked up in no order.
 *
 * Each look-up into a table of many MiB misses the processor's cache of address
 * translations as well as the cache of data, and the first costs more than the
 * second. So what is large lies in pages of 2 MiB, where the kernel has them to
 * give (transparent_hugepage "madvise" or "always"); it takes no more memory than
 * is touched, rounded up to such a page. What is small is the allocator's, since
 * a page of 2 MiB would be most of it. */

#include <stddef.h>

#define PAGES_HUGE  ((size_t)2 << 20)
#define PAGES_LARGE ((size_t)8 << 20) /* from here on in huge pages */

/* Zeroed; NULL without memory. */
void *pages_zeroed(size_t bytes);
/* `bytes` is what was asked for; NULL is nothing to give. */
void pages_free(void *p, size_t bytes);
/* Gives the memory of whole huge pages back, and keeps their addresses: they are zero
 * when they are looked at again. Inside of what was PAGES_LARGE at least. */
void pages_drop(void *p, size_t bytes);

#endif
