#include "hotels/field.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define EXACT_DOUBLE 9007199254740992.0 /* 2^53: integers up to here are exact */

/* A decimal number: unscaled / 10^scale. */
struct decimal {
	__int128 unscaled;
	int scale;
};

#define DECIMAL_MAX_SCALE 36

/* Big-endian two's complement, as Avro and Connect write decimals. */
static int decimal_of_bytes(const struct value *v, struct decimal *out)
{
	const unsigned char *b = (const unsigned char *)v->s.data;
	unsigned __int128 n;

	if (v->unit != UNIT_DECIMAL || v->s.len == 0 || v->s.len > 16 || v->scale < -DECIMAL_MAX_SCALE ||
	    v->scale > DECIMAL_MAX_SCALE)
		return -1;
	n = b[0] & 0x80 ? ~(unsigned __int128)0 : 0;
	for (size_t i = 0; i < v->s.len; i++)
		n = n << 8 | b[i];
	out->unscaled = (__int128)n;
	out->scale = v->scale;
	return 0;
}

/* "-12", "99.50": no exponent, at most 18 digits. */
static int decimal_of_text(struct slice s, struct decimal *out)
{
	bool negative = s.len > 0 && s.data[0] == '-', point = false;
	int digits = 0;

	*out = (struct decimal){0, 0};
	for (size_t i = negative; i < s.len; i++) {
		if (s.data[i] == '.' && !point && digits > 0) {
			point = true;
			continue;
		}
		if (s.data[i] < '0' || s.data[i] > '9' || ++digits > 18)
			return -1;
		out->unscaled = out->unscaled * 10 + (s.data[i] - '0');
		out->scale += point;
	}
	if (negative)
		out->unscaled = -out->unscaled;
	return digits > 0 ? 0 : -1;
}

/* Makes the scale nought; -1 when it is no whole number or too large. */
static int decimal_whole(struct decimal *d)
{
	for (; d->scale > 0; d->scale--) {
		if (d->unscaled % 10 != 0)
			return -1;
		d->unscaled /= 10;
	}
	for (; d->scale < 0 && d->unscaled != 0; d->scale++)
		if (__builtin_mul_overflow(d->unscaled, 10, &d->unscaled))
			return -1;
	d->scale = 0;
	return 0;
}

static int decimal_integer(struct decimal d, int64_t *out)
{
	if (decimal_whole(&d) != 0 || d.unscaled > INT64_MAX || d.unscaled < INT64_MIN)
		return -1;
	*out = (int64_t)d.unscaled;
	return 0;
}

static struct slice digits(int64_t n, char scratch[FIELD_SCRATCH])
{
	int len = snprintf(scratch, FIELD_SCRATCH, "%lld", (long long)n);

	return slice_make(scratch, (size_t)len);
}

static int integer_of(const struct value *v, int64_t *out)
{
	struct decimal d;

	switch ((enum value_kind)v->kind) {
	case VALUE_LONG: *out = v->i; return 0;
	case VALUE_DOUBLE:
		if (!(v->d >= -EXACT_DOUBLE && v->d <= EXACT_DOUBLE) || v->d != floor(v->d))
			return -1;
		*out = (int64_t)v->d;
		return 0;
	case VALUE_BYTES: return decimal_of_bytes(v, &d) != 0 ? -1 : decimal_integer(d, out);
	case VALUE_STRING: return decimal_of_text(v->s, &d) != 0 ? -1 : decimal_integer(d, out);
	case VALUE_ABSENT:
	case VALUE_NULL:
	case VALUE_BOOL: break;
	}
	return -1;
}

/* Every digit of it: "-0.05" for -5 / 10^2. */
static int text_of_decimal(struct decimal d, char scratch[FIELD_SCRATCH], struct slice *out)
{
	bool negative;
	unsigned __int128 n;
	char *at = scratch + FIELD_SCRATCH;
	int written = 0;

	if (d.scale < 0 && decimal_whole(&d) != 0)
		return -1;
	negative = d.unscaled < 0;
	n = negative ? -(unsigned __int128)d.unscaled : (unsigned __int128)d.unscaled;
	do {
		if (written == d.scale && d.scale > 0)
			*--at = '.';
		*--at = (char)('0' + (int)(n % 10));
		n /= 10;
		written++;
	} while (n > 0 || written <= d.scale);
	if (negative)
		*--at = '-';
	*out = slice_make(at, (size_t)(scratch + FIELD_SCRATCH - at));
	return 0;
}

enum field_state field_text(const struct value *v, char scratch[FIELD_SCRATCH], struct slice *out)
{
	struct decimal d;
	int64_t n;

