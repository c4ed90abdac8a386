#ifndef RIVER_TEST_CALENDAR_H
#define RIVER_TEST_CALENDAR_H

/* Instants for stories and for the oracle: milliseconds since the epoch, UTC.
 *
 * Written apart from lib/event_time on purpose: it counts days one by one and
 * months one by one, so that a mistake there is not repeated here. */

#include "base/slice.h"

#include <stdint.h>

#define CALENDAR_SECOND INT64_C(1000)
#define CALENDAR_MINUTE (60 * CALENDAR_SECOND)
#define CALENDAR_HOUR	(60 * CALENDAR_MINUTE)
#define CALENDAR_DAY	(24 * CALENDAR_HOUR)

struct calendar_date {
	int year, month, day; /* month and day from 1 */
};

int calendar_days_in_month(int year, int month);

/* Midnight UTC at the start of that day. Years 1900 to 2200. */
int64_t calendar_instant(struct calendar_date date);

/* The day that holds the instant. */
struct calendar_date calendar_date_of(int64_t ms);

/* The same time of day one month earlier, on the last day of that month when
 * it is too short: 31 March gives 28 or 29 February. */
int64_t calendar_month_before(int64_t ms);

/* "2026-03-01T10:20:00.001Z", seconds and fraction optional; or a time of day
 * alone ("10:20"), which then falls on `day` (an instant of calendar_instant).
 * A date alone is its midnight. Returns 0, or -1 when it is not an instant. */
int calendar_parse(struct slice text, int64_t day, int64_t *ms);

#define CALENDAR_TEXT_SIZE 32
/* "2026-03-01T10:20:00.001Z" and a NUL. */
void calendar_text(int64_t ms, char out[CALENDAR_TEXT_SIZE]);

#endif
