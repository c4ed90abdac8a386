/* Plans against avro-c: random schemas, random records, mutated bytes.
 *
 * avro-c's decoder must not see lengths beyond the record (it would allocate,
 * leak or crash), so a plain recursive walk over avro-c's own schema tree
 * looks at the bytes first. That walk is a second oracle: what it refuses, a
 * plan must refuse. What it accepts, avro-c reads, and then a plan must say
 * the same as avro-c, value by value. */

#include "base/random.h"
#include "base/utf8.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/wire_fixture.h"

#include <avro.h>
#include <stdio.h>
#include <stdlib.h>

#define SCHEMAS	   2500
#define RECORDS	   4
#define MUTANTS	   10
#define MAX_RECORD 65536
#define TOP_FIELDS 8

/* ---- random schemas ---- */

struct maker {
	struct random random;
	struct buf text;
	unsigned names; /* types named so far: N0, N1 ... */
};

static uint64_t below(struct maker *m, uint64_t n)
{
	return random_below(&m->random, n);
}

static void make_type(struct maker *m, unsigned depth);

static const char *const scalars[] = {
	"\"boolean\"",
	"\"int\"",
	"\"long\"",
	"\"float\"",
	"\"double\"",
	"\"bytes\"",
	"\"string\"",
	"{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}",
	"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":10,\"scale\":2}",
};
#define SCALARS (sizeof(scalars) / sizeof(scalars[0]))

static void make_named_scalar(struct maker *m)
{
	unsigned n = m->names++;

	if (below(m, 2))
		buf_printf(&m->text, "{\"type\":\"fixed\",\"name\":\"N%u\",\"size\":%u}", n,
			   1 + (unsigned)below(m, 20));
	else
		buf_printf(&m->text, "{\"type\":\"enum\",\"name\":\"N%u\",\"symbols\":[\"A\",\"B\",\"C\"]}",
			   n);
}

static void make_scalar(struct maker *m)
{
	if (below(m, 8) == 0)
		make_named_scalar(m);
	else
		buf_str(&m->text, scalars[below(m, SCALARS)]);
}

/* Branches of different kinds, null at any place or missing. */
static void make_union(struct maker *m, unsigned depth, bool scalar_only)
{
	static const char *const kinds[] = {"\"null\"",	   "\"string\"", "\"long\"",  "\"double\"",
					    "\"boolean\"", "\"int\"",	 "\"bytes\"", "\"float\""};
	unsigned used = 0, count = 1 + (unsigned)below(m, 4), put = 0;

	buf_byte(&m->text, '[');
	for (unsigned i = 0; i < count; i++) {
		unsigned kind = (unsigned)below(m, 8);

		if (used & 1u << kind)
			continue;
		used |= 1u << kind;
		buf_printf(&m->text, "%s%s", put++ ? "," : "", kinds[kind]);
	}
	if (below(m, 3) == 0) {
		buf_byte(&m->text, ',');
		make_named_scalar(m);
	}
	if (!scalar_only && depth < 4 && below(m, 2)) {
		buf_str(&m->text, ",{\"type\":\"map\",\"values\":");
		make_type(m, depth + 1);
		buf_byte(&m->text, '}');
	}
	buf_byte(&m->text, ']');
}

static void make_record(struct maker *m, unsigned depth, unsigned fields)
{
	buf_printf(&m->text, "{\"type\":\"record\",\"name\":\"N%u\",\"fields\":[", m->names++);
	for (unsigned i = 0; i < fields; i++) {
		buf_printf(&m->text, "%s{\"name\":\"f%u\",\"type\":", i ? "," : "", i);
		make_type(m, depth + 1);
		buf_byte(&m->text, '}');
	}
	buf_str(&m->text, "]}");
}

