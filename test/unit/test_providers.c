/* What the providers of models say, in test/providers/NAME.txt, through the real
 * HTTP client: a reply as it comes over the wire, then a good one, and what the
 * client did in between.
 *
 * A file holds cases: "=== OUTCOME: title", the status, header lines, an empty
 * line, the body up to the next case. The outcomes are in the table below. */

#include "summary/client.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/fake_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FINE	   "Guests loved the pool."
#define EXTRACTIVE "Guests loved the friendly staff and the sea view."
#define GOOD                                                                                                 \
	"{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"" FINE                 \
	"\"},\"finish_reason\":\"stop\"}]}"
#define SCALE	   0.002 /* of waits: 10 s become 20 ms */
#define FILE_MAX   65536
#define PATH_MAX_C 200

struct example {
	char outcome[40], title[200], headers[1000];
	int status;
	char *body;
};

struct bench {
	struct loop loop;
	struct http_client *http;
	struct fake_http *server;
	struct summary_client *client;
	struct example *example;
	char bodies[2][20000]; /* of the first and the last request */
	uint64_t asked_ns[2];  /* when they came */
	int answers;
	char last[500];
};

/* ---- files ---- */

static char *read_file(const char *name)
{
	char path[PATH_MAX_C], *text = calloc(1, FILE_MAX);
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "test/providers/%s.txt", name);
	file = fopen(path, "r");
	if (file == NULL)
		fail_msg("%s: not found; run this from the root of the repository", path);
	len = fread(text, 1, FILE_MAX - 1, file);
	assert_true(len > 0 && len < FILE_MAX - 1);
	fclose(file);
	return text;
}

/* The line at *at without its end, which becomes NUL; *at goes on to the next. */
static char *next_line(char **at)
{
	char *line = *at, *end = strchr(line, '\n');

	if (end == NULL) {
		*at = line + strlen(line);
		return line;
	}
	*end = '\0';
	*at = end + 1;
	return line;
}

/* The case at *at, which moves behind it. False at the end of the file. */
static bool next_example(char **at, struct example *e)
{
	char *line = NULL, *end;

	*e = (struct example){0};
	if (**at == '\0')
		return false;
	line = next_line(at);
	if (sscanf(line, "=== %39[^:]: %199[^\n]", e->outcome, e->title) != 2)
		fail_msg("not the head of a case: %s", line);
	e->status = (int)strtol(next_line(at), &line, 10);
	assert_true(*line == 0 && e->status >= 200);
	while (*(line = next_line(at)) != '\0')
		snprintf(e->headers + strlen(e->headers), sizeof(e->headers) - strlen(e->headers), "%s\r\n",
			 line);
	e->body = *at;
	end = strstr(*at, "\n=== ");
	*at = end != NULL ? end + 1 : e->body + strlen(e->body);
	if (end != NULL)
		*end = '\0';
	return true;
}

/* ---- a client and its endpoint ---- */

static void respond(void *ctx, const struct fake_request *request, struct fake_reply *reply)
{
	struct bench *b = ctx;
	int at = request->number > 0;

	snprintf(b->bodies[at], sizeof(b->bodies[at]), "%s", request->body);
	b->asked_ns[at] = uv_hrtime();
	/* A provider that sends no text does so again. */
	if (request->number == 0 || strcmp(b->example->outcome, "again") == 0)
		*reply = (struct fake_reply){.status = b->example->status,
					     .headers = b->example->headers,
					     .body = b->example->body};
	else
		*reply = (struct fake_reply){.body = GOOD};
}

static void on_answer(void *ctx, struct hash_id id, struct slice summary)
{
	struct bench *b = ctx;

	(void)id;
	b->answers++;
	snprintf(b->last, sizeof(b->last), SLICE_FMT, SLICE_ARG(summary));
}

static void bench_init(struct bench *b, struct example *e)
{
	struct err err = {0};
	struct summary_client_options o = {.model = "m",
					   .timeout_ms = 5000,
					   .backoff_scale = SCALE,
					   .probe_min_ms = 2,
					   .probe_max_ms = 10,
					   .max_tokens = 200,
					   .temperature = 0.2};

	*b = (struct bench){.example = e};
	assert_int_equal(loop_init(&b->loop, NULL), 0);
	b->http = http_client_new(&b->loop, NULL, NULL);
	b->server = fake_http_new(&b->loop, respond, b);
	o.url = fake_http_url(b->server);
	b->client = summary_client_new(&b->loop, b->http, NULL, &o, on_answer, b, &err);
	if (b->client == NULL)
		fail_msg("%s", err.text);
}

static void bench_release(struct bench *b)
{
	struct err err = {0};

	summary_client_free(b->client);
	http_client_free(b->http);
	fake_http_free(b->server);
	assert_int_equal(loop_release(&b->loop, &err), 0);
}

/* ---- outcomes ---- */

enum sign {
	FALLBACK = 1 << 0,	 /* the extractive summary was used */
	CIRCUIT = 1 << 1,	 /* the endpoint counts as unusable */
	HALF = 1 << 2,		 /* the second request has the newest review alone */
	ROOM = 1 << 3,		 /* the second request allows a longer answer */
	OLD_MAX_TOKENS = 1 << 4, /* the second request says max_tokens */
	NO_TEMPERATURE = 1 << 5, /* the second request has no temperature */
};

