/* The registry client: what answers mean, and what it does when there are none. */

#include "test/lib/cmocka_all.h"
#include "test/lib/fake_http.h"
#include "wire/registry_reply.h"
#include "wire/schema_registry.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- answers ---- */

struct row {
	enum registry_call call;
	int status;
	const char *body;
	enum err_class class; /* ERR_NONE: accepted */
	int id;
	const char *type, *text; /* of the schema, or part of the error's sentence */
};

static const struct row rows[] = {
	{REGISTRY_BY_ID, 200, "{\"schema\":\"\\\"string\\\"\"}", ERR_NONE, 0, "AVRO", "\"string\""},
	{REGISTRY_BY_ID, 200, "{\"schema\":\"{}\",\"schemaType\":\"JSON\"}\n", ERR_NONE, 0, "JSON", "{}"},
	{REGISTRY_BY_ID, 200, "{\"schema\":\"{}\",\"schemaType\":null,\"references\":[]}", ERR_NONE, 0,
	 "AVRO", "{}"},
	{REGISTRY_BY_ID, 200, "{\"schema\":\"x\",\"schemaType\":\"PROTOBUF\"}", ERR_NONE, 0, "PROTOBUF", "x"},
	{REGISTRY_BY_ID, 200, "{\"schema\":\"{}\",\"schemaType\":\"JSON\",\"references\":[{\"name\":\"a\"}]}",
	 ERR_NONE, 0, "JSON", "{}"},
	{REGISTRY_BY_ID, 200,
	 "{\"schema\":\"{}\",\"references\":[{\"name\":\"a\",\"subject\":\"s\",\"version\":1}]}", ERR_POISON,
	 0, NULL, "references"},
	{REGISTRY_BY_ID, 200, "{\"Schema\":\"{}\"}", ERR_RETRY, 0, NULL, "no \"schema\""},
	{REGISTRY_BY_ID, 200, "{\"schema\":7}", ERR_RETRY, 0, NULL, "no \"schema\""},
	{REGISTRY_BY_ID, 200, "{\"schema\":\"a\",\"schema\":\"b\"}", ERR_RETRY, 0, NULL, "plain JSON object"},
	{REGISTRY_BY_ID, 200, "{\"schema\":\"a\\u0000b\"}", ERR_RETRY, 0, NULL, "NUL"},
	{REGISTRY_BY_ID, 200, "{\"schema\":\"{}\"} trailing", ERR_RETRY, 0, NULL, "after the end"},
	{REGISTRY_BY_ID, 200, "<html>Welcome</html>", ERR_RETRY, 0, NULL, "cannot be read"},
	{REGISTRY_BY_ID, 200, "", ERR_RETRY, 0, NULL, "cannot be read"},
	{REGISTRY_BY_ID, 200, "[]", ERR_RETRY, 0, NULL, "plain JSON object"},
	{REGISTRY_BY_ID, 200, "{\"schema\":\"{}\",\"schemaType\":\"A_VERY_LONG_TYPE_NAME\"}", ERR_RETRY, 0,
	 NULL, "schemaType"},
	{REGISTRY_BY_ID, 200, "{\"schema\":\"{}\",\"schemaType\":\"\"}", ERR_RETRY, 0, NULL, "schemaType"},
	{REGISTRY_REGISTER, 200, "{\"id\":100001}", ERR_NONE, 100001, "AVRO", ""},
	{REGISTRY_REGISTER, 200,
	 "{\"id\":7,\"version\":1,\"guid\":\"89791762-2336-4186-9674-299b90a802e2\",\"schema\":\"{}\"}",
	 ERR_NONE, 7, "AVRO", "{}"},
	{REGISTRY_REGISTER, 200, "{\"id\":\"7\"}", ERR_RETRY, 0, NULL, "\"id\""},
	{REGISTRY_REGISTER, 200, "{\"id\":-1}", ERR_RETRY, 0, NULL, "\"id\""},
	{REGISTRY_REGISTER, 200, "{\"id\":1.5}", ERR_RETRY, 0, NULL, "\"id\""},
	{REGISTRY_REGISTER, 200, "{\"id\":99999999999}", ERR_RETRY, 0, NULL, "\"id\""},
	{REGISTRY_LOOKUP, 200, "{\"subject\":\"s\",\"id\":3,\"version\":2,\"schema\":\"{}\"}", ERR_NONE, 3,
	 "AVRO", "{}"},
	{REGISTRY_LATEST, 200, "{\"subject\":\"s\",\"id\":3,\"version\":2,\"schema\":\"{}\"}", ERR_NONE, 3,
	 "AVRO", "{}"},
	{REGISTRY_LATEST, 200, "{\"subject\":\"s\",\"id\":3,\"schema\":\"{}\"}", ERR_RETRY, 0, NULL,
	 "\"version\""},
	{REGISTRY_COMPATIBLE, 200, "{\"is_compatible\":true}", ERR_NONE, 0, "", ""},
	{REGISTRY_COMPATIBLE, 200, "{\"is_compatible\":false,\"messages\":[\"{type:\\nMISSING}\"]}",
	 ERR_CONFIG, 0, NULL, "not compatible with the latest version registered: {type: MISSING}"},
	{REGISTRY_COMPATIBLE, 200, "{\"is_compatible\":false}", ERR_CONFIG, 0, NULL, "no reason"},
	{REGISTRY_COMPATIBLE, 200, "{\"is_compatible\":\"yes\"}", ERR_RETRY, 0, NULL, "is_compatible"},
	{REGISTRY_BY_ID, 404, "{\"error_code\":40403,\"message\":\"Schema 7 not found\"}", ERR_NOT_FOUND, 0,
	 NULL, "Schema 7 not found"},
	{REGISTRY_LATEST, 404, "{\"error_code\":40401,\"message\":\"Subject not found\"}", ERR_NOT_FOUND, 0,
	 NULL, "40401"},
	/* A wrong path must not make every record poison. */
	{REGISTRY_BY_ID, 404, "<html>nginx</html>", ERR_RETRY, 0, NULL, "schema.registry.url"},
	{REGISTRY_BY_ID, 404, "{\"error_code\":404,\"message\":\"HTTP 404 Not Found\"}", ERR_RETRY, 0, NULL,
	 "schema.registry.url"},
	{REGISTRY_REGISTER, 409, "{\"error_code\":409,\"message\":\"READER_FIELD_MISSING\"}", ERR_CONFIG, 0,
	 NULL, "READER_FIELD_MISSING"},
	{REGISTRY_REGISTER, 409, "{\"error_code\":40901,\"message\":\"new servers\"}", ERR_CONFIG, 0, NULL,
	 "compatib"},
	{REGISTRY_REGISTER, 422, "{\"error_code\":42201,\"message\":\"Invalid schema\"}", ERR_CONFIG, 0, NULL,
	 "42201"},
	{REGISTRY_BY_ID, 401, "Unauthorized", ERR_RETRY, 0, NULL, "basic.auth.user.info"},
	{REGISTRY_BY_ID, 403, "{\"error_code\":40301,\"message\":\"denied\"}", ERR_RETRY, 0, NULL, "denied"},
	{REGISTRY_BY_ID, 302, "", ERR_RETRY, 0, NULL, "redirects"},
	{REGISTRY_BY_ID, 500, "{\"error_code\":50002,\"message\":\"timed\\nout\"}", ERR_RETRY, 0, NULL,
	 "timed out"},
	{REGISTRY_BY_ID, 503, "", ERR_RETRY, 0, NULL, "503"},
};

