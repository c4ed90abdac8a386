/* The pure parts of the summary floor: prompt, reply, sanitiser, retry, extractive. */

#include "base/json_read.h"
#include "base/utf8.h"
#include "summary/extractive.h"
#include "summary/lexicon.h"
#include "summary/prompt.h"
#include "summary/reply.h"
#include "summary/retry.h"
#include "summary/sanitise.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/injections.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))
#define MAX_REVIEWS 64

static struct summary_question ask(const char *const *texts, struct slice *slices)
{
	size_t n = 0;

	for (; texts[n] != NULL && n < MAX_REVIEWS; n++)
		slices[n] = slice_str(texts[n]);
	return (struct summary_question){.reviews = slices, .count = n};
}

/* ---- prompt ---- */

/* The JSON array between the marker lines, parsed. */
static cJSON *array_of(struct prompt *p, const char *nonce)
{
	const char *text = buf_cstr(&p->user);
	char begin[100], end[100];
	const char *from, *to;

	snprintf(begin, sizeof(begin), "REVIEWS BEGIN %s\n", nonce);
	snprintf(end, sizeof(end), "\nREVIEWS END %s\n", nonce);
	from = strstr(text, begin);
	assert_ptr_equal(from, text);
	from += strlen(begin);
	to = strstr(from, end);
	assert_non_null(to);
	assert_int_equal(to[strlen(end)], '\0'); /* nothing after the end */
	return json_read(slice_make(from, (size_t)(to - from)), 1 << 20, NULL);
}

static void reviews_are_encoded_as_data_oldest_first(void **state)
{
	static const char *const texts[] = {"Old \"quoted\"", "  ", "New\nlines\tand \xc3\xa9", NULL};
	struct slice slices[MAX_REVIEWS];
	struct summary_question q = ask(texts, slices);
	struct prompt p;
	cJSON *array;

	(void)state;
	prompt_init(&p);
	assert_int_equal(prompt_build(&p, &q, 1000, "abc123", NULL), 0);
	array = array_of(&p, "abc123");
	assert_int_equal(cJSON_GetArraySize(array), 2);
	assert_string_equal(cJSON_GetArrayItem(array, 0)->valuestring, "Old \"quoted\"");
	assert_string_equal(cJSON_GetArrayItem(array, 1)->valuestring, "New lines and \xc3\xa9");
	assert_int_equal(p.reviews_used, 2);
	assert_false(p.truncated);
	assert_non_null(strstr(buf_cstr(&p.system), "abc123"));
	assert_non_null(strstr(buf_cstr(&p.system), SUMMARY_NO_REVIEWS));
	cJSON_Delete(array);
	prompt_release(&p);
}

static void the_same_arguments_give_the_same_prompt(void **state)
{
	static const char *const texts[] = {"Nice pool", NULL};
	struct slice slices[MAX_REVIEWS];
	struct summary_question q = ask(texts, slices);
	struct prompt a, b;

	(void)state;
	prompt_init(&a);
	prompt_init(&b);
	prompt_build(&a, &q, 1000, "n", NULL);
	prompt_build(&b, &q, 1000, "n", NULL);
	assert_string_equal(buf_cstr(&a.user), buf_cstr(&b.user));
	assert_string_equal(buf_cstr(&a.system), buf_cstr(&b.system));
	prompt_release(&a);
	prompt_release(&b);
}

static void nothing_to_summarise_needs_no_call(void **state)
{
	static const char *const texts[] = {"", "  \n", "\xe2\x80\x8b\xef\xbb\xbf", NULL};
	struct slice slices[MAX_REVIEWS];
	struct summary_question q = ask(texts, slices);
	struct prompt p;
	struct buf out;

	(void)state;
	prompt_init(&p);
	assert_int_equal(prompt_build(&p, &q, 1000, "n", NULL), 1);
	q.count = 0;
	assert_int_equal(prompt_build(&p, &q, 1000, "n", NULL), 1);
	assert_int_equal(prompt_build(&p, &q, 1000, "", NULL), -1);
	assert_int_equal(prompt_build(&p, &q, 1000, "a b", NULL), -1);
	prompt_release(&p);
	buf_init(&out, 1000);
	extractive_summarise(NULL, 0, &out);
	assert_string_equal(buf_cstr(&out), SUMMARY_NO_REVIEWS);
	buf_release(&out);
}

