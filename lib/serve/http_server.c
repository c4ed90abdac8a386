#include "serve/http_server.h"

#include "serve/http_private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Happy path. MHD accepts and calls on_connection(); our record of the
 * connection gets a deadline. The request line arrives: on_request_line() sets
 * the deadline anew. Headers arrive: http_exchange_step() answers. The last
 * byte is sent: on_completed() grants idle time plus the time of a request.
 * After every MHD_run() the timer is set to what comes first: MHD's own next
 * timeout (idle connections) or the nearest deadline.
 *
 * A client that dribbles: MHD's timeout counts from the last byte and never
 * ends, so on_timer() shuts the socket down when the deadline has passed; MHD
 * then sees the end of the stream and closes.
 *
 * On close: the poll handle is closed before MHD closes the epoll descriptor,
 * or libuv would watch a number that belongs to someone else. MHD_stop_daemon
 * calls on_connection() for every connection left. The server is freed with
 * the last of its two handles. */

void http_server_defaults(struct http_server_options *options)
{
	*options = (struct http_server_options){
		.address = "127.0.0.1",
		.max_header = 8 << 10,
		.max_body = 256 << 10,
		.max_connections = 64,
		.max_per_address = 32,
		.max_streams = 8,
		.request_ms = 10000,
		.idle_ms = 30000,
	};
}

static int64_t now_ms(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

/* ---- callbacks of MHD ---- */

struct http_connection *http_connection_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

static void connection_opened(struct http_server *server, struct MHD_Connection *connection, void **context)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_connection *c = calloc(1, sizeof(*c));

	if (c == NULL || info == NULL) { /* cannot be watched, so it must not live */
		if (info != NULL)
			shutdown(info->connect_fd, SHUT_RDWR);
		free(c);
		return;
	}
	c->fd = info->connect_fd;
	c->deadline_ms = now_ms() + server->options.request_ms;
	list_append(&server->connections, &c->link);
	server->stats.connections++;
	*context = c;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct http_server *server = cls;
	struct http_connection *c = *context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		connection_opened(server, connection, context);
	} else if (c != NULL) {
		list_remove(&c->link);
		server->stats.connections--;
		free(c);
		*context = NULL;
	}
}

static void *on_request_line(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct http_server *server = cls;
	struct http_connection *c = http_connection_of(connection);
	int64_t deadline = now_ms() + server->options.request_ms;

	(void)uri;
	/* The first request's time runs since connecting. */
	if (c != NULL && deadline < c->deadline_ms)
		c->deadline_ms = deadline;
	return NULL;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **exchange,
			 enum MHD_RequestTerminationCode why)
{
	struct http_server *server = cls;
	struct http_connection *c = http_connection_of(connection);

	(void)why;
	http_exchange_free(exchange);
	if (c != NULL)
		c->deadline_ms = now_ms() + server->options.idle_ms + server->options.request_ms;
}

/* ---- the loop ---- */

static void on_timer(uv_timer_t *timer);

static void arm_timer(struct http_server *server)
{
	int64_t next = INT64_MAX, now = now_ms();
	MHD_UNSIGNED_LONG_LONG timeout;
	struct list *it, *tmp;

	LIST_EACH_SAFE(it, tmp, &server->connections)
	{
		int64_t deadline = LIST_ENTRY(it, struct http_connection, link)->deadline_ms;

		next = deadline < next ? deadline : next;
	}
	if (next != INT64_MAX)
		next = next > now ? next - now : 0;
	if (MHD_get_timeout(server->daemon, &timeout) == MHD_YES && (int64_t)timeout < next)
		next = (int64_t)timeout;
	if (next == INT64_MAX) {
		uv_timer_stop(&server->timer);
		return;
	}
	uv_update_time(server->loop);
	uv_timer_start(&server->timer, on_timer, (uint64_t)next, 0);
}

void http_server_run(struct http_server *server)
{
	MHD_run(server->daemon);
	arm_timer(server);
}

