#ifndef RIVER_SUMMARY_PHRASES_H
#define RIVER_SUMMARY_PHRASES_H

/* Words that have no place in a sentence about a hotel. */

#include "base/slice.h"

/* Each ends with NULL. ASCII in lower case; other letters as they are written. */
extern const char *const phrases_link[];  /* addresses in any spelling */
extern const char *const phrases_meta[];  /* prompts, instructions, refusals, offers, code */
extern const char *const phrases_voice[]; /* somebody speaks for himself */

/* What a review says that gives orders rather than an opinion. Common words are
 * among them: of use only for a text that was found to be repeated. */
extern const char *const phrases_orders[];

/* Whether one of them stands in the text, whatever its case, as whole words. */
bool phrases_find(struct slice text, const char *const *phrases);

#endif
