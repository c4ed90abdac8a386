/* Plans over bytes made by hand: generations, unions, blocks, Oracle's types. */

#include "test/lib/cmocka_all.h"
#include "test/lib/wire_fixture.h"

#include <stdlib.h>

#define RECORD(fields)	  "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"
#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":" type "}"

static void text(struct buf *b, const char *s)
{
	hand_string(b, slice_str(s));
}

static void run_ok(const struct avro_plan *plan, const struct buf *b, struct value *slots)
{
	struct err err = {0};

	if (avro_plan_run(plan, buf_view(b), slots, &err) != 0)
		fail_msg("%s", err.text);
}

static void run_bad(const struct avro_plan *plan, struct slice bytes)
{
	struct value slots[PLAN_SLOTS];
	struct err err = {0};
	/* An exact copy, so that a sanitizer sees a read beyond the end. */
	char *copy = malloc(bytes.len ? bytes.len : 1);

	if (bytes.len > 0)
		memcpy(copy, bytes.data, bytes.len);
	assert_int_equal(avro_plan_run(plan, slice_make(copy, bytes.len), slots, &err), -1);
	assert_int_equal(err.class, ERR_POISON);
	assert_int_equal(err.code, POISON_BYTES);
	free(copy);
}

/* No prefix of a record is a record, and neither is a record with a byte more. */
static void assert_only_whole(const struct avro_plan *plan, struct buf *b)
{
	for (size_t n = 0; n < b->len; n++)
		run_bad(plan, slice_make(b->data, n));
	buf_byte(b, 0);
	run_bad(plan, buf_view(b));
	b->len--;
}

static const char *const click_names[] = {"CUSTOMER_EMAIL", "HOTEL_ID", "ACTION", "CREATED_AT"};
static const struct layout clicks = {click_names, 4};

static void put_click(struct buf *b)
{
	buf_clear(b);
	text(b, "A300000001");
	text(b, "a@b.c");
	text(b, "H1");
	text(b, "booking-click");
	hand_long(b, 120);
	text(b, "/hotels/H1");
	hand_long(b, 1700000000000);
}

static void clicks_of_all_generations_decode_alike(void **state)
{
	static const char *const files[] = {"schemas/input/2025-spring/clickstream-value.avsc",
					    "schemas/input/2025-autumn/clickstream-value.avsc",
					    "schemas/input/2026/clickstream-value.avsc"};
	struct value v[PLAN_SLOTS];
	struct buf file, b;

	(void)state;
	buf_init(&b, 4096);
	put_click(&b);
	for (int i = 0; i < 3; i++) {
		struct avro_plan *plan;

		fixture_file(&file, files[i]);
		plan = fixture_plan(buf_cstr(&file), clicks, false);
		assert_int_equal(avro_plan_slots(plan), 4);
		run_ok(plan, &b, v);
		assert_true(slice_is(v[0].s, "a@b.c"));
		assert_true(slice_is(v[1].s, "H1"));
		assert_true(slice_is(v[2].s, "booking-click"));
		assert_int_equal(v[3].kind, VALUE_LONG);
		assert_int_equal(v[3].unit, UNIT_MILLIS);
		assert_true(v[3].i == 1700000000000);
		assert_only_whole(plan, &b);
		avro_plan_free(plan);
		buf_release(&file);
	}
	buf_release(&b);
}

