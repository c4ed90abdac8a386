/* Places of a hash table that grow step by step, against a plain array; also while they
 * are half moved, and with hashes of the worst kind. */

#include "base/map.h"
#include "base/pages.h"
#include "base/random.h"
#include "test/lib/cmocka_all.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- a set of small numbers: the least that a table can be ---- */

struct member {
	uint64_t tag; /* its hash, and 1 */
	uint64_t number;
};

struct set {
	struct places places;
	size_t size; /* of a place: a member, and perhaps nothing behind it */
	size_t count;
	uint32_t (*hash)(uint64_t number);
};

static struct member *find(const struct set *s, uint64_t number)
{
	struct places_run r = places_run(&s->places, s->hash(number));
	size_t i = places_home(r, s->hash(number));
	struct member *m;

	while ((m = (struct member *)((char *)r.at + i * s->size))->tag != 0 && m->number != number)
		i = places_next(r, i);
	return m;
}

static bool holds(const struct set *s, uint64_t number)
{
	return s->count > 0 && find(s, number)->tag != 0;
}

static void put(struct set *s, uint64_t number)
{
	size_t cap = s->places.now.cap;
	struct member *m;

	if ((s->count + 1) * 3 > cap * 2)
		assert_int_equal(places_grow(&s->places, cap ? cap + cap / 2 : 8, s->size), 0);
	places_step(&s->places, s->size);
	m = find(s, number);
	s->count += m->tag == 0;
	*m = (struct member){(uint64_t)s->hash(number) << 32 | 1, number};
}

static void drop(struct set *s, uint64_t number)
{
	if (!holds(s, number))
		return;
	places_remove(&s->places, find(s, number), s->size);
	s->count--;
}

static uint32_t spread(uint64_t number)
{
	return (uint32_t)((number * 0x9e3779b97f4a7c15u) >> 32);
}

/* All at the end of the run, so that most wrap around it. */
static uint32_t crowded(uint64_t number)
{
	return UINT32_MAX - (uint32_t)(number % 7);
}

static uint32_t all_the_same(uint64_t number)
{
	(void)number;
	return 0x80000000u;
}

/* At both ends: what has wrapped stands among what belongs there. */
static uint32_t at_both_ends(uint64_t number)
{
	return number % 2 ? UINT32_MAX - (uint32_t)(number % 5) : (uint32_t)number << 24;
}

/* ---- ---- */

#define NUMBERS 400

static void agree(const struct set *s, const bool *in)
{
	bool seen[NUMBERS] = {false};
	const struct member *m;
	size_t count = 0;

	for (uint64_t n = 0; n < NUMBERS; n++)
		assert_int_equal(holds(s, n), in[n]);
	for (size_t at = 0; (m = places_each(&s->places, &at, s->size)) != NULL; count++) {
		assert_true(m->number < NUMBERS && in[m->number] && !seen[m->number]);
		seen[m->number] = true;
	}
	assert_int_equal(count, s->count);
}

/* Mostly grows in the first half; stays half moved for a while, since only `put` moves. */
static size_t live(uint32_t (*hash)(uint64_t), uint64_t seed)
{
	struct set s = {.size = sizeof(struct member), .hash = hash};
	bool in[NUMBERS] = {false};
	size_t half_moved = 0;
	struct random r;

	random_init(&r, seed);
	for (int step = 0; step < 1200; step++) {
		uint64_t n = random_below(&r, NUMBERS);

		if (random_below(&r, 100) < (step < 600 ? 80 : 45)) {
			put(&s, n);
			in[n] = true;
		} else {
			drop(&s, n);
			in[n] = false;
		}
		half_moved += s.places.old.at != NULL && s.places.moved > 0;
		agree(&s, in);
	}
	places_release(&s.places, s.size);
	return half_moved;
}

static void half_moved_places_agree_with_an_array(void **state)
{
	uint32_t (*const kinds[])(uint64_t) = {spread, crowded, all_the_same, at_both_ends};
	size_t half_moved = 0;

	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (uint64_t seed = 1; seed <= 12; seed++)
			half_moved += live(kinds[k], seed);
	assert_true(half_moved > 500); /* else this test has tested nothing */
}

