/* Columns as Debezium's Oracle connector writes them, from the bytes to what the pipeline
 * works with: numbers as struct, decimal, integer, double or text; times in every unit;
 * padded characters. One meaning, whatever the connector's settings. */

#include "hotels/inputs.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/decoder_bench.h"
#include "test/lib/wire_fixture.h"

#include <stdio.h>

#define SAMPLE_MS INT64_C(1772359200123) /* 2026-03-01T10:00:00.123Z */

#define VARIABLE                                                                                             \
	"{\"type\":\"record\",\"name\":\"VariableScaleDecimal\",\"namespace\":\"io.debezium.data\","         \
	"\"fields\":[{\"name\":\"scale\",\"type\":\"int\"},{\"name\":\"value\",\"type\":\"bytes\"}],"        \
	"\"connect.doc\":\"Variable scaled decimal\",\"connect.version\":1,"                                 \
	"\"connect.name\":\"io.debezium.data.VariableScaleDecimal\"}"
#define DECIMAL(scale)                                                                                       \
	"{\"type\":\"bytes\",\"scale\":" #scale ",\"precision\":38,\"connect.version\":1,"                   \
	"\"connect.parameters\":{\"scale\":\"" #scale "\",\"connect.decimal.precision\":\"38\"},"            \
	"\"connect.name\":\"org.apache.kafka.connect.data.Decimal\",\"logicalType\":\"decimal\"}"
#define NAMED(type, name) "{\"type\":\"" type "\",\"connect.version\":1,\"connect.name\":\"" name "\"}"
#define BYTES(s)                                                                                             \
	{                                                                                                    \
		s, sizeof(s) - 1                                                                             \
	}

struct encoding {
	const char *type; /* of the column */
	struct {
		const char *data;
		size_t len;
	} bytes;
	const char *means;
};

static struct slice bytes_of(const struct encoding *e)
{
	return slice_make(e->bytes.data, e->bytes.len);
}

/* A record of the one column under id 7, and the same as the key's under BENCH_KEY_ID. */
static void learn(struct decoder_bench *t, const char *column, const char *type)
{
	char schema[2000];

	for (int32_t id = 7; id <= BENCH_KEY_ID; id++) {
		int len = snprintf(schema, sizeof(schema),
				   "{\"type\":\"record\",\"name\":\"%s\",\"namespace\":\"server.SAMPLE.T\","
				   "\"fields\":[{\"name\":\"%s\",\"type\":%s}]}",
				   id == 7 ? "Value" : "Key", column, type);

		assert_true(len > 0 && (size_t)len < sizeof(schema));
		assert_int_equal(decoder_learn(t->decoder, &(struct schema_ref){.id = id}, "AVRO",
					       slice_str(schema), &t->err),
				 0);
	}
}

static void open_column(struct decoder_bench *t, enum input input, const char *column, const char *type)
{
	bench_open(t, input_layouts[input], input == INPUT_HOTEL || input == INPUT_CUSTOMER);
	learn(t, column, type);
}

static void take(struct decoder_bench *t, const struct encoding *e)
{
	buf_clear(&t->body);
	buf_slice(&t->body, bytes_of(e));
	if (bench_decode(t, 7) != DECODE_OK)
		fail_msg("%s: %s", e->type, t->err.text);
}

static void expect_hotel(struct decoder_bench *t, const struct encoding *e, bool deleted)
{
	struct input_scratch scratch;
	struct hotel_input hotel;

	if (input_hotel(&t->record, &scratch, &hotel, &t->err) != 0)
		fail_msg("%s: %s", e->type, t->err.text);
	if (!slice_is(hotel.id, e->means))
		fail_msg("%s is " SLICE_FMT ", not %s", e->type, SLICE_ARG(hotel.id), e->means);
	assert_int_equal(hotel.deleted, deleted);
}

