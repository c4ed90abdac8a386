/* Fields: identifiers, dates and prices in the forms producers write them; and
 * lists packed into one text. */

#include "base/buf.h"
#include "hotels/field.h"
#include "hotels/packed.h"
#include "test/lib/cmocka_all.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct value text(const char *s)
{
	return field_string(slice_str(s));
}

static struct value number(int64_t n)
{
	return (struct value){.kind = VALUE_LONG, .i = n};
}

static struct value real(double d)
{
	return (struct value){.kind = VALUE_DOUBLE, .d = d};
}

static struct value decimal(const char *bytes, size_t len, int scale)
{
	return (struct value){.kind = VALUE_BYTES,
			      .unit = UNIT_DECIMAL,
			      .scale = (int16_t)scale,
			      .s = slice_make(bytes, len)};
}

static const char *id(struct value v)
{
	static char out[FIELD_SCRATCH * 2];
	char scratch[FIELD_SCRATCH];
	struct slice s;

	switch (field_id(&v, scratch, &s)) {
	case FIELD_NULL: return "(null)";
	case FIELD_WRONG: return "(wrong)";
	case FIELD_OK: break;
	}
	assert_true(s.len < sizeof(out));
	memcpy(out, s.data, s.len);
	out[s.len] = '\0';
	return out;
}

static const char *show(enum field_state state, const struct value *v)
{
	static char out[FIELD_SCRATCH * 2];

	if (state == FIELD_WRONG)
		return "(wrong)";
	switch ((enum value_kind)v->kind) {
	case VALUE_STRING: snprintf(out, sizeof(out), "'" SLICE_FMT "'", SLICE_ARG(v->s)); break;
	case VALUE_LONG: snprintf(out, sizeof(out), "%lld", (long long)v->i); break;
	case VALUE_DOUBLE: snprintf(out, sizeof(out), "%.17g", v->d); break;
	default: return "(null)";
	}
	return out;
}

static const char *price(struct value v, enum price_type type)
{
	char scratch[FIELD_SCRATCH];
	struct value out;
	enum field_state state = field_price(&v, type, scratch, &out);

	return show(state, &out);
}

static const char *date(struct value v, enum date_type type)
{
	char scratch[FIELD_SCRATCH];
	struct value out;
	enum field_state state = field_date(&v, type, scratch, &out);

	return show(state, &out);
}

static void an_identifier_may_come_as_a_number(void **state)
{
	static char longest[FIELD_ID_MAX + 1];
	struct value v = {.kind = VALUE_BOOL};
	char scratch[FIELD_SCRATCH];
	struct slice s;

	(void)state;
	assert_string_equal(id(text("H1 ")), "H1 ");
	assert_string_equal(id(text("")), "(null)");
	assert_string_equal(id(number(-17)), "-17");
	assert_string_equal(id(number(INT64_MIN)), "-9223372036854775808");
	assert_string_equal(id(real(42)), "42");
	assert_string_equal(id(real(42.5)), "(wrong)");
	assert_string_equal(id(real(1e17)), "(wrong)"); /* no longer exact */
	assert_string_equal(id(real(NAN)), "(wrong)");
	assert_string_equal(id(decimal("\x01\x00", 2, 0)), "256");
	assert_string_equal(id(decimal("\xff", 1, 0)), "-1");
	assert_string_equal(id(decimal("\x27\x10", 2, 2)), "100");
	assert_string_equal(id(decimal("\x27\x11", 2, 2)), "(wrong)");
	assert_string_equal(id(decimal("\x07", 1, -3)), "7000");
	assert_string_equal(id(decimal("\x07", 1, -36)), "7000000000000000000000000000000000000");
	assert_string_equal(id(decimal("\x7f\xff", 2, -36)), "(wrong)");
	assert_string_equal(id(decimal("", 0, 0)), "(wrong)");
	assert_string_equal(id(decimal("01234567890123456", 17, 0)), "(wrong)");
	assert_string_equal(id(v), "(wrong)");
	v.kind = VALUE_ABSENT;
	assert_string_equal(id(v), "(null)");
	v = (struct value){.kind = VALUE_BYTES, .s = SLICE_LITERAL("raw")};
	assert_string_equal(id(v), "(wrong)");
	v = field_string(slice_make(longest, FIELD_ID_MAX));
	assert_int_equal(field_id(&v, scratch, &s), FIELD_OK);
	v.s.len++;
	assert_int_equal(field_id(&v, scratch, &s), FIELD_WRONG);
}

