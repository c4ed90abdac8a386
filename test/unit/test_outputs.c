/* The five outputs: literal schemas, and bytes as the Avro specification has them, put
 * together here by hand. */

#include "base/random.h"
#include "hotels/outputs.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/wire_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static struct outputs *made(const struct outputs_options *options)
{
	struct err err = {0};
	struct outputs *o = outputs_new(options, &err);

	if (o == NULL)
		fail_msg("%s", err.text);
	return o;
}

static void schemas_are_the_files_letter_by_letter(void **state)
{
	struct outputs_options options = {.date_type = DATE_LONG};
	struct outputs *o = made(&options);
	static const char *const parts[] = {"key", "value"};
	char name[128];
	struct buf b;

	(void)state;
	for (int t = 0; t < OUTPUTS; t++) {
		for (int part = 0; part < OUTPUT_PARTS; part++) {
			const char *topic = outputs_default_topic((enum output_topic)t);

			snprintf(name, sizeof(name), "schemas/%s-%s.avsc", topic, parts[part]);
			fixture_file(&b, name);
			assert_true(
				slice_equal(outputs_schema(o, (enum output_topic)t, (enum output_part)part),
					    buf_view(&b)));
			snprintf(name, sizeof(name), "%s-%s", topic, parts[part]);
			assert_string_equal(outputs_subject(o, (enum output_topic)t, (enum output_part)part),
					    name);
			buf_release(&b);
		}
	}
	outputs_free(o);
}

static void another_topic_name_renames_the_record_when_it_can(void **state)
{
	struct outputs_options options = {
		.topics = {[OUTPUT_CATALOG] = "CATALOG_2", [OUTPUT_SUMMARY] = "my.summaries"}};
	struct outputs *o = made(&options);
	struct err err = {0};

	(void)state;
	assert_string_equal(outputs_topic(o, OUTPUT_CATALOG), "CATALOG_2");
	assert_string_equal(outputs_subject(o, OUTPUT_CATALOG, OUTPUT_KEY), "CATALOG_2-key");
	assert_non_null(strstr(outputs_schema(o, OUTPUT_CATALOG, OUTPUT_VALUE).data, "\"CATALOG_2_value\""));
	assert_non_null(strstr(outputs_schema(o, OUTPUT_CATALOG, OUTPUT_KEY).data, "\"CATALOG_2_key\""));
	assert_null(strstr(outputs_schema(o, OUTPUT_CATALOG, OUTPUT_VALUE).data, "HOTEL_CATALOG"));
	assert_string_equal(outputs_subject(o, OUTPUT_SUMMARY, OUTPUT_VALUE), "my.summaries-value");
	assert_non_null(strstr(outputs_schema(o, OUTPUT_SUMMARY, OUTPUT_VALUE).data,
			       "\"TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY_value\""));
	outputs_free(o);
	options.topics[OUTPUT_CATALOG] = "a topic";
	assert_null(outputs_new(&options, &err));
	assert_int_equal(err.class, ERR_CONFIG);
}

/* ---- random outputs, and their bytes by hand ---- */

struct maker {
	struct random random;
	char text[32][64];
	size_t used;
};

static struct slice any_text(struct maker *m)
{
	char *to = m->text[m->used++ % 32];
	size_t n = random_below(&m->random, 60);

	for (size_t i = 0; i < n; i++)
		to[i] = (char)(' ' + random_below(&m->random, 90));
	return slice_make(to, n);
}

static struct value text_value(struct maker *m, bool nullable)
{
	if (nullable && random_below(&m->random, 3) == 0)
		return (struct value){.kind = VALUE_NULL};
	return (struct value){.kind = VALUE_STRING, .s = any_text(m)};
}

static struct value number_value(struct maker *m, bool is_int)
{
	int64_t i = (int64_t)random_u64(&m->random);

	if (random_below(&m->random, 4) == 0)
		return (struct value){.kind = VALUE_NULL};
	return (struct value){.kind = VALUE_LONG, .i = is_int ? (int32_t)i : i};
}