static void make_type(struct maker *m, unsigned depth)
{
	switch (below(m, depth < 4 ? 10 : 5)) {
	case 5: make_record(m, depth, 1 + (unsigned)below(m, 4)); return;
	case 6:
		buf_str(&m->text, "{\"type\":\"array\",\"items\":");
		make_type(m, depth + 1);
		buf_byte(&m->text, '}');
		return;
	case 7:
		buf_str(&m->text, "{\"type\":\"map\",\"values\":");
		make_type(m, depth + 1);
		buf_byte(&m->text, '}');
		return;
	case 8:
	case 9:
	case 4: make_union(m, depth, false); return;
	default: make_scalar(m);
	}
}

/* Even fields hold single values and are wanted (as "F0", in the other case);
 * odd ones hold anything. */
static void make_schema(struct maker *m)
{
	buf_clear(&m->text);
	m->names = 0;
	buf_str(&m->text, "{\"type\":\"record\",\"name\":\"Top\",\"fields\":[");
	for (unsigned i = 0; i < TOP_FIELDS; i++) {
		buf_printf(&m->text, "%s{\"name\":\"f%u\",\"type\":", i ? "," : "", i);
		if (i % 2)
			make_type(m, 1);
		else if (below(m, 2))
			make_union(m, 1, true);
		else
			make_scalar(m);
		buf_byte(&m->text, '}');
	}
	buf_str(&m->text, "]}");
}

static const char *const wanted_names[] = {"F0", "F2", "F4", "F6", "MISSING"};
static const struct layout wanted[] = {{wanted_names, 4}, {wanted_names, 5}};

/* ---- random values, by avro-c ---- */

static void fill(struct maker *m, avro_value_t *v);

static void fill_text(struct maker *m, avro_value_t *v)
{
	char text[64];
	size_t n = below(m, 40);

	for (size_t i = 0; i < n; i++)
		text[i] = (char)(' ' + below(m, 90));
	text[n] = '\0';
	if (n > 2 && below(m, 4) == 0)
		memcpy(text, "\xc3\xa9", 2);
	if (avro_value_get_type(v) == AVRO_STRING)
		avro_value_set_string_len(v, text, n + 1);
	else
		avro_value_set_bytes(v, text, n);
}

static int64_t any_long(struct maker *m)
{
	uint64_t shift = below(m, 64);

	return (int64_t)random_u64(&m->random) >> shift;
}

static void fill_container(struct maker *m, avro_value_t *v)
{
	size_t n = below(m, 4);
	avro_value_t child;
	char key[32];

	for (size_t i = 0; i < n; i++) {
		if (avro_value_get_type(v) == AVRO_ARRAY) {
			assert_int_equal(avro_value_append(v, &child, NULL), 0);
		} else {
			snprintf(key, sizeof(key), "k%zu", i);
			assert_int_equal(avro_value_add(v, key, &child, NULL, NULL), 0);
		}
		fill(m, &child);
	}
}

static void fill(struct maker *m, avro_value_t *v)
{
	uint8_t fixed[32] = {1, 2, 3};
	avro_schema_t schema = avro_value_get_schema(v);
	avro_value_t child;
	size_t n = 0;

	switch (avro_value_get_type(v)) {
	case AVRO_NULL: avro_value_set_null(v); break;
	case AVRO_BOOLEAN: avro_value_set_boolean(v, (int)below(m, 2)); break;
	case AVRO_INT32: avro_value_set_int(v, (int32_t)any_long(m)); break;
	case AVRO_INT64: avro_value_set_long(v, any_long(m)); break;
	case AVRO_FLOAT: avro_value_set_float(v, (float)any_long(m)); break;
	case AVRO_DOUBLE: avro_value_set_double(v, (double)any_long(m) / 3); break;
	case AVRO_STRING:
	case AVRO_BYTES: fill_text(m, v); break;
	case AVRO_FIXED: avro_value_set_fixed(v, fixed, (size_t)avro_schema_fixed_size(schema)); break;
	case AVRO_ENUM: avro_value_set_enum(v, (int)below(m, 3)); break;
	case AVRO_RECORD:
		avro_value_get_size(v, &n);
		for (size_t i = 0; i < n; i++) {
			avro_value_get_by_index(v, i, &child, NULL);
			fill(m, &child);
		}
		break;
	case AVRO_UNION:
		avro_value_set_branch(v, (int)below(m, avro_schema_union_size(schema)), &child);
		fill(m, &child);
		break;
	default: fill_container(m, v);
	}
}

