#include "store/epoch_internal.h"

#include <limits.h>
#include <stdlib.h>

#define REUSE_ALWAYS ((size_t)256 << 10) /* bytes of a buffer that stay whatever the use */

/* An outbox row in bytes: the fixed part, then topic, key, value, headers and
 * subject, each of its length in the fixed part. Machine order: an epoch never
 * leaves the process. */
struct outbox_head {
	uint64_t seq;
	int64_t timestamp_ms;
	int32_t partition;
	uint8_t has_key, has_value;
	uint8_t id[16];
	uint32_t topic, key, value, headers, subject;
};

void epoch_init(struct epoch *e, uint64_t number, size_t max_bytes)
{
	*e = (struct epoch){.number = number};
	delta_init(&e->delta, max_bytes);
	buf_init(&e->outbox, max_bytes);
	buf_init(&e->erasures, max_bytes);
	buf_init(&e->schemas, max_bytes);
}

void epoch_release(struct epoch *e)
{
	delta_release(&e->delta);
	buf_release(&e->outbox);
	buf_release(&e->erasures);
	buf_release(&e->schemas);
	checkpoint_positions_free(e->positions, e->position_count);
	*e = (struct epoch){.number = e->number};
}

/* Memory follows the demand: a large buffer that was hardly used goes back. */
static void reuse(struct buf *b)
{
	if (b->cap > REUSE_ALWAYS && b->len < b->cap / 4)
		buf_release(b);
	buf_clear(b);
}

void epoch_reuse(struct epoch *e, uint64_t number)
{
	reuse(&e->delta.bytes);
	e->delta.operations = 0;
	reuse(&e->outbox);
	reuse(&e->erasures);
	reuse(&e->schemas);
	checkpoint_positions_free(e->positions, e->position_count);
	e->positions = NULL;
	e->position_count = 0;
	e->number = number;
	e->outbox_rows = 0;
	e->first_seq = e->last_seq = 0;
}

bool epoch_empty(const struct epoch *e)
{
	return e->delta.operations == 0 && e->outbox_rows == 0 && e->last_seq == 0 &&
	       e->position_count == 0 && e->erasures.len == 0 && e->schemas.len == 0;
}

bool epoch_failed(const struct epoch *e)
{
	return delta_failed(&e->delta) || buf_failed(&e->outbox) || buf_failed(&e->erasures) ||
	       buf_failed(&e->schemas);
}

size_t epoch_bytes(const struct epoch *e)
{
	return delta_bytes(&e->delta) + e->outbox.len + e->erasures.len + e->schemas.len;
}

static char *write_bytes(char *to, struct slice s)
{
	if (s.len > 0)
		memcpy(to, s.data, s.len);
	return to + s.len;
}

void epoch_output(struct epoch *e, const struct outbox_row *row)
{
	struct outbox_head head = {
		.seq = row->seq,
		.timestamp_ms = row->timestamp_ms,
		.partition = row->partition,
		.has_key = row->has_key,
		.has_value = row->has_value,
		.topic = (uint32_t)row->topic.len,
		.key = (uint32_t)row->key.len,
		.value = (uint32_t)row->value.len,
		.headers = (uint32_t)row->headers.len,
		.subject = (uint32_t)row->subject.len,
	};
	char *to;

	if (row->seq <= e->last_seq || row->topic.len > INT_MAX || row->key.len > INT_MAX ||
	    row->value.len > INT_MAX || row->headers.len > INT_MAX || row->subject.len > INT_MAX) {
		e->outbox.failed = true;
		return;
	}
	memcpy(head.id, row->id.bytes, sizeof(head.id));
	to = buf_reserve(&e->outbox, sizeof(head) + row->topic.len + row->key.len + row->value.len +
					     row->headers.len + row->subject.len);
	if (to == NULL)
		return;
	to = write_bytes(to, slice_make(&head, sizeof(head)));
	to = write_bytes(to, row->topic);
	to = write_bytes(to, row->key);
	to = write_bytes(to, row->value);
	to = write_bytes(to, row->headers);
	to = write_bytes(to, row->subject);
	e->outbox.len = (size_t)(to - e->outbox.data);
	e->outbox_rows++;
	if (e->first_seq == 0)
		e->first_seq = row->seq;
	e->last_seq = row->seq;
}

/* Cuts `len` bytes off the front of *from. */
static struct slice cut(struct slice *from, size_t len)
{
	struct slice s = slice_make(from->data, len);

	from->data += len;
	from->len -= len;
	return s;
}

