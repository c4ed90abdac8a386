#include "base/utf8.h"

static bool is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

size_t utf8_sequence(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n;

	if (len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (len < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if (!is_tail(p[i]))
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || /* overlong, surrogate */
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))   /* overlong, > U+10FFFF */
		return 0;
	return n;
}

bool utf8_valid(struct slice s)
{
	for (size_t i = 0; i < s.len;) {
		size_t n = utf8_sequence(s.data + i, s.len - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

struct slice utf8_prefix(struct slice s, size_t max)
{
	if (s.len <= max)
		return s;
	while (max > 0 && is_tail((unsigned char)s.data[max]))
		max--;
	return slice_make(s.data, max);
}
