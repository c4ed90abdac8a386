#include "daemon/pace.h"

#include "daemon/app.h"

#define TICK_MS	      200
#define TICK_REST_MS  1000
#define SETTLE_MS     5000 /* so long nothing, before the ticks become rare */
#define WATCHDOG_LESS 4000 /* a watchdog that wants to hear of us more often keeps the pace */

static bool pipeline_idle(const struct app *a)
{
	struct pipeline_sizes n;

	if (a->pipeline == NULL)
		return false;
	pipeline_sizes(a->pipeline, &n);
	return n.clicks_pending == 0 && n.targets_waiting_answer == 0 && n.targets_waiting_hotel == 0 &&
	       n.bookings_waiting_hotel == 0;
}

bool pace_idle(const struct app *a)
{
	return a->life == LIFE_RUNNING && !a->schemas.fetching && a->intake.at == a->intake.count &&
	       epochs_quiet(&a->epochs) && pipeline_idle(a);
}

/* `demo --once` waits for the quiet itself. */
static bool may_rest(const struct app *a)
{
	int64_t watchdog = notify_watchdog_interval_ms(&a->notify);

	return a->options.quiet == NULL && (watchdog == 0 || watchdog >= WATCHDOG_LESS);
}

void pace_consider(struct app *a)
{
	int64_t now = clock_mono_ms(&a->clock), tick;

	if (a->tick == NULL)
		return;
	if (!pace_idle(a))
		a->pace.busy_mono_ms = now;
	tick = may_rest(a) && now - a->pace.busy_mono_ms >= SETTLE_MS ? TICK_REST_MS : TICK_MS;
	if (tick == a->pace.tick_ms)
		return;
	a->pace.tick_ms = tick;
	a->tick_mono_ms = now; /* the next one is due a whole tick from here */
	loop_timer_repeat(a->tick, tick);
}