static void the_budget_drops_the_oldest_first_and_never_cuts_a_character(void **state)
{
	struct slice slices[MAX_REVIEWS];
	static const char *const texts[] = {"first first first", "second second", "third", NULL};
	struct summary_question q = ask(texts, slices);
	char umlauts[401] = "";
	struct prompt p;
	cJSON *array;

	(void)state;
	prompt_init(&p);
	assert_int_equal(prompt_build(&p, &q, 25, "n", NULL), 0);
	array = array_of(&p, "n");
	assert_int_equal(cJSON_GetArraySize(array), 2);
	assert_string_equal(cJSON_GetArrayItem(array, 0)->valuestring, "second second");
	assert_true(p.truncated);
	cJSON_Delete(array);

	for (int i = 0; i < 200; i++)
		memcpy(umlauts + 2 * i, i % 3 ? "\xc3\xbc" : "<&", 3);
	slices[0] = slice_str(umlauts);
	q.count = 1;
	for (size_t max = 10; max < 200; max++) {
		const char *text;

		assert_int_equal(prompt_build(&p, &q, max, "n", NULL), 0);
		assert_true(p.truncated);
		array = array_of(&p, "n");
		text = cJSON_GetArrayItem(array, 0)->valuestring;
		assert_true(utf8_valid(slice_str(text)));
		assert_memory_equal(text, umlauts, strlen(text));
		assert_true(strlen(text) + 2 <= max);
		cJSON_Delete(array);
	}
	prompt_release(&p);
}

static void hidden_characters_and_separators_do_not_reach_the_model(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"a\x01\x02"
		 "b\x7f"
		 "c",
		 "abc"},
		{"a\xe2\x80\xae"
		 "b\xe2\x81\xa6"
		 "c\xe2\x80\x8f",
		 "abc"}, /* RLO, LRI, RLM */
		{"\xf3\xa0\x81\xa9"
		 "x\xef\xbb\xbf"
		 "y\xc2\xad"
		 "z",
		 "xyz"}, /* tag, BOM, soft hyphen */
		{"  a \t\r\n  b\xc2\xa0\xe2\x80\xa8"
		 "c  ",
		 "a b c"},
		{"a|||b || c| | |d", "a|b | c| d"},
		{"bad \xff\xc3", "bad \xef\xbf\xbd\xef\xbf\xbd"},
	};
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&out);
		prompt_clean(&out, slice_str(rows[i].in));
		assert_string_equal(buf_cstr(&out), rows[i].out);
	}
	buf_release(&out);
}

static void no_injection_leaves_its_string(void **state)
{
	struct slice slices[MAX_REVIEWS];
	struct summary_question q = ask(injection_reviews, slices);
	struct prompt p, innocent;
	static const char *const plain[] = {"x", NULL};
	struct slice plain_slices[MAX_REVIEWS];
	struct summary_question plain_q = ask(plain, plain_slices);
	cJSON *array;

	(void)state;
	assert_true(q.count >= 30);
	prompt_init(&p);
	prompt_init(&innocent);
	assert_int_equal(prompt_build(&p, &q, 100000, "5ecre7", NULL), 0);
	assert_int_equal(prompt_build(&innocent, &plain_q, 100000, "5ecre7", NULL), 0);
	/* The system message does not depend on what strangers wrote. */
	assert_string_equal(buf_cstr(&p.system), buf_cstr(&innocent.system));
	array = array_of(&p, "5ecre7");
	assert_int_equal(cJSON_GetArraySize(array), (int)q.count);
	assert_null(strstr(buf_cstr(&p.user), "|||"));
	assert_null(strchr(buf_cstr(&p.user), '<'));
	for (const char *c = buf_cstr(&p.user); *c; c++)
		assert_true((unsigned char)*c >= 0x20 || *c == '\n');
	cJSON_Delete(array);
	prompt_release(&p);
	prompt_release(&innocent);
}

