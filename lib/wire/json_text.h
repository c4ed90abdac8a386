#ifndef RIVER_WIRE_JSON_TEXT_H
#define RIVER_WIRE_JSON_TEXT_H

/* What json_check.c and json.c both need to know of JSON's characters. */

#include <stdbool.h>

static inline bool json_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline int json_hex_digit(char c)
{
	if (json_is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The code unit of "uXXXX" at p, or -1. */
static inline int json_code_unit(const char *p, const char *end)
{
	int unit = 0;

	if (end - p < 5 || *p != 'u')
		return -1;
	for (int i = 1; i <= 4; i++) {
		int digit = json_hex_digit(p[i]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

static inline const char *json_skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

#endif
