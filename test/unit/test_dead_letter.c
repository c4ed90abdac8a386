/* Headers of dead letters. */

#include "base/utf8.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/wire_fixture.h"
#include "wire/dead_letter.h"

static struct slice last_header(const struct dead_letter *d, const char *name)
{
	for (size_t i = d->count; i-- > 0;)
		if (slice_is(d->headers[i].name, name))
			return d->headers[i].value;
	return slice_make(NULL, 0);
}

static void headers_say_where_from_and_why(void **state)
{
	const struct message_header theirs[] = {{SLICE_LITERAL("trace"), SLICE_LITERAL("1")},
						{SLICE_LITERAL("null"), {NULL, 0}}};
	struct message m = fixture_message(slice_str("x"));
	struct dead_letter d;
	struct err why, err;

	(void)state;
	m.topic = "clickstream";
	m.partition = 3;
	m.offset = 12345678901;
	m.timestamp_ms = 1700000000000;
	m.headers = theirs;
	m.header_count = 2;
	err_set(&why, ERR_POISON, POISON_FIELD, "field HOTEL_ID is null");
	dead_letter_init(&d);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(dead_letter_headers(&d, &m, STAGE_PIPELINE, &why, &err), 0);
		assert_true(slice_is(d.headers[0].name, "trace"));
		assert_true(slice_is(d.headers[1].name, "null"));
		assert_true(slice_is(last_header(&d, "__connect.errors.topic"), "clickstream"));
		assert_true(slice_is(last_header(&d, "__connect.errors.partition"), "3"));
		assert_true(slice_is(last_header(&d, "__connect.errors.offset"), "12345678901"));
		assert_true(slice_is(last_header(&d, "__connect.errors.stage"), "TASK_PUT"));
		assert_true(slice_is(last_header(&d, "__connect.errors.class.name"), "riverd"));
		assert_true(slice_is(last_header(&d, "__connect.errors.exception.class.name"),
				     "riverd.poison.field"));
		assert_true(slice_is(last_header(&d, "__connect.errors.exception.message"),
				     "field HOTEL_ID is null"));
		assert_true(slice_is(last_header(&d, "riverd.error.code"), "field"));
		assert_true(slice_is(last_header(&d, "riverd.error.timestamp"), "1700000000000"));
		assert_true(last_header(&d, "riverd.version").len > 0);
		assert_int_equal(d.count, 12);
	}
	m.timestamp_ms = -1;
	assert_int_equal(dead_letter_headers(&d, &m, STAGE_VALUE, &why, &err), 0);
	assert_int_equal(last_header(&d, "riverd.error.timestamp").len, 0);
	dead_letter_release(&d);
}

static void a_sentence_cut_in_a_character_stays_utf8(void **state)
{
	struct message m = fixture_message(slice_str("x"));
	struct err why = {.class = ERR_POISON, .code = POISON_BYTES};
	struct dead_letter d;
	struct slice text;

	(void)state;
	memset(why.text, 'x', ERR_TEXT_MAX - 2);
	why.text[ERR_TEXT_MAX - 2] = '\xc3';
	why.text[ERR_TEXT_MAX - 1] = '\0';
	dead_letter_init(&d);
	assert_int_equal(dead_letter_headers(&d, &m, STAGE_KEY, &why, NULL), 0);
	text = last_header(&d, "__connect.errors.exception.message");
	assert_int_equal(text.len, ERR_TEXT_MAX - 2);
	assert_true(utf8_valid(text));
	dead_letter_release(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_say_where_from_and_why),
		cmocka_unit_test(a_sentence_cut_in_a_character_stays_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