static void the_identity_names_what_an_answer_depends_on(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 200);
	summary_identity(&b, "openai", "gpt-x", 120, 0.2);
	assert_string_equal(buf_cstr(&b),
			    "openai:gpt-x;prompt=" SUMMARY_PROMPT_VERSION ";max_tokens=120;temperature=0.2");
	buf_clear(&b);
	summary_identity(&b, "openai", "o", 5, -1);
	assert_string_equal(buf_cstr(&b), "openai:o;prompt=" SUMMARY_PROMPT_VERSION ";max_tokens=5");
	buf_release(&b);
}

/* ---- sanitiser ---- */

static void wrappings_are_taken_off_good_answers(void **state)
{
	static const struct {
		const char *in, *out;
		enum verdict verdict;
	} rows[] = {
		{"Guests loved the pool.", "Guests loved the pool.", VERDICT_FINE},
		{"  Guests loved\n the   pool  ", "Guests loved the pool.", VERDICT_FINE},
		{"\"Guests loved the pool!\"", "Guests loved the pool!", VERDICT_FINE},
		{"\xe2\x80\x9cGuests loved the pool.\xe2\x80\x9d", "Guests loved the pool.", VERDICT_FINE},
		{"**Guests loved the pool.**", "Guests loved the pool.", VERDICT_FINE},
		{"Guests loved the **pool** here.", "Guests loved the pool here.", VERDICT_FINE},
		{"- Guests loved the pool.", "Guests loved the pool.", VERDICT_FINE},
		{"```text\nGuests loved the pool.\n```", "Guests loved the pool.", VERDICT_FINE},
		{"Summary: \"Guests loved the pool.\"", "Guests loved the pool.", VERDICT_FINE},
		{"**Summary:** Guests loved the pool.", "Guests loved the pool.", VERDICT_FINE},
		{"Here is a summary:\n\nGuests loved the pool.", "Guests loved the pool.", VERDICT_FINE},
		{"Sure! Guests loved the pool.", "Guests loved the pool.", VERDICT_FINE},
		{"Based on the reviews, guests loved the pool.", "guests loved the pool.", VERDICT_FINE},
		{"<think>Hm. Let me see.</think>\n\nGuests loved the pool.", "Guests loved the pool.",
		 VERDICT_FINE},
		{"Guests loved the St. Mary caf\xc3\xa9 and its 4.5 stars at 9 a.m. daily.",
		 "Guests loved the St. Mary caf\xc3\xa9 and its 4.5 stars at 9 a.m. daily.", VERDICT_FINE},
		{"Guests loved the pool \xe2\x9d\xa4\xef\xb8\x8f", "Guests loved the pool \xe2\x9d\xa4.",
		 VERDICT_FINE},
		{"Los hu\xc3\xa9spedes elogiaron la piscina.", "Los hu\xc3\xa9spedes elogiaron la piscina.",
		 VERDICT_FINE},
		{"Guests loved the pool. They also liked the bar.", "Guests loved the pool.",
		 VERDICT_SENTENCES},
		{"Guests loved the pool.\n\nNote: written by me.", "Guests loved the pool.",
		 VERDICT_SENTENCES},
		{"Guests loved the pool\n- and the bar\n- and the spa", "Guests loved the pool.",
		 VERDICT_SENTENCES},
	};
	struct buf out;

	(void)state;
	buf_init(&out, 10000);
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum verdict verdict = summary_sanitise(slice_str(rows[i].in), &out);

		if (verdict != rows[i].verdict || strcmp(buf_cstr(&out), rows[i].out) != 0)
			fail_msg("\"%s\": %s \"%s\"", rows[i].in, verdict_name(verdict), buf_cstr(&out));
	}
	buf_release(&out);
}

static void nothing_a_fooled_model_says_is_accepted(void **state)
{
	struct buf out;
	size_t n = 0;

	(void)state;
	buf_init(&out, 10000);
	for (; injection_answers[n] != NULL; n++) {
		enum verdict verdict = summary_sanitise(slice_str(injection_answers[n]), &out);

		if (verdict == VERDICT_FINE || verdict == VERDICT_SENTENCES)
			fail_msg("accepted: %s", injection_answers[n]);
	}
	assert_true(n >= 30);
	buf_release(&out);
}

