#include "base/slice.h"

#include <stdlib.h>

static unsigned char fold(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (fold((unsigned char)a.data[i]) != fold((unsigned char)b.data[i]))
			return false;
	return true;
}

struct slice slice_trim_right(struct slice s)
{
	while (s.len > 0 && s.data[s.len - 1] == ' ')
		s.len--;
	return s;
}

char *slice_dup(struct slice s)
{
	char *copy = malloc(s.len + 1);

	if (copy == NULL)
		return NULL;
	if (s.len > 0)
		memcpy(copy, s.data, s.len);
	copy[s.len] = '\0';
	return copy;
}