static void on_timer(uv_timer_t *timer)
{
	struct http_server *server = timer->data;
	struct list *it, *tmp;
	int64_t now = now_ms();

	LIST_EACH_SAFE(it, tmp, &server->connections)
	{
		struct http_connection *c = LIST_ENTRY(it, struct http_connection, link);

		if (c->deadline_ms > now)
			continue;
		c->deadline_ms = INT64_MAX;
		server->stats.deadline_cut++;
		shutdown(c->fd, SHUT_RDWR);
	}
	http_server_run(server);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	http_server_run(poll->data);
}

/* ---- life ---- */

/* Takes over `fd`. */
static struct MHD_Daemon *start_daemon(struct http_server *server, int fd)
{
	const struct http_server_options *o = &server->options;

	/* The pool holds the header block and the answer's headers; the exact
	 * limit of the former is checked in http_exchange.c. */
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, http_exchange_step,
				server, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				o->max_header + 8192, MHD_OPTION_CONNECTION_LIMIT, o->max_connections,
				MHD_OPTION_PER_IP_CONNECTION_LIMIT, o->max_per_address,
				MHD_OPTION_CONNECTION_TIMEOUT, (o->idle_ms + 999) / 1000,
				MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
				server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
				MHD_OPTION_URI_LOG_CALLBACK, on_request_line, server, MHD_OPTION_END);
}

static int watch(struct http_server *server, struct err *err)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int rc = info == NULL ? UV_EINVAL : uv_poll_init(server->loop, &server->poll, info->epoll_fd);

	if (rc != 0)
		return err_set(err, ERR_FATAL, -rc, "watch the HTTP server: %s", uv_strerror(rc));
	server->poll.data = server;
	uv_timer_init(server->loop, &server->timer);
	server->timer.data = server;
	server->open_handles = 2;
	uv_poll_start(&server->poll, UV_READABLE, on_poll);
	return 0;
}

struct http_server *http_server_new(uv_loop_t *loop, const struct http_server_options *options,
				    struct err *err)
{
	struct http_server *server = calloc(1, sizeof(*server));
	int fd;

	if (server == NULL) {
		err_set(err, ERR_FATAL, ENOMEM, "no memory for the HTTP server");
		return NULL;
	}
	server->loop = loop;
	server->options = *options;
	list_init(&server->connections);
	list_init(&server->streams);
	fd = http_listen(options, &server->loopback, &server->port, err);
	if (fd < 0)
		goto failed;
	server->options.address = NULL; /* borrowed for this call only */
	server->daemon = start_daemon(server, fd);
	if (server->daemon == NULL) {
		close(fd);
		err_set(err, ERR_FATAL, 0, "the HTTP server does not start");
		goto failed;
	}
	if (watch(server, err) != 0)
		goto failed_daemon;
	return server;

failed_daemon:
	MHD_stop_daemon(server->daemon);
failed:
	free(server);
	return NULL;
}

uint16_t http_server_port(const struct http_server *server)
{
	return server->port;
}

void http_server_stats(const struct http_server *server, struct http_server_stats *out)
{
	*out = server->stats;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct http_server *server = handle->data;
	void (*closed)(void *ctx) = server->closed;
	void *ctx = server->closed_ctx;

	if (--server->open_handles > 0)
		return;
	free(server);
	if (closed != NULL)
		closed(ctx);
}

void http_server_close(struct http_server *server, void (*closed)(void *ctx), void *ctx)
{
	if (server == NULL)
		return;
	server->closed = closed;
	server->closed_ctx = ctx;
	uv_close((uv_handle_t *)&server->poll, on_handle_closed);
	uv_close((uv_handle_t *)&server->timer, on_handle_closed);
	http_stream_end_all(server); /* MHD aborts the process when one is still suspended */
	MHD_stop_daemon(server->daemon);
	server->daemon = NULL;
}
