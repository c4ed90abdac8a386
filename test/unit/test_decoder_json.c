/* Debezium's envelopes in JSON, with and without their schema. */

#include "test/lib/cmocka_all.h"
#include "test/lib/decoder_bench.h"
#include "wire/decoder.h"

#define FIELDS                                                                                               \
	"[{\"type\":\"string\",\"field\":\"HOTEL_ID\"},{\"type\":\"bytes\",\"name\":\"org.apache.kafka."     \
	"connect.data."                                                                                      \
	"Decimal\",\"parameters\":{\"scale\":\"2\"},\"field\":\"NAME\"},{\"type\":\"int64\",\"name\":"       \
	"\"io.debezium.time.MicroTimestamp\",\"field\":\"CITY\"}]"

static void json_envelopes_work_with_and_without_their_schema(void **state)
{
	static const char *const wrappers[] = {
		"%s",
		"{\"schema\":null,\"payload\":%s}",
		"{\"payload\":%s,\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"struct\","
		"\"fields\":" FIELDS ",\"field\":\"before\"},{\"type\":\"struct\",\"fields\":" FIELDS
		",\"field\":\"after\"}]}}",
	};
	static const char event[] =
		"{\"op\":\"u\",\"source\":{\"table\":\"HOTEL\"},\"after\":{\"hotel_id\":\"x\",\"HOTEL_ID\":"
		"\"H\\u0031\",\"NAME\":\"BNI=\",\"CITY\":9007199254740993},\"before\":{\"HOTEL_ID\":\"H0\"}}";
	struct decoder_bench t;
	struct buf text;

	(void)state;
	bench_open(&t, bench_hotel, true);
	buf_init(&text, 65536);
	for (int i = 0; i < 3; i++) {
		const char *at = strstr(wrappers[i], "%s");

		buf_clear(&text);
		buf_append(&text, wrappers[i], (size_t)(at - wrappers[i]));
		buf_str(&text, event);
		buf_str(&text, at + 2);
		assert_int_equal(bench_json(&t, buf_cstr(&text)), DECODE_OK);
		assert_int_equal(t.record.change, CHANGE_UPSERT);
		bench_text(&t.record.fields[0], "H1");
		assert_true(t.record.fields[4].i == 9007199254740993);
		if (i < 2) {
			bench_text(&t.record.fields[1], "BNI=");
			assert_int_equal(t.record.fields[4].unit, UNIT_NONE);
			continue;
		}
		assert_int_equal(t.record.fields[1].kind, VALUE_BYTES);
		assert_int_equal(t.record.fields[1].unit, UNIT_DECIMAL);
		assert_int_equal(t.record.fields[1].scale, 2);
		assert_memory_equal(t.record.fields[1].s.data, "\x04\xd2", 2);
		assert_int_equal(t.record.fields[4].unit, UNIT_MICROS);
	}
	buf_release(&text);
	bench_close(&t);
}

static void json_deletes_truncates_and_tombstones(void **state)
{
	struct decoder_bench t;

	(void)state;
	bench_open(&t, bench_hotel, true);
	bench_key(&t, slice_str("{\"HOTEL_ID\":\"H7\"}"));
	assert_int_equal(
		bench_json(&t,
			   "{\"before\":{\"HOTEL_ID\":\"H1\",\"NAME\":\"old\"},\"after\":null,\"op\":\"d\"}"),
		DECODE_OK);
	assert_int_equal(t.record.change, CHANGE_DELETE);
	bench_text(&t.record.fields[0], "H1");
	bench_text(&t.record.fields[1], "old");
	assert_int_equal(bench_json(&t, "{\"before\":null,\"after\":null,\"op\":\"d\"}"), DECODE_OK);
	bench_text(&t.record.fields[0], "H7");
	assert_int_equal(bench_json(&t, "{\"before\":null,\"after\":null,\"op\":\"t\"}"), DECODE_OK);
	assert_int_equal(t.record.change, CHANGE_NONE);
	bench_poison(&t, bench_json(&t, "{\"before\":null,\"after\":null,\"op\":\"r\"}"), POISON_FIELD);
	assert_int_equal(bench_json(&t, "{\"HOTEL_ID\":\"H1\",\"__deleted\":\"true\"}"), DECODE_OK);
	assert_int_equal(t.record.change, CHANGE_DELETE);
	bench_text(&t.record.fields[0], "H1");
	assert_int_equal(bench_json(&t, "{\"HOTEL_ID\":\"H1\",\"__deleted\":false}"), DECODE_OK);
	assert_int_equal(t.record.change, CHANGE_UPSERT);
	assert_int_equal(bench_json(&t, "{\"schema\":null,\"payload\":null}"), DECODE_OK);
	assert_int_equal(t.record.change, CHANGE_DELETE);
	bench_text(&t.record.fields[0], "H7");
	assert_int_equal(bench_json(&t, "{\"HOTEL_ID\":{\"scale\":0,\"value\":\"ew==\"}}"), DECODE_OK);
	assert_int_equal(t.record.fields[0].unit, UNIT_DECIMAL);
	assert_true(slice_is(t.record.fields[0].s, "{"));
	bench_close(&t);
}

/* A column may be called op: without before and after it is a flat row. */
static void a_row_with_a_column_named_op_is_no_envelope(void **state)
{
	struct decoder_bench t;

	(void)state;
	bench_open(&t, bench_hotel, true);
	assert_int_equal(bench_json(&t, "{\"op\":\"d\",\"HOTEL_ID\":\"H1\"}"), DECODE_OK);
	assert_int_equal(t.record.change, CHANGE_UPSERT);
	bench_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_envelopes_work_with_and_without_their_schema),
		cmocka_unit_test(json_deletes_truncates_and_tombstones),
		cmocka_unit_test(a_row_with_a_column_named_op_is_no_envelope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
