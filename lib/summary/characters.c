#include "summary/characters.h"

uint32_t character_code(const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t code;

	if (n == 1)
		return p[0];
	code = p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++)
		code = code << 6 | (p[i] & 0x3f);
	return code;
}

enum character character_class(uint32_t c)
{
	static const struct {
		uint32_t from, to;
		enum character class;
	} table[] = {
		{0x0009, 0x000d, CHARACTER_BLANK},     {0x0020, 0x0020, CHARACTER_BLANK},
		{0x0000, 0x001f, CHARACTER_HIDDEN},    {0x0085, 0x0085, CHARACTER_BLANK},
		{0x007f, 0x009f, CHARACTER_HIDDEN},    {0x00a0, 0x00a0, CHARACTER_BLANK},
		{0x00ad, 0x00ad, CHARACTER_HIDDEN},    {0x034f, 0x034f, CHARACTER_HIDDEN},
		{0x061c, 0x061c, CHARACTER_HIDDEN},    {0x115f, 0x1160, CHARACTER_HIDDEN},
		{0x1680, 0x1680, CHARACTER_BLANK},     {0x17b4, 0x17b5, CHARACTER_HIDDEN},
		{0x180b, 0x180f, CHARACTER_HIDDEN},    {0x2000, 0x200a, CHARACTER_BLANK},
		{0x200d, 0x200d, CHARACTER_JOINER},    {0x200b, 0x200f, CHARACTER_HIDDEN},
		{0x2028, 0x2029, CHARACTER_BLANK},     {0x202f, 0x202f, CHARACTER_BLANK},
		{0x202a, 0x202e, CHARACTER_HIDDEN},    {0x205f, 0x205f, CHARACTER_BLANK},
		{0x2060, 0x206f, CHARACTER_HIDDEN},    {0x3000, 0x3000, CHARACTER_BLANK},
		{0x3164, 0x3164, CHARACTER_HIDDEN},    {0xe000, 0xf8ff, CHARACTER_HIDDEN},
		{0xfe0e, 0xfe0f, CHARACTER_JOINER},    {0xfe00, 0xfe0f, CHARACTER_HIDDEN},
		{0xfeff, 0xfeff, CHARACTER_HIDDEN},    {0xffa0, 0xffa0, CHARACTER_HIDDEN},
		{0xfff0, 0xfffb, CHARACTER_HIDDEN},    {0x1d173, 0x1d17a, CHARACTER_HIDDEN},
		{0xe0000, 0x10ffff, CHARACTER_HIDDEN},
	};

	if (c > 0x20 && c < 0x7f)
		return CHARACTER_PLAIN; /* nearly every one: no search */
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (c >= table[i].from && c <= table[i].to)
			return table[i].class;
	return CHARACTER_PLAIN;
}

size_t character_count(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.data[i] & 0xc0) != 0x80;
	return n;
}
