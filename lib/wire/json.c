#include "wire/json.h"

#include "wire/decoder.h"
#include "wire/json_text.h"

#include <math.h>
#include <stdlib.h>

#define MAX_NUMBER 128 /* characters of a number with a fraction or exponent */

/* ---- reading checked text ---- */

static const char *string_end(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p < end ? p + 1 : end;
}

static const char *value_end(const char *p, const char *end)
{
	size_t depth = 0;

	do {
		if (*p == '"') {
			p = string_end(p, end);
		} else if (*p == '{' || *p == '[') {
			depth++;
			p++;
		} else if (*p == '}' || *p == ']') {
			depth--;
			p++;
		} else if (depth > 0) {
			p++;
		} else {
			while (p < end && strchr(" \t\r\n,]}", *p) == NULL)
				p++;
		}
	} while (p < end && depth > 0);
	return p;
}

enum json_type json_type_of(struct slice value)
{
	switch (value.len ? value.data[0] : 'n') {
	case 'n': return JSON_NULL;
	case 't':
	case 'f': return JSON_BOOL;
	case '"': return JSON_STRING;
	case '[': return JSON_ARRAY;
	case '{': return JSON_OBJECT;
	default: return JSON_NUMBER;
	}
}

struct json_cursor json_enter(struct slice container)
{
	struct json_cursor c = {container.data, container.data + container.len};

	c.p = json_skip_blanks(c.p, c.end);
	if (c.p < c.end)
		c.p++;
	return c;
}

bool json_next_item(struct json_cursor *c, struct slice *value)
{
	const char *from;

	c->p = json_skip_blanks(c->p, c->end);
	if (c->p < c->end && *c->p == ',')
		c->p = json_skip_blanks(c->p + 1, c->end);
	if (c->p == c->end || *c->p == ']' || *c->p == '}')
		return false;
	from = c->p;
	c->p = value_end(c->p, c->end);
	*value = slice_make(from, (size_t)(c->p - from));
	return true;
}

bool json_next_member(struct json_cursor *c, struct slice *name, struct slice *value)
{
	if (!json_next_item(c, name) || name->len < 2)
		return false;
	*name = slice_make(name->data + 1, name->len - 2);
	c->p = json_skip_blanks(c->p, c->end);
	if (c->p < c->end && *c->p == ':')
		c->p++;
	return json_next_item(c, value);
}

bool json_find_member(struct slice object, const char *name, struct slice *value)
{
	struct json_cursor c = json_enter(object);
	struct slice at, item;
	bool found = false;

	while (json_next_member(&c, &at, &item)) {
		if (json_name_matches(at, name) == 2) {
			*value = item;
			found = true;
		}
	}
	return found;
}

/* ---- strings ---- */

static char *put_utf8(char *to, unsigned code)
{
	if (code < 0x80) {
		*to++ = (char)code;
		return to;
	}
	if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
	} else {
		if (code < 0x10000) {
			*to++ = (char)(0xe0 | code >> 12);
		} else {
			*to++ = (char)(0xf0 | code >> 18);
			*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (code & 0x3f));
	return to;
}

/* Resolves the escapes of checked text; never longer than what it came from. */
static size_t unescape(struct slice raw, char *out)
{
	static const char from[] = "bfnrt", plain[] = "\b\f\n\r\t";
	const char *p = raw.data, *end = raw.data + raw.len;
	char *to = out;

	while (p < end) {
		const char *simple;
		unsigned code;

		if (*p != '\\') {
			*to++ = *p++;
			continue;
		}
		p++;
		if (*p != 'u') {
			simple = strchr(from, *p);
			*to++ = simple ? plain[simple - from] : *p;
			p++;
			continue;
		}
		code = (unsigned)json_code_unit(p, end);
		p += 5;
		if (code >= 0xd800 && code <= 0xdbff) {
			code = 0x10000 + ((code - 0xd800) << 10) +
			       ((unsigned)json_code_unit(p + 1, end) - 0xdc00);
			p += 6;
		}
		to = put_utf8(to, code);
	}
	return (size_t)(to - out);
}

int json_name_matches(struct slice name, const char *wanted)
{
	struct slice want = slice_str(wanted);
	char plain[256];

	if (name.len > 0 && memchr(name.data, '\\', name.len) != NULL) {
		if (name.len > sizeof(plain))
			return 0;
		name = slice_make(plain, unescape(name, plain));
	}
	if (slice_equal(name, want))
		return 2;
	return slice_equal_nocase(name, want) ? 1 : 0;
}

struct slice json_string(struct slice value, struct buf *scratch)
{
	struct slice raw = slice_make(value.data + 1, value.len - 2);
	char *to;
	size_t n;

	if (raw.len == 0 || memchr(raw.data, '\\', raw.len) == NULL)
		return raw;
	to = buf_reserve(scratch, raw.len);
	if (to == NULL)
		return slice_make(NULL, 0);
	n = unescape(raw, to);
	scratch->len += n;
	return slice_make(to, n);
}

/* ---- numbers ---- */

/* Digits with an optional sign. False when they do not fit. */
static bool integer(struct slice text, int64_t *out)
{
	bool negative = text.data[0] == '-';
	uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX, value = 0;

	for (size_t i = negative; i < text.len; i++) {
		unsigned digit = (unsigned)(text.data[i] - '0');

		if (value > (limit - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*out = (int64_t)(negative ? -value : value);
	return true;
}

static int number(struct slice text, struct value *out, struct err *err)
{
	char copy[MAX_NUMBER];

	if (memchr(text.data, '.', text.len) == NULL && memchr(text.data, 'e', text.len) == NULL &&
	    memchr(text.data, 'E', text.len) == NULL) {
		out->kind = VALUE_LONG;
		if (!integer(text, &out->i))
			return err_set(err, ERR_POISON, POISON_FIELD, "a number beyond 64 bits");
		return 0;
	}
	if (text.len >= sizeof(copy))
		return err_set(err, ERR_POISON, POISON_FIELD, "a number of %zu characters", text.len);
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	out->kind = VALUE_DOUBLE;
	out->d = strtod(copy, NULL);
	if (!isfinite(out->d))
		return err_set(err, ERR_POISON, POISON_FIELD, "a number beyond a double");
	return 0;
}

int json_scalar(struct slice value, struct buf *scratch, struct value *out, struct err *err)
{
	*out = (struct value){.kind = VALUE_NULL};
	switch (json_type_of(value)) {
	case JSON_NULL: return 0;
	case JSON_BOOL:
		out->kind = VALUE_BOOL;
		out->i = value.data[0] == 't';
		return 0;
	case JSON_NUMBER: return number(value, out, err);
	case JSON_STRING:
		out->kind = VALUE_STRING;
		out->s = json_string(value, scratch);
		return 0;
	case JSON_ARRAY: return err_set(err, ERR_POISON, POISON_FIELD, "an array, which is no single value");
	case JSON_OBJECT: break;
	}
	return err_set(err, ERR_POISON, POISON_FIELD, "an object, which is no single value");
}
