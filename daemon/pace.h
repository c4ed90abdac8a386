#ifndef RIVERD_PACE_H
#define RIVERD_PACE_H

/* How often the loop looks around by itself.
 *
 * While anything waits for time to pass (a click for its deadline, an epoch for
 * its end, a result for Kafka), five times a second. When nothing has for some
 * seconds, once a second: what happens then begins with a record, a signal or a
 * request, and those wake the loop. Loop thread. */

#include <stdbool.h>
#include <stdint.h>

struct app;

struct pace {
	int64_t tick_ms;      /* as it is now */
	int64_t busy_mono_ms; /* when something was last waited for */
};

/* Nothing is waited for: no click, target, booking, schema, epoch or result. */
bool pace_idle(const struct app *a);

/* After each batch and each tick: sets the timer of the tick. */
void pace_consider(struct app *a);

#endif
