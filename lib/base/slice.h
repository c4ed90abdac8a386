#ifndef RIVER_BASE_SLICE_H
#define RIVER_BASE_SLICE_H

/* A borrowed run of bytes: never owned, never NUL-terminated by promise.
 *
 * Decoders hand out slices into the message they read, so a slice is valid
 * only as long as the memory it points into. `data` may be NULL when `len`
 * is 0. */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *data;
	size_t len;
};

#define SLICE_LITERAL(text) ((struct slice){(text), sizeof(text) - 1})
#define SLICE_FMT	    "%.*s"
#define SLICE_ARG(s)	    (int)(s).len, (s).data ? (s).data : ""

static inline struct slice slice_make(const void *data, size_t len)
{
	return (struct slice){data, len};
}

/* A view of a NUL-terminated string; NULL gives the empty slice. */
static inline struct slice slice_str(const char *text)
{
	return (struct slice){text, text ? strlen(text) : 0};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Byte order, the shorter first when one is a prefix of the other. */
static inline int slice_compare(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.data, b.data, n) : 0;

	if (c != 0)
		return c;
	return a.len < b.len ? -1 : a.len > b.len;
}

static inline bool slice_is(struct slice s, const char *text)
{
	return slice_equal(s, slice_str(text));
}

/* ASCII case-insensitive equality; other bytes must match exactly. */
bool slice_equal_nocase(struct slice a, struct slice b);

/* Without trailing ASCII blanks (CHAR(n) columns arrive padded). */
struct slice slice_trim_right(struct slice s);

/* An owned NUL-terminated copy (free() it); NULL when out of memory. */
char *slice_dup(struct slice s);

#endif
