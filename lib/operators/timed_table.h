#ifndef RIVER_OPERATORS_TIMED_TABLE_H
#define RIVER_OPERATORS_TIMED_TABLE_H

/* A compact table of timed items: found by key, expired by time.
 *
 * An item has a key, a detail (both byte strings of at most TIMED_BYTES_MAX),
 * an event time and a sequence number. It is a member of two chains:
 *
 *   index:  key  -> the items of that key, ordered by time
 *   clock:  time -> the items of one slice of time, unordered
 *
 *   key "ann@x" ──────────────────────────────╮
 *                                             ▼
 *              ╭──► t=100 ◄──► t=260 ◄──► t=900 ◄──╮   a ring; the index points
 *              ╰───────────────────────────────────╯   at the newest
 *
 * so that adding at the end, finding the newest, removing one item, and
 * expiring what is oldest take the same time whatever the table holds, also
 * when one key has a million items. An item costs 40 bytes and its strings,
 * rounded up to 8, and 12 to 18 bytes of index a key.
 *
 * Durable image: the table remembers which items were born since the last
 * checkpoint and still live, and which died after having been saved. What
 * expired is not remembered: a range delete covers it.
 *
 * Sequence numbers grow by one with each item over the life of the image. */

#include "base/places.h"
#include "event_time/event_time.h"
#include "operators/slab.h"
#include "operators/time_slices.h"

#define TIMED_BYTES_MAX 1024
#define TIMED_NONE	SLAB_NONE

enum timed_flag {
	TIMED_DONE = 1,	     /* the owner's: this item needs no more work */
	TIMED_SAVED_OPEN = 2 /* the owner's: its saved row says that it is not done */
};

struct timed_item {
	uint32_t hash;	       /* first: what a free cell overwrites (slab_give) */
	uint32_t older, newer; /* ring of the key */
	uint32_t before;       /* chain of the time slice; TIMED_NONE ends it */
	uint64_t seq : 56;     /* 0: free cell */
	uint64_t flags : 8;    /* enum timed_flag */
	int64_t time_ms;
	uint32_t behind; /* chain of the time slice */
	uint16_t key_len, detail_len;
	char bytes[]; /* key, detail */
};

struct timed_gone {
	int64_t time_ms;
	uint64_t seq;
	bool erased; /* the row itself must go, a tombstone is not enough */
};

struct timed_table {
	struct slab slab;
	uint64_t seed;
	size_t count;
	size_t string_bytes; /* of all live items */
	struct places index; /* a word each: the key's hash, its newest item */
	size_t keys;
	struct time_slices clock;
	struct event_time expired_below;  /* nothing older is held or taken */
	uint64_t next_seq, first_unsaved; /* items from first_unsaved on have no row yet */
	uint32_t *born;			  /* born[i] was given sequence first_unsaved + i */
	size_t born_count, born_cap;
	struct timed_gone *gone;
	size_t gone_count, gone_cap;
};

/* `grain`, ms: the length of a slice of time. Where a table is asked for what is
 * older than some moment inside a slice, all of that slice is looked at. */
void timed_table_init(struct timed_table *t, int64_t grain, uint64_t seed);
void timed_table_release(struct timed_table *t);

uint32_t timed_hash(struct slice key, uint64_t seed);

static inline struct timed_item *timed_table_at(const struct timed_table *t, uint32_t ref)
{
	return slab_at(&t->slab, ref);
}
static inline struct slice timed_item_key(const struct timed_item *i)
{
	return slice_make(i->bytes, i->key_len);
}
static inline struct slice timed_item_detail(const struct timed_item *i)
{
	return slice_make(i->bytes + i->key_len, i->detail_len);
}

/* The newest item of the key, or TIMED_NONE. */
uint32_t timed_table_newest(const struct timed_table *t, uint32_t hash, struct slice key);

/* The next older item of the same key, or TIMED_NONE. `newest` is where the walk began. */
uint32_t timed_table_older(const struct timed_table *t, uint32_t ref, uint32_t newest);

/* Copies the strings. TIMED_NONE when the time is below what has expired. */
uint32_t timed_table_add(struct timed_table *t, uint32_t hash, struct slice key, struct slice detail,
			 struct event_time time, unsigned flags);

/* Removes one item; a saved one is remembered as gone. */
void timed_table_remove(struct timed_table *t, uint32_t ref, bool erased);

/* Removes every item with a time below `limit`, and takes none such from now on. */
void timed_table_expire(struct timed_table *t, struct event_time limit);

/* The numbers, ascending, of the time slices that hold items with a time in
 * [from, below): all, or the lowest that are `max` at least. Work is bounded by
 * the smaller of the span and the number of slices. Borrowed until the next call. */
size_t timed_table_slices(struct timed_table *t, struct event_time from, struct event_time below, size_t max,
			  const int64_t **numbers);
/* When a slice ends, exclusive. */
struct event_time timed_table_slice_end(const struct timed_table *t, int64_t number);
/* First item of a slice, or TIMED_NONE; the others follow `behind`. */
static inline uint32_t timed_table_slice_first(const struct timed_table *t, int64_t number)
{
	return time_slices_first(&t->clock, number);
}

/* ---- durable image ---- */

/* The i-th item born since the last checkpoint, or NULL when it is gone
 * already; i < t->born_count. */
struct timed_item *timed_table_born(const struct timed_table *t, size_t i);

/* Every change was written: forgets births and deaths. */
void timed_table_saved(struct timed_table *t);

/* An item from its row; -1 when it is damaged. */
int timed_table_restore(struct timed_table *t, struct slice key, struct slice detail, struct event_time time,
			uint64_t seq, unsigned flags);
/* No sequence number up to `seq` may be given again. */
void timed_table_seen(struct timed_table *t, uint64_t seq);
/* After the last row: nothing older than `expired_below` is taken. */
void timed_table_restored(struct timed_table *t, struct event_time expired_below);

/* Bytes held. */
size_t timed_table_bytes(const struct timed_table *t);

#endif
