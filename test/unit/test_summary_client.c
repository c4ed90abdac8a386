/* The model's client against an endpoint that is slow, broken, rude and down. */

#include "base/json_read.h"
#include "summary/client.h"
#include "summary/extractive.h"
#include "summary/provider.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/fake_http.h"

#include <stdio.h>
#include <stdlib.h>

#define CHAT(content)                                                                                        \
	"{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"" content              \
	"\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":4}}"
#define CUT  "{\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":\"length\"}]}"
#define FINE "Guests loved the pool."
#define GOOD ((struct fake_reply){.body = CHAT(FINE)})

struct bench {
	struct loop loop;
	struct http_client *http;
	struct fake_http *server;
	struct summary_client *client;
	struct fake_reply script[12]; /* the last one repeats */
	int scripted;
	char path[200], headers[2000], body[20000];
	int answers;
	struct hash_id last_hash;
	char last[500];
	struct summary_client *ask_again; /* from inside answered() */
};

static void respond(void *ctx, const struct fake_request *request, struct fake_reply *reply)
{
	struct bench *b = ctx;

	snprintf(b->path, sizeof(b->path), "%s", request->path);
	snprintf(b->headers, sizeof(b->headers), "%s", request->headers);
	snprintf(b->body, sizeof(b->body), "%s", request->body);
	*reply = b->script[request->number < b->scripted ? request->number : b->scripted - 1];
}

static struct hash_id hash(int n)
{
	struct hash_id id = {{0}};

	id.bytes[0] = (uint8_t)n;
	id.bytes[1] = (uint8_t)(n >> 8);
	return id;
}

static void ask(struct bench *b, int n)
{
	struct slice reviews[2] = {SLICE_LITERAL("Friendly staff and a lovely view over the sea."),
				   SLICE_LITERAL("The staff was helpful and friendly.")};
	struct summary_question q = {hash(n), reviews, 2, false};

	assert_int_equal(summary_client_ask(b->client, &q, NULL), 0);
}

static void on_answer(void *ctx, struct hash_id id, struct slice summary)
{
	struct bench *b = ctx;

	b->answers++;
	b->last_hash = id;
	snprintf(b->last, sizeof(b->last), SLICE_FMT, SLICE_ARG(summary));
	if (b->ask_again != NULL) {
		b->ask_again = NULL;
		ask(b, 77);
	}
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_int_equal(loop_init(&b->loop, NULL), 0);
	b->http = http_client_new(&b->loop, NULL, NULL);
	assert_non_null(b->http);
	b->server = fake_http_new(&b->loop, respond, b);
	b->script[0] = GOOD;
	b->scripted = 1;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	struct err err = {0};

	summary_client_free(b->client);
	http_client_free(b->http);
	fake_http_free(b->server);
	assert_int_equal(loop_release(&b->loop, &err), 0);
	free(b);
	return 0;
}

static void start(struct bench *b, struct summary_client_options o)
{
	struct err err = {0};

	o.url = o.url ? o.url : fake_http_url(b->server);
	o.model = "m";
	o.timeout_ms = o.timeout_ms ? o.timeout_ms : 1000;
	o.backoff_scale = 0.002; /* 0.5 s becomes 1 ms */
	o.probe_min_ms = o.probe_min_ms ? o.probe_min_ms : 2;
	o.probe_max_ms = 10;
	o.temperature = o.temperature != 0 ? o.temperature : 0.2;
	b->client = summary_client_new(&b->loop, b->http, NULL, &o, on_answer, b, &err);
	if (b->client == NULL)
		fail_msg("%s", err.text);
}

static const struct summary_stats *stats(struct bench *b)
{
	return summary_client_stats(b->client);
}

