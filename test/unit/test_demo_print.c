/* What the demo shows is what the topic holds. */

#include "demo_line.h"
#include "demo_print.h"
#include "demo_world.h"
#include "registry_post.h"
#include "test/lib/cmocka_all.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

#define TOPIC "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY"

static const char schema_text[] =
	"{\"type\":\"record\",\"name\":\"" TOPIC "_value\",\"fields\":["
	"{\"name\":\"CUSTOMER_EMAIL\",\"type\":\"string\"},{\"name\":\"HOTEL_ID\",\"type\":\"string\"},"
	"{\"name\":\"ACTIVITY_TIME\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},"
	"{\"name\":\"HOTEL_NAME\",\"type\":[\"null\",\"string\"],\"default\":null},"
	"{\"name\":\"HOTEL_CITY\",\"type\":[\"null\",\"string\"],\"default\":null},"
	"{\"name\":\"SIMILAR_HOTELS\",\"type\":[\"null\",{\"type\":\"array\",\"items\":[\"null\",\"string\"]}"
	"]},"
	"{\"name\":\"REVIEW_SUMMARY\",\"type\":[\"null\",\"string\"],\"default\":null}]}";

static void set_optional(avro_value_t *record, const char *name, const char *text)
{
	avro_value_t field, branch;

	avro_value_get_by_name(record, name, &field, NULL);
	avro_value_set_branch(&field, text != NULL, &branch);
	if (text != NULL)
		avro_value_set_string(&branch, text);
	else
		avro_value_set_null(&branch);
}

/* One target; the city is null, the second similar hotel as well. */
static void make_record(avro_value_t *record, const char *email, const char *hotel_id, int64_t ms)
{
	avro_value_t field, branch, item;

	avro_value_get_by_name(record, "CUSTOMER_EMAIL", &field, NULL);
	avro_value_set_string(&field, email);
	avro_value_get_by_name(record, "HOTEL_ID", &field, NULL);
	avro_value_set_string(&field, hotel_id);
	avro_value_get_by_name(record, "ACTIVITY_TIME", &field, NULL);
	avro_value_set_long(&field, ms);
	set_optional(record, "HOTEL_NAME", "Zürich \"Haus\"");
	set_optional(record, "HOTEL_CITY", NULL);
	set_optional(record, "REVIEW_SUMMARY", "Guests liked\nthe breakfast.");
	avro_value_get_by_name(record, "SIMILAR_HOTELS", &field, NULL);
	avro_value_set_branch(&field, 1, &branch);
	avro_value_append(&branch, &item, NULL);
	avro_value_set_branch(&item, 1, &field);
	avro_value_set_string(&field, "Swan Inn");
	avro_value_append(&branch, &item, NULL);
	avro_value_set_branch(&item, 0, &field);
	avro_value_set_null(&field);
}

struct fixture {
	avro_schema_t schema;
	avro_value_iface_t *iface;
};

static void fixture_open(struct fixture *f)
{
	assert_int_equal(avro_schema_from_json_literal(schema_text, &f->schema), 0);
	f->iface = avro_generic_class_from_schema(f->schema);
}

static void fixture_close(struct fixture *f)
{
	avro_value_iface_decref(f->iface);
	avro_schema_decref(f->schema);
}

static void a_record_becomes_one_line_of_json(void **state)
{
	struct fixture f;
	avro_value_t record;
	struct buf out;

	(void)state;
	fixture_open(&f);
	buf_init(&out, 10000);
	avro_generic_value_new(f.iface, &record);
	make_record(&record, "ada@x.example", "H1", 1774947600123);
	demo_line_json(&record, &out);
	assert_string_equal(
		buf_cstr(&out),
		"{\"CUSTOMER_EMAIL\":\"ada@x.example\",\"HOTEL_ID\":\"H1\","
		"\"ACTIVITY_TIME\":\"2026-03-31T09:00:00.123Z\",\"HOTEL_NAME\":\"Zürich \\\"Haus\\\"\","
		"\"HOTEL_CITY\":null,\"SIMILAR_HOTELS\":[\"Swan Inn\",null],"
		"\"REVIEW_SUMMARY\":\"Guests liked\\nthe breakfast.\"}");
	avro_value_decref(&record);
	buf_release(&out);
	fixture_close(&f);
}

