#ifndef RIVER_SUMMARY_CIRCUIT_H
#define RIVER_SUMMARY_CIRCUIT_H

/* Whether the model is worth asking. Pure: the caller has the clock and the
 * timer. The picture is in client.h.
 *
 * CLOSED  any number of calls; failures in a row are counted
 * OPEN    no calls until the probe interval is over
 * PROBING one call, whose outcome decides */

#include "summary/client.h"

struct circuit_breaker {
	int state; /* enum circuit */
	int failures, limit;
	int64_t min_ms, max_ms, interval_ms;
};

void circuit_init(struct circuit_breaker *b, int limit, int64_t min_ms, int64_t max_ms);

/* How many calls may be under way now, of `concurrency`. */
int circuit_allows(const struct circuit_breaker *b, int concurrency);

/* A call was answered, however: closes. True when it was not closed before. */
bool circuit_success(struct circuit_breaker *b);

/* A call failed. `at_least_ms` > 0 opens it for that long at least, at once.
 * Returns how long to wait before circuit_probe(), or 0 when nothing has to be
 * started: still closed, or open already. */
int64_t circuit_failure(struct circuit_breaker *b, int64_t at_least_ms);

/* The interval is over. */
void circuit_probe(struct circuit_breaker *b);

#endif
