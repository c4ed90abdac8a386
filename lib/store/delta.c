#include "store/delta.h"

#include <limits.h>
#include <string.h>

/* An operation in bytes: op, table, count (one byte each), then per cell a type
 * byte and 8 bytes of number, or 4 bytes of length and the bytes. Numbers are in
 * the machine's own order: a delta never leaves the process. */
#define OPERATION_HEAD 3

static size_t cell_size(const struct cell *c)
{
	switch (c->type) {
	case CELL_NULL: return 1;
	case CELL_INTEGER:
	case CELL_REAL: return 1 + 8;
	case CELL_TEXT:
	case CELL_BLOB: return 1 + sizeof(uint32_t) + c->s.len;
	}
	return SIZE_MAX;
}

static char *cell_write(char *to, const struct cell *c)
{
	uint32_t len;

	*to++ = (char)c->type;
	switch (c->type) {
	case CELL_NULL: break;
	case CELL_INTEGER: memcpy(to, &c->i, 8); return to + 8;
	case CELL_REAL: memcpy(to, &c->d, 8); return to + 8;
	case CELL_TEXT:
	case CELL_BLOB:
		len = (uint32_t)c->s.len;
		memcpy(to, &len, sizeof(len));
		to += sizeof(len);
		if (len > 0)
			memcpy(to, c->s.data, len);
		return to + len;
	}
	return to;
}

static void append_operation(struct delta *d, enum row_op op, int table, const struct cell *cells, int count)
{
	size_t size = OPERATION_HEAD;
	char *to;

	if (table < 0 || table > UCHAR_MAX || count < 0 || count > DELTA_MAX_CELLS) {
		d->bytes.failed = true;
		return;
	}
	for (int i = 0; i < count; i++) {
		bool bytes = cells[i].type == CELL_TEXT || cells[i].type == CELL_BLOB;

		if (bytes && cells[i].s.len > INT_MAX) {
			d->bytes.failed = true;
			return;
		}
		size += cell_size(&cells[i]);
	}
	to = buf_reserve(&d->bytes, size); /* whole operations only */
	if (to == NULL)
		return;
	*to++ = (char)op;
	*to++ = (char)(unsigned char)table;
	*to++ = (char)count;
	for (int i = 0; i < count; i++)
		to = cell_write(to, &cells[i]);
	d->bytes.len += size;
	d->operations++;
}

void delta_init(struct delta *d, size_t max)
{
	buf_init(&d->bytes, max);
	d->operations = 0;
}

void delta_release(struct delta *d)
{
	buf_release(&d->bytes);
	d->operations = 0;
}

void delta_clear(struct delta *d)
{
	buf_clear(&d->bytes);
	d->operations = 0;
}

void delta_put(struct delta *d, int table, const struct cell *cells, int count)
{
	append_operation(d, ROW_PUT, table, cells, count);
}

void delta_delete(struct delta *d, int table, const struct cell *keys, int count)
{
	append_operation(d, ROW_DELETE, table, keys, count);
}

void delta_delete_below(struct delta *d, int table, int64_t first_key)
{
	struct cell limit = cell_int(first_key);

	append_operation(d, ROW_DELETE_BELOW, table, &limit, 1);
}

void delta_take(struct delta *to, struct delta *from)
{
	bool failed = delta_failed(to) || delta_failed(from);

	if (to->bytes.len == 0 && from->bytes.len <= to->bytes.max) {
		struct buf emptied = to->bytes;

		to->bytes = from->bytes;
		to->bytes.max = emptied.max;
		emptied.max = from->bytes.max;
		from->bytes = emptied;
	} else {
		buf_slice(&to->bytes, buf_view(&from->bytes));
		failed = failed || buf_failed(&to->bytes);
	}
	to->bytes.failed = failed;
	to->operations += from->operations;
	delta_clear(from);
}

/* Reads one cell; returns what follows it, or NULL when it does not fit. */
static const char *cell_read(const char *at, const char *end, struct cell *out)
{
	uint32_t len;

	if (at == end)
		return NULL;
	out->type = (enum cell_type) * at++;
	switch (out->type) {
	case CELL_NULL: return at;
	case CELL_INTEGER:
	case CELL_REAL:
		if (end - at < 8)
			return NULL;
		if (out->type == CELL_INTEGER)
			memcpy(&out->i, at, 8);
		else
			memcpy(&out->d, at, 8);
		return at + 8;
	case CELL_TEXT:
	case CELL_BLOB:
		if ((size_t)(end - at) < sizeof(len))
			return NULL;
		memcpy(&len, at, sizeof(len));
		at += sizeof(len);
		if ((size_t)(end - at) < len)
			return NULL;
		out->s = slice_make(at, len);
		return at + len;
	}
	return NULL;
}

int delta_next(const struct delta *d, size_t *at, struct delta_operation *out)
{
	const char *p, *end;

	if (*at >= d->bytes.len)
		return *at == d->bytes.len ? 0 : -1;
	p = d->bytes.data + *at;
	end = d->bytes.data + d->bytes.len;
	if (end - p < OPERATION_HEAD)
		return -1;
	out->op = (enum row_op)(unsigned char)p[0];
	out->table = (unsigned char)p[1];
	out->count = (unsigned char)p[2];
	if (out->op > ROW_DELETE_BELOW || out->count > DELTA_MAX_CELLS)
		return -1;
	p += OPERATION_HEAD;
	for (int i = 0; i < out->count; i++) {
		p = cell_read(p, end, &out->cells[i]);
		if (p == NULL)
			return -1;
	}
	*at = (size_t)(p - d->bytes.data);
	return 1;
}