static void every_shape_of_answer_has_its_meaning(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct registry_schema schema;
		struct err err = {0};
		int rc;

		registry_schema_init(&schema);
		rc = registry_reply_parse(row->call, row->status, slice_str(row->body), &schema, &err);
		if (err.class != row->class || (rc == 0) != (row->class == ERR_NONE))
			fail_msg("row %zu: %s: %s %s", i, row->body, err_class_name(err.class), err.text);
		if (rc == 0) {
			assert_int_equal(schema.id, row->id);
			assert_string_equal(schema.type, row->type);
			assert_true(slice_is(buf_view(&schema.text), row->text));
		} else if (strstr(err.text, row->text) == NULL) {
			fail_msg("row %zu says: %s", i, err.text);
		}
		registry_schema_release(&schema);
	}
}

static void a_schema_over_the_limit_is_poison(void **state)
{
	struct registry_schema schema;
	struct buf body;
	struct err err = {0};

	(void)state;
	registry_schema_init(&schema);
	for (int extra = 0; extra < 2; extra++) {
		buf_init(&body, 1 << 20);
		buf_str(&body, "{\"schema\":\"");
		for (int i = 0; i < REGISTRY_MAX_SCHEMA + extra; i++)
			buf_byte(&body, 'x');
		buf_str(&body, "\"}");
		assert_int_equal(registry_reply_parse(REGISTRY_BY_ID, 200, buf_view(&body), &schema, &err),
				 -extra);
		buf_release(&body);
	}
	assert_int_equal(err.class, ERR_POISON);
	registry_schema_release(&schema);
}

