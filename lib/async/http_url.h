#ifndef RIVER_ASYNC_HTTP_URL_H
#define RIVER_ASYNC_HTTP_URL_H

/* What clients do with URLs: take credentials out of them, refuse to send
 * secrets in the clear, and encode path segments. Pure. */

#include "base/buf.h"
#include "base/err.h"

/* Taken apart. Owned; release with http_url_release(), which wipes it. */
struct http_url {
	char *base; /* without userinfo, query, fragment and trailing slashes: "https://host:8081/path" */
	char *host; /* without brackets */
	char *user_info; /* percent-decoded "user:password", or NULL */
	bool tls;	 /* scheme is https */
	bool loopback;	 /* 127.0.0.0/8, ::1 or localhost: nobody listens in between */
};

/* Accepts http and https only. ERR_CONFIG with a sentence that never shows the
 * userinfo. */
int http_url_parse(struct http_url *u, const char *text, struct err *err);
void http_url_release(struct http_url *u);

/* RFC 3986: everything but unreserved characters becomes %XX. */
void http_percent_encode(struct buf *b, struct slice s);

/* "Authorization: Basic ..." (RFC 7617) of "user:password". */
void http_basic_header(struct buf *b, const char *user_info);

/* Whether a header line "Name: value" is well formed: a token, a colon, and no
 * control characters (no header can be smuggled in by a value). */
bool http_header_valid(const char *line);

#endif
