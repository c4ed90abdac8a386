#ifndef RIVER_EVENT_TIME_EVENT_TIME_H
#define RIVER_EVENT_TIME_EVENT_TIME_H

/* Event time: a type of its own, so that it never mixes with wall or
 * monotonic time by accident. Milliseconds since the Unix epoch, UTC. */

#include "base/slice.h"
#include "wire/record.h"

#include <stdint.h>

struct event_time {
	int64_t ms;
};

#define EVENT_TIME_MIN ((struct event_time){INT64_MIN / 4}) /* "before everything", safe to subtract from */
/* Plausible input: years 0001 to 9999. Anything else is refused by event_time_of_value. */
#define EVENT_TIME_LOWEST_MS  (-62135596800000LL)
#define EVENT_TIME_HIGHEST_MS 253402300799999LL

static inline struct event_time event_time_at(int64_t ms)
{
	return (struct event_time){ms};
}

static inline struct event_time event_time_plus(struct event_time t, int64_t ms)
{
	return (struct event_time){t.ms + ms};
}

static inline bool event_time_before(struct event_time a, struct event_time b)
{
	return a.ms < b.ms;
}

/* The same time of day one calendar month earlier in UTC, clamped to the last
 * day of that month: 31 March gives 28 (29) February. SQL's INTERVAL '1'
 * MONTH subtraction. */
struct event_time event_time_month_before(struct event_time t);

/* An instant from a decoded field: long with its unit (a plain long is
 * milliseconds), Avro date, ISO-8601 string ("2026-03-01", "2026-03-01T10:00:00",
 * with optional fraction and Z or +hh:mm; a blank may stand for T; no zone
 * means UTC), or a string of digits (milliseconds). 0, or -1 when it is none
 * of these or out of range. */
int event_time_of_value(const struct value *v, struct event_time *out);

/* "2026-03-01T10:00:00.000Z" and a NUL. */
#define EVENT_TIME_ISO_SIZE 32
void event_time_iso(struct event_time t, char out[EVENT_TIME_ISO_SIZE]);

#endif