static void an_answer_has_at_most_400_characters(void **state)
{
	char text[1300] = "A ";
	struct buf out;

	(void)state;
	buf_init(&out, 10000);
	for (int i = 0; i < 397; i++)
		memcpy(text + 2 + 2 * i, "\xc3\xa9", 3);
	strncat(text, ".", 2);
	assert_int_equal(summary_sanitise(slice_str(text), &out), VERDICT_FINE);
	text[strlen(text) - 1] = 'x';
	assert_int_equal(summary_sanitise(slice_str(text), &out),
			 VERDICT_LONG); /* the full stop is one too many */
	buf_release(&out);
}

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

/* ---- extractive ---- */

static const struct lexicon_word *find(const char *word)
{
	uint32_t hash = LEXICON_HASH_START;

	for (const char *c = word; *c != '\0'; c++)
		hash = lexicon_hash_add(hash, (unsigned char)*c);
	return lexicon_find(slice_str(word), hash);
}

static void the_lexicon_is_sorted_and_its_index_finds_every_word(void **state)
{
	size_t taken = 0;

	(void)state;
	for (size_t i = 1; i < lexicon_word_count; i++)
		assert_true(strcmp(lexicon_words[i - 1].word, lexicon_words[i].word) < 0);
	for (size_t i = 0; i < lexicon_word_count; i++) {
		assert_int_equal(lexicon_words[i].len, strlen(lexicon_words[i].word));
		if (find(lexicon_words[i].word) != &lexicon_words[i])
			fail_msg("\"%s\" is not found: make lexicon-index", lexicon_words[i].word);
	}
	for (size_t i = 0; i < LEXICON_SLOTS; i++) {
		assert_true(lexicon_slots[i] <= lexicon_word_count);
		taken += lexicon_slots[i] != 0;
	}
	assert_int_equal(taken, lexicon_word_count);
	assert_null(find(""));
	assert_null(find("hotel"));
	assert_null(find("staf"));
	assert_null(find("staffs"));
}

#define NEUTRAL "Guests have shared their impressions of this hotel."

static void what_guests_liked_is_named(void **state)
{
	static const struct {
		const char *reviews[6];
		const char *summary;
	} rows[] = {
		{{"The staff was so friendly.", "Friendly staff, terrible parking!",
		  "Wonderful view over the sea."},
		 "Guests loved the friendly staff and the sea view."},
		{{"Delicious breakfast and a great location."},
		 "A guest loved the delicious breakfast and the location."},
		{{"Breakfast was awful, but the beds were comfortable."},
		 "A guest loved the comfortable beds."},
		{{"The breakfast was not good."}, NEUTRAL},
		{{"The room wasn't clean and the shower didn't work."}, NEUTRAL},
		{{"Dirty. Noisy. Never again."}, NEUTRAL},
		{{"Great staff, pool and bar!"}, "A guest loved the staff, the pool and the bar."},
		{{"The pool was amazing.", "The pool was disgusting.", "The pool was horrible.", "Nice bar"},
		 "Guests loved the bar."},
		{{"Wir kommen gerne wieder, alles bestens.", "Tr\xc3\xa8s bien."}, NEUTRAL},
		{{"We had a wonderful time!", "Amazing stay"}, "Guests enjoyed their stay."},
		{{"Perfect!"}, "A guest enjoyed the stay."},
		{{"Everything was spotless and so quiet at night."},
		 "A guest loved the cleanliness and the peace and quiet."},
		{{"Not only was the staff helpful, the wifi was fast."},
		 "A guest loved the helpful staff and the fast Wi-Fi."},
		{{"The location couldn\xe2\x80\x99t be better, super central location."},
		 "A guest loved the central location."},
		{{"The food could be better."}, NEUTRAL},
		{{"Room fine.", "", "   "}, NEUTRAL},
		{{"The staff were lovely, unfortunately the room was tiny"}, "A guest loved the staff."},
		{{"Bad pool.", "Awful pool.", "Great pool, nice pool, superb pool!", "Nice bar"},
		 "Guests loved the bar."},
		{{"Room spacious, terrace spacious pool"},
		 "A guest loved the spacious rooms, the pool and the spacious terrace."},
	};
	struct slice slices[MAX_REVIEWS];
	struct buf out;

	(void)state;
	buf_init(&out, 10000);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *texts[7] = {0};
		struct summary_question q;

		memcpy(texts, rows[i].reviews, sizeof(rows[i].reviews));
		q = ask(texts, slices);
		extractive_summarise(q.reviews, q.count, &out);
		if (strcmp(buf_cstr(&out), rows[i].summary) != 0)
			fail_msg("row %zu: %s", i, buf_cstr(&out));
	}
	buf_release(&out);
}

