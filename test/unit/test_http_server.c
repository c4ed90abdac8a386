/* The HTTP server against clients that are polite, wrong, slow and many. */

#include "serve/http_server.h"
#include "test/lib/cmocka_all.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY_MAX 70000

struct fixture {
	uv_loop_t loop;
	struct http_server *server;
	struct http_server_options options;
	bool closed;
	char reply[REPLY_MAX];
	size_t reply_len;
};

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

static const struct http_route routes[] = {
	{"/hello", say_hello, NULL, false},   {"/unready", say_unready, NULL, false},
	{"/huge", say_too_much, NULL, false}, {"/big", say_a_lot, NULL, false},
	{"/echo/*", echo, NULL, true},
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	uv_loop_init(&f->loop);
	http_server_defaults(&f->options);
	f->options.routes = routes;
	f->options.route_count = sizeof(routes) / sizeof(routes[0]);
	*state = f;
	return 0;
}

static void start(struct fixture *f)
{
	struct err err;

	f->server = http_server_new(&f->loop, &f->options, &err);
	if (f->server == NULL)
		fail_msg("%s", err.text);
}

static void on_closed(void *ctx)
{
	((struct fixture *)ctx)->closed = true;
}

/* Every test ends with the proof that nothing is left on the loop. */
static int tear_down(void **state)
{
	struct fixture *f = *state;
	bool had = f->server != NULL;
	int rc;

	http_server_close(f->server, on_closed, f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	rc = uv_loop_close(&f->loop);
	if (had && !f->closed)
		rc = -1;
	free(f);
	return rc;
}

/* ---- a client on the same thread ---- */

static int dial(struct fixture *f)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(http_server_port(f->server)),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void spin(struct fixture *f, int ms)
{
	uint64_t end = uv_hrtime() + (uint64_t)ms * 1000000;

	do {
		uv_run(&f->loop, UV_RUN_NOWAIT);
		poll(NULL, 0, 1);
	} while (uv_hrtime() < end);
}

/* Lets the loop run and reads into f->reply until the peer closes (true) or
 * `ms` are over or `until` was read (false). */
static bool read_reply(struct fixture *f, int fd, const char *until, int ms)
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

static void send_text(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (int)strlen(text));
}