static const struct encoding identifiers[] = {
	/* NUMBER: scale and unscaled value */
	{VARIABLE, BYTES("\x00\x04\x30\x39"), "12345"},
	{VARIABLE, BYTES("\x04\x06\x12\xd6\x44"), "12345"}, /* 12345.00 */
	{VARIABLE, BYTES("\x03\x02\x7b"), "12300"},	    /* 123E2, as NUMBER(5,-2) may come */
	{VARIABLE, BYTES("\x00\x02\xff"), "-1"},
	{"[\"null\"," VARIABLE "]", BYTES("\x02\x00\x04\x30\x39"), "12345"},
	{"[" VARIABLE ",\"null\"]", BYTES("\x00\x00\x04\x30\x39"), "12345"},
	/* NUMBER(38), INTEGER */
	{DECIMAL(0), BYTES("\x04\x30\x39"), "12345"},
	{DECIMAL(0), BYTES("\x08\x00\x00\x30\x39"), "12345"},
	{DECIMAL(2), BYTES("\x06\x12\xd6\x44"), "12345"},
	{"[\"null\"," DECIMAL(0) "]", BYTES("\x02\x04\x30\x39"), "12345"},
	/* 38 digits, and 20 as a struct: more than fits into 64 bits */
	{DECIMAL(0), BYTES("\x20\x4b\x3b\x4c\xa8\x5a\x86\xc4\x7a\x09\x8a\x22\x3f\xff\xff\xff\xff"),
	 "99999999999999999999999999999999999999"},
	{VARIABLE, BYTES("\x00\x12\x00\xab\x54\xa9\x8c\xeb\x1f\x0a\xd2"), "12345678901234567890"},
	{VARIABLE, BYTES("\x04\x12\x42\xed\x12\x3b\x0b\xd8\x20\x3a\x08"), "12345678901234567890"},
	{VARIABLE, BYTES("\x27\x02\x01"), "100000000000000000000"}, /* 1E20 */
	/* NUMBER(2), (4), (9), (18) */
	{"{\"type\":\"int\",\"connect.type\":\"int8\"}", BYTES("\x0e"), "7"},
	{"{\"type\":\"int\",\"connect.type\":\"int16\"}", BYTES("\xf2\xc0\x01"), "12345"},
	{"\"int\"", BYTES("\xf2\xc0\x01"), "12345"},
	{"[\"long\",\"null\"]", BYTES("\x00\xf2\xc0\x01"), "12345"},
	/* decimal.handling.mode = double, string */
	{"\"double\"", BYTES("\x00\x00\x00\x00\x80\x1c\xc8\x40"), "12345"},
	{"\"float\"", BYTES("\x00\xe4\x40\x46"), "12345"}, /* BINARY_FLOAT */
	{"\"string\"",
	 BYTES("\x0a"
	       "12345"),
	 "12345"},
	/* CHAR(8) is padded */
	{"\"string\"",
	 BYTES("\x10"
	       "12345   "),
	 "12345"},
};

static void every_encoding_of_a_key_is_the_same_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(identifiers) / sizeof(identifiers[0]); i++) {
		const struct encoding *e = &identifiers[i];
		struct decoder_bench t;

		open_column(&t, INPUT_HOTEL, "HOTEL_ID", e->type);
		take(&t, e);
		expect_hotel(&t, e, false);
		fixture_frame(&t.key, BENCH_KEY_ID, bytes_of(e));
		t.message.key = buf_view(&t.key);
		t.message.has_key = true;
		assert_int_equal(bench_tombstone(&t), DECODE_OK);
		expect_hotel(&t, e, true);
		bench_close(&t);
	}
}

