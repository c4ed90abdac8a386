#ifndef RIVER_SUMMARY_PROVIDER_H
#define RIVER_SUMMARY_PROVIDER_H

/* One front for whatever makes summaries, so that the daemon only asks and is
 * answered. */

#include "summary/client.h"

enum summary_kind {
	SUMMARY_EXTRACTIVE, /* summary.provider=extractive: in process, no network */
	SUMMARY_OPENAI,	    /* summary.provider=openai: any OpenAI-compatible endpoint */
};

/* "extractive" or "openai"; -1 when unknown. */
int summary_kind_parse(const char *word);
const char *summary_kind_name(enum summary_kind kind);

struct summary_provider;

/* `options` and `http` are used for SUMMARY_OPENAI only and may be NULL
 * otherwise. */
struct summary_provider *summary_provider_new(enum summary_kind kind, struct loop *loop,
					      struct http_client *http, struct log *log,
					      const struct summary_client_options *options,
					      summary_answered *answered, void *ctx, struct err *err);
void summary_provider_free(struct summary_provider *p);

/* Texts are copied if needed. answered() comes exactly once per open hash: later
 * on the loop, or, from the extractive kind, before this returns. -1 (ERR_RETRY)
 * only when out of memory. */
int summary_provider_ask(struct summary_provider *p, const struct summary_question *question,
			 struct err *err);

/* While it is held no answers come, but for those under way; the extractive kind answers
 * whoever asks. */
void summary_provider_hold(struct summary_provider *p, bool hold);

/* Appended; goes into the hash of every question. */
void summary_provider_identity(const struct summary_provider *p, struct buf *out);

const struct summary_stats *summary_provider_stats(const struct summary_provider *p);

#endif
