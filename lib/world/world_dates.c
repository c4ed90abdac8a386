#include "world/world_dates.h"

#include <time.h>

static int64_t split(int64_t ms, struct tm *tm)
{
	int64_t rest = ((ms % 1000) + 1000) % 1000;
	time_t seconds = (time_t)((ms - rest) / 1000);

	gmtime_r(&seconds, tm);
	return rest;
}

int64_t world_month_before(int64_t ms)
{
	static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	struct tm tm;
	int64_t rest = split(ms, &tm);
	int last, year;

	if (--tm.tm_mon < 0) {
		tm.tm_mon = 11;
		tm.tm_year--;
	}
	year = tm.tm_year + 1900;
	last = days[tm.tm_mon] + (tm.tm_mon == 1 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
	if (tm.tm_mday > last)
		tm.tm_mday = last;
	return (int64_t)timegm(&tm) * 1000 + rest;
}

struct slice world_date(int64_t ms, char out[WORLD_DATE_SIZE])
{
	struct tm tm;

	split(ms, &tm);
	return slice_make(out, strftime(out, WORLD_DATE_SIZE, "%Y-%m-%d", &tm));
}
