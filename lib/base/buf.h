#ifndef RIVER_BASE_BUF_H
#define RIVER_BASE_BUF_H

/* A growable byte buffer with a hard maximum.
 *
 * Errors are sticky: after one failed append (out of memory, or over `max`)
 * every later append does nothing, and buf_failed() says so. Many appends,
 * one check. */

#include "base/slice.h"

#include <stdint.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max; /* bytes; appends beyond fail */
	bool failed;
};

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);

/* Empties it and clears the failure; keeps the memory for reuse. */
void buf_clear(struct buf *b);

void buf_append(struct buf *b, const void *data, size_t len);
void buf_slice(struct buf *b, struct slice s);
void buf_str(struct buf *b, const char *text);
void buf_byte(struct buf *b, uint8_t byte);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* JSON string with quotes. Control characters, quotes, backslashes, and the
 * HTML-sensitive characters < > & are escaped; invalid UTF-8 becomes U+FFFD. */
void buf_json_string(struct buf *b, struct slice s);

/* Grows so that `len` more bytes fit and returns where they go, or NULL.
 * The caller fills them and adds to b->len. */
char *buf_reserve(struct buf *b, size_t len);

static inline bool buf_failed(const struct buf *b)
{
	return b->failed;
}

static inline struct slice buf_view(const struct buf *b)
{
	return slice_make(b->data, b->len);
}

/* NUL-terminates (the NUL is not counted in len) and returns the text; ""
 * when failed. Borrowed until the next change. */
const char *buf_cstr(struct buf *b);

#endif
