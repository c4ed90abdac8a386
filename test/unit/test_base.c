/* The words: slices, buffers, maps, hashes, errors, UTF-8. */

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/pages.h"
#include "base/random.h"
#include "base/utf8.h"
#include "test/lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

static void slices_compare_as_bytes(void **state)
{
	(void)state;
	assert_true(slice_equal(slice_str("a"), SLICE_LITERAL("a")));
	assert_false(slice_equal(slice_str("a"), slice_str("A")));
	assert_true(slice_equal_nocase(slice_str("Hotel_Id"), slice_str("HOTEL_ID")));
	assert_true(slice_compare(slice_str("ab"), slice_str("abc")) < 0);
	assert_true(slice_is(slice_trim_right(slice_str("H1  ")), "H1"));
}

static void a_buffer_never_grows_beyond_its_maximum(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	buf_str(&b, "0123456789");
	assert_false(buf_failed(&b));
	buf_byte(&b, 'x');
	assert_true(buf_failed(&b));
	assert_int_equal(b.len, 10);
	buf_clear(&b);
	buf_str(&b, "again");
	assert_string_equal(buf_cstr(&b), "again");
	buf_release(&b);
}

static void json_strings_are_safe_in_html_and_repair_utf8(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	buf_json_string(&b, slice_str("a\"b\\<\x01\xc3\xa9\xff"));
	assert_string_equal(buf_cstr(&b), "\"a\\\"b\\\\\\u003c\\u0001\xc3\xa9\xef\xbf\xbd\"");
	buf_release(&b);
}

/* A text is looked at in blocks: each special byte stands once at each place in one. */
static void a_json_string_is_escaped_wherever_it_must_be(void **state)
{
	static const char *const special[][2] = {
		{"\"", "\\\""},		  {"\\", "\\\\"},	    {"<", "\\u003c"}, {">", "\\u003e"},
		{"&", "\\u0026"},	  {"\x7f", "\\u007f"},	    {"\n", "\\n"},    {"\x1f", "\\u001f"},
		{"\xc3\xa9", "\xc3\xa9"}, {"\xff", "\xef\xbf\xbd"}, {"~ !", "~ !"},
	};
	static const char before[] =
		"a quick brown fox jumps over the lazy dog, and nobody knows why it did so";
	struct buf text, escaped, expected;

	(void)state;
	buf_init(&text, 1000);
	buf_init(&escaped, 1000);
	buf_init(&expected, 1000);
	for (size_t k = 0; k < sizeof(special) / sizeof(special[0]); k++) {
		for (int at = 0; at < (int)sizeof(before); at++) {
			buf_clear(&text);
			buf_clear(&escaped);
			buf_clear(&expected);
			buf_printf(&text, "%.*s%s%s", at, before, special[k][0], before + at);
			buf_printf(&expected, "\"%.*s%s%s\"", at, before, special[k][1], before + at);
			buf_json_string(&escaped, buf_view(&text));
			assert_string_equal(buf_cstr(&escaped), buf_cstr(&expected));
		}
	}
	buf_release(&text);
	buf_release(&escaped);
	buf_release(&expected);
}

static struct slice text_key(const void *value)
{
	return slice_str(value);
}

static void a_map_agrees_with_an_array(void **state)
{
	static char keys[500][8];
	bool in[500] = {false};
	struct random r;
	struct map m;
	size_t count = 0, seen = 0, at = 0;

	(void)state;
	random_init(&r, 7);
	map_init(&m, text_key, 42);
	for (int i = 0; i < 500; i++)
		snprintf(keys[i], sizeof(keys[i]), "k%d", i);
	for (int step = 0; step < 20000; step++) {
		size_t k = random_below(&r, 500);

		if (random_below(&r, 2)) {
			assert_int_equal(map_put(&m, keys[k]), 0);
			count += !in[k];
			in[k] = true;
		} else {
			assert_ptr_equal(map_remove(&m, slice_str(keys[k])), in[k] ? keys[k] : NULL);
			count -= in[k];
			in[k] = false;
		}
		assert_int_equal(m.count, count);
	}
	for (int i = 0; i < 500; i++)
		assert_ptr_equal(map_get(&m, slice_str(keys[i])), in[i] ? keys[i] : NULL);
	while (map_next(&m, &at) != NULL)
		seen++;
	assert_int_equal(seen, count);
	map_release(&m);
}