static struct value price_value(struct maker *m, enum price_type type)
{
	switch (type) {
	case PRICE_DOUBLE: return (struct value){.kind = VALUE_DOUBLE, .d = random_unit(&m->random) * 1e6};
	case PRICE_STRING: return text_value(m, true);
	default: return number_value(m, type == PRICE_INT);
	}
}

/* A plain value, or the second branch of a union with null. */
static void put(struct buf *b, struct value v, bool nullable, uint8_t kind)
{
	if (nullable)
		hand_long(b, v.kind == VALUE_NULL ? 0 : 1);
	if (v.kind == VALUE_NULL)
		return;
	assert_int_equal(v.kind, kind);
	switch (kind) {
	case VALUE_LONG: hand_long(b, v.i); break;
	case VALUE_DOUBLE: hand_double(b, v.d); break;
	default: hand_string(b, v.s);
	}
}

static void put_optional(struct buf *b, struct value v)
{
	put(b, v, true, VALUE_STRING);
}

/* ["null", "string"], never null */
static void put_given(struct buf *b, struct slice s)
{
	put_optional(b, (struct value){.kind = VALUE_STRING, .s = s});
}

static void put_similar(struct buf *b, const struct target_view *t)
{
	hand_long(b, 1);
	if (t->similar_count > 0)
		hand_long(b, (int64_t)t->similar_count);
	for (size_t i = 0; i < t->similar_count; i++)
		put_optional(b, t->similar[i]);
	hand_long(b, 0);
}

static void make_target(struct maker *m, struct output *out, struct value *similar)
{
	struct target_view *t = &out->target;

	t->email = any_text(m);
	t->hotel_id = any_text(m);
	t->activity_time.ms = (int64_t)random_below(&m->random, 1700000000000);
	t->hotel_name = any_text(m);
	t->hotel_city = text_value(m, out->topic != OUTPUT_SUMMARY);
	t->hotel_amenities = text_value(m, true);
	t->similar_count = random_below(&m->random, 4);
	for (size_t i = 0; i < t->similar_count; i++)
		similar[i] = text_value(m, true);
	t->similar = similar;
	t->reviews = any_text(m);
	t->summary = any_text(m);
}

static void put_target(struct buf *b, const struct output *out)
{
	const struct target_view *t = &out->target;
	bool last = out->topic == OUTPUT_SUMMARY;

	hand_string(b, t->email);
	hand_string(b, t->hotel_id);
	hand_long(b, t->activity_time.ms);
	hand_string(b, t->hotel_name);
	put(b, t->hotel_city, !last, VALUE_STRING);
	if (!last)
		put_optional(b, t->hotel_amenities);
	put_similar(b, t);
	if (out->topic != OUTPUT_SIMILAR)
		put_given(b, t->reviews);
	if (last)
		put_given(b, t->summary);
}

static void make_booking(struct maker *m, const struct outputs_options *options, struct output *out)
{
	bool dates = options->date_type == DATE_STRING;

	out->booking = (struct booking_view){any_text(m),
					     any_text(m),
					     any_text(m),
					     text_value(m, true),
					     text_value(m, true),
					     text_value(m, true),
					     dates ? text_value(m, true) : number_value(m, false),
					     dates ? text_value(m, true) : number_value(m, false),
					     price_value(m, options->price_type)};
}

static void put_booking(struct buf *b, const struct outputs_options *options, const struct output *out)
{
	static const uint8_t prices[] = {[PRICE_INT] = VALUE_LONG,
					 [PRICE_LONG] = VALUE_LONG,
					 [PRICE_DOUBLE] = VALUE_DOUBLE,
					 [PRICE_STRING] = VALUE_STRING};
	const struct booking_view *v = &out->booking;
	uint8_t date = options->date_type == DATE_STRING ? VALUE_STRING : VALUE_LONG;

	hand_string(b, v->booking_id);
	hand_string(b, v->email);
	hand_string(b, v->hotel_id);
	put_optional(b, v->hotel_name);
	put_optional(b, v->city);
	put_optional(b, v->country);
	put(b, v->check_in, true, date);
	put(b, v->check_out, true, date);
	put(b, v->price, true, prices[options->price_type]);
}

