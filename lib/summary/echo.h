#ifndef RIVER_SUMMARY_ECHO_H
#define RIVER_SUMMARY_ECHO_H

/* Whether a model's answer repeats a review that gives orders. Pure.
 *
 * sanitise.h judges an answer by itself, and an order can be worded so that it
 * looks like any sentence. Here it is held against the reviews: an answer that
 * shares ECHO_WORDS words in a row with one of them, or is wholly part of it, is
 * a copy, and a copy from a review that speaks to the machine or to the customer
 * (phrases_orders) must not be sent. Copies from other reviews are allowed. Case,
 * marks and white space do not count. */

#include "summary/question.h"

#include <stdbool.h>

#define ECHO_WORDS 5

/* The newest reviews count (they are the last), as many as take `max_bytes`
 * together: that is what the model was shown. When out of memory it is taken for
 * an echo. Takes 0.2 ms for 24 KiB of reviews, 10 ms for a MiB. */
bool summary_echoes(struct slice answer, const struct slice *reviews, size_t count, size_t max_bytes);

#endif
