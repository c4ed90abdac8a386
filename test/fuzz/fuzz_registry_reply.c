/* Any bytes as a registry's answer. First byte: which call; second: status. */

#include "wire/registry_reply.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = {200, 200, 200, 404, 409, 422, 401, 500};
	struct registry_schema schema;
	struct err err = {0};

	if (size < 2)
		return 0;
	registry_schema_init(&schema);
	if (registry_reply_parse((enum registry_call)(data[0] % REGISTRY_CALLS), statuses[data[1] % 8],
				 slice_make(data + 2, size - 2), &schema, &err) == 0) {
		if (schema.text.len > REGISTRY_MAX_SCHEMA || schema.id < 0 || schema.type[0] == '\0')
			abort();
	} else if (err.class == ERR_NONE || err.text[0] == '\0') {
		abort();
	}
	registry_schema_release(&schema);
	return 0;
}