static void make_catalog(struct maker *m, struct output *out)
{
	out->catalog = (struct catalog_view){any_text(m), text_value(m, true), text_value(m, true),
					     text_value(m, true), text_value(m, true)};
}

static void put_catalog(struct buf *b, const struct output *out)
{
	hand_string(b, out->catalog.hotel_id);
	put_optional(b, out->catalog.name);
	put_optional(b, out->catalog.description);
	put_optional(b, out->catalog.city);
	put_optional(b, out->catalog.country);
}

static void assert_bytes(const struct buf *got, const struct buf *expected)
{
	assert_false(buf_failed(expected));
	assert_int_equal(got->len, expected->len);
	assert_memory_equal(got->data, expected->data, expected->len);
}

/* One random output of the topic, by both. */
static void compare_one(struct maker *m, struct outputs *o, const struct outputs_options *options,
			enum output_topic topic, struct buf *by_hand)
{
	struct output out = {.topic = topic};
	struct value similar[4];
	struct slice key_name;
	struct buf key, value;
	struct err err = {0};

	buf_init(&key, 8192);
	buf_init(&value, 8192);
	buf_clear(by_hand);
	buf_append(by_hand, "\x00\x00\x00\x00\x0c", 5);
	if (topic == OUTPUT_BOOKINGS) {
		make_booking(m, options, &out);
		put_booking(by_hand, options, &out);
		key_name = out.booking.email;
	} else if (topic == OUTPUT_CATALOG) {
		make_catalog(m, &out);
		put_catalog(by_hand, &out);
		key_name = out.catalog.hotel_id;
	} else {
		make_target(m, &out, similar);
		put_target(by_hand, &out);
		key_name = out.target.email;
	}
	if (outputs_encode(o, &out, &key, &value, &err) != 0)
		fail_msg("%s", err.text);
	assert_bytes(&value, by_hand);
	buf_clear(by_hand);
	buf_append(by_hand, "\x00\x00\x00\x00\x0b", 5);
	hand_string(by_hand, key_name);
	assert_bytes(&key, by_hand);
	buf_release(&key);
	buf_release(&value);
}

static void bytes_are_the_ones_of_the_specification(void **state)
{
	struct maker m = {.used = 0};
	struct buf by_hand;

	(void)state;
	buf_init(&by_hand, 8192);
	random_init(&m.random, 5);
	for (int variant = 0; variant < 8; variant++) {
		struct outputs_options options = {.date_type = variant % 2 ? DATE_STRING : DATE_LONG,
						  .price_type = (enum price_type)(variant / 2)};
		struct outputs *o = made(&options);

		for (int t = 0; t < OUTPUTS; t++) {
			outputs_set_ids(o, (enum output_topic)t, 11, 12);
			for (int i = 0; i < 100; i++)
				compare_one(&m, o, &options, (enum output_topic)t, &by_hand);
		}
		outputs_free(o);
	}
	buf_release(&by_hand);
}

/* Longer than any first guess of how much room is needed, and then short again. */
static void long_texts_and_many_items_fit(void **state)
{
	static char text[30000];
	struct outputs_options options = {.date_type = DATE_LONG};
	struct outputs *o = made(&options);
	struct output out = {.topic = OUTPUT_REVIEWS};
	struct value similar[200];
	struct buf key, value, by_hand;
	struct err err = {0};

	(void)state;
	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 200; i++)
		similar[i] = (struct value){.kind = i % 3 ? VALUE_STRING : VALUE_NULL, .s = {text, 9}};
	outputs_set_ids(o, OUTPUT_REVIEWS, 11, 12);
	for (size_t n = sizeof(text); n > 0; n /= 7) {
		buf_init(&key, 100);
		buf_init(&value, 100000);
		buf_init(&by_hand, 100000);
		out.target.reviews = slice_make(text, n);
		out.target.hotel_city = (struct value){.kind = VALUE_NULL};
		out.target.similar = similar;
		out.target.similar_count = n % 201;
		if (outputs_encode(o, &out, &key, &value, &err) != 0)
			fail_msg("%s", err.text);
		buf_append(&by_hand, "\x00\x00\x00\x00\x0c", 5);
		out.target.hotel_amenities = out.target.hotel_city;
		put_target(&by_hand, &out);
		assert_bytes(&value, &by_hand);
		buf_release(&key);
		buf_release(&value);
		buf_release(&by_hand);
	}
	outputs_free(o);
}

