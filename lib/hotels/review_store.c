#include "hotels/review_store.h"

#include "base/alloc.h"
#include "base/expect.h"
#include "base/shared_text.h"

#define EXPECTED 4 /* reviews of a hotel that are brought ahead */

/* reviews[first .. end) are live. They are put behind the others and sorted
 * when somebody looks: loading a million in any order must not be quadratic. */
struct review_shelf {
	struct slice hotel_id; /* first: map_key_slice; behind the struct */
	struct review **reviews;
	size_t first, end, cap;
	bool sorted;
};

struct review_waits {
	struct slice booking_id; /* first: map_key_slice; behind the struct */
	struct list reviews;
};

static struct slice review_key(const void *value)
{
	return ((const struct review *)value)->id;
}

void review_store_init(struct review_store *s, uint64_t seed)
{
	memset(s, 0, sizeof(*s));
	map_init(&s->by_id, review_key, seed);
	map_init(&s->shelves, map_key_slice, seed);
	map_init(&s->waits, map_key_slice, seed);
	time_heap_init(&s->ages);
}

static void review_free(struct review *r)
{
	shared_text_drop(r->text);
	free(r);
}

static void shelf_free(struct review_shelf *shelf)
{
	free(shelf->reviews);
	free(shelf);
}

void review_store_release(struct review_store *s)
{
	struct review_shelf *shelf;
	struct review *r;
	void *p;

	for (size_t at = 0; (r = map_next(&s->by_id, &at)) != NULL;)
		review_free(r);
	for (size_t at = 0; (shelf = map_next(&s->shelves, &at)) != NULL;)
		shelf_free(shelf);
	for (size_t at = 0; (p = map_next(&s->waits, &at)) != NULL;)
		free(p);
	map_release(&s->by_id);
	map_release(&s->shelves);
	map_release(&s->waits);
	time_heap_release(&s->ages);
	memset(s, 0, sizeof(*s));
}

const struct hash_id *review_digest(struct review *r)
{
	if (!r->digested)
		r->digest = hash_id_of(&r->text, 1);
	r->digested = true;
	return &r->digest;
}

struct slice review_hotel_id(const struct review *r)
{
	return r->shelf != NULL ? r->shelf->hotel_id : slice_make(NULL, 0);
}

const struct review *review_store_get(const struct review_store *s, struct slice id)
{
	return map_get(&s->by_id, id);
}

/* ---- shelves ---- */

static int compare(const struct review *a, const struct review *b)
{
	if (a->age.time.ms != b->age.time.ms)
		return a->age.time.ms < b->age.time.ms ? -1 : 1;
	return slice_compare(a->id, b->id);
}

static int compare_places(const void *a, const void *b)
{
	return compare(*(struct review *const *)a, *(struct review *const *)b);
}

static void sort(struct review_shelf *shelf)
{
	if (!shelf->sorted)
		qsort(&shelf->reviews[shelf->first], shelf->end - shelf->first, sizeof(struct review *),
		      compare_places);
	shelf->sorted = true;
}