/* Sends a whole request on its own connection and reads until the end. */
static const char *ask(struct fixture *f, const char *text)
{
	int fd = dial(f);

	send_text(fd, text);
	assert_true(read_reply(f, fd, NULL, 5000));
	close(fd);
	return f->reply;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

static void assert_contains(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("'%s' is not in: %s", part, text);
}

/* ---- polite clients ---- */

static void a_get_is_answered_by_its_handler_with_safe_headers(void **state)
{
	struct fixture *f = *state;
	const char *reply;

	start(f);
	reply = ask(f, GET("/hello?name=a%20b&loud"));
	assert_contains(reply, "HTTP/1.1 200");
	assert_contains(reply, "\r\n\r\nhello a b!");
	assert_contains(reply, "Cache-Control: no-store");
	assert_contains(reply, "X-Content-Type-Options: nosniff");
	assert_contains(reply, "Content-Security-Policy: default-src 'none'");
}

static void a_head_has_the_length_but_not_the_body(void **state)
{
	struct fixture *f = *state;
	const char *reply;

	start(f);
	reply = ask(f, "HEAD /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	assert_contains(reply, "HTTP/1.1 200");
	assert_contains(reply, "Content-Length: 5");
	assert_null(strstr(reply, "hello"));
}

static void a_handler_chooses_the_status(void **state)
{
	struct fixture *f = *state;

	start(f);
	assert_contains(ask(f, GET("/unready")), "HTTP/1.1 503");
	assert_contains(f->reply, "not ready");
}

static void a_connection_serves_many_requests(void **state)
{
	struct fixture *f = *state;
	struct http_server_stats stats;
	int fd;

	start(f);
	fd = dial(f);
	for (int i = 0; i < 5; i++) {
		send_text(fd, "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n");
		assert_false(read_reply(f, fd, "hello", 3000));
		assert_contains(f->reply, "200 OK");
		assert_null(strstr(f->reply, "Connection: close"));
	}
	http_server_stats(f->server, &stats);
	assert_int_equal(stats.requests, 5);
	assert_int_equal(stats.connections, 1);
	close(fd);
	spin(f, 20);
	http_server_stats(f->server, &stats);
	assert_int_equal(stats.connections, 0);
}

static void a_large_answer_arrives_whole(void **state)
{
	struct fixture *f = *state;
	size_t total = 0;
	int fd;

	start(f);
	fd = dial(f);
	send_text(fd, GET("/big"));
	while (!read_reply(f, fd, "12345678", 3000))
		total += f->reply_len;
	total += f->reply_len;
	assert_true(total > (8u << 20));
	close(fd);
}

/* ---- wrong clients ---- */

static void unknown_paths_and_methods_are_refused(void **state)
{
	struct fixture *f = *state;

	start(f);
	assert_contains(ask(f, GET("/")), "HTTP/1.1 404");
	assert_contains(ask(f, GET("/hello/")), "HTTP/1.1 404");
	assert_contains(ask(f, GET("/../etc/passwd")), "HTTP/1.1 404");
	assert_contains(ask(f, "DELETE /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
			"HTTP/1.1 405");
	assert_contains(f->reply, "Allow: GET, HEAD\r\n");
	assert_contains(ask(f, "POST /echo/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
			       "Connection: close\r\n\r\n"),
			"HTTP/1.1 405"); /* not allowed by default, even where the route could */
}

static void a_body_on_a_get_is_refused(void **state)
{
	struct fixture *f = *state;

	start(f);
	assert_contains(ask(f, "GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody"),
			"HTTP/1.1 413");
	assert_contains(
		ask(f,
		    "GET /hello HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		"HTTP/1.1 413");
}

static void malformed_requests_do_not_reach_a_handler(void **state)
{
	struct fixture *f = *state;
	struct http_server_stats stats;

	start(f);
	ask(f, "\x16\x03\x01 hello\r\n\r\n");
	ask(f, "GET\r\n\r\n");
	ask(f, "GET /hello HTTP/1.1\r\n\r\n"); /* no Host */
	assert_contains(f->reply, "HTTP/1.1 400");
	ask(f, "GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\nConnection: close\r\n\r\n");
	http_server_stats(f->server, &stats);
	assert_int_equal(stats.requests, 0);
}

static void a_header_block_over_the_limit_is_refused(void **state)
{
	struct fixture *f = *state;
	char *text = malloc(40000);
	static const size_t sizes[] = {8000, 8300, 12000, 30000};

	start(f);
	for (size_t i = 0; i < 4; i++) {
		int n = snprintf(text, 40000,
				 "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: ");

		memset(text + n, 'x', sizes[i]);
		snprintf(text + n + sizes[i], 40000 - (size_t)n - sizes[i], "\r\n\r\n");
		ask(f, text);
		assert_contains(f->reply, sizes[i] == 8000 ? "HTTP/1.1 200" : "HTTP/1.1 431");
	}
	free(text);
}

static void another_host_name_is_refused_on_loopback(void **state)
{
	struct fixture *f = *state;

	start(f);
	assert_contains(ask(f, "GET /hello HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
			"403");
	assert_contains(ask(f, "GET /hello HTTP/1.1\r\nHost: 127.evil.example\r\nConnection: close\r\n\r\n"),
			"403");
	assert_contains(ask(f, "GET /hello HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: close\r\n\r\n"),
			"200");
	assert_contains(ask(f, "GET /hello HTTP/1.1\r\nHost: LOCALHOST:8080\r\nConnection: close\r\n\r\n"),
			"200");
}

static void an_answer_over_the_maximum_is_an_error(void **state)
{
	struct fixture *f = *state;

	start(f);
	assert_contains(ask(f, GET("/huge")), "HTTP/1.1 500");
}

/* ---- slow clients ---- */

static void a_client_that_dribbles_is_cut_at_the_deadline(void **state)
{
	struct fixture *f = *state;
	struct http_server_stats stats;
	uint64_t began;
	bool cut = false;
	int fd;

	f->options.request_ms = 300;
	start(f);
	began = uv_hrtime();
	fd = dial(f);
	send_text(fd, "GET /hello HTTP/1.1\r\nHost: localhost\r\n");
	for (int i = 0; i < 100 && !cut; i++) { /* a byte every 20 ms: never idle */
		send(fd, "X", 1, MSG_NOSIGNAL);
		cut = read_reply(f, fd, NULL, 20);
	}
	assert_true(cut);
	assert_in_range((uv_hrtime() - began) / 1000000, 290, 1500);
	http_server_stats(f->server, &stats);
	assert_int_equal(stats.deadline_cut, 1);
	assert_int_equal(stats.connections, 0);
	close(fd);
}

static void a_client_that_says_nothing_is_cut(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->options.request_ms = 200;
	start(f);
	fd = dial(f);
	assert_true(read_reply(f, fd, NULL, 3000));
	close(fd);
}

static void a_client_that_does_not_read_its_answer_is_cut(void **state)
{
	struct fixture *f = *state;
	struct http_server_stats stats;
	int fd;

	f->options.request_ms = 300;
	start(f);
	fd = dial(f);
	send_text(fd, GET("/big"));
	spin(f, 600);
	http_server_stats(f->server, &stats);
	assert_int_equal(stats.connections, 0);
	assert_int_equal(stats.deadline_cut, 1);
	close(fd);
}

static void an_idle_connection_is_closed(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->options.idle_ms = 1000;
	start(f);
	fd = dial(f);
	send_text(fd, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
	assert_false(read_reply(f, fd, "hello", 3000));
	assert_true(read_reply(f, fd, NULL, 4000));
	close(fd);
}

static void other_clients_are_served_beside_a_slow_one(void **state)
{
	struct fixture *f = *state;
	int slow;

	start(f);
	slow = dial(f);
	send_text(slow, "GET /hel");
	spin(f, 5);
	assert_contains(ask(f, GET("/hello")), "hello");
	send_text(slow, "lo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	assert_true(read_reply(f, slow, NULL, 3000));
	assert_contains(f->reply, "hello");
	close(slow);
}

/* ---- many clients ---- */

static void many_connections_are_served_at_once(void **state)
{
	struct fixture *f = *state;
	struct http_server_stats stats;
	int fds[60];

	f->options.max_per_address = 64;
	start(f);
	for (int i = 0; i < 60; i++) {
		fds[i] = dial(f);
		send_text(fds[i], "GET /hello HTTP/1.1\r\n");
	}
	spin(f, 20);
	http_server_stats(f->server, &stats);
	assert_int_equal(stats.connections, 60);
	for (int i = 59; i >= 0; i--) {
		send_text(fds[i], "Host: localhost\r\nConnection: close\r\n\r\n");
		assert_true(read_reply(f, fds[i], NULL, 3000));
		assert_contains(f->reply, "hello");
		close(fds[i]);
	}
}

static void connections_over_the_limit_wait_and_are_served_later(void **state)
{
	struct fixture *f = *state;
	struct http_server_stats stats;
	int fds[8];

	f->options.max_connections = 4;
	start(f);
	for (int i = 0; i < 8; i++) {
		fds[i] = dial(f);
		spin(f, 5);
	}
	http_server_stats(f->server, &stats);
	assert_true(stats.connections <= 4);
	for (int i = 0; i < 8; i++) {
		send_text(fds[i], GET("/hello"));
		assert_true(read_reply(f, fds[i], NULL, 3000));
		assert_contains(f->reply, "hello");
		close(fds[i]);
	}
}

static void one_address_cannot_take_all_connections(void **state)
{
	struct fixture *f = *state;
	struct http_server_stats stats;
	int fds[6];

	f->options.max_per_address = 3;
	start(f);
	for (int i = 0; i < 6; i++)
		fds[i] = dial(f);
	spin(f, 50);
	http_server_stats(f->server, &stats);
	assert_int_equal(stats.connections, 3);
	assert_true(read_reply(f, fds[5], NULL, 1000));
	for (int i = 0; i < 6; i++)
		close(fds[i]);
}

/* ---- POST, where wanted ---- */

#define POST(path, headers, body)                                                                            \
	"POST " path " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" headers "\r\n" body

static void a_post_is_collected_when_it_is_allowed(void **state)
{
	struct fixture *f = *state;

	f->options.allow_post = true;
	f->options.max_body = 10;
	start(f);
	assert_contains(ask(f, POST("/echo/a/b", "Content-Length: 4\r\n", "body")), "\r\n\r\na/b=body");
	assert_contains(ask(f, POST("/echo/x", "Transfer-Encoding: chunked\r\n",
				    "2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n")),
			"\r\n\r\nx=body");
	assert_contains(ask(f, POST("/hello", "Content-Length: 4\r\n", "body")), "HTTP/1.1 405");
	assert_contains(ask(f, POST("/echo/x", "Content-Length: 11\r\n", "")), "HTTP/1.1 413");
	assert_contains(ask(f, POST("/echo/x", "Content-Length: 99999999999999999999999\r\n", "")),
			"HTTP/1.1 413");
	assert_contains(ask(f, POST("/echo/x", "Transfer-Encoding: chunked\r\n",
				    "6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n")),
			"HTTP/1.1 413");
}

/* ---- addresses and life ---- */

static void only_loopback_unless_allowed(void **state)
{
	struct fixture *f = *state;
	struct err err;

	f->options.address = "0.0.0.0";
	assert_null(http_server_new(&f->loop, &f->options, &err));
	assert_int_equal(err.class, ERR_CONFIG);
	f->options.address = "::";
	assert_null(http_server_new(&f->loop, &f->options, &err));
	f->options.address = "my-host";
	assert_null(http_server_new(&f->loop, &f->options, &err));
	assert_int_equal(err.class, ERR_CONFIG);
	f->options.address = "0.0.0.0";
	f->options.allow_remote = true;
	start(f);
	assert_contains(ask(f, "GET /hello HTTP/1.1\r\nHost: riverd.example\r\nConnection: close\r\n\r\n"),
			"200");
}

static void a_port_in_use_is_a_configuration_error(void **state)
{
	struct fixture *f = *state;
	struct err err;

	start(f);
	f->options.port = http_server_port(f->server);
	assert_null(http_server_new(&f->loop, &f->options, &err));
	assert_int_equal(err.class, ERR_CONFIG);
	assert_contains(err.text, "in use");
}

static void closing_drops_connections_in_every_state(void **state)
{
	struct fixture *f = *state;
	int fds[4];

	f->options.allow_post = true;
	start(f);
	for (int i = 0; i < 4; i++)
		fds[i] = dial(f);
	send_text(fds[1], "GET /hel");
	send_text(fds[2], "POST /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
	send_text(fds[3], "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
	spin(f, 20);
	http_server_close(f->server, on_closed, f);
	f->server = NULL;
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->closed);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_get_is_answered_by_its_handler_with_safe_headers),
		TEST(a_head_has_the_length_but_not_the_body),
		TEST(a_handler_chooses_the_status),
		TEST(a_connection_serves_many_requests),
		TEST(a_large_answer_arrives_whole),
		TEST(unknown_paths_and_methods_are_refused),
		TEST(a_body_on_a_get_is_refused),
		TEST(malformed_requests_do_not_reach_a_handler),
		TEST(a_header_block_over_the_limit_is_refused),
		TEST(another_host_name_is_refused_on_loopback),
		TEST(an_answer_over_the_maximum_is_an_error),
		TEST(a_client_that_dribbles_is_cut_at_the_deadline),
		TEST(a_client_that_says_nothing_is_cut),
		TEST(a_client_that_does_not_read_its_answer_is_cut),
		TEST(an_idle_connection_is_closed),
		TEST(other_clients_are_served_beside_a_slow_one),
		TEST(many_connections_are_served_at_once),
		TEST(connections_over_the_limit_wait_and_are_served_later),
		TEST(one_address_cannot_take_all_connections),
		TEST(a_post_is_collected_when_it_is_allowed),
		TEST(only_loopback_unless_allowed),
		TEST(a_port_in_use_is_a_configuration_error),
		TEST(closing_drops_connections_in_every_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
