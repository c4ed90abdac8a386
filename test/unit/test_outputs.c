/* The five outputs: literal schemas, and bytes that avro-c would have written. */

#include "base/random.h"
#include "hotels/outputs.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/wire_fixture.h"

#include <avro.h>
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

/* ---- random outputs, and what avro-c makes of them ---- */

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

static void set_text(avro_value_t *v, struct slice s)
{
	char copy[128];

	memcpy(copy, s.data, s.len);
	copy[s.len] = '\0';
	assert_int_equal(avro_value_set_string_len(v, copy, s.len + 1), 0);
}

/* By name into avro-c's value; a union takes its second branch unless null. */
static void put(avro_value_t *record, const char *name, struct value v)
{
	avro_value_t field = {0}, branch = {0};

	assert_int_equal(avro_value_get_by_name(record, name, &field, NULL), 0);
	if (avro_value_get_type(&field) == AVRO_UNION) {
		assert_int_equal(avro_value_set_branch(&field, v.kind == VALUE_NULL ? 0 : 1, &branch), 0);
		field = branch;
	}
	switch (avro_value_get_type(&field)) {
	case AVRO_NULL: avro_value_set_null(&field); break;
	case AVRO_INT32: avro_value_set_int(&field, (int32_t)v.i); break;
	case AVRO_INT64: avro_value_set_long(&field, v.i); break;
	case AVRO_DOUBLE: avro_value_set_double(&field, v.d); break;
	default: set_text(&field, v.s);
	}
}

static void put_text(avro_value_t *record, const char *name, struct slice s)
{
	put(record, name, (struct value){.kind = VALUE_STRING, .s = s});
}