/* Half of a number, or one that a double cannot hold, is nobody's key. */
static void what_is_no_whole_number_is_no_key(void **state)
{
	static const struct encoding bad[] = {
		{VARIABLE, BYTES("\x02\x04\x30\x39"), NULL},			 /* 1234.5 */
		{DECIMAL(2), BYTES("\x04\x30\x39"), NULL},			 /* 123.45 */
		{"\"double\"", BYTES("\x00\x00\x00\x00\x00\x00\x50\x43"), NULL}, /* 2^54 */
		{VARIABLE, BYTES("\x00\x00"), NULL},				 /* no digits at all */
		{VARIABLE, BYTES("\x4d\x02\x7b"), NULL},			 /* 123E39 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct input_scratch scratch;
		struct hotel_input hotel;
		struct decoder_bench t;

		open_column(&t, INPUT_HOTEL, "HOTEL_ID", bad[i].type);
		take(&t, &bad[i]);
		if (input_hotel(&t.record, &scratch, &hotel, &t.err) == 0)
			fail_msg("%zu is " SLICE_FMT, i, SLICE_ARG(hotel.id));
		assert_int_equal(t.err.code, POISON_FIELD);
		bench_close(&t);
	}
}

static const struct encoding instants[] = {
	{NAMED("long", "io.debezium.time.Timestamp"), BYTES("\xf6\xb5\xb9\x8d\x95\x67"), "0"},
	{NAMED("long", "io.debezium.time.MicroTimestamp"), BYTES("\xf0\xa1\xcd\x88\xf1\xfc\xa5\x06"), "0"},
	{NAMED("long", "io.debezium.time.NanoTimestamp"), BYTES("\x80\xd3\xd0\x9b\xab\xd3\xd7\x98\x31"), "0"},
	{"{\"type\":\"long\",\"connect.version\":1,\"connect.name\":\"org.apache.kafka.connect.data."
	 "Timestamp\","
	 "\"logicalType\":\"timestamp-millis\"}",
	 BYTES("\xf6\xb5\xb9\x8d\x95\x67"), "0"},
	{"[\"null\"," NAMED("long", "io.debezium.time.MicroTimestamp") "]",
	 BYTES("\x02\xf0\xa1\xcd\x88\xf1\xfc\xa5\x06"), "0"},
	{"[" NAMED("long", "io.debezium.time.MicroTimestamp") ",\"null\"]",
	 BYTES("\x00\xf0\xa1\xcd\x88\xf1\xfc\xa5\x06"), "0"},
	{NAMED("string", "io.debezium.time.ZonedTimestamp"),
	 BYTES("\x30"
	       "2026-03-01T10:00:00.123Z"),
	 "0"},
	{NAMED("string", "io.debezium.time.ZonedTimestamp"),
	 BYTES("\x3a"
	       "2026-03-01T11:00:00.123+01:00"),
	 "0"},
	{NAMED("string", "io.debezium.time.ZonedTimestamp"),
	 BYTES("\x3c"
	       "2026-03-01T10:00:00.123456789Z"),
	 "0"},
	{NAMED("string", "io.debezium.time.IsoTimestamp"),
	 BYTES("\x30"
	       "2026-03-01T10:00:00.123Z"),
	 "0"},
	/* without a time of day */
	{NAMED("int", "io.debezium.time.Date"), BYTES("\xc2\xc0\x02"), "day"},
	{"{\"type\":\"int\",\"connect.version\":1,\"connect.name\":\"org.apache.kafka.connect.data.Date\","
	 "\"logicalType\":\"date\"}",
	 BYTES("\xc2\xc0\x02"), "day"},
	{NAMED("string", "io.debezium.time.IsoDate"),
	 BYTES("\x14"
	       "2026-03-01"),
	 "day"},
};

static void every_encoding_of_a_time_is_the_same_instant(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
		int64_t wanted = *instants[i].means == 'd' ? SAMPLE_MS / 86400000 * 86400000 : SAMPLE_MS;
		struct event_time got;
		struct decoder_bench t;

		open_column(&t, INPUT_REVIEWS, "CREATED_AT", instants[i].type);
		take(&t, &instants[i]);
		if (event_time_of_value(&t.record.fields[REVIEW_CREATED_AT], &got) != 0)
			fail_msg("%s is no instant", instants[i].type);
		if (got.ms != wanted)
			fail_msg("%s is %lld", instants[i].type, (long long)got.ms);
		bench_close(&t);
	}
}

#define COLUMN(name, type)   "{\"name\":\"" name "\",\"type\":" type "}"
#define NULLABLE(name, type) "{\"name\":\"" name "\",\"type\":[\"null\"," type "],\"default\":null}"

static const char row_columns[] =
	NULLABLE("CREATED_AT", NAMED("long", "io.debezium.time.MicroTimestamp")) ",";
