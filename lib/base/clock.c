#include "base/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t system_wall(void *ctx)
{
	(void)ctx;
	return read_ms(CLOCK_REALTIME);
}

static int64_t system_mono(void *ctx)
{
	(void)ctx;
	return read_ms(CLOCK_MONOTONIC);
}

struct clock clock_system(void)
{
	return (struct clock){system_wall, system_mono, NULL};
}

static int64_t scaled_wall(void *ctx)
{
	const struct clock_scaled *s = ctx;
	int64_t elapsed = read_ms(CLOCK_MONOTONIC) - s->started_mono_ms;

	return s->origin_ms + (int64_t)((double)elapsed * s->speed);
}

struct clock clock_scaled(struct clock_scaled *state, int64_t origin_ms, double speed)
{
	state->origin_ms = origin_ms;
	state->started_mono_ms = read_ms(CLOCK_MONOTONIC);
	state->speed = speed;
	return (struct clock){scaled_wall, system_mono, state};
}
