#include "operators/timed_table.h"

#include "base/alloc.h"
#include "base/hash.h"

#define INDEX_PLACE sizeof(uint64_t)
#define INDEX_FIRST 64 /* places */

_Static_assert(offsetof(struct timed_item, bytes) == 40, "an item has a head of 40 bytes");
_Static_assert(offsetof(struct timed_item, bytes) + 2 * TIMED_BYTES_MAX <= SLAB_CELL_MAX, "items fit cells");

void timed_table_init(struct timed_table *t, int64_t grain, uint64_t seed)
{
	memset(t, 0, sizeof(*t));
	slab_init(&t->slab);
	time_slices_init(&t->clock, grain);
	t->seed = seed;
	t->expired_below = EVENT_TIME_MIN;
	t->next_seq = t->first_unsaved = 1;
}

void timed_table_release(struct timed_table *t)
{
	slab_release(&t->slab);
	time_slices_release(&t->clock);
	places_release(&t->index, INDEX_PLACE);
	free(t->born);
	free(t->gone);
	memset(t, 0, sizeof(*t));
}

uint32_t timed_hash(struct slice key, uint64_t seed)
{
	uint64_t h = hash_seeded(key, seed);

	return (uint32_t)(h ^ (h >> 32));
}

static size_t item_size(size_t strings)
{
	return offsetof(struct timed_item, bytes) + strings;
}

/* ---- index: key to the newest item of its ring ---- */

static uint64_t index_word(uint32_t hash, uint32_t newest)
{
	return (uint64_t)hash << 32 | newest;
}

static uint32_t index_newest(uint64_t word)
{
	return (uint32_t)word;
}

static struct slice index_key(const struct timed_table *t, uint64_t word)
{
	return timed_item_key(timed_table_at(t, index_newest(word)));
}

/* The place of the key, or the free one where it would go. */
static uint64_t *index_probe(const struct timed_table *t, uint32_t hash, struct slice key)
{
	struct places_run r = places_run(&t->index, hash);
	uint64_t *places = r.at, word;
	size_t i = places_home(r, hash);

	while ((word = places[i]) != 0 && (word >> 32 != hash || !slice_equal(index_key(t, word), key)))
		i = places_next(r, i);
	return &places[i];
}

/* The place that points at this very item, or NULL: it is not its ring's newest. */
static uint64_t *index_place_of(const struct timed_table *t, uint32_t hash, uint32_t ref)
{
	struct places_run r = places_run(&t->index, hash);
	uint64_t *places = r.at, word;
	size_t i = places_home(r, hash);

	while ((word = places[i]) != 0 && word != index_word(hash, ref))
		i = places_next(r, i);
	return word != 0 ? &places[i] : NULL;
}

static void index_make_room(struct timed_table *t)
{
	size_t cap = t->index.now.cap;

	if ((t->keys + 1) * 3 > cap * 2 &&
	    places_grow(&t->index, cap > 0 ? cap + cap / 2 : INDEX_FIRST, INDEX_PLACE) != 0)
		abort();
	places_step(&t->index, INDEX_PLACE);
}

uint32_t timed_table_newest(const struct timed_table *t, uint32_t hash, struct slice key)
{
	return t->keys == 0 ? TIMED_NONE : index_newest(*index_probe(t, hash, key));
}

uint32_t timed_table_older(const struct timed_table *t, uint32_t ref, uint32_t newest)
{
	uint32_t older = timed_table_at(t, ref)->older;

	return older == newest ? TIMED_NONE : older;
}

