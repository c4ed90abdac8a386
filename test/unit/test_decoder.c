/* Messages into records: formats, learning, Debezium in Avro, keys. */

#include "test/lib/cmocka_all.h"
#include "test/lib/decoder_bench.h"
#include "test/lib/wire_fixture.h"
#include "wire/decoder.h"

#include <stdlib.h>

/* ---- append topics ---- */

static void put_click(struct buf *b)
{
	buf_clear(b);
	hand_string(b, slice_str("A1"));
	hand_string(b, slice_str("a@b.c"));
	hand_string(b, slice_str("H1"));
	hand_string(b, slice_str("booking-click"));
	hand_long(b, 10);
	hand_string(b, slice_str("/x"));
	hand_long(b, 1700000000000);
}

static void an_unknown_schema_is_asked_for_then_used(void **state)
{
	struct decoder_bench t;

	(void)state;
	bench_open(&t, bench_clicks, false);
	put_click(&t.body);
	assert_int_equal(bench_decode(&t, 7), DECODE_NEEDS_SCHEMA);
	assert_false(t.needed.is_guid);
	assert_int_equal(t.needed.id, 7);
	assert_false(decoder_knows(t.decoder, &t.needed));
	bench_learn(&t, 7, "AVRO", "schemas/input/2026/clickstream-value.avsc");
	assert_true(decoder_knows(t.decoder, &t.needed));
	assert_int_equal(decoder_schema_count(t.decoder), 1);
	assert_int_equal(bench_decode(&t, 7), DECODE_OK);
	assert_int_equal(t.record.change, CHANGE_UPSERT);
	assert_ptr_equal(t.record.message, &t.message);
	bench_text(&t.record.fields[0], "a@b.c");
	bench_text(&t.record.fields[2], "booking-click");
	assert_true(t.record.fields[3].i == 1700000000000);
	bench_close(&t);
}

static void a_topic_may_change_its_schema_in_mid_stream(void **state)
{
	struct decoder_bench t;

	(void)state;
	bench_open(&t, bench_clicks, false);
	bench_learn(&t, 7, "", "schemas/input/2026/clickstream-value.avsc");
	bench_learn(&t, 9, "AVRO", "schemas/input/2025-spring/clickstream-value.avsc");
	for (int i = 0; i < 6; i++) {
		put_click(&t.body);
		assert_int_equal(bench_decode(&t, i % 2 ? 7 : 9), DECODE_OK);
		bench_text(&t.record.fields[0], "a@b.c");
		assert_int_equal(bench_json(&t, "{\"customer_email\":\"j@s.on\"}"), DECODE_OK);
		bench_text(&t.record.fields[0], "j@s.on");
		assert_int_equal(t.record.fields[1].kind, VALUE_ABSENT);
	}
	bench_close(&t);
}

static void missing_and_unusable_schemas_are_poison_until_learnt(void **state)
{
	struct schema_ref ref = {.id = 7}, guid = {.is_guid = true, .guid = {1}};
	struct decoder_bench t;

	(void)state;
	bench_open(&t, bench_clicks, false);
	assert_int_equal(decoder_learn_missing(t.decoder, &ref, &t.err), 0);
	assert_int_equal(decoder_learn_missing(t.decoder, &guid, &t.err), 0);
	put_click(&t.body);
	bench_poison(&t, bench_decode(&t, 7), POISON_SCHEMA);
	assert_non_null(strstr(t.err.text, "id 7"));
	assert_int_equal(decoder_learn(t.decoder, &ref, "AVRO", slice_str("{\"type\":\"fixed\"}"), &t.err),
			 0);
	bench_poison(&t, bench_decode(&t, 7), POISON_SCHEMA);
	assert_int_equal(decoder_learn(t.decoder, &ref, "PROTOBUF", slice_str("syntax"), &t.err), 0);
	bench_poison(&t, bench_decode(&t, 7), POISON_SCHEMA);
	assert_int_equal(decoder_learn(t.decoder, &ref, "AVRO", slice_str("\"string\""), &t.err), 0);
	bench_poison(&t, bench_decode(&t, 7), POISON_SCHEMA);
	assert_int_equal(decoder_schema_count(t.decoder), 2);
	bench_close(&t);
}

