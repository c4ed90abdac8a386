#include "summary/retry.h"

#include <stdio.h>
#include <string.h>

#define SHORT_BASE_MS 500
#define SHORT_CAP_MS  8000
#define SLOW_MS	      60000

/* ---- numbers and dates in headers ---- */

/* Digits, at most one point: "1.5" * 1000 -> 1500. -1 when something else. */
static int64_t decimal(struct slice s, int64_t scale)
{
	int64_t value = 0;
	bool point = false;

	if (s.len == 0 || s.len > 12 || s.data[0] == '.')
		return -1;
	value = 0;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (c == '.' && !point) {
			point = true;
			continue;
		}
		if (c < '0' || c > '9')
			return -1;
		if (!point) {
			value = value * 10 + (c - '0') * scale;
		} else {
			scale /= 10;
			value += (c - '0') * scale;
		}
	}
	return value;
}

static int two_digits(const char *p)
{
	return p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9' ? (p[0] - '0') * 10 + p[1] - '0' : -1;
}

/* Days since 1970-01-01 in the Gregorian calendar. */
static int64_t days_from_date(int64_t year, int month, int day)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int64_t y = year - 1;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return y * 365 + y / 4 - y / 100 + y / 400 - 719162 + before[month - 1] + (month > 2 && leap) + day -
	       1;
}

int64_t retry_http_date(struct slice s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int day, century, year, hour, minute, second, month = 0;

	if (s.len != 29 || s.data[3] != ',' || s.data[4] != ' ' || s.data[7] != ' ' || s.data[11] != ' ' ||
	    s.data[16] != ' ' || s.data[19] != ':' || s.data[22] != ':' ||
	    memcmp(s.data + 25, " GMT", 4) != 0)
		return -1;
	day = two_digits(s.data + 5);
	century = two_digits(s.data + 12);
	year = two_digits(s.data + 14);
	hour = two_digits(s.data + 17);
	minute = two_digits(s.data + 20);
	second = two_digits(s.data + 23);
	while (month < 12 && memcmp(months + 3 * month, s.data + 8, 3) != 0)
		month++;
	if (day < 1 || day > 31 || century < 19 || year < 0 || hour < 0 || hour > 23 || minute < 0 ||
	    minute > 59 || second < 0 || second > 60 || month == 12)
		return -1;
	return ((days_from_date(century * 100 + year, month + 1, day) * 24 + hour) * 60 + minute) * 60000 +
	       second * 1000;
}

static size_t unit_of(struct slice s, int64_t *ms)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {{"ms", 1}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t len = strlen(units[i].name);

		if (s.len >= len && memcmp(s.data, units[i].name, len) == 0) {
			*ms = units[i].ms;
			return len;
		}
	}
	return 0;
}

int64_t retry_span(struct slice s)
{
	int64_t total = 0, unit = 0, part;

	if (decimal(s, 1000) >= 0)
		return decimal(s, 1000);
	if (s.len == 0)
		return -1;
	while (s.len > 0) {
		size_t digits = 0, len;

		while (digits < s.len && strchr("0123456789.", s.data[digits]) != NULL)
			digits++;
		len = unit_of(slice_make(s.data + digits, s.len - digits), &unit);
		part = len > 0 ? decimal(slice_make(s.data, digits), unit) : -1;
		if (part < 0)
			return -1;
		total += part;
		s = slice_make(s.data + digits + len, s.len - digits - len);
	}
	return total;
}

/* How long until the quota is whole again; 0 when it says nothing or is not
 * known to be used up while `strict`. */
static int64_t reset_delay(const struct retry_quota *q, bool strict)
{
	int64_t ms = retry_span(q->reset);

	if (ms <= 0 || (strict && decimal(q->remaining, 1) != 0))
		return 0;
	return ms < RETRY_RESET_MAX_MS ? ms : RETRY_RESET_MAX_MS;
}