static void a_question_becomes_one_chat_completion(void **state)
{
	struct bench *b = *state;
	cJSON *json;
	const cJSON *messages;
	int64_t n;

	start(b, (struct summary_client_options){.api_key = "sk-1", .max_tokens = 123});
	ask(b, 1);
	assert_int_equal(b->answers, 0); /* never from inside */
	fake_wait(&b->loop, &b->answers, 1);
	assert_string_equal(b->last, FINE);
	assert_true(hash_id_equal(b->last_hash, hash(1)));
	assert_string_equal(b->path, "/v1/chat/completions");
	assert_non_null(strstr(b->headers, "\r\nAuthorization: Bearer sk-1"));
	json = json_read(slice_str(b->body), 1 << 20, NULL);
	assert_string_equal(json_member_string(json, "model"), "m");
	assert_true(json_member_integer(json, "max_completion_tokens", &n) && n == 123);
	assert_true(cJSON_IsFalse(json_member(json, "stream")));
	messages = json_member(json, "messages");
	assert_int_equal(cJSON_GetArraySize(messages), 2);
	assert_string_equal(json_member_string(cJSON_GetArrayItem(messages, 0), "role"), "system");
	assert_string_equal(json_member_string(cJSON_GetArrayItem(messages, 1), "role"), "user");
	assert_non_null(
		strstr(json_member_string(cJSON_GetArrayItem(messages, 1), "content"), "lovely view"));
	assert_null(strstr(json_member_string(cJSON_GetArrayItem(messages, 0), "content"), "lovely view"));
	cJSON_Delete(json);
	assert_int_equal(stats(b)->calls[SUMMARY_CODE_2XX], 1);
	assert_int_equal(stats(b)->tokens_in, 10);
	assert_int_equal(stats(b)->tokens_out, 4);
	assert_int_equal(stats(b)->answered, 1);
	assert_int_equal(stats(b)->in_flight + stats(b)->queued, 0);
}

static void urls_may_be_given_with_or_without_their_end(void **state)
{
	static const struct {
		const char *end, *path;
	} rows[] = {
		{"", "/v1/chat/completions"},
		{"/", "/v1/chat/completions"},
		{"/v1", "/v1/chat/completions"},
		{"/openai/v1/", "/openai/v1/chat/completions"},
		{"/v1/chat/completions", "/v1/chat/completions"},
		{"/openai/deployments/d/chat/completions?api-version=2024-10-21",
		 "/openai/deployments/d/chat/completions?api-version=2024-10-21"},
		{"/serving-endpoints/e/invocations", "/serving-endpoints/e/invocations"},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char url[200];

		snprintf(url, sizeof(url), "%s%s", fake_http_url(b->server), rows[i].end);
		start(b, (struct summary_client_options){.url = url});
		ask(b, 1);
		fake_wait(&b->loop, &b->answers, (int)i + 1);
		assert_string_equal(b->path, rows[i].path);
		summary_client_free(b->client);
		b->client = NULL;
	}
}

static void one_call_serves_everyone_who_asks_the_same(void **state)
{
	struct bench *b = *state;

	b->script[0].delay_ms = 10;
	start(b, (struct summary_client_options){0});
	for (int i = 0; i < 5; i++)
		ask(b, 1);
	fake_wait(&b->loop, &b->answers, 1);
	fake_sleep(&b->loop, 20);
	assert_int_equal(b->answers, 1);
	assert_int_equal(fake_http_requests(b->server), 1);
	assert_int_equal(stats(b)->shared, 4);
	ask(b, 1); /* answered before: whoever asks again wants a new call */
	fake_wait(&b->loop, &b->answers, 2);
}

static void no_more_calls_than_allowed_are_in_flight(void **state)
{
	struct bench *b = *state;

	b->script[0].delay_ms = 5;
	start(b, (struct summary_client_options){.concurrency = 3});
	for (int i = 0; i < 20; i++)
		ask(b, i);
	assert_int_equal(stats(b)->queued, 20);
	fake_wait(&b->loop, &b->answers, 20);
	assert_int_equal(fake_http_most_open(b->server), 3);
	assert_int_equal(fake_http_requests(b->server), 20);
}

