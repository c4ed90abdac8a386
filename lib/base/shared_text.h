#ifndef RIVER_BASE_SHARED_TEXT_H
#define RIVER_BASE_SHARED_TEXT_H

/* A text with several owners: a review stands in the review store, in every
 * open question of its month, and with the client that asks. It is a slice like
 * any other to those who read it; those who keep it hold it, and the last to
 * let go frees it. All owners are on one thread. */

#include "base/slice.h"

/* Copies `text`; the caller owns it. Aborts when out of memory (alloc.h). */
struct slice shared_text(struct slice text);

/* One owner more of a slice that shared_text() gave; returns it. */
struct slice shared_text_hold(struct slice text);

/* One owner less; the last one frees it. */
void shared_text_drop(struct slice text);

#endif
