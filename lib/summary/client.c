/* Asking, sending, and the pump between them. See client.h for the story and
 * client_state.h for the places a question can be in. */

#include "summary/client.h"

#include "summary/client_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void client_gauges(struct summary_client *c)
{
	c->stats.in_flight = 0;
	for (const struct list *it = c->flying.next; it != &c->flying; it = it->next)
		c->stats.in_flight++;
	c->stats.queued = c->questions.count - c->stats.in_flight;
	c->stats.circuit = (enum circuit)c->circuit.state;
	if (c->circuit.state != CIRCUIT_OPEN)
		c->stats.next_probe_ms = 0;
}

void client_pump_soon(struct summary_client *c)
{
	if (!c->closing && !loop_timer_active(c->pump_timer))
		loop_timer_start(c->pump_timer, 0);
}

static void on_probe(void *ctx)
{
	struct summary_client *c = ctx;

	circuit_probe(&c->circuit);
	client_gauges(c);
	client_pump_soon(c);
}

static void on_http(struct http_call *http)
{
	struct asked *q = http->ctx;
	struct summary_client *c = q->client;

	if (http->result == HTTP_CANCELLED) {
		asked_move_to_front(q, &c->waiting);
		return;
	}
	outcome_of_call(q); /* q may be gone */
	client_gauges(c);
	client_pump_soon(c);
}

/* ---- sending ---- */

/* Two random words from the kernel in hex: no reviewer can guess them. */
static void make_nonce(char out[33])
{
	uint64_t words[2];

	random_bytes(words, sizeof(words));
	snprintf(out, 33, "%016" PRIx64 "%016" PRIx64, words[0], words[1]);
}

/* 0: *body is what to send. 1: there is nothing to summarise. -1: neither. */
static int write_body(struct asked *q, struct buf *body, struct err *err)
{
	struct summary_client *c = q->client;
	struct chat_parameters parameters = c->parameters;
	struct summary_question question = {q->hash, q->reviews, q->count, true};
	struct prompt prompt;
	char nonce[33];
	int rc;

	make_nonce(nonce);
	prompt_init(&prompt);
	rc = prompt_build(&prompt, &question, q->max_bytes, nonce, err);
	if (rc == 0) {
		parameters.max_tokens = q->max_tokens;
		chat_body(body, &parameters, &prompt);
		if (buf_failed(body))
			rc = err_set(err, ERR_RETRY, 0, "out of memory");
		q->input_bytes = prompt.text_bytes;
		c->stats.truncated += prompt.truncated && !q->sent_before;
	}
	prompt_release(&prompt);
	return rc;
}

/* 0: sent. 1: there is nothing to summarise. -1: could not be sent. */
static int send_call(struct asked *q, struct err *err)
{
	struct summary_client *c = q->client;
	struct flight *f = asked_flight(q);
	int rc;

	if (f == NULL)
		return err_set(err, ERR_RETRY, 0, "out of memory");
	rc = write_body(q, &f->body, err);
	if (rc != 0)
		return rc;
	f->http = (struct http_call){.method = "POST",
				     .url = c->endpoint.url,
				     .headers = (const char *const *)c->endpoint.headers,
				     .header_count = c->endpoint.header_count,
				     .body = buf_view(&f->body),
				     .timeout_ms = c->timeout_ms,
				     .max_response = CHAT_REPLY_MAX,
				     .done = on_http,
				     .ctx = q};
	rc = http_submit(c->http, &f->http, err);
	c->stats.retries += rc == 0 && q->sent_before;
	q->sent_before = q->sent_before || rc == 0;
	return rc;
}

static void pump(void *ctx)
{
	struct summary_client *c = ctx;
	int budget;

	client_gauges(c);
	budget = circuit_allows(&c->circuit, c->concurrency) - (int)c->stats.in_flight;
	while (!c->held && budget-- > 0 && !list_empty(&c->waiting)) {
		struct asked *q = LIST_ENTRY(c->waiting.next, struct asked, node);
		struct err err;
		int rc = send_call(q, &err);

		if (rc == 0)
			asked_move(q, &c->flying);
		else if (rc > 0)
			outcome_answer(q, slice_str(SUMMARY_NO_REVIEWS));
		else
			outcome_not_sent(q, err.text);
	}
	client_gauges(c);
}