static void too_many_requests_wait_as_long_as_told(void **state)
{
	struct bench *b = *state;
	uint64_t before;

	b->script[0] = (struct fake_reply){.status = 429,
					   .headers = "Retry-After: 20\r\n",
					   .body = "{\"error\":\"slow down\"}"};
	b->script[1] = b->script[3] = GOOD;
	b->script[2] = b->script[0];
	b->scripted = 4;
	for (int failures = 1; failures <= 2; failures++) { /* with the circuit opening, and without */
		start(b, (struct summary_client_options){.circuit_failures = failures});
		before = uv_hrtime();
		ask(b, 1);
		fake_wait(&b->loop, &b->answers, failures);
		assert_true(uv_hrtime() - before >= 35000000u); /* 20 s scaled to 40 ms */
		assert_string_equal(b->last, FINE);
		assert_int_equal(stats(b)->calls[SUMMARY_CODE_429], 1);
		assert_int_equal(stats(b)->retries, 1);
		summary_client_free(b->client);
		b->client = NULL;
	}
}

static void broken_answers_are_asked_for_again(void **state)
{
	struct bench *b = *state;

	b->script[0] = (struct fake_reply){.body = "<html>portal</html>"};
	b->script[1] = (struct fake_reply){.status = 500, .body = "oops"};
	b->script[2] = (struct fake_reply){.behaviour = FAKE_CUT, .body = CHAT(FINE)};
	b->script[3] = GOOD;
	b->scripted = 4;
	start(b, (struct summary_client_options){0});
	ask(b, 1);
	fake_wait(&b->loop, &b->answers, 1);
	assert_string_equal(b->last, FINE);
	assert_int_equal(stats(b)->calls[SUMMARY_CODE_5XX], 1);
	assert_int_equal(stats(b)->calls[SUMMARY_CODE_IO], 1);
	assert_int_equal(stats(b)->fallbacks, 0);
}

static void a_hanging_model_times_out_and_is_asked_again(void **state)
{
	struct bench *b = *state;

	b->script[0] = (struct fake_reply){.behaviour = FAKE_HANG};
	b->script[1] = (struct fake_reply){.behaviour = FAKE_DRIP, .delay_ms = 10, .body = CHAT(FINE)};
	b->script[2] = GOOD;
	b->scripted = 3;
	start(b, (struct summary_client_options){.timeout_ms = 30});
	ask(b, 1);
	fake_wait(&b->loop, &b->answers, 1);
	assert_string_equal(b->last, FINE);
	assert_int_equal(stats(b)->calls[SUMMARY_CODE_TIMEOUT], 2);
}

static void a_model_that_is_down_is_waited_for_and_probed(void **state)
{
	struct bench *b = *state;
	int up;

	fake_http_down(b->server);
	start(b, (struct summary_client_options){.circuit_failures = 3, .concurrency = 2});
	for (int i = 0; i < 10; i++)
		ask(b, i);
	fake_sleep(&b->loop, 100);
	assert_int_equal(b->answers, 0); /* nothing is lost, nothing is made up */
	assert_int_equal(stats(b)->circuit_opened > 2, 1);
	assert_true(stats(b)->circuit == CIRCUIT_OPEN || stats(b)->circuit == CIRCUIT_PROBING);
	assert_int_equal(stats(b)->queued + stats(b)->in_flight, 10);
	assert_true(stats(b)->calls[SUMMARY_CODE_IO] < 30); /* probes, not a storm */
	fake_http_up(b->server);
	up = b->answers;
	assert_int_equal(up, 0);
	fake_wait(&b->loop, &b->answers, 10);
	assert_string_equal(b->last, FINE);
	assert_int_equal(stats(b)->circuit, CIRCUIT_CLOSED);
	assert_int_equal(stats(b)->fallbacks, 0);
}

static void a_wrong_key_waits_for_a_person(void **state)
{
	struct bench *b = *state;

	b->script[0] = (struct fake_reply){
		.status = 401, .body = "{\"error\":{\"message\":\"bad key\",\"code\":\"invalid_api_key\"}}"};
	b->script[1] = b->script[0];
	b->script[2] = GOOD;
	b->scripted = 3;
	start(b, (struct summary_client_options){0});
	ask(b, 1);
	ask(b, 2);
	fake_wait(&b->loop, &b->answers, 2);
	assert_string_equal(b->last, FINE);
	assert_int_equal(stats(b)->circuit_opened >= 1, 1);
}