static void bookings_and_reviews_of_all_generations_decode(void **state)
{
	static const char *const booking_names[] = {"BOOKING_ID", "CUSTOMER_EMAIL", "HOTEL_ID",	 "CHECK_IN",
						    "CHECK_OUT",  "PRICE",	    "CREATED_AT"};
	static const char *const review_names[] = {"REVIEW_ID",	  "HOTEL_ID",	   "BOOKING_ID",
						   "REVIEW_TEXT", "REVIEW_RATING", "CREATED_AT"};
	static const struct layout bookings = {booking_names, 7}, reviews = {review_names, 6};
	struct value v[PLAN_SLOTS];
	struct avro_plan *plan;
	struct buf file, b;

	(void)state;
	buf_init(&b, 4096);
	for (int spring = 0; spring < 2; spring++) {
		fixture_file(&file, spring ? "schemas/input/2025-spring/bookings-value.avsc"
					   : "schemas/input/2026/bookings-value.avsc");
		plan = fixture_plan(buf_cstr(&file), bookings, false);
		buf_clear(&b);
		text(&b, "B1");
		text(&b, "a@b.c");
		text(&b, "H1");
		for (int i = 0; i < 2; i++) {
			if (spring)
				text(&b, "2025-06-01");
			else
				hand_long(&b, 1700000000000 + i);
		}
		hand_long(&b, 2);
		hand_long(&b, -450);
		hand_long(&b, 1700000000000);
		run_ok(plan, &b, v);
		assert_int_equal(v[3].kind, spring ? VALUE_STRING : VALUE_LONG);
		assert_int_equal(v[4].kind, v[3].kind);
		assert_true(v[5].i == -450);
		assert_only_whole(plan, &b);
		avro_plan_free(plan);
		buf_release(&file);
	}
	fixture_file(&file, "schemas/input/2025-autumn/hotel_reviews-value.avsc");
	plan = fixture_plan(buf_cstr(&file), reviews, false);
	buf_clear(&b);
	text(&b, "R1");
	text(&b, "B1");
	hand_long(&b, 5);
	text(&b, "Sch\xc3\xb6n");
	hand_long(&b, 1700000000000);
	run_ok(plan, &b, v);
	assert_true(slice_is(v[0].s, "R1"));
	assert_int_equal(v[1].kind, VALUE_ABSENT);
	assert_true(slice_is(v[2].s, "B1"));
	assert_true(slice_is(v[3].s, "Sch\xc3\xb6n"));
	assert_only_whole(plan, &b);
	avro_plan_free(plan);
	buf_release(&file);
	buf_release(&b);
}

static void nullable_unions_work_in_either_order(void **state)
{
	static const char schema[] =
		RECORD(FIELD("a", "[\"null\",\"string\"]") "," FIELD("s", "[\"string\",\"null\"]") "," FIELD(
			"b", "[\"string\",\"null\"]") "," FIELD("c", "[\"null\"]"));
	struct avro_plan *plan = fixture_plan(schema, LAYOUT("a", "b", "c"), false);
	struct value v[PLAN_SLOTS];
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_append(&b,
		   "\x02\x02x"
		   "\x02"
		   "\x00\x02y"
		   "\x00",
		   8);
	run_ok(plan, &b, v);
	assert_true(slice_is(v[0].s, "x"));
	assert_true(slice_is(v[1].s, "y"));
	assert_int_equal(v[2].kind, VALUE_NULL);
	assert_only_whole(plan, &b);
	buf_clear(&b);
	buf_append(&b,
		   "\x00"
		   "\x00\x02z"
		   "\x02"
		   "\x00",
		   6);
	run_ok(plan, &b, v);
	assert_int_equal(v[0].kind, VALUE_NULL);
	assert_int_equal(v[1].kind, VALUE_NULL);
	run_bad(plan, slice_make("\x04", 1)); /* branch 2 */
	run_bad(plan, slice_make("\x01", 1)); /* branch -1 */
	buf_release(&b);
	avro_plan_free(plan);
}

static void general_unions_give_the_branch_that_was_written(void **state)
{
	static const char schema[] = RECORD(
		FIELD("u", "[\"int\",\"null\",\"double\",\"string\",\"boolean\",{\"type\":\"long\","
			   "\"logicalType\":\"timestamp-micros\"},\"bytes\"]") "," FIELD("end", "\"int\""));
	struct avro_plan *plan = fixture_plan(schema, LAYOUT("U"), false);
	struct value v[PLAN_SLOTS];
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_append(&b, "\x00\x05\x00", 3);
	run_ok(plan, &b, v);
	assert_int_equal(v[0].kind, VALUE_LONG);
	assert_true(v[0].i == -3);
	assert_int_equal(v[0].unit, UNIT_NONE);
	buf_clear(&b);
	buf_append(&b, "\x02\x00", 2);
	run_ok(plan, &b, v);
	assert_int_equal(v[0].kind, VALUE_NULL);
	buf_clear(&b);
	buf_append(&b, "\x04\x00\x00\x00\x00\x00\x00\xf8\x3f\x00", 10);
	run_ok(plan, &b, v);
	assert_int_equal(v[0].kind, VALUE_DOUBLE);
	assert_true(v[0].d == 1.5);
	buf_clear(&b);
	buf_append(&b, "\x08\x01\x00", 3);
	run_ok(plan, &b, v);
	assert_int_equal(v[0].kind, VALUE_BOOL);
	assert_true(v[0].i == 1);
	run_bad(plan, slice_make("\x08\x02\x00", 3));
	buf_clear(&b);
	buf_append(&b, "\x0a\x02\x00", 3);
	run_ok(plan, &b, v);
	assert_int_equal(v[0].unit, UNIT_MICROS);
	assert_only_whole(plan, &b);
	run_bad(plan, slice_make("\x0e\x00\x00", 3));
	buf_release(&b);
	avro_plan_free(plan);
}

