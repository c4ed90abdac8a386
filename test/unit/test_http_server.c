/* The HTTP server against clients that are polite and clients that are wrong. */

#include "test/lib/cmocka_all.h"
#include "test/lib/http_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- polite clients ---- */

static void a_get_is_answered_by_its_handler_with_safe_headers(void **state)
{
	struct http_fixture *f = *state;
	const char *reply;

	http_fixture_start(f);
	reply = http_fixture_ask(f, GET("/hello?name=a%20b&loud"));
	assert_contains(reply, "HTTP/1.1 200");
	assert_contains(reply, "\r\n\r\nhello a b!");
	assert_contains(reply, "Cache-Control: no-store");
	assert_contains(reply, "X-Content-Type-Options: nosniff");
	assert_contains(reply, "Content-Security-Policy: default-src 'none'");
}

static void a_head_has_the_length_but_not_the_body(void **state)
{
	struct http_fixture *f = *state;
	const char *reply;

	http_fixture_start(f);
	reply = http_fixture_ask(f, "HEAD /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	assert_contains(reply, "HTTP/1.1 200");
	assert_contains(reply, "Content-Length: 5");
	assert_null(strstr(reply, "hello"));
}

static void a_handler_chooses_the_status(void **state)
{
	struct http_fixture *f = *state;

	http_fixture_start(f);
	assert_contains(http_fixture_ask(f, GET("/unready")), "HTTP/1.1 503");
	assert_contains(f->reply, "not ready");
}

static void a_connection_serves_many_requests(void **state)
{
	struct http_fixture *f = *state;
	struct http_server_stats stats;
	int fd;

	http_fixture_start(f);
	fd = http_fixture_dial(f);
	for (int i = 0; i < 5; i++) {
		http_fixture_send(fd, "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n");
		assert_false(http_fixture_read(f, fd, "hello", 3000));
		assert_contains(f->reply, "200 OK");
		assert_null(strstr(f->reply, "Connection: close"));
	}
	http_server_stats(f->server, &stats);
	assert_int_equal(stats.requests, 5);
	assert_int_equal(stats.connections, 1);
	close(fd);
	assert_int_equal(http_fixture_connections(f, 0), 0);
}

static void a_large_answer_arrives_whole(void **state)
{
	struct http_fixture *f = *state;
	size_t total = 0;
	int fd;

	http_fixture_start(f);
	fd = http_fixture_dial(f);
	http_fixture_send(fd, GET("/big"));
	while (!http_fixture_read(f, fd, "12345678", 3000))
		total += f->reply_len;
	total += f->reply_len;
	assert_true(total > (8u << 20));
	close(fd);
}

/* ---- wrong clients ---- */

static void unknown_paths_and_methods_are_refused(void **state)
{
	struct http_fixture *f = *state;

	http_fixture_start(f);
	assert_contains(http_fixture_ask(f, GET("/")), "HTTP/1.1 404");
	assert_contains(http_fixture_ask(f, GET("/hello/")), "HTTP/1.1 404");
	assert_contains(http_fixture_ask(f, GET("/../etc/passwd")), "HTTP/1.1 404");
	assert_contains(
		http_fixture_ask(f, "DELETE /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
		"HTTP/1.1 405");
	assert_contains(f->reply, "Allow: GET, HEAD\r\n");
	assert_contains(http_fixture_ask(f,
					 "POST /echo/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
					 "Connection: close\r\n\r\n"),
			"HTTP/1.1 405"); /* not allowed by default, even where the route could */
}

static void a_body_on_a_get_is_refused(void **state)
{
	struct http_fixture *f = *state;

	http_fixture_start(f);
	assert_contains(http_fixture_ask(
				f, "GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody"),
			"HTTP/1.1 413");
	assert_contains(http_fixture_ask(f, "GET /hello HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
					    "chunked\r\n\r\n0\r\n\r\n"),
			"HTTP/1.1 413");
}

static void malformed_requests_do_not_reach_a_handler(void **state)
{
	struct http_fixture *f = *state;
	struct http_server_stats stats;

	http_fixture_start(f);
	http_fixture_ask(f, "\x16\x03\x01 hello\r\n\r\n");
	http_fixture_ask(f, "GET\r\n\r\n");
	http_fixture_ask(f, "GET /hello HTTP/1.1\r\n\r\n"); /* no Host */
	assert_contains(f->reply, "HTTP/1.1 400");
	http_fixture_ask(
		f,
		"GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\nConnection: close\r\n\r\n");
	http_server_stats(f->server, &stats);
	assert_int_equal(stats.requests, 0);
}

static void a_header_block_over_the_limit_is_refused(void **state)
{
	struct http_fixture *f = *state;
	char *text = malloc(40000);
	static const size_t sizes[] = {8000, 8300, 12000, 30000};

	http_fixture_start(f);
	for (size_t i = 0; i < 4; i++) {
		int n = snprintf(text, 40000,
				 "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: ");

		memset(text + n, 'x', sizes[i]);
		snprintf(text + n + sizes[i], 40000 - (size_t)n - sizes[i], "\r\n\r\n");
		http_fixture_ask(f, text);
		assert_contains(f->reply, sizes[i] == 8000 ? "HTTP/1.1 200" : "HTTP/1.1 431");
	}
	free(text);
}

static void another_host_name_is_refused_on_loopback(void **state)
{
	struct http_fixture *f = *state;

	http_fixture_start(f);
	assert_contains(
		http_fixture_ask(f, "GET /hello HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
		"403");
	assert_contains(http_fixture_ask(
				f,
				"GET /hello HTTP/1.1\r\nHost: 127.evil.example\r\nConnection: close\r\n\r\n"),
			"403");
	assert_contains(
		http_fixture_ask(f, "GET /hello HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: close\r\n\r\n"),
		"200");
	assert_contains(
		http_fixture_ask(f,
				 "GET /hello HTTP/1.1\r\nHost: LOCALHOST:8080\r\nConnection: close\r\n\r\n"),
		"200");
}

static void an_answer_over_the_maximum_is_an_error(void **state)
{
	struct http_fixture *f = *state;

	http_fixture_start(f);
	assert_contains(http_fixture_ask(f, GET("/huge")), "HTTP/1.1 500");
}

/* ---- POST, where wanted ---- */

#define POST(path, headers, body)                                                                            \
	"POST " path " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" headers "\r\n" body

static void a_post_is_collected_when_it_is_allowed(void **state)
{
	struct http_fixture *f = *state;

	f->options.allow_post = true;
	f->options.max_body = 10;
	http_fixture_start(f);
	assert_contains(http_fixture_ask(f, POST("/echo/a/b", "Content-Length: 4\r\n", "body")),
			"\r\n\r\na/b=body");
	assert_contains(http_fixture_ask(f, POST("/echo/x", "Transfer-Encoding: chunked\r\n",
						 "2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n")),
			"\r\n\r\nx=body");
	assert_contains(http_fixture_ask(f, POST("/hello", "Content-Length: 4\r\n", "body")), "HTTP/1.1 405");
	assert_contains(http_fixture_ask(f, POST("/echo/x", "Content-Length: 11\r\n", "")), "HTTP/1.1 413");
	assert_contains(http_fixture_ask(f,
					 POST("/echo/x", "Content-Length: 99999999999999999999999\r\n", "")),
			"HTTP/1.1 413");
	assert_contains(http_fixture_ask(f, POST("/echo/x", "Transfer-Encoding: chunked\r\n",
						 "6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n")),
			"HTTP/1.1 413");
}

/* ---- addresses and life ---- */

static void only_loopback_unless_allowed(void **state)
{
	struct http_fixture *f = *state;
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
	http_fixture_start(f);
	assert_contains(
		http_fixture_ask(f,
				 "GET /hello HTTP/1.1\r\nHost: riverd.example\r\nConnection: close\r\n\r\n"),
		"200");
}

static void a_port_in_use_is_a_configuration_error(void **state)
{
	struct http_fixture *f = *state;
	struct err err;

	http_fixture_start(f);
	f->options.port = http_server_port(f->server);
	assert_null(http_server_new(&f->loop, &f->options, &err));
	assert_int_equal(err.class, ERR_CONFIG);
	assert_contains(err.text, "in use");
}

static void closing_drops_connections_in_every_state(void **state)
{
	struct http_fixture *f = *state;
	int fds[4];

	f->options.allow_post = true;
	http_fixture_start(f);
	for (int i = 0; i < 4; i++)
		fds[i] = http_fixture_dial(f);
	http_fixture_send(fds[1], "GET /hel");
	http_fixture_send(fds[2],
			  "POST /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
	http_fixture_send(fds[3], "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
	http_fixture_spin(f, 20);
	http_server_close(f->server, http_fixture_closed, f);
	f->server = NULL;
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->closed);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, http_fixture_set_up, http_fixture_tear_down)

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
		TEST(a_post_is_collected_when_it_is_allowed),
		TEST(only_loopback_unless_allowed),
		TEST(a_port_in_use_is_a_configuration_error),
		TEST(closing_drops_connections_in_every_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