static void a_guid_in_a_header_names_the_schema(void **state)
{
	static const char guid[] = "\x01"
				   "0123456789abcdef";
	const struct message_header header = {SLICE_LITERAL("__value_schema_id"), {guid, 17}};
	struct decoder_bench t;
	struct buf text;

	(void)state;
	bench_open(&t, bench_clicks, false);
	t.message.headers = &header;
	t.message.header_count = 1;
	put_click(&t.body);
	assert_int_equal(bench_decode(&t, 0), DECODE_NEEDS_SCHEMA);
	assert_true(t.needed.is_guid);
	fixture_file(&text, "schemas/input/2026/clickstream-value.avsc");
	assert_int_equal(decoder_learn(t.decoder, &t.needed, "AVRO", buf_view(&text), &t.err), 0);
	assert_int_equal(bench_decode(&t, 0), DECODE_OK);
	bench_text(&t.record.fields[1], "H1");
	buf_release(&text);
	bench_close(&t);
}

static void null_large_and_foreign_values_are_poison(void **state)
{
	struct decoder_options options = {.layout = bench_clicks, .max_message = 100};
	struct decoder_bench t;

	(void)state;
	bench_open(&t, bench_clicks, false);
	decoder_free(t.decoder);
	t.decoder = decoder_new(&options, &t.err);
	bench_poison(&t, bench_tombstone(&t), POISON_NULL_VALUE);
	bench_poison(&t, bench_json(&t, "null"), POISON_FRAMING);
	bench_poison(&t, bench_json(&t, "{\"ACTION\":"), POISON_BYTES);
	bench_poison(&t, bench_json(&t, "{\"ACTION\":[1]}"), POISON_FIELD);
	bench_poison(&t, bench_json(&t, "{\"HOTEL_ID\":123456789012345678901}"), POISON_FIELD);
	assert_non_null(strstr(t.err.text, "HOTEL_ID"));
	buf_clear(&t.body);
	for (int i = 0; i < 101; i++)
		buf_byte(&t.body, ' ');
	bench_poison(&t, bench_decode(&t, 0), POISON_TOO_LARGE);
	bench_close(&t);
}

static void formats_may_be_fixed(void **state)
{
	struct decoder_options options = {.layout = bench_clicks, .format = FORMAT_JSON_SCHEMA};
	struct decoder_bench t;

	(void)state;
	bench_open(&t, bench_clicks, false);
	decoder_free(t.decoder);
	t.decoder = decoder_new(&options, &t.err);
	buf_str(&t.body, "{\"ACTION\":\"x\",\"CREATED_AT\":9007199254740993}");
	assert_int_equal(bench_decode(&t, 7), DECODE_OK); /* the registry is not needed */
	bench_text(&t.record.fields[2], "x");
	assert_true(t.record.fields[3].i == 9007199254740993);
	bench_poison(&t, bench_decode(&t, 0), POISON_FRAMING);
	decoder_free(t.decoder);
	options.format = FORMAT_AVRO;
	t.decoder = decoder_new(&options, &t.err);
	bench_poison(&t, bench_decode(&t, 0), POISON_FRAMING);
	decoder_free(t.decoder);
	options.format = FORMAT_AUTO;
	t.decoder = decoder_new(&options, &t.err);
	assert_int_equal(bench_decode(&t, 7), DECODE_NEEDS_SCHEMA);
	assert_int_equal(decoder_learn(t.decoder, &t.needed, "JSON", slice_str("{}"), &t.err), 0);
	assert_int_equal(bench_decode(&t, 7), DECODE_OK);
	bench_text(&t.record.fields[2], "x");
	bench_close(&t);
}

/* ---- Debezium, Avro ---- */

