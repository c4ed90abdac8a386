#include "daemon/top_words.h"

#include "base/json_read.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- reading ---- */

double status_number(const cJSON *object, const char *name)
{
	const cJSON *n = json_member(object, name);

	return cJSON_IsNumber(n) ? n->valuedouble : NAN;
}

struct slice status_text(const cJSON *object, const char *name)
{
	const char *s = json_member_string(object, name);

	return slice_str(s != NULL ? s : "");
}

bool status_true(const cJSON *object, const char *name)
{
	return cJSON_IsTrue(json_member(object, name));
}

const cJSON *status_same(const cJSON *array, const cJSON *like, const char *name, const char *second)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, array)
	{
		if (slice_equal(status_text(item, name), status_text(like, name)) &&
		    (second == NULL || status_number(item, second) == status_number(like, second)))
			return item;
	}
	return NULL;
}

/* ---- words ---- */

struct slice words_grouped(char *to, size_t size, double n)
{
	char digits[64];
	size_t len, at = 0;

	if (!isfinite(n) || fabs(n) > 1e18)
		return SLICE_LITERAL("-");
	len = (size_t)snprintf(digits, sizeof(digits), "%.0f", n);
	for (size_t i = 0; i < len && at + 2 < size; i++) {
		to[at++] = digits[i];
		if ((len - i) % 3 == 1 && i + 1 < len && digits[i] != '-')
			to[at++] = ',';
	}
	return slice_make(to, at);
}

struct slice words_rate(char *to, size_t size, double r)
{
	int n;

	if (!isfinite(r) || r <= 0 || r > 1e12)
		return SLICE_LITERAL("-");
	if (r < 10)
		n = snprintf(to, size, r < 0.05 ? "<0.1/s" : "%.1f/s", r);
	else
		n = r < 10000 ? snprintf(to, size, "%.0f/s", r) : snprintf(to, size, "%.1fk/s", r / 1000);
	return slice_make(to, (size_t)n);
}

struct slice words_span(char *to, size_t size, double ms)
{
	double s = ms > 0 ? ms / 1000 : 0;
	int n;

	if (!isfinite(ms) || ms > 1e15)
		return SLICE_LITERAL("-");
	if (s < 120)
		n = snprintf(to, size, "%.0f s", s);
	else if (s < 7200)
		n = snprintf(to, size, "%.0f min", s / 60);
	else
		n = s < 172800 ? snprintf(to, size, "%.0f h", s / 3600)
			       : snprintf(to, size, "%.0f d", s / 86400);
	return slice_make(to, (size_t)n);
}

struct slice words_clock(char *to, size_t size, double ms)
{
	time_t seconds = isfinite(ms) && fabs(ms) < 1e15 ? (time_t)floor(ms / 1000) : 0;
	struct tm tm;

	if (!isfinite(ms) || gmtime_r(&seconds, &tm) == NULL)
		return SLICE_LITERAL("-");
	return slice_make(to, strftime(to, size, "%H:%M:%S", &tm));
}
