#include "base/places.h"

#include "base/pages.h"

#define PAUSES	    16
#define PAUSE_STEPS 100

void places_release(struct places *p, size_t size)
{
	pages_free(p->now.at, p->now.cap * size);
	pages_free(p->old.at, p->old.cap * size);
	*p = (struct places){0};
}

static inline uint64_t *place_at(struct places_run r, size_t i, size_t size)
{
	return (uint64_t *)((char *)r.at + i * size);
}

/* Writes, and changes nothing. A first look into fresh memory would map the kernel's page
 * of zeros, which the first write takes away again: two faults, and an interrupt for
 * every core where the process runs. */
static void enter(struct places_run r, size_t i, size_t size)
{
	__atomic_fetch_or(place_at(r, i, size), 0, __ATOMIC_RELAXED);
}

/* Tables that are filled side by side grow side by side, and would enter a fresh huge page
 * with the same insert, over and over. So each pauses first, for as many steps as where it
 * lies says. */
static size_t pause_of(const struct places *p, size_t bytes)
{
	return bytes < PAGES_LARGE ? 0 : (uintptr_t)p / sizeof(void *) % PAUSES * PAUSE_STEPS;
}

int places_grow(struct places *p, size_t cap, size_t size)
{
	void *fresh = cap > UINT32_MAX || cap > SIZE_MAX / size ? NULL : pages_zeroed(cap * size);

	if (fresh == NULL)
		return -1;
	while (p->old.at != NULL)
		places_move(p, size);
	p->old = p->now;
	p->now = (struct places_run){fresh, cap};
	p->moved = 0;
	p->pause = pause_of(p, cap * size);
	return 0;
}

static inline void move_place(struct places_run to, const uint64_t *place, size_t size)
{
	size_t i = places_home(to, places_hash(place));

	while (*place_at(to, i, size) != 0)
		i = places_next(to, i);
	memcpy(place_at(to, i, size), place, size);
}

/* What has wrapped around the end of the run stands before its home. */
static inline bool has_wrapped(struct places_run r, size_t i, const uint64_t *place)
{
	return places_home(r, places_hash(place)) > i;
}

/* Returns how far: to `end` at least, and on to a free place, so that nothing stands
 * behind it that belongs before it. */
static inline size_t move_until(const struct places *p, size_t end, size_t size)
{
	struct places_run from = p->old, to = p->now;
	bool taken = true;
	size_t i = p->moved;

	for (; i < from.cap && (i < end || taken); i++) {
		const uint64_t *place = place_at(from, i, size);

		taken = *place != 0;
		if (taken && !has_wrapped(from, i, place))
			move_place(to, place, size);
	}
	return i;
}

static void move_wrapped(const struct places *p, size_t size)
{
	const uint64_t *place;

	for (size_t i = 0; *(place = place_at(p->old, i, size)) != 0; i++)
		if (has_wrapped(p->old, i, place))
			move_place(p->now, place, size);
}

/* Whether all that has wrapped around the end of the run stands in its first page: it does
 * when that has a free place, and most likely one of its last. */
static bool first_page_is_enough(struct places_run r, size_t size)
{
	size_t i = PAGES_HUGE / size;

	while (i > 0 && *place_at(r, i - 1, size) != 0)
		i--;
	return i > 0;
}

/* Memory of the old run that nobody looks at any more. */
static void give_back(const struct places *p, size_t begin, size_t end, size_t size)
{
	size_t from = begin * size / PAGES_HUGE, to = end * size / PAGES_HUGE;

	if (p->old.cap * size < PAGES_LARGE || from == to || to == 1)
		return;
	from = from > 0 ? from : 1;
	if (first_page_is_enough(p->old, size))
		pages_drop((char *)p->old.at + from * PAGES_HUGE, (to - from) * PAGES_HUGE);
}

void places_move(struct places *p, size_t size)
{
	size_t begin = p->moved, end = begin + PLACES_STEP;
	size_t last = (size_t)((uint64_t)end * p->now.cap / p->old.cap);

	if (p->pause > 0) {
		p->pause--;
		return;
	}
	if (begin == 0)
		enter(p->now, 0, size);
	enter(p->now, last < p->now.cap ? last : p->now.cap - 1, size);
	if (size == sizeof(uint64_t)) /* the smallest, and then each instruction counts */
		p->moved = move_until(p, end, sizeof(uint64_t));
	else
		p->moved = move_until(p, end, size);
	give_back(p, begin, p->moved, size);
	if (p->moved < p->old.cap)
		return;
	move_wrapped(p, size);
	pages_free(p->old.at, p->old.cap * size);
	p->old = (struct places_run){0};
}

/* Of the old run. Before `moved` stands what has moved, and in front of it, without a gap,
 * what has wrapped around. */
static void *each_old(const struct places *p, size_t *at, size_t size)
{
	while (*at < p->old.cap) {
		uint64_t *place = place_at(p->old, *at, size);

		if (*place == 0 && *at < p->moved)
			*at = p->moved;
		else
			++*at;
		if (*place != 0 && places_home(p->old, places_hash(place)) >= p->moved)
			return place;
	}
	return NULL;
}

/* Memory that was not entered yet is not looked at: there is nothing behind the first gap
 * after what has moved. */
void *places_each(const struct places *p, size_t *at, size_t size)
{
	bool moving = p->old.at != NULL;
	size_t entered = moving ? (size_t)((uint64_t)p->moved * p->now.cap / p->old.cap) + 1 : p->now.cap;
	void *old = each_old(p, at, size);

	if (old != NULL || (moving && p->moved == 0))
		return old;
	while (*at - p->old.cap < p->now.cap) {
		size_t i = (*at)++ - p->old.cap;
		uint64_t *place = place_at(p->now, i, size);

		if (*place != 0)
			return place;
		if (i >= entered)
			*at = p->old.cap + p->now.cap;
	}
	return NULL;
}

size_t places_bytes(const struct places *p, size_t size)
{
	size_t moved = p->moved * size / PAGES_HUGE * PAGES_HUGE, old = p->old.cap * size;

	if (old >= PAGES_LARGE && moved > PAGES_HUGE)
		old -= moved - PAGES_HUGE;
	return p->now.cap * size + old;
}