static void no_insert_moves_more_than_a_few_places(void **state)
{
	enum { MANY = 300000 };
	struct set s = {.size = sizeof(struct member), .hash = spread};
	size_t worst = 0, growths = 0;

	(void)state;
	for (uint64_t n = 0; n < MANY; n++) {
		struct places before = s.places;
		size_t moved;

		put(&s, n);
		if (s.places.now.cap != before.now.cap) {
			assert_null(before.old.at); /* the last growth was over long ago */
			before = (struct places){.old = before.now};
			growths++;
		}
		moved = (s.places.old.at != NULL ? s.places.moved : before.old.cap) - before.moved;
		if (before.old.at != NULL && moved > worst)
			worst = moved;
	}
	assert_true(growths > 20);
	assert_true(worst >= PLACES_STEP && worst <= PLACES_STEP + 100);
	for (uint64_t n = 0; n < MANY; n++)
		assert_true(holds(&s, n));
	places_release(&s.places, s.size);
}

static void places_that_cannot_grow_stay_as_they_are(void **state)
{
	struct set s = {.size = sizeof(struct member), .hash = spread};
	struct places before;

	(void)state;
	for (uint64_t n = 0; n < 100; n++)
		put(&s, n);
	before = s.places;
	assert_int_equal(places_grow(&s.places, SIZE_MAX / 8, s.size), -1);
	assert_int_equal(places_grow(&s.places, (size_t)UINT32_MAX + 1, s.size), -1);
	assert_memory_equal(&s.places, &before, sizeof(before));
	for (uint64_t n = 0; n < 200; n++)
		put(&s, n);
	for (uint64_t n = 0; n < 200; n++)
		assert_true(holds(&s, n));
	places_release(&s.places, s.size);
}

/* An owner who grows again and again has all moved in between. */
static void growing_twice_at_once_loses_nothing(void **state)
{
	struct set s = {.size = sizeof(struct member), .hash = at_both_ends};

	(void)state;
	for (uint64_t n = 0; n < 150; n++) {
		put(&s, n);
		assert_int_equal(places_grow(&s.places, s.places.now.cap + 3, s.size), 0);
	}
	for (uint64_t n = 0; n < 150; n++)
		assert_true(holds(&s, n));
	places_release(&s.places, s.size);
}

static size_t resident(void *at, size_t bytes)
{
	static unsigned char pages[1 << 16];
	size_t page = (size_t)sysconf(_SC_PAGESIZE), count = bytes / page, n = 0;

	assert_true(count <= sizeof(pages) && mincore(at, bytes, pages) == 0);
	for (size_t i = 0; i < count; i++)
		n += pages[i] & 1;
	return n * page;
}

static void what_has_moved_is_given_back(void **state)
{
	size_t cap = 2 * PAGES_LARGE / sizeof(struct member), kept, at = 0, count = 0;
	struct set s = {.size = sizeof(struct member), .hash = spread};

	(void)state;
	assert_int_equal(places_grow(&s.places, cap, s.size), 0);
	for (uint64_t n = 0; n < cap / 2; n++)
		put(&s, n);
	assert_true(resident(s.places.now.at, 2 * PAGES_LARGE) > 2 * PAGES_LARGE - PAGES_HUGE);
	assert_int_equal(places_grow(&s.places, 2 * cap, s.size), 0);
	while (s.places.moved < cap / 4 * 3)
		places_move(&s.places, s.size);

	kept = 2 * PAGES_LARGE / 4 + 2 * PAGES_HUGE; /* the last quarter, the first page, one under way */
	assert_true(resident(s.places.old.at, 2 * PAGES_LARGE) <= kept);
	while (places_each(&s.places, &at, s.size) != NULL)
		count++;
	assert_int_equal(count, s.count);
	assert_true(resident(s.places.old.at, 2 * PAGES_LARGE) <= kept);
	assert_true(resident(s.places.now.at, 4 * PAGES_LARGE) <= 3 * PAGES_LARGE + PAGES_HUGE);
	assert_true(places_bytes(&s.places, s.size) <= 4 * PAGES_LARGE + kept);
	for (uint64_t n = 0; n < cap / 2; n++)
		assert_true(holds(&s, n));
	places_release(&s.places, s.size);
}