static void guids_go_to_bytes_and_back(void **state)
{
	static const char text[] = "89791762-2336-4186-9674-299b90a802e2";
	uint8_t guid[16];
	char out[37];

	(void)state;
	assert_int_equal(registry_guid_parse(slice_str(text), guid), 0);
	assert_int_equal(guid[0], 0x89);
	assert_int_equal(guid[15], 0xe2);
	registry_guid_text(guid, out);
	assert_string_equal(out, text);
	assert_int_equal(registry_guid_parse(slice_str("89791762-2336-4186-9674-299b90a802e"), guid), -1);
	assert_int_equal(registry_guid_parse(slice_str("89791762x2336-4186-9674-299b90a802e2"), guid), -1);
	assert_int_equal(registry_guid_parse(slice_str("8979176g-2336-4186-9674-299b90a802e2"), guid), -1);
}

/* ---- the client ---- */

#define SERVERS 2
#define GOOD                                                                                                 \
	(struct fake_reply)                                                                                  \
	{                                                                                                    \
		.body = "{\"schema\":\"\\\"long\\\"\"}"                                                      \
	}

struct bench;

struct server {
	struct fake_http *http;
	struct bench *bench;
	struct fake_reply script[8]; /* the last one repeats */
	int scripted;
	char headers[2048], path[512], body[512], method[8];
};

struct bench {
	struct loop loop;
	struct http_client *http;
	struct server servers[SERVERS];
	struct schema_registry *registry;
	struct registry_request requests[16];
	struct err errs[16];
	int64_t retry_after[16];
	char text[16][64];
	int ids[16];
	int done;
};

static void answer(void *ctx, const struct fake_request *request, struct fake_reply *reply)
{
	struct server *s = ctx;

	snprintf(s->headers, sizeof(s->headers), "%s", request->headers);
	snprintf(s->path, sizeof(s->path), "%s", request->path);
	snprintf(s->body, sizeof(s->body), "%s", request->body);
	snprintf(s->method, sizeof(s->method), "%s", request->method);
	*reply = s->script[request->number < s->scripted ? request->number : s->scripted - 1];
}

static void on_done(struct registry_request *r)
{
	struct bench *b = r->ctx;
	size_t i = (size_t)(r - b->requests);

	b->errs[i] = r->err;
	b->retry_after[i] = r->retry_after_ms;
	if (r->schema != NULL) {
		assert_int_equal(r->err.class, ERR_NONE);
		snprintf(b->text[i], sizeof(b->text[i]), SLICE_FMT, SLICE_ARG(buf_view(&r->schema->text)));
		b->ids[i] = r->schema->id;
	} else {
		assert_int_not_equal(r->err.class, ERR_NONE);
	}
	b->done++;
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_int_equal(loop_init(&b->loop, NULL), 0);
	b->http = http_client_new(&b->loop, NULL, NULL);
	assert_non_null(b->http);
	for (int i = 0; i < SERVERS; i++) {
		b->servers[i].bench = b;
		b->servers[i].script[0] = GOOD;
		b->servers[i].scripted = 1;
		b->servers[i].http = fake_http_new(&b->loop, answer, &b->servers[i]);
	}
	for (int i = 0; i < 16; i++)
		b->requests[i] = (struct registry_request){.done = on_done, .ctx = b};
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	struct err err = {0};

	schema_registry_free(b->registry);
	http_client_free(b->http);
	for (int i = 0; i < SERVERS; i++)
		fake_http_free(b->servers[i].http);
	assert_int_equal(loop_release(&b->loop, &err), 0);
	free(b);
	return 0;
}