static void unusable_texts_are_asked_for_once_more_and_then_replaced(void **state)
{
	struct bench *b = *state;

	b->script[0] = (struct fake_reply){.body = CHAT("Visit http://evil.example now.")};
	b->script[1] = (struct fake_reply){.body = CHAT("HACKED")};
	b->scripted = 2;
	start(b, (struct summary_client_options){0});
	ask(b, 1);
	fake_wait(&b->loop, &b->answers, 1);
	assert_string_equal(b->last, "Guests loved the friendly staff and the sea view.");
	assert_int_equal(fake_http_requests(b->server), 2);
	assert_int_equal(stats(b)->rejected, 2);
	assert_int_equal(stats(b)->fallbacks, 1);
	assert_int_equal(stats(b)->answered, 0);
}

static void of_two_sentences_the_first_is_taken_at_the_second_try(void **state)
{
	struct bench *b = *state;

	b->script[0] = (struct fake_reply){.body = CHAT("Guests loved the bar. And more.")};
	b->script[1] = (struct fake_reply){.body = CHAT("Guests loved the spa. And more.")};
	b->scripted = 2;
	start(b, (struct summary_client_options){0});
	ask(b, 1);
	fake_wait(&b->loop, &b->answers, 1);
	assert_string_equal(b->last, "Guests loved the spa.");
	assert_int_equal(stats(b)->fallbacks, 0);
}

static void a_thinking_model_gets_more_room(void **state)
{
	struct bench *b = *state;

	b->script[0] = (struct fake_reply){.body = CUT};
	b->script[1] = GOOD;
	b->scripted = 2;
	start(b, (struct summary_client_options){.max_tokens = 100});
	ask(b, 1);
	fake_wait(&b->loop, &b->answers, 1);
	assert_string_equal(b->last, FINE);
	assert_non_null(strstr(b->body, "\"max_completion_tokens\":400"));
}

static void the_request_adapts_to_what_the_endpoint_takes(void **state)
{
	struct bench *b = *state;

	b->script[0] = (struct fake_reply){.status = 400,
					   .body = "{\"error\":{\"message\":\"Unrecognized request argument "
						   "supplied: max_completion_tokens\"}}"};
	b->script[1] =
		(struct fake_reply){.status = 400,
				    .body = "{\"error\":{\"message\":\"'temperature' is not supported\"}}"};
	b->script[2] = GOOD;
	b->scripted = 3;
	start(b, (struct summary_client_options){0});
	ask(b, 1);
	fake_wait(&b->loop, &b->answers, 1);
	assert_non_null(strstr(b->body, "\"max_tokens\":200"));
	assert_null(strstr(b->body, "temperature"));
	ask(b, 2); /* remembered */
	fake_wait(&b->loop, &b->answers, 2);
	assert_int_equal(fake_http_requests(b->server), 4);
	assert_int_equal(stats(b)->circuit_opened, 0);
}

static void too_long_an_input_is_halved_once(void **state)
{
	struct bench *b = *state;
	const char *too_long =
		"{\"error\":{\"code\":400,\"message\":\"too long\",\"type\":\"exceed_context_size_error\"}}";

	b->script[0] = (struct fake_reply){.status = 400, .body = too_long};
	b->script[1] = GOOD;
	b->script[2] = b->script[3] = b->script[0];
	b->scripted = 4;
	start(b, (struct summary_client_options){0});
	ask(b, 1);
	fake_wait(&b->loop, &b->answers, 1);
	assert_string_equal(b->last, FINE);
	assert_null(strstr(b->body, "lovely view")); /* the older review was left out */
	assert_non_null(strstr(b->body, "helpful and friendly"));
	ask(b, 2);
	fake_wait(&b->loop, &b->answers, 2);
	assert_string_equal(b->last, "Guests loved the friendly staff and the sea view.");
	assert_int_equal(stats(b)->fallbacks, 1);
}