static void ids_do_not_depend_on_where_parts_are_cut(void **state)
{
	struct slice a[2] = {SLICE_LITERAL("ab"), SLICE_LITERAL("c")};
	struct slice b[2] = {SLICE_LITERAL("a"), SLICE_LITERAL("bc")};
	char hex[33];

	(void)state;
	assert_false(hash_id_equal(hash_id_of(a, 2), hash_id_of(b, 2)));
	hash_id_hex(hash_id_of(NULL, 0), hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb924"); /* SHA-256 of nothing */
}

static void errors_are_wrapped_outermost_first(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_set(&err, ERR_POISON, 5, "schema %d: not found", 42), -1);
	assert_int_equal(err_wrap(&err, "decode value"), -1);
	assert_string_equal(err.text, "decode value: schema 42: not found");
	assert_int_equal(err.class, ERR_POISON);
}

static void utf8_refuses_what_rfc_3629_refuses(void **state)
{
	(void)state;
	assert_true(utf8_valid(slice_str("h\xc3\xb4tel \xf0\x9f\x8f\xa8")));
	assert_false(utf8_valid(slice_str("\xc0\xaf")));	 /* overlong */
	assert_false(utf8_valid(slice_str("\xed\xa0\x80")));	 /* surrogate */
	assert_false(utf8_valid(slice_str("\xf4\x90\x80\x80"))); /* beyond U+10FFFF */
	assert_int_equal(utf8_prefix(slice_str("ab\xc3\xa9"), 3).len, 2);
}

static void large_memory_is_zeroed_and_begins_at_a_huge_page(void **state)
{
	static const size_t sizes[] = {1, PAGES_HUGE, PAGES_LARGE - 1, PAGES_LARGE, PAGES_LARGE + 4097};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *first = pages_zeroed(sizes[i]), *second = pages_zeroed(sizes[i]);

		assert_non_null(first);
		assert_non_null(second);
		if (sizes[i] >= PAGES_LARGE)
			assert_int_equal((uintptr_t)first % PAGES_HUGE, 0);
		assert_int_equal(first[0] | first[sizes[i] / 2] | first[sizes[i] - 1], 0);
		memset(first, 1, sizes[i]);
		assert_int_equal(second[0] | second[sizes[i] - 1], 0);
		pages_free(first, sizes[i]);
		memset(second, 2, sizes[i]); /* is still there */
		pages_free(second, sizes[i]);
	}
	pages_free(NULL, 0);
	pages_free(NULL, PAGES_LARGE);
	assert_null(pages_zeroed(SIZE_MAX - 1));
}

static struct slice number_key(const void *value)
{
	return slice_make(value, sizeof(uint32_t));
}

static void a_map_of_many_keys_grows_into_large_pages(void **state)
{
	enum { MANY = 200000 }; /* 8 MiB of places */
	static uint32_t keys[MANY];
	struct map m;

	(void)state;
	map_init(&m, number_key, 42);
	assert_null(map_guess(&m, 7));
	map_expect(&m, 7);
	for (uint32_t i = 0; i < MANY; i++) {
		keys[i] = i;
		assert_int_equal(map_put(&m, &keys[i]), 0);
	}
	for (uint32_t i = 0; i < MANY; i++) {
		struct slice key = slice_make(&i, sizeof(i));
		uint64_t hash = map_hash(&m, key);

		map_expect(&m, hash);
		assert_ptr_equal(map_guess(&m, hash), &keys[i]);
		assert_ptr_equal(map_get(&m, key), &keys[i]);
	}
	map_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_compare_as_bytes),
		cmocka_unit_test(a_buffer_never_grows_beyond_its_maximum),
		cmocka_unit_test(json_strings_are_safe_in_html_and_repair_utf8),
		cmocka_unit_test(a_json_string_is_escaped_wherever_it_must_be),
		cmocka_unit_test(a_map_agrees_with_an_array),
		cmocka_unit_test(large_memory_is_zeroed_and_begins_at_a_huge_page),
		cmocka_unit_test(a_map_of_many_keys_grows_into_large_pages),
		cmocka_unit_test(ids_do_not_depend_on_where_parts_are_cut),
		cmocka_unit_test(errors_are_wrapped_outermost_first),
		cmocka_unit_test(utf8_refuses_what_rfc_3629_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