static void open_registry(struct bench *b, struct registry_options o, int servers)
{
	char urls[200];
	struct err err = {0};

	snprintf(urls, sizeof(urls), servers == 1 ? "%s" : "%s/, %s", fake_http_url(b->servers[0].http),
		 fake_http_url(b->servers[1].http));
	if (o.urls == NULL)
		o.urls = urls;
	o.timeout_ms = o.timeout_ms ? o.timeout_ms : 200;
	o.backoff_base_ms = 2;
	o.backoff_cap_ms = 8;
	b->registry = schema_registry_new(&b->loop, b->http, NULL, &o, &err);
	if (b->registry == NULL)
		fail_msg("%s", err.text);
}

static void ask_and_wait(struct bench *b)
{
	assert_int_equal(schema_registry_by_id(b->registry, &b->requests[0], 42, NULL), 0);
	assert_int_equal(b->done, 0);
	fake_wait(&b->loop, &b->done, 1);
}

static void a_schema_is_fetched_by_id_and_by_guid(void **state)
{
	struct bench *b = *state;
	const uint8_t guid[16] = {0x89, 0x79, [15] = 0xe2};

	open_registry(b, (struct registry_options){0}, 1);
	ask_and_wait(b);
	assert_string_equal(b->servers[0].path, "/schemas/ids/42");
	assert_string_equal(b->servers[0].method, "GET");
	assert_string_equal(b->text[0], "\"long\"");
	assert_non_null(strstr(b->servers[0].headers, "Confluent-Accept-Unknown-Properties: true"));
	assert_int_equal(schema_registry_by_guid(b->registry, &b->requests[1], guid, NULL), 0);
	fake_wait(&b->loop, &b->done, 2);
	assert_string_equal(b->servers[0].path, "/schemas/guids/89790000-0000-0000-0000-0000000000e2");
}

static void registering_sends_the_literal_text_under_an_encoded_subject(void **state)
{
	struct bench *b = *state;

	b->servers[0].script[0] = (struct fake_reply){.body = "{\"id\":9}"};
	open_registry(b, (struct registry_options){.normalize = true}, 1);
	assert_int_equal(schema_registry_register(b->registry, &b->requests[0], "a/b c-value", "AVRO",
						  slice_str("{\"type\": \"long\"}"), NULL),
			 0);
	fake_wait(&b->loop, &b->done, 1);
	assert_string_equal(b->servers[0].path, "/subjects/a%2Fb%20c-value/versions?normalize=true");
	assert_string_equal(b->servers[0].body, "{\"schema\":\"{\\\"type\\\": \\\"long\\\"}\"}");
	assert_int_equal(b->ids[0], 9);
	assert_int_equal(schema_registry_lookup(b->registry, &b->requests[1], "s", "JSON", slice_str("{}"),
						NULL),
			 0);
	fake_wait(&b->loop, &b->done, 2);
	assert_string_equal(b->servers[0].path, "/subjects/s?normalize=true");
	assert_string_equal(b->servers[0].body, "{\"schema\":\"{}\",\"schemaType\":\"JSON\"}");
	assert_int_equal(schema_registry_compatible(b->registry, &b->requests[2], "s", "AVRO",
						    slice_str("{}"), NULL),
			 0);
	fake_wait(&b->loop, &b->done, 3);
	assert_string_equal(b->servers[0].path,
			    "/compatibility/subjects/s/versions/latest?verbose=true&normalize=true");
	assert_string_equal(b->servers[0].body, "{\"schema\":\"{}\"}");
}

static void the_latest_version_is_asked_for_by_subject(void **state)
{
	struct bench *b = *state;

	b->servers[0].script[0] = (struct fake_reply){.body = "{\"id\":5,\"version\":3,\"schema\":\"{}\"}"};
	open_registry(b, (struct registry_options){0}, 1);
	assert_int_equal(schema_registry_latest(b->registry, &b->requests[0], "t-value", NULL), 0);
	fake_wait(&b->loop, &b->done, 1);
	assert_string_equal(b->servers[0].path, "/subjects/t-value/versions/latest");
	assert_int_equal(b->ids[0], 5);
}

static void many_askers_share_one_call(void **state)
{
	struct bench *b = *state;

	b->servers[0].script[0].delay_ms = 10;
	open_registry(b, (struct registry_options){0}, 1);
	for (int i = 0; i < 10; i++)
		assert_int_equal(schema_registry_by_id(b->registry, &b->requests[i], i == 9 ? 43 : 42, NULL),
				 0);
	schema_registry_cancel(&b->requests[3]);
	fake_wait(&b->loop, &b->done, 9);
	assert_int_equal(fake_http_requests(b->servers[0].http), 2);
	assert_int_equal(schema_registry_counters(b->registry)->shared, 8);
	fake_sleep(&b->loop, 20);
	assert_int_equal(b->done, 9); /* not the one that was cancelled */
}

