#ifndef RIVER_TEST_HTTP_FIXTURE_H
#define RIVER_TEST_HTTP_FIXTURE_H

/* An HTTP server with a few routes and a client for it, both on this thread:
 * while the client waits, the loop runs.
 *
 * Routes: /hello (?name=, ?loud), /unready (503), /big (8 MiB), /huge (over the
 * server's maximum), /stream (events), and below /echo/ what was posted. */

#include "serve/http_server.h"

#define REPLY_MAX 70000

struct http_fixture {
	uv_loop_t loop;
	struct http_server *server;
	struct http_server_options options; /* change before http_fixture_start */
	bool closed;			    /* the server said that it is gone */
	char reply[REPLY_MAX];
	size_t reply_len;
};

/* For cmocka. Tear-down closes the server and fails when anything is left on the loop. */
int http_fixture_set_up(void **state);
int http_fixture_tear_down(void **state);

void http_fixture_start(struct http_fixture *f);
void http_fixture_closed(void *fixture); /* for http_server_close */

int http_fixture_dial(struct http_fixture *f);
void http_fixture_send(int fd, const char *text);

/* Lets the loop run for so long. */
void http_fixture_spin(struct http_fixture *f, int ms);
/* Lets it run until the server has so many connections, four seconds at most; returns how many it has. */
unsigned http_fixture_connections(struct http_fixture *f, unsigned wanted);

/* Lets the loop run and reads into f->reply until the peer closes (true), or
 * `until` was read or `ms` are over (false). */
bool http_fixture_read(struct http_fixture *f, int fd, const char *until, int ms);

/* Sends a whole request on its own connection, reads until the end, returns f->reply. */
const char *http_fixture_ask(struct http_fixture *f, const char *text);

void assert_contains(const char *text, const char *part);

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

#endif
