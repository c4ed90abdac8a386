/* Where a message names its schema. */

#include "test/lib/cmocka_all.h"
#include "test/lib/wire_fixture.h"
#include "wire/framing.h"

#define TEXT(s) slice_make(s, sizeof(s) - 1)

static const char guid_frame[] = "\x01"
				 "0123456789abcdef";

static void the_body_prefix_is_an_id_or_a_guid(void **state)
{
	struct message m = fixture_message(TEXT("\x00\x00\x01\x86\xa1"
						"body"));
	struct framing f;
	char text[SCHEMA_REF_TEXT];

	(void)state;
	assert_int_equal(framing_of_value(&m, &f, NULL), 0);
	assert_true(f.has_schema);
	assert_false(f.ref.is_guid);
	assert_int_equal(f.ref.id, 100001);
	assert_true(slice_is(f.body, "body"));
	m.value = TEXT("\x01"
		       "0123456789abcdef"
		       "body");
	assert_int_equal(framing_of_value(&m, &f, NULL), 0);
	assert_true(f.ref.is_guid);
	assert_memory_equal(f.ref.guid, "0123456789abcdef", 16);
	assert_true(slice_is(f.body, "body"));
	schema_ref_text(&f.ref, text);
	assert_string_equal(text, "guid 30313233-3435-3637-3839-616263646566");
}

static void a_header_comes_before_the_body_and_the_last_one_counts(void **state)
{
	const struct message_header headers[] = {
		{SLICE_LITERAL("__value_schema_id"), TEXT("\x00\x00\x00\x00\x05")},
		{SLICE_LITERAL("__value_schema_id"), TEXT(guid_frame)},
		{SLICE_LITERAL("__value_schema_id"), {NULL, 0}},
		{SLICE_LITERAL("other"), TEXT("x")},
	};
	struct message m = fixture_message(TEXT("\x00\x00\x00\x00\x09"
						"body"));
	struct framing f;

	(void)state;
	m.headers = headers;
	m.header_count = 4;
	assert_int_equal(framing_of_value(&m, &f, NULL), 0);
	assert_true(f.ref.is_guid);
	assert_int_equal(f.body.len, 9); /* all of it is payload */
	m.header_count = 1;
	assert_int_equal(framing_of_value(&m, &f, NULL), 0);
	assert_int_equal(f.ref.id, 5);
}

static void assert_bad_framing(struct slice value)
{
	struct message m = fixture_message(value);
	struct err err = {0};
	struct framing f;

	assert_int_equal(framing_of_value(&m, &f, &err), -1);
	assert_int_equal(err.class, ERR_POISON);
	assert_int_equal(err.code, POISON_FRAMING);
}

static void anything_else_is_plain_json_or_poison(void **state)
{
	struct message m = fixture_message(TEXT(" \n{}"));
	struct framing f;

	(void)state;
	assert_int_equal(framing_of_value(&m, &f, NULL), 0);
	assert_false(f.has_schema);
	assert_bad_framing(TEXT(""));
	assert_bad_framing(TEXT("\x00\x00\x00\x05"));
	assert_bad_framing(TEXT("\x01"
				"0123456789abcde"));
	assert_bad_framing(TEXT("\x02"
				"0123456789abcdef"));
	assert_bad_framing(TEXT("[1]"));
	assert_bad_framing(TEXT("  "));
}

static void a_header_that_is_no_schema_id_is_poison(void **state)
{
	const struct message_header cut = {SLICE_LITERAL("__value_schema_id"), TEXT("\x00\x01")};
	const struct message_header longer = {SLICE_LITERAL("__value_schema_id"),
					      TEXT("\x00\x00\x00\x00\x05\x06")};
	struct message m = fixture_message(TEXT("\x00\x00\x00\x00\x09"));
	struct err err = {0};
	struct framing f;

	(void)state;
	m.header_count = 1;
	m.headers = &cut;
	assert_int_equal(framing_of_value(&m, &f, &err), -1);
	assert_int_equal(err.code, POISON_FRAMING);
	m.headers = &longer;
	assert_int_equal(framing_of_value(&m, &f, &err), -1);
}

static void keys_have_their_own_header_and_may_be_bare(void **state)
{
	const struct message_header header = {SLICE_LITERAL("__key_schema_id"), TEXT("\x00\x00\x00\x00\x05")};
	struct message m = {.key = TEXT("H1"), .has_key = true};
	struct framing f;

	(void)state;
	assert_int_equal(framing_of_key(&m, &f, NULL), 0);
	assert_false(f.has_schema);
	m.headers = &header;
	m.header_count = 1;
	assert_int_equal(framing_of_key(&m, &f, NULL), 0);
	assert_true(f.has_schema);
	assert_int_equal(f.ref.id, 5);
	m.header_count = 0;
	m.key = TEXT("\x00\x00\x00\x00\x00\x00\x00\x7b"); /* the long 123 */
	assert_int_equal(framing_of_key(&m, &f, NULL), 0);
	assert_false(f.has_schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_body_prefix_is_an_id_or_a_guid),
		cmocka_unit_test(a_header_comes_before_the_body_and_the_last_one_counts),
		cmocka_unit_test(anything_else_is_plain_json_or_poison),
		cmocka_unit_test(a_header_that_is_no_schema_id_is_poison),
		cmocka_unit_test(keys_have_their_own_header_and_may_be_bare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
