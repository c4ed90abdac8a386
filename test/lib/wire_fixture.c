#include "test/lib/wire_fixture.h"

#include "test/lib/cmocka_all.h"
#include "wire/framing.h"

#include <stdio.h>

void fixture_file(struct buf *b, const char *path)
{
	FILE *f = fopen(path, "rb");
	char *to;
	size_t n;

	buf_init(b, 1024 * 1024);
	if (f == NULL)
		fail_msg("cannot open %s: run the tests from the top of the source tree", path);
	while ((to = buf_reserve(b, 4096)) != NULL && (n = fread(to, 1, 4096, f)) > 0)
		b->len += n;
	fclose(f);
	assert_false(buf_failed(b));
}

struct avro_plan *fixture_plan(const char *text, struct layout layout, bool changelog)
{
	struct err err = {0};
	struct avro_schema *schema = avro_schema_parse(slice_str(text), &err);
	struct avro_plan *plan;

	if (schema == NULL)
		fail_msg("%s", err.text);
	plan = avro_plan_compile(schema, &layout, changelog, &err);
	if (plan == NULL)
		fail_msg("%s", err.text);
	return plan;
}

struct decoder *fixture_decoder(struct layout layout, bool changelog, const char *type, struct slice schema)
{
	struct decoder_options options = {.layout = layout, .changelog = changelog};
	struct schema_ref ref = {.id = 7};
	struct err err = {0};
	struct decoder *d = decoder_new(&options, &err);

	assert_non_null(d);
	if (schema.len > 0)
		assert_int_equal(decoder_learn(d, &ref, type, schema, &err), 0);
	return d;
}

void fixture_frame(struct buf *b, int32_t id, struct slice body)
{
	buf_clear(b);
	framing_append(b, id);
	buf_slice(b, body);
	assert_false(buf_failed(b));
}

void hand_long(struct buf *b, int64_t v)
{
	uint64_t rest = v < 0 ? 2 * (uint64_t) - (v + 1) + 1 : 2 * (uint64_t)v;

	for (; rest > 127; rest /= 128)
		buf_byte(b, (uint8_t)(128 + rest % 128));
	buf_byte(b, (uint8_t)rest);
}

void hand_string(struct buf *b, struct slice s)
{
	hand_long(b, (int64_t)s.len);
	buf_slice(b, s);
}

void hand_double(struct buf *b, double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	for (int i = 0; i < 8; i++)
		buf_byte(b, (uint8_t)(bits >> (8 * i)));
}

struct message fixture_message(struct slice value)
{
	return (struct message){.topic = "t", .timestamp_ms = -1, .value = value, .has_value = true};
}
