#ifndef RIVER_WORLD_WORLD_DATES_H
#define RIVER_WORLD_WORLD_DATES_H

/* Calendar for the generated world, by libc's tables and not by event_time:
 * what is under test must not say where the borders are. UTC. */

#include "base/slice.h"

#include <stdint.h>

/* One calendar month earlier, same time of day, clamped to the end of that month. */
int64_t world_month_before(int64_t ms);

/* "2026-03-01", as the producers of spring 2025 wrote days of stay. Returns `out`. */
#define WORLD_DATE_SIZE 16
struct slice world_date(int64_t ms, char out[WORLD_DATE_SIZE]);

#endif