/* A row of schemas/input/cdc/riverhotel.SAMPLE.HOTEL, inside its union. */
static void put_row(struct buf *b, const char *id, const char *name)
{
	if (id == NULL) {
		hand_long(b, 0);
		return;
	}
	hand_long(b, 1);
	hand_string(b, slice_str(id));
	for (int i = 0; i < 5; i++) { /* NAME CLASS DESCRIPTION CITY COUNTRY */
		bool is_null = i == 0 && name == NULL;

		hand_long(b, !is_null);
		if (!is_null)
			hand_string(b, slice_str(i == 0 ? name : "text"));
	}
	buf_append(b, "\x02\x00\x02\x64", 4); /* ROOM_CAPACITY 100 */
	hand_long(b, 0);		      /* AMENITIES null */
	hand_long(b, 1);
	hand_long(b, 1700000000000000);
}

static void put_envelope(struct buf *b, const char *before, const char *after, const char *name,
			 const char *op)
{
	buf_clear(b);
	put_row(b, before, "old");
	put_row(b, after, name);
	for (int i = 0; i < 3; i++) /* version, connector, name */
		hand_string(b, slice_str("3.0"));
	hand_long(b, 1700000000001); /* ts_ms */
	hand_long(b, 1);	     /* snapshot null: the second branch */
	hand_string(b, slice_str("XE"));
	for (int i = 0; i < 3; i++) /* sequence, ts_us, ts_ns */
		hand_long(b, 0);
	hand_string(b, slice_str("SAMPLE"));
	hand_string(b, slice_str("HOTEL"));
	hand_long(b, 1); /* txId */
	hand_string(b, slice_str("tx"));
	for (int i = 0; i < 10; i++)
		hand_long(b, 0);
	hand_long(b, 1);
	hand_long(b, 1700000000001); /* start_ts_ms */
	hand_long(b, 0);	     /* transaction */
	hand_string(b, slice_str(op));
	for (int i = 0; i < 3; i++)
		hand_long(b, 0);
}

static void open_envelope(struct decoder_bench *t)
{
	bench_open(t, bench_hotel, true);
	bench_learn(t, 7, "AVRO", "schemas/input/cdc/riverhotel.SAMPLE.HOTEL-envelope-value.avsc");
	bench_learn(t, BENCH_KEY_ID, "AVRO", "schemas/input/cdc/riverhotel.SAMPLE.HOTEL-key.avsc");
}

static void an_avro_envelope_gives_the_row_that_counts(void **state)
{
	static const char *const upserts[] = {"c", "u", "r", "C"};
	struct decoder_bench t;

	(void)state;
	open_envelope(&t);
	for (int i = 0; i < 4; i++) {
		put_envelope(&t.body, i == 1 ? "H1" : NULL, "H1", "new", upserts[i]);
		assert_int_equal(bench_decode(&t, 7), DECODE_OK);
		assert_int_equal(t.record.change, CHANGE_UPSERT);
		bench_text(&t.record.fields[0], "H1");
		bench_text(&t.record.fields[1], "new");
		assert_int_equal(t.record.fields[2].kind, VALUE_NULL);
	}
	put_envelope(&t.body, "H1", NULL, NULL, "d");
	bench_key(&t, slice_str("H1"));
	assert_int_equal(bench_decode(&t, 7), DECODE_OK);
	assert_int_equal(t.record.change, CHANGE_DELETE);
	bench_text(&t.record.fields[0], "H1");
	bench_text(&t.record.fields[1], "old");
	put_envelope(&t.body, NULL, NULL, NULL, "t");
	assert_int_equal(bench_decode(&t, 7), DECODE_OK);
	assert_int_equal(t.record.change, CHANGE_NONE);
	put_envelope(&t.body, NULL, NULL, NULL, "m");
	assert_int_equal(bench_decode(&t, 7), DECODE_OK);
	assert_int_equal(t.record.change, CHANGE_NONE);
	put_envelope(&t.body, NULL, NULL, NULL, "c");
	bench_poison(&t, bench_decode(&t, 7), POISON_FIELD);
	put_envelope(&t.body, NULL, "H1", "x", "q");
	bench_poison(&t, bench_decode(&t, 7), POISON_FIELD);
	bench_close(&t);
}

