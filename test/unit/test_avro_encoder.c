/* Our fields into records of our schemas and of schemas that others registered. */

#include "base/random.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/wire_fixture.h"
#include "wire/avro_encoder.h"
#include "wire/framing.h"

#include <avro.h>

#define RECORD(fields)		"{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"
#define FIELD(name, type)	"{\"name\":\"" name "\",\"type\":" type "}"
#define MORE(name, type, value) "{\"name\":\"" name "\",\"type\":" type ",\"default\":" value "}"

static const struct avro_input_field fields[] = {
	{.name = "CUSTOMER_EMAIL", .kind = VALUE_STRING},
	{.name = "HOTEL_ID", .kind = VALUE_STRING},
	{.name = "ACTIVITY_TIME", .kind = VALUE_LONG, .unit = UNIT_MILLIS},
	{.name = "SIMILAR_HOTELS", .kind = VALUE_STRING, .is_array = true},
};

static const struct value similar[] = {{.kind = VALUE_STRING, .s = {"X", 1}}, {.kind = VALUE_NULL}};

static const struct avro_input inputs[] = {
	{.scalar = {.kind = VALUE_STRING, .s = {"a@b.c", 5}}},
	{.scalar = {.kind = VALUE_STRING, .s = {"H1", 2}}},
	{.scalar = {.kind = VALUE_LONG, .i = 1700000000000}},
	{.items = similar, .item_count = 2},
};

static struct avro_encoder *encoder(const char *schema)
{
	struct err err = {0};
	struct avro_encoder *e = avro_encoder_new(slice_str(schema), fields, 4, &err);

	if (e == NULL)
		fail_msg("%s", err.text);
	return e;
}

static void assert_refused(const char *schema, const char *why)
{
	struct err err = {0};

	assert_null(avro_encoder_new(slice_str(schema), fields, 4, &err));
	assert_int_equal(err.class, ERR_CONFIG);
	if (strstr(err.text, why) == NULL)
		fail_msg("'%s' does not say '%s'", err.text, why);
}

#define SIMILAR "[\"null\",{\"type\":\"array\",\"items\":[\"null\",\"string\"]}]"
#define FOUR                                                                                                 \
	FIELD("CUSTOMER_EMAIL", "\"string\"")                                                                \
	"," FIELD("HOTEL_ID", "\"string\"") "," FIELD("ACTIVITY_TIME",                                       \
						      "{\"type\":\"long\",\"logicalType\":"                  \
						      "\"timestamp-millis\"}") "," MORE("SIMILAR_HOTELS",    \
											SIMILAR, "null")

static void the_bytes_are_the_ones_flink_would_write(void **state)
{
	static const char pinned[] =
		"\x00\x00\x01\x86\xa1\x0a\x61\x40\x62\x2e\x63\x04\x48\x31\x80\xa0\xab\xfe\xf9\x62"
		"\x02\x04\x02\x02\x58\x00\x00";
	struct avro_encoder *e = encoder(RECORD(FOUR));
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	framing_append(&b, 100001);
	assert_int_equal(avro_encoder_write(e, inputs, &b, NULL), 0);
	assert_int_equal(b.len, sizeof(pinned) - 1);
	assert_memory_equal(b.data, pinned, b.len);
	buf_release(&b);
	avro_encoder_free(e);
}

static void fields_go_where_another_schema_wants_them(void **state)
{
	static const char schema[] = RECORD(FIELD(
		"activity_time",
		"[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-"
		"micros\"}]") "," FIELD("hotel_id",
					"[\"string\",\"null\"]") "," FIELD("CUSTOMER_EMAIL",
									   "[\"null\",\"int\",\"string\"]"));
	struct avro_plan *plan =
		fixture_plan(schema, LAYOUT("ACTIVITY_TIME", "HOTEL_ID", "CUSTOMER_EMAIL"), false);
	struct avro_encoder *e = encoder(schema);
	struct value v[PLAN_SLOTS];
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(avro_encoder_write(e, inputs, &b, NULL), 0);
	assert_int_equal(avro_plan_run(plan, buf_view(&b), v, NULL), 0);
	assert_true(v[0].i == 1700000000000000);
	assert_true(slice_is(v[1].s, "H1"));
	assert_true(slice_is(v[2].s, "a@b.c"));
	buf_release(&b);
	avro_encoder_free(e);
	avro_plan_free(plan);
}

