#ifndef RIVER_SUMMARY_SANITISE_H
#define RIVER_SUMMARY_SANITISE_H

/* Judges and cleans what a model wrote before it may reach a customer. Pure.
 *
 * Cleaned away: white space at the ends and in runs, code fences, quotation
 * marks around the whole, markdown emphasis and list marks, a leading
 * "Summary:", and a reasoning block in <think> or <reasoning> tags.
 * Not accepted: more than SUMMARY_MAX_CHARS characters, more than one sentence,
 * links, addresses, telephone numbers, markup, control or direction
 * characters, talk about prompts and instructions, refusals, the voice of a
 * guest ("we left early"). Whether it only repeats a review is asked apart. */

#include "base/buf.h"

#define SUMMARY_MAX_CHARS 400

enum verdict {
	VERDICT_FINE,
	VERDICT_SENTENCES, /* more than one sentence; *out holds the first, itself fine */
	VERDICT_EMPTY,
	VERDICT_LONG,
	VERDICT_LINK, /* URL, e-mail address, handle, telephone number */
	VERDICT_MARKUP,
	VERDICT_CHARACTERS, /* invalid UTF-8, control, direction or invisible characters */
	VERDICT_META,	    /* speaks of itself or its instructions instead of the hotel */
	VERDICT_ECHO,	    /* repeats a review that gives orders (echo.h); never from summary_sanitise() */
	VERDICT_VOICE,	    /* speaks as a guest or as the hotel: I, we, our */
	VERDICT_COPIED,	    /* from summary_is_copied(): a review's own words */
	VERDICTS
};
const char *verdict_name(enum verdict verdict);

/* Replaces *out. It holds something usable after VERDICT_FINE and
 * VERDICT_SENTENCES only. */
enum verdict summary_sanitise(struct slice text, struct buf *out);

/* Whether the summary stands word for word in one of the reviews, as small
 * models like to answer. Such a sentence is some guest's, praise or complaint,
 * and was not written for other customers. Running out of memory counts as yes. */
bool summary_is_copied(struct slice summary, const struct slice *reviews, size_t count);

#endif
