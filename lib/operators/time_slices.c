#include "operators/time_slices.h"

#include "base/alloc.h"

#define FIRST_CAP 16
#define TAKEN	  ((1u << TIME_SLICES_GROUP) - 1) /* of a tag: the slices that are not empty */
#define USED	  (1u << TIME_SLICES_GROUP)	  /* of a tag: a place must not look free */

void time_slices_init(struct time_slices *s, int64_t grain)
{
	*s = (struct time_slices){.grain = grain};
}

void time_slices_release(struct time_slices *s)
{
	places_release(&s->groups, sizeof(struct time_group));
	free(s->numbers);
	*s = (struct time_slices){.grain = s->grain};
}

/* Rounds down, also below zero. */
static int64_t divide(int64_t a, int64_t by)
{
	return a >= 0 ? a / by : -((-a + by - 1) / by);
}

int64_t time_slices_number(const struct time_slices *s, int64_t ms)
{
	return divide(ms, s->grain);
}

static unsigned place_in(int64_t number)
{
	return (unsigned)((uint64_t)number % TIME_SLICES_GROUP); /* two's complement: also below zero */
}

static uint32_t hash_of(int64_t group)
{
	return (uint32_t)(((uint64_t)group * 0x9e3779b97f4a7c15u) >> 32);
}

/* The group's place, or the free one where it would go. */
static inline struct time_group *probe(const struct time_slices *s, int64_t group)
{
	uint32_t hash = hash_of(group);
	struct places_run r = places_run(&s->groups, hash);
	struct time_group *groups = r.at;
	size_t i = places_home(r, hash);

	while (groups[i].tag != 0 && groups[i].number != group)
		i = places_next(r, i);
	return &groups[i];
}

uint32_t time_slices_first(const struct time_slices *s, int64_t number)
{
	return s->count == 0 ? 0 : probe(s, divide(number, TIME_SLICES_GROUP))->first[place_in(number)];
}

static struct time_group *add(struct time_slices *s, int64_t number)
{
	size_t cap = s->groups.now.cap;
	struct time_group *g;

	if ((s->count + 1) * 2 > cap &&
	    places_grow(&s->groups, cap > 0 ? cap * 2 : FIRST_CAP, sizeof(*g)) != 0)
		abort();
	places_step(&s->groups, sizeof(*g));
	g = probe(s, number);
	g->tag = (uint64_t)hash_of(number) << 32 | USED;
	g->number = number;
	s->count++;
	return g;
}

uint32_t time_slices_put(struct time_slices *s, int64_t number, uint32_t first)
{
	int64_t group = divide(number, TIME_SLICES_GROUP);
	unsigned place = place_in(number);
	uint64_t bit = 1u << place;
	struct time_group *g = s->count > 0 ? probe(s, group) : NULL;
	uint32_t former;

	if (g == NULL || g->tag == 0) {
		if (first == 0)
			return 0;
		g = add(s, group);
	}
	former = g->first[place];
	g->first[place] = first;
	g->tag = first != 0 ? g->tag | bit : g->tag & ~bit;
	if ((g->tag & TAKEN) == 0) {
		places_remove(&s->groups, g, sizeof(*g));
		s->count--;
	}
	return former;
}

/* ---- all, and those of a span ---- */

bool time_slices_lowest(const struct time_slices *s, int64_t first, int64_t last, int64_t *number)
{
	int64_t to = divide(last, TIME_SLICES_GROUP);

	for (int64_t k = divide(first, TIME_SLICES_GROUP); s->count > 0 && k <= to; k++) {
		uint64_t taken = probe(s, k)->tag & TAKEN;

		for (; taken != 0; taken &= taken - 1) {
			*number = k * TIME_SLICES_GROUP + __builtin_ctzll(taken);
			if (*number >= first && *number <= last)
				return true;
		}
	}
	return false;
}

const struct time_group *time_slices_each(const struct time_slices *s, size_t *at)
{
	return places_each(&s->groups, at, sizeof(struct time_group));
}

static size_t add_group(struct time_slices *s, const struct time_group *g, int64_t first, int64_t last,
			size_t n)
{
	s->numbers = alloc_grown(s->numbers, &s->numbers_cap, n + TIME_SLICES_GROUP, sizeof(*s->numbers));
	for (uint64_t taken = g->tag & TAKEN; taken != 0; taken &= taken - 1) {
		int64_t number = g->number * TIME_SLICES_GROUP + __builtin_ctzll(taken);

		if (number >= first && number <= last)
			s->numbers[n++] = number;
	}
	return n;
}

static int compare_numbers(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

size_t time_slices_between(struct time_slices *s, int64_t first, int64_t last, size_t max,
			   const int64_t **numbers)
{
	int64_t from = divide(first, TIME_SLICES_GROUP), to = divide(last, TIME_SLICES_GROUP);
	const struct time_group *g;
	size_t n = 0;

	if (s->count > 0 && first <= last && (uint64_t)(to - from) < s->groups.now.cap) {
		for (int64_t k = from; k <= to && n < max; k++) {
			g = probe(s, k);
			n = add_group(s, g, first, last, n);
		}
	} else if (s->count > 0 && first <= last) {
		for (size_t at = 0; (g = time_slices_each(s, &at)) != NULL;)
			if (g->number >= from && g->number <= to)
				n = add_group(s, g, first, last, n);
		if (n > 1)
			qsort(s->numbers, n, sizeof(*s->numbers), compare_numbers);
	}
	*numbers = s->numbers;
	return n;
}

size_t time_slices_bytes(const struct time_slices *s)
{
	return places_bytes(&s->groups, sizeof(struct time_group)) + s->numbers_cap * sizeof(*s->numbers);
}