static const char row_numbers[] = NULLABLE("ROOM_CAPACITY", VARIABLE) ",";
static const char row_key[] = COLUMN("HOTEL_ID", "\"io.debezium.data.VariableScaleDecimal\"") ",";
static const char row_rate[] = COLUMN("RATE", DECIMAL(2)) ",";
static const char row_photo[] = NULLABLE("PHOTO", "\"bytes\"") ",";
/* optional, with a default in the database: null comes second */
static const char row_city[] = "{\"name\":\"CITY\",\"type\":[\"string\",\"null\"],\"default\":\"Ulm\"}";

static const char row_bytes[] = "\x02\xf0\xa1\xcd\x88\xf1\xfc\xa5\x06" /* CREATED_AT */
				"\x02\x01\x02\x0c"		       /* 12, scale -1: 120 beds */
				"\x00\x04\x30\x39"		       /* 12345 */
				"\x04\x26\xde"			       /* 99.50 */
				"\x02\x06\xff\xd8\xff"		       /* PHOTO */
				"\x00\x08\x42\x6f\x6e\x6e";	       /* Bonn */

/* Debezium 3 has `transaction` before `op`, Debezium 2 behind it. */
static void learn_envelope(struct decoder_bench *t, bool newer)
{
	const char *transaction = NULLABLE("transaction", "\"string\"") ",";
	const char *op = COLUMN("op", "\"string\"") ",";
	struct buf schema;

	buf_init(&schema, 65536);
	buf_str(&schema, "{\"type\":\"record\",\"name\":\"Envelope\",\"namespace\":\"server.SAMPLE.HOTEL\","
			 "\"fields\":[{\"name\":\"before\",\"type\":[\"null\",{\"type\":\"record\","
			 "\"name\":\"Value\",\"fields\":[");
	buf_printf(&schema, "%s%s%s%s%s%s", row_columns, row_numbers, row_key, row_rate, row_photo, row_city);
	buf_str(&schema, "]}],\"default\":null}," NULLABLE("after", "\"Value\"") ",");
	buf_str(&schema, "{\"name\":\"source\",\"type\":{\"type\":\"record\",\"name\":\"Source\",\"fields\":"
			 "[" NULLABLE("scn", "\"string\"") "," COLUMN("ts_ms", "\"long\"") "]}},");
	buf_printf(&schema, "%s%s", newer ? transaction : op, newer ? op : transaction);
	buf_str(&schema, NULLABLE("ts_ms", "\"long\"") "]}");
	if (decoder_learn(t->decoder, &(struct schema_ref){.id = 7}, "AVRO", buf_view(&schema), &t->err) != 0)
		fail_msg("%s", t->err.text);
	buf_release(&schema);
}

static void put_envelope(struct buf *b, bool newer)
{
	buf_append(b, "\x00\x02", 2); /* no before */
	buf_append(b, row_bytes, sizeof(row_bytes) - 1);
	buf_append(b, "\x02\x08\x31\x37\x32\x39\x02", 7); /* scn 1729, ts_ms */
	buf_append(b, newer ? "\x00\x02\x63" : "\x02\x63\x00", 3);
	buf_append(b, "\x00", 1);
}

static void a_whole_row_of_oracle_comes_through_its_envelope(void **state)
{
	static const struct encoding id = {"the envelope", {NULL, 0}, "12345"};

	(void)state;
	for (int newer = 0; newer < 2; newer++) {
		struct decoder_bench t;
		struct input_scratch scratch;
		struct hotel_input hotel;

		bench_open(&t, input_layouts[INPUT_HOTEL], true);
		learn_envelope(&t, newer);
		put_envelope(&t.body, newer);
		if (bench_decode(&t, 7) != DECODE_OK)
			fail_msg("%s", t.err.text);
		expect_hotel(&t, &id, false);
		assert_int_equal(input_hotel(&t.record, &scratch, &hotel, &t.err), 0);
		assert_true(slice_is(hotel.city.s, "Bonn"));
		bench_close(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_encoding_of_a_key_is_the_same_key),
		cmocka_unit_test(what_is_no_whole_number_is_no_key),
		cmocka_unit_test(every_encoding_of_a_time_is_the_same_instant),
		cmocka_unit_test(a_whole_row_of_oracle_comes_through_its_envelope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