static void errors_are_retried_and_then_the_answer_comes(void **state)
{
	struct bench *b = *state;

	/* Closing comes first: on a connection that was used before, curl itself
	 * takes it for a keep-alive that ran out and asks again. */
	b->servers[0].script[0] = (struct fake_reply){.behaviour = FAKE_CLOSE};
	b->servers[0].script[1] = (struct fake_reply){.status = 503};
	b->servers[0].script[2] = (struct fake_reply){.status = 429};
	b->servers[0].script[3] = GOOD;
	b->servers[0].scripted = 4;
	open_registry(b, (struct registry_options){0}, 1);
	ask_and_wait(b);
	assert_int_equal(b->errs[0].class, ERR_NONE);
	assert_int_equal(fake_http_requests(b->servers[0].http), 4);
	assert_int_equal(schema_registry_counters(b->registry)->retries, 3);
}

static void when_retries_are_used_up_the_caller_is_told_to_come_back(void **state)
{
	struct bench *b = *state;

	b->servers[0].script[0] =
		(struct fake_reply){.status = 500, .body = "{\"error_code\":50001,\"message\":\"store\"}"};
	open_registry(b, (struct registry_options){0}, 1);
	ask_and_wait(b);
	assert_int_equal(b->errs[0].class, ERR_RETRY);
	assert_non_null(strstr(b->errs[0].text, "store"));
	assert_int_equal(b->retry_after[0], 8);
	assert_int_equal(fake_http_requests(b->servers[0].http), 4); /* 1 and 3 retries */
}

static void a_dead_url_is_left_for_the_next_at_once_and_remembered(void **state)
{
	struct bench *b = *state;

	fake_http_down(b->servers[0].http);
	open_registry(b, (struct registry_options){0}, 2);
	ask_and_wait(b);
	assert_int_equal(b->errs[0].class, ERR_NONE);
	assert_int_equal(schema_registry_counters(b->registry)->failovers, 1);
	assert_int_equal(schema_registry_by_id(b->registry, &b->requests[1], 43, NULL), 0);
	fake_wait(&b->loop, &b->done, 2);
	assert_int_equal(schema_registry_counters(b->registry)->failovers, 1); /* began with the good one */
}

static void a_hanging_url_costs_one_timeout(void **state)
{
	struct bench *b = *state;

	b->servers[0].script[0].behaviour = FAKE_HANG;
	open_registry(b, (struct registry_options){.timeout_ms = 40}, 2);
	ask_and_wait(b);
	assert_int_equal(b->errs[0].class, ERR_NONE);
	assert_int_equal(fake_http_requests(b->servers[1].http), 1);
}

static void not_found_and_incompatible_are_said_at_once(void **state)
{
	struct bench *b = *state;

	b->servers[0].script[0] =
		(struct fake_reply){.status = 404, .body = "{\"error_code\":40403,\"message\":\"no\"}"};
	b->servers[0].script[1] =
		(struct fake_reply){.status = 409,
				    .body = "{\"error_code\":409,\"message\":\"TYPE_MISMATCH\"}"};
	b->servers[0].scripted = 2;
	open_registry(b, (struct registry_options){0}, 1);
	ask_and_wait(b);
	assert_int_equal(b->errs[0].class, ERR_NOT_FOUND);
	schema_registry_register(b->registry, &b->requests[1], "s", "AVRO", slice_str("{}"), NULL);
	fake_wait(&b->loop, &b->done, 2);
	assert_int_equal(b->errs[1].class, ERR_CONFIG);
	assert_non_null(strstr(b->errs[1].text, "TYPE_MISMATCH"));
	assert_int_equal(fake_http_requests(b->servers[0].http), 2);
}

static void refused_credentials_are_tried_again_slowly(void **state)
{
	struct bench *b = *state;

	b->servers[0].script[0] = (struct fake_reply){.status = 401};
	open_registry(b, (struct registry_options){.user_info = "k:s"}, 1);
	ask_and_wait(b);
	assert_int_equal(b->errs[0].class, ERR_RETRY);
	assert_int_equal(b->errs[0].code, 401);
	assert_int_equal(b->retry_after[0], 60000);
	assert_int_equal(fake_http_requests(b->servers[0].http), 1);
	assert_null(strstr(b->errs[0].text, "k:s"));
}

