#include "operators/time_slices.h"

#include "base/alloc.h"

_Static_assert(TIME_SLICES_GROUP == 8 * sizeof(((struct time_group *)0)->taken), "one bit a slice");

void time_slices_init(struct time_slices *s, int64_t grain)
{
	*s = (struct time_slices){.grain = grain};
}

void time_slices_release(struct time_slices *s)
{
	free(s->groups);
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

static struct time_group *probe(const struct time_slices *s, int64_t group)
{
	size_t mask = s->cap - 1;
	size_t i = (size_t)(((uint64_t)group * 0x9e3779b97f4a7c15u) >> 32) & mask;

	while (s->groups[i].used && s->groups[i].number != group)
		i = (i + 1) & mask;
	return &s->groups[i];
}

uint32_t time_slices_first(const struct time_slices *s, int64_t number)
{
	return s->cap == 0 ? 0 : probe(s, divide(number, TIME_SLICES_GROUP))->first[place_in(number)];
}

static void rebuild(struct time_slices *s, size_t cap)
{
	struct time_group *old = s->groups;
	size_t old_cap = s->cap;

	s->groups = alloc_zeroed_or_abort(cap, sizeof(*s->groups));
	s->cap = cap;
	s->count = 0;
	for (size_t i = 0; i < old_cap; i++) {
		if (old[i].taken == 0) /* free, or ran empty: dropped here */
			continue;
		*probe(s, old[i].number) = old[i];
		s->count++;
	}
	free(old);
}

/* Full of groups that ran empty: same size again; full of live ones: double. */
static void make_room(struct time_slices *s)
{
	size_t live = 0;

	for (size_t i = 0; i < s->cap; i++)
		live += s->groups[i].taken != 0;
	rebuild(s, live * 4 > s->cap ? s->cap * 2 : s->cap);
}

uint32_t time_slices_put(struct time_slices *s, int64_t number, uint32_t first)
{
	int64_t number_of_group = divide(number, TIME_SLICES_GROUP);
	unsigned place = place_in(number), bit = 1u << place;
	struct time_group *g;
	uint32_t former;

	if (s->cap == 0)
		rebuild(s, 16);
	g = probe(s, number_of_group);
	if (!g->used) {
		if ((s->count + 1) * 2 > s->cap) {
			make_room(s);
			g = probe(s, number_of_group);
		}
		g->number = number_of_group;
		g->used = 1;
		s->count++;
	}
	former = g->first[place];
	g->first[place] = first;
	g->taken = (uint16_t)(first != 0 ? g->taken | bit : g->taken & ~bit);
	return former;
}

/* ---- a span ---- */

static size_t add_group(struct time_slices *s, const struct time_group *g, int64_t first, int64_t last,
			size_t n)
{
	s->numbers = alloc_grown(s->numbers, &s->numbers_cap, n + TIME_SLICES_GROUP, sizeof(*s->numbers));
	for (unsigned taken = g->taken; taken != 0; taken &= taken - 1) {
		int64_t number = g->number * TIME_SLICES_GROUP + __builtin_ctz(taken);

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

size_t time_slices_between(struct time_slices *s, int64_t first, int64_t last, const int64_t **numbers)
{
	int64_t from = divide(first, TIME_SLICES_GROUP), to = divide(last, TIME_SLICES_GROUP);
	size_t n = 0;

	if (s->count > 0 && first <= last && (uint64_t)(to - from) < s->cap) {
		for (int64_t k = from; k <= to; k++) {
			const struct time_group *g = probe(s, k);

			if (g->taken != 0)
				n = add_group(s, g, first, last, n);
		}
	} else if (s->count > 0 && first <= last) {
		for (size_t i = 0; i < s->cap; i++)
			if (s->groups[i].taken != 0 && s->groups[i].number >= from &&
			    s->groups[i].number <= to)
				n = add_group(s, &s->groups[i], first, last, n);
		if (n > 1)
			qsort(s->numbers, n, sizeof(*s->numbers), compare_numbers);
	}
	*numbers = s->numbers;
	return n;
}

size_t time_slices_bytes(const struct time_slices *s)
{
	return s->cap * sizeof(*s->groups) + s->numbers_cap * sizeof(*s->numbers);
}