static void ring_insert(struct timed_table *t, uint32_t ref, struct timed_item *item)
{
	uint32_t newest, at;
	uint64_t *place;

	index_make_room(t);
	place = index_probe(t, item->hash, timed_item_key(item));
	if (*place == 0) {
		*place = index_word(item->hash, ref);
		item->older = item->newer = ref;
		t->keys++;
		return;
	}
	newest = at = index_newest(*place);
	while (timed_table_at(t, at)->time_ms > item->time_ms) {
		at = timed_table_at(t, at)->older;
		if (at == newest) /* older than all: goes where the ring closes */
			break;
	}
	item->older = at;
	item->newer = timed_table_at(t, at)->newer;
	timed_table_at(t, item->newer)->older = ref;
	timed_table_at(t, at)->newer = ref;
	if (timed_table_at(t, newest)->time_ms <= item->time_ms)
		*place = index_word(item->hash, ref);
}

static void ring_remove(struct timed_table *t, uint32_t ref, const struct timed_item *item)
{
	uint64_t *place = index_place_of(t, item->hash, ref);

	if (place != NULL && item->newer == ref) {
		places_remove(&t->index, place, INDEX_PLACE);
		t->keys--;
	} else if (place != NULL) {
		*place = index_word(item->hash, item->older);
	}
	timed_table_at(t, item->older)->newer = item->newer;
	timed_table_at(t, item->newer)->older = item->older;
}

/* ---- clock: slices of time ---- */

static void clock_insert(struct timed_table *t, uint32_t ref, struct timed_item *item)
{
	item->before = TIMED_NONE;
	item->behind = time_slices_put(&t->clock, time_slices_number(&t->clock, item->time_ms), ref);
	if (item->behind != TIMED_NONE)
		timed_table_at(t, item->behind)->before = ref;
}

static void clock_remove(struct timed_table *t, const struct timed_item *item)
{
	if (item->before != TIMED_NONE)
		timed_table_at(t, item->before)->behind = item->behind;
	else
		time_slices_put(&t->clock, time_slices_number(&t->clock, item->time_ms), item->behind);
	if (item->behind != TIMED_NONE)
		timed_table_at(t, item->behind)->before = item->before;
}

size_t timed_table_slices(struct timed_table *t, struct event_time from, struct event_time below, size_t max,
			  const int64_t **numbers)
{
	if (t->count == 0 || !event_time_before(from, below))
		return 0;
	return time_slices_between(&t->clock, time_slices_number(&t->clock, from.ms),
				   time_slices_number(&t->clock, below.ms - 1), max, numbers);
}

struct event_time timed_table_slice_end(const struct timed_table *t, int64_t number)
{
	return event_time_at((number + 1) * t->clock.grain);
}

/* ---- items ---- */

static uint32_t insert(struct timed_table *t, uint32_t hash, struct slice key, struct slice detail,
		       struct event_time time, uint64_t seq, unsigned flags)
{
	uint32_t ref = slab_take(&t->slab, item_size(key.len + detail.len));
	struct timed_item *item = timed_table_at(t, ref);
	char *bytes = item->bytes;

	item->seq = seq & ((1ull << 56) - 1);
	item->flags = (uint8_t)flags;
	item->time_ms = time.ms;
	item->hash = hash;
	item->key_len = (uint16_t)key.len;
	item->detail_len = (uint16_t)detail.len;
	alloc_lay(&bytes, key);
	alloc_lay(&bytes, detail);
	ring_insert(t, ref, item);
	clock_insert(t, ref, item);
	t->count++;
	t->string_bytes += key.len + detail.len;
	return ref;
}

uint32_t timed_table_add(struct timed_table *t, uint32_t hash, struct slice key, struct slice detail,
			 struct event_time time, unsigned flags)
{
	uint32_t ref;

	if (event_time_before(time, t->expired_below))
		return TIMED_NONE;
	if (key.len > TIMED_BYTES_MAX || detail.len > TIMED_BYTES_MAX) /* callers refuse such input */
		abort();
	ref = insert(t, hash, key, detail, time, t->next_seq, flags);
	t->next_seq++;
	t->born = alloc_grown(t->born, &t->born_cap, t->born_count + 1, sizeof(*t->born));
	t->born[t->born_count++] = ref;
	return ref;
}

