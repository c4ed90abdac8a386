#include "serve/page.h"

#include "serve/page_files.h" /* generated: page.mk */

static void put_file(struct http_response *response, const char *type, const unsigned char *data, size_t len)
{
	response->content_type = type;
	response->fixed = slice_make(data, len);
}

void page_html(void *ctx, const struct http_request *request, struct http_response *response)
{
	(void)ctx;
	(void)request;
	put_file(response, "text/html; charset=utf-8", page_html_file, sizeof(page_html_file));
}

void page_css(void *ctx, const struct http_request *request, struct http_response *response)
{
	(void)ctx;
	(void)request;
	put_file(response, "text/css; charset=utf-8", page_css_file, sizeof(page_css_file));
}

void page_js(void *ctx, const struct http_request *request, struct http_response *response)
{
	(void)ctx;
	(void)request;
	put_file(response, "text/javascript; charset=utf-8", page_js_file, sizeof(page_js_file));
}
