/* Which schemas are let in, and what is kept of them. */

#include "test/lib/cmocka_all.h"
#include "test/lib/wire_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define RECORD(fields)	  "{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"a.b\",\"fields\":[" fields "]}"
#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":" type "}"

static void assert_refused(const char *text, const char *why)
{
	struct err err = {0};
	struct avro_schema *s = avro_schema_parse(slice_str(text), &err);

	if (s != NULL)
		fail_msg("let in: %s", text);
	assert_int_equal(err.class, ERR_POISON);
	assert_int_equal(err.code, POISON_SCHEMA);
	if (strstr(err.text, why) == NULL)
		fail_msg("'%s' does not say '%s'", err.text, why);
}

static struct avro_schema *parsed(const char *text)
{
	struct err err = {0};
	struct avro_schema *s = avro_schema_parse(slice_str(text), &err);

	if (s == NULL)
		fail_msg("%s: %s", err.text, text);
	return s;
}

static void hostile_schemas_are_refused(void **state)
{
	(void)state;
	assert_refused("", "JSON");
	assert_refused("{\"type\":\"record\"", "JSON");
	assert_refused("{} {}", "JSON");
	assert_refused("17", "missing");
	assert_refused("{\"type\":\"fixed\",\"name\":\"F\",\"size\":-1}", "1 to 65536");
	assert_refused("{\"type\":\"fixed\",\"name\":\"F\",\"size\":0}", "1 to 65536");
	assert_refused("{\"type\":\"fixed\",\"name\":\"F\",\"size\":65537}", "1 to 65536");
	assert_refused("{\"type\":\"fixed\",\"name\":\"F\",\"size\":1.5}", "1 to 65536");
	assert_refused("{\"type\":\"fixed\",\"name\":\"F\",\"size\":\"3\"}", "1 to 65536");
	assert_refused("{\"type\":\"array\",\"items\":\"null\"}", "no size");
	assert_refused("{\"type\":\"array\",\"items\":" RECORD(FIELD("f", "\"null\"")) "}", "no size");
	assert_refused("{\"type\":\"array\"}", "missing");
	assert_refused("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[]}", "no symbols");
	assert_refused("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[1]}", "not a string");
	assert_refused("[]", "union of 0");
	assert_refused("[\"string\",[\"null\"]]", "union directly");
	assert_refused("[\"string\",\"string\"]", "two branches");
	assert_refused("\"nothing\"", "unknown type");
	assert_refused("{\"type\":\"record\",\"name\":\"R\"}", "no fields");
	assert_refused("{\"type\":\"record\",\"fields\":[]}", "without a name");
	assert_refused(RECORD("{\"type\":\"string\"}"), "without a name");
	assert_refused(RECORD(FIELD("f", "\"string\"") "," FIELD("f", "\"int\"")), "twice");
	assert_refused(RECORD(FIELD("f", RECORD(""))), "defined twice");
	assert_refused("\"record\"", "no type by itself");
}

static void types_that_contain_themselves_are_refused(void **state)
{
	(void)state;
	assert_refused(RECORD(FIELD("f", "[\"null\",\"R\"]")), "contains itself");
	assert_refused(RECORD(FIELD("f", "{\"type\":\"array\",\"items\":\"a.b.R\"}")), "contains itself");
}

static void depth_fields_and_size_are_bounded(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1024 * 1024);
	for (int i = 0; i < 40; i++)
		buf_str(&b, "{\"type\":\"array\",\"items\":");
	buf_str(&b, "\"int\"");
	for (int i = 0; i < 40; i++)
		buf_str(&b, "}");
	assert_refused(buf_cstr(&b), "32 deep");
	buf_clear(&b);
	for (int i = 0; i < 500; i++)
		buf_str(&b, "[");
	assert_refused(buf_cstr(&b), "too deep");
	buf_clear(&b);
	buf_str(&b, "{\"type\":\"record\",\"name\":\"R\",\"fields\":[");
	for (int i = 0; i < 1001; i++)
		buf_printf(&b, "%s{\"name\":\"f%d\",\"type\":\"int\"}", i ? "," : "", i);
	buf_str(&b, "]}");
	assert_refused(buf_cstr(&b), "1000 fields");
	buf_clear(&b);
	buf_str(&b, "\"");
	while (b.len < AVRO_SCHEMA_MAX_TEXT)
		buf_str(&b, "xxxxxxxxxxxxxxxx");
	buf_str(&b, "\"");
	assert_refused(buf_cstr(&b), "more than 262144 bytes");
	buf_release(&b);
}

