#include "summary/circuit.h"

#include "base/states.h"

static const struct state_def states[] = {
	[CIRCUIT_CLOSED] = {"closed", STATE_TO(CIRCUIT_OPEN)},
	[CIRCUIT_OPEN] = {"open", STATE_TO(CIRCUIT_PROBING) | STATE_TO(CIRCUIT_CLOSED)},
	[CIRCUIT_PROBING] = {"probing", STATE_TO(CIRCUIT_OPEN) | STATE_TO(CIRCUIT_CLOSED)},
};

const char *circuit_name(enum circuit state)
{
	return states[state].name;
}

void circuit_init(struct circuit_breaker *b, int limit, int64_t min_ms, int64_t max_ms)
{
	*b = (struct circuit_breaker){.state = CIRCUIT_CLOSED,
				      .limit = limit,
				      .min_ms = min_ms,
				      .max_ms = max_ms,
				      .interval_ms = min_ms};
}

int circuit_allows(const struct circuit_breaker *b, int concurrency)
{
	switch (b->state) {
	case CIRCUIT_CLOSED: return concurrency;
	case CIRCUIT_PROBING: return 1;
	default: return 0;
	}
}

bool circuit_success(struct circuit_breaker *b)
{
	b->failures = 0;
	b->interval_ms = b->min_ms;
	if (b->state == CIRCUIT_CLOSED)
		return false;
	state_move(&b->state, CIRCUIT_CLOSED, states);
	return true;
}

int64_t circuit_failure(struct circuit_breaker *b, int64_t at_least_ms)
{
	int64_t wait;

	b->failures++;
	if (b->state == CIRCUIT_OPEN) /* a straggler from before it opened */
		return 0;
	if (b->state == CIRCUIT_CLOSED && b->failures < b->limit && at_least_ms == 0)
		return 0;
	state_move(&b->state, CIRCUIT_OPEN, states);
	wait = b->interval_ms > at_least_ms ? b->interval_ms : at_least_ms;
	b->interval_ms = b->interval_ms * 2 < b->max_ms ? b->interval_ms * 2 : b->max_ms;
	return wait;
}

void circuit_probe(struct circuit_breaker *b)
{
	state_move(&b->state, CIRCUIT_PROBING, states);
}