static void milliseconds_become_nanoseconds_or_are_too_many(void **state)
{
	struct avro_encoder *e = encoder(
		RECORD(FIELD("ACTIVITY_TIME", "{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\"}")));
	struct avro_input in[4] = {[2] = {.scalar = {.kind = VALUE_LONG, .i = 3}}};
	struct err err = {0};
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(avro_encoder_write(e, in, &b, NULL), 0);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "\x80\x9b\xee\x02", 4); /* 3000000 */
	in[2].scalar.i = INT64_MAX / 1000;
	assert_int_equal(avro_encoder_write(e, in, &b, &err), -1);
	assert_int_equal(err.class, ERR_FATAL);
	buf_release(&b);
	avro_encoder_free(e);
}

/* ---- against avro-c ---- */

static const struct avro_input_field kinds[] = {
	{.name = "text", .kind = VALUE_STRING, .nullable = true},
	{.name = "whole", .kind = VALUE_LONG, .nullable = true},
	{.name = "small", .kind = VALUE_LONG},
	{.name = "real", .kind = VALUE_DOUBLE},
	{.name = "truth", .kind = VALUE_BOOL},
	{.name = "many", .kind = VALUE_STRING, .is_array = true},
};

#define KINDS                                                                                                                               \
	RECORD(FIELD("many", "{\"type\":\"array\",\"items\":[\"string\",\"null\"]}") "," FIELD(                                             \
		"truth",                                                                                                                    \
		"\""                                                                                                                        \
		"bo"                                                                                                                        \
		"ol"                                                                                                                        \
		"ea"                                                                                                                        \
		"n"                                                                                                                         \
		"\"") "," FIELD("real",                                                                                                     \
				"[\"null\",\"double\"]") "," MORE("theirs", "\"string\"",                                                   \
								  "\"dflt\"") "," FIELD("small",                                            \
											"\"int\"") "," FIELD("whole",                       \
													     "[\"long\","                   \
													     "\"null\"]") "," FIELD("text", \
																    "[\"null\",\"string\"]"))

static avro_value_t branch_of(avro_value_t *record, const char *name, int expected)
{
	avro_value_t field, branch;
	int which;

	assert_int_equal(avro_value_get_by_name(record, name, &field, NULL), 0);
	assert_int_equal(avro_value_get_discriminant(&field, &which), 0);
	assert_int_equal(which, expected);
	assert_int_equal(avro_value_get_current_branch(&field, &branch), 0);
	return branch;
}

static void assert_text(avro_value_t value, struct slice expected)
{
	const char *text;
	size_t size;

	assert_int_equal(avro_value_get_string(&value, &text, &size), 0);
	assert_true(slice_equal(slice_make(text, size - 1), expected));
}

static void assert_reads_back(avro_value_t *record, const struct avro_input *in)
{
	bool has_text = in[0].scalar.kind != VALUE_NULL, has_whole = in[1].scalar.kind != VALUE_NULL;
	avro_value_t text = branch_of(record, "text", has_text),
		     whole = branch_of(record, "whole", !has_whole), real = branch_of(record, "real", 1),
		     value, item, branch;
	int64_t n;
	int32_t small;
	double d;
	int truth, which;

	if (has_text)
		assert_text(text, in[0].scalar.s);
	if (has_whole) {
		assert_int_equal(avro_value_get_long(&whole, &n), 0);
		assert_int_equal(n, in[1].scalar.i);
	}
	avro_value_get_by_name(record, "small", &value, NULL);
	assert_int_equal(avro_value_get_int(&value, &small), 0);
	assert_int_equal(small, in[2].scalar.i);
	assert_int_equal(avro_value_get_double(&real, &d), 0);
	assert_true(d == in[3].scalar.d);
	avro_value_get_by_name(record, "truth", &value, NULL);
	assert_int_equal(avro_value_get_boolean(&value, &truth), 0);
	assert_int_equal(truth, in[4].scalar.i);
	avro_value_get_by_name(record, "theirs", &value, NULL);
	assert_text(value, SLICE_LITERAL("dflt"));
	avro_value_get_by_name(record, "many", &value, NULL);
	for (size_t i = 0; i < in[5].item_count; i++) {
		assert_int_equal(avro_value_get_by_index(&value, i, &item, NULL), 0);
		assert_int_equal(avro_value_get_discriminant(&item, &which), 0);
		assert_int_equal(which, in[5].items[i].kind == VALUE_NULL);
		avro_value_get_current_branch(&item, &branch);
		if (which == 0)
			assert_text(branch, in[5].items[i].s);
	}
}

static struct value random_text(struct random *r, const char *text)
{
	struct value v = {.kind = VALUE_STRING, .s = slice_make(text, random_below(r, 300))};

	return random_below(r, 3) ? v : (struct value){.kind = VALUE_NULL};
}

