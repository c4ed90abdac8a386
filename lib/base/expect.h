#ifndef RIVER_BASE_EXPECT_H
#define RIVER_BASE_EXPECT_H

/* Asks for memory that will be read soon, and does not wait for it. Any address
 * may be given. */

#include <stddef.h>

#define EXPECT_LINE 64 /* bytes that come at once */

static inline void expect_bytes(const void *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += EXPECT_LINE)
		__builtin_prefetch((const char *)at + i);
}

#endif
