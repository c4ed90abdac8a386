#ifndef RIVER_SUMMARY_EXTRACTIVE_H
#define RIVER_SUMMARY_EXTRACTIVE_H

/* A summary without a model: the default, and what is used when a model gives
 * nothing fit to send. Deterministic, pure, no network.
 *
 * Sentences of the reviews are split into clauses; a clause that speaks of
 * something on a list (breakfast, staff, view, ...) in good words counts for
 * it, one in bad words counts against. The things most reviews like make one
 * sentence: "Guests loved the friendly staff and the sea view."
 *
 * Made for English. Other languages give the neutral sentence. Nothing of a
 * review is ever copied: every word of the answer comes from this module's own
 * lists, so that no link, address or instruction can pass through. */

#include "base/buf.h"
#include "summary/question.h"

/* Part of the identity: change it when the lists, the rules or the bounds change. */
#define EXTRACTIVE_VERSION "2"

/* It runs on the loop, so the work for one answer is bounded, however many
 * reviews there are. The newest reviews are read, whole, as long as they take
 * at most EXTRACTIVE_MAX_BYTES together; the first that does not fit ends it,
 * as in prompt_build(). Of one review EXTRACTIVE_MAX_REVIEW bytes are read and
 * counted. Blank reviews are passed over without being counted, up to
 * EXTRACTIVE_MAX_BLANK bytes of them. */
#define EXTRACTIVE_MAX_BYTES  ((size_t)24000)
#define EXTRACTIVE_MAX_REVIEW ((size_t)8192)
#define EXTRACTIVE_MAX_BLANK  ((size_t)65536)

/* Replaces *out: one sentence, or SUMMARY_NO_REVIEWS when there is no text.
 * Takes some 0.1 ms for EXTRACTIVE_MAX_BYTES of English. */
void extractive_summarise(const struct slice *reviews, size_t count, struct buf *out);

#endif
