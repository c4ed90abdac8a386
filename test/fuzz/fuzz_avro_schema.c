/* Schema text from a registry: a flag byte, the text, and behind a NUL a message. What is
 * let in must compile or be refused, and its plan must survive any bytes. */

#include "wire/avro_encoder.h"
#include "wire/avro_plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"HOTEL_ID", "NAME", "CREATED_AT", "f0"};
static const struct layout layout = {names, 4};

static void run_some(const struct avro_plan *plan, const uint8_t *data, size_t size)
{
	struct value slots[PLAN_SLOTS];
	struct err err;

	for (size_t n = 0; n <= size && n < 64; n = 2 * n + 1)
		avro_plan_run(plan, slice_make(data, n), slots, &err);
	avro_plan_run(plan, slice_make(data, size), slots, &err);
}

/* In a block of its own, so that a read beyond its end is seen. */
static void run_on_message(const struct avro_plan *plan, const uint8_t *data, size_t size, const char *nul)
{
	size_t before = nul != NULL ? (size_t)(nul + 1 - (const char *)data) : 0;
	uint8_t *copy = malloc(size - before + 1);

	memcpy(copy, data + before, size - before);
	run_some(plan, copy, size - before);
	free(copy);
}

static void map_our_fields(struct slice text)
{
	static const struct avro_input_field fields[] = {{.name = "NAME", .kind = VALUE_STRING},
							 {.name = "CREATED_AT",
							  .kind = VALUE_LONG,
							  .unit = UNIT_MILLIS}};
	static const struct avro_input inputs[] = {{.scalar = {.kind = VALUE_STRING, .s = {"x", 1}}},
						   {.scalar = {.kind = VALUE_LONG, .i = 1700000000000}}};
	struct avro_encoder *e;
	struct err err;
	struct buf b;

	e = avro_encoder_new(text, fields, 2, &err);
	if (e == NULL)
		return;
	buf_init(&b, 1 << 20);
	if (avro_encoder_write(e, inputs, &b, &err) != 0 && err.class != ERR_FATAL)
		abort();
	buf_release(&b);
	avro_encoder_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct avro_schema *schema;
	struct avro_plan *plan;
	struct slice text;
	const char *nul;
	struct err err = {0};

	if (size < 1)
		return 0;
	text = slice_make(data + 1, size - 1);
	nul = memchr(text.data, 0, text.len);
	if (nul != NULL)
		text.len = (size_t)(nul - text.data);
	schema = avro_schema_parse(text, &err);
	if (schema == NULL)
		return 0;
	plan = avro_plan_compile(schema, &layout, data[0] & 1, &err);
	if (plan != NULL)
		run_on_message(plan, data, size, nul);
	avro_plan_free(plan);
	map_our_fields(text);
	return 0;
}