/* Index of the first review that does not come before `r`. */
static size_t place_of(const struct review_shelf *shelf, const struct review *r)
{
	size_t low = shelf->first, high = shelf->end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(shelf->reviews[middle], r) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Index of the first review at or after `t`. */
static size_t place_at(const struct review_shelf *shelf, struct event_time t)
{
	size_t low = shelf->first, high = shelf->end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (event_time_before(shelf->reviews[middle]->age.time, t))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct review_shelf *shelf_of(struct review_store *s, struct slice hotel_id)
{
	struct review_shelf *shelf = map_get(&s->shelves, hotel_id);
	char *to;

	if (shelf != NULL)
		return shelf;
	shelf = alloc_zeroed_or_abort(1, sizeof(*shelf) + hotel_id.len);
	to = (char *)(shelf + 1);
	shelf->hotel_id = alloc_lay(&to, hotel_id);
	shelf->sorted = true;
	if (map_put(&s->shelves, shelf) != 0)
		abort();
	return shelf;
}

static void shelve(struct review_store *s, struct review *r, struct slice hotel_id)
{
	struct review_shelf *shelf = shelf_of(s, hotel_id);

	if (shelf->end == shelf->cap && shelf->first > shelf->cap / 2) {
		memmove(shelf->reviews, &shelf->reviews[shelf->first],
			(shelf->end - shelf->first) * sizeof(struct review *));
		shelf->end -= shelf->first;
		shelf->first = 0;
	}
	shelf->reviews = alloc_grown(shelf->reviews, &shelf->cap, shelf->end + 1, sizeof(struct review *));
	if (shelf->end > shelf->first && compare(shelf->reviews[shelf->end - 1], r) > 0)
		shelf->sorted = false;
	shelf->reviews[shelf->end++] = r;
	r->shelf = shelf;
	s->shelved++;
}

static void unshelve(struct review_store *s, struct review *r)
{
	struct review_shelf *shelf = r->shelf;
	size_t i;

	sort(shelf);
	i = place_of(shelf, r);
	while (shelf->reviews[i] != r) /* its replacement may stand beside it */
		i++;
	if (i == shelf->first) {
		shelf->first++;
	} else {
		shelf->end--;
		memmove(&shelf->reviews[i], &shelf->reviews[i + 1],
			(shelf->end - i) * sizeof(struct review *));
	}
	s->shelved--;
	r->shelf = NULL;
	if (shelf->first == shelf->end) {
		map_remove(&s->shelves, shelf->hotel_id);
		shelf_free(shelf);
	}
}

/* ---- waiting for a booking ---- */

static void wait_for_booking(struct review_store *s, struct review *r, struct slice booking_id)
{
	struct review_waits *w = map_get(&s->waits, booking_id);
	char *to;

	if (w == NULL) {
		w = alloc_or_abort(sizeof(*w) + booking_id.len);
		to = (char *)(w + 1);
		w->booking_id = alloc_lay(&to, booking_id);
		list_init(&w->reviews);
		if (map_put(&s->waits, w) != 0)
			abort();
	}
	list_append(&w->reviews, &r->link);
	r->waits = w;
	r->booking_id = w->booking_id;
	s->waiting++;
}

static void stop_waiting(struct review_store *s, struct review *r)
{
	struct review_waits *w = r->waits;

	list_remove(&r->link);
	r->waits = NULL;
	r->booking_id = slice_make(NULL, 0);
	s->waiting--;
	if (list_empty(&w->reviews)) {
		map_remove(&s->waits, w->booking_id);
		free(w);
	}
}

const struct review *review_store_waiting(const struct review_store *s, struct slice booking_id)
{
	const struct review_waits *w = map_get(&s->waits, booking_id);

	return w == NULL ? NULL : LIST_ENTRY(w->reviews.next, struct review, link);
}

/* ---- reviews ---- */

static void drop(struct review_store *s, struct review *r)
{
	if (r->shelf != NULL)
		unshelve(s, r);
	if (r->waits != NULL)
		stop_waiting(s, r);
	time_heap_remove(&s->ages, &r->age);
	map_remove(&s->by_id, r->id);
	review_free(r);
}

const struct review *review_store_put(struct review_store *s, struct slice id, struct slice hotel_id,
				      struct slice booking_id, struct slice text,
				      struct event_time created_at)
{
	struct review *old = map_get(&s->by_id, id), *r = alloc_zeroed_or_abort(1, sizeof(*r) + id.len);
	char *to = (char *)(r + 1);

	r->id = alloc_lay(&to, id);
	r->text = shared_text(text);
	r->age.time = created_at;
	list_init(&r->link);
	if (hotel_id.len > 0)
		shelve(s, r, hotel_id);
	else
		wait_for_booking(s, r, booking_id);
	if (old != NULL) /* only now: it may lend the strings */
		drop(s, old);
	time_heap_add(&s->ages, &r->age, created_at);
	if (map_put(&s->by_id, r) != 0)
		abort();
	return r;
}

size_t review_store_between(struct review_store *s, struct slice hotel_id, struct event_time from,
			    struct event_time to, struct review *const **reviews)
{
	struct review_shelf *shelf = map_get(&s->shelves, hotel_id);
	size_t first, end;

	*reviews = NULL;
	if (shelf == NULL)
		return 0;
	sort(shelf);
	first = place_at(shelf, from);
	end = place_at(shelf, event_time_plus(to, 1));
	*reviews = &shelf->reviews[first];
	return end - first;
}

void review_store_expect(const struct review_store *s, unsigned step, struct slice hotel_id)
{
	uint64_t hash = map_hash(&s->shelves, hotel_id);
	const struct review_shelf *shelf = step > 0 ? map_guess(&s->shelves, hash) : NULL;

	if (step == 0)
		map_expect(&s->shelves, hash);
	else if (shelf != NULL && step == 1)
		expect_bytes(shelf, sizeof(*shelf) + hotel_id.len);
	else if (shelf != NULL && step == 2)
		expect_bytes(&shelf->reviews[shelf->first], EXPECTED * sizeof(struct review *));
	for (size_t i = 0; step == 3 && shelf != NULL && i < EXPECTED && shelf->first + i < shelf->end; i++)
		expect_bytes(shelf->reviews[shelf->first + i], sizeof(struct review));
}

void review_store_expire(struct review_store *s, struct event_time horizon, uint64_t *expired,
			 uint64_t *unresolved)
{
	struct time_heap_node *node;

	while ((node = time_heap_take_below(&s->ages, horizon)) != NULL) {
		struct review *r = TIME_HEAP_ENTRY(node, struct review, age);

		if (r->waits != NULL)
			++*unresolved;
		else
			++*expired;
		drop(s, r);
	}
}
