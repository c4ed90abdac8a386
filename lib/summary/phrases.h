#ifndef RIVER_SUMMARY_PHRASES_H
#define RIVER_SUMMARY_PHRASES_H

/* Words that have no place in a sentence about a hotel. */

#include "base/slice.h"

/* Ends of NULL. Lower case ASCII. */
extern const char *const phrases_link[];  /* addresses in any spelling */
extern const char *const phrases_meta[];  /* prompts, instructions, refusals, offers, code */
extern const char *const phrases_voice[]; /* somebody speaks for himself */

/* Whether one of them stands in the text, whatever its case, as whole words. */
bool phrases_find(struct slice text, const char *const *phrases);

#endif
