#ifndef RIVER_TEST_FAKE_HTTP_H
#define RIVER_TEST_FAKE_HTTP_H

/* A tiny HTTP/1.1 server on the test's own loop, for clients to fail against.
 *
 * The test says what each request gets: a status and body, late, cut short,
 * dripping byte by byte, or nothing at all. Listens on 127.0.0.1, on a port the
 * kernel chose. */

#include "async/loop.h"
#include "base/buf.h"
#include "base/list.h"

enum fake_behaviour {
	FAKE_ANSWER,
	FAKE_HANG,    /* reads the request and says nothing */
	FAKE_CUT,     /* announces the whole body, sends half, closes */
	FAKE_DRIP,    /* one byte of the answer every delay_ms */
	FAKE_CLOSE,   /* closes without a byte */
	FAKE_UNSIZED, /* no Content-Length: the body ends when the connection does */
	FAKE_GARBAGE, /* sends the body alone: not HTTP */
};

struct fake_reply {
	int status;	     /* 0: 200 */
	const char *headers; /* more lines, each with CRLF; or NULL */
	const char *body;    /* or NULL */
	size_t body_len;     /* 0: strlen(body) */
	int64_t delay_ms;    /* before the answer; for FAKE_DRIP between bytes */
	enum fake_behaviour behaviour;
};

/* A request as it came; borrowed for the callback. All NUL-terminated. */
struct fake_request {
	int number; /* from 0 */
	const char *method, *path, *body;
	const char *headers; /* the block, for strstr */
};

struct fake_http;

/* `answer` fills *reply (zeroed); its strings must stay until the answer is sent. */
struct fake_http *fake_http_new(struct loop *loop,
				void (*answer)(void *ctx, const struct fake_request *request,
					       struct fake_reply *reply),
				void *ctx);
void fake_http_free(struct fake_http *f);

/* Stops listening and closes every connection, and comes back on the same port. */
void fake_http_down(struct fake_http *f);
void fake_http_up(struct fake_http *f);

/* "http://127.0.0.1:PORT", without a slash. Borrowed. */
const char *fake_http_url(const struct fake_http *f);
int fake_http_requests(const struct fake_http *f);    /* complete ones so far */
int fake_http_connections(const struct fake_http *f); /* accepted so far */
int fake_http_open(const struct fake_http *f);	      /* requests whose answer is not sent yet */
int fake_http_most_open(const struct fake_http *f);

/* Turns the loop until *flag >= at_least, or fails the test after 10 s. */
void fake_wait(struct loop *loop, const int *flag, int at_least);

/* Turns the loop for that long. */
void fake_sleep(struct loop *loop, int64_t ms);

#endif
