#ifndef RIVER_SUMMARY_CLIENT_H
#define RIVER_SUMMARY_CLIENT_H

/* Questions to an OpenAI-compatible model, answers on the loop.
 *
 * Happy path: a question is queued; when fewer than `concurrency` calls are in
 * flight, it becomes a POST to .../chat/completions; the answer is read
 * (reply.h), judged (sanitise.h) and handed to answered().
 *
 * Failure modes. What may be repeated is repeated for ever, because the
 * customers behind the question wait durably and a model that is down must not
 * lose them: each question backs off by retry.h, and after `circuit_failures`
 * failures in a row the circuit opens: one probe at a time, at intervals
 * doubling up to 60 s, until one call succeeds. What cannot be repeated
 * (content filter, refusal, two unusable answers, input too long even when
 * halved) is answered by the extractive summary.
 *
 *     CLOSED --failures--> OPEN --interval over--> PROBING --success--> CLOSED
 *                            ^-------------failure----'
 *
 * On close, calls in flight are dropped and answered() is not called: whoever
 * asked asks again after the restart.
 *
 * A question is known by its hash: asked again while open it is not sent
 * twice. answered() comes exactly once for it, never from inside ask(). */

#include "async/http_client.h"
#include "base/log.h"
#include "summary/question.h"

/* Strings are copied. */
struct summary_client_options {
	/* "https://api.openai.com" or ".../v1" or the full ".../chat/completions"
	 * (Azure and Databricks need the last; a query such as ?api-version=... is
	 * kept). */
	const char *url;
	const char *model;
	const char *api_key;	    /* "Authorization: Bearer ..."; NULL for none */
	const char *const *headers; /* more, "Name: value" (Azure: "api-key: ...") */
	size_t header_count;
	bool allow_plaintext_credentials; /* key over http:// to a host that is not loopback */
	int concurrency;		  /* calls in flight; 0: 4 */
	int64_t timeout_ms;		  /* of one call; 0: 60 s */
	size_t max_input_bytes;		  /* of review text per call; 0: 24,000 */
	int max_tokens;			  /* of the answer; 0: 200 */
	double temperature;		  /* < 0: not sent */
	int circuit_failures;		  /* in a row; 0: 5 */
	int64_t probe_min_ms;		  /* first interval of an open circuit; 0: 1 s */
	int64_t probe_max_ms;		  /* 0: 60 s */
	double backoff_scale;		  /* multiplies the waits of retry.h; 0: 1. Tests make it small */
	uint64_t seed;			  /* of the jitter; nonces come from the kernel */
};

enum circuit { CIRCUIT_CLOSED, CIRCUIT_OPEN, CIRCUIT_PROBING };
const char *circuit_name(enum circuit state);

/* Upper bounds of the latency histogram in milliseconds; one more bucket for the rest. */
#define SUMMARY_LATENCY_BUCKETS 10
extern const int64_t summary_latency_bounds_ms[SUMMARY_LATENCY_BUCKETS];

enum summary_code {
	SUMMARY_CODE_2XX,
	SUMMARY_CODE_400,
	SUMMARY_CODE_401,
	SUMMARY_CODE_403,
	SUMMARY_CODE_404,
	SUMMARY_CODE_408,
	SUMMARY_CODE_409,
	SUMMARY_CODE_429,
	SUMMARY_CODE_4XX,
	SUMMARY_CODE_5XX,
	SUMMARY_CODE_TIMEOUT,
	SUMMARY_CODE_IO,
	SUMMARY_CODE_OTHER,
	SUMMARY_CODES
};
extern const char *const summary_code_names[SUMMARY_CODES];

/* For /metrics and /status. Counters only grow; the last group are gauges. */
struct summary_stats {
	uint64_t calls[SUMMARY_CODES];
	uint64_t retries;   /* calls made again for the same question */
	uint64_t answered;  /* questions answered by the model */
	uint64_t fallbacks; /* questions answered by the extractive summary instead */
	uint64_t rejected;  /* texts of the model not fit to send */
	uint64_t truncated; /* inputs cut to the budget */
	uint64_t shared;    /* questions asked again while open */
	uint64_t tokens_in, tokens_out;
	uint64_t latency[SUMMARY_LATENCY_BUCKETS + 1]; /* not cumulative; complete answers only */
	uint64_t latency_sum_ms;
	uint64_t circuit_opened;

	size_t in_flight;
	size_t queued; /* waiting for a place, a retry or the circuit */
	enum circuit circuit;
	int64_t next_probe_ms;	  /* mono; 0 unless the circuit is open */
	int64_t failing_since_ms; /* mono; the first failed call since one went well, 0: none */
};

struct summary_client;

/* `http` and `log` are borrowed and outlive it. ERR_CONFIG for a bad URL or header,
 * or a key that would go over plain http. */
struct summary_client *summary_client_new(struct loop *loop, struct http_client *http, struct log *log,
					  const struct summary_client_options *options,
					  summary_answered *answered, void *ctx, struct err *err);
void summary_client_free(struct summary_client *c);

/* Texts are copied. -1 (ERR_RETRY) only when out of memory. */
int summary_client_ask(struct summary_client *c, const struct summary_question *question, struct err *err);

/* While it is held it sends nothing: nobody has room for the answers. What is under way
 * still comes back. */
void summary_client_hold(struct summary_client *c, bool hold);

/* Filled by the client as it goes. */
const struct summary_stats *summary_client_stats(const struct summary_client *c);

/* What answers depend on besides the texts; see prompt.h. Appended. */
void summary_client_identity(const struct summary_client *c, struct buf *out);

#endif
