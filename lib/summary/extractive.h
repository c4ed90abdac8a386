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

/* Part of the identity: change it when the lists or rules change. */
#define EXTRACTIVE_VERSION "1"

/* Replaces *out: one sentence, or SUMMARY_NO_REVIEWS when there is no text. */
void extractive_summarise(const struct slice *reviews, size_t count, struct buf *out);

#endif
