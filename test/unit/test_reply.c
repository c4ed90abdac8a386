/* What model servers reply, and when to ask again. */

#include "summary/reply.h"
#include "summary/retry.h"
#include "test/lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- replies ---- */

struct reply_row {
	const char *provider;
	int status;
	const char *body;
	enum reply_kind kind;
	enum reply_reason reason;
	const char *text;
	int64_t in, out;
};

#define CHOICE(content, finish)                                                                              \
	"{\"id\":\"x\",\"object\":\"chat.completion\",\"choices\":[{\"index\":0,\"message\":{\"role\":"      \
	"\"assistant\","                                                                                     \
	"\"content\":" content "},\"finish_reason\":\"" finish "\"}]"

static const struct reply_row replies[] = {
	{"OpenAI", 200,
	 CHOICE("\"Hi.\"",
		"stop") ",\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":3,\"total_tokens\":13}}",
	 REPLY_TEXT, 0, "Hi.", 10, 3},
	{"OpenAI no usage", 200, CHOICE("\"Hi.\"", "stop") "}", REPLY_TEXT, 0, "Hi.", 0, 0},
	{"OpenAI null usage", 200, CHOICE("\"Hi.\"", "stop") ",\"usage\":null}", REPLY_TEXT, 0, "Hi.", 0, 0},
	{"OpenAI null content", 200, CHOICE("null", "stop") "}", REPLY_EMPTY, 0, "", 0, 0},
	{"OpenAI blank content", 200, CHOICE("\" \\n\"", "stop") "}", REPLY_EMPTY, 0, NULL, 0, 0},
	{"OpenAI reasoning", 200,
	 CHOICE("\"\"", "length") ",\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":200}}", REPLY_CUT, 0,
	 "", 9, 200},
	{"OpenAI cut", 200, CHOICE("\"Guests lov\"", "length") "}", REPLY_CUT, 0, "Guests lov", 0, 0},
	{"OpenAI refusal", 200,
	 "{\"choices\":[{\"message\":{\"content\":null,\"refusal\":\"I "
	 "can't\"},\"finish_reason\":\"stop\"}]}",
	 REPLY_REFUSED, 0, NULL, 0, 0},
	{"OpenAI empty refusal", 200,
	 "{\"choices\":[{\"message\":{\"content\":\"Hi.\",\"refusal\":null},\"finish_reason\":\"stop\"}]}",
	 REPLY_TEXT, 0, "Hi.", 0, 0},
	{"OpenAI 401", 401,
	 "{\"error\":{\"message\":\"Incorrect API key "
	 "provided\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"invalid_api_key\"}}",
	 REPLY_ERROR, REASON_OTHER, "Incorrect API key provided", 0, 0},
	{"OpenAI 429", 429,
	 "{\"error\":{\"message\":\"Rate limit reached for "
	 "gpt\",\"type\":\"tokens\",\"param\":null,\"code\":\"rate_limit_exceeded\"}}",
	 REPLY_ERROR, REASON_OTHER, NULL, 0, 0},
	{"OpenAI quota", 429,
	 "{\"error\":{\"message\":\"You exceeded your current "
	 "quota\",\"type\":\"insufficient_quota\",\"param\":null,\"code\":\"insufficient_quota\"}}",
	 REPLY_ERROR, REASON_QUOTA, NULL, 0, 0},
	{"OpenAI context", 400,
	 "{\"error\":{\"message\":\"This model's maximum context length is 8192 "
	 "tokens\",\"type\":\"invalid_request_error\",\"param\":\"messages\",\"code\":\"context_length_"
	 "exceeded\"}}",
	 REPLY_ERROR, REASON_CONTEXT_LENGTH, NULL, 0, 0},
	{"OpenAI temperature", 400,
	 "{\"error\":{\"message\":\"Unsupported value: 'temperature' does not support 0.2 with this "
	 "model.\",\"type\":\"invalid_request_error\",\"param\":\"temperature\",\"code\":\"unsupported_"
	 "value\"}}",
	 REPLY_ERROR, REASON_TEMPERATURE, NULL, 0, 0},
	{"OpenAI model", 404,
	 "{\"error\":{\"message\":\"The model `x` does not "
	 "exist\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"model_not_found\"}}",
	 REPLY_ERROR, REASON_MODEL, NULL, 0, 0},
	{"old server max tokens", 400,
	 "{\"error\":{\"message\":\"Unrecognized request argument supplied: "
	 "max_completion_tokens\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":null}}",
	 REPLY_ERROR, REASON_MAX_TOKENS_FIELD, NULL, 0, 0},
	{"Azure filter in prompt", 400,
	 "{\"error\":{\"message\":\"The response was filtered due to the prompt triggering Azure OpenAI's "
	 "content management "
	 "policy.\",\"type\":null,\"param\":\"prompt\",\"code\":\"content_filter\",\"status\":400,"
	 "\"innererror\":{\"code\":\"ResponsibleAIPolicyViolation\"}}}",
	 REPLY_FILTERED, 0, NULL, 0, 0},
	{"Azure filter in answer", 200,
	 "{\"choices\":[{\"finish_reason\":\"content_filter\",\"index\":0,\"message\":{\"role\":"
	 "\"assistant\"}}]}",
	 REPLY_FILTERED, 0, NULL, 0, 0},
	{"Azure answer", 200,
	 "{\"choices\":[{\"content_filter_results\":{\"hate\":{\"filtered\":false}},\"finish_reason\":"
	 "\"stop\",\"index\":0,\"message\":{\"content\":\"Hi.\",\"role\":\"assistant\"}}],\"prompt_filter_"
	 "results\":[],\"usage\":{\"completion_tokens\":2,\"prompt_tokens\":5,\"total_tokens\":7}}",
	 REPLY_TEXT, 0, "Hi.", 5, 2},
	{"Azure 429", 429,
	 "{\"error\":{\"code\":\"429\",\"message\":\"Requests have exceeded call rate limit\"}}", REPLY_ERROR,
	 REASON_OTHER, NULL, 0, 0},
	{"Azure gateway", 401, "{\"statusCode\":401,\"message\":\"Unauthorized. Access token is missing\"}",
	 REPLY_ERROR, REASON_OTHER, "Unauthorized. Access token is missing", 0, 0},
	{"Azure deployment", 404,
	 "{\"error\":{\"code\":\"DeploymentNotFound\",\"message\":\"The API deployment for this resource "
	 "does not exist.\"}}",
	 REPLY_ERROR, REASON_MODEL, NULL, 0, 0},
	{"Databricks answer", 200,
	 "{\"id\":\"msg\",\"object\":\"chat.completion\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
	 "\"assistant\",\"content\":[{\"type\":\"reasoning\",\"summary\":[]},{\"type\":\"text\",\"text\":"
	 "\"Hi.\"}]},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":1}}",
	 REPLY_TEXT, 0, "Hi.", 4, 1},
	{"Databricks limit", 429,
	 "{\"error_code\":\"REQUEST_LIMIT_EXCEEDED\",\"message\":\"Exceeded workspace rate limit\"}",
	 REPLY_ERROR, REASON_OTHER, "Exceeded workspace rate limit", 0, 0},
	{"Databricks endpoint", 404,
	 "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"The given endpoint does not exist\"}",
	 REPLY_ERROR, REASON_MODEL, NULL, 0, 0},
	{"Bedrock throttled", 429, "{\"message\":\"Too many requests, please wait before trying again.\"}",
	 REPLY_ERROR, REASON_OTHER, NULL, 0, 0},
	{"Bedrock denied", 403, "{\"Message\":\"User is not authorized\"}", REPLY_ERROR, REASON_OTHER,
	 "User is not authorized", 0, 0},
	{"Bedrock too long", 400, "{\"message\":\"Input is too long for requested model.\"}", REPLY_ERROR,
	 REASON_CONTEXT_LENGTH, NULL, 0, 0},
	{"Bedrock answer", 200,
	 CHOICE("\"<reasoning>x</reasoning>Hi.\"",
		"stop") ",\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}}",
	 REPLY_TEXT, 0, NULL, 1, 1},
	{"vLLM", 200,
	 CHOICE("\"Hi.\"", "stop") ",\"usage\":{\"prompt_tokens\":7,\"total_tokens\":9,\"completion_tokens\":"
				   "2,\"prompt_tokens_details\":null},\"prompt_logprobs\":null}",
	 REPLY_TEXT, 0, "Hi.", 7, 2},
	{"vLLM new error", 400,
	 "{\"error\":{\"message\":\"This model's maximum context length is 2048 tokens. However, you "
	 "requested 4000\",\"type\":\"BadRequestError\",\"param\":null,\"code\":400}}",
	 REPLY_ERROR, REASON_CONTEXT_LENGTH, NULL, 0, 0},
	{"vLLM old error", 404,
	 "{\"object\":\"error\",\"message\":\"The model `x` does not "
	 "exist.\",\"type\":\"NotFoundError\",\"param\":null,\"code\":404}",
	 REPLY_ERROR, REASON_MODEL, NULL, 0, 0},
	{"vLLM validation", 422,
	 "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"field required\",\"type\":\"value_error\"}]}",
	 REPLY_ERROR, REASON_OTHER, "field required", 0, 0},
	{"FastAPI 404", 404, "{\"detail\":\"Not Found\"}", REPLY_ERROR, REASON_OTHER, "Not Found", 0, 0},
	{"Ollama", 200,
	 "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"llama3\",\"system_"
	 "fingerprint\":\"fp_ollama\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
	 "\"content\":\"Hi.\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":0,\"completion_"
	 "tokens\":2,\"total_tokens\":2}}",
	 REPLY_TEXT, 0, "Hi.", 0, 2},
	{"Ollama text error", 404, "{\"error\":\"model 'x' not found, try pulling it first\"}", REPLY_ERROR,
	 REASON_MODEL, "model 'x' not found, try pulling it first", 0, 0},
	{"llama.cpp", 200,
	 CHOICE("\"Hi.\"", "stop") ",\"usage\":{\"completion_tokens\":2,\"prompt_tokens\":6,\"total_tokens\":"
				   "8},\"timings\":{\"prompt_n\":6}}",
	 REPLY_TEXT, 0, "Hi.", 6, 2},
	{"llama.cpp loading", 503,
	 "{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}}",
	 REPLY_ERROR, REASON_OTHER, "Loading model", 0, 0},
	{"llama.cpp context", 400,
	 "{\"error\":{\"code\":400,\"message\":\"the request exceeds the available context "
	 "size\",\"type\":\"exceed_context_size_error\",\"n_prompt_tokens\":900,\"n_ctx\":512}}",
	 REPLY_ERROR, REASON_CONTEXT_LENGTH, NULL, 0, 0},
	{"error inside 200", 200, "{\"error\":{\"message\":\"upstream\",\"code\":502}}", REPLY_ERROR,
	 REASON_OTHER, "upstream", 0, 0},
	{"proxy", 502, "<html><body>502 Bad Gateway</body></html>", REPLY_GARBAGE, 0, "", 0, 0},
	{"captive portal", 200, "<!doctype html><title>Log in</title>", REPLY_GARBAGE, 0, "", 0, 0},
	{"nothing", 500, "", REPLY_GARBAGE, 0, "", 0, 0},
	{"cut JSON", 200, "{\"choices\":[{\"message\":{\"content\":\"Hi", REPLY_GARBAGE, 0, "", 0, 0},
	{"no choices", 200, "{\"choices\":[]}", REPLY_GARBAGE, 0, "", 0, 0},
	{"other JSON", 200, "{\"hello\":\"world\"}", REPLY_GARBAGE, 0, "", 0, 0},
	{"array", 200, "[1,2]", REPLY_GARBAGE, 0, "", 0, 0},
	{"negative usage", 200,
	 CHOICE("\"Hi.\"", "stop") ",\"usage\":{\"prompt_tokens\":-5,\"completion_tokens\":1e400}}",
	 REPLY_TEXT, 0, "Hi.", 0, 0},
	{"deep", 200, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", REPLY_GARBAGE, 0, "", 0, 0},
};

