#include "test/scenario/calendar.h"

#include <stdbool.h>
#include <stdio.h>

#define FIRST_YEAR 1900
#define LAST_YEAR  2200

static bool leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int calendar_days_in_month(int year, int month)
{
	switch (month) {
	case 2: return leap(year) ? 29 : 28;
	case 4:
	case 6:
	case 9:
	case 11: return 30;
	default: return 31;
	}
}

int64_t calendar_instant(struct calendar_date date)
{
	int64_t days = date.day - 1;

	for (int month = 1; month < date.month; month++)
		days += calendar_days_in_month(date.year, month);
	for (int year = 1970; year < date.year; year++)
		days += leap(year) ? 366 : 365;
	for (int year = date.year; year < 1970; year++)
		days -= leap(year) ? 366 : 365;
	return days * CALENDAR_DAY;
}

struct calendar_date calendar_date_of(int64_t ms)
{
	struct calendar_date date = {ms < 0 ? FIRST_YEAR : 1970, 1, 1};

	while (calendar_instant((struct calendar_date){date.year + 1, 1, 1}) <= ms && date.year < LAST_YEAR)
		date.year++;
	while (date.month < 12 &&
	       calendar_instant((struct calendar_date){date.year, date.month + 1, 1}) <= ms)
		date.month++;
	while (calendar_instant(date) + CALENDAR_DAY <= ms)
		date.day++;
	return date;
}

int64_t calendar_month_before(int64_t ms)
{
	struct calendar_date date = calendar_date_of(ms);
	int64_t time_of_day = ms - calendar_instant(date);

	date.month--;
	if (date.month == 0) {
		date.month = 12;
		date.year--;
	}
	while (date.day > calendar_days_in_month(date.year, date.month))
		date.day--;
	return calendar_instant(date) + time_of_day;
}

/* Takes `digits` digits off the front; -1 when they are not there. */
static int take_number(struct slice *text, int digits)
{
	int number = 0;

	if (text->len < (size_t)digits)
		return -1;
	for (int i = 0; i < digits; i++) {
		if (text->data[i] < '0' || text->data[i] > '9')
			return -1;
		number = number * 10 + (text->data[i] - '0');
	}
	*text = slice_make(text->data + digits, text->len - (size_t)digits);
	return number;
}

static bool take_char(struct slice *text, char c)
{
	if (text->len == 0 || text->data[0] != c)
		return false;
	*text = slice_make(text->data + 1, text->len - 1);
	return true;
}

static int parse_date(struct slice *text, int64_t *ms)
{
	struct calendar_date date;

	date.year = take_number(text, 4);
	if (date.year < FIRST_YEAR || date.year >= LAST_YEAR || !take_char(text, '-'))
		return -1;
	date.month = take_number(text, 2);
	if (date.month < 1 || date.month > 12 || !take_char(text, '-'))
		return -1;
	date.day = take_number(text, 2);
	if (date.day < 1 || date.day > calendar_days_in_month(date.year, date.month))
		return -1;
	*ms = calendar_instant(date);
	return 0;
}

static int parse_time_of_day(struct slice *text, int64_t *ms)
{
	int hour = take_number(text, 2), minute, second = 0, milli = 0;

	if (hour < 0 || hour > 23 || !take_char(text, ':'))
		return -1;
	minute = take_number(text, 2);
	if (minute < 0 || minute > 59)
		return -1;
	if (take_char(text, ':')) {
		second = take_number(text, 2);
		if (second < 0 || second > 59)
			return -1;
		if (take_char(text, '.'))
			milli = take_number(text, 3);
		if (milli < 0)
			return -1;
	}
	*ms = hour * CALENDAR_HOUR + minute * CALENDAR_MINUTE + second * CALENDAR_SECOND + milli;
	return 0;
}

int calendar_parse(struct slice text, int64_t day, int64_t *ms)
{
	int64_t date = day, time_of_day = 0;

	if (text.len > 4 && text.data[4] == '-') {
		if (parse_date(&text, &date) < 0)
			return -1;
		if (take_char(&text, 'T') && parse_time_of_day(&text, &time_of_day) < 0)
			return -1;
	} else if (parse_time_of_day(&text, &time_of_day) < 0) {
		return -1;
	}
	take_char(&text, 'Z');
	if (text.len > 0)
		return -1;
	*ms = date + time_of_day;
	return 0;
}

void calendar_text(int64_t ms, char out[CALENDAR_TEXT_SIZE])
{
	struct calendar_date date = calendar_date_of(ms);
	int64_t rest = ms - calendar_instant(date);

	if (rest < 0 || rest >= CALENDAR_DAY) { /* out of the years we count */
		snprintf(out, CALENDAR_TEXT_SIZE, "%lld ms", (long long)ms);
		return;
	}
	snprintf(out, CALENDAR_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", date.year % 10000,
		 date.month % 100, date.day % 100, (int)(rest / CALENDAR_HOUR),
		 (int)(rest / CALENDAR_MINUTE % 60), (int)(rest / CALENDAR_SECOND % 60), (int)(rest % 1000));
}
