#include "test/lib/fake_http.h"

#include "test/lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct fake_http {
	struct loop *loop;
	uv_tcp_t *listener; /* NULL while down; freed when libuv is done with it */
	void (*answer)(void *ctx, const struct fake_request *request, struct fake_reply *reply);
	void *ctx;
	struct list connections;
	int port, requests, accepted, open, most_open;
	char url[64];
};

struct connection {
	uv_tcp_t tcp;
	struct fake_http *server;
	struct list node;
	struct loop_timer *timer;
	struct buf in, out;
	size_t sent;
	struct fake_reply reply;
	bool busy, closing, close_after;
	int64_t step; /* bytes per write; 0: all */
};

static void tcp_freed(uv_handle_t *handle)
{
	free(handle);
}

static void connection_closed(uv_handle_t *handle)
{
	struct connection *c = LIST_ENTRY(handle, struct connection, tcp);

	buf_release(&c->in);
	buf_release(&c->out);
	free(c);
}

static void set_busy(struct connection *c, bool busy)
{
	if (c->busy == busy)
		return;
	c->busy = busy;
	c->server->open += busy ? 1 : -1;
	if (c->server->open > c->server->most_open)
		c->server->most_open = c->server->open;
}

static void connection_close(struct connection *c)
{
	if (c->closing)
		return;
	c->closing = true;
	set_busy(c, false);
	list_remove(&c->node);
	loop_timer_free(c->timer);
	uv_close((uv_handle_t *)&c->tcp, connection_closed);
}

static void parse_requests(struct connection *c);

/* Loopback and small answers: what cannot be written now is tried later. */
static void send_some(void *ctx)
{
	struct connection *c = ctx;
	size_t left = c->out.len - c->sent, n = c->step ? 1 : left;
	uv_buf_t chunk = uv_buf_init(c->out.data + c->sent, (unsigned)n);
	int written = n ? uv_try_write((uv_stream_t *)&c->tcp, &chunk, 1) : 0;

	if (written < 0 && written != UV_EAGAIN) {
		connection_close(c);
		return;
	}
	c->sent += written > 0 ? (size_t)written : 0;
	if (c->sent < c->out.len) {
		loop_timer_start(c->timer, c->step ? c->reply.delay_ms : 1);
		return;
	}
	set_busy(c, false);
	if (c->close_after)
		connection_close(c);
	else
		parse_requests(c);
}

static void begin_answer(struct connection *c)
{
	struct fake_reply *r = &c->reply;
	size_t len = r->body_len ? r->body_len : r->body ? strlen(r->body) : 0;

	buf_clear(&c->out);
	c->sent = 0;
	c->step = r->behaviour == FAKE_DRIP;
	c->close_after = r->behaviour != FAKE_ANSWER && r->behaviour != FAKE_DRIP;
	if (r->behaviour == FAKE_UNSIZED)
		buf_printf(&c->out, "HTTP/1.1 %d Scripted\r\nConnection: close\r\n%s\r\n",
			   r->status ? r->status : 200, r->headers ? r->headers : "");
	else if (r->behaviour != FAKE_CLOSE && r->behaviour != FAKE_GARBAGE)
		buf_printf(&c->out, "HTTP/1.1 %d Scripted\r\nContent-Length: %zu\r\n%s\r\n",
			   r->status ? r->status : 200, len, r->headers ? r->headers : "");
	if (r->behaviour == FAKE_CUT)
		len /= 2;
	if (r->behaviour != FAKE_CLOSE)
		buf_append(&c->out, r->body, len);
	assert_false(buf_failed(&c->out));
	if (r->behaviour == FAKE_HANG)
		return;
	loop_timer_start(c->timer, r->delay_ms);
}

static size_t content_length(const char *headers)
{
	const char *at = strcasestr(headers, "\r\nContent-Length:");

	return at ? (size_t)strtoul(at + 17, NULL, 10) : 0;
}

