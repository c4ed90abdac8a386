/* Streams of events: who gets what, and what clients that are slow, gone or too
 * many cost the others. */

#include "test/lib/cmocka_all.h"
#include "test/lib/http_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define STREAM "GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"

static unsigned streams(const struct http_fixture *f)
{
	struct http_server_stats stats;

	http_server_stats(f->server, &stats);
	return stats.streams;
}

static void must_read(struct http_fixture *f, int fd, const char *text)
{
	assert_false(http_fixture_read(f, fd, text, 3000));
	assert_contains(f->reply, text);
}

static int open_stream(struct http_fixture *f)
{
	int fd = http_fixture_dial(f);

	http_fixture_send(fd, STREAM);
	must_read(f, fd, "of two lines\n\n");
	return fd;
}

static void a_stream_begins_with_an_event_and_gets_the_later_ones(void **state)
{
	struct http_fixture *f = *state;
	int fd;

	http_fixture_start(f);
	fd = open_stream(f);
	assert_contains(f->reply, "HTTP/1.1 200");
	assert_contains(f->reply, "Content-Type: text/event-stream");
	assert_contains(f->reply, "Content-Security-Policy: default-src 'none'");
	assert_contains(f->reply, "data: first\ndata: of two lines\n\n");
	for (int i = 0; i < 20; i++) {
		char text[32], wanted[64];

		snprintf(text, sizeof(text), "{\"n\":%d}\n", i);
		snprintf(wanted, sizeof(wanted), "data: {\"n\":%d}\n\n", i);
		http_server_publish(f->server, slice_str(text));
		must_read(f, fd, wanted);
	}
	close(fd);
}

static void one_stream_too_many_is_refused_and_the_others_go_on(void **state)
{
	struct http_fixture *f = *state;
	int a, b;

	f->options.max_streams = 2;
	http_fixture_start(f);
	a = open_stream(f);
	b = open_stream(f);
	assert_contains(http_fixture_ask(f, GET("/stream")), "HTTP/1.1 503");
	assert_contains(http_fixture_ask(f, GET("/hello")), "HTTP/1.1 200");
	http_server_publish(f->server, SLICE_LITERAL("more"));
	must_read(f, a, "data: more");
	must_read(f, b, "data: more");
	close(a);
	close(b);
}

static void a_quiet_stream_is_not_cut_by_the_limits_of_requests(void **state)
{
	struct http_fixture *f = *state;
	int fd;

	f->options.request_ms = 100;
	f->options.idle_ms = 1000;
	http_fixture_start(f);
	fd = open_stream(f);
	http_fixture_spin(f, 2300);
	assert_int_equal(streams(f), 1);
	http_server_publish(f->server, SLICE_LITERAL("still here"));
	must_read(f, fd, "data: still here");
	close(fd);
}

static void a_client_that_leaves_gives_its_place_back(void **state)
{
	struct http_fixture *f = *state;
	int fd;

	f->options.max_streams = 1;
	http_fixture_start(f);
	fd = open_stream(f);
	close(fd);
	for (int i = 0; i < 100 && streams(f) > 0; i++) {
		http_server_publish(f->server, SLICE_LITERAL("anybody?"));
		http_fixture_spin(f, 10);
	}
	assert_int_equal(streams(f), 0);
	close(open_stream(f));
}

static void a_client_that_does_not_read_is_cut_and_gets_no_backlog(void **state)
{
	struct http_fixture *f = *state;
	size_t size = (size_t)4 << 20;
	char *big = malloc(size);
	int deaf, small = 4096;

	assert_non_null(big);
	memset(big, 'x', size);
	f->options.request_ms = 300;
	http_fixture_start(f);
	deaf = http_fixture_dial(f);
	setsockopt(deaf, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	http_fixture_send(deaf, STREAM);
	for (int i = 0; i < 100 && streams(f) == 0; i++)
		http_fixture_spin(f, 10);
	assert_int_equal(streams(f), 1);
	for (int i = 0; i < 300 && streams(f) > 0; i++) {
		http_server_publish(f->server, slice_make(big, size));
		http_fixture_spin(f, 10);
	}
	assert_int_equal(streams(f), 0);
	close(deaf);
	free(big);
}

static void a_head_request_opens_no_stream(void **state)
{
	struct http_fixture *f = *state;

	http_fixture_start(f);
	assert_contains(http_fixture_ask(f, "HEAD /stream HTTP/1.1\r\nHost: localhost\r\nConnection: "
					    "close\r\n\r\n"),
			"HTTP/1.1 200");
	assert_int_equal(streams(f), 0);
}

static void a_server_closes_with_streams_open(void **state)
{
	struct http_fixture *f = *state;
	int fd;

	http_fixture_start(f);
	fd = open_stream(f);
	http_server_close(f->server, http_fixture_closed, f);
	f->server = NULL;
	assert_true(http_fixture_read(f, fd, NULL, 3000));
	assert_true(f->closed);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, http_fixture_set_up, http_fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stream_begins_with_an_event_and_gets_the_later_ones),
		TEST(one_stream_too_many_is_refused_and_the_others_go_on),
		TEST(a_quiet_stream_is_not_cut_by_the_limits_of_requests),
		TEST(a_client_that_leaves_gives_its_place_back),
		TEST(a_client_that_does_not_read_is_cut_and_gets_no_backlog),
		TEST(a_head_request_opens_no_stream),
		TEST(a_server_closes_with_streams_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
