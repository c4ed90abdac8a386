/* Event time: the calendar and the many forms of an instant. */

#include "event_time/event_time.h"
#include "test/lib/cmocka_all.h"

#include <stdlib.h>
#include <time.h>

static int64_t parse(const char *text)
{
	struct value v = {.kind = VALUE_STRING, .s = slice_str(text)};
	struct event_time t;

	return event_time_of_value(&v, &t) == 0 ? t.ms : INT64_MIN;
}

static int64_t of_long(int64_t n, enum value_unit unit)
{
	struct value v = {.kind = VALUE_LONG, .unit = (uint8_t)unit, .i = n};
	struct event_time t;

	return event_time_of_value(&v, &t) == 0 ? t.ms : INT64_MIN;
}

static const char *iso(int64_t ms)
{
	static char text[EVENT_TIME_ISO_SIZE];

	event_time_iso(event_time_at(ms), text);
	return text;
}

static void an_instant_reads_back_as_it_was_written(void **state)
{
	(void)state;
	assert_string_equal(iso(0), "1970-01-01T00:00:00.000Z");
	assert_string_equal(iso(-1), "1969-12-31T23:59:59.999Z");
	assert_string_equal(iso(EVENT_TIME_LOWEST_MS), "0001-01-01T00:00:00.000Z");
	assert_string_equal(iso(EVENT_TIME_HIGHEST_MS), "9999-12-31T23:59:59.999Z");
	assert_string_equal(iso(EVENT_TIME_MIN.ms), "-");
	for (int64_t ms = EVENT_TIME_LOWEST_MS; ms < EVENT_TIME_HIGHEST_MS; ms += 86399999LL * 97)
		assert_true(parse(iso(ms)) == ms);
}

static void dates_agree_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t s = -60000000000LL; s < 250000000000LL; s += 86400LL * 31 + 12345) {
		time_t t = (time_t)s;
		char expected[EVENT_TIME_ISO_SIZE];
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(expected, sizeof(expected), "%H:%M:%S.000Z", &tm);
		assert_string_equal(iso(s * 1000) + 11, expected);
		assert_true(strtol(iso(s * 1000), NULL, 10) == tm.tm_year + 1900);
		assert_true(strtol(iso(s * 1000) + 5, NULL, 10) == tm.tm_mon + 1);
		assert_true(strtol(iso(s * 1000) + 8, NULL, 10) == tm.tm_mday);
	}
}

static void a_month_before_is_clamped_to_the_last_day(void **state)
{
	static const char *const pairs[][2] = {
		{"2026-03-31T10:11:12.013Z", "2026-02-28T10:11:12.013Z"},
		{"2024-03-31T00:00:00.000Z", "2024-02-29T00:00:00.000Z"},
		{"2026-03-28T23:59:59.999Z", "2026-02-28T23:59:59.999Z"},
		{"2026-01-15T00:00:00.000Z", "2025-12-15T00:00:00.000Z"},
		{"2026-07-31T00:00:00.000Z", "2026-06-30T00:00:00.000Z"},
		{"2026-12-31T00:00:00.000Z", "2026-11-30T00:00:00.000Z"},
		{"2000-03-30T01:00:00.000Z", "2000-02-29T01:00:00.000Z"},
		{"1900-03-30T01:00:00.000Z", "1900-02-28T01:00:00.000Z"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		assert_string_equal(iso(event_time_month_before(event_time_at(parse(pairs[i][0]))).ms),
				    pairs[i][1]);
}

static void iso_8601_is_read_in_its_common_forms(void **state)
{
	int64_t t = parse("2026-03-01T10:00:00Z");

	(void)state;
	assert_true(t == 1772359200000LL);
	assert_true(parse("2026-03-01 10:00") == t);
	assert_true(parse("2026-03-01T12:00:00+02:00") == t);
	assert_true(parse("2026-03-01T08:30:00-0130") == t);
	assert_true(parse("2026-03-01T10:00:00.5") == t + 500);
	assert_true(parse("2026-03-01T10:00:00.123456789Z") == t + 123);
	assert_true(parse("2026-03-01") == t - 10 * 3600000LL);
	assert_true(parse("1772359200000") == t);
	assert_true(parse("-1") == -1);
}

static void what_is_no_instant_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"2026-02-29",
		"2026-13-01",
		"2026-00-10",
		"2026-01-00",
		"0000-01-01",
		"2026-1-1",
		"2026-01-01T",
		"2026-01-01T24:00",
		"2026-01-01T10:60",
		"2026-01-01T10:00:60",
		"2026-01-01T10:00:00.",
		"2026-01-01T10:00Zx",
		"2026-01-01T10:00+1",
		"99999999999999999999",
		"9999999999999999",
		"-",
		"12a",
		"0001-01-01T00:00+01:00",
		"9999-12-31T23:59:59-00:01",
	};
	struct value v = {.kind = VALUE_BOOL, .i = 1};
	struct event_time t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(parse(bad[i]) == INT64_MIN);
	assert_int_equal(event_time_of_value(&v, &t), -1);
	v.kind = VALUE_NULL;
	assert_int_equal(event_time_of_value(&v, &t), -1);
	v = (struct value){.kind = VALUE_DOUBLE, .d = 0.5};
	assert_int_equal(event_time_of_value(&v, &t), -1);
	v.d = 1e300;
	assert_int_equal(event_time_of_value(&v, &t), -1);
	v.d = 0.0 / 0.0;
	assert_int_equal(event_time_of_value(&v, &t), -1);
	v.d = 1e12;
	assert_int_equal(event_time_of_value(&v, &t), 0);
}

static void numbers_have_units(void **state)
{
	(void)state;
	assert_true(of_long(5, UNIT_NONE) == 5);
	assert_true(of_long(5, UNIT_MILLIS) == 5);
	assert_true(of_long(5999, UNIT_MICROS) == 5);
	assert_true(of_long(-1, UNIT_MICROS) == -1);
	assert_true(of_long(5999999, UNIT_NANOS) == 5);
	assert_true(of_long(2, UNIT_DAYS) == 172800000);
	assert_true(of_long(INT64_MAX, UNIT_DAYS) == INT64_MIN);
	assert_true(of_long(INT64_MAX, UNIT_MILLIS) == INT64_MIN);
	assert_true(of_long(INT64_MIN, UNIT_NONE) == INT64_MIN);
	assert_true(of_long(INT64_MAX, UNIT_NANOS) == INT64_MAX / 1000000);
	assert_true(of_long(1, UNIT_DECIMAL) == INT64_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_instant_reads_back_as_it_was_written),
		cmocka_unit_test(dates_agree_with_the_c_library),
		cmocka_unit_test(a_month_before_is_clamped_to_the_last_day),
		cmocka_unit_test(iso_8601_is_read_in_its_common_forms),
		cmocka_unit_test(what_is_no_instant_is_refused),
		cmocka_unit_test(numbers_have_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