int epoch_outbox_next(const struct buf *outbox, size_t *at, struct outbox_row *row)
{
	struct slice rest;
	struct outbox_head head;

	if (*at >= outbox->len)
		return *at == outbox->len ? 0 : -1;
	rest = slice_make(outbox->data + *at, outbox->len - *at);
	if (rest.len < sizeof(head))
		return -1;
	memcpy(&head, cut(&rest, sizeof(head)).data, sizeof(head));
	if ((uint64_t)head.topic + head.key + head.value + head.headers + head.subject > rest.len)
		return -1;
	*row = (struct outbox_row){
		.seq = head.seq,
		.timestamp_ms = head.timestamp_ms,
		.partition = head.partition,
		.has_key = head.has_key,
		.has_value = head.has_value,
	};
	memcpy(row->id.bytes, head.id, sizeof(head.id));
	row->topic = cut(&rest, head.topic);
	row->key = cut(&rest, head.key);
	row->value = cut(&rest, head.value);
	row->headers = cut(&rest, head.headers);
	row->subject = cut(&rest, head.subject);
	*at = outbox->len - rest.len;
	return 1;
}

/* A 4-byte length and the bytes. */
static void append_counted(struct buf *b, struct slice s)
{
	uint32_t len = (uint32_t)s.len;

	if (s.len > INT_MAX) {
		b->failed = true;
		return;
	}
	buf_append(b, &len, sizeof(len));
	buf_slice(b, s);
}

static int next_counted(struct slice bytes, size_t *at, struct slice *out)
{
	uint32_t len;

	if (*at >= bytes.len)
		return *at == bytes.len ? 0 : -1;
	if (bytes.len - *at < sizeof(len))
		return -1;
	memcpy(&len, bytes.data + *at, sizeof(len));
	if (bytes.len - *at - sizeof(len) < len)
		return -1;
	*out = slice_make(bytes.data + *at + sizeof(len), len);
	*at += sizeof(len) + len;
	return 1;
}

/* Rows of this epoch about the subject go; last_seq stays, numbers are never
 * given twice. */
static void drop_rows(struct epoch *e, struct slice subject)
{
	size_t at = 0, from = 0, to = 0;
	struct outbox_row row;

	while (epoch_outbox_next(&e->outbox, &at, &row) > 0) {
		if (slice_equal(row.subject, subject)) {
			e->outbox_rows--;
		} else {
			memmove(e->outbox.data + to, e->outbox.data + from, at - from);
			to += at - from;
		}
		from = at;
	}
	e->outbox.len = to;
}

void epoch_erase(struct epoch *e, struct slice subject)
{
	if (subject.len == 0)
		return; /* rows about nobody */
	if (e->outbox_rows > 0 && !buf_failed(&e->outbox))
		drop_rows(e, subject);
	append_counted(&e->erasures, subject);
}

int epoch_erasure_next(const struct buf *erasures, size_t *at, struct slice *subject)
{
	return next_counted(buf_view(erasures), at, subject);
}

void epoch_schema(struct epoch *e, const char *ref, const char *type, struct slice text)
{
	append_counted(&e->schemas, slice_str(ref));
	append_counted(&e->schemas, slice_str(type));
	append_counted(&e->schemas, text);
}

int epoch_schema_next(const struct buf *schemas, size_t *at, struct slice *ref, struct slice *type,
		      struct slice *text)
{
	int more = next_counted(buf_view(schemas), at, ref);

	if (more <= 0)
		return more;
	if (next_counted(buf_view(schemas), at, type) <= 0 || next_counted(buf_view(schemas), at, text) <= 0)
		return -1;
	return 1;
}

int epoch_positions(struct epoch *e, const struct position *positions, size_t count)
{
	struct position *copy = calloc(count + 1, sizeof(*copy));

	if (copy == NULL)
		return -1;
	for (size_t i = 0; i < count; i++) {
		copy[i] = positions[i];
		copy[i].topic = slice_dup(slice_str(positions[i].topic));
		if (copy[i].topic == NULL) {
			checkpoint_positions_free(copy, i);
			return -1;
		}
	}
	checkpoint_positions_free(e->positions, e->position_count);
	e->positions = copy;
	e->position_count = count;
	return 0;
}

void checkpoint_positions_free(struct position *positions, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(positions[i].topic);
	free(positions);
}

void outbox_headers_add(struct buf *headers, const char *name, struct slice value)
{
	append_counted(headers, slice_str(name));
	append_counted(headers, value);
}

int outbox_headers_next(struct slice headers, size_t *at, struct slice *name, struct slice *value)
{
	int more = next_counted(headers, at, name);

	if (more <= 0)
		return more;
	return next_counted(headers, at, value) > 0 ? 1 : -1;
}
