#ifndef RIVER_SUMMARY_QUESTION_H
#define RIVER_SUMMARY_QUESTION_H

/* What is asked of a summariser: the texts that guests wrote about one place,
 * oldest first, under a hash that stands for model, prompt and texts. */

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>

struct summary_question {
	struct hash_id hash;
	const struct slice *reviews; /* oldest first; hostile until proven otherwise */
	size_t count;
	bool shared; /* each is a shared text (base/shared_text.h): to hold, not to copy */
};

/* The one answer for no reviews at all; also when all are blank. */
#define SUMMARY_NO_REVIEWS "NO REVIEWS FOUND."

/* Called on the loop; `summary` is borrowed for the call. */
typedef void summary_answered(void *ctx, struct hash_id hash, struct slice summary);

#endif
