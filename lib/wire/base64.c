#include "wire/base64.h"

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

bool base64_decode(struct slice text, struct buf *out)
{
	size_t before = out->len;
	uint32_t bits = 0;
	unsigned have = 0;

	if (text.len % 4 == 0 && text.len > 0 && text.data[text.len - 1] == '=')
		text.len -= text.data[text.len - 2] == '=' ? 2 : 1;
	if (text.len % 4 == 1)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int d = digit(text.data[i]);

		if (d < 0) {
			out->len = before;
			return false;
		}
		bits = bits << 6 | (uint32_t)d;
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_byte(out, (uint8_t)(bits >> have));
		}
	}
	return !buf_failed(out);
}
