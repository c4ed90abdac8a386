/* Dead letters read back: what they say is what was written, and nothing else is
 * taken for one. */

#include "daemon/dead_letters_show.h"
#include "test/lib/cmocka_all.h"
#include "wire/dead_letter.h"

#include <stdlib.h>

static struct message_header header(const char *name, const char *value)
{
	return (struct message_header){slice_str(name), slice_str(value)};
}

/* As the topic has it: what publishing adds first, then the record's own, then ours. */
struct fixture {
	struct message_header own[3];
	struct message original, dead;
	struct dead_letter written;
	struct message_header headers[32];
	struct buf out;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err why, err;

	f->own[0] = header("trace", "t-1");
	f->own[1] = header("__connect.errors.topic", "an.older.one"); /* it died before, elsewhere */
	f->own[2] = header("riverd.error.code", "older");
	f->original = (struct message){.topic = "clickstream",
				       .partition = 4,
				       .offset = 99,
				       .timestamp_ms = 1772359200123,
				       .key = SLICE_LITERAL("k"),
				       .value = SLICE_LITERAL("{\"a\":\033[2J}"),
				       .has_key = true,
				       .has_value = true,
				       .headers = f->own,
				       .header_count = 3};
	err_set(&why, ERR_POISON, POISON_FIELD, "no field HOTEL_ID");
	dead_letter_init(&f->written);
	buf_init(&f->out, 1 << 20);
	if (dead_letter_headers(&f->written, &f->original, STAGE_VALUE, &why, &err) != 0)
		return -1;
	f->headers[0] = header("riverd-db", "0");
	f->headers[1] = header("riverd-seq", "1");
	f->headers[2] = header("riverd-id", "2");
	memcpy(f->headers + 3, f->written.headers, f->written.count * sizeof(*f->headers));
	f->dead = f->original;
	f->dead.topic = "riverd.dead-letter";
	f->dead.partition = 1;
	f->dead.offset = 7;
	f->dead.headers = f->headers;
	f->dead.header_count = f->written.count + 3;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	dead_letter_release(&f->written);
	buf_release(&f->out);
	free(f);
	return 0;
}

static void a_dead_letter_says_where_it_came_from(void **state)
{
	struct fixture *f = *state;
	struct dead_letter_view v;

	dead_letter_view(&f->dead, &v);
	assert_int_equal(v.kind, DEAD_LETTER_RECORD);
	assert_true(slice_is(v.topic, "clickstream"));
	assert_int_equal(v.partition, 4);
	assert_int_equal(v.offset, 99);
	assert_int_equal(v.timestamp_ms, 1772359200123);
	assert_true(slice_is(v.reason, "field"));
	assert_true(slice_is(v.sentence, "no field HOTEL_ID"));
}

static void the_headers_it_had_are_told_from_ours(void **state)
{
	struct fixture *f = *state;
	struct dead_letter_view v;

	dead_letter_view(&f->dead, &v);
	assert_int_equal(v.header_count, 3 + 3);
	for (size_t i = 0; i < v.header_count; i++) {
		assert_int_equal(dead_letter_publishers_header(&f->dead, i), i < 3);
		if (i >= 3)
			assert_true(slice_equal(f->dead.headers[i].name, f->own[i - 3].name));
	}
}

static void a_mark_is_no_dead_letter_and_names_one(void **state)
{
	const struct message_header h = header(DEAD_LETTER_MARK_HEADER, "12/345678901234");
	struct message m = {.topic = "t", .headers = &h, .header_count = 1};
	struct dead_letter_view v;

	(void)state;
	dead_letter_view(&m, &v);
	assert_int_equal(v.kind, DEAD_LETTER_MARK);
	assert_int_equal(v.partition, 12);
	assert_int_equal(v.offset, 345678901234);
	m.has_value = true; /* a record that only pretends */
	dead_letter_view(&m, &v);
	assert_int_equal(v.kind, DEAD_LETTER_FOREIGN);
}

static void damaged_headers_make_a_foreign_record(void **state)
{
	static const char *const bad[] = {"", "-1", "4x", "99999999999", "99999999999999999999999", " 4"};
	struct fixture *f = *state;
	struct dead_letter_view v;

	for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++) {
		for (size_t i = 6; i < f->dead.header_count; i++)
			if (slice_is(f->headers[i].name, "__connect.errors.partition"))
				f->headers[i].value = slice_str(bad[b]);
		dead_letter_view(&f->dead, &v);
		assert_int_equal(v.kind, DEAD_LETTER_FOREIGN);
	}
	f->dead.header_count = 0;
	dead_letter_view(&f->dead, &v);
	assert_int_equal(v.kind, DEAD_LETTER_FOREIGN);
}

