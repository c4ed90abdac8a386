/* The JSON reader: strictness, exact numbers, and cJSON as its oracle. */

#include "base/random.h"
#include "base/utf8.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/wire_fixture.h"
#include "wire/base64.h"
#include "wire/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>

static void assert_bad(struct slice text)
{
	struct err err = {0};

	if (json_check(text, JSON_MAX_DEPTH, &err) == 0)
		fail_msg("let in: " SLICE_FMT, SLICE_ARG(text));
	assert_int_equal(err.class, ERR_POISON);
	assert_int_equal(err.code, POISON_BYTES);
}

static void only_rfc_8259_is_json(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"{",
		"}",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{a:1}",
		"[1,]",
		"[1 2]",
		"01",
		"-",
		"1.",
		".5",
		"1e",
		"+1",
		"0x1",
		"NaN",
		"Infinity",
		"tru",
		"nulll",
		"'a'",
		"\"a",
		"\"\\x\"",
		"\"\\u12\"",
		"\"\\ud800\"",
		"\"\\ud800\\u0041\"",
		"\"\\udc00\"",
		"\"a\nb\"",
		"{} {}",
		"[]]",
		"/**/1",
		"\"\xff\"",
		"\"\xc0\x80\"",
		"\"\xed\xa0\x80\"",
		"{\"a\":1]",
		"[1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_bad(slice_str(bad[i]));
	assert_bad(slice_make("1\0", 2));
	assert_bad(slice_make("\"a\0b\"", 5));
}

static void all_of_rfc_8259_is_json(void **state)
{
	static const char *const good[] = {
		"{}",
		" [ ] ",
		"0",
		"-0",
		"1.5e+10",
		"true",
		"null",
		"\"\"",
		"\"\\u0000\\ud83d\\ude00\\/\"",
		"{\"a\":[1,{\"b\":null}],\"a\":2}",
		"\t\r\n1 ",
		"\"\xf0\x9f\x98\x80\x7f\"",
	};
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (json_check(slice_str(good[i]), JSON_MAX_DEPTH, &err) != 0)
			fail_msg("%s: %s", good[i], err.text);
}

static void depth_is_bounded(void **state)
{
	char text[80];

	(void)state;
	memset(text, '[', 32);
	memset(text + 32, ']', 32);
	assert_int_equal(json_check(slice_make(text, 64), 32, NULL), 0);
	memset(text, '[', 33);
	memset(text + 33, ']', 33);
	assert_int_equal(json_check(slice_make(text, 66), 32, NULL), -1);
}

static void integers_are_exact_or_refused(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} exact[] = {{"9007199254740993", 9007199254740993},
		     {"9223372036854775807", INT64_MAX},
		     {"-9223372036854775808", INT64_MIN},
		     {"-0", 0},
		     {"0", 0}};
	static const char *const beyond[] = {"9223372036854775808", "-9223372036854775809", "1e999",
					     "99999999999999999999999999"};
	struct value v;
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
		assert_int_equal(json_scalar(slice_str(exact[i].text), NULL, &v, &err), 0);
		assert_int_equal(v.kind, VALUE_LONG);
		assert_true(v.i == exact[i].value);
	}
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		assert_int_equal(json_scalar(slice_str(beyond[i]), NULL, &v, &err), -1);
		assert_int_equal(err.code, POISON_FIELD);
	}
	assert_int_equal(json_scalar(slice_str("1.5"), NULL, &v, &err), 0);
	assert_int_equal(v.kind, VALUE_DOUBLE);
	assert_true(v.d == 1.5);
	assert_int_equal(json_scalar(slice_str("[1]"), NULL, &v, &err), -1);
	assert_int_equal(json_scalar(slice_str("{}"), NULL, &v, &err), -1);
}

static void strings_are_unescaped_and_keep_nul(void **state)
{
	struct buf scratch;
	struct slice s;

	(void)state;
	buf_init(&scratch, 1000);
	buf_reserve(&scratch, 200);
	s = json_string(slice_str("\"plain\""), &scratch);
	assert_true(slice_is(s, "plain"));
	assert_int_equal(scratch.len, 0);
	s = json_string(slice_str("\"a\\n\\u00e9\\ud83d\\ude00\\u20ac\\\"\\\\\\/\\b\""), &scratch);
	assert_true(slice_is(s, "a\n\xc3\xa9\xf0\x9f\x98\x80\xe2\x82\xac\"\\/\b"));
	s = json_string(slice_str("\"x\\u0000y\""), &scratch);
	assert_int_equal(s.len, 3);
	assert_memory_equal(s.data, "x\0y", 3);
	buf_release(&scratch);
}

static void members_are_found_by_name(void **state)
{
	struct slice v, object = slice_str("{\"a\":{\"b\":1},\"\\u0062\":[2,\"}\"],\"A\":3,\"a\":4}");

	(void)state;
	assert_true(json_find_member(object, "a", &v));
	assert_true(slice_is(v, "4"));
	assert_true(json_find_member(object, "b", &v));
	assert_true(slice_is(v, "[2,\"}\"]"));
	assert_false(json_find_member(object, "c", &v));
	assert_false(json_find_member(slice_str("{}"), "c", &v));
	assert_int_equal(json_name_matches(slice_str("Hotel_Id"), "HOTEL_ID"), 1);
	assert_int_equal(json_name_matches(slice_str("HOTEL\\u005fID"), "HOTEL_ID"), 2);
	assert_int_equal(json_name_matches(slice_str("HOTEL"), "HOTEL_ID"), 0);
}

