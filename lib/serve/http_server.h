#ifndef RIVER_SERVE_HTTP_SERVER_H
#define RIVER_SERVE_HTTP_SERVER_H

/* A small HTTP/1.1 server for probes, metrics and a page: libmicrohttpd parses
 * and keeps the connections, libuv waits.
 *
 * The daemon of libmicrohttpd runs in external polling mode (MHD_USE_EPOLL
 * without a thread): its epoll descriptor is watched by a uv_poll, and its
 * next timeout (MHD_get_timeout) by a uv_timer, so that everything happens on
 * the loop's thread and a handler may read the state of the program without
 * a lock. A handler must not block.
 *
 * What a stranger can do is bounded: a fixed route table and no files, header
 * block and body limited, connections limited in all and per address, a
 * deadline for each request that a dribbling client cannot extend, and an idle
 * limit between requests. A server bound to loopback also refuses requests
 * whose Host is not a loopback name, so that a web page elsewhere cannot reach
 * it through DNS rebinding. Every answer carries Cache-Control: no-store,
 * X-Content-Type-Options: nosniff and a strict Content-Security-Policy.
 *
 * A handler may answer with a stream of server-sent events (response.stream):
 * its body is the first event, http_server_publish() sends the later ones to
 * all streams. There are at most max_streams; no thread and no timer belongs to
 * one. Each event is kept once for all clients; a client that is slow gets the
 * newest event when it is ready for another, never a backlog, and one that
 * takes longer than request_ms for an event is cut.
 *
 * Thread: the loop's. */

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#include <uv.h>

struct http_server;

/* A request as a handler sees it; all borrowed for the call. */
struct http_request {
	bool head;	   /* HEAD: answer as for GET, the body is not sent */
	bool post;	   /* POST: only on routes with `post`, see below */
	struct slice path; /* percent-decoded, without the query */
	struct slice rest; /* what follows the prefix when the route has one; else empty */
	struct slice body; /* POST only; else empty */
	void *connection;  /* for http_request_query and http_request_header */
};

/* Whether the query has the argument; *value is set when it is given ("?a=1":
 * "1"; "?a": the empty slice) and may be NULL. */
bool http_request_query(const struct http_request *request, const char *name, struct slice *value);

/* The value of a header, or the empty slice. */
struct slice http_request_header(const struct http_request *request, const char *name);

/* What a handler fills. It begins as 200, text/plain and an empty body. */
struct http_response {
	int status;
	const char *content_type; /* constant text */
	struct buf body;	  /* append to it; at most HTTP_RESPONSE_MAX bytes */
	struct slice fixed;	  /* or: constant bytes that outlive the server, sent without a copy */
	const char *policy;	  /* constant Content-Security-Policy; NULL: nothing is allowed */
	bool stream;		  /* the body is the first event of a stream; content_type is ignored */
};

#define HTTP_RESPONSE_MAX ((size_t)16 << 20)

typedef void (*http_handler)(void *ctx, const struct http_request *request, struct http_response *response);

/* A path whose last two characters are a slash and a star matches everything
 * below it. The first row that matches wins. `ctx` is borrowed and outlives the server. */
struct http_route {
	const char *path;
	http_handler handler;
	void *ctx;
	bool post; /* POST is understood here, if the server allows it at all */
};

/* http_server_defaults() fills these; the caller changes what it wants. */
struct http_server_options {
	const char *address;	  /* IP literal or "localhost"; default 127.0.0.1. Borrowed for the call */
	uint16_t port;		  /* 0: any free one, see http_server_port */
	bool allow_remote;	  /* an address other than loopback is an error without it */
	bool allow_post;	  /* bodies up to max_body on routes with `post`; default false */
	size_t max_header;	  /* bytes of request line and headers: 8 KiB */
	size_t max_body;	  /* bytes: 256 KiB */
	unsigned max_connections; /* 64; more wait in the listen queue */
	unsigned max_per_address; /* 32; more are closed at once */
	unsigned max_streams;	  /* 8; one more is refused with 503 */
	unsigned request_ms; /* 10 s from the request line (the first: from connecting) to the last byte sent
			      */
	unsigned idle_ms;    /* 30 s between two requests of a connection; rounded up to seconds */
	const struct http_route *routes; /* borrowed; outlives the server */
	size_t route_count;
};
void http_server_defaults(struct http_server_options *options);

/* Listens. NULL and err on failure: ERR_CONFIG for an address that cannot be
 * parsed, is not allowed or is not ours, or a port in use or forbidden. */
struct http_server *http_server_new(uv_loop_t *loop, const struct http_server_options *options,
				    struct err *err);

/* The port listened on. */
uint16_t http_server_port(const struct http_server *server);

/* Sends an event to every open stream; `data` (UTF-8, may have several lines) is
 * copied. Not from inside a handler. */
void http_server_publish(struct http_server *server, struct slice data);

/* Stops listening, drops all connections, and frees the server when its
 * handles are closed, then calls `closed` (may be NULL) once from the loop.
 * NULL server: does nothing, `closed` is not called. */
void http_server_close(struct http_server *server, void (*closed)(void *ctx), void *ctx);

/* Counted since the start; for metrics and tests. */
struct http_server_stats {
	uint64_t requests;     /* answered by a handler */
	uint64_t refused;      /* answered by the server itself: 403, 404, 405, 413, 431, 500, 503 */
	uint64_t deadline_cut; /* connections cut because a request took too long */
	unsigned connections;  /* open now */
	unsigned streams;      /* of these, streams of events */
};
void http_server_stats(const struct http_server *server, struct http_server_stats *out);

#endif