/* Every word of an answer must be one of the module's own. */
static bool own_words_only(const char *text)
{
	static const char frame[] = " guests guest a loved enjoyed the their stay and have shared "
				    "impressions of this hotel no reviews found "
				    "sea mountain lake city value for money peace quiet check-in wi-fi ";
	char word[32], padded[40];

	while (*text != '\0') {
		size_t n = strcspn(text, " ,."), known = 0;

		if (n >= sizeof(word))
			return false;
		for (size_t i = 0; i < n; i++)
			word[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
		word[n] = '\0';
		snprintf(padded, sizeof(padded), " %s ", word);
		known = strstr(frame, padded) != NULL;
		for (int a = 0; a < ASPECTS; a++)
			known += strcmp(lexicon_aspects[a].name, word) == 0;
		for (int a = 1; a < ADJECTIVES; a++)
			known += strcmp(lexicon_adjectives[a], word) == 0;
		if (n > 0 && !known)
			return false;
		text += n + strspn(text + n, " ,.");
	}
	return true;
}

static void no_word_of_an_injection_is_echoed(void **state)
{
	struct slice slices[MAX_REVIEWS];
	struct summary_question q = ask(injection_reviews, slices);
	struct buf out, clean;

	(void)state;
	buf_init(&out, 10000);
	buf_init(&clean, 10000);
	for (size_t i = 0; i <= q.count; i++) {
		extractive_summarise(i < q.count ? &q.reviews[i] : q.reviews, i < q.count ? 1 : q.count,
				     &out);
		if (!own_words_only(buf_cstr(&out)))
			fail_msg("echoed: %s", buf_cstr(&out));
		assert_int_equal(summary_sanitise(buf_view(&out), &clean), VERDICT_FINE);
	}
	assert_false(own_words_only("Guests loved evil."));
	buf_release(&out);
	buf_release(&clean);
}

static void every_sentence_it_can_make_is_fit_to_send(void **state)
{
	struct buf out, clean;

	(void)state;
	buf_init(&out, 1000);
	buf_init(&clean, 1000);
	for (size_t i = 0; i < lexicon_word_count; i++) {
		for (size_t k = 0; k < lexicon_word_count; k += 7) {
			char text[100];
			struct slice review = {text, 0};

			review.len = (size_t)snprintf(text, sizeof(text), "great %s %s, view",
						      lexicon_words[i].word, lexicon_words[k].word);
			extractive_summarise(&review, 1, &out);
			assert_int_equal(summary_sanitise(buf_view(&out), &clean), VERDICT_FINE);
			assert_string_equal(buf_cstr(&clean), buf_cstr(&out));
		}
	}
	buf_release(&out);
	buf_release(&clean);
}

static void a_flood_of_text_is_read_up_to_a_bound(void **state)
{
	size_t len = 4 << 20;
	char *text = malloc(len);
	struct slice review = {text, len};
	struct buf out;

	(void)state;
	for (size_t i = 0; i < len; i++)
		text[i] = "great pool, "[i % 12];
	buf_init(&out, 1000);
	extractive_summarise(&review, 1, &out);
	assert_string_equal(buf_cstr(&out), "A guest loved the pool.");
	buf_release(&out);
	free(text);
}

/* `older` of 100 bytes behind one `newest` of `len` bytes, both with those words at their beginning. */
static void summarise_many(struct buf *out, const char *older, size_t count, const char *newest, size_t len)
{
	struct slice *reviews = calloc(count + 1, sizeof(*reviews));
	char *text = malloc(100 + len);

	memset(text, 'x', 100 + len);
	memcpy(text, older, strlen(older));
	memcpy(text + 100, newest, strlen(newest));
	for (size_t i = 0; i < count; i++)
		reviews[i] = slice_make(text, 100);
	reviews[count] = slice_make(text + 100, len);
	extractive_summarise(reviews, count + 1, out);
	free(text);
	free(reviews);
}

static void the_newest_reviews_are_read_whole_up_to_the_budget(void **state)
{
	struct slice blanks[3] = {{"lovely bar.", 11}};
	char *blank = malloc(EXTRACTIVE_MAX_REVIEW);
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	summarise_many(&out, "great pool. ", 239, "lovely bar. ", 100);
	assert_string_equal(buf_cstr(&out), "Guests loved the pool and the bar.");
	summarise_many(&out, "great pool. ", 100000, "lovely bar. ", 100);
	assert_string_equal(buf_cstr(&out), "Guests loved the pool and the bar.");
	summarise_many(&out, "great pool. ", 1, "lovely bar. ", 4 << 20);
	assert_string_equal(buf_cstr(&out), "Guests loved the pool and the bar.");

	/* Blank ones take nothing of the budget, but there is an end to them. */
	memset(blank, ' ', EXTRACTIVE_MAX_REVIEW);
	blanks[1] = blanks[2] = slice_make(blank, EXTRACTIVE_MAX_REVIEW);
	extractive_summarise(blanks, 3, &out);
	assert_string_equal(buf_cstr(&out), "A guest loved the bar.");
	buf_release(&out);
	free(blank);
}

static void what_does_not_fit_the_budget_changes_nothing(void **state)
{
	struct slice reviews[4];
	char *text = malloc(3 * EXTRACTIVE_MAX_REVIEW);
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	memset(text, 'x', 3 * EXTRACTIVE_MAX_REVIEW);
	memcpy(text, "lovely bar. ", 12);
	reviews[0] = slice_make("great pool.", 11);
	reviews[1] = slice_make(text, EXTRACTIVE_MAX_BYTES - 2 * EXTRACTIVE_MAX_REVIEW - 11);
	reviews[2] = reviews[3] = slice_make(text, EXTRACTIVE_MAX_REVIEW);
	extractive_summarise(reviews, 4, &out);
	assert_string_equal(buf_cstr(&out), "Guests loved the bar and the pool.");
	reviews[1].len++; /* one byte too many: the oldest stays out */
	extractive_summarise(reviews, 4, &out);
	assert_string_equal(buf_cstr(&out), "Guests loved the bar.");
	buf_release(&out);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reviews_are_encoded_as_data_oldest_first),
		cmocka_unit_test(the_same_arguments_give_the_same_prompt),
		cmocka_unit_test(nothing_to_summarise_needs_no_call),
		cmocka_unit_test(the_budget_drops_the_oldest_first_and_never_cuts_a_character),
		cmocka_unit_test(hidden_characters_and_separators_do_not_reach_the_model),
		cmocka_unit_test(no_injection_leaves_its_string),
		cmocka_unit_test(the_identity_names_what_an_answer_depends_on),
		cmocka_unit_test(wrappings_are_taken_off_good_answers),
		cmocka_unit_test(nothing_a_fooled_model_says_is_accepted),
		cmocka_unit_test(an_answer_has_at_most_400_characters),
		cmocka_unit_test(every_provider_s_reply_is_understood),
		cmocka_unit_test(the_server_says_how_long_to_wait),
		cmocka_unit_test(without_a_word_waits_double_up_to_a_bound_with_jitter),
		cmocka_unit_test(the_decision_follows_status_header_and_reason),
		cmocka_unit_test(the_lexicon_is_sorted_and_its_index_finds_every_word),
		cmocka_unit_test(what_guests_liked_is_named),
		cmocka_unit_test(no_word_of_an_injection_is_echoed),
		cmocka_unit_test(every_sentence_it_can_make_is_fit_to_send),
		cmocka_unit_test(a_flood_of_text_is_read_up_to_a_bound),
		cmocka_unit_test(the_newest_reviews_are_read_whole_up_to_the_budget),
		cmocka_unit_test(what_does_not_fit_the_budget_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
