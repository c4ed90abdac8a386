#include "test/lib/http_fixture.h"

#include "test/lib/cmocka_all.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void say_hello(void *ctx, const struct http_request *request, struct http_response *response)
{
	struct slice name = {0};

	(void)ctx;
	buf_str(&response->body, "hello");
	if (http_request_query(request, "name", &name))
		buf_printf(&response->body, " " SLICE_FMT, SLICE_ARG(name));
	if (http_request_query(request, "loud", NULL))
		buf_byte(&response->body, '!');
}

static void say_unready(void *ctx, const struct http_request *request, struct http_response *response)
{
	(void)ctx;
	(void)request;
	response->status = 503;
	buf_str(&response->body, "not ready");
}

static void echo(void *ctx, const struct http_request *request, struct http_response *response)
{
	(void)ctx;
	buf_slice(&response->body, request->rest);
	buf_byte(&response->body, '=');
	buf_slice(&response->body, request->body);
}

static void say_too_much(void *ctx, const struct http_request *request, struct http_response *response)
{
	static const char kilobyte[1024];

	(void)ctx;
	(void)request;
	for (size_t i = 0; i <= HTTP_RESPONSE_MAX / sizeof(kilobyte); i++)
		buf_append(&response->body, kilobyte, sizeof(kilobyte));
}

static void say_a_lot(void *ctx, const struct http_request *request, struct http_response *response)
{
	(void)ctx;
	(void)request;
	for (int i = 0; i < 1 << 20; i++)
		buf_str(&response->body, "12345678");
}

static void stream(void *ctx, const struct http_request *request, struct http_response *response)
{
	(void)ctx;
	(void)request;
	buf_str(&response->body, "first\nof two lines\n");
	response->stream = true;
}

static const struct http_route routes[] = {
	{"/hello", say_hello, NULL, false},   {"/unready", say_unready, NULL, false},
	{"/huge", say_too_much, NULL, false}, {"/big", say_a_lot, NULL, false},
	{"/echo/*", echo, NULL, true},	      {"/stream", stream, NULL, false},
};

int http_fixture_set_up(void **state)
{
	struct http_fixture *f = calloc(1, sizeof(*f));

	uv_loop_init(&f->loop);
	http_server_defaults(&f->options);
	f->options.routes = routes;
	f->options.route_count = sizeof(routes) / sizeof(routes[0]);
	*state = f;
	return 0;
}

void http_fixture_start(struct http_fixture *f)
{
	struct err err;

	f->server = http_server_new(&f->loop, &f->options, &err);
	if (f->server == NULL)
		fail_msg("%s", err.text);
}

void http_fixture_closed(void *ctx)
{
	((struct http_fixture *)ctx)->closed = true;
}

/* Every test ends with the proof that nothing is left on the loop. */
int http_fixture_tear_down(void **state)
{
	struct http_fixture *f = *state;
	bool had = f->server != NULL;
	int rc;

	http_server_close(f->server, http_fixture_closed, f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	rc = uv_loop_close(&f->loop);
	if (had && !f->closed)
		rc = -1;
	free(f);
	return rc;
}

/* ---- a client on the same thread ---- */

int http_fixture_dial(struct http_fixture *f)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(http_server_port(f->server)),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

void http_fixture_spin(struct http_fixture *f, int ms)
{
	uint64_t end = uv_hrtime() + (uint64_t)ms * 1000000;

	do {
		uv_run(&f->loop, UV_RUN_NOWAIT);
		poll(NULL, 0, 1);
	} while (uv_hrtime() < end);
}

unsigned http_fixture_connections(struct http_fixture *f, unsigned wanted)
{
	struct http_server_stats stats;

	for (int i = 0; i < 200; i++) {
		http_fixture_spin(f, 20);
		http_server_stats(f->server, &stats);
		if (stats.connections == wanted)
			break;
	}
	return (unsigned)stats.connections;
}

/* Lets the loop run and reads into f->reply until the peer closes (true) or
 * `ms` are over or `until` was read (false). */
bool http_fixture_read(struct http_fixture *f, int fd, const char *until, int ms)
{
	uint64_t end = uv_hrtime() + (uint64_t)ms * 1000000;

	f->reply_len = 0;
	while (uv_hrtime() < end) {
		ssize_t n;

		uv_run(&f->loop, UV_RUN_NOWAIT);
		n = recv(fd, f->reply + f->reply_len, REPLY_MAX - 1 - f->reply_len, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return true;
		f->reply_len += n > 0 ? (size_t)n : 0;
		f->reply[f->reply_len] = '\0';
		if (until != NULL && strstr(f->reply, until) != NULL)
			return false;
		if (n < 0)
			poll(NULL, 0, 1);
	}
	return false;
}

void http_fixture_send(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (int)strlen(text));
}

/* Sends a whole request on its own connection and reads until the end. */
const char *http_fixture_ask(struct http_fixture *f, const char *text)
{
	int fd = http_fixture_dial(f);

	http_fixture_send(fd, text);
	assert_true(http_fixture_read(f, fd, NULL, 5000));
	close(fd);
	return f->reply;
}

void assert_contains(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("'%s' is not in: %s", part, text);
}