static void every_provider_s_reply_is_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(replies); i++) {
		const struct reply_row *row = &replies[i];
		struct chat_reply r;

		chat_reply_init(&r);
		chat_reply_parse(&r, row->status, slice_str(row->body));
		if (r.kind != row->kind || r.reason != row->reason)
			fail_msg("%s: %s, reason %d", row->provider, reply_kind_name(r.kind), r.reason);
		if (row->text != NULL)
			assert_string_equal(buf_cstr(&r.text), row->text);
		assert_int_equal(r.tokens_in, row->in);
		assert_int_equal(r.tokens_out, row->out);
		chat_reply_release(&r);
	}
}

/* ---- retry ---- */

static struct retry_decision decide(struct retry_input in)
{
	in.answered = true;
	if (in.kind == REPLY_TEXT)
		in.kind = REPLY_ERROR;
	return retry_decide(&in);
}

static void the_server_says_how_long_to_wait(void **state)
{
	/* Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110 */
	const int64_t example = 784111777000;
	static const struct {
		const char *ms, *after;
		enum retry_action action;
		int64_t delay;
	} rows[] = {
		{"250", NULL, RETRY_LATER, 250},
		{"1500.5", "7", RETRY_LATER, 1500},
		{NULL, "7", RETRY_LATER, 7000},
		{NULL, "1.5", RETRY_LATER, 1500},
		{NULL, "0", RETRY_LATER, 0},
		{NULL, "120", RETRY_LATER, 120000},
		{NULL, "121", RETRY_SLOWLY, 120000},
		{NULL, "99999999999", RETRY_SLOWLY, 120000},
		{NULL, "Sun, 06 Nov 1994 08:49:42 GMT", RETRY_LATER, 5000},
		{NULL, "Sun, 06 Nov 1994 08:49:00 GMT", RETRY_LATER, 0},
		{NULL, "Sun, 06 Nov 1994 09:49:00 GMT", RETRY_SLOWLY, 120000},
	};

	(void)state;
	assert_int_equal(retry_http_date(slice_str("Sun, 06 Nov 1994 08:49:37 GMT")), example);
	assert_int_equal(retry_http_date(slice_str("Thu, 29 Feb 2024 00:00:00 GMT")), 1709164800000);
	assert_int_equal(retry_http_date(slice_str("Sunday, 06-Nov-94 08:49:37 GMT")), -1);
	assert_int_equal(retry_http_date(slice_str("Sun, 06 Nov 1994 25:49:37 GMT")), -1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct retry_decision d = decide((struct retry_input){.status = 429,
								      .retry_after_ms = slice_str(rows[i].ms),
								      .retry_after = slice_str(rows[i].after),
								      .wall_ms = example});

		assert_int_equal(d.action, rows[i].action);
		assert_int_equal(d.delay_ms, rows[i].delay);
		assert_true(d.told);
	}
	/* Nonsense is no order. */
	assert_false(decide((struct retry_input){.status = 429, .retry_after = slice_str("soon")}).told);
	assert_false(decide((struct retry_input){.status = 429, .retry_after = slice_str("-1")}).told);
}

