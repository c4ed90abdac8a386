#ifndef RIVER_SUMMARY_CHARACTERS_H
#define RIVER_SUMMARY_CHARACTERS_H

/* Which characters a reader sees. Hidden ones can carry instructions past a
 * person who looks at a review, or turn the text around in an e-mail. */

#include "base/slice.h"

#include <stdint.h>

enum character {
	CHARACTER_PLAIN,
	CHARACTER_BLANK,  /* any kind of white space, line ends included */
	CHARACTER_JOINER, /* part of emoji: variation selectors 15 and 16, zero-width joiner */
	CHARACTER_HIDDEN, /* controls, direction marks, zero-width, fillers, tags, private use */
};

/* Decodes the valid UTF-8 sequence of n bytes (utf8_sequence()) at p. */
uint32_t character_code(const char *p, size_t n);

enum character character_class(uint32_t code);

/* Unicode code points in valid UTF-8. */
size_t character_count(struct slice s);

#endif
