#include "conf/units.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *name;
	int64_t factor;
};

/* Largest first. */
static const struct unit durations[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
static const struct unit sizes[] = {
	{"TiB", 1LL << 40}, {"GiB", 1LL << 30}, {"MiB", 1LL << 20}, {"KiB", 1LL << 10}, {"B", 1}};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A comment behind a value is the usual cause of odd text after it. */
static const char *hint(const char *rest)
{
	return strchr(rest, '#') != NULL ? "; a comment must have a line of its own" : "";
}

int units_parse_int(const char *text, int64_t *out, struct err *err)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || isspace((unsigned char)*text) || *text == '+')
		return err_set(err, ERR_CONFIG, 0, "\"%s\" is not a whole number%s", text, hint(text));
	if (errno == ERANGE)
		return err_set(err, ERR_CONFIG, 0, "%s is too large", text);
	*out = n;
	return 0;
}

int units_parse_number(const char *text, double *out, struct err *err)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	char *end = (char *)text;
	double d = 0;

	if (c != (locale_t)0) {
		d = strtod_l(text, &end, c); /* never a decimal comma */
		freelocale(c);
	}
	if (end == text || *end != '\0' || !isfinite(d) || strspn(text, "0123456789.-eE") != strlen(text))
		return err_set(err, ERR_CONFIG, 0, "\"%s\" is not a number%s", text, hint(text));
	*out = d;
	return 0;
}

/* A whole number and one of the units; *unit is NULL when there was none. */
static int parse_quantity(const char *text, const struct unit *units, size_t count, int64_t *number,
			  const struct unit **unit)
{
	char *end;

	*unit = NULL;
	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	*number = strtoll(text, &end, 10);
	if (errno == ERANGE)
		*number = INT64_MAX;
	while (*end == ' ')
		end++;
	if (*end == '\0')
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(end, units[i].name) == 0) {
			*unit = &units[i];
			return 0;
		}
	}
	return -1;
}

int units_parse_duration(const char *text, int64_t *ms, struct err *err)
{
	const struct unit *unit;
	int64_t n;

	if (parse_quantity(text, durations, COUNT(durations), &n, &unit))
		return err_set(err, ERR_CONFIG, 0,
			       "\"%s\" is not a duration; write 500ms, 20s, 20m, 2h or 30d%s", text,
			       hint(text));
	if (unit == NULL && n != 0)
		return err_set(err, ERR_CONFIG, 0, "\"%s\" has no unit; write %s with ms, s, m, h or d", text,
			       text);
	if (unit != NULL && n > INT64_MAX / unit->factor)
		return err_set(err, ERR_CONFIG, 0, "%s is too large", text);
	*ms = unit == NULL ? 0 : n * unit->factor;
	return 0;
}

int units_parse_bytes(const char *text, int64_t *bytes, struct err *err)
{
	const struct unit *unit;
	int64_t n;

	if (parse_quantity(text, sizes, COUNT(sizes), &n, &unit))
		return err_set(err, ERR_CONFIG, 0, "\"%s\" is not a size; write 4096, 64KiB, 64MiB or 1GiB%s",
			       text, hint(text));
	if (n > INT64_MAX / (unit == NULL ? 1 : unit->factor))
		return err_set(err, ERR_CONFIG, 0, "%s is too large", text);
	*bytes = unit == NULL ? n : n * unit->factor;
	return 0;
}

static void quantity_text(int64_t n, const struct unit *units, size_t count, char out[UNITS_TEXT_SIZE])
{
	for (size_t i = 0; i < count; i++) {
		if (n != 0 && n % units[i].factor == 0) {
			snprintf(out, UNITS_TEXT_SIZE, "%lld%s", (long long)(n / units[i].factor),
				 units[i].name);
			return;
		}
	}
	snprintf(out, UNITS_TEXT_SIZE, "0");
}

void units_duration_text(int64_t ms, char out[UNITS_TEXT_SIZE])
{
	quantity_text(ms, durations, COUNT(durations), out);
}

void units_bytes_text(int64_t bytes, char out[UNITS_TEXT_SIZE])
{
	quantity_text(bytes, sizes, COUNT(sizes), out);
}
