#include "test/scenario/image.h"

#include <stdio.h>
#include <stdlib.h>

#define DELTA_LIMIT (256u << 20)

static void __attribute__((noreturn)) broken(const char *what)
{
	fprintf(stderr, "image: %s\n", what);
	abort();
}

void image_init(struct image *im, const struct table *tables, int table_count)
{
	im->tables = tables;
	im->table_count = table_count;
	im->operations = 0;
	im->data = calloc((size_t)table_count, sizeof(*im->data));
	if (!im->data)
		broken("out of memory");
}

static void row_release(struct image_row *row)
{
	free(row->cells);
	free(row->bytes);
}

void image_release(struct image *im)
{
	for (int t = 0; t < im->table_count; t++) {
		for (size_t i = 0; i < im->data[t].count; i++)
			row_release(&im->data[t].rows[i]);
		free(im->data[t].rows);
	}
	free(im->data);
}

static int class_of(const struct cell *c)
{
	switch (c->type) {
	case CELL_NULL: return 0;
	case CELL_INTEGER:
	case CELL_REAL: return 1;
	case CELL_TEXT: return 2;
	case CELL_BLOB: return 3;
	}
	broken("unknown cell type");
}

static int compare_cells(const struct cell *a, const struct cell *b)
{
	if (class_of(a) != class_of(b))
		return class_of(a) < class_of(b) ? -1 : 1;
	switch (class_of(a)) {
	case 0: return 0;
	case 1:
		if (a->type == CELL_INTEGER && b->type == CELL_INTEGER)
			return a->i < b->i ? -1 : a->i > b->i;
		else {
			double x = a->type == CELL_REAL ? a->d : (double)a->i;
			double y = b->type == CELL_REAL ? b->d : (double)b->i;

			return x < y ? -1 : x > y;
		}
	default: return slice_compare(a->s, b->s);
	}
}

/* Where the key is, or would be inserted; *found says which. */
static size_t row_find(const struct image_table *t, const struct cell *key, int keys, bool *found)
{
	size_t low = 0, high = t->count;

	*found = false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = 0;

		for (int k = 0; k < keys && c == 0; k++)
			c = compare_cells(&t->rows[mid].cells[k], &key[k]);
		if (c == 0) {
			*found = true;
			return mid;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Copies the cells with their bytes in one block. */
static struct image_row row_copy(const struct cell *cells, int count)
{
	struct image_row row;
	size_t bytes = 0, at = 0;

	for (int i = 0; i < count; i++)
		bytes += class_of(&cells[i]) >= 2 ? cells[i].s.len : 0;
	row.cells = calloc((size_t)count, sizeof(*row.cells));
	row.bytes = malloc(bytes + 1);
	if (!row.cells || !row.bytes)
		broken("out of memory");
	for (int i = 0; i < count; i++) {
		row.cells[i] = cells[i];
		if (class_of(&cells[i]) < 2)
			continue;
		if (cells[i].s.len)
			memcpy(row.bytes + at, cells[i].s.data, cells[i].s.len);
		row.cells[i].s.data = row.bytes + at;
		at += cells[i].s.len;
	}
	return row;
}

static void put(struct image_table *t, const struct table *schema, const struct delta_operation *op)
{
	int count = op->count;
	bool found;
	size_t at;

	if (count <= 0 || count != schema->columns)
		broken("a row has not as many cells as its table has columns");
	at = row_find(t, op->cells, schema->keys, &found);
	if (found) {
		row_release(&t->rows[at]);
	} else {
		if (t->count == t->cap) {
			t->cap = t->cap ? t->cap * 2 : 16;
			t->rows = realloc(t->rows, t->cap * sizeof(*t->rows));
			if (!t->rows)
				broken("out of memory");
		}
		memmove(&t->rows[at + 1], &t->rows[at], (t->count - at) * sizeof(*t->rows));
		t->count++;
	}
	t->rows[at] = row_copy(op->cells, count);
}

static void delete_range(struct image_table *t, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		row_release(&t->rows[i]);
	if (to > from)
		memmove(&t->rows[from], &t->rows[to], (t->count - to) * sizeof(*t->rows));
	t->count -= to - from;
}

static void apply_one(struct image *im, const struct delta_operation *op)
{
	struct image_table *t;
	const struct table *schema;
	size_t at;
	bool found;

	if (op->table < 0 || op->table >= im->table_count)
		broken("a row operation on an unknown table");
	t = &im->data[op->table];
	schema = &im->tables[op->table];
	switch (op->op) {
	case ROW_PUT: put(t, schema, op); break;
	case ROW_DELETE:
		if (op->count != schema->keys)
			broken("a delete without the full primary key");
		at = row_find(t, op->cells, schema->keys, &found);
		if (found)
			delete_range(t, at, at + 1);
		break;
	case ROW_DELETE_BELOW:
		if (op->count != 1)
			broken("a range delete with other than one cell");
		for (at = 0; at < t->count && compare_cells(&t->rows[at].cells[0], &op->cells[0]) < 0;)
			at++;
		delete_range(t, 0, at);
		break;
	}
	im->operations++;
}

void image_apply(struct image *im, const struct delta *delta)
{
	struct delta_operation op;
	size_t at = 0;
	int got;

	if (delta_failed(delta))
		broken("the delta grew beyond its limit");
	while ((got = delta_next(delta, &at, &op)) == 1)
		apply_one(im, &op);
	if (got < 0)
		broken("the delta cannot be read back");
}

void image_checkpoint(struct image *im, struct pipeline *p)
{
	struct delta delta;

	delta_init(&delta, DELTA_LIMIT);
	pipeline_checkpoint(p, &delta);
	image_apply(im, &delta);
	delta_release(&delta);
}

int image_restore(const struct image *im, struct pipeline *p, struct err *err)
{
	for (int t = 0; t < im->table_count; t++) {
		for (size_t i = 0; i < im->data[t].count; i++) {
			if (pipeline_restore(p, t, im->data[t].rows[i].cells, im->tables[t].columns, err) < 0)
				return -1;
		}
	}
	pipeline_restored(p);
	return 0;
}

int image_find(const struct image *im, struct slice name)
{
	for (int t = 0; t < im->table_count; t++) {
		if (slice_is(name, im->tables[t].name))
			return t;
	}
	return -1;
}
