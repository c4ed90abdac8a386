#include "base/buf.h"

#include "base/block.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_release(struct buf *b)
{
	free(b->data);
	*b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

char *buf_reserve(struct buf *b, size_t len)
{
	size_t need, cap;
	char *data;

	if (b->failed)
		return NULL;
	if (len > b->max || b->len > b->max - len) {
		b->failed = true;
		return NULL;
	}
	need = b->len + len;
	if (need <= b->cap && b->data != NULL)
		return b->data + b->len;
	cap = b->cap ? b->cap : 64;
	while (cap < need)
		cap *= 2;
	data = realloc(b->data, cap);
	if (data == NULL) {
		b->failed = true;
		return NULL;
	}
	b->data = data;
	b->cap = cap;
	return b->data + b->len;
}

void buf_append(struct buf *b, const void *data, size_t len)
{
	char *to;

	if (len == 0)
		return;
	to = buf_reserve(b, len);
	if (to == NULL)
		return;
	memcpy(to, data, len);
	b->len += len;
}

void buf_slice(struct buf *b, struct slice s)
{
	buf_append(b, s.data, s.len);
}

void buf_str(struct buf *b, const char *text)
{
	buf_append(b, text, strlen(text));
}

void buf_byte(struct buf *b, uint8_t byte)
{
	buf_append(b, &byte, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args, again;
	char *to;
	int n;

	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	to = n < 0 ? NULL : buf_reserve(b, (size_t)n + 1);
	if (to != NULL) {
		vsnprintf(to, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

static void json_escape(struct buf *b, unsigned char c)
{
	switch (c) {
	case '"': buf_str(b, "\\\""); break;
	case '\\': buf_str(b, "\\\\"); break;
	case '\n': buf_str(b, "\\n"); break;
	case '\r': buf_str(b, "\\r"); break;
	case '\t': buf_str(b, "\\t"); break;
	default: buf_printf(b, "\\u%04x", c);
	}
}

/* ASCII that must not stand in JSON as it is, and all that is not ASCII, which
 * has to be looked at. */
static bool is_special(unsigned char c)
{
	return c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&';
}

static bool block_is_special(const char *p)
{
	block b, special;

	block_load(&b, p);
	special = (block)(b < 0x20) | (block)(b > 0x7e) | (block)(b == '"') | (block)(b == '\\') |
		  (block)(b == '<') | (block)(b == '>') | (block)(b == '&');
	return block_any(&special);
}

/* Where the text ends that begins at `at` and needs no look. */
static size_t behind_plain(struct slice s, size_t at)
{
	while (s.len - at >= BLOCK && !block_is_special(s.data + at))
		at += BLOCK;
	while (at < s.len && !is_special((unsigned char)s.data[at]))
		at++;
	return at;
}

void buf_json_string(struct buf *b, struct slice s)
{
	size_t i = 0;

	buf_byte(b, '"');
	while (i < s.len) {
		size_t n = behind_plain(s, i) - i;

		if (n == 0 && (unsigned char)s.data[i] < 0x80) {
			json_escape(b, (unsigned char)s.data[i++]);
			continue;
		}
		if (n == 0)
			n = utf8_sequence(s.data + i, s.len - i);
		if (n == 0) {
			buf_str(b, "\xef\xbf\xbd");
			i++;
		} else {
			buf_append(b, s.data + i, n);
			i += n;
		}
	}
	buf_byte(b, '"');
}

const char *buf_cstr(struct buf *b)
{
	char *end = buf_reserve(b, 1);

	if (end == NULL)
		return "";
	*end = '\0';
	return b->data;
}
