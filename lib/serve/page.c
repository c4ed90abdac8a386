#include "serve/page.h"

#include "serve/page_files.h" /* generated: page.mk */

void page_html(void *ctx, const struct http_request *request, struct http_response *response)
{
	(void)ctx;
	(void)request;
	response->content_type = "text/html; charset=utf-8";
	response->policy = PAGE_POLICY;
	response->fixed = slice_make(page_file, sizeof(page_file));
}
