/* Headers of a record in the dead-letter topic, which anybody may write to. The
 * input is headers: a length byte, a name, a length byte, a value; a name that
 * begins with a digit is one of riverd's own. */

#include "wire/dead_letter.h"
#include "wire/dead_letter_read.h"

#include <stdlib.h>

#define MAX_HEADERS 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
	"__connect.errors.topic",
	"__connect.errors.partition",
	"__connect.errors.offset",
	"__connect.errors.stage",
	"__connect.errors.exception.message",
	"riverd.error.code",
	"riverd.error.timestamp",
	"riverd-db",
	"riverd-id",
	DEAD_LETTER_MARK_HEADER,
};

static struct slice take(const uint8_t **data, size_t *size)
{
	struct slice s = {NULL, 0};
	size_t len;

	if (*size == 0)
		return s;
	len = (*data)[0] < *size - 1 ? (*data)[0] : *size - 1;
	s = slice_make(*data + 1, len);
	*data += 1 + len;
	*size -= 1 + len;
	return s;
}

static void touch(struct slice s)
{
	volatile unsigned total = 0;

	for (size_t i = 0; i < s.len; i++)
		total = total + (uint8_t)s.data[i];
	(void)total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message_header headers[MAX_HEADERS];
	struct message m = {.topic = "t", .timestamp_ms = -1, .headers = headers};
	struct dead_letter_view view;
	int32_t partition;
	int64_t offset;

	while (size > 0 && m.header_count < MAX_HEADERS) {
		struct slice name = take(&data, &size), value = take(&data, &size);

		if (name.len == 1 && name.data[0] >= '0' && name.data[0] <= '9')
			name = slice_str(names[name.data[0] - '0']);
		headers[m.header_count++] = (struct message_header){name, value};
		if (dead_letter_place(value, &partition, &offset) == 0 && (partition < 0 || offset < 0))
			abort();
	}
	dead_letter_view(&m, &view);
	if (view.header_count > m.header_count || view.kind > DEAD_LETTER_FOREIGN)
		abort();
	touch(view.topic);
	touch(view.stage);
	touch(view.reason);
	touch(view.sentence);
	for (size_t i = 0; i < m.header_count; i++)
		(void)dead_letter_publishers_header(&m, i);
	return 0;
}