static void avro_c_reads_what_was_written(void **state)
{
	avro_schema_t schema;
	avro_value_iface_t *class;
	avro_value_t record;
	struct avro_encoder *e = avro_encoder_new(SLICE_LITERAL(KINDS), kinds, 6, NULL);
	struct random r;
	struct buf b;
	char text[300];

	(void)state;
	assert_non_null(e);
	memset(text, 'x', sizeof(text));
	random_init(&r, 5);
	buf_init(&b, 10000);
	assert_int_equal(avro_schema_from_json_literal(KINDS, &schema), 0);
	class = avro_generic_class_from_schema(schema);
	avro_generic_value_new(class, &record);
	for (int round = 0; round < 2000; round++) {
		int64_t whole = (int64_t)(random_u64(&r) >> random_below(&r, 64));
		struct value many[5];
		struct avro_input in[6] = {
			{.scalar = random_text(&r, text)},
			{.scalar = {.kind = random_below(&r, 4) ? VALUE_LONG : VALUE_NULL,
				    .i = random_below(&r, 2) ? whole : -whole}},
			{.scalar = {.kind = VALUE_LONG, .i = (int32_t)random_u64(&r)}},
			{.scalar = {.kind = VALUE_DOUBLE, .d = (double)whole / 3}},
			{.scalar = {.kind = VALUE_BOOL, .i = (int64_t)random_below(&r, 2)}},
			{.items = many, .item_count = random_below(&r, 6)},
		};
		avro_reader_t reader;

		for (size_t i = 0; i < 5; i++)
			many[i] = random_text(&r, text);
		buf_clear(&b);
		assert_int_equal(avro_encoder_write(e, in, &b, NULL), 0);
		reader = avro_reader_memory(b.data, (int64_t)b.len);
		avro_value_reset(&record);
		assert_int_equal(avro_value_read(reader, &record), 0);
		assert_int_not_equal(avro_skip(reader, 1), 0); /* nothing is left */
		avro_reader_free(reader);
		assert_reads_back(&record, in);
	}
	avro_value_decref(&record);
	avro_value_iface_decref(class);
	avro_schema_decref(schema);
	buf_release(&b);
	avro_encoder_free(e);
}

static void a_record_that_does_not_fit_leaves_nothing(void **state)
{
	struct avro_encoder *e = encoder(RECORD(FOUR));
	struct err err = {0};
	struct buf b;

	(void)state;
	buf_init(&b, 6 + 20);
	buf_str(&b, "before");
	assert_int_equal(avro_encoder_write(e, inputs, &b, &err), -1);
	assert_int_equal(err.class, ERR_FATAL);
	assert_int_equal(b.len, 6);
	buf_release(&b);
	avro_encoder_free(e);
}

static void fields_we_lack_get_their_default(void **state)
{
	static const char schema[] =
		RECORD(MORE("a", "[\"null\",\"int\"]", "null") "," MORE("b", "\"boolean\"", "true") "," MORE(
			"c", "\"int\"", "-5") "," MORE("d", "\"long\"",
						       "4503599627370497") "," MORE("e", "\"double\"",
										    "1.5") "," MORE("f",
												    "\"float"
												    "\"",
												    "2.5") "," MORE("g",
														    "\"string\"",
														    "\"x\xc3\xa9"
														    "\"") "," MORE("h", "\"bytes\"", "\"\\u00ff\\u0001\"") "," MORE("i", "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}", "\"B\"") "," MORE("j", "{\"type\":\"array\",\"items\":\"int\"}", "[1,2]") "," MORE("k",
																																									    "{\"type\":\"map\",\"values\":\"int\"}", "{\"y\":3}") "," MORE("l",
																																																	   "{\"type\":\"record\",\"name\":\"S\",\"fields\":[" MORE("m",
																																																								   "\"int\"",
																																																								   "7") "," FIELD("n", "\"int\"") "]}",
																																																	   "{\"n\":8}") "," MORE("o",
																																																				 "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}", "\"ab\"") "," MORE("p",
																																																												      "[\"string\",\"null\"]",
																																																												      "\"q\"") "," FIELD("HOTEL_ID",
																																																															 "\"string\""));
	static const char expected[] = "\x00"
				       "\x01"
				       "\x09"
				       "\x82\x80\x80\x80\x80\x80\x80\x10"
				       "\x00\x00\x00\x00\x00\x00\xf8\x3f"
				       "\x00\x00\x20\x40"
				       "\x06x\xc3\xa9"
				       "\x04\xff\x01"
				       "\x02"
				       "\x04\x02\x04\x00"
				       "\x02\x02y\x06\x00"
				       "\x0e\x10"
				       "ab"
				       "\x00\x02q"
				       "\x04H1";
	struct avro_encoder *e = encoder(schema);
	struct buf b;

	(void)state;
	buf_init(&b, 200);
	assert_int_equal(avro_encoder_write(e, inputs, &b, NULL), 0);
	assert_int_equal(b.len, sizeof(expected) - 1);
	assert_memory_equal(b.data, expected, b.len);
	buf_release(&b);
	avro_encoder_free(e);
}

