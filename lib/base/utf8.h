#ifndef RIVER_BASE_UTF8_H
#define RIVER_BASE_UTF8_H

/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, at most
 * U+10FFFF. */

#include "base/slice.h"

/* Length of the valid sequence at `p` (1 to 4 bytes), 0 when there is none
 * within `len` bytes. */
size_t utf8_sequence(const char *p, size_t len);

bool utf8_valid(struct slice s);

/* The longest prefix of at most `max` bytes that does not cut a character. */
struct slice utf8_prefix(struct slice s, size_t max);

#endif
