/* The HTTP client against a server that misbehaves in every way we know. */

#include "async/http_client.h"
#include "async/http_url.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/fake_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct bench {
	struct loop loop;
	struct fake_http *server;
	struct http_client *client;
	struct fake_reply script[16]; /* the last one repeats */
	int scripted;
	char seen_headers[4096], seen_body[256], seen_path[256], seen_method[16];
	int done;
};

static void answer(void *ctx, const struct fake_request *request, struct fake_reply *reply)
{
	struct bench *b = ctx;

	snprintf(b->seen_headers, sizeof(b->seen_headers), "%s", request->headers);
	snprintf(b->seen_body, sizeof(b->seen_body), "%s", request->body);
	snprintf(b->seen_path, sizeof(b->seen_path), "%s", request->path);
	snprintf(b->seen_method, sizeof(b->seen_method), "%s", request->method);
	*reply = b->script[request->number < b->scripted ? request->number : b->scripted - 1];
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct http_options options = {.connect_timeout_ms = 500, .max_header_bytes = 2000};
	struct err err;

	assert_int_equal(loop_init(&b->loop, &err), 0);
	b->client = http_client_new(&b->loop, &options, &err);
	assert_non_null(b->client);
	b->server = fake_http_new(&b->loop, answer, b);
	b->script[0] = (struct fake_reply){.body = "hello"};
	b->scripted = 1;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	struct err err = {0};

	http_client_free(b->client);
	fake_http_free(b->server);
	assert_int_equal(loop_release(&b->loop, &err), 0);
	free(b);
	return 0;
}

static void on_done(struct http_call *r)
{
	++*(int *)r->ctx;
}

static struct http_call get(struct bench *b, const char *url)
{
	return (struct http_call){
		.method = "GET", .url = url, .done = on_done, .ctx = &b->done, .timeout_ms = 2000};
}

static void run(struct bench *b, struct http_call *r)
{
	int before = b->done;
	struct err err;

	assert_int_equal(http_submit(b->client, r, &err), 0);
	assert_int_equal(b->done, before); /* never from inside */
	fake_wait(&b->loop, &b->done, before + 1);
	assert_int_equal(http_in_flight(b->client), 0);
}

static void a_get_brings_status_headers_and_body(void **state)
{
	struct bench *b = *state;
	struct http_call r = get(b, fake_http_url(b->server));

	b->script[0] = (struct fake_reply){.status = 418,
					   .headers = "X-Some-Thing:  a value \r\n",
					   .body = "teapot"};
	run(b, &r);
	assert_int_equal(r.result, HTTP_OK);
	assert_int_equal(r.status, 418);
	assert_true(slice_is(buf_view(&r.response), "teapot"));
	assert_true(slice_is(http_header(&r, "x-some-thing"), "a value"));
	assert_int_equal(http_header(&r, "x-some").len, 0);
	assert_int_equal(http_header(&r, "absent").len, 0);
	assert_non_null(strstr(b->seen_headers, "User-Agent: riverd/" RIVERD_VERSION "\r\n"));
	http_call_release(&r);
}

static void a_post_sends_its_body_and_headers_and_nothing_else(void **state)
{
	struct bench *b = *state;
	const char *const headers[] = {"Content-Type: application/json", "Authorization: Bearer k"};
	struct http_call r = get(b, fake_http_url(b->server));

	r.method = "POST";
	r.body = SLICE_LITERAL("{\"a\":1}");
	r.headers = headers;
	r.header_count = 2;
	run(b, &r);
	assert_string_equal(b->seen_method, "POST");
	assert_string_equal(b->seen_body, "{\"a\":1}");
	assert_non_null(strstr(b->seen_headers, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(b->seen_headers, "\r\nAuthorization: Bearer k"));
	assert_null(strstr(b->seen_headers, "Expect"));
	assert_null(strstr(b->seen_headers, "urlencoded"));
	http_call_release(&r);
}

static void connections_are_kept_and_used_again(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < 5; i++) {
		struct http_call r = get(b, fake_http_url(b->server));

		run(b, &r);
		assert_int_equal(r.result, HTTP_OK);
		http_call_release(&r);
	}
	assert_int_equal(fake_http_requests(b->server), 5);
	assert_int_equal(fake_http_connections(b->server), 1);
}

static void a_kept_connection_that_died_is_replaced(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < 3; i++) {
		struct http_call r = get(b, fake_http_url(b->server));

		run(b, &r);
		assert_int_equal(r.result, HTTP_OK);
		http_call_release(&r);
		fake_http_down(b->server);
		fake_http_up(b->server);
	}
}