static size_t fresh_pages(const struct places *p, size_t size)
{
	return p->moved == 0 ? 0 : p->moved * p->now.cap / p->old.cap * size / PAGES_HUGE + 1;
}

/* They have as many members, so they grow at the same time. */
static void tables_side_by_side_do_not_enter_fresh_pages_together(void **state)
{
	size_t cap = PAGES_LARGE / sizeof(struct member), size = sizeof(struct member), seen = 0;
	struct places two[2] = {{.pause = 0}, {.pause = 0}};

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(places_grow(&two[i], cap, size), 0);
		assert_int_equal(places_grow(&two[i], 2 * cap, size), 0);
	}
	while (two[0].old.at != NULL && two[1].old.at != NULL) {
		size_t first = fresh_pages(&two[0], size), second = fresh_pages(&two[1], size);

		places_step(&two[0], size);
		places_step(&two[1], size);
		if (two[0].old.at == NULL || two[1].old.at == NULL)
			break;
		first = fresh_pages(&two[0], size) - first;
		second = fresh_pages(&two[1], size) - second;
		assert_true(first + second <= 1);
		seen += first + second;
	}
	assert_true(seen >= 12);
	places_release(&two[0], size);
	places_release(&two[1], size);
}

/* A place of a page, so that what wraps around fills more than the first huge page. */
static void what_wraps_around_a_large_run_is_not_given_back(void **state)
{
	enum { PLACE = 4096, CAP = PAGES_LARGE / PLACE, MANY = CAP / 3 };
	struct set s = {.size = PLACE, .hash = crowded};

	(void)state;
	assert_true(MANY * PLACE > PAGES_HUGE);
	assert_int_equal(places_grow(&s.places, CAP, PLACE), 0);
	for (uint64_t n = 0; n < MANY; n++)
		put(&s, n);
	assert_int_equal(places_grow(&s.places, 2 * CAP, PLACE), 0);
	while (s.places.old.at != NULL) {
		places_step(&s.places, PLACE);
		for (uint64_t n = 0; n < MANY; n += 17)
			assert_true(holds(&s, n));
	}
	for (uint64_t n = 0; n < MANY; n++)
		assert_true(holds(&s, n));
	places_release(&s.places, PLACE);
}

/* ---- the map on top of it ---- */

static struct slice number_key(const void *value)
{
	return slice_make(value, sizeof(uint32_t));
}

static void a_half_moved_map_is_as_good_as_another(void **state)
{
	enum { MANY = 5000 };
	static uint32_t keys[MANY];
	struct map m;
	size_t half_moved = 0;

	(void)state;
	map_init(&m, number_key, 42);
	for (uint32_t i = 0; i < MANY; i++) {
		size_t at = 0, seen = 0;

		keys[i] = i;
		assert_int_equal(map_put(&m, &keys[i]), 0);
		if (m.places.old.at == NULL || i % 37 != 0)
			continue;
		half_moved++;
		for (uint32_t k = 0; k <= i; k += 11) {
			struct slice key = slice_make(&k, sizeof(k));

			map_expect(&m, map_hash(&m, key));
			assert_ptr_equal(map_get(&m, key), &keys[k]);
			assert_ptr_equal(map_guess(&m, map_hash(&m, key)), &keys[k]);
		}
		assert_ptr_equal(map_remove(&m, slice_make(&i, sizeof(i))), &keys[i]);
		assert_null(map_get(&m, slice_make(&i, sizeof(i))));
		assert_int_equal(map_put(&m, &keys[i]), 0);
		while (map_next(&m, &at) != NULL)
			seen++;
		assert_int_equal(seen, m.count);
	}
	assert_true(half_moved > 5);
	map_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_moved_places_agree_with_an_array),
		cmocka_unit_test(no_insert_moves_more_than_a_few_places),
		cmocka_unit_test(places_that_cannot_grow_stay_as_they_are),
		cmocka_unit_test(growing_twice_at_once_loses_nothing),
		cmocka_unit_test(what_has_moved_is_given_back),
		cmocka_unit_test(tables_side_by_side_do_not_enter_fresh_pages_together),
		cmocka_unit_test(what_wraps_around_a_large_run_is_not_given_back),
		cmocka_unit_test(a_half_moved_map_is_as_good_as_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