/* ---- the walk ---- */

struct walk {
	const uint8_t *p, *end;
	bool ok;
};

static int64_t walk_long(struct walk *w)
{
	uint64_t raw = 0;

	for (int i = 0; i < 10 && w->p < w->end; i++) {
		uint8_t byte = *w->p++;

		raw |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80))
			return (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
	}
	w->ok = false;
	return 0;
}

static void walk_bytes(struct walk *w, int64_t n)
{
	if (n < 0 || n > w->end - w->p)
		w->ok = false;
	else
		w->p += n;
}

static void walk(struct walk *w, avro_schema_t s);

static void walk_blocks(struct walk *w, avro_schema_t items, bool keyed)
{
	while (w->ok) {
		int64_t count = walk_long(w);

		if (count == 0 || !w->ok)
			return;
		if (count < 0) {
			walk_long(w);
			if (count == INT64_MIN)
				w->ok = false;
			else
				count = -count;
		}
		if (count > w->end - w->p)
			w->ok = false;
		for (int64_t i = 0; i < count && w->ok; i++) {
			if (keyed)
				walk_bytes(w, walk_long(w));
			if (w->ok)
				walk(w, items);
		}
	}
}

static void walk(struct walk *w, avro_schema_t s)
{
	int64_t n;

	switch (avro_typeof(s)) {
	case AVRO_NULL: break;
	case AVRO_BOOLEAN: walk_bytes(w, 1); break;
	case AVRO_INT32:
		n = walk_long(w);
		if (n != (int32_t)n)
			w->ok = false;
		break;
	case AVRO_INT64: walk_long(w); break;
	case AVRO_FLOAT: walk_bytes(w, 4); break;
	case AVRO_DOUBLE: walk_bytes(w, 8); break;
	case AVRO_STRING:
	case AVRO_BYTES:
		n = walk_long(w);
		if (w->ok)
			walk_bytes(w, n);
		break;
	case AVRO_FIXED: walk_bytes(w, avro_schema_fixed_size(s)); break;
	case AVRO_ENUM:
		n = walk_long(w);
		if (n < 0 || n >= avro_schema_enum_number_of_symbols(s))
			w->ok = false;
		break;
	case AVRO_RECORD:
		for (size_t i = 0; i < avro_schema_record_size(s) && w->ok; i++)
			walk(w, avro_schema_record_field_get_by_index(s, (int)i));
		break;
	case AVRO_UNION:
		n = walk_long(w);
		if (n < 0 || n >= (int64_t)avro_schema_union_size(s))
			w->ok = false;
		if (w->ok)
			walk(w, avro_schema_union_branch(s, (int)n));
		break;
	case AVRO_ARRAY: walk_blocks(w, avro_schema_array_items(s), false); break;
	case AVRO_MAP: walk_blocks(w, avro_schema_map_values(s), true); break;
	default: fail_msg("type %d", avro_typeof(s));
	}
}

/* ---- comparison ---- */

static void compare_blob(const struct value *got, uint8_t kind, const void *data, size_t len)
{
	assert_int_equal(got->kind, kind);
	assert_int_equal(got->s.len, len);
	if (len > 0)
		assert_memory_equal(got->s.data, data, len);
}