static void without_a_time_the_reset_of_the_used_up_quota_counts(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} spans[] = {
		{"6m0s", 360000}, {"1s", 1000}, {"17ms", 17},  {"1.5s", 1500}, {"1h2m3s", 3723000},
		{"55", 55000},	  {"0", 0},	{"", -1},      {"-1", -1},     {"soon", -1},
		{"s", -1},	  {"1s2", -1},	{"1..2s", -1}, {"1d", -1},
	};
	static const struct {
		const char *requests_left, *requests, *tokens_left, *tokens;
		int64_t delay; /* 0: not told */
	} rows[] = {
		{"0", "2s", "100", "6m0s", 2000},
		{"5", "2s", "0", "30s", 30000},
		{"0", "2s", "0", "30s", 30000},
		{NULL, NULL, "0", "6m0s", 60000}, /* there is room before all of it is */
		{NULL, "2", NULL, "55", 55000},
		{"-1", "0", "-1", "0", 0},
		{NULL, NULL, NULL, NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(spans); i++)
		assert_int_equal(retry_span(slice_str(spans[i].text)), spans[i].ms);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct retry_input in = {.status = 429,
					 .requests = {slice_str(rows[i].requests_left),
						      slice_str(rows[i].requests)},
					 .tokens = {slice_str(rows[i].tokens_left),
						    slice_str(rows[i].tokens)}};
		struct retry_decision d = decide(in);

		assert_int_equal(d.action, RETRY_LATER);
		assert_int_equal(d.told ? d.delay_ms : 0, rows[i].delay);
		in.retry_after = slice_str("7"); /* goes before it */
		assert_int_equal(decide(in).delay_ms, 7000);
		in.retry_after = slice_str("");
		in.status = 503; /* quotas have nothing to do with it */
		assert_false(decide(in).told);
	}
}