static void parse_requests(struct connection *c)
{
	struct fake_request request = {.number = c->server->requests};
	char *text = (char *)buf_cstr(&c->in), *end = strstr(text, "\r\n\r\n"), *space, *body;
	size_t head, len;

	if (c->busy || c->closing || end == NULL)
		return;
	head = (size_t)(end - text) + 4;
	len = content_length(text);
	if (c->in.len < head + len)
		return;
	body = slice_dup(slice_make(text + head, len));
	request.headers = text;
	*end = '\0';
	space = strchr(text, ' ');
	assert_non_null(space);
	request.method = slice_dup(slice_make(text, (size_t)(space - text)));
	request.path = slice_dup(slice_make(space + 1, strcspn(space + 1, " ")));
	request.body = body;
	c->reply = (struct fake_reply){0};
	c->server->requests++;
	set_busy(c, true);
	c->server->answer(c->server->ctx, &request, &c->reply);
	free((char *)request.method);
	free((char *)request.path);
	free(body);
	memmove(c->in.data, c->in.data + head + len, c->in.len - head - len);
	c->in.len -= head + len;
	if (!c->closing)
		begin_answer(c);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct connection *c = LIST_ENTRY(handle, struct connection, tcp);

	(void)suggested;
	*out = uv_buf_init(buf_reserve(&c->in, 65536), 65536);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *data)
{
	struct connection *c = LIST_ENTRY(stream, struct connection, tcp);

	(void)data;
	if (n < 0) {
		connection_close(c);
		return;
	}
	c->in.len += (size_t)n;
	parse_requests(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct fake_http *f = listener->data;
	struct connection *c = calloc(1, sizeof(*c));

	assert_int_equal(status, 0);
	assert_non_null(c);
	uv_tcp_init(&f->loop->uv, &c->tcp);
	c->server = f;
	c->timer = loop_timer_new(f->loop, send_some, c);
	buf_init(&c->in, 8 << 20);
	buf_init(&c->out, 8 << 20);
	list_append(&f->connections, &c->node);
	assert_int_equal(uv_accept(listener, (uv_stream_t *)&c->tcp), 0);
	f->accepted++;
	uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
}

void fake_http_up(struct fake_http *f)
{
	struct sockaddr_in address;
	int len = sizeof(address);

	if (f->listener != NULL)
		return;
	f->listener = calloc(1, sizeof(*f->listener));
	assert_non_null(f->listener);
	uv_tcp_init(&f->loop->uv, f->listener);
	f->listener->data = f;
	uv_ip4_addr("127.0.0.1", f->port, &address);
	assert_int_equal(uv_tcp_bind(f->listener, (struct sockaddr *)&address, 0), 0);
	assert_int_equal(uv_listen((uv_stream_t *)f->listener, 128, on_connection), 0);
	uv_tcp_getsockname(f->listener, (struct sockaddr *)&address, &len);
	f->port = ntohs(address.sin_port);
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d", f->port);
}

void fake_http_down(struct fake_http *f)
{
	if (f->listener == NULL)
		return;
	uv_close((uv_handle_t *)f->listener, tcp_freed);
	f->listener = NULL;
	while (!list_empty(&f->connections))
		connection_close(LIST_ENTRY(f->connections.next, struct connection, node));
}

struct fake_http *fake_http_new(struct loop *loop,
				void (*answer)(void *ctx, const struct fake_request *request,
					       struct fake_reply *reply),
				void *ctx)
{
	struct fake_http *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->loop = loop;
	f->answer = answer;
	f->ctx = ctx;
	list_init(&f->connections);
	fake_http_up(f);
	return f;
}

void fake_http_free(struct fake_http *f)
{
	fake_http_down(f);
	/* Connections being closed do not look at the server any more. */
	free(f);
}

const char *fake_http_url(const struct fake_http *f)
{
	return f->url;
}

int fake_http_requests(const struct fake_http *f)
{
	return f->requests;
}

int fake_http_connections(const struct fake_http *f)
{
	return f->accepted;
}

int fake_http_open(const struct fake_http *f)
{
	return f->open;
}

int fake_http_most_open(const struct fake_http *f)
{
	return f->most_open;
}

static void nothing(void *ctx)
{
	(void)ctx;
}

static void turn_until(struct loop *loop, const int *flag, int at_least, int64_t ms, bool must)
{
	int64_t end = (int64_t)(uv_hrtime() / 1000000) + ms;
	/* A turn runs timers first and then waits: without ticks it would wait on
	 * after a timer did what we wait for. */
	struct loop_timer *tick = loop_timer_new(loop, nothing, NULL);
	bool over = false;

	loop_timer_repeat(tick, 2);
	while ((flag == NULL || *flag < at_least) && !over) {
		loop_turn(loop, true);
		over = (int64_t)(uv_hrtime() / 1000000) >= end;
	}
	loop_timer_free(tick);
	if (must && *flag < at_least)
		fail_msg("nothing came within %d ms", (int)ms);
}

void fake_wait(struct loop *loop, const int *flag, int at_least)
{
	turn_until(loop, flag, at_least, 10000, true);
}

void fake_sleep(struct loop *loop, int64_t ms)
{
	turn_until(loop, NULL, 0, ms, false);
}
