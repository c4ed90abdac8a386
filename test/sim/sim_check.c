/* What a read_committed reader sees in the output topics, read without the
 * code that wrote it, against the oracle. */

#include "test/sim/sim_kafka.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SIMILAR 64
#define TEXTS	    (1u << 16)

struct reading {
	const unsigned char *at, *end;
	bool bad;
	char *text; /* room for strings */
	size_t used;
};

static int64_t read_long(struct reading *r)
{
	uint64_t n = 0;
	int shift = 0;

	do {
		if (r->at == r->end || shift > 63) {
			r->bad = true;
			return 0;
		}
		n |= (uint64_t)(*r->at & 0x7f) << shift;
		shift += 7;
	} while (*r->at++ & 0x80);
	return (int64_t)(n >> 1) ^ -(int64_t)(n & 1);
}

static const char *read_text(struct reading *r)
{
	int64_t len = read_long(r);
	char *to = r->text + r->used;

	if (r->bad || len < 0 || len > r->end - r->at || r->used + (size_t)len + 1 > TEXTS) {
		r->bad = true;
		return "";
	}
	memcpy(to, r->at, (size_t)len);
	to[len] = 0;
	r->at += len;
	r->used += (size_t)len + 1;
	return to;
}

static const char *keep_text(struct reading *r, const char *text)
{
	char *to = r->text + r->used;
	size_t len = strlen(text);

	memcpy(to, text, len + 1);
	r->used += len + 1;
	return to;
}

/* A union of null and text. */
static const char *read_maybe(struct reading *r)
{
	return read_long(r) == 1 ? read_text(r) : NULL;
}

static const char *read_date(struct reading *r, const struct world *w)
{
	char number[32];

	if (w->config.date_type == DATE_STRING)
		return read_maybe(r);
	if (read_long(r) != 1)
		return NULL;
	snprintf(number, sizeof(number), "%lld", (long long)read_long(r));
	return keep_text(r, number);
}

static const char *read_price(struct reading *r, const struct world *w)
{
	char number[64];
	double d;

	if (w->config.price_type == PRICE_STRING)
		return read_maybe(r);
	if (read_long(r) != 1)
		return NULL;
	if (w->config.price_type == PRICE_DOUBLE) {
		if (r->end - r->at < 8) {
			r->bad = true;
			return NULL;
		}
		memcpy(&d, r->at, 8);
		r->at += 8;
		snprintf(number, sizeof(number), "%.2f", d);
	} else {
		snprintf(number, sizeof(number), "%lld", (long long)read_long(r));
	}
	return keep_text(r, number);
}

static size_t read_similar(struct reading *r, const char *out[MAX_SIMILAR])
{
	size_t count = 0;
	int64_t block;

	if (read_long(r) != 1)
		return 0;
	while ((block = read_long(r)) != 0 && !r->bad) {
		if (block < 0) {
			block = -block;
			read_long(r);
		}
		while (block-- > 0 && count < MAX_SIMILAR && !r->bad)
			out[count++] = read_maybe(r);
	}
	return count;
}

static void read_target(struct reading *r, struct lines *out)
{
	const char *similar[MAX_SIMILAR];
	struct line_target t = {.similar = similar};

	t.email = read_text(r);
	t.hotel_id = read_text(r);
	t.time = read_long(r);
	t.name = read_text(r);
	t.city = read_text(r);
	t.similar_count = read_similar(r, similar);
	t.reviews = read_maybe(r);
	t.summary = read_maybe(r);
	line_target(out, &t);
}