static void a_cut_envelope_is_poison_wherever_it_is_cut(void **state)
{
	struct decoder_bench t;
	size_t whole;

	(void)state;
	open_envelope(&t);
	put_envelope(&t.body, "H1", "H1", "new", "u");
	whole = t.body.len;
	for (t.body.len = 0; t.body.len < whole; t.body.len++)
		bench_poison(&t, bench_decode(&t, 7), POISON_BYTES);
	assert_int_equal(bench_decode(&t, 7), DECODE_OK);
	bench_close(&t);
}

/* PostgreSQL with the default replica identity: the old row is not in the event. */
static void a_delete_without_the_old_row_is_completed_by_its_key(void **state)
{
	struct decoder_bench t;

	(void)state;
	open_envelope(&t);
	bench_avro_key(&t, "H9");
	put_envelope(&t.body, NULL, NULL, NULL, "d");
	assert_int_equal(bench_decode(&t, 7), DECODE_OK);
	assert_int_equal(t.record.change, CHANGE_DELETE);
	bench_text(&t.record.fields[0], "H9");
	assert_int_equal(t.record.fields[1].kind, VALUE_ABSENT);
	t.message.has_key = false;
	put_envelope(&t.body, NULL, NULL, NULL, "d");
	bench_poison(&t, bench_decode(&t, 7), POISON_NULL_VALUE);
	bench_close(&t);
}

static void a_tombstone_is_read_from_its_key(void **state)
{
	struct decoder_bench t;

	(void)state;
	open_envelope(&t);
	bench_avro_key(&t, "H9");
	assert_int_equal(bench_tombstone(&t), DECODE_OK);
	assert_int_equal(t.record.change, CHANGE_DELETE);
	bench_text(&t.record.fields[0], "H9");
	fixture_frame(&t.key, 99, slice_str("\x04H9"));
	t.message.key = buf_view(&t.key);
	assert_int_equal(bench_tombstone(&t), DECODE_NEEDS_SCHEMA);
	assert_int_equal(t.needed.id, 99);
	assert_int_equal(decoder_learn(t.decoder, &t.needed, "AVRO", slice_str("\"string\""), &t.err), 0);
	assert_int_equal(bench_tombstone(&t), DECODE_OK);
	bench_text(&t.record.fields[0], "H9");
	t.message.has_key = false;
	bench_poison(&t, bench_tombstone(&t), POISON_NULL_VALUE);
	bench_close(&t);
}

/* A changed primary key comes as three messages. */
static void a_changed_key_is_a_delete_a_tombstone_and_a_create(void **state)
{
	struct decoder_bench t;

	(void)state;
	open_envelope(&t);
	bench_avro_key(&t, "H1");
	put_envelope(&t.body, "H1", NULL, NULL, "d");
	assert_int_equal(bench_decode(&t, 7), DECODE_OK);
	assert_int_equal(t.record.change, CHANGE_DELETE);
	bench_text(&t.record.fields[0], "H1");
	assert_int_equal(bench_tombstone(&t), DECODE_OK);
	bench_text(&t.record.fields[0], "H1");
	bench_avro_key(&t, "H2");
	put_envelope(&t.body, NULL, "H2", "moved", "c");
	assert_int_equal(bench_decode(&t, 7), DECODE_OK);
	assert_int_equal(t.record.change, CHANGE_UPSERT);
	bench_text(&t.record.fields[0], "H2");
	bench_close(&t);
}