static void put_similar(avro_value_t *record, const struct target_view *t)
{
	avro_value_t field = {0}, array = {0}, item = {0}, branch = {0};

	avro_value_get_by_name(record, "SIMILAR_HOTELS", &field, NULL);
	avro_value_set_branch(&field, 1, &array);
	for (size_t i = 0; i < t->similar_count; i++) {
		avro_value_append(&array, &item, NULL);
		avro_value_set_branch(&item, t->similar[i].kind == VALUE_NULL ? 0 : 1, &branch);
		if (t->similar[i].kind == VALUE_NULL)
			avro_value_set_null(&branch);
		else
			set_text(&branch, t->similar[i].s);
	}
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

static void put_target(avro_value_t *r, const struct output *out)
{
	const struct target_view *t = &out->target;

	put_text(r, "CUSTOMER_EMAIL", t->email);
	put_text(r, "HOTEL_ID", t->hotel_id);
	put(r, "ACTIVITY_TIME", (struct value){.kind = VALUE_LONG, .i = t->activity_time.ms});
	put_text(r, "HOTEL_NAME", t->hotel_name);
	put(r, "HOTEL_CITY", t->hotel_city);
	if (out->topic != OUTPUT_SUMMARY)
		put(r, "HOTEL_AMENITIES", t->hotel_amenities);
	put_similar(r, t);
	if (out->topic != OUTPUT_SIMILAR)
		put_text(r, "HOTEL_REVIEWS", t->reviews);
	if (out->topic == OUTPUT_SUMMARY)
		put_text(r, "REVIEW_SUMMARY", t->summary);
}

static void make_and_put_booking(struct maker *m, const struct outputs_options *options, struct output *out,
				 avro_value_t *r)
{
	struct booking_view *b = &out->booking;
	bool dates = options->date_type == DATE_STRING;

	*b = (struct booking_view){any_text(m),
				   any_text(m),
				   any_text(m),
				   text_value(m, true),
				   text_value(m, true),
				   text_value(m, true),
				   dates ? text_value(m, true) : number_value(m, false),
				   dates ? text_value(m, true) : number_value(m, false),
				   price_value(m, options->price_type)};
	put_text(r, "BOOKING_ID", b->booking_id);
	put_text(r, "CUSTOMER_EMAIL", b->email);
	put_text(r, "HOTEL_ID", b->hotel_id);
	put(r, "HOTEL_NAME", b->hotel_name);
	put(r, "CITY", b->city);
	put(r, "COUNTRY", b->country);
	put(r, "CHECK_IN", b->check_in);
	put(r, "CHECK_OUT", b->check_out);
	put(r, "PRICE", b->price);
}

static void make_and_put_catalog(struct maker *m, struct output *out, avro_value_t *r)
{
	struct catalog_view *c = &out->catalog;

	*c = (struct catalog_view){any_text(m), text_value(m, true), text_value(m, true), text_value(m, true),
				   text_value(m, true)};
	put_text(r, "HOTEL_ID", c->hotel_id);
	put(r, "NAME", c->name);
	put(r, "DESCRIPTION", c->description);
	put(r, "CITY", c->city);
	put(r, "COUNTRY", c->country);
}

/* One random output of the topic, by both. */
static void compare_one(struct maker *m, const struct outputs *o, const struct outputs_options *options,
			enum output_topic topic)
{
	struct slice text = outputs_schema(o, topic, OUTPUT_VALUE), key_name;
	struct output out = {.topic = topic};
	struct value similar[4];
	struct buf key, value;
	struct err err = {0};
	char theirs[8192];
	avro_schema_t schema;
	avro_value_iface_t *class;
	avro_value_t record;
	avro_writer_t writer = avro_writer_memory(theirs, sizeof(theirs));

	assert_int_equal(avro_schema_from_json_length(text.data, text.len, &schema), 0);
	class = avro_generic_class_from_schema(schema);
	avro_generic_value_new(class, &record);
	if (topic == OUTPUT_BOOKINGS) {
		make_and_put_booking(m, options, &out, &record);
		key_name = out.booking.email;
	} else if (topic == OUTPUT_CATALOG) {
		make_and_put_catalog(m, &out, &record);
		key_name = out.catalog.hotel_id;
	} else {
		make_target(m, &out, similar);
		put_target(&record, &out);
		key_name = out.target.email;
	}
	assert_int_equal(avro_value_write(writer, &record), 0);
	buf_init(&key, 8192);
	buf_init(&value, 8192);
	if (outputs_encode(o, &out, &key, &value, &err) != 0)
		fail_msg("%s", err.text);
	assert_memory_equal(value.data, "\x00\x00\x00\x00\x0c", 5);
	assert_int_equal(value.len - 5, avro_writer_tell(writer));
	assert_memory_equal(value.data + 5, theirs, value.len - 5);
	assert_memory_equal(key.data, "\x00\x00\x00\x00\x0b", 5);
	assert_int_equal((uint8_t)key.data[5], 2 * key_name.len);
	assert_int_equal(key.len, 6 + key_name.len);
	assert_memory_equal(key.data + 6, key_name.data, key_name.len);
	buf_release(&key);
	buf_release(&value);
	avro_writer_free(writer);
	avro_value_decref(&record);
	avro_value_iface_decref(class);
	avro_schema_decref(schema);
}

static void bytes_are_identical_to_avro_c(void **state)
{
	struct maker m = {.used = 0};

	(void)state;
	random_init(&m.random, 5);
	for (int variant = 0; variant < 8; variant++) {
		struct outputs_options options = {.date_type = variant % 2 ? DATE_STRING : DATE_LONG,
						  .price_type = (enum price_type)(variant / 2)};
		struct outputs *o = made(&options);

		for (int t = 0; t < OUTPUTS; t++) {
			outputs_set_ids(o, (enum output_topic)t, 11, 12);
			for (int i = 0; i < 100; i++)
				compare_one(&m, o, &options, (enum output_topic)t);
		}
		outputs_free(o);
	}
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
	buf_init(&value, 100);
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
		cmocka_unit_test(bytes_are_identical_to_avro_c),
		cmocka_unit_test(nothing_is_encoded_before_the_ids_are_known),
		cmocka_unit_test(a_registered_schema_is_used_when_ours_maps_onto_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