/* ---- asking ---- */

int summary_client_ask(struct summary_client *c, const struct summary_question *question, struct err *err)
{
	struct asked *q;

	if (map_get(&c->questions, slice_make(question->hash.bytes, sizeof(question->hash.bytes))) != NULL) {
		c->stats.shared++;
		return 0;
	}
	q = asked_new(c, question);
	if (q == NULL)
		return err_set(err, ERR_RETRY, 0, "summary: out of memory");
	if (map_put(&c->questions, q) != 0) {
		asked_free(q);
		return err_set(err, ERR_RETRY, 0, "summary: out of memory");
	}
	list_append(&c->waiting, &q->node);
	client_gauges(c);
	client_pump_soon(c);
	return 0;
}

void summary_client_hold(struct summary_client *c, bool hold)
{
	if (c->held && !hold)
		client_pump_soon(c);
	c->held = hold;
}

/* ---- the client ---- */

static int64_t or_default(int64_t value, int64_t fallback)
{
	return value > 0 ? value : fallback;
}

static void take_options(struct summary_client *c, const struct summary_client_options *o)
{
	c->model = slice_dup(slice_str(o->model));
	c->temperature = o->temperature;
	c->parameters = (struct chat_parameters){.model = c->model,
						 .max_tokens = (int)or_default(o->max_tokens, 200),
						 .temperature = o->temperature};
	c->concurrency = (int)or_default(o->concurrency, 4);
	c->timeout_ms = or_default(o->timeout_ms, 60000);
	c->max_input_bytes = o->max_input_bytes ? o->max_input_bytes : 24000;
	c->backoff_scale = o->backoff_scale > 0 ? o->backoff_scale : 1;
	circuit_init(&c->circuit, (int)or_default(o->circuit_failures, 5), or_default(o->probe_min_ms, 1000),
		     or_default(o->probe_max_ms, 60000));
	random_init(&c->random, o->seed);
}

struct summary_client *summary_client_new(struct loop *loop, struct http_client *http, struct log *log,
					  const struct summary_client_options *o, summary_answered *answered,
					  void *ctx, struct err *err)
{
	struct summary_client *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		err_set(err, ERR_FATAL, 0, "summary client: out of memory");
		return NULL;
	}
	c->loop = loop;
	c->http = http;
	c->log = log;
	c->answered = answered;
	c->ctx = ctx;
	list_init(&c->waiting);
	list_init(&c->sleeping);
	list_init(&c->flying);
	map_init(&c->questions, asked_key, random_seed());
	take_options(c, o);
	c->pump_timer = loop_timer_new(loop, pump, c);
	c->probe_timer = loop_timer_new(loop, on_probe, c);
	if (o->model == NULL || o->model[0] == '\0')
		err_set(err, ERR_CONFIG, 0, "summary.model: no model given");
	else if (c->model == NULL || c->pump_timer == NULL || c->probe_timer == NULL)
		err_set(err, ERR_FATAL, 0, "summary client: out of memory");
	else if (chat_endpoint_init(&c->endpoint, o, err) == 0)
		return c;
	summary_client_free(c);
	return NULL;
}

void summary_client_free(struct summary_client *c)
{
	struct asked *q;
	size_t at = 0;

	if (c == NULL)
		return;
	c->closing = true;
	while (!list_empty(&c->flying))
		http_cancel(&LIST_ENTRY(c->flying.next, struct asked, node)->flight->http);
	while ((q = map_next(&c->questions, &at)) != NULL)
		asked_free(q);
	map_release(&c->questions);
	loop_timer_free(c->pump_timer);
	loop_timer_free(c->probe_timer);
	chat_endpoint_release(&c->endpoint);
	free(c->model);
	free(c);
}

const struct summary_stats *summary_client_stats(const struct summary_client *c)
{
	return &c->stats;
}

void summary_client_identity(const struct summary_client *c, struct buf *out)
{
	summary_identity(out, "openai", c->model, c->parameters.max_tokens, c->temperature);
}