static void bare_keys_fill_the_first_field(void **state)
{
	struct decoder_bench t;

	(void)state;
	open_envelope(&t);
	bench_key(&t, slice_str("H1000001")); /* eight bytes of text */
	assert_int_equal(bench_tombstone(&t), DECODE_OK);
	bench_text(&t.record.fields[0], "H1000001");
	bench_key(&t, slice_make("\x00\x00\x00\x00\x00\x00\x00\x7b", 8));
	assert_int_equal(bench_tombstone(&t), DECODE_OK);
	assert_int_equal(t.record.fields[0].kind, VALUE_LONG);
	assert_true(t.record.fields[0].i == 123);
	bench_key(&t, slice_make("\xff\xff\xff\xfe", 4));
	assert_int_equal(bench_tombstone(&t), DECODE_OK);
	assert_true(t.record.fields[0].i == -2);
	bench_key(&t, slice_str("\"H\\u0031\""));
	assert_int_equal(bench_tombstone(&t), DECODE_OK);
	bench_text(&t.record.fields[0], "H1");
	bench_key(&t, slice_str("{\"hotel_id\":\"H1\",\"city\":\"Bonn\"}"));
	assert_int_equal(bench_tombstone(&t), DECODE_OK);
	bench_text(&t.record.fields[0], "H1");
	bench_text(&t.record.fields[4], "Bonn");
	bench_key(&t, slice_str("{\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"string\",\"field\":"
				"\"HOTEL_ID\"}]},"
				"\"payload\":{\"HOTEL_ID\":\"H1\"}}"));
	assert_int_equal(bench_tombstone(&t), DECODE_OK);
	bench_text(&t.record.fields[0], "H1");
	bench_key(&t, slice_str("{\"schema\":{\"type\":\"string\",\"optional\":false},\"payload\":\"H1\"}"));
	assert_int_equal(bench_tombstone(&t), DECODE_OK);
	bench_text(&t.record.fields[0], "H1");
	bench_key(&t, slice_str("\xff\xff\xff"));
	bench_poison(&t, bench_tombstone(&t), POISON_BYTES);
	bench_close(&t);
}

static void flat_rows_may_say_deleted(void **state)
{
	struct decoder_bench t;

	(void)state;
	bench_open(&t, bench_hotel, true);
	bench_learn(&t, 7, "AVRO", "schemas/input/cdc/riverhotel.SAMPLE.HOTEL-flat-value.avsc");
	for (int deleted = 0; deleted < 3; deleted++) {
		buf_clear(&t.value);
		put_row(&t.value, "H1", "x");
		buf_clear(&t.body);
		buf_append(&t.body, t.value.data + 1, t.value.len - 1); /* no union around it */
		hand_long(&t.body, deleted < 2);
		if (deleted < 2)
			hand_string(&t.body, slice_str(deleted ? "true" : "false"));
		bench_key(&t, slice_str("H1"));
		assert_int_equal(bench_decode(&t, 7), DECODE_OK);
		assert_int_equal(t.record.change, deleted == 1 ? CHANGE_DELETE : CHANGE_UPSERT);
		bench_text(&t.record.fields[0], "H1");
		bench_text(&t.record.fields[1], "x");
	}
	bench_close(&t);
}

/* Flink keeps primary key columns out of the value. */
static void an_upsert_without_its_identity_takes_it_from_the_key(void **state)
{
	struct decoder_bench t;

	(void)state;
	open_envelope(&t);
	bench_avro_key(&t, "H9");
	assert_int_equal(bench_json(&t, "{\"NAME\":\"n\"}"), DECODE_OK);
	assert_int_equal(t.record.change, CHANGE_UPSERT);
	bench_text(&t.record.fields[0], "H9");
	bench_text(&t.record.fields[1], "n");
	bench_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_schema_is_asked_for_then_used),
		cmocka_unit_test(a_topic_may_change_its_schema_in_mid_stream),
		cmocka_unit_test(missing_and_unusable_schemas_are_poison_until_learnt),
		cmocka_unit_test(a_guid_in_a_header_names_the_schema),
		cmocka_unit_test(null_large_and_foreign_values_are_poison),
		cmocka_unit_test(formats_may_be_fixed),
		cmocka_unit_test(an_avro_envelope_gives_the_row_that_counts),
		cmocka_unit_test(a_cut_envelope_is_poison_wherever_it_is_cut),
		cmocka_unit_test(a_delete_without_the_old_row_is_completed_by_its_key),
		cmocka_unit_test(a_tombstone_is_read_from_its_key),
		cmocka_unit_test(a_changed_key_is_a_delete_a_tombstone_and_a_create),
		cmocka_unit_test(bare_keys_fill_the_first_field),
		cmocka_unit_test(flat_rows_may_say_deleted),
		cmocka_unit_test(an_upsert_without_its_identity_takes_it_from_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