static void base64_reads_what_connect_writes(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_true(base64_decode(slice_str("BNI="), &b));
	assert_true(base64_decode(slice_str("ew"), &b));
	assert_true(base64_decode(slice_str("AP//"), &b));
	assert_int_equal(b.len, 6);
	assert_memory_equal(b.data, "\x04\xd2{\x00\xff\xff", 6);
	assert_false(base64_decode(slice_str("BNI=="), &b));
	assert_false(base64_decode(slice_str("B N I"), &b));
	assert_false(base64_decode(slice_str("A"), &b));
	assert_int_equal(b.len, 6);
	buf_release(&b);
}

/* ---- cJSON as oracle ---- */

struct maker {
	struct random random;
	struct buf text;
};

static uint64_t below(struct maker *m, uint64_t n)
{
	return random_below(&m->random, n);
}

static void make_string(struct maker *m)
{
	static const char *const pieces[] = {"a",	 "Z",	 " ",	    "\\n",
					     "\\\"",	 "\\\\", "\\u00e9", "\\ud83d\\ude00",
					     "\xc3\xa9", "/",	 "{",	    "]",
					     ","};
	uint64_t n = below(m, 6);

	buf_byte(&m->text, '"');
	for (uint64_t i = 0; i < n; i++)
		buf_str(&m->text, pieces[below(m, 13)]);
	buf_byte(&m->text, '"');
}

static void make_value(struct maker *m, unsigned depth)
{
	static const char *const words[] = {"null", "true",    "false",		  "0", "-12", "3.25",
					    "1e3",  "-0.5E-2", "4503599627370497"};
	uint64_t kind = below(m, depth < 5 ? 4 : 2), n = below(m, 4);

	if (kind == 0) {
		buf_str(&m->text, words[below(m, 9)]);
	} else if (kind == 1) {
		make_string(m);
	} else {
		buf_byte(&m->text, kind == 2 ? '[' : '{');
		for (uint64_t i = 0; i < n; i++) {
			buf_str(&m->text, i ? " ,\n" : "");
			if (kind == 3) {
				make_string(m);
				buf_str(&m->text, " :");
			}
			make_value(m, depth + 1);
		}
		buf_byte(&m->text, kind == 2 ? ']' : '}');
	}
}

static void compare(struct slice text, const cJSON *json, struct buf *scratch)
{
	struct json_cursor c;
	struct slice name, item;
	struct value v;

	switch (json_type_of(text)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		assert_int_equal(cJSON_IsObject(json), json_type_of(text) == JSON_OBJECT);
		c = json_enter(text);
		for (const cJSON *child = json->child; child != NULL; child = child->next) {
			if (cJSON_IsObject(json)) {
				assert_true(json_next_member(&c, &name, &item));
				assert_int_equal(json_name_matches(name, child->string), 2);
			} else {
				assert_true(json_next_item(&c, &item));
			}
			compare(item, child, scratch);
		}
		assert_false(json_next_item(&c, &item));
		return;
	default: break;
	}
	if (json_scalar(text, scratch, &v, NULL) != 0) { /* 4503599e27370497 */
		assert_true(isinf(json->valuedouble) || fabs(json->valuedouble) >= 9e18);
		return;
	}
	switch (v.kind) {
	case VALUE_NULL: assert_true(cJSON_IsNull(json)); break;
	case VALUE_BOOL: assert_int_equal(v.i, cJSON_IsTrue(json)); break;
	case VALUE_LONG: assert_true((double)v.i == json->valuedouble); break;
	case VALUE_DOUBLE: assert_true(v.d == json->valuedouble); break;
	default: assert_true(slice_is(v.s, json->valuestring));
	}
}

static void the_reader_and_cjson_agree(void **state)
{
	struct maker m = {0};
	struct buf scratch;
	size_t good = 0, bad = 0;

	(void)state;
	random_init(&m.random, 99);
	buf_init(&m.text, 1024 * 1024);
	buf_init(&scratch, 1024 * 1024);
	for (int i = 0; i < 20000; i++) {
		struct slice text;
		const char *end;
		cJSON *json;

		buf_clear(&m.text);
		buf_clear(&scratch);
		make_value(&m, 0);
		if (i % 2) { /* spoil one byte */
			uint64_t at = below(&m, m.text.len);

			m.text.data[at] = "{}[]\",:\\x01-.e\xff"[below(&m, 15)];
		}
		text = buf_view(&m.text);
		buf_reserve(&scratch, 2 * text.len);
		json = cJSON_ParseWithLengthOpts(text.data, text.len, &end, 0);
		if (json_check(text, JSON_MAX_DEPTH, NULL) == 0) {
			assert_non_null(json);
			compare(text, json, &scratch);
			good++;
		} else {
			bad++;
		}
		cJSON_Delete(json);
	}
	assert_true(good > 10000);
	assert_true(bad > 3000);
	buf_release(&m.text);
	buf_release(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_rfc_8259_is_json),
		cmocka_unit_test(all_of_rfc_8259_is_json),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(integers_are_exact_or_refused),
		cmocka_unit_test(strings_are_unescaped_and_keep_nul),
		cmocka_unit_test(members_are_found_by_name),
		cmocka_unit_test(base64_reads_what_connect_writes),
		cmocka_unit_test(the_reader_and_cjson_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
