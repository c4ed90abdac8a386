/* Whether a summary is nothing but a piece of a review. */

#include "summary/prompt.h"
#include "summary/sanitise.h"

#include <string.h>

#define MAX_REVIEW (8 * 1024 * 1024)

bool summary_is_copied(struct slice summary, const struct slice *reviews, size_t count)
{
	struct buf scratch;
	bool copied = false;

	while (summary.len > 0 && strchr(".!?", summary.data[summary.len - 1]) != NULL)
		summary.len--;
	if (summary.len == 0)
		return false;
	buf_init(&scratch, MAX_REVIEW);
	for (size_t i = 0; i < count && !copied; i++) {
		struct slice shown = prompt_cleaned(&scratch, reviews[i]); /* to the model */

		copied = buf_failed(&scratch) ||
			 (shown.len > 0 && memmem(shown.data, shown.len, summary.data, summary.len) != NULL);
	}
	buf_release(&scratch);
	return copied;
}