static void compare_number(const struct value *got, avro_value_t *v)
{
	int32_t i32 = 0;
	int64_t i64 = 0;
	float f = 0;
	double d = 0;

	switch (avro_value_get_type(v)) {
	case AVRO_INT32:
		avro_value_get_int(v, &i32);
		assert_int_equal(got->kind, VALUE_LONG);
		assert_true(got->i == i32);
		break;
	case AVRO_INT64:
		avro_value_get_long(v, &i64);
		assert_int_equal(got->kind, VALUE_LONG);
		assert_true(got->i == i64);
		break;
	case AVRO_FLOAT:
		avro_value_get_float(v, &f);
		d = (double)f;
		assert_int_equal(got->kind, VALUE_DOUBLE);
		assert_true(memcmp(&got->d, &d, sizeof(d)) == 0 || (d != d && got->d != got->d));
		break;
	default:
		avro_value_get_double(v, &d);
		assert_int_equal(got->kind, VALUE_DOUBLE);
		assert_memory_equal(&got->d, &d, sizeof(d));
	}
}

static void compare(const struct value *got, avro_value_t *v)
{
	const char *text;
	const void *data;
	avro_value_t branch;
	size_t len = 0;
	int n = 0;

	switch (avro_value_get_type(v)) {
	case AVRO_UNION:
		avro_value_get_current_branch(v, &branch);
		compare(got, &branch);
		break;
	case AVRO_NULL:
		assert_int_equal(got->kind, VALUE_NULL);
		assert_int_equal(got->scale, 0);
		break;
	case AVRO_BOOLEAN:
		avro_value_get_boolean(v, &n);
		assert_int_equal(got->kind, VALUE_BOOL);
		assert_int_equal(got->i, n != 0);
		break;
	case AVRO_STRING:
		avro_value_get_string(v, &text, &len);
		compare_blob(got, VALUE_STRING, text, len - 1);
		break;
	case AVRO_BYTES:
		avro_value_get_bytes(v, &data, &len);
		compare_blob(got, VALUE_BYTES, data, len);
		break;
	case AVRO_FIXED:
		avro_value_get_fixed(v, &data, &len);
		compare_blob(got, VALUE_BYTES, data, len);
		break;
	case AVRO_ENUM:
		avro_value_get_enum(v, &n);
		compare_blob(got, VALUE_STRING, avro_schema_enum_get(avro_value_get_schema(v), n), 1);
		break;
	default: compare_number(got, v);
	}
}

struct pair {
	const struct layout *layout;
	avro_schema_t theirs;
	avro_value_iface_t *class;
	avro_value_t value; /* reused */
	avro_reader_t reader;
	struct avro_plan *plan;
	size_t accepted, refused;
};

/* Refusals that are ours alone, by intent: text that is no text. */
static bool ours_alone(const struct err *err)
{
	return strstr(err->text, "UTF-8") != NULL || strstr(err->text, "boolean") != NULL;
}

static void check(struct pair *p, const uint8_t *bytes, size_t len)
{
	/* An exact copy, so that a read beyond the end is seen. */
	uint8_t *copy = malloc(len ? len : 1);
	struct walk w = {copy, copy + len, true};
	struct value slots[PLAN_SLOTS];
	struct err err = {0};
	int rc;

	memset(slots, 0xa5, sizeof(slots));
	memcpy(copy, bytes, len);
	walk(&w, p->theirs);
	rc = avro_plan_run(p->plan, slice_make(copy, len), slots, &err);
	if (!w.ok || w.p != w.end) {
		assert_int_equal(rc, -1);
		assert_int_equal(err.class, ERR_POISON);
		p->refused++;
		free(copy);
		return;
	}
	if (rc != 0 && ours_alone(&err)) {
		p->refused++;
		free(copy);
		return;
	}
	if (rc != 0)
		fail_msg("%s", err.text);
	avro_reader_memory_set_source(p->reader, (const char *)copy, (int64_t)len);
	avro_value_reset(&p->value);
	assert_int_equal(avro_value_read(p->reader, &p->value), 0);
	for (size_t k = 0; k < 4; k++) {
		char name[32];
		avro_value_t field;

		snprintf(name, sizeof(name), "f%zu", 2 * k);
		assert_int_equal(avro_value_get_by_name(&p->value, name, &field, NULL), 0);
		compare(&slots[k], &field);
	}
	if (p->layout->count > 4)
		assert_int_equal(slots[4].kind, VALUE_ABSENT);
	p->accepted++;
	free(copy);
}

