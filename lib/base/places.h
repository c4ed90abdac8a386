#ifndef RIVER_BASE_PLACES_H
#define RIVER_BASE_PLACES_H

/* The places of a hash table, which grow step by step.
 *
 * Open addressing, linear probing, no tombstones. A place is some words long. The first
 * is 0 while the place is free; else its upper half is the hash, and its lower half, never
 * 0, the owner's. How keys compare is the owner's as well, so it walks the run itself.
 *
 * To grow is to take a larger run and then to move, with each step, what belongs to the
 * next few places of the old one, lowest hash first:
 *
 *     old   - - - - - - . d e . f . g h .      what belongs below `moved` has moved
 *     now   . a . . b . c . . . . . . . . . . . . . . . .
 *
 * A home is proportional to the hash, so both runs are in the same order. Therefore a
 * hash says which run it is in, one look-up asks one run; fresh memory is entered from
 * front to back, a page at a time; and the memory of the old run goes back behind the
 * steps, so that both together are never much larger than the new one. No insert waits
 * for more than PLACES_STEP places, a few more up to a free one, and one fresh page.
 *
 * `size` is the bytes of a place, the same in all calls, best a constant. All of a
 * struct places is 0 in the beginning. Not thread safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PLACES_STEP 16

struct places_run {
	void *at; /* NULL: none */
	size_t cap;
};

struct places {
	struct places_run now, old; /* no old one: nothing is on the move */
	size_t moved;		    /* what belongs to places of `old` below this is in `now` */
	size_t pause;		    /* steps before the first that moves anything */
};

void places_release(struct places *p, size_t size);

/* A larger run; what is there moves with the steps to come. What still moves from an
 * earlier growth moves at once. 0, or -1 without memory and nothing has changed. */
int places_grow(struct places *p, size_t cap, size_t size);

void places_move(struct places *p, size_t size);

/* To be called with each insert. The place to insert at must be looked for after it. */
static inline void places_step(struct places *p, size_t size)
{
	if (p->old.at != NULL)
		places_move(p, size);
}

/* Each place that is taken, NULL at the end: start with *at = 0. Nothing may change. */
void *places_each(const struct places *p, size_t *at, size_t size);

/* Bytes held. */
size_t places_bytes(const struct places *p, size_t size);

/* ---- looking ---- */

static inline uint32_t places_hash(const void *place)
{
	return (uint32_t)(*(const uint64_t *)place >> 32);
}

/* Where a hash belongs. Any number of places will do, not only powers of two. */
static inline size_t places_home(struct places_run r, uint32_t hash)
{
	return (size_t)((uint64_t)hash * r.cap >> 32);
}

static inline size_t places_next(struct places_run r, size_t i)
{
	return i + 1 == r.cap ? 0 : i + 1;
}

/* The one run where this hash is, or would be put. */
static inline struct places_run places_run(const struct places *p, uint32_t hash)
{
	if (__builtin_expect(p->old.at != NULL, 0) && places_home(p->old, hash) >= p->moved)
		return p->old;
	return p->now;
}

/* The hash's home, to be asked for early; there is a run. */
static inline void *places_home_at(const struct places *p, uint32_t hash, size_t size)
{
	struct places_run r = places_run(p, hash);

	return (char *)r.at + places_home(r, hash) * size;
}

/* ---- removing ---- */

/* Frees place i. Backward shift: a table that lives for months stays fast. */
static inline void places_close_gap(struct places_run r, size_t i, size_t size)
{
	char *at = r.at, *hole = at + i * size;

	for (size_t gap = i;;) {
		char *place;
		size_t home;

		i = places_next(r, i);
		place = at + i * size;
		if (*(uint64_t *)place == 0)
			break;
		home = places_home(r, places_hash(place));
		if (gap <= i ? (gap < home && home <= i) : (gap < home || home <= i))
			continue;
		memcpy(hole, place, size);
		hole = place;
		gap = i;
	}
	memset(hole, 0, size);
}

/* Frees a place that is taken. Others may come to stand there, or move. */
static inline void places_remove(struct places *p, void *place, size_t size)
{
	struct places_run r = places_run(p, places_hash(place));

	places_close_gap(r, (size_t)((char *)place - (char *)r.at) / size, size);
}

#endif
