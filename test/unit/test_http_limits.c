/* The HTTP server against clients that are slow and clients that are many. */

#include "test/lib/cmocka_all.h"
#include "test/lib/http_fixture.h"

#include <sys/socket.h>
#include <unistd.h>

/* ---- slow clients ---- */

static void a_client_that_dribbles_is_cut_at_the_deadline(void **state)
{
	struct http_fixture *f = *state;
	struct http_server_stats stats;
	uint64_t began;
	bool cut = false;
	int fd;

	f->options.request_ms = 300;
	http_fixture_start(f);
	began = uv_hrtime();
	fd = http_fixture_dial(f);
	http_fixture_send(fd, "GET /hello HTTP/1.1\r\nHost: localhost\r\n");
	for (int i = 0; i < 100 && !cut; i++) { /* a byte every 20 ms: never idle */
		send(fd, "X", 1, MSG_NOSIGNAL);
		cut = http_fixture_read(f, fd, NULL, 20);
	}
	assert_true(cut);
	assert_in_range((uv_hrtime() - began) / 1000000, 290, 1500);
	http_server_stats(f->server, &stats);
	assert_int_equal(stats.deadline_cut, 1);
	assert_int_equal(stats.connections, 0);
	close(fd);
}

/* The time of a later request runs from its first line, not from the idle time before. */
static void a_later_request_that_dribbles_is_cut_as_well(void **state)
{
	struct http_fixture *f = *state;
	bool cut = false;
	int fd;

	f->options.request_ms = 300;
	http_fixture_start(f);
	fd = http_fixture_dial(f);
	http_fixture_send(fd, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
	assert_false(http_fixture_read(f, fd, "hello", 3000));
	http_fixture_send(fd, "GET /hello HTTP/1.1\r\n");
	for (int i = 0; i < 100 && !cut; i++) {
		send(fd, "X", 1, MSG_NOSIGNAL);
		cut = http_fixture_read(f, fd, NULL, 20);
	}
	assert_true(cut);
	close(fd);
}

static void a_client_that_says_nothing_is_cut(void **state)
{
	struct http_fixture *f = *state;
	int fd;

	f->options.request_ms = 200;
	http_fixture_start(f);
	fd = http_fixture_dial(f);
	assert_true(http_fixture_read(f, fd, NULL, 3000));
	close(fd);
}

static void a_client_that_does_not_read_its_answer_is_cut(void **state)
{
	struct http_fixture *f = *state;
	struct http_server_stats stats;
	int fd;

	f->options.request_ms = 300;
	http_fixture_start(f);
	fd = http_fixture_dial(f);
	http_fixture_send(fd, GET("/big"));
	http_fixture_spin(f, 600);
	http_server_stats(f->server, &stats);
	assert_int_equal(stats.connections, 0);
	assert_int_equal(stats.deadline_cut, 1);
	close(fd);
}

static void an_idle_connection_is_closed(void **state)
{
	struct http_fixture *f = *state;
	int fd;

	f->options.idle_ms = 1000;
	http_fixture_start(f);
	fd = http_fixture_dial(f);
	http_fixture_send(fd, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
	assert_false(http_fixture_read(f, fd, "hello", 3000));
	assert_true(http_fixture_read(f, fd, NULL, 4000));
	close(fd);
}

static void other_clients_are_served_beside_a_slow_one(void **state)
{
	struct http_fixture *f = *state;
	int slow;

	http_fixture_start(f);
	slow = http_fixture_dial(f);
	http_fixture_send(slow, "GET /hel");
	http_fixture_spin(f, 5);
	assert_contains(http_fixture_ask(f, GET("/hello")), "hello");
	http_fixture_send(slow, "lo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	assert_true(http_fixture_read(f, slow, NULL, 3000));
	assert_contains(f->reply, "hello");
	close(slow);
}

/* ---- many clients ---- */

static void many_connections_are_served_at_once(void **state)
{
	struct http_fixture *f = *state;
	int fds[60];

	f->options.max_per_address = 64;
	http_fixture_start(f);
	for (int i = 0; i < 60; i++) {
		fds[i] = http_fixture_dial(f);
		http_fixture_send(fds[i], "GET /hello HTTP/1.1\r\n");
	}
	assert_int_equal(http_fixture_connections(f, 60), 60);
	for (int i = 59; i >= 0; i--) {
		http_fixture_send(fds[i], "Host: localhost\r\nConnection: close\r\n\r\n");
		assert_true(http_fixture_read(f, fds[i], NULL, 3000));
		assert_contains(f->reply, "hello");
		close(fds[i]);
	}
}

static void connections_over_the_limit_wait_and_are_served_later(void **state)
{
	struct http_fixture *f = *state;
	struct http_server_stats stats;
	int fds[8];

	f->options.max_connections = 4;
	http_fixture_start(f);
	for (int i = 0; i < 8; i++) {
		fds[i] = http_fixture_dial(f);
		http_fixture_spin(f, 5);
	}
	http_server_stats(f->server, &stats);
	assert_true(stats.connections <= 4);
	for (int i = 0; i < 8; i++) {
		http_fixture_send(fds[i], GET("/hello"));
		assert_true(http_fixture_read(f, fds[i], NULL, 3000));
		assert_contains(f->reply, "hello");
		close(fds[i]);
	}
}

static void one_address_cannot_take_all_connections(void **state)
{
	struct http_fixture *f = *state;
	int fds[6];

	f->options.max_per_address = 3;
	http_fixture_start(f);
	for (int i = 0; i < 6; i++)
		fds[i] = http_fixture_dial(f);
	assert_int_equal(http_fixture_connections(f, 3), 3);
	http_fixture_spin(f, 50);
	assert_int_equal(http_fixture_connections(f, 3), 3);
	assert_true(http_fixture_read(f, fds[5], NULL, 1000));
	for (int i = 0; i < 6; i++)
		close(fds[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, http_fixture_set_up, http_fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_client_that_dribbles_is_cut_at_the_deadline),
		TEST(a_later_request_that_dribbles_is_cut_as_well),
		TEST(a_client_that_says_nothing_is_cut),
		TEST(a_client_that_does_not_read_its_answer_is_cut),
		TEST(an_idle_connection_is_closed),
		TEST(other_clients_are_served_beside_a_slow_one),
		TEST(many_connections_are_served_at_once),
		TEST(connections_over_the_limit_wait_and_are_served_later),
		TEST(one_address_cannot_take_all_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
