#ifndef RIVER_ASYNC_HTTP_CLIENT_H
#define RIVER_ASYNC_HTTP_CLIENT_H

/* HTTP requests on the loop: curl's multi interface driven by libuv.
 *
 * Happy path: http_submit() hands the request to curl; curl tells us which
 * sockets to watch and when to wake it; when the transfer ends, done() is
 * called. Connections are kept alive and reused.
 *
 * Failure modes: every request has a total timeout, so a server that hangs or
 * drips ends in HTTP_TIMEOUT; an answer that is larger than asked for ends in
 * HTTP_TOO_LARGE. The loop never blocks: names are resolved on curl's own
 * threads (checked at start), and a transfer given up while a name is being
 * resolved does not wait for that thread.
 *
 * On close, requests in flight end with HTTP_CANCELLED before
 * http_client_free() returns.
 *
 * done() is called exactly once for each request that http_submit() took,
 * always on the loop, never from inside http_submit().
 *
 * What curl may not do here: follow redirects (a key would follow, too), read
 * .netrc, take a proxy from the environment, speak anything but http and
 * https, use signals, keep cookies, skip TLS verification. */

#include "async/loop.h"
#include "base/buf.h"
#include "base/list.h"

/* Strings are copied; NULL means not set. */
struct http_options {
	const char *ca_file;   /* PEM; instead of the system's */
	const char *cert_file; /* PEM, client certificate, with key_file */
	const char *key_file;
	const char *key_password;
	const char *proxy;	    /* URL of a proxy; none otherwise, whatever the environment says */
	int64_t connect_timeout_ms; /* 0: 5 s */
	long max_connections;	    /* open at once to all hosts; 0: 16 */
	size_t max_header_bytes;    /* of a response; 0: 64 KiB */
};

enum http_result {
	HTTP_OK, /* a complete answer came, whatever its status */
	HTTP_IO, /* could not connect, resolve, or the connection broke */
	HTTP_TIMEOUT,
	HTTP_TOO_LARGE, /* body or headers over the limit */
	HTTP_TLS,	/* certificate not accepted, or no common TLS */
	HTTP_REFUSED,	/* the request itself is wrong: URL, protocol */
	HTTP_CANCELLED,
	HTTP_RESULTS
};
const char *http_result_name(enum http_result result);

/* Caller-owned. The first part is filled by the caller and borrowed until
 * done(); the second is for done() to read; memory it holds is given back by
 * http_call_release(). Zeroed memory is a valid start. */
struct http_call {
	const char *method; /* "GET", "POST" */
	const char *url;
	const char *const *headers; /* "Name: value" */
	size_t header_count;
	struct slice body;   /* sent when method is POST or PUT */
	int64_t timeout_ms;  /* all in all; 0: 60 s */
	size_t max_response; /* bytes of body; 0: 1 MiB */
	void (*done)(struct http_call *request);
	void *ctx;

	enum http_result result;
	int status;		 /* 200, 404, ...; 0 unless HTTP_OK */
	struct buf response;	 /* body, as far as it came */
	struct buf header_block; /* lines of the final response, CRLF and all */
	struct err err;		 /* unless HTTP_OK: ERR_RETRY, or ERR_CONFIG for HTTP_TLS and HTTP_REFUSED */
	int64_t elapsed_ms;

	/* private */
	struct http_client *client;
	void *easy;
	void *header_list;
	struct list node;
	bool too_large;
	char curl_text[256];
};

struct http_client;

/* NULL and err: ERR_FATAL when curl cannot resolve names without blocking. */
struct http_client *http_client_new(struct loop *loop, const struct http_options *options, struct err *err);

/* Cancels what is in flight. NULL is harmless. Not from inside done(). */
void http_client_free(struct http_client *c);

/* -1 (and no done()) when out of memory, a header is malformed, or the client
 * is closing. Earlier results in the request are dropped. */
int http_submit(struct http_client *c, struct http_call *request, struct err *err);

/* Ends it with HTTP_CANCELLED: done() is called before this returns. Harmless
 * when not in flight. From inside another request's done() as well. */
void http_cancel(struct http_call *request);

size_t http_in_flight(const struct http_client *c);

/* First value of a response header, trimmed; empty when there is none. */
struct slice http_header(const struct http_call *request, const char *name);

/* Frees response and header memory; the request may be submitted again. */
void http_call_release(struct http_call *request);

#endif
