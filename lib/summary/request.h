#ifndef RIVER_SUMMARY_REQUEST_H
#define RIVER_SUMMARY_REQUEST_H

/* Where a chat completion is posted, with which headers, and its body. For
 * client.c, and for a tool that asks once. */

#include "summary/client.h"
#include "summary/prompt.h"

#define CHAT_MAX_HEADERS 24

struct chat_endpoint {
	char *url;  /* complete, with its query */
	char *base; /* for the log: no credentials, no query */
	char *headers[CHAT_MAX_HEADERS];
	size_t header_count;
};

/* ERR_CONFIG with a sentence that shows no secret. Release it in any case. */
int chat_endpoint_init(struct chat_endpoint *e, const struct summary_client_options *options,
		       struct err *err);
void chat_endpoint_release(struct chat_endpoint *e);

struct chat_parameters {
	const char *model;
	int max_tokens;
	bool old_max_tokens; /* "max_tokens" instead of "max_completion_tokens" */
	double temperature;  /* < 0: not sent */
};

/* Replaces *body. The prompt's buffers are read only. */
void chat_body(struct buf *body, const struct chat_parameters *parameters, const struct prompt *prompt);

#endif
