#ifndef RIVER_SERVE_PAGE_H
#define RIVER_SERVE_PAGE_H

/* The live page: one document compiled into the program, its style and script
 * inline and allowed by their hashes alone; nothing comes from elsewhere.
 *
 * The script reads the stream of events at /events, each the same JSON as
 * /status, and asks /status every two seconds where there is no stream to be
 * had. The words (stages, waiting lists, labels) come with the data, so the
 * page knows nothing of any particular pipeline. Texts are put in with
 * textContent only; the policy's Trusted Types make everything else an error.
 * daemon/status.h documents the data. */

#include "serve/http_server.h"

/* Handler for the route table; ctx is unused. */
void page_html(void *ctx, const struct http_request *request, struct http_response *response);

#define PAGE_ROUTES                                                                                          \
	{                                                                                                    \
		"/", page_html, NULL, false                                                                  \
	}

#endif