/* Thirty records, each of which holds the one before twice: 2^30 fields. */
static void a_small_text_that_stands_for_a_huge_one_is_refused(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1024 * 1024);
	buf_str(&b, "{\"type\":\"record\",\"name\":\"Top\",\"fields\":[");
	buf_str(&b,
		"{\"name\":\"f0\",\"type\":{\"type\":\"record\",\"name\":\"A0\",\"fields\":[{\"name\":\"x\","
		"\"type\":\"null\"}]}}");
	for (int i = 1; i < 30; i++)
		buf_printf(&b,
			   ",{\"name\":\"f%d\",\"type\":{\"type\":\"record\",\"name\":\"A%d\",\"fields\":["
			   "{\"name\":\"x\",\"type\":\"A%d\"},{\"name\":\"y\",\"type\":\"A%d\"}]}}",
			   i, i, i - 1, i - 1);
	buf_str(&b, "]}");
	assert_refused(buf_cstr(&b), "too large");
	buf_release(&b);
}

/* A hundred records, each of which holds the one before once: wide enough in text, too deep to walk. */
static void a_flat_text_that_stands_for_a_deep_one_is_refused(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1024 * 1024);
	buf_str(&b, "{\"type\":\"record\",\"name\":\"Top\",\"fields\":[");
	buf_str(&b, "{\"name\":\"f0\",\"type\":{\"type\":\"fixed\",\"name\":\"A0\",\"size\":1}}");
	for (int i = 1; i < 100; i++)
		buf_printf(&b,
			   ",{\"name\":\"f%d\",\"type\":{\"type\":\"record\",\"name\":\"A%d\",\"fields\":["
			   "{\"name\":\"x\",\"type\":\"A%d\"}]}}",
			   i, i, i - 1);
	buf_str(&b, "]}");
	assert_refused(buf_cstr(&b), "too large");
	buf_release(&b);
}

/* Our parser would take the first, avro-c the last. */
static void a_text_that_says_a_thing_twice_is_refused(void **state)
{
	(void)state;
	assert_refused("{\"type\":\"fixed\",\"name\":\"F\",\"size\":2,\"size\":-1}", "twice");
	assert_refused("{\"type\":\"record\",\"name\":\"R\",\"fields\":["
		       "{\"name\":\"f\",\"type\":\"int\",\"type\":\"string\"}]}",
		       "twice");
}

struct unit_case {
	const char *type;
	enum value_unit unit;
	int scale;
};

