#include "base/utf8.h"
#include "wire/decoder.h"
#include "wire/json.h"
#include "wire/json_text.h"

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

static char peek(struct checker *c)
{
	c->p = json_skip_blanks(c->p, c->end);
	return c->p < c->end ? *c->p : '\0';
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
	unit = json_code_unit(c->p, c->end);
	if (unit < 0)
		return fail(c, "unknown escape");
	c->p += 5;
	if (unit >= 0xdc00 && unit <= 0xdfff)
		return fail(c, "half a surrogate pair");
	if (unit < 0xd800 || unit > 0xdbff)
		return true;
	unit = c->p < c->end && *c->p == '\\' ? json_code_unit(c->p + 1, c->end) : -1;
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

	while (c->p < c->end && json_is_digit(*c->p))
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
		if (c->p < c->end && json_is_digit(*c->p))
			return check_number(c);
		return fail(c, c->p == c->end ? "text ends early" : "not a value");
	}
}

int json_check(struct slice text, unsigned max_depth, struct err *err)
{
	struct checker c = {.depth_left = max_depth};

	if (text.len == 0)
		text = slice_make("", 0);
	c.p = text.data;
	c.end = text.data + text.len;
	if (!utf8_valid(text))
		return err_set(err, ERR_POISON, POISON_BYTES, "not UTF-8");
	if (check_value(&c) && peek(&c) == '\0' && c.p == c.end)
		return 0;
	return err_set(err, ERR_POISON, POISON_BYTES, "not JSON: %s, at byte %zu",
		       c.fault ? c.fault : "more text behind the value", (size_t)(c.p - text.data));
}