static void without_a_word_waits_double_up_to_a_bound_with_jitter(void **state)
{
	static const int64_t full[] = {500, 1000, 2000, 4000, 8000, 8000, 8000};

	(void)state;
	for (int i = 0; i < 7; i++) {
		struct retry_input in = {.status = 503, .attempt = i};

		assert_int_equal(decide(in).delay_ms, full[i]);
		in.random = 0.999999;
		assert_in_range(decide(in).delay_ms, full[i] * 3 / 4, full[i] * 3 / 4 + 1);
		in.attempt = 1000000;
		assert_true(decide(in).delay_ms <= 8000);
	}
}

static void the_decision_follows_status_header_and_reason(void **state)
{
	static const struct {
		struct retry_input in;
		enum retry_action action;
	} rows[] = {
		{{.status = 408}, RETRY_LATER},
		{{.status = 409}, RETRY_LATER},
		{{.status = 429}, RETRY_LATER},
		{{.status = 500}, RETRY_LATER},
		{{.status = 529}, RETRY_LATER},
		{{.status = 400}, RETRY_NEVER},
		{{.status = 413}, RETRY_NEVER},
		{{.status = 422}, RETRY_NEVER},
		{{.status = 401}, RETRY_SLOWLY},
		{{.status = 403}, RETRY_SLOWLY},
		{{.status = 404}, RETRY_SLOWLY},
		{{.status = 302}, RETRY_SLOWLY},
		{{.status = 400, .should_retry = {"true", 4}}, RETRY_LATER},
		{{.status = 500, .should_retry = {"false", 5}}, RETRY_SLOWLY},
		{{.status = 429, .reason = REASON_QUOTA}, RETRY_SLOWLY},
		{{.status = 404, .reason = REASON_MODEL}, RETRY_SLOWLY},
		{{.status = 400, .reason = REASON_CONTEXT_LENGTH}, RETRY_HALF_INPUT},
		{{.status = 400, .reason = REASON_CONTEXT_LENGTH, .halved = true}, RETRY_NEVER},
		{{.status = 400, .reason = REASON_MAX_TOKENS_FIELD}, RETRY_MAX_TOKENS},
		{{.status = 400, .reason = REASON_MAX_TOKENS_FIELD, .max_tokens_tried = true}, RETRY_SLOWLY},
		{{.status = 400, .reason = REASON_TEMPERATURE}, RETRY_NO_TEMPERATURE},
		{{.status = 400, .reason = REASON_TEMPERATURE, .no_temperature_tried = true}, RETRY_SLOWLY},
		{{.status = 400, .kind = REPLY_FILTERED}, RETRY_NEVER},
		{{.status = 200, .kind = REPLY_GARBAGE}, RETRY_LATER},
		{{.status = 200, .kind = REPLY_ERROR}, RETRY_LATER},
		{{.status = 200, .kind = REPLY_FILTERED}, RETRY_NEVER},
		{{.status = 502, .kind = REPLY_GARBAGE}, RETRY_LATER},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (decide(rows[i].in).action != rows[i].action)
			fail_msg("row %zu: action %d", i, decide(rows[i].in).action);
	assert_int_equal(retry_decide(&(struct retry_input){.answered = false}).action, RETRY_LATER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_provider_s_reply_is_understood),
		cmocka_unit_test(the_server_says_how_long_to_wait),
		cmocka_unit_test(without_a_time_the_reset_of_the_used_up_quota_counts),
		cmocka_unit_test(without_a_word_waits_double_up_to_a_bound_with_jitter),
		cmocka_unit_test(the_decision_follows_status_header_and_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