static void arrays_and_maps_are_skipped_in_all_block_forms(void **state)
{
	static const char schema[] =
		RECORD(FIELD("a", "{\"type\":\"array\",\"items\":{\"type\":\"map\",\"values\":[\"null\","
				  "\"string\"]}}") "," FIELD("x", "\"string\""));
	struct avro_plan *plan = fixture_plan(schema, LAYOUT("X"), false);
	struct value v[PLAN_SLOTS];
	struct buf b;

	(void)state;
	buf_init(&b, 200);
	buf_append(&b, "\x00\x02x", 3); /* no items */
	run_ok(plan, &b, v);
	assert_true(slice_is(v[0].s, "x"));
	buf_clear(&b);
	/* Two blocks: one item holding {k: null, l: "v"}; then, as -1 with its
	 * size, an item holding {k: null} written as -1 with its size too. */
	buf_append(&b,
		   "\x02"
		   "\x04"
		   "\x02k\x00"
		   "\x02l\x02\x02v"
		   "\x00",
		   11);
	buf_append(&b,
		   "\x01\x0c"
		   "\x01\x06"
		   "\x02k\x00"
		   "\x00",
		   8);
	buf_append(&b,
		   "\x00"
		   "\x02x",
		   3);
	run_ok(plan, &b, v);
	assert_true(slice_is(v[0].s, "x"));
	assert_only_whole(plan, &b);
	/* A million items in a few bytes, and counts that have no negation. */
	run_bad(plan, slice_make("\x80\x89\x7a\x00\x02x", 6));
	run_bad(plan, slice_make("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x02x", 13));
	buf_release(&b);
	avro_plan_free(plan);
}