/* The quota that is used up says when; when none says that it is, the later one. */
static int64_t quota_delay(const struct retry_input *in)
{
	for (int strict = 1; strict >= 0; strict--) {
		int64_t requests = reset_delay(&in->requests, strict);
		int64_t tokens = reset_delay(&in->tokens, strict);

		if (requests > 0 || tokens > 0)
			return requests > tokens ? requests : tokens;
	}
	return -1;
}

/* What the server asked for in milliseconds; -1 when it did not. */
static int64_t asked_delay(const struct retry_input *in)
{
	int64_t ms = decimal(in->retry_after_ms, 1), date;

	if (ms >= 0)
		return ms;
	ms = decimal(in->retry_after, 1000);
	if (ms >= 0)
		return ms;
	date = retry_http_date(in->retry_after);
	if (date < 0)
		return in->status == 429 ? quota_delay(in) : -1;
	return date > in->wall_ms ? date - in->wall_ms : 0;
}

/* ---- decisions ---- */

static struct retry_decision later(const struct retry_input *in)
{
	int64_t asked = asked_delay(in), delay = SHORT_BASE_MS;

	if (asked > RETRY_AFTER_MAX_MS)
		return (struct retry_decision){RETRY_SLOWLY, RETRY_AFTER_MAX_MS, true};
	if (asked >= 0)
		return (struct retry_decision){RETRY_LATER, asked, true};
	for (int i = 0; i < in->attempt && delay < SHORT_CAP_MS; i++)
		delay *= 2;
	if (delay > SHORT_CAP_MS)
		delay = SHORT_CAP_MS;
	return (struct retry_decision){RETRY_LATER, delay - (int64_t)((double)delay / 4 * in->random), false};
}

static bool retriable(const struct retry_input *in)
{
	if (slice_equal_nocase(in->should_retry, SLICE_LITERAL("true")))
		return true;
	if (slice_equal_nocase(in->should_retry, SLICE_LITERAL("false")))
		return false;
	return in->status == 408 || in->status == 409 || in->status == 429 || in->status >= 500;
}

/* What the text of an error told, before its status is looked at. False when
 * it told nothing. */
static bool by_reason(const struct retry_input *in, struct retry_decision *out)
{
	*out = (struct retry_decision){.action = RETRY_NEVER};
	switch (in->reason) {
	case REASON_CONTEXT_LENGTH: out->action = in->halved ? RETRY_NEVER : RETRY_HALF_INPUT; return true;
	case REASON_MAX_TOKENS_FIELD:
		out->action = in->max_tokens_tried ? RETRY_SLOWLY : RETRY_MAX_TOKENS;
		break;
	case REASON_TEMPERATURE:
		out->action = in->no_temperature_tried ? RETRY_SLOWLY : RETRY_NO_TEMPERATURE;
		break;
	case REASON_QUOTA:
	case REASON_MODEL: out->action = RETRY_SLOWLY; break;
	default: return false;
	}
	if (out->action == RETRY_SLOWLY)
		out->delay_ms = SLOW_MS;
	return true;
}

struct retry_decision retry_decide(const struct retry_input *in)
{
	const struct retry_decision never = {.action = RETRY_NEVER};
	struct retry_decision d;

	if (!in->answered)
		return later(in);
	if (in->status >= 200 && in->status <= 299) /* an answer, only not a usable one */
		return in->kind != REPLY_GARBAGE && in->kind != REPLY_ERROR ? never
		       : in->kind == REPLY_ERROR && by_reason(in, &d)	    ? d
									    : later(in);
	if (in->kind == REPLY_FILTERED)
		return never;
	if (in->kind == REPLY_ERROR && by_reason(in, &d))
		return d;
	if (retriable(in))
		return later(in);
	/* 400, 413 and 422 are about this question; every other refusal is about
	 * us: a key, a path, a permission, a redirect. Those a person can mend while
	 * the questions wait. */
	if (in->status == 400 || in->status == 413 || in->status == 422)
		return never;
	return (struct retry_decision){.action = RETRY_SLOWLY, .delay_ms = SLOW_MS};
}
