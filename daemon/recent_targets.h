#ifndef RIVERD_RECENT_TARGETS_H
#define RIVERD_RECENT_TARGETS_H

/* The last targets emitted, for the page and /status: a ring of copies,
 * newest first when read. Long texts are cut. In memory only; an erased
 * customer is removed at once. Thread: the loop's. */

#include "hotels/pipeline.h"

#define RECENT_TARGETS	   50
#define RECENT_SIMILAR_MAX 8 /* names kept; the number of all is kept as well */

struct recent_target {
	struct buf text; /* owns the bytes */
	struct slice email, hotel_id, hotel_name, hotel_city, summary;
	struct slice similar[RECENT_SIMILAR_MAX];
	size_t similar_kept, similar_count;
	size_t review_count;
	int64_t activity_ms; /* event time of the click */
	int64_t emitted_ms;  /* wall time */
};

struct recent_targets {
	struct recent_target items[RECENT_TARGETS];
	size_t next;  /* where the next one goes */
	size_t count; /* filled, at most RECENT_TARGETS */
};

void recent_targets_init(struct recent_targets *r);
void recent_targets_release(struct recent_targets *r);

/* Copies what it needs. Out of memory: the target is not shown. */
void recent_targets_add(struct recent_targets *r, const struct target_view *target, int64_t emitted_ms);

/* Forgets every target of this address. */
void recent_targets_erase(struct recent_targets *r, struct slice email);

/* The i-th newest, i < r->count. Borrowed until the next change. */
const struct recent_target *recent_targets_get(const struct recent_targets *r, size_t i);

#endif