static const struct outcome {
	const char *name;
	int requests;
	unsigned signs;
} outcomes[] = {
	{"answer", 1, 0},
	{"wait", 2, 0}, /* "wait MS": as long as told */
	{"back-off", 2, 0},
	{"person", 2, CIRCUIT}, /* a long pause: somebody has to mend something */
	{"half", 2, HALF},
	{"room", 2, ROOM},
	{"again", 2, FALLBACK},
	{"fallback", 1, FALLBACK},
	{"max-tokens", 2, OLD_MAX_TOKENS},
	{"no-temperature", 2, NO_TEMPERATURE},
};

static unsigned signs_of(const struct bench *b)
{
	const struct summary_stats *stats = summary_client_stats(b->client);
	const char *second = b->bodies[1];
	unsigned signs = 0;

	signs |= stats->fallbacks > 0 ? FALLBACK : 0;
	signs |= stats->circuit_opened > 0 ? CIRCUIT : 0;
	if (second[0] == '\0')
		return signs;
	signs |= strstr(second, "lovely view") == NULL ? HALF : 0;
	signs |= strstr(second, "\"max_completion_tokens\":800") != NULL ? ROOM : 0;
	signs |= strstr(second, "\"max_tokens\":200") != NULL ? OLD_MAX_TOKENS : 0;
	signs |= strstr(second, "\"temperature\"") == NULL ? NO_TEMPERATURE : 0;
	return signs;
}

static const struct outcome *outcome_named(const char *name, int *wait_ms)
{
	*wait_ms = 0;
	if (sscanf(name, "wait %d", wait_ms) == 1)
		name = "wait";
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
		if (strcmp(outcomes[i].name, name) == 0)
			return &outcomes[i];
	fail_msg("no such outcome: %s", name);
	return NULL;
}

static void play(const char *provider, struct example *e)
{
	const struct slice reviews[] = {SLICE_LITERAL("Friendly staff and a lovely view over the sea."),
					SLICE_LITERAL("The staff was helpful and friendly.")};
	const struct summary_question q = {{{1}}, reviews, 2, false};
	const struct outcome *expected;
	struct bench b;
	double waited;
	int wait_ms;

	expected = outcome_named(e->outcome, &wait_ms);
	bench_init(&b, e);
	assert_int_equal(summary_client_ask(b.client, &q, NULL), 0);
	fake_wait(&b.loop, &b.answers, 1);
	if (fake_http_requests(b.server) != expected->requests || signs_of(&b) != expected->signs)
		fail_msg("%s, %s: expected %s (%d requests, signs %x), saw %d requests, signs %x", provider,
			 e->title, e->outcome, expected->requests, expected->signs,
			 fake_http_requests(b.server), signs_of(&b));
	if (strcmp(b.last, expected->signs & FALLBACK ? EXTRACTIVE : FINE) != 0)
		fail_msg("%s, %s: answer \"%s\"", provider, e->title, b.last);
	waited = (double)(b.asked_ns[1] - b.asked_ns[0]) / 1e6;
	/* A timer counts whole milliseconds from the last whole one, and so does what scales. */
	if (wait_ms > 0 && waited < wait_ms * SCALE - 2)
		fail_msg("%s, %s: asked again after %.1f ms", provider, e->title, waited / SCALE);
	bench_release(&b);
}

static void play_file(const char *provider, int at_least)
{
	char *text = read_file(provider), *at = text;
	struct example e;
	int count = 0;

	for (; next_example(&at, &e); count++)
		play(provider, &e);
	assert_true(count >= at_least);
	free(text);
}

static void openai_s_answers_and_errors_are_understood(void **state)
{
	(void)state;
	play_file("openai", 16);
}

static void azure_openai_s_answers_and_errors_are_understood(void **state)
{
	(void)state;
	play_file("azure-openai", 16);
}

static void databricks_answers_and_errors_are_understood(void **state)
{
	(void)state;
	play_file("databricks", 14);
}

static void bedrock_s_answers_and_errors_are_understood(void **state)
{
	(void)state;
	play_file("bedrock", 14);
}

static void vllm_s_answers_and_errors_are_understood(void **state)
{
	(void)state;
	play_file("vllm", 14);
}

static void ollama_s_answers_and_errors_are_understood(void **state)
{
	(void)state;
	play_file("ollama", 10);
}

static void llama_cpp_s_answers_and_errors_are_understood(void **state)
{
	(void)state;
	play_file("llama-cpp", 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openai_s_answers_and_errors_are_understood),
		cmocka_unit_test(azure_openai_s_answers_and_errors_are_understood),
		cmocka_unit_test(databricks_answers_and_errors_are_understood),
		cmocka_unit_test(bedrock_s_answers_and_errors_are_understood),
		cmocka_unit_test(vllm_s_answers_and_errors_are_understood),
		cmocka_unit_test(ollama_s_answers_and_errors_are_understood),
		cmocka_unit_test(llama_cpp_s_answers_and_errors_are_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