static void check_mutants(struct maker *m, struct pair *p, const uint8_t *bytes, size_t len)
{
	static uint8_t mutant[MAX_RECORD + 16];

	for (int i = 0; i < MUTANTS && len > 0; i++) {
		size_t at = below(m, len), n = len;

		memcpy(mutant, bytes, len);
		switch (below(m, 5)) {
		case 0: n = at; break;
		case 1: mutant[at] ^= (uint8_t)(1u << below(m, 8)); break;
		case 2: mutant[at] = (uint8_t)random_u64(&m->random); break;
		case 3: mutant[n++] = (uint8_t)random_u64(&m->random); break;
		default:
			memmove(mutant + at + 1, mutant + at, len - at);
			mutant[at] = (uint8_t)below(m, 8);
			n = len + 1;
		}
		check(p, mutant, n);
	}
}

static bool pair_open(struct pair *p, const char *text, const struct layout *layout)
{
	struct err err = {0};
	struct avro_schema *schema = avro_schema_parse(slice_str(text), &err);

	*p = (struct pair){.layout = layout};
	if (schema == NULL) { /* items of no size are the one thing we refuse here */
		if (strstr(err.text, "no size") == NULL)
			fail_msg("%s: %s", err.text, text);
		return false;
	}
	p->plan = avro_plan_compile(schema, layout, false, &err);
	if (p->plan == NULL)
		fail_msg("%s: %s", err.text, text);
	if (avro_schema_from_json_length(text, strlen(text), &p->theirs) != 0)
		fail_msg("avro-c: %s", avro_strerror());
	p->class = avro_generic_class_from_schema(p->theirs);
	avro_generic_value_new(p->class, &p->value);
	p->reader = avro_reader_memory("", 0);
	return true;
}

static void pair_close(struct pair *p)
{
	avro_reader_free(p->reader);
	avro_value_decref(&p->value);
	avro_value_iface_decref(p->class);
	avro_schema_decref(p->theirs);
	avro_plan_free(p->plan);
}

static void plans_and_avro_c_read_the_same_values(void **state)
{
	static uint8_t bytes[MAX_RECORD];
	struct maker m = {0};
	size_t accepted = 0, refused = 0;
	struct pair p;

	(void)state;
	random_init(&m.random, 20251121);
	buf_init(&m.text, 1024 * 1024);
	for (int s = 0; s < SCHEMAS; s++) {
		make_schema(&m);
		if (!pair_open(&p, buf_cstr(&m.text), &wanted[s % 2]))
			continue;
		for (int r = 0; r < RECORDS; r++) {
			avro_writer_t writer = avro_writer_memory((char *)bytes, sizeof(bytes));
			size_t len;

			avro_value_reset(&p.value);
			fill(&m, &p.value);
			assert_int_equal(avro_value_write(writer, &p.value), 0);
			len = (size_t)avro_writer_tell(writer);
			avro_writer_free(writer);
			check(&p, bytes, len);
			check_mutants(&m, &p, bytes, len);
		}
		accepted += p.accepted;
		refused += p.refused;
		pair_close(&p);
	}
	buf_release(&m.text);
	print_message("%zu accepted by both, %zu refused\n", accepted, refused);
	/* Both sides were well exercised. */
	assert_true(accepted + refused >= 20000);
	assert_true(accepted >= SCHEMAS * RECORDS / 2);
	assert_true(refused >= 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_and_avro_c_read_the_same_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