static void credentials_travel_in_the_header_alone(void **state)
{
	struct bench *b = *state;
	const char *const extra[] = {"target-sr-cluster: lsrc-1"};
	char url[100];

	snprintf(url, sizeof(url), "http://Aladdin:open%%20sesame@%s", fake_http_url(b->servers[0].http) + 7);
	open_registry(b, (struct registry_options){.urls = url, .headers = extra, .header_count = 1}, 1);
	ask_and_wait(b);
	assert_non_null(strstr(b->servers[0].headers, "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
	assert_non_null(strstr(b->servers[0].headers, "target-sr-cluster: lsrc-1"));
	assert_string_equal(b->servers[0].path, "/schemas/ids/42");
	schema_registry_free(b->registry);
	open_registry(b, (struct registry_options){.bearer_token = "tok"}, 1);
	b->done = 0;
	ask_and_wait(b);
	assert_non_null(strstr(b->servers[0].headers, "Authorization: Bearer tok"));
}

static void contradicting_or_leaking_options_are_refused(void **state)
{
	struct bench *b = *state;
	static const char *const header[] = {"Authorization: Bearer x"};
	static const char *const smuggled[] = {"A: b\r\nHost: c"};
	static const struct registry_options bad[] = {
		{.urls = ""},
		{.urls = "localhost:8081"},
		{.urls = "ftp://host"},
		{.urls = "http://sr.example", .user_info = "k:hush"},
		{.urls = "http://k:hush@sr.example"},
		{.urls = "http://sr.example", .bearer_token = "hush"},
		{.urls = "http://sr.example", .headers = header, .header_count = 1},
		{.urls = "https://sr.example,http://k:hush@other.example"},
		{.urls = "https://sr.example", .bearer_token = "hush", .user_info = "k:hush"},
		{.urls = "https://k:hush@sr.example", .bearer_token = "hush"},
		{.urls = "https://sr.example", .bearer_token = "hush\r\nX: y"},
		{.urls = "https://sr.example", .headers = smuggled, .header_count = 1},
	};
	struct registry_options allowed = bad[3];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = {0};

		assert_null(schema_registry_new(&b->loop, b->http, NULL, &bad[i], &err));
		assert_int_equal(err.class, ERR_CONFIG);
		assert_null(strstr(err.text, "hush"));
	}
	allowed.allow_plaintext_credentials = true;
	b->registry = schema_registry_new(&b->loop, b->http, NULL, &allowed, NULL);
	assert_non_null(b->registry);
}

static void closing_ends_every_open_request(void **state)
{
	struct bench *b = *state;

	b->servers[0].script[0].behaviour = FAKE_HANG;
	open_registry(b, (struct registry_options){.timeout_ms = 5000}, 1);
	for (int i = 0; i < 6; i++)
		assert_int_equal(schema_registry_by_id(b->registry, &b->requests[i], i / 2, NULL), 0);
	fake_sleep(&b->loop, 10);
	assert_int_equal(schema_registry_by_id(b->registry, &b->requests[6], 99, NULL), 0); /* not begun */
	schema_registry_free(b->registry);
	b->registry = NULL;
	assert_int_equal(b->done, 7);
	assert_int_equal(b->errs[0].class, ERR_RETRY);
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_of_answer_has_its_meaning),
		cmocka_unit_test(a_schema_over_the_limit_is_poison),
		cmocka_unit_test(guids_go_to_bytes_and_back),
		WITH(a_schema_is_fetched_by_id_and_by_guid),
		WITH(registering_sends_the_literal_text_under_an_encoded_subject),
		WITH(the_latest_version_is_asked_for_by_subject),
		WITH(many_askers_share_one_call),
		WITH(errors_are_retried_and_then_the_answer_comes),
		WITH(when_retries_are_used_up_the_caller_is_told_to_come_back),
		WITH(a_dead_url_is_left_for_the_next_at_once_and_remembered),
		WITH(a_hanging_url_costs_one_timeout),
		WITH(not_found_and_incompatible_are_said_at_once),
		WITH(refused_credentials_are_tried_again_slowly),
		WITH(credentials_travel_in_the_header_alone),
		WITH(contradicting_or_leaking_options_are_refused),
		WITH(closing_ends_every_open_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