static void a_filtered_question_does_not_hold_up_the_others(void **state)
{
	struct bench *b = *state;

	b->script[0] =
		(struct fake_reply){.status = 400,
				    .body = "{\"error\":{\"code\":\"content_filter\",\"message\":\"no\"}}"};
	b->script[1] = GOOD;
	b->scripted = 2;
	start(b, (struct summary_client_options){.concurrency = 1});
	ask(b, 1);
	ask(b, 2);
	fake_wait(&b->loop, &b->answers, 2);
	assert_string_equal(b->last, FINE);
	assert_int_equal(stats(b)->fallbacks, 1);
	assert_int_equal(fake_http_requests(b->server), 2);
}

static void an_endpoint_that_never_took_a_request_is_misconfigured_not_the_question(void **state)
{
	struct bench *b = *state;

	b->script[0] =
		(struct fake_reply){.status = 400, .body = "{\"error\":{\"message\":\"unknown thing\"}}"};
	b->script[1] = b->script[0];
	b->script[2] = GOOD;
	b->script[3] = b->script[0];
	b->scripted = 4;
	start(b, (struct summary_client_options){.concurrency = 1});
	ask(b, 1);
	fake_wait(&b->loop, &b->answers, 1);
	assert_string_equal(b->last, FINE); /* waited */
	ask(b, 2);
	fake_wait(&b->loop, &b->answers, 2);
	assert_int_equal(stats(b)->fallbacks, 1); /* now it is the question */
}

/* Fails every call that holds the word. */
static void respond_poison(void *ctx, const struct fake_request *request, struct fake_reply *reply)
{
	(void)ctx;
	*reply = GOOD;
	if (strstr(request->body, "poison") != NULL)
		reply->status = 500;
}

static void a_question_that_always_fails_alone_is_given_up(void **state)
{
	struct bench *b = *state;
	struct fake_http *server = fake_http_new(&b->loop, respond_poison, b);
	struct slice review = SLICE_LITERAL("poison but great pool");
	struct summary_question q = {hash(999), &review, 1, false};
	int n = 0;

	start(b, (struct summary_client_options){.url = fake_http_url(server), .circuit_failures = 100});
	assert_int_equal(summary_client_ask(b->client, &q, NULL), 0);
	while (stats(b)->fallbacks == 0 && n < 200) {
		ask(b, n++);
		fake_wait(&b->loop, &b->answers, n);
		fake_sleep(&b->loop, 5);
	}
	assert_int_equal(stats(b)->fallbacks, 1);
	assert_int_equal(stats(b)->queued, 0);
	fake_http_free(server);
}

static void blank_reviews_need_no_call(void **state)
{
	struct bench *b = *state;
	struct slice reviews[2] = {SLICE_LITERAL("  "), SLICE_LITERAL("\n")};
	struct summary_question q = {hash(1), reviews, 2, false};

	start(b, (struct summary_client_options){0});
	assert_int_equal(summary_client_ask(b->client, &q, NULL), 0);
	fake_wait(&b->loop, &b->answers, 1);
	assert_string_equal(b->last, SUMMARY_NO_REVIEWS);
	assert_int_equal(fake_http_requests(b->server), 0);
}

static void answered_may_ask_again(void **state)
{
	struct bench *b = *state;

	start(b, (struct summary_client_options){0});
	b->ask_again = b->client;
	ask(b, 1);
	fake_wait(&b->loop, &b->answers, 2);
	assert_true(hash_id_equal(b->last_hash, hash(77)));
}

static void closing_drops_calls_in_flight_without_an_answer(void **state)
{
	struct bench *b = *state;

	b->script[0] = (struct fake_reply){.behaviour = FAKE_HANG};
	start(b, (struct summary_client_options){.concurrency = 2});
	for (int i = 0; i < 6; i++)
		ask(b, i);
	fake_sleep(&b->loop, 10);
	assert_int_equal(stats(b)->in_flight, 2);
	summary_client_free(b->client);
	b->client = NULL;
	assert_int_equal(http_in_flight(b->http), 0);
	fake_sleep(&b->loop, 5);
	assert_int_equal(b->answers, 0);
}