static void lengths_and_numbers_out_of_range_are_refused(void **state)
{
	static const char schema[] =
		RECORD(FIELD("s", "\"string\"") "," FIELD("i", "\"int\"") "," FIELD("j", "\"int\""));
	struct avro_plan *plan = fixture_plan(schema, LAYOUT("s", "i"), false);
	struct value v[PLAN_SLOTS];
	struct buf b;

	(void)state;
	run_bad(plan, slice_make("\x01", 1));					   /* length -1 */
	run_bad(plan, slice_make("\x04x", 2));					   /* one byte of two */
	run_bad(plan, slice_make("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10)); /* 2^63 - 1 */
	run_bad(plan, slice_make("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00\x00\x00", 13)); /* 11 bytes */
	run_bad(plan, slice_make("\x02\xff\x00\x00", 4));				       /* not UTF-8 */
	buf_init(&b, 100);
	buf_byte(&b, 0);
	hand_long(&b, INT32_MIN);
	hand_long(&b, INT32_MAX);
	run_ok(plan, &b, v);
	assert_true(v[1].i == INT32_MIN);
	buf_clear(&b);
	buf_byte(&b, 0);
	hand_long(&b, (int64_t)INT32_MAX + 1);
	buf_byte(&b, 0);
	run_bad(plan, buf_view(&b));
	buf_clear(&b);
	buf_append(&b, "\x00\x00", 2);
	hand_long(&b, (int64_t)INT32_MIN - 1); /* skipped, and refused all the same */
	run_bad(plan, buf_view(&b));
	buf_release(&b);
	avro_plan_free(plan);
}

static void exact_names_come_before_names_in_another_case(void **state)
{
	static const char schema[] =
		RECORD(FIELD("Name", "\"int\"") "," FIELD("NAME", "\"int\"") "," FIELD("city", "\"int\""));
	struct avro_plan *plan = fixture_plan(schema, LAYOUT("NAME", "CITY", "COUNTRY"), false);
	struct value v[PLAN_SLOTS];
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_append(&b, "\x02\x04\x06", 3);
	run_ok(plan, &b, v);
	assert_true(v[0].i == 2);
	assert_true(v[1].i == 3);
	assert_int_equal(v[2].kind, VALUE_ABSENT);
	buf_release(&b);
	avro_plan_free(plan);
}

static void oracle_types_arrive_with_their_units(void **state)
{
	static const char schema[] = RECORD(FIELD(
		"ROOM_CAPACITY",
		"[\"null\",{\"type\":\"record\",\"name\":\"VariableScaleDecimal\",\"namespace\":"
		"\"io.debezium.data\",\"fields\":[{\"name\":\"scale\",\"type\":\"int\"},{\"name\":"
		"\"value\",\"type\":\"bytes\"}],\"connect.name\":\"io.debezium.data."
		"VariableScaleDecimal\"}]") "," FIELD("PRICE",
						      "{\"type\":\"bytes\",\"connect.name\":\"org."
						      "apache.kafka.connect.data.Decimal\","
						      "\"logicalType\":\"decimal\",\"precision\":38,"
						      "\"scale\":2,\"connect.parameters\":"
						      "{\"scale\":\"2\"}}") "," FIELD("AGAIN",
										      "[\"null\",\"io."
										      "debezium.data."
										      "VariableScaleDec"
										      "imal\"]") "," FIELD("T"
													   "S",
													   "{"
													   "\"type\":\"long\",\"connect.version\":1,\"connect.name\":\"io.debezium.time.MicroTimestamp\"}") "," FIELD("ZONED",
																										      "{\"type\":\"string\",\"connect.name\":\"io.debezium.time.ZonedTimestamp\"}") "," FIELD("CLASS",
																																					      "{\"type\":\"enum\",\"name\":\"Class\",\"symbols\":[\"ONE\",\"TWO\"]}"));
	struct avro_plan *plan =
		fixture_plan(schema, LAYOUT("ROOM_CAPACITY", "PRICE", "TS", "ZONED", "CLASS"), true);
	struct value v[PLAN_SLOTS];
	struct buf b;

	(void)state;
	buf_init(&b, 200);
	buf_append(&b, "\x02\x00\x02\x7b", 4); /* 123, scale 0 */
	buf_append(&b, "\x04\x04\xd2", 3);     /* 12.34 */
	buf_append(&b, "\x02\x02\x02\x01", 4); /* skipped */
	hand_long(&b, 1700000000000000);
	text(&b, "2026-03-01T10:00:00+01:00");
	buf_byte(&b, 2);
	run_ok(plan, &b, v);
	assert_int_equal(v[0].kind, VALUE_BYTES);
	assert_int_equal(v[0].unit, UNIT_DECIMAL);
	assert_int_equal(v[0].scale, 0);
	assert_true(slice_is(v[0].s, "{"));
	assert_int_equal(v[1].scale, 2);
	assert_int_equal(v[1].s.len, 2);
	assert_int_equal(v[2].unit, UNIT_MICROS);
	assert_int_equal(v[3].kind, VALUE_STRING);
	assert_true(slice_is(v[4].s, "TWO"));
	assert_only_whole(plan, &b);
	buf_release(&b);
	avro_plan_free(plan);
}

static void a_wanted_field_that_is_no_single_value_makes_the_schema_unusable(void **state)
{
	static const char *const types[] = {"{\"type\":\"array\",\"items\":\"string\"}",
					    "{\"type\":\"map\",\"values\":\"string\"}",
					    "{\"type\":\"record\",\"name\":\"S\",\"fields\":[]}",
					    "[\"null\",{\"type\":\"array\",\"items\":\"string\"}]"};
	static const char *const names[] = {"F"};
	static const struct layout layout = {names, 1};
	struct err err = {0};
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (int i = 0; i < 4; i++) {
		buf_clear(&b);
		buf_printf(&b, RECORD("{\"name\":\"f\",\"type\":%s}"), types[i]);
		assert_null(avro_plan_compile(avro_schema_parse(slice_str(buf_cstr(&b)), &err), &layout,
					      false, &err));
		assert_int_equal(err.code, POISON_SCHEMA);
		assert_non_null(strstr(err.text, "no single value"));
	}
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clicks_of_all_generations_decode_alike),
		cmocka_unit_test(bookings_and_reviews_of_all_generations_decode),
		cmocka_unit_test(nullable_unions_work_in_either_order),
		cmocka_unit_test(general_unions_give_the_branch_that_was_written),
		cmocka_unit_test(arrays_and_maps_are_skipped_in_all_block_forms),
		cmocka_unit_test(lengths_and_numbers_out_of_range_are_refused),
		cmocka_unit_test(exact_names_come_before_names_in_another_case),
		cmocka_unit_test(oracle_types_arrive_with_their_units),
		cmocka_unit_test(a_wanted_field_that_is_no_single_value_makes_the_schema_unusable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