static void nothing_is_encoded_before_the_ids_are_known(void **state)
{
	struct outputs_options options = {.date_type = DATE_LONG};
	struct outputs *o = made(&options);
	struct output out = {.topic = OUTPUT_CATALOG, .catalog = {.hotel_id = {"H1", 2}}};
	struct buf key, value;
	struct err err = {0};

	(void)state;
	buf_init(&key, 100);
	buf_init(&value, 10);
	assert_false(outputs_ready(o, OUTPUT_CATALOG));
	assert_int_equal(outputs_encode(o, &out, &key, &value, &err), -1);
	assert_int_equal(err.class, ERR_FATAL);
	outputs_set_ids(o, OUTPUT_CATALOG, 1, 2);
	assert_true(outputs_ready(o, OUTPUT_CATALOG));
	assert_int_equal(outputs_encode(o, &out, &key, &value, &err), -1); /* 12 bytes do not fit 10 */
	assert_int_equal(err.class, ERR_FATAL);
	buf_release(&value);
	buf_init(&value, 12);
	assert_int_equal(outputs_encode(o, &out, &key, &value, &err), 0);
	assert_int_equal(value.len, 12);
	outputs_free(o);
	buf_release(&key);
	buf_release(&value);
}

static void a_registered_schema_is_used_when_ours_maps_onto_it(void **state)
{
	static const char good[] = "{\"type\":\"record\",\"name\":\"Theirs\",\"fields\":[{\"name\":\"ADDED\","
				   "\"type\":[\"null\",\"string\"],"
				   "\"default\":null},{\"name\":\"name\",\"type\":[\"null\",\"string\"],"
				   "\"default\":null},{\"name\":\"HOTEL_ID\","
				   "\"type\":\"string\"}]}";
	static const char bad[] = "{\"type\":\"record\",\"name\":\"Theirs\",\"fields\":[{\"name\":\"STARS\","
				  "\"type\":\"int\"}]}";
	struct outputs_options options = {.date_type = DATE_LONG};
	struct outputs *o = made(&options);
	struct output out = {.topic = OUTPUT_CATALOG,
			     .catalog = {.hotel_id = {"H1", 2},
					 .name = {.kind = VALUE_STRING, .s = {"N", 1}}}};
	struct buf key, value;
	struct err err = {0};

	(void)state;
	buf_init(&key, 100);
	buf_init(&value, 100);
	outputs_set_ids(o, OUTPUT_CATALOG, 1, 2);
	assert_int_equal(outputs_use_schema(o, OUTPUT_CATALOG, OUTPUT_VALUE, slice_str(bad), &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "STARS"));
	assert_non_null(strstr(err.text, "HOTEL_CATALOG-value"));
	assert_non_null(strstr(outputs_schema(o, OUTPUT_CATALOG, OUTPUT_VALUE).data, "DESCRIPTION"));
	assert_int_equal(outputs_use_schema(o, OUTPUT_CATALOG, OUTPUT_VALUE, slice_str(good), &err), 0);
	assert_true(slice_is(outputs_schema(o, OUTPUT_CATALOG, OUTPUT_VALUE), good));
	assert_int_equal(outputs_encode(o, &out, &key, &value, &err), 0);
	assert_int_equal(value.len, 12);
	assert_memory_equal(value.data, "\x00\x00\x00\x00\x02\x00\x02\x02N\x04H1", 12);
	outputs_free(o);
	buf_release(&key);
	buf_release(&value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schemas_are_the_files_letter_by_letter),
		cmocka_unit_test(another_topic_name_renames_the_record_when_it_can),
		cmocka_unit_test(bytes_are_the_ones_of_the_specification),
		cmocka_unit_test(long_texts_and_many_items_fit),
		cmocka_unit_test(nothing_is_encoded_before_the_ids_are_known),
		cmocka_unit_test(a_registered_schema_is_used_when_ours_maps_onto_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