static void bad_options_are_refused_without_showing_the_key(void **state)
{
	struct bench *b = *state;
	static const char *const key_header[] = {"api-key: hush"};
	static const struct summary_client_options bad[] = {
		{.url = NULL, .model = "m"},
		{.url = "localhost", .model = "m"},
		{.url = "https://api.example", .model = ""},
		{.url = "https://api.example", .model = NULL},
		{.url = "http://api.example", .model = "m", .api_key = "hush"},
		{.url = "http://api.example", .model = "m", .headers = key_header, .header_count = 1},
		{.url = "https://api.example", .model = "m", .api_key = "hush\nX: y"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = {0};

		assert_null(summary_client_new(&b->loop, b->http, NULL, &bad[i], on_answer, b, &err));
		assert_int_equal(err.class, ERR_CONFIG);
		assert_null(strstr(err.text, "hush"));
	}
}

static void the_provider_hides_which_kind_it_is(void **state)
{
	struct bench *b = *state;
	struct slice review = SLICE_LITERAL("Great breakfast");
	struct summary_question q = {hash(5), &review, 1, false};
	struct summary_client_options o = {.url = fake_http_url(b->server), .model = "m", .temperature = -1};
	struct summary_provider *p;
	struct buf id;

	buf_init(&id, 1000);
	assert_int_equal(summary_kind_parse("openai"), SUMMARY_OPENAI);
	assert_int_equal(summary_kind_parse("magic"), -1);
	p = summary_provider_new(SUMMARY_EXTRACTIVE, &b->loop, NULL, NULL, NULL, on_answer, b, NULL);
	assert_int_equal(summary_provider_ask(p, &q, NULL), 0);
	assert_string_equal(b->last, "A guest loved the breakfast.");
	summary_provider_identity(p, &id);
	assert_string_equal(buf_cstr(&id), "extractive:" EXTRACTIVE_VERSION);
	assert_int_equal(summary_provider_stats(p)->answered, 1);
	summary_provider_free(p);

	p = summary_provider_new(SUMMARY_OPENAI, &b->loop, b->http, NULL, &o, on_answer, b, NULL);
	assert_int_equal(summary_provider_ask(p, &q, NULL), 0);
	fake_wait(&b->loop, &b->answers, 2);
	assert_string_equal(b->last, FINE);
	buf_clear(&id);
	summary_provider_identity(p, &id);
	assert_string_equal(buf_cstr(&id), "openai:m;prompt=1;max_tokens=200");
	summary_provider_free(p);
	buf_release(&id);
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(a_question_becomes_one_chat_completion),
		WITH(urls_may_be_given_with_or_without_their_end),
		WITH(one_call_serves_everyone_who_asks_the_same),
		WITH(no_more_calls_than_allowed_are_in_flight),
		WITH(too_many_requests_wait_as_long_as_told),
		WITH(broken_answers_are_asked_for_again),
		WITH(a_hanging_model_times_out_and_is_asked_again),
		WITH(a_model_that_is_down_is_waited_for_and_probed),
		WITH(a_wrong_key_waits_for_a_person),
		WITH(unusable_texts_are_asked_for_once_more_and_then_replaced),
		WITH(of_two_sentences_the_first_is_taken_at_the_second_try),
		WITH(a_thinking_model_gets_more_room),
		WITH(the_request_adapts_to_what_the_endpoint_takes),
		WITH(too_long_an_input_is_halved_once),
		WITH(a_filtered_question_does_not_hold_up_the_others),
		WITH(an_endpoint_that_never_took_a_request_is_misconfigured_not_the_question),
		WITH(a_question_that_always_fails_alone_is_given_up),
		WITH(blank_reviews_need_no_call),
		WITH(answered_may_ask_again),
		WITH(closing_drops_calls_in_flight_without_an_answer),
		WITH(bad_options_are_refused_without_showing_the_key),
		WITH(the_provider_hides_which_kind_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
