#ifndef RIVER_SUMMARY_RETRY_H
#define RIVER_SUMMARY_RETRY_H

/* What to do after a call to the model that brought no text. Pure: time and
 * chance are arguments.
 *
 * The rules are those of OpenAI's own client: 408, 409, 429 and 5xx may be
 * repeated, x-should-retry overrules the status, retry-after-ms and
 * Retry-After (seconds or date) are honoured up to 120 s; a 429 without them
 * waits for the reset of the quota that is used up (x-ratelimit-reset-requests,
 * x-ratelimit-reset-tokens), at most 60 s, since there is room again before all
 * of it is; otherwise 0.5 s * 2^n up to 8 s, less up to a quarter. A longer Retry-After and an exhausted
 * quota mean the endpoint is as good as down. */

#include "base/slice.h"
#include "summary/reply.h"

#define RETRY_AFTER_MAX_MS 120000
#define RETRY_RESET_MAX_MS 60000

/* Of one quota, as header values or empty. */
struct retry_quota {
	struct slice remaining, reset;
};

enum retry_action {
	RETRY_LATER,	      /* the same call, after delay_ms */
	RETRY_SLOWLY,	      /* the endpoint refuses us: key, model name, quota. Probe at a long interval */
	RETRY_MAX_TOKENS,     /* at once, with max_tokens instead of max_completion_tokens */
	RETRY_NO_TEMPERATURE, /* at once, without temperature */
	RETRY_HALF_INPUT,     /* at once, with half the input */
	RETRY_NEVER,	      /* this question gets no answer from this model: use the fallback */
};

struct retry_input {
	bool answered; /* false: no HTTP answer at all (I/O, timeout) */
	int status;
	enum reply_kind kind;
	enum reply_reason reason;
	struct slice retry_after_ms, retry_after, should_retry; /* header values or empty */
	struct retry_quota requests, tokens;
	int attempt; /* 0 for the first failure in a row */
	bool halved; /* the input was halved before */
	bool max_tokens_tried, no_temperature_tried;
	double random;	 /* [0, 1) */
	int64_t wall_ms; /* to read a Retry-After date against */
};

struct retry_decision {
	enum retry_action action;
	int64_t delay_ms;
	bool told; /* delay_ms is what the server asked for */
};

struct retry_decision retry_decide(const struct retry_input *in);

/* RFC 9110 IMF-fixdate "Sun, 06 Nov 1994 08:49:37 GMT" to milliseconds since the
 * epoch; -1 when malformed. */
int64_t retry_http_date(struct slice text);

/* "6m0s", "1.5s", "17ms", "1h2m", or seconds without a unit, to milliseconds; -1
 * when malformed. */
int64_t retry_span(struct slice text);

#endif
