/* Whether a summary is nothing but a piece of a review. */

#include "summary/prompt.h"
#include "summary/sanitise.h"

#include <string.h>

#define MAX_REVIEW (8 * 1024 * 1024)

bool summary_is_copied(struct slice summary, const struct slice *reviews, size_t count)
{
	struct buf clean;
	bool copied = false;

	while (summary.len > 0 && strchr(".!?", summary.data[summary.len - 1]) != NULL)
		summary.len--;
	if (summary.len == 0)
		return false;
	buf_init(&clean, MAX_REVIEW);
	for (size_t i = 0; i < count && !copied; i++) {
		buf_clear(&clean);
		prompt_clean(&clean, reviews[i]); /* what the model was shown */
		copied = buf_failed(&clean) ||
			 (clean.len > 0 && memmem(clean.data, clean.len, summary.data, summary.len) != NULL);
	}
	buf_release(&clean);
	return copied;
}
