/* Whole messages. The first byte of the input picks the decoder and says what
 * is there; then come the length of the key (one byte), the key, the value. A
 * schema that is asked for is answered by one of a few, so that both framings
 * lead to real plans. */

#include "wire/decoder.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"HOTEL_ID", "NAME", "AMENITIES", "CREATED_AT"};

#define ROW                                                                                                  \
	"{\"name\":\"HOTEL_ID\",\"type\":\"string\"},{\"name\":\"name\",\"type\":[\"string\",\"null\"]},"    \
	"{\"name\":\"CREATED_AT\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},"       \
	"{\"name\":\"TAGS\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"map\",\"values\":\"int\"}}}," \
	"{\"name\":\"AMENITIES\",\"type\":[\"int\",\"string\",\"double\",{\"type\":\"fixed\",\"name\":"      \
	"\"F\",\"size\":3}]}"

static const char *const schemas[] = {
	"{\"type\":\"record\",\"name\":\"Envelope\",\"fields\":[{\"name\":\"before\",\"type\":[\"null\",{"
	"\"type\":"
	"\"record\",\"name\":\"Value\",\"fields\":[" ROW
	"]}]},{\"name\":\"after\",\"type\":[\"null\",\"Value\"]},"
	"{\"name\":\"op\",\"type\":\"string\"}]}",
	"{\"type\":\"record\",\"name\":\"Value\",\"fields\":[" ROW
	",{\"name\":\"__deleted\",\"type\":[\"null\","
	"\"string\"]}]}",
	"{\"type\":\"record\",\"name\":\"Key\",\"fields\":[{\"name\":\"HOTEL_ID\",\"type\":{\"type\":"
	"\"record\","
	"\"name\":\"VariableScaleDecimal\",\"namespace\":\"io.debezium.data\",\"fields\":[{\"name\":"
	"\"scale\",\"type\":"
	"\"int\"},{\"name\":\"value\",\"type\":\"bytes\"}]}}]}",
	"\"long\"",
	"{\"type\":\"broken\"}",
};

static void touch(const struct record *r, size_t count)
{
	volatile unsigned total = 0;

	for (size_t i = 0; i < count; i++) {
		const struct value *v = &r->fields[i];

		if (v->kind > VALUE_BYTES)
			abort();
		if (v->kind == VALUE_STRING || v->kind == VALUE_BYTES)
			for (size_t k = 0; k < v->s.len; k++)
				total = total + (uint8_t)v->s.data[k];
	}
	(void)total;
}

static void answer(struct decoder *d, const struct schema_ref *needed)
{
	unsigned which = needed->is_guid ? needed->guid[15] : (unsigned)needed->id;
	struct err err;

	switch (which % 7) {
	case 5: decoder_learn(d, needed, "JSON", slice_str("{}"), &err); break;
	case 6: decoder_learn_missing(d, needed, &err); break;
	default: decoder_learn(d, needed, "AVRO", slice_str(schemas[which % 7]), &err);
	}
	if (!decoder_knows(d, needed))
		abort();
}

static void decode(const struct decoder_options *options, const struct message *m)
{
	struct schema_ref needed;
	struct record record;
	struct err err = {0};
	struct decoder *d = decoder_new(options, &err);

	if (d == NULL)
		return;
	/* A value's schema, then its key's; then there is nothing left to ask. */
	for (int i = 0; i < 4; i++) {
		enum decode_result result = decoder_decode(d, m, &record, &needed, &err);

		if (result == DECODE_NEEDS_SCHEMA && i < 3) {
			answer(d, &needed);
			continue;
		}
		if (result == DECODE_OK)
			touch(&record, options->layout.count);
		else if (result == DECODE_NEEDS_SCHEMA || err.class != ERR_POISON || err.code < 0 ||
			 err.code >= POISON_REASONS)
			abort();
		break;
	}
	decoder_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct decoder_options options = {.layout = {names, 4}};
	struct message m = {.topic = "t", .timestamp_ms = -1};
	struct message_header header = {SLICE_LITERAL("__value_schema_id"), {NULL, 0}};
	size_t key_len;
	char *copy;

	if (size < 2)
		return 0;
	options.changelog = data[0] & 1;
	options.format = (enum value_format)(data[0] >> 1 & 3);
	m.has_key = data[0] & 8;
	m.has_value = !(data[0] & 16);
	key_len = data[1] < size - 2 ? data[1] : size - 2;
	copy = malloc(size); /* its own block, so that a read beyond its end is seen */
	memcpy(copy, data + 2, size - 2);
	m.key = slice_make(copy, m.has_key ? key_len : 0);
	if (data[0] & 32) { /* the key's bytes are the header instead */
		header.value = slice_make(copy, key_len);
		m.headers = &header;
		m.header_count = 1;
	}
	if (m.has_value) {
		char *value = malloc(size - 2 - key_len + 1);

		memcpy(value, copy + key_len, size - 2 - key_len);
		m.value = slice_make(value, size - 2 - key_len);
		decode(&options, &m);
		free(value);
	} else {
		decode(&options, &m);
	}
	free(copy);
	return 0;
}