static void a_hanging_server_ends_in_a_timeout(void **state)
{
	struct bench *b = *state;
	struct http_call r = get(b, fake_http_url(b->server));

	b->script[0].behaviour = FAKE_HANG;
	r.timeout_ms = 50;
	run(b, &r);
	assert_int_equal(r.result, HTTP_TIMEOUT);
	assert_int_equal(r.err.class, ERR_RETRY);
	assert_true(r.elapsed_ms >= 45 && r.elapsed_ms < 1500);
	http_call_release(&r);
}

static void a_dripping_server_ends_in_a_timeout(void **state)
{
	struct bench *b = *state;
	struct http_call r = get(b, fake_http_url(b->server));

	b->script[0] = (struct fake_reply){.behaviour = FAKE_DRIP,
					   .delay_ms = 5,
					   .body = "0123456789012345678901234567890"};
	r.timeout_ms = 100;
	run(b, &r);
	assert_int_equal(r.result, HTTP_TIMEOUT);
	http_call_release(&r);
}

static void a_slow_but_steady_server_is_waited_for(void **state)
{
	struct bench *b = *state;
	struct http_call r = get(b, fake_http_url(b->server));

	b->script[0] = (struct fake_reply){.behaviour = FAKE_DRIP, .delay_ms = 1, .body = "slow"};
	run(b, &r);
	assert_int_equal(r.result, HTTP_OK);
	assert_true(slice_is(buf_view(&r.response), "slow"));
	http_call_release(&r);
}

static void broken_connections_are_io_errors(void **state)
{
	struct bench *b = *state;
	static const enum fake_behaviour ways[] = {FAKE_CUT, FAKE_CLOSE, FAKE_GARBAGE};

	for (size_t i = 0; i < 3; i++) {
		struct http_call r = get(b, fake_http_url(b->server));

		b->script[0].behaviour = ways[i];
		run(b, &r);
		assert_int_equal(r.result, HTTP_IO);
		assert_int_equal(r.err.class, ERR_RETRY);
		assert_int_equal(r.status, 0);
		http_call_release(&r);
	}
}

static void nobody_listening_is_an_io_error(void **state)
{
	struct bench *b = *state;
	struct http_call r = get(b, fake_http_url(b->server));

	fake_http_down(b->server);
	run(b, &r);
	assert_int_equal(r.result, HTTP_IO);
	http_call_release(&r);
}

static void an_answer_over_the_limit_is_cut_off(void **state)
{
	struct bench *b = *state;
	struct http_call r = get(b, fake_http_url(b->server));
	char *large = calloc(1, 100001);

	memset(large, 'x', 100000);
	b->script[0].body = large;
	r.max_response = 99999;
	run(b, &r);
	assert_int_equal(r.result, HTTP_TOO_LARGE);
	assert_true(r.response.len <= 99999);
	b->script[0].behaviour = FAKE_UNSIZED; /* nothing announced how long it is */
	run(b, &r);
	assert_int_equal(r.result, HTTP_TOO_LARGE);
	assert_true(r.response.len <= 99999);
	r.max_response = 100000;
	run(b, &r);
	assert_int_equal(r.result, HTTP_OK);
	assert_int_equal(r.response.len, 100000);
	http_call_release(&r);
	free(large);
}

static void too_many_headers_are_cut_off(void **state)
{
	struct bench *b = *state;
	struct http_call r = get(b, fake_http_url(b->server));
	char *large = calloc(1, 3000);

	memset(large, 'x', 2500);
	memcpy(large, "X-Large: ", 9);
	memcpy(large + 2500, "\r\n", 3);
	b->script[0].headers = large;
	run(b, &r);
	assert_int_equal(r.result, HTTP_TOO_LARGE);
	http_call_release(&r);
	free(large);
}

static void redirects_are_not_followed(void **state)
{
	struct bench *b = *state;
	struct http_call r = get(b, fake_http_url(b->server));

	b->script[0] = (struct fake_reply){.status = 302, .headers = "Location: /elsewhere\r\n"};
	run(b, &r);
	assert_int_equal(r.status, 302);
	assert_int_equal(fake_http_requests(b->server), 1);
	http_call_release(&r);
}

static void a_proxy_in_the_environment_is_ignored(void **state)
{
	struct bench *b = *state;
	struct http_call r = get(b, fake_http_url(b->server));

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	run(b, &r);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	assert_int_equal(r.result, HTTP_OK);
	http_call_release(&r);
}

