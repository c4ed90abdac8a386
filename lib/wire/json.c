#include "wire/json.h"

#include "base/utf8.h"
#include "wire/decoder.h"

#include <math.h>
#include <stdlib.h>

#define MAX_NUMBER 128 /* characters of a number with a fraction or exponent */

/* ---- checking: RFC 8259, one pass, recursion bounded by max_depth ---- */

struct checker {
	const char *p, *end;
	unsigned depth_left;
	const char *fault;
};

static bool check_value(struct checker *c);

static bool fail(struct checker *c, const char *fault)
{
	if (c->fault == NULL)
		c->fault = fault;
	return false;
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

static char peek(struct checker *c)
{
	c->p = skip_blanks(c->p, c->end);
	return c->p < c->end ? *c->p : '\0';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The code unit of "uXXXX" at p, or -1. */
static int code_unit(const char *p, const char *end)
{
	int unit = 0;

	if (end - p < 5 || *p != 'u')
		return -1;
	for (int i = 1; i <= 4; i++) {
		int digit = hex_digit(p[i]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* p is behind the backslash. */
static bool check_escape(struct checker *c)
{
	int unit;

	if (c->p == c->end)
		return fail(c, "text ends in a string");
	if (*c->p != 'u') {
		if (*c->p == '\0' || strchr("\"\\/bfnrt", *c->p) == NULL)
			return fail(c, "unknown escape");
		c->p++;
		return true;
	}
	unit = code_unit(c->p, c->end);
	if (unit < 0)
		return fail(c, "unknown escape");
	c->p += 5;
	if (unit >= 0xdc00 && unit <= 0xdfff)
		return fail(c, "half a surrogate pair");
	if (unit < 0xd800 || unit > 0xdbff)
		return true;
	unit = c->p < c->end && *c->p == '\\' ? code_unit(c->p + 1, c->end) : -1;
	if (unit < 0xdc00 || unit > 0xdfff)
		return fail(c, "half a surrogate pair");
	c->p += 6;
	return true;
}

static bool check_string(struct checker *c)
{
	c->p++; /* the quote */
	while (c->p < c->end) {
		unsigned char ch = (unsigned char)*c->p++;

		if (ch == '"')
			return true;
		if (ch < 0x20)
			return fail(c, "control character in a string");
		if (ch == '\\' && !check_escape(c))
			return false;
	}
	return fail(c, "text ends in a string");
}

static bool check_digits(struct checker *c)
{
	const char *from = c->p;

	while (c->p < c->end && is_digit(*c->p))
		c->p++;
	return c->p > from ? true : fail(c, "a number without digits");
}

static bool check_number(struct checker *c)
{
	if (*c->p == '-')
		c->p++;
	if (c->p < c->end && *c->p == '0')
		c->p++;
	else if (!check_digits(c))
		return false;
	if (c->p < c->end && *c->p == '.') {
		c->p++;
		if (!check_digits(c))
			return false;
	}
	if (c->p < c->end && (*c->p == 'e' || *c->p == 'E')) {
		c->p++;
		if (c->p < c->end && (*c->p == '+' || *c->p == '-'))
			c->p++;
		if (!check_digits(c))
			return false;
	}
	return true;
}

static bool check_word(struct checker *c, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(c->end - c->p) < len || memcmp(c->p, word, len) != 0)
		return fail(c, "not a value");
	c->p += len;
	return true;
}

static bool check_member(struct checker *c)
{
	if (peek(c) != '"')
		return fail(c, "a member without a name");
	if (!check_string(c))
		return false;
	if (peek(c) != ':')
		return fail(c, "':' missing");
	c->p++;
	return check_value(c);
}

static bool check_container(struct checker *c, char close)
{
	if (c->depth_left == 0)
		return fail(c, "nested too deep");
	c->depth_left--;
	c->p++;
	if (peek(c) == close) {
		c->p++;
		c->depth_left++;
		return true;
	}
	for (;;) {
		if (!(close == '}' ? check_member(c) : check_value(c)))
			return false;
		if (peek(c) == close)
			break;
		if (c->p == c->end || *c->p != ',')
			return fail(c, c->p == c->end ? "text ends early" : "',' missing");
		c->p++;
	}
	c->p++;
	c->depth_left++;
	return true;
}

static bool check_value(struct checker *c)
{
	switch (peek(c)) {
	case '{': return check_container(c, '}');
	case '[': return check_container(c, ']');
	case '"': return check_string(c);
	case 't': return check_word(c, "true");
	case 'f': return check_word(c, "false");
	case 'n': return check_word(c, "null");
	case '-': return check_number(c);
	default:
		if (c->p < c->end && is_digit(*c->p))
			return check_number(c);
		return fail(c, c->p == c->end ? "text ends early" : "not a value");
	}
}

int json_check(struct slice text, unsigned max_depth, struct err *err)
{
	struct checker c = {.p = text.data, .end = text.data + text.len, .depth_left = max_depth};

	if (!utf8_valid(text))
		return err_set(err, ERR_POISON, POISON_BYTES, "not UTF-8");
	if (check_value(&c) && peek(&c) == '\0' && c.p == c.end)
		return 0;
	return err_set(err, ERR_POISON, POISON_BYTES, "not JSON: %s, at byte %zu",
		       c.fault ? c.fault : "more text behind the value", (size_t)(c.p - text.data));
}

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

	c.p = skip_blanks(c.p, c.end);
	if (c.p < c.end)
		c.p++;
	return c;
}

bool json_next_item(struct json_cursor *c, struct slice *value)
{
	const char *from;

	c->p = skip_blanks(c->p, c->end);
	if (c->p < c->end && *c->p == ',')
		c->p = skip_blanks(c->p + 1, c->end);
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
	c->p = skip_blanks(c->p, c->end);
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
		code = (unsigned)code_unit(p, end);
		p += 5;
		if (code >= 0xd800 && code <= 0xdbff) {
			code = 0x10000 + ((code - 0xd800) << 10) + ((unsigned)code_unit(p + 1, end) - 0xdc00);
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