static void a_line_masks_the_address_and_fits_the_terminal(void **state)
{
	struct demo_line_style plain = {false, 110}, coloured = {true, 110};
	struct demo_target t;
	struct fixture f;
	avro_value_t record;
	struct buf out;
	size_t width;

	(void)state;
	fixture_open(&f);
	buf_init(&out, 10000);
	avro_generic_value_new(f.iface, &record);
	make_record(&record, "ada.adler17@mail.example", "H1", 1774947600123);
	demo_target_read(&record, &t);
	t.summary =
		slice_str("Guests liked the warm welcome, the calm rooms and the breakfast on the terrace.");
	demo_line_text(&t, &plain, &out);
	/* less the newline, the second byte of ü, and two of the ellipsis */
	width = strlen(buf_cstr(&out)) - 1 - 1 - 2;
	assert_int_equal(width, 110);
	assert_non_null(strstr(buf_cstr(&out), "31 Mar 09:00"));
	assert_non_null(strstr(buf_cstr(&out), "ad***@mail.example "));
	assert_null(strstr(buf_cstr(&out), "adler"));
	assert_non_null(strstr(buf_cstr(&out), "\xe2\x80\xa6\n"));
	assert_null(strchr(buf_cstr(&out), '\033'));
	buf_clear(&out);
	demo_line_text(&t, &coloured, &out);
	assert_non_null(strchr(buf_cstr(&out), '\033'));
	avro_value_decref(&record);
	buf_release(&out);
	fixture_close(&f);
}

static void produce(const struct demo_world *w, struct fixture *f, int32_t id)
{
	static const char *const emails[] = {"c@x.example", "a@x.example", "b@x.example"};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[200], bytes[1000];
	rd_kafka_t *rk;

	rd_kafka_conf_set(conf, "bootstrap.servers", w->brokers, NULL, 0);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	for (int i = 0; i < 9; i++) {
		avro_writer_t writer = avro_writer_memory(bytes + 5, sizeof(bytes) - 5);
		avro_value_t record;

		avro_generic_value_new(f->iface, &record);
		make_record(&record, emails[i % 3], i < 3 ? "H1" : "H2", 1774947600000 + i / 6);
		assert_int_equal(avro_value_write(writer, &record), 0);
		memcpy(bytes, (char[]){0, 0, 0, 0, (char)id}, 5);
		assert_int_equal(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(TOPIC), RD_KAFKA_V_PARTITION(i % 4),
						   RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
						   RD_KAFKA_V_VALUE(bytes,
								    5 + (size_t)avro_writer_tell(writer)),
						   RD_KAFKA_V_END),
				 0);
		avro_writer_free(writer);
		avro_value_decref(&record);
	}
	assert_int_equal(rd_kafka_flush(rk, 10000), 0);
	rd_kafka_destroy(rk);
}

static void targets_are_read_back_and_sorted(void **state)
{
	struct demo_world_options o;
	struct demo_print_options print;
	struct demo_print *p;
	struct demo_world w;
	struct fixture f;
	char *text = NULL, *line, *next;
	size_t size = 0, lines = 0;
	char last[128] = "";
	struct err err;
	int32_t id;

	(void)state;
	demo_world_defaults(&o);
	assert_int_equal(demo_world_start(&o, &w, &err), 0);
	fixture_open(&f);
	assert_int_equal(registry_post_schema(w.registry_url, TOPIC "-value", schema_text, &id, &err), 0);
	produce(&w, &f, id);
	print = (struct demo_print_options){w.brokers, w.registry_url, TOPIC, open_memstream(&text, &size),
					    true};
	p = demo_print_new(&print, &err);
	assert_non_null(p);
	if (demo_print_finish(p, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(demo_print_count(p), 9);
	demo_print_free(p);
	fclose(print.out);
	for (line = text; (next = strchr(line, '\n')) != NULL; line = next + 1) {
		char key[128];

		*next = '\0';
		snprintf(key, sizeof(key), "%.24s %.40s", strstr(line, "2026-"), line);
		assert_true(strcmp(last, key) <= 0);
		memcpy(last, key, sizeof(last));
		lines++;
	}
	assert_int_equal(lines, 9);
	free(text);
	fixture_close(&f);
	demo_world_stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_becomes_one_line_of_json),
		cmocka_unit_test(a_line_masks_the_address_and_fits_the_terminal),
		cmocka_unit_test(targets_are_read_back_and_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