static void other_protocols_and_malformed_urls_are_refused(void **state)
{
	struct bench *b = *state;
	static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/x", "http://",
					   "http://a b/"};

	for (size_t i = 0; i < 4; i++) {
		struct http_call r = get(b, urls[i]);

		run(b, &r);
		assert_int_equal(r.result, HTTP_REFUSED);
		assert_int_equal(r.err.class, ERR_CONFIG);
		http_call_release(&r);
	}
}

static void no_header_can_be_smuggled_in_by_a_value(void **state)
{
	struct bench *b = *state;
	static const char *const bad[] = {"A: b\r\nC: d", "A: b\nC", "no colon", ": empty",
					  "A b: c",	  "A: \x01", ""};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct http_call r = get(b, fake_http_url(b->server));
		struct err err = {0};

		r.headers = &bad[i];
		r.header_count = 1;
		assert_int_equal(http_submit(b->client, &r, &err), -1);
		assert_int_equal(err.class, ERR_CONFIG);
		http_call_release(&r);
	}
	assert_int_equal(b->done, 0);
}

static void a_cancelled_request_is_done_once_at_once(void **state)
{
	struct bench *b = *state;
	struct http_call r = get(b, fake_http_url(b->server));

	b->script[0].behaviour = FAKE_HANG;
	assert_int_equal(http_submit(b->client, &r, NULL), 0);
	fake_sleep(&b->loop, 10);
	http_cancel(&r);
	assert_int_equal(b->done, 1);
	assert_int_equal(r.result, HTTP_CANCELLED);
	http_cancel(&r); /* harmless */
	fake_sleep(&b->loop, 10);
	assert_int_equal(b->done, 1);
	http_call_release(&r);
}

struct chain {
	struct bench *b;
	struct http_call first, second, third;
};

static void chain_done(struct http_call *r)
{
	struct chain *c = r->ctx;

	c->b->done++;
	if (r == &c->first) {
		http_cancel(&c->second);
		assert_int_equal(http_submit(c->b->client, &c->third, NULL), 0);
	}
}

static void done_may_cancel_others_and_submit_more(void **state)
{
	struct bench *b = *state;
	struct chain c = {.b = b};

	b->script[0] = (struct fake_reply){.body = "x", .delay_ms = 5};
	c.first = c.second = c.third = get(b, fake_http_url(b->server));
	c.first.ctx = c.second.ctx = c.third.ctx = &c;
	c.first.done = c.second.done = c.third.done = chain_done;
	assert_int_equal(http_submit(b->client, &c.first, NULL), 0);
	assert_int_equal(http_submit(b->client, &c.second, NULL), 0);
	fake_wait(&b->loop, &b->done, 3);
	assert_int_equal(c.first.result, HTTP_OK);
	assert_true(c.second.result == HTTP_CANCELLED || c.second.result == HTTP_OK);
	assert_int_equal(c.third.result, HTTP_OK);
	fake_sleep(&b->loop, 10);
	assert_int_equal(b->done, 3);
	http_call_release(&c.first);
	http_call_release(&c.second);
	http_call_release(&c.third);
}

static void closing_cancels_what_is_in_flight(void **state)
{
	struct bench *b = *state;
	struct http_call r[8];

	b->script[0].behaviour = FAKE_HANG;
	for (int i = 0; i < 8; i++) {
		r[i] = get(b, fake_http_url(b->server));
		assert_int_equal(http_submit(b->client, &r[i], NULL), 0);
		if (i == 4)
			fake_sleep(&b->loop, 10); /* some have begun, some have not */
	}
	http_client_free(b->client);
	b->client = NULL;
	assert_int_equal(b->done, 8);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(r[i].result, HTTP_CANCELLED);
		http_call_release(&r[i]);
	}
}

/* 192.0.2.0/24 is documentation space: nobody answers, or the network says so. */
static void giving_up_on_a_name_does_not_block_the_loop(void **state)
{
	struct bench *b = *state;
	struct http_call r = get(b, "http://riverd.invalid/");
	uint64_t before;

	r.timeout_ms = 30;
	assert_int_equal(http_submit(b->client, &r, NULL), 0);
	loop_turn(&b->loop, false);
	before = uv_hrtime();
	http_cancel(&r);
	assert_true(uv_hrtime() - before < 500000000u);
	http_call_release(&r);
	usleep(20000); /* the resolver's thread ends by itself */
}

