#ifndef RIVER_SERVE_HTTP_PRIVATE_H
#define RIVER_SERVE_HTTP_PRIVATE_H

/* What http_server.c (loop, limits, life) and http_exchange.c (one request and
 * its answer) share; nobody else includes it. */

#include "base/list.h"
#include "serve/http_server.h"

#include <microhttpd.h>

struct http_server {
	uv_loop_t *loop;
	struct http_server_options options;
	struct MHD_Daemon *daemon;
	uv_poll_t poll;		 /* MHD's epoll descriptor */
	uv_timer_t timer;	 /* MHD's next timeout or our next deadline, whichever is first */
	struct list connections; /* struct http_connection.link */
	struct list streams;	 /* struct http_stream.link; its length is stats.streams */
	struct http_server_stats stats;
	uint16_t port;
	bool loopback;
	int open_handles;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* Socket context of a connection: lives from accept to close. */
struct http_connection {
	struct list link;
	int fd;		     /* MHD's; never closed here */
	int64_t deadline_ms; /* monotonic; INT64_MAX once cut */
};

/* A stream of events to one client; http_stream.c. */
struct http_stream;

/* http_server.c: the record of a connection; NULL when it has none. */
struct http_connection *http_connection_of(struct MHD_Connection *connection);
/* http_server.c: lets MHD do what is due now. */
void http_server_run(struct http_server *server);

/* http_stream.c: answers with a stream whose first event is `event`; the status
 * to refuse with (503: too many), or 0 and *out. */
int http_stream_open(struct http_server *server, struct MHD_Connection *connection, struct slice event,
		     struct MHD_Response **out);
/* http_stream.c: ends all streams, before MHD is stopped. */
void http_stream_end_all(struct http_server *server);

/* http_listen.c: a listening socket, or -1 and err. *loopback: only this host can connect. */
int http_listen(const struct http_server_options *options, bool *loopback, uint16_t *port, struct err *err);

/* http_exchange.c: the callbacks of MHD for a request; cls is the server. */
enum MHD_Result http_exchange_step(void *cls, struct MHD_Connection *connection, const char *url,
				   const char *method, const char *version, const char *data,
				   size_t *data_size, void **exchange);
void http_exchange_free(void **exchange);

#endif