/* The clock has forgotten it already. */
static void drop(struct timed_table *t, uint32_t ref, struct timed_item *item)
{
	size_t strings = (size_t)item->key_len + item->detail_len;

	ring_remove(t, ref, item);
	t->count--;
	t->string_bytes -= strings;
	item->seq = 0;
	slab_give(&t->slab, ref, item_size(strings));
}

void timed_table_remove(struct timed_table *t, uint32_t ref, bool erased)
{
	struct timed_item *item = timed_table_at(t, ref);

	if (item->seq < t->first_unsaved) {
		t->gone = alloc_grown(t->gone, &t->gone_cap, t->gone_count + 1, sizeof(*t->gone));
		t->gone[t->gone_count++] = (struct timed_gone){item->time_ms, item->seq, erased};
	}
	clock_remove(t, item);
	drop(t, ref, item);
}

/* Items that are neighbours in time have their places anywhere in the index: asks for
 * all of these places before the first is waited for. */
static void expect_slice(const struct timed_table *t, uint32_t first, struct event_time limit)
{
	const struct timed_item *item;

	for (uint32_t ref = first; ref != TIMED_NONE; ref = item->behind) {
		item = timed_table_at(t, ref);
		if (item->time_ms < limit.ms)
			__builtin_prefetch(places_home_at(&t->index, item->hash, INDEX_PLACE), 1);
	}
}

/* A slice that is past as a whole leaves the clock at once, not item by item. */
static void expire_slice(struct timed_table *t, int64_t number, struct event_time limit)
{
	bool whole = number < time_slices_number(&t->clock, limit.ms);
	uint32_t ref =
		whole ? time_slices_put(&t->clock, number, TIMED_NONE) : time_slices_first(&t->clock, number);

	expect_slice(t, ref, limit);
	while (ref != TIMED_NONE) {
		struct timed_item *item = timed_table_at(t, ref);
		uint32_t next = item->behind;

		if (item->time_ms < limit.ms) {
			if (!whole)
				clock_remove(t, item);
			drop(t, ref, item);
		}
		ref = next;
	}
}

void timed_table_expire(struct timed_table *t, struct event_time limit)
{
	const int64_t *numbers;
	size_t n;

	if (!event_time_before(t->expired_below, limit))
		return;
	n = timed_table_slices(t, t->expired_below, limit, SIZE_MAX, &numbers);
	for (size_t i = 0; i < n; i++)
		expire_slice(t, numbers[i], limit);
	t->expired_below = limit;
}

/* ---- durable image ---- */

struct timed_item *timed_table_born(const struct timed_table *t, size_t i)
{
	struct timed_item *item = timed_table_at(t, t->born[i]);

	return item->seq == t->first_unsaved + i ? item : NULL;
}

void timed_table_saved(struct timed_table *t)
{
	t->first_unsaved = t->next_seq;
	t->born_count = 0;
	t->gone_count = 0;
}

int timed_table_restore(struct timed_table *t, struct slice key, struct slice detail, struct event_time time,
			uint64_t seq, unsigned flags)
{
	if (key.len > TIMED_BYTES_MAX || detail.len > TIMED_BYTES_MAX || seq == 0 || seq >> 55 != 0)
		return -1;
	insert(t, timed_hash(key, t->seed), key, detail, time, seq, flags);
	timed_table_seen(t, seq);
	return 0;
}

void timed_table_seen(struct timed_table *t, uint64_t seq)
{
	if (seq >= t->next_seq)
		t->next_seq = seq + 1;
}

void timed_table_restored(struct timed_table *t, struct event_time expired_below)
{
	t->expired_below = expired_below;
	timed_table_saved(t);
}

size_t timed_table_bytes(const struct timed_table *t)
{
	return slab_bytes(&t->slab) + places_bytes(&t->index, INDEX_PLACE) + time_slices_bytes(&t->clock) +
	       t->born_cap * sizeof(*t->born) + t->gone_cap * sizeof(*t->gone);
}
