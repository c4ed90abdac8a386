#include "hotels/hotel_table.h"

#include "base/alloc.h"
#include "base/expect.h"

#define EXPECTED 16 /* similar hotels of which the list is brought ahead */

struct hotel_group {
	struct slice key;	/* first: map_key_slice; owned */
	struct hotel **members; /* ordered by id; owned array */
	size_t count, cap;
};

void hotel_table_init(struct hotel_table *t, uint64_t seed)
{
	memset(t, 0, sizeof(*t));
	map_init(&t->by_id, map_key_slice, seed);
	map_init(&t->groups, map_key_slice, seed);
}

static void group_free(struct hotel_group *g)
{
	free((char *)g->key.data);
	free(g->members);
	free(g);
}

void hotel_table_release(struct hotel_table *t)
{
	struct hotel_group *g;
	struct hotel *h;

	for (size_t at = 0; (h = map_next(&t->by_id, &at)) != NULL;)
		free(h);
	for (size_t at = 0; (g = map_next(&t->groups, &at)) != NULL;)
		group_free(g);
	map_release(&t->by_id);
	map_release(&t->groups);
	free(t->similar);
	memset(t, 0, sizeof(*t));
}

const struct hotel *hotel_table_get(const struct hotel_table *t, struct slice id)
{
	return map_get(&t->by_id, id);
}

void hotel_table_expect(const struct hotel_table *t, unsigned step, struct slice id)
{
	uint64_t hash = map_hash(&t->by_id, id);
	const struct hotel *h = step > 0 ? map_guess(&t->by_id, hash) : NULL;

	if (step == 0)
		map_expect(&t->by_id, hash);
	else if (h != NULL && step == 1)
		expect_bytes(h, sizeof(*h) + id.len);
	else if (h != NULL && h->group != NULL && step == 2)
		expect_bytes(h->group, sizeof(*h->group));
	else if (h != NULL && h->group != NULL && step == 3)
		expect_bytes(h->group->members, EXPECTED * sizeof(struct hotel *));
}

/* ---- groups ---- */

/* The length of the city keeps ("ab","c") and ("a","bc") apart. Owned by the caller. */
static struct slice group_key(const struct hotel *h)
{
	size_t len = h->city.s.len, size = sizeof(len) + len + h->amenities.s.len;
	char *key = alloc_or_abort(size), *at = key;

	alloc_lay(&at, slice_make(&len, sizeof(len)));
	alloc_lay(&at, h->city.s);
	alloc_lay(&at, h->amenities.s);
	return slice_make(key, size);
}

/* Index of the first member not below `id`. */
static size_t member_place(const struct hotel_group *g, struct slice id)
{
	size_t low = 0, high = g->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (slice_compare(g->members[middle]->id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void join_group(struct hotel_table *t, struct hotel *h)
{
	struct hotel_group *g;
	struct slice key;
	size_t i;

	h->group = NULL;
	if (!value_present(&h->city) || !value_present(&h->amenities))
		return;
	key = group_key(h);
	g = map_get(&t->groups, key);
	if (g == NULL) {
		g = alloc_zeroed_or_abort(1, sizeof(*g));
		g->key = key;
		if (map_put(&t->groups, g) != 0)
			abort();
	} else {
		free((char *)key.data);
	}
	g->members = alloc_grown(g->members, &g->cap, g->count + 1, sizeof(struct hotel *));
	i = member_place(g, h->id);
	memmove(&g->members[i + 1], &g->members[i], (g->count - i) * sizeof(struct hotel *));
	g->members[i] = h;
	g->count++;
	h->group = g;
}

static void leave_group(struct hotel_table *t, struct hotel *h)
{
	struct hotel_group *g = h->group;
	size_t i;

	if (g == NULL)
		return;
	i = member_place(g, h->id);
	g->count--;
	memmove(&g->members[i], &g->members[i + 1], (g->count - i) * sizeof(struct hotel *));
	if (g->count == 0) {
		map_remove(&t->groups, g->key);
		group_free(g);
	}
}

size_t hotel_table_similar(struct hotel_table *t, const struct hotel *hotel, const struct value **names)
{
	const struct hotel_group *g = hotel->group;
	size_t n = 0;

	*names = t->similar;
	if (g == NULL)
		return 0;
	t->similar = alloc_grown(t->similar, &t->similar_cap, g->count, sizeof(*t->similar));
	for (size_t i = 0; i < g->count; i++)
		if (g->members[i] != hotel)
			t->similar[n++] = g->members[i]->name;
	*names = t->similar;
	return n;
}

/* ---- hotels ---- */

static bool same_value(const struct value *a, const struct value *b)
{
	if (!value_present(a) || !value_present(b))
		return value_present(a) == value_present(b);
	return slice_equal(a->s, b->s);
}

static bool same_hotel(const struct hotel *a, const struct hotel *b)
{
	return same_value(&a->name, &b->name) && same_value(&a->amenities, &b->amenities) &&
	       same_value(&a->description, &b->description) && same_value(&a->city, &b->city) &&
	       same_value(&a->country, &b->country);
}

static size_t value_len(const struct value *v)
{
	return value_present(v) ? v->s.len : 0;
}

static void lay_value(char **to, struct value *out, const struct value *v)
{
	*out = (struct value){.kind = VALUE_NULL};
	if (value_present(v))
		*out = (struct value){.kind = VALUE_STRING, .s = alloc_lay(to, v->s)};
}

/* One block: the struct, then its strings. */
static struct hotel *copy(const struct hotel *from)
{
	size_t size = from->id.len + value_len(&from->name) + value_len(&from->amenities) +
		      value_len(&from->description) + value_len(&from->city) + value_len(&from->country);
	struct hotel *h = alloc_or_abort(sizeof(*h) + size);
	char *to = (char *)(h + 1);

	h->id = alloc_lay(&to, from->id);
	lay_value(&to, &h->name, &from->name);
	lay_value(&to, &h->amenities, &from->amenities);
	lay_value(&to, &h->description, &from->description);
	lay_value(&to, &h->city, &from->city);
	lay_value(&to, &h->country, &from->country);
	h->group = NULL;
	return h;
}

const struct hotel *hotel_table_put(struct hotel_table *t, const struct hotel *hotel)
{
	struct hotel *old = map_get(&t->by_id, hotel->id), *h;

	if (old != NULL && same_hotel(old, hotel))
		return NULL;
	h = copy(hotel); /* before the old one goes: it may lend its strings */
	if (old != NULL)
		leave_group(t, old);
	if (map_put(&t->by_id, h) != 0)
		abort();
	free(old);
	join_group(t, h);
	return h;
}

bool hotel_table_remove(struct hotel_table *t, struct slice id)
{
	struct hotel *h = map_remove(&t->by_id, id);

	if (h == NULL)
		return false;
	leave_group(t, h);
	free(h);
	return true;
}
