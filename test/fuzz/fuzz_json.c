/* JSON from strangers: as a record of an append topic and of a changelog, and
 * against cJSON: what we let in, cJSON must be able to parse. */

#include "wire/json.h"
#include "wire/json_record.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"HOTEL_ID", "NAME", "CREATED_AT"};
static const struct layout layout = {names, 3};

/* Touches every byte that was handed out. */
static void touch(const struct value *slots)
{
	volatile unsigned total = 0;

	for (int i = 0; i < PLAN_SLOTS; i++)
		if (slots[i].kind == VALUE_STRING || slots[i].kind == VALUE_BYTES)
			for (size_t k = 0; k < slots[i].s.len; k++)
				total = total + (uint8_t)slots[i].s.data[k];
	(void)total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make(data, size);
	struct value slots[PLAN_SLOTS];
	enum plan_shape shape;
	struct buf scratch;
	struct err err;
	cJSON *json;

	buf_init(&scratch, 4 * size + 16);
	for (int changelog = 0; changelog < 2; changelog++) {
		char *before;

		if (json_record_read(text, &layout, changelog, &scratch, slots, &shape, &err) != 0)
			continue;
		before = scratch.data;
		touch(slots);
		if (scratch.data != before || scratch.len > 2 * size)
			abort(); /* slices would have moved */
	}
	if (json_check(text, JSON_MAX_DEPTH, &err) == 0) {
		json = cJSON_ParseWithLength(text.data, text.len);
		/* cJSON gives up at numbers of more than 63 characters and at \u0000 */
		if (json == NULL && size < 64 && memmem(data, size, "\\u0000", 6) == NULL)
			abort();
		cJSON_Delete(json);
	}
	buf_release(&scratch);
	return 0;
}
