#include "wire/dead_letter_read.h"

/* Digits only; -1 otherwise, or beyond `max`. */
static int64_t decimal(struct slice s, int64_t max)
{
	int64_t n = 0;

	if (s.len == 0 || s.len > 19)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9' || n > (max - (s.data[i] - '0')) / 10)
			return -1;
		n = n * 10 + (s.data[i] - '0');
	}
	return n;
}

int dead_letter_place(struct slice text, int32_t *partition, int64_t *offset)
{
	const char *slash = text.len > 0 ? memchr(text.data, '/', text.len) : NULL;
	int64_t p, o;

	if (slash == NULL)
		return -1;
	p = decimal(slice_make(text.data, (size_t)(slash - text.data)), INT32_MAX);
	o = decimal(slice_make(slash + 1, text.len - (size_t)(slash - text.data) - 1), INT64_MAX);
	if (p < 0 || o < 0)
		return -1;
	*partition = (int32_t)p;
	*offset = o;
	return 0;
}

bool dead_letter_publishers_header(const struct message *m, size_t i)
{
	static const char *const names[] = {"riverd-db", "riverd-seq", "riverd-id"};

	return i < 3 && i < m->header_count && slice_is(m->headers[i].name, names[i]);
}

static struct slice header_from(const struct message *m, size_t first, const char *name)
{
	for (size_t i = first; i < m->header_count; i++) {
		if (slice_is(m->headers[i].name, name))
			return m->headers[i].value;
	}
	return (struct slice){0};
}

/* Where our headers begin: a record that was a dead letter before, of ours or of
 * Kafka Connect, has such headers of its own in front of them. */
static size_t begin_of_ours(const struct message *m)
{
	for (size_t i = m->header_count; i > 0; i--) {
		if (slice_is(m->headers[i - 1].name, "__connect.errors.topic"))
			return i - 1;
	}
	return m->header_count;
}

void dead_letter_view(const struct message *m, struct dead_letter_view *out)
{
	size_t first = begin_of_ours(m);
	int64_t partition, stamp;

	*out = (struct dead_letter_view){.kind = DEAD_LETTER_FOREIGN,
					 .timestamp_ms = -1,
					 .header_count = first};
	if (first == m->header_count) {
		struct slice mark = header_from(m, 0, DEAD_LETTER_MARK_HEADER);

		if (!m->has_key && !m->has_value &&
		    dead_letter_place(mark, &out->partition, &out->offset) == 0)
			out->kind = DEAD_LETTER_MARK;
		return;
	}
	out->topic = header_from(m, first, "__connect.errors.topic");
	out->stage = header_from(m, first, "__connect.errors.stage");
	out->sentence = header_from(m, first, "__connect.errors.exception.message");
	out->reason = header_from(m, first, "riverd.error.code");
	partition = decimal(header_from(m, first, "__connect.errors.partition"), INT32_MAX);
	out->offset = decimal(header_from(m, first, "__connect.errors.offset"), INT64_MAX);
	stamp = decimal(header_from(m, first, "riverd.error.timestamp"), INT64_MAX);
	out->timestamp_ms = stamp;
	if (out->topic.len > 0 && partition >= 0 && out->offset >= 0 && out->reason.len > 0) {
		out->kind = DEAD_LETTER_RECORD;
		out->partition = (int32_t)partition;
	}
}