static void prices_take_the_type_of_the_column_and_are_never_rounded(void **state)
{
	(void)state;
	assert_string_equal(price(number(12), PRICE_INT), "12");
	assert_string_equal(price(number(1LL << 31), PRICE_INT), "(wrong)");
	assert_string_equal(price(number(1LL << 31), PRICE_LONG), "2147483648");
	assert_string_equal(price(text("120.00"), PRICE_INT), "120");
	assert_string_equal(price(text("-5"), PRICE_LONG), "-5");
	assert_string_equal(price(text("120.50"), PRICE_INT), "(wrong)");
	assert_string_equal(price(text("12a"), PRICE_INT), "(wrong)");
	assert_string_equal(price(text("1.2.3"), PRICE_INT), "(wrong)");
	assert_string_equal(price(text("."), PRICE_INT), "(wrong)");
	assert_string_equal(price(text(""), PRICE_INT), "(wrong)");
	assert_string_equal(price(real(7), PRICE_INT), "7");
	assert_string_equal(price(real(7.5), PRICE_INT), "(wrong)");
	assert_string_equal(price(number(3), PRICE_DOUBLE), "3");
	assert_string_equal(price(text("2.5e1"), PRICE_DOUBLE), "25");
	assert_string_equal(price(text("0x10"), PRICE_DOUBLE), "(wrong)");
	assert_string_equal(price(text("nan"), PRICE_DOUBLE), "(wrong)");
	assert_string_equal(price(text("1 "), PRICE_DOUBLE), "(wrong)");
	assert_string_equal(price(text("1e999"), PRICE_DOUBLE), "(wrong)");
	assert_string_equal(price(decimal("\x30\x39", 2, 2), PRICE_DOUBLE), "123.45");
	assert_string_equal(price(number(3), PRICE_STRING), "'3'");
	assert_string_equal(price(real(0.1), PRICE_STRING), "'0.1'");
	assert_string_equal(price(real(99.5), PRICE_STRING), "'99.5'");
	assert_string_equal(price(real(INFINITY), PRICE_STRING), "(wrong)");
	assert_string_equal(price(decimal("\x30\x39", 2, 2), PRICE_STRING), "'123.45'");
	assert_string_equal(price(decimal("\xfb", 1, 2), PRICE_STRING), "'-0.05'");
	assert_string_equal(price(decimal("\x05", 1, 0), PRICE_STRING), "'5'");
	assert_string_equal(price(decimal("\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, 36), PRICE_STRING),
			    "'-170.141183460469231731687303715884105728'");
	assert_string_equal(price(text("free"), PRICE_STRING), "'free'");
	assert_string_equal(price(field_null(), PRICE_INT), "(null)");
}

static void dates_take_the_type_of_the_column(void **state)
{
	struct value days = {.kind = VALUE_LONG, .unit = UNIT_DAYS, .i = 1};

	(void)state;
	assert_string_equal(date(number(5), DATE_LONG), "5");
	assert_string_equal(date(days, DATE_LONG), "86400000");
	assert_string_equal(date(text("1970-01-02"), DATE_LONG), "86400000");
	assert_string_equal(date(text("tomorrow"), DATE_LONG), "(wrong)");
	assert_string_equal(date(text("tomorrow"), DATE_STRING), "'tomorrow'");
	assert_string_equal(date(number(86400000), DATE_STRING), "'1970-01-02T00:00:00.000Z'");
	assert_string_equal(date(number(INT64_MAX), DATE_STRING), "(wrong)");
	assert_string_equal(date(field_null(), DATE_LONG), "(null)");
}

static void packed_lists_read_back_exactly(void **state)
{
	struct value in[] = {field_string(slice_make("a:\0 -", 5)), field_null(), text(""), text("-"),
			     text("12:x ")};
	struct value out;
	struct buf b;
	size_t at = 0, n = 0;

	(void)state;
	buf_init(&b, 1000);
	for (size_t i = 0; i < 5; i++)
		pack_value(&b, &in[i]);
	while (unpack_value(buf_view(&b), &at, &out) == 1) {
		assert_int_equal(out.kind, in[n].kind);
		assert_true(out.kind == VALUE_NULL || slice_equal(out.s, in[n].s));
		n++;
	}
	assert_int_equal(n, 5);
	buf_release(&b);
}

static void damaged_lists_are_noticed(void **state)
{
	static const char *const bad[] = {
		"x", "3:ab ", "2:ab", "2:abc", ":", "2", "99999999999999999999999:a ", " "};
	struct value out;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t at = 0;

		assert_int_equal(unpack_value(slice_str(bad[i]), &at, &out), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_identifier_may_come_as_a_number),
		cmocka_unit_test(prices_take_the_type_of_the_column_and_are_never_rounded),
		cmocka_unit_test(dates_take_the_type_of_the_column),
		cmocka_unit_test(packed_lists_read_back_exactly),
		cmocka_unit_test(damaged_lists_are_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
