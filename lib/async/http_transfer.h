#ifndef RIVER_ASYNC_HTTP_TRANSFER_H
#define RIVER_ASYNC_HTTP_TRANSFER_H

/* One request as a curl easy handle: the options that keep it safe, the answer
 * as it comes, and what curl's verdict means. Private to http_client.c. */

#include "async/http_client.h"

#include <curl/curl.h>

/* Owned copies of struct http_options, with the defaults filled in. */
struct http_settings {
	char *ca_file, *cert_file, *key_file, *key_password, *proxy;
	int64_t connect_timeout_ms;
	size_t max_header_bytes;
};

/* -1 when out of memory; release it all the same. */
int http_settings_copy(struct http_settings *s, const struct http_options *options);
void http_settings_release(struct http_settings *s);

/* Makes request->easy ready to be given to curl. */
int http_transfer_begin(const struct http_settings *s, struct http_call *request, struct err *err);

/* Frees what begin made. The handle must be out of the multi handle. */
void http_transfer_end(struct http_call *request);

/* Sets result, status and err from how the transfer ended; before end(). */
void http_transfer_judge(struct http_call *request, CURLcode code);

#endif
