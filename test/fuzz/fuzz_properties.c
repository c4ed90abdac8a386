/* Any bytes as a properties file: read or refused, and every value resolved or
 * refused, without touching the real environment or files. */

#include "conf/properties.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *no_env(void *ctx, const char *name)
{
	(void)ctx;
	return name[0] == 'A' ? "${env:B}" : NULL;
}

/* A file that is the input itself. */
static int same_file(void *ctx, const char *path, struct buf *out, struct err *err)
{
	struct slice *input = ctx;

	if (path[0] != '/')
		return err_set(err, ERR_CONFIG, 0, "%s: no such file", path);
	buf_slice(out, *input);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_make(data, size);
	struct properties_port port = {no_env, same_file, &input};
	struct properties p;
	struct err err;

	properties_init(&p);
	if (properties_parse(&p, "fuzz.conf", input, &err) == 0) {
		for (size_t i = 0; i < p.count; i++) {
			if (properties_get(&p, p.items[i].key) != &p.items[i])
				abort(); /* a key that is there twice */
		}
		(void)properties_resolve(&p, &port, &err);
	}
	properties_release(&p);
	return 0;
}
