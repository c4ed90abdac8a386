#ifndef RIVER_BASE_CLOCK_H
#define RIVER_BASE_CLOCK_H

/* Time as a port: nothing in the pure core asks the system for it.
 *
 * wall_ms is what event times are compared with (milliseconds since the Unix
 * epoch; the demo runs it faster than real time). mono_ms only ever grows and
 * is what timeouts and durations use. */

#include <stdint.h>

struct clock {
	int64_t (*wall_ms)(void *ctx);
	int64_t (*mono_ms)(void *ctx);
	void *ctx;
};

static inline int64_t clock_wall_ms(const struct clock *c)
{
	return c->wall_ms(c->ctx);
}

static inline int64_t clock_mono_ms(const struct clock *c)
{
	return c->mono_ms(c->ctx);
}

/* The system's own clocks; `ctx` is unused. */
struct clock clock_system(void);

/* A wall clock that stood at `origin_ms` when it was made and runs `speed`
 * times as fast as real time. `state` is caller-owned and outlives the clock. */
struct clock_scaled {
	int64_t origin_ms;
	int64_t started_mono_ms;
	double speed;
};
struct clock clock_scaled(struct clock_scaled *state, int64_t origin_ms, double speed);

#endif
