/* What becomes of a question when its call ends: an answer, another try, or the
 * extractive summary. */

#include "summary/client_state.h"

#include "summary/echo.h"
#include "summary/extractive.h"
#include "summary/retry.h"
#include "summary/sanitise.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define LONELY_LIMIT 5 /* failures of one question while others succeed */

const int64_t summary_latency_bounds_ms[SUMMARY_LATENCY_BUCKETS] = {50,	  100,	250,   500,   1000,
								    2500, 5000, 10000, 30000, 60000};

const char *const summary_code_names[SUMMARY_CODES] = {
	[SUMMARY_CODE_2XX] = "2xx",	[SUMMARY_CODE_400] = "400",	    [SUMMARY_CODE_401] = "401",
	[SUMMARY_CODE_403] = "403",	[SUMMARY_CODE_404] = "404",	    [SUMMARY_CODE_408] = "408",
	[SUMMARY_CODE_409] = "409",	[SUMMARY_CODE_429] = "429",	    [SUMMARY_CODE_4XX] = "4xx",
	[SUMMARY_CODE_5XX] = "5xx",	[SUMMARY_CODE_TIMEOUT] = "timeout", [SUMMARY_CODE_IO] = "io",
	[SUMMARY_CODE_OTHER] = "other",
};

static int64_t mono_ms(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

static int64_t wall_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- the end of a question ---- */

void outcome_answer(struct asked *q, struct slice summary)
{
	struct summary_client *c = q->client;
	struct hash_id hash = q->hash;
	struct buf copy;

	buf_init(&copy, 8192); /* the summary may live in what is freed now */
	buf_slice(&copy, summary);
	map_remove(&c->questions, slice_make(q->hash.bytes, sizeof(q->hash.bytes)));
	asked_free(q);
	client_gauges(c);
	client_pump_soon(c);
	c->answered(c->ctx, hash, buf_view(&copy));
	buf_release(&copy);
}

static void fall_back(struct asked *q, const char *why)
{
	struct buf out;

	q->client->stats.fallbacks++;
	log_info(q->client->log, SUMMARY_LOG, "question answered without the model: %s", why);
	if (q->second_best.len > 0) {
		outcome_answer(q, buf_view(&q->second_best));
		return;
	}
	buf_init(&out, 1024);
	extractive_summarise(q->reviews, q->count, &out);
	outcome_answer(q, buf_view(&out));
	buf_release(&out);
}

/* ---- failures ---- */

static void again_now(struct asked *q)
{
	asked_move_to_front(q, &q->client->waiting);
	client_pump_soon(q->client);
}

static void circuit_opened(struct summary_client *c, int64_t wait_ms, const char *why)
{
	struct list *it, *tmp;

	c->stats.circuit_opened++;
	c->stats.next_probe_ms = mono_ms() + wait_ms;
	loop_timer_start(c->probe_timer, wait_ms);
	/* From here on the circuit sets the pace, not each question's own back-off. */
	LIST_EACH_SAFE(it, tmp, &c->sleeping)
	{
		struct asked *q = LIST_ENTRY(it, struct asked, node);

		loop_timer_stop(q->timer);
		asked_move(q, &c->waiting);
	}
	log_warn(c->log, SUMMARY_LOG, "%s is not usable (%s): %zu questions wait, next try in %" PRId64 " ms",
		 c->endpoint.base, why, c->questions.count, wait_ms);
}

/* The endpoint failed, not the question. */
static void failed(struct asked *q, const struct retry_decision *d, const char *why)
{
	struct summary_client *c = q->client;
	int64_t delay = (int64_t)((double)d->delay_ms * c->backoff_scale), wait;

	if (c->stats.failing_since_ms == 0)
		c->stats.failing_since_ms = mono_ms();
	if (q->attempt++ == 0)
		q->answered_before = c->stats.answered;
	if (c->stats.answered > q->answered_before && ++q->lonely >= LONELY_LIMIT) {
		fall_back(q, "it keeps failing while others succeed");
		return;
	}
	wait = circuit_failure(&c->circuit, d->action == RETRY_SLOWLY ? delay : 0);
	if (wait > 0 && d->told && delay > wait)
		wait = delay;
	if (c->circuit.state != CIRCUIT_CLOSED) {
		asked_move_to_front(q, &c->waiting);
	} else {
		asked_sleep(q, delay);
	}
	if (wait > 0)
		circuit_opened(c, wait, why);
	client_gauges(c);
	client_pump_soon(c);
}

static void alive(struct summary_client *c)
{
	c->stats.failing_since_ms = 0;
	if (circuit_success(&c->circuit)) {
		loop_timer_stop(c->probe_timer);
		log_notice(c->log, SUMMARY_LOG, "%s answers again", c->endpoint.base);
	}
}

/* The model answered something that cannot be used: once more, then never. */
static void rejected(struct asked *q, const char *why)
{
	q->client->stats.rejected++;
	if (q->rejected++ == 0)
		again_now(q);
	else
		fall_back(q, why);
}

static void adapt(struct asked *q, enum retry_action action)
{
	struct summary_client *c = q->client;

	switch (action) {
	case RETRY_MAX_TOKENS:
		c->parameters.old_max_tokens = true;
		log_notice(c->log, SUMMARY_LOG,
			   "%s does not know max_completion_tokens: max_tokens from now on",
			   c->endpoint.base);
		break;
	case RETRY_NO_TEMPERATURE:
		c->parameters.temperature = -1;
		log_notice(c->log, SUMMARY_LOG, "%s takes no temperature: it is not sent from now on",
			   c->endpoint.base);
		break;
	default: /* RETRY_HALF_INPUT */
		q->halved = true;
		q->max_bytes = q->input_bytes / 2;
		break;
	}
	again_now(q);
}

/* ---- answers ---- */

static enum summary_code code_of(const struct http_call *http)
{
	static const enum summary_code known[] = {SUMMARY_CODE_400, SUMMARY_CODE_401, SUMMARY_CODE_403,
						  SUMMARY_CODE_404, SUMMARY_CODE_408, SUMMARY_CODE_409,
						  SUMMARY_CODE_429};
	static const int statuses[] = {400, 401, 403, 404, 408, 409, 429};

	if (http->result == HTTP_TIMEOUT)
		return SUMMARY_CODE_TIMEOUT;
	if (http->result != HTTP_OK)
		return SUMMARY_CODE_IO;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (http->status == statuses[i])
			return known[i];
	switch (http->status / 100) {
	case 2: return SUMMARY_CODE_2XX;
	case 4: return SUMMARY_CODE_4XX;
	case 5: return SUMMARY_CODE_5XX;
	default: return SUMMARY_CODE_OTHER;
	}
}

static void measure(struct summary_client *c, const struct http_call *http, const struct chat_reply *reply)
{
	size_t bucket = 0;

	c->stats.calls[code_of(http)]++;
	if (http->result != HTTP_OK || http->status / 100 != 2)
		return;
	while (bucket < SUMMARY_LATENCY_BUCKETS && http->elapsed_ms > summary_latency_bounds_ms[bucket])
		bucket++;
	c->stats.latency[bucket]++;
	c->stats.latency_sum_ms += (uint64_t)http->elapsed_ms;
	c->stats.tokens_in += (uint64_t)reply->tokens_in;
	c->stats.tokens_out += (uint64_t)reply->tokens_out;
}

static void take_text(struct asked *q, struct slice text)
{
	struct summary_client *c = q->client;
	enum verdict verdict;
	struct buf out;

	buf_init(&out, 128 * 1024);
	verdict = summary_sanitise(text, &out);
	if ((verdict == VERDICT_FINE || verdict == VERDICT_SENTENCES) &&
	    summary_echoes(buf_view(&out), q->reviews, q->count, q->max_bytes))
		verdict = VERDICT_ECHO;
	if ((verdict == VERDICT_FINE || verdict == VERDICT_SENTENCES) &&
	    summary_is_copied(buf_view(&out), q->reviews, q->count))
		verdict = VERDICT_COPIED;
	if (verdict == VERDICT_FINE || (verdict == VERDICT_SENTENCES && q->rejected > 0)) {
		c->stats.answered++;
		outcome_answer(q, buf_view(&out));
	} else {
		if (verdict == VERDICT_SENTENCES)
			buf_slice(&q->second_best, buf_view(&out));
		rejected(q, verdict_name(verdict));
	}
	buf_release(&out);
}

static struct retry_quota quota_of(const struct http_call *http, const char *remaining, const char *reset)
{
	return (struct retry_quota){http_header(http, remaining), http_header(http, reset)};
}

static struct retry_decision decide(struct asked *q, const struct chat_reply *reply)
{
	struct summary_client *c = q->client;
	struct retry_input in = {
		.answered = q->flight->http.result == HTTP_OK,
		.status = q->flight->http.status,
		.kind = reply->kind,
		.reason = reply->reason,
		.retry_after_ms = http_header(&q->flight->http, "retry-after-ms"),
		.retry_after = http_header(&q->flight->http, "retry-after"),
		.should_retry = http_header(&q->flight->http, "x-should-retry"),
		.requests = quota_of(&q->flight->http, "x-ratelimit-remaining-requests",
				     "x-ratelimit-reset-requests"),
		.tokens = quota_of(&q->flight->http, "x-ratelimit-remaining-tokens",
				   "x-ratelimit-reset-tokens"),
		.attempt = q->attempt,
		.halved = q->halved,
		.max_tokens_tried = c->parameters.old_max_tokens,
		.no_temperature_tried = c->parameters.temperature < 0,
		.random = random_unit(&c->random),
		.wall_ms = wall_ms(),
	};
	struct retry_decision d = retry_decide(&in);

	/* A 400 is the question's fault once the endpoint has proved that it takes
	 * our requests at all; before that it is the configuration's. */
	if (d.action == RETRY_NEVER && in.answered && in.status / 100 == 4 && in.kind == REPLY_ERROR &&
	    in.reason == REASON_OTHER && c->stats.calls[SUMMARY_CODE_2XX] == 0)
		d = (struct retry_decision){.action = RETRY_SLOWLY, .delay_ms = 60000};
	return d;
}

static void explain(const struct asked *q, const struct chat_reply *reply, char *out, size_t size)
{
	if (q->flight->http.result != HTTP_OK)
		snprintf(out, size, "%.200s", q->flight->http.err.text);
	else if (reply->kind == REPLY_ERROR)
		snprintf(out, size, "%d: %.*s", q->flight->http.status,
			 (int)(reply->text.len < 200 ? reply->text.len : 200),
			 reply->text.data ? reply->text.data : "");
	else
		snprintf(out, size, "%d: %s", q->flight->http.status, reply_kind_name(reply->kind));
	for (char *p = out; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
}

static void take_failure(struct asked *q, const struct chat_reply *reply)
{
	struct retry_decision d = decide(q, reply);
	char why[300];

	explain(q, reply, why, sizeof(why));
	if (d.action == RETRY_LATER || d.action == RETRY_SLOWLY) {
		failed(q, &d, why);
		return;
	}
	alive(q->client);
	if (d.action == RETRY_NEVER)
		fall_back(q, why);
	else
		adapt(q, d.action);
}

static void take_reply(struct asked *q, const struct chat_reply *reply)
{
	bool good = q->flight->http.result == HTTP_OK && q->flight->http.status / 100 == 2;

	if (!good) {
		take_failure(q, reply);
		return;
	}
	switch (reply->kind) {
	case REPLY_TEXT:
		alive(q->client);
		take_text(q, buf_view(&reply->text));
		break;
	case REPLY_CUT: /* a model that thinks first needs more room */
		alive(q->client);
		q->max_tokens *= 4;
		rejected(q, "cut at the token limit");
		break;
	case REPLY_EMPTY:
	case REPLY_REFUSED:
		alive(q->client);
		rejected(q, reply_kind_name(reply->kind));
		break;
	default: take_failure(q, reply); break;
	}
}

void outcome_of_call(struct asked *q)
{
	struct chat_reply reply;

	chat_reply_init(&reply);
	if (q->flight->http.result == HTTP_OK)
		chat_reply_parse(&reply, q->flight->http.status, buf_view(&q->flight->http.response));
	measure(q->client, &q->flight->http, &reply);
	take_reply(q, &reply);
	chat_reply_release(&reply);
}

void outcome_not_sent(struct asked *q, const char *why)
{
	const struct retry_decision later = {.action = RETRY_LATER, .delay_ms = 1000};

	failed(q, &later, why);
}