static void read_booking(struct reading *r, const struct world *w, struct lines *out)
{
	struct line_booking b;

	b.booking_id = read_text(r);
	b.email = read_text(r);
	b.hotel_id = read_text(r);
	b.name = read_maybe(r);
	b.city = read_maybe(r);
	b.country = read_maybe(r);
	b.check_in = read_date(r, w);
	b.check_out = read_date(r, w);
	b.price = read_price(r, w);
	for (char *c = (char *)(uintptr_t)b.email; w->config.case_insensitive && *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
	line_booking(out, &b);
}

/* ---- ids ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void check_ids(struct sim *s, const struct kafka_topic *t, const char **ids, size_t count)
{
	qsort(ids, count, sizeof(*ids), by_text);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(ids[i - 1], ids[i]) == 0)
			sim_broken(s, "%s holds riverd-id %s twice", t->name, ids[i]);
	}
}

/* Every visible record; ids are borrowed from the logs. */
static size_t read_topic(struct sim *s, const struct kafka_topic *t, struct lines *lines, bool targets,
			 bool bookings)
{
	const char **ids = calloc(4096, sizeof(*ids));
	char *text = malloc(TEXTS);
	size_t count = 0;

	if (!ids || !text)
		abort();
	for (int32_t p = 0; p < t->partitions; p++) {
		for (size_t i = 0; i < t->logs[p].count && count < 4096; i++) {
			const struct kafka_record *k = &t->logs[p].items[i];
			const unsigned char *v = (const unsigned char *)k->value.data;
			struct reading r = {.text = text};

			if (!kafka_visible(s->kafka, t, p, k))
				continue;
			ids[count++] = k->id;
			if (!targets && !bookings)
				continue;
			r.at = v + 5;
			r.end = v + k->value.len;
			if (k->value.len < 5 || v[0] != 0)
				r.bad = true;
			else if (targets)
				read_target(&r, lines);
			else
				read_booking(&r, s->world, lines);
			if (r.bad || r.at != r.end)
				sim_broken(s, "%s holds a record that cannot be read", t->name);
		}
	}
	check_ids(s, t, ids, count);
	free(ids);
	free(text);
	return count;
}

static void compare(struct sim *s, const char *what, struct lines *expected, struct lines *came)
{
	size_t e = 0, c = 0;

	lines_sort(expected);
	lines_sort(came);
	for (size_t i = 0; s->tracing && i < came->count; i++)
		printf("  came: %s\n", came->items[i]);
	while (e < expected->count || c < came->count) {
		int order = e == expected->count ? 1
			    : c == came->count	 ? -1
						 : strcmp(expected->items[e], came->items[c]);

		if (order < 0)
			sim_broken(s, "%s lost: %s", what, expected->items[e]);
		else if (order > 0)
			sim_broken(s, "%s too many: %s", what, came->items[c]);
		e += order <= 0;
		c += order >= 0;
	}
}

static void check_output(struct sim *s, enum output_topic topic)
{
	const struct settings *settings = &s->nodes[0].settings;
	const struct kafka_topic *t = kafka_find(s->kafka, settings->outputs[topic].topic);
	struct lines expected = {0}, came = {0};

	if (!settings->outputs[topic].enabled)
		return;
	if (!t) {
		sim_broken(s, "there is no topic %s", settings->outputs[topic].topic);
		return;
	}
	read_topic(s, t, &came, topic == OUTPUT_SUMMARY, topic == OUTPUT_BOOKINGS);
	if (topic == OUTPUT_SUMMARY) {
		oracle_targets(&s->world->tables, &expected);
		compare(s, "target", &expected, &came);
		s->counts->targets += came.count;
	} else if (topic == OUTPUT_BOOKINGS) {
		oracle_bookings(&s->world->tables, &expected);
		compare(s, "booking", &expected, &came);
		s->counts->bookings += came.count;
	}
	lines_release(&expected);
	lines_release(&came);
}

void sim_check(struct sim *s)
{
	const struct kafka_topic *dead = kafka_find(s->kafka, s->nodes[0].settings.dead_letter_topic);
	size_t dead_letters;

	for (int i = 0; i < OUTPUTS; i++)
		check_output(s, (enum output_topic)i);
	if (!dead)
		return;
	dead_letters = read_topic(s, dead, NULL, false, false);
	s->counts->dead_letters += dead_letters;
	if (dead_letters != s->poison)
		sim_broken(s, "%zu dead letters of %u", dead_letters, s->poison);
}