static void places_are_digits_a_slash_and_digits(void **state)
{
	static const char *const bad[] = {"", "/", "1", "1/", "/1", "1/-1", "1/2/3", "a/1", "3000000000/1"};
	int32_t partition = -1;
	int64_t offset = -1;

	(void)state;
	assert_int_equal(dead_letter_place(SLICE_LITERAL("0/0"), &partition, &offset), 0);
	assert_int_equal(partition, 0);
	assert_int_equal(offset, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(dead_letter_place(slice_str(bad[i]), &partition, &offset), -1);
}

static void only_what_was_meant_is_selected(void **state)
{
	struct fixture *f = *state;
	const struct dead_letters_place here = {1, 7}, elsewhere = {1, 8};
	struct dead_letters_selection s = {.reason = "field", .topic = "clickstream"};
	struct dead_letter_view v;

	dead_letter_view(&f->dead, &v);
	assert_true(dead_letters_selected(&s, &f->dead, &v));
	s.places = &here;
	s.place_count = 1;
	assert_true(dead_letters_selected(&s, &f->dead, &v));
	s.places = &elsewhere;
	assert_false(dead_letters_selected(&s, &f->dead, &v));
	s = (struct dead_letters_selection){.reason = "bytes"};
	assert_false(dead_letters_selected(&s, &f->dead, &v));
	s = (struct dead_letters_selection){.topic = "bookings"};
	assert_false(dead_letters_selected(&s, &f->dead, &v));
	v.kind = DEAD_LETTER_MARK;
	assert_false(dead_letters_selected(&(struct dead_letters_selection){0}, &f->dead, &v));
}

static void marks_are_found_whatever_their_order(void **state)
{
	struct dead_letters_marks marks = {0};

	(void)state;
	for (int64_t i = 0; i < 1000; i++)
		assert_int_equal(dead_letters_marks_add(&marks, (int32_t)(i * 7 % 5), i * 7919 % 1000 * 2),
				 0);
	dead_letters_marks_sort(&marks);
	for (int64_t i = 0; i < 1000; i++) {
		assert_true(dead_letters_marked(&marks, (int32_t)(i * 7 % 5), i * 7919 % 1000 * 2));
		assert_false(dead_letters_marked(&marks, (int32_t)(i * 7 % 5), i * 7919 % 1000 * 2 + 1));
	}
	dead_letters_marks_release(&marks);
}

static void the_list_counts_by_topic_and_reason(void **state)
{
	struct fixture *f = *state;
	struct dead_letters_table table = {0};
	struct dead_letter_view v;

	dead_letter_view(&f->dead, &v);
	assert_int_equal(dead_letters_table_add(&table, &f->dead, &v, false), 0);
	assert_int_equal(dead_letters_table_add(&table, &f->dead, &v, true), 0);
	v.reason = SLICE_LITERAL("bytes");
	v.timestamp_ms = 0;
	assert_int_equal(dead_letters_table_add(&table, &f->dead, &v, false), 0);
	dead_letters_table_write(&f->out, &table, "riverd.dead-letter");
	assert_non_null(strstr(buf_cstr(&f->out), "2026-03-01 10:00:00"));
	assert_non_null(strstr(buf_cstr(&f->out), "1/7"));
	assert_non_null(strstr(buf_cstr(&f->out), "no field HOTEL_ID"));
	assert_non_null(strstr(buf_cstr(&f->out), "3 dead letters in riverd.dead-letter"));
	assert_int_equal(table.count, 2);
	assert_int_equal(table.groups[0].count, 2);
	assert_int_equal(table.groups[0].replayed, 1);
	dead_letters_table_release(&table);
}

static void one_is_shown_whole_and_harmless(void **state)
{
	struct fixture *f = *state;
	struct dead_letter_view v;

	dead_letter_view(&f->dead, &v);
	dead_letters_write(&f->out, &f->dead, &v, false);
	assert_non_null(strstr(buf_cstr(&f->out), "clickstream / 4 at offset 99"));
	assert_non_null(strstr(buf_cstr(&f->out), "trace = t-1"));
	assert_null(strstr(buf_cstr(&f->out), "riverd-seq"));
	assert_null(strchr(buf_cstr(&f->out), '\033'));
	assert_non_null(strstr(buf_cstr(&f->out), "7b 22 61 22 3a 1b")); /* not text, so in hexadecimal */
	assert_non_null(strstr(buf_cstr(&f->out), "key, 1 byte:\n  k\n"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_dead_letter_says_where_it_came_from),  TEST(the_headers_it_had_are_told_from_ours),
		TEST(a_mark_is_no_dead_letter_and_names_one), TEST(damaged_headers_make_a_foreign_record),
		TEST(places_are_digits_a_slash_and_digits),   TEST(only_what_was_meant_is_selected),
		TEST(marks_are_found_whatever_their_order),   TEST(the_list_counts_by_topic_and_reason),
		TEST(one_is_shown_whole_and_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
