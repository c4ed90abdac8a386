#ifndef RIVER_SUMMARY_PROMPT_H
#define RIVER_SUMMARY_PROMPT_H

/* From review texts to the two messages of a chat completion. Pure: the same
 * arguments give the same bytes.
 *
 * Reviews are data, never instructions. The rules stand in the system message
 * alone. The user message holds the texts as one JSON array between two marker
 * lines with a random nonce that no reviewer can know; texts lose control and
 * direction characters, and "|||" (the separator of other implementations)
 * is broken up. No defence of this kind is complete, which is why the answer is
 * judged as well (sanitise.h). */

#include "base/buf.h"
#include "base/err.h"
#include "summary/question.h"

#include <stdint.h>

/* Goes into the identity: change it whenever the wording changes. */
#define SUMMARY_PROMPT_VERSION "1"

#define PROMPT_NONCE_MAX 64

struct prompt {
	struct buf system, user;
	size_t reviews_used; /* how many of the texts went in */
	size_t text_bytes;   /* what they take, encoded */
	bool truncated;	     /* some were left out or cut for the budget */
};

void prompt_init(struct prompt *p);
void prompt_release(struct prompt *p);

/* `max_bytes` bounds the texts as encoded. When they do not fit, the oldest are
 * left out whole, one after the other; the newest is kept, cut at a character.
 * Texts that are blank after cleaning are skipped. Returns 0; 1 when nothing
 * is left to summarise (answer SUMMARY_NO_REVIEWS without a call); -1 when out
 * of memory. `nonce` is 1 to PROMPT_NONCE_MAX letters and digits. */
int prompt_build(struct prompt *p, const struct summary_question *question, size_t max_bytes,
		 const char *nonce, struct err *err);

/* One text without control characters, direction overrides, zero-width and
 * tag characters; white space collapsed; invalid UTF-8 replaced. Appended. */
void prompt_clean(struct buf *out, struct slice text);

/* The same without a copy where nothing has to change: the text itself, or what
 * `scratch` holds then (cleared first; ask buf_failed()). Borrowed from either. */
struct slice prompt_cleaned(struct buf *scratch, struct slice text);

/* What an answer depends on besides the texts: "openai:MODEL;prompt=1;max_tokens=120;temperature=0.2". */
void summary_identity(struct buf *out, const char *kind, const char *model, int max_tokens,
		      double temperature);

#endif
