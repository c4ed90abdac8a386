/* The metadata parser on any bytes: it never reads outside, and whatever it
 * accepts is exactly what would be written. */

#include "publish/metadata.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct metadata m;
	char text[METADATA_MAX];
	size_t len;

	if (metadata_parse(slice_make(data, size), &m))
		return 0;
	len = metadata_format(&m, text);
	if (len != size || memcmp(text, data, len) != 0)
		abort();
	return 0;
}