static void many_requests_share_few_connections(void **state)
{
	struct bench *b = *state;
	static struct http_call r[64];

	for (int i = 0; i < 64; i++) {
		r[i] = get(b, fake_http_url(b->server));
		assert_int_equal(http_submit(b->client, &r[i], NULL), 0);
	}
	assert_int_equal(http_in_flight(b->client), 64);
	fake_wait(&b->loop, &b->done, 64);
	for (int i = 0; i < 64; i++) {
		assert_int_equal(r[i].result, HTTP_OK);
		http_call_release(&r[i]);
	}
	assert_true(fake_http_connections(b->server) <= 16);
}

/* ---- URLs ---- */

static void credentials_are_taken_out_of_urls(void **state)
{
	struct http_url u;

	(void)state;
	assert_int_equal(http_url_parse(&u, "https://key:s%40cret@sr.example:8081/base/?q=1#f", NULL), 0);
	assert_string_equal(u.base, "https://sr.example:8081/base");
	assert_string_equal(u.user_info, "key:s@cret");
	assert_true(u.tls && !u.loopback);
	http_url_release(&u);
	assert_int_equal(http_url_parse(&u, "http://[::1]:8081", NULL), 0);
	assert_string_equal(u.base, "http://[::1]:8081");
	assert_true(!u.tls && u.loopback && u.user_info == NULL);
	http_url_release(&u);
}

static void loopback_is_told_from_names_that_look_like_it(void **state)
{
	static const struct {
		const char *url;
		bool loopback;
	} rows[] = {
		{"http://localhost:1", true},
		{"http://127.0.0.1", true},
		{"http://127.9.9.9", true},
		{"http://127.0.0.1.evil.example", false},
		{"http://localhost.example", false},
		{"http://10.0.0.1", false},
		{"http://user@127.0.0.1@evil.example/", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_url u;

		if (http_url_parse(&u, rows[i].url, NULL) != 0)
			continue; /* refused is fine, too */
		assert_int_equal(u.loopback, rows[i].loopback);
		http_url_release(&u);
	}
}

static void errors_about_urls_do_not_show_the_password(void **state)
{
	static const char *const bad[] = {"ftp://key:hush@host", "key:hush@host", "https://key:hush@",
					  "http://key:hush@h o"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct http_url u;
		struct err err = {0};

		assert_int_equal(http_url_parse(&u, bad[i], &err), -1);
		assert_int_equal(err.class, ERR_CONFIG);
		assert_null(strstr(err.text, "hush"));
	}
}

static void basic_credentials_and_path_segments_are_encoded(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 200);
	http_basic_header(&b, "Aladdin:open sesame"); /* the example of RFC 7617 */
	assert_string_equal(buf_cstr(&b), "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	buf_clear(&b);
	http_percent_encode(&b, slice_str(":.ctx:a/b topic-value~1_\xc3\xa9"));
	assert_string_equal(buf_cstr(&b), "%3A.ctx%3Aa%2Fb%20topic-value~1_%C3%A9");
	buf_release(&b);
}

#define WITH_SERVER(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(a_get_brings_status_headers_and_body),
		WITH_SERVER(a_post_sends_its_body_and_headers_and_nothing_else),
		WITH_SERVER(connections_are_kept_and_used_again),
		WITH_SERVER(a_kept_connection_that_died_is_replaced),
		WITH_SERVER(a_hanging_server_ends_in_a_timeout),
		WITH_SERVER(a_dripping_server_ends_in_a_timeout),
		WITH_SERVER(a_slow_but_steady_server_is_waited_for),
		WITH_SERVER(broken_connections_are_io_errors),
		WITH_SERVER(nobody_listening_is_an_io_error),
		WITH_SERVER(an_answer_over_the_limit_is_cut_off),
		WITH_SERVER(too_many_headers_are_cut_off),
		WITH_SERVER(redirects_are_not_followed),
		WITH_SERVER(a_proxy_in_the_environment_is_ignored),
		WITH_SERVER(other_protocols_and_malformed_urls_are_refused),
		WITH_SERVER(no_header_can_be_smuggled_in_by_a_value),
		WITH_SERVER(a_cancelled_request_is_done_once_at_once),
		WITH_SERVER(done_may_cancel_others_and_submit_more),
		WITH_SERVER(closing_cancels_what_is_in_flight),
		WITH_SERVER(giving_up_on_a_name_does_not_block_the_loop),
		WITH_SERVER(many_requests_share_few_connections),
		cmocka_unit_test(credentials_are_taken_out_of_urls),
		cmocka_unit_test(loopback_is_told_from_names_that_look_like_it),
		cmocka_unit_test(errors_about_urls_do_not_show_the_password),
		cmocka_unit_test(basic_credentials_and_path_segments_are_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