static void annotations_give_units(void **state)
{
	static const struct unit_case cases[] = {
		{"{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}", UNIT_MILLIS, 0},
		{"{\"type\":\"long\",\"flink.precision\":3,\"flink.version\":\"1\",\"logicalType\":\"local-"
		 "timestamp-millis\"}",
		 UNIT_MILLIS, 0},
		{"{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}", UNIT_MICROS, 0},
		{"{\"type\":\"long\",\"logicalType\":\"local-timestamp-micros\"}", UNIT_MICROS, 0},
		{"{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\"}", UNIT_NANOS, 0},
		{"{\"type\":\"int\",\"logicalType\":\"date\"}", UNIT_DAYS, 0},
		{"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9,\"scale\":2}", UNIT_DECIMAL,
		 2},
		{"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9}", UNIT_DECIMAL, 0},
		{"{\"type\":\"fixed\",\"name\":\"F\",\"size\":8,\"logicalType\":\"decimal\",\"scale\":3}",
		 UNIT_DECIMAL, 3},
		{"{\"type\":\"long\",\"connect.name\":\"io.debezium.time.Timestamp\"}", UNIT_MILLIS, 0},
		{"{\"type\":\"long\",\"connect.name\":\"io.debezium.time.MicroTimestamp\"}", UNIT_MICROS, 0},
		{"{\"type\":\"long\",\"connect.name\":\"io.debezium.time.NanoTimestamp\"}", UNIT_NANOS, 0},
		{"{\"type\":\"int\",\"connect.name\":\"io.debezium.time.Date\"}", UNIT_DAYS, 0},
		{"{\"type\":\"string\",\"connect.name\":\"io.debezium.time.ZonedTimestamp\"}", UNIT_NONE, 0},
		{"{\"type\":\"long\",\"connect.name\":\"org.apache.kafka.connect.data.Timestamp\"}",
		 UNIT_MILLIS, 0},
		{"{\"type\":\"int\",\"connect.name\":\"org.apache.kafka.connect.data.Date\"}", UNIT_DAYS, 0},
		{"{\"type\":\"bytes\",\"connect.name\":\"org.apache.kafka.connect.data.Decimal\",\"connect."
		 "parameters\":"
		 "{\"scale\":\"-2\"}}",
		 UNIT_DECIMAL, -2},
		/* On the wrong type, or out of range: as if it were not there. */
		{"{\"type\":\"string\",\"logicalType\":\"timestamp-millis\"}", UNIT_NONE, 0},
		{"{\"type\":\"long\",\"logicalType\":\"date\"}", UNIT_NONE, 0},
		{"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"scale\":1e9}", UNIT_NONE, 0},
		{"{\"type\":\"string\",\"logicalType\":\"uuid\"}", UNIT_NONE, 0},
		{"\"long\"", UNIT_NONE, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct avro_schema *s = parsed(cases[i].type);

		if (s->root->unit != cases[i].unit || s->root->scale != cases[i].scale)
			fail_msg("unit %d scale %d: %s", s->root->unit, s->root->scale, cases[i].type);
		avro_schema_free(s);
	}
}

static void names_are_found_in_their_namespace(void **state)
{
	struct avro_schema *s =
		parsed(RECORD(FIELD(
			"x",
			"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":["
			"\"A\"]}") "," FIELD("y",
					     "[\"null\",\"E\"]") "," FIELD("z",
									   "\"a.b.E\"") "," FIELD("w",
												  "{\"type\":"
												  "\"fixed\","
												  "\"name\":"
												  "\"c.F\","
												  "\"size\":"
												  "2}") "," FIELD("v",
														  "\"c.F\"")));

	(void)state;
	assert_string_equal(s->root->name, "a.b.R");
	assert_string_equal(s->root->fields[0].type->name, "a.b.E");
	assert_ptr_equal(s->root->fields[1].type->branches[1], s->root->fields[0].type);
	assert_ptr_equal(s->root->fields[2].type, s->root->fields[0].type);
	assert_ptr_equal(s->root->fields[4].type, s->root->fields[3].type);
	avro_schema_free(s);
}

static void every_sample_schema_is_let_in(void **state)
{
	static const char *const files[] = {
		"schemas/input/2025-spring/clickstream-value.avsc",
		"schemas/input/2025-spring/bookings-value.avsc",
		"schemas/input/2025-spring/hotel_reviews-value.avsc",
		"schemas/input/2025-autumn/clickstream-value.avsc",
		"schemas/input/2025-autumn/bookings-value.avsc",
		"schemas/input/2025-autumn/hotel_reviews-value.avsc",
		"schemas/input/2026/clickstream-value.avsc",
		"schemas/input/2026/bookings-value.avsc",
		"schemas/input/2026/reviews-value.avsc",
		"schemas/input/cdc/riverhotel.SAMPLE.HOTEL-envelope-value.avsc",
		"schemas/input/cdc/riverhotel.SAMPLE.HOTEL-flat-value.avsc",
		"schemas/input/cdc/riverhotel.SAMPLE.HOTEL-key.avsc",
		"schemas/input/cdc/riverhotel.SAMPLE.CUSTOMER-envelope-value.avsc",
		"schemas/input/cdc/riverhotel.SAMPLE.CUSTOMER-flat-value.avsc",
		"schemas/input/cdc/riverhotel.SAMPLE.CUSTOMER-key.avsc",
	};
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		fixture_file(&b, files[i]);
		avro_schema_free(parsed(buf_cstr(&b)));
		buf_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_schemas_are_refused),
		cmocka_unit_test(types_that_contain_themselves_are_refused),
		cmocka_unit_test(depth_fields_and_size_are_bounded),
		cmocka_unit_test(a_small_text_that_stands_for_a_huge_one_is_refused),
		cmocka_unit_test(a_flat_text_that_stands_for_a_deep_one_is_refused),
		cmocka_unit_test(a_text_that_says_a_thing_twice_is_refused),
		cmocka_unit_test(annotations_give_units),
		cmocka_unit_test(names_are_found_in_their_namespace),
		cmocka_unit_test(every_sample_schema_is_let_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
