#include "event_time/event_time.h"

#include <stdio.h>

#define DAY_MS 86400000LL

/* Days since 1970-01-01 of a proleptic Gregorian date. Years are counted from
 * 1 March, so that the leap day is the last of its year. */
static int64_t days_of_date(int64_t year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void date_of_days(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t day_of_era = z - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t march_month = (5 * day_of_year + 2) / 153;

	*day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
	*month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
	*year = year_of_era + era * 400 + (*month <= 2);
}

static int days_in_month(int64_t year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

static int64_t floor_div(int64_t a, int64_t b)
{
	int64_t q = a / b;

	return a % b < 0 ? q - 1 : q;
}

struct event_time event_time_month_before(struct event_time t)
{
	int64_t days = floor_div(t.ms, DAY_MS), time_of_day = t.ms - days * DAY_MS, year;
	int month, day, last;

	date_of_days(days, &year, &month, &day);
	month--;
	if (month == 0) {
		month = 12;
		year--;
	}
	last = days_in_month(year, month);
	return event_time_at(days_of_date(year, month, day < last ? day : last) * DAY_MS + time_of_day);
}

static int in_range(int64_t ms, struct event_time *out)
{
	if (ms < EVENT_TIME_LOWEST_MS || ms > EVENT_TIME_HIGHEST_MS)
		return -1;
	*out = event_time_at(ms);
	return 0;
}

/* ---- ISO-8601: a cursor that fails once and stays failed ---- */

struct reader {
	const char *at, *end;
	bool failed;
};

static bool peek(const struct reader *r, char c)
{
	return !r->failed && r->at < r->end && *r->at == c;
}

static bool accept(struct reader *r, char c)
{
	if (!peek(r, c))
		return false;
	r->at++;
	return true;
}

static void expect(struct reader *r, char c)
{
	if (!accept(r, c))
		r->failed = true;
}

/* Exactly `digits` digits, at most `max`. */
static int number(struct reader *r, int digits, int max)
{
	int n = 0;

	for (int i = 0; i < digits; i++) {
		if (r->failed || r->at == r->end || *r->at < '0' || *r->at > '9') {
			r->failed = true;
			return 0;
		}
		n = n * 10 + (*r->at++ - '0');
	}
	if (n > max)
		r->failed = true;
	return n;
}

/* Any number of digits after the point; what is finer than a millisecond is cut. */
static int fraction_ms(struct reader *r)
{
	int ms = 0, scale = 100;

	if (r->at == r->end || *r->at < '0' || *r->at > '9')
		r->failed = true;
	while (!r->failed && r->at < r->end && *r->at >= '0' && *r->at <= '9') {
		ms += (*r->at++ - '0') * scale;
		scale /= 10;
	}
	return ms;
}

static int64_t time_of_day(struct reader *r)
{
	int64_t ms = number(r, 2, 23) * 3600000LL;

	expect(r, ':');
	ms += number(r, 2, 59) * 60000LL;
	if (accept(r, ':')) {
		ms += number(r, 2, 59) * 1000LL;
		if (accept(r, '.'))
			ms += fraction_ms(r);
	}
	return ms;
}

static int64_t zone_ms(struct reader *r)
{
	int64_t sign = peek(r, '-') ? -1 : 1, ms;

	if (r->at == r->end || accept(r, 'Z') || accept(r, 'z'))
		return 0;
	if (!accept(r, '+'))
		expect(r, '-');
	ms = number(r, 2, 23) * 3600000LL;
	accept(r, ':');
	return sign * (ms + number(r, 2, 59) * 60000LL);
}

static int parse_iso(struct slice s, struct event_time *out)
{
	struct reader r = {s.data, s.data + s.len, false};
	int year, month, day;
	int64_t ms = 0;

	year = number(&r, 4, 9999);
	expect(&r, '-');
	month = number(&r, 2, 12);
	expect(&r, '-');
	day = number(&r, 2, 31);
	if (r.failed || year < 1 || month < 1 || day < 1 || day > days_in_month(year, month))
		return -1;
	if (accept(&r, 'T') || accept(&r, 't') || accept(&r, ' ')) {
		ms = time_of_day(&r);
		ms -= r.failed ? 0 : zone_ms(&r);
	}
	if (r.failed || r.at != r.end)
		return -1;
	return in_range(days_of_date(year, month, day) * DAY_MS + ms, out);
}

/* -1 when not all digits (a sign may lead) or too long to be a time. */
static int parse_digits(struct slice s, struct event_time *out)
{
	bool negative = s.len > 0 && s.data[0] == '-';
	size_t start = negative ? 1 : 0;
	int64_t ms = 0;

	if (s.len == start || s.len > 18)
		return -1;
	for (size_t i = start; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return -1;
		ms = ms * 10 + (s.data[i] - '0');
	}
	return in_range(negative ? -ms : ms, out);
}

static int of_number(int64_t n, enum value_unit unit, struct event_time *out)
{
	switch (unit) {
	case UNIT_NONE:
	case UNIT_MILLIS: return in_range(n, out);
	case UNIT_MICROS: return in_range(floor_div(n, 1000), out);
	case UNIT_NANOS: return in_range(floor_div(n, 1000000), out);
	case UNIT_DAYS:
		if (n < EVENT_TIME_LOWEST_MS / DAY_MS || n > EVENT_TIME_HIGHEST_MS / DAY_MS)
			return -1;
		return in_range(n * DAY_MS, out);
	case UNIT_DECIMAL: break;
	}
	return -1;
}

int event_time_of_value(const struct value *v, struct event_time *out)
{
	switch ((enum value_kind)v->kind) {
	case VALUE_LONG: return of_number(v->i, (enum value_unit)v->unit, out);
	case VALUE_DOUBLE: /* JSON numbers beyond 2^53 or written 1.7e12 */
		if (!(v->d >= -9007199254740992.0 && v->d <= 9007199254740992.0) ||
		    v->d != (double)(int64_t)v->d)
			return -1;
		return of_number((int64_t)v->d, (enum value_unit)v->unit, out);
	case VALUE_STRING:
		if (parse_digits(v->s, out) == 0)
			return 0;
		return parse_iso(v->s, out);
	case VALUE_ABSENT:
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_BYTES: break;
	}
	return -1;
}

void event_time_iso(struct event_time t, char out[EVENT_TIME_ISO_SIZE])
{
	int64_t days = floor_div(t.ms, DAY_MS), year;
	int rest = (int)(t.ms - days * DAY_MS), month, day;

	date_of_days(days, &year, &month, &day);
	if (year < 1 || year > 9999) { /* only EVENT_TIME_MIN and its like */
		snprintf(out, EVENT_TIME_ISO_SIZE, "-");
		return;
	}
	snprintf(out, EVENT_TIME_ISO_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (int)year, month, day,
		 rest / 3600000, rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
}