static void what_cannot_be_mapped_is_found_at_once(void **state)
{
	(void)state;
	assert_refused("\"string\"", "no record");
	assert_refused("{", "JSON");
	assert_refused(RECORD(FOUR "," FIELD("EXTRA", "\"string\"")), "EXTRA");
	assert_refused(RECORD(FIELD("HOTEL_ID", "\"int\"")), "cannot hold");
	assert_refused(RECORD(FIELD("HOTEL_ID", "[\"null\",\"bytes\"]")), "cannot hold");
	assert_refused(RECORD(FIELD("ACTIVITY_TIME", "{\"type\":\"int\",\"logicalType\":\"date\"}")),
		       "cannot hold");
	assert_refused(RECORD(FIELD("SIMILAR_HOTELS", "\"string\"")), "cannot hold");
	assert_refused(RECORD(FIELD("SIMILAR_HOTELS", "{\"type\":\"array\",\"items\":\"string\"}")),
		       "cannot hold");
	assert_refused(RECORD(MORE("EXTRA", "\"int\"", "\"x\"")), "default");
	assert_refused(RECORD(MORE("EXTRA", "\"int\"", "2147483648")), "default");
	assert_refused(RECORD(MORE("EXTRA", "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}", "\"abc\"")),
		       "default");
	assert_refused(RECORD(FOUR "," MORE("A-B", "\"int\"", "1")), "avro-c");
}

/* A type that is declared once and named again, in a default too. */
static void named_types_may_be_referred_to(void **state)
{
	static const char schema[] = RECORD(
		MORE("a", "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}",
		     "\"A\"") "," MORE("b", "[\"null\",\"E\"]", "\"B\"") "," FIELD("HOTEL_ID", "\"string\""));
	struct avro_encoder *e = encoder(schema);
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(avro_encoder_write(e, inputs, &b, NULL), 0);
	assert_int_equal(avro_encoder_write(e, inputs, &b, NULL), 0); /* the same again */
	assert_int_equal(b.len, 12);
	assert_memory_equal(b.data, "\x00\x02\x02\x04H1\x00\x02\x02\x04H1", 12);
	buf_release(&b);
	avro_encoder_free(e);
}

static void a_nullable_field_needs_a_nullable_type(void **state)
{
	static const struct avro_input_field nullable = {.name = "F", .kind = VALUE_LONG, .nullable = true};
	struct avro_input in = {.scalar = {.kind = VALUE_LONG, .i = (int64_t)INT32_MAX + 1}};
	struct err err = {0};
	struct avro_encoder *e;
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_null(avro_encoder_new(slice_str(RECORD(FIELD("F", "\"long\""))), &nullable, 1, &err));
	assert_int_equal(err.class, ERR_CONFIG);
	e = avro_encoder_new(slice_str(RECORD(FIELD("F", "[\"int\",\"null\"]"))), &nullable, 1, &err);
	assert_non_null(e);
	assert_int_equal(avro_encoder_write(e, &in, &b, &err), -1);
	assert_int_equal(err.class, ERR_FATAL);
	buf_clear(&b);
	in.scalar.i = -1;
	assert_int_equal(avro_encoder_write(e, &in, &b, &err), 0);
	in.scalar = (struct value){.kind = VALUE_ABSENT};
	assert_int_equal(avro_encoder_write(e, &in, &b, &err), 0);
	in.scalar = (struct value){.kind = VALUE_STRING, .s = {"x", 1}};
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.data, "\x00\x01\x02", 3);
	assert_int_equal(avro_encoder_write(e, &in, &b, &err), -1);
	avro_encoder_free(e);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_are_the_ones_flink_would_write),
		cmocka_unit_test(fields_go_where_another_schema_wants_them),
		cmocka_unit_test(milliseconds_become_nanoseconds_or_are_too_many),
		cmocka_unit_test(avro_c_reads_what_was_written),
		cmocka_unit_test(a_record_that_does_not_fit_leaves_nothing),
		cmocka_unit_test(fields_we_lack_get_their_default),
		cmocka_unit_test(what_cannot_be_mapped_is_found_at_once),
		cmocka_unit_test(named_types_may_be_referred_to),
		cmocka_unit_test(a_nullable_field_needs_a_nullable_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
