#ifndef RIVER_WORLD_WORLD_REVIEW_H
#define RIVER_WORLD_WORLD_REVIEW_H

/* Writes a guest's review: one to five sentences that agree with the rating. */

#include "base/buf.h"
#include "base/random.h"

/* Ratings lean to the good side, as they do in life: 1 to 5. */
int world_review_rating(struct random *r);

void world_review_text(struct random *r, int rating, const char *city, struct buf *out);

#endif
