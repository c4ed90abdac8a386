#ifndef RIVER_SERVE_PAGE_H
#define RIVER_SERVE_PAGE_H

/* The live page: three files compiled into the program.
 *
 * "/" is the document, "/page.css" and "/page.js" what it loads; nothing comes
 * from elsewhere. The script asks /status once a second and draws what it
 * says: the words (stages, waiting lists, labels) come with the data, so the
 * page knows nothing of any particular pipeline. Texts are put in with
 * textContent only. daemon/status.h documents the data. */

#include "serve/http_server.h"

/* Handlers for the route table; ctx is unused. */
void page_html(void *ctx, const struct http_request *request, struct http_response *response);
void page_css(void *ctx, const struct http_request *request, struct http_response *response);
void page_js(void *ctx, const struct http_request *request, struct http_response *response);

#define PAGE_ROUTES                                                                                          \
	{"/", page_html, NULL, false}, {"/page.css", page_css, NULL, false},                                 \
	{                                                                                                    \
		"/page.js", page_js, NULL, false                                                             \
	}

#endif