	*out = slice_make(NULL, 0);
	if (!value_present(v))
		return FIELD_NULL;
	if (v->kind == VALUE_STRING) {
		*out = v->s;
		return FIELD_OK;
	}
	if (v->kind == VALUE_BYTES) /* NUMBER(38) holds more than 64 bits */
		return decimal_of_bytes(v, &d) == 0 && decimal_whole(&d) == 0 &&
				       text_of_decimal(d, scratch, out) == 0
			       ? FIELD_OK
			       : FIELD_WRONG;
	if (integer_of(v, &n) != 0)
		return FIELD_WRONG;
	*out = digits(n, scratch);
	return FIELD_OK;
}

enum field_state field_id(const struct value *v, char scratch[FIELD_SCRATCH], struct slice *out)
{
	enum field_state state = field_text(v, scratch, out);

	if (state != FIELD_OK)
		return state;
	if (out->len > FIELD_ID_MAX)
		return FIELD_WRONG;
	return out->len == 0 ? FIELD_NULL : FIELD_OK;
}

enum field_state field_date(const struct value *v, enum date_type type, char scratch[FIELD_SCRATCH],
			    struct value *out)
{
	struct event_time t;

	*out = field_null();
	if (!value_present(v))
		return FIELD_NULL;
	if (type == DATE_STRING && v->kind == VALUE_STRING) { /* as it came, whatever it says */
		*out = field_string(v->s);
		return FIELD_OK;
	}
	if (event_time_of_value(v, &t) != 0)
		return FIELD_WRONG;
	if (type == DATE_STRING) {
		event_time_iso(t, scratch);
		*out = field_string(slice_str(scratch));
	} else {
		*out = (struct value){.kind = VALUE_LONG, .i = t.ms};
	}
	return FIELD_OK;
}

static int double_of(const struct value *v, double *out)
{
	char text[FIELD_SCRATCH], *end;
	struct decimal d;

	switch ((enum value_kind)v->kind) {
	case VALUE_LONG: *out = (double)v->i; return 0;
	case VALUE_DOUBLE: *out = v->d; return isfinite(v->d) ? 0 : -1;
	case VALUE_BYTES:
		if (decimal_of_bytes(v, &d) != 0)
			return -1;
		*out = (double)((long double)d.unscaled / powl(10, d.scale));
		return 0;
	case VALUE_STRING:
		if (v->s.len == 0 || v->s.len >= sizeof(text) ||
		    memchr("+-.0123456789", v->s.data[0], 13) == NULL ||
		    memchr(v->s.data, 'x', v->s.len) != NULL)
			return -1;
		memcpy(text, v->s.data, v->s.len);
		text[v->s.len] = '\0';
		errno = 0;
		*out = strtod(text, &end);
		return end == text + v->s.len && isfinite(*out) ? 0 : -1;
	case VALUE_ABSENT:
	case VALUE_NULL:
	case VALUE_BOOL: break;
	}
	return -1;
}

/* The shortest text that reads back as the same double. */
static struct slice text_of_double(double d, char scratch[FIELD_SCRATCH])
{
	for (int precision = 1; precision <= 17; precision++) {
		snprintf(scratch, FIELD_SCRATCH, "%.*g", precision, d);
		if (strtod(scratch, NULL) == d)
			break;
	}
	return slice_str(scratch);
}

static enum field_state price_text(const struct value *v, char scratch[FIELD_SCRATCH], struct value *out)
{
	struct decimal d;
	struct slice s;

	switch ((enum value_kind)v->kind) {
	case VALUE_STRING: s = v->s; break;
	case VALUE_LONG: s = digits(v->i, scratch); break;
	case VALUE_DOUBLE:
		if (!isfinite(v->d))
			return FIELD_WRONG;
		s = text_of_double(v->d, scratch);
		break;
	case VALUE_BYTES:
		if (decimal_of_bytes(v, &d) != 0 || text_of_decimal(d, scratch, &s) != 0)
			return FIELD_WRONG;
		break;
	case VALUE_ABSENT:
	case VALUE_NULL:
	case VALUE_BOOL:
	default: return FIELD_WRONG;
	}
	*out = field_string(s);
	return FIELD_OK;
}

enum field_state field_price(const struct value *v, enum price_type type, char scratch[FIELD_SCRATCH],
			     struct value *out)
{
	int64_t n;
	double d;

	*out = field_null();
	if (!value_present(v))
		return FIELD_NULL;
	switch (type) {
	case PRICE_STRING: return price_text(v, scratch, out);
	case PRICE_DOUBLE:
		if (double_of(v, &d) != 0)
			return FIELD_WRONG;
		*out = (struct value){.kind = VALUE_DOUBLE, .d = d};
		return FIELD_OK;
	case PRICE_INT:
	case PRICE_LONG:
		if (integer_of(v, &n) != 0 || (type == PRICE_INT && (n < INT32_MIN || n > INT32_MAX)))
			return FIELD_WRONG;
		*out = (struct value){.kind = VALUE_LONG, .i = n};
		return FIELD_OK;
	}
	return FIELD_WRONG;
}
