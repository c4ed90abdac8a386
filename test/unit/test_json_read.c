/* JSON from strangers: what cJSON alone would let through. */

#include "base/json_read.h"
#include "test/lib/cmocka_all.h"

#include <stdlib.h>

static void only_one_whole_clean_value_is_read(void **state)
{
	static const char *const good[] = {"{}", " [1, 2] \n", "\"a\\\\u0000\"", "null", "{\"a\":\"[[[[\"}"};
	static const char *const bad[] = {"",	      " ",	 "{} x",  "{\"a\":1,}",	      "\"\\u0000\"",
					  "\"\xff\"", "{\"a\":", "[1 2]", "\"\xed\xa0\x80\"", "nul",
					  "'a'"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		cJSON *json = json_read(slice_str(good[i]), 100, &err);

		if (json == NULL)
			fail_msg("refused: %s: %s", good[i], err.text);
		cJSON_Delete(json);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err_clear(&err);
		assert_null(json_read(slice_str(bad[i]), 100, &err));
		assert_int_equal(err.class, ERR_POISON);
	}
	assert_null(json_read(slice_make("{}\0", 3), 100, &err));
	assert_null(json_read(slice_str("[1,2,3]"), 6, &err));
}

static void depth_is_bounded_before_parsing(void **state)
{
	char text[2 * (JSON_READ_MAX_DEPTH + 1)];

	(void)state;
	for (int depth = JSON_READ_MAX_DEPTH; depth <= JSON_READ_MAX_DEPTH + 1; depth++) {
		cJSON *json;

		memset(text, '[', (size_t)depth);
		memset(text + depth, ']', (size_t)depth);
		json = json_read(slice_make(text, 2 * (size_t)depth), 1000, NULL);
		assert_int_equal(json != NULL, depth == JSON_READ_MAX_DEPTH);
		cJSON_Delete(json);
	}
}

static void members_are_found_by_exact_name_and_type(void **state)
{
	cJSON *json =
		json_read(slice_str("{\"Id\":1,\"id\":2,\"f\":1.5,\"big\":1e300,\"s\":\"x\",\"n\":null}"),
			  1000, NULL);
	cJSON *twice = json_read(slice_str("{\"a\":1,\"b\":2,\"a\":3}"), 1000, NULL);
	int64_t n = 0;

	(void)state;
	assert_true(json_member_integer(json, "id", &n) && n == 2);
	assert_false(json_member_integer(json, "f", &n));
	assert_false(json_member_integer(json, "big", &n));
	assert_false(json_member_integer(json, "s", &n));
	assert_false(json_member_integer(json, "ID", &n));
	assert_string_equal(json_member_string(json, "s"), "x");
	assert_null(json_member_string(json, "n"));
	assert_null(json_member(NULL, "n"));
	assert_false(json_has_duplicates(json));
	assert_true(json_has_duplicates(twice));
	cJSON_Delete(json);
	cJSON_Delete(twice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_one_whole_clean_value_is_read),
		cmocka_unit_test(depth_is_bounded_before_parsing),
		cmocka_unit_test(members_are_found_by_exact_name_and_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
