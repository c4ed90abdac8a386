/* The interval join and the tables under it, against brute force. */

#include "base/alloc.h"
#include "base/random.h"
#include "operators/interval_join.h"
#include "operators/time_heap.h"
#include "test/lib/cmocka_all.h"

#include <stdio.h>

#define WINDOW	 1000
#define LATENESS 500

static struct interval_join_options options(bool match_detail)
{
	return (struct interval_join_options){.window = WINDOW,
					      .lateness = LATENESS,
					      .match_detail = match_detail,
					      .seed = 1};
}

struct told {
	int count;
	char text[64][32];
};

static void on_unmatched(void *ctx, struct slice key, struct slice detail, struct event_time t)
{
	struct told *told = ctx;

	if (told->count < 64)
		snprintf(told->text[told->count], 32, SLICE_FMT " " SLICE_FMT " %d", SLICE_ARG(key),
			 SLICE_ARG(detail), (int)t.ms);
	told->count++;
}

static enum join_left left(struct interval_join *j, const char *key, const char *detail, int64_t t)
{
	return interval_join_left(j, slice_str(key), slice_str(detail), event_time_at(t));
}

static size_t right(struct interval_join *j, const char *key, const char *detail, int64_t t)
{
	return interval_join_right(j, slice_str(key), slice_str(detail), event_time_at(t));
}

static void advance(struct interval_join *j, int64_t watermark, struct told *told)
{
	memset(told, 0, sizeof(*told));
	interval_join_advance(j, event_time_at(watermark), on_unmatched, told);
}

static void the_interval_is_closed_at_both_ends(void **state)
{
	struct interval_join_options o = options(false);
	struct interval_join j;
	struct told told;

	(void)state;
	interval_join_init(&j, &o);
	left(&j, "before", "h", 1000);
	left(&j, "start", "h", 1000);
	left(&j, "end", "h", 1000);
	left(&j, "after", "h", 1000);
	assert_int_equal(right(&j, "before", "x", 999), 0);
	assert_int_equal(right(&j, "start", "x", 1000), 1);
	assert_int_equal(right(&j, "end", "x", 2000), 1);
	assert_int_equal(right(&j, "after", "x", 2001), 0);
	advance(&j, 2000, &told); /* at the deadline is not past it */
	assert_int_equal(told.count, 0);
	advance(&j, 2001, &told);
	assert_int_equal(told.count, 2);
	assert_string_equal(told.text[0], "before h 1000");
	assert_string_equal(told.text[1], "after h 1000");
	advance(&j, 9999, &told);
	assert_int_equal(told.count, 0);
	assert_int_equal(j.left.count + j.right.count, 0);
	interval_join_release(&j);
}

static void a_right_item_that_came_first_matches_too(void **state)
{
	struct interval_join_options o = options(false);
	struct interval_join j;

	(void)state;
	interval_join_init(&j, &o);
	right(&j, "a", "h", 2000);
	assert_int_equal(left(&j, "a", "h", 999), JOIN_WAITS);
	assert_int_equal(left(&j, "a", "h", 1000), JOIN_MATCHED);
	assert_int_equal(left(&j, "a", "h", 2000), JOIN_MATCHED);
	assert_int_equal(left(&j, "a", "h", 2001), JOIN_WAITS);
	interval_join_release(&j);
}

static void details_match_only_when_told_so(void **state)
{
	struct interval_join_options o = options(true);
	struct interval_join j;

	(void)state;
	interval_join_init(&j, &o);
	left(&j, "a", "h1", 0);
	left(&j, "a", "h2", 0);
	assert_int_equal(right(&j, "a", "h2", 10), 1);
	assert_int_equal(j.waiting, 1);
	assert_int_equal(left(&j, "a", "h2", 5), JOIN_MATCHED);
	assert_int_equal(left(&j, "a", "h1", 5), JOIN_WAITS);
	interval_join_release(&j);
}

static void duplicates_are_known_as_long_as_anyone_can_come_late(void **state)
{
	struct interval_join_options o = options(false);
	struct interval_join j;
	struct told told;

	(void)state;
	interval_join_init(&j, &o);
	assert_int_equal(left(&j, "a", "h", 0), JOIN_WAITS);
	assert_int_equal(left(&j, "a", "h", 0), JOIN_DUPLICATE);
	assert_int_equal(left(&j, "a", "g", 0), JOIN_WAITS);
	advance(&j, 1001, &told);
	assert_int_equal(told.count, 2);
	assert_int_equal(left(&j, "a", "h", 0), JOIN_DUPLICATE);
	advance(&j, 1500, &told);
	assert_int_equal(left(&j, "a", "h", 0), JOIN_DUPLICATE);
	assert_int_equal(left(&j, "b", "h", 0), JOIN_WAITS); /* overdue */
	advance(&j, 1501, &told);
	assert_int_equal(told.count, 1);
	assert_string_equal(told.text[0], "b h 0");
	assert_int_equal(left(&j, "a", "h", 0), JOIN_TOO_LATE);
	assert_int_equal(left(&j, "a", "h", 1), JOIN_WAITS);
	interval_join_release(&j);
}

static void overdue_items_can_still_be_matched(void **state)
{
	struct interval_join_options o = options(false);
	struct interval_join j;
	struct told told;

	(void)state;
	interval_join_init(&j, &o);
	advance(&j, 1400, &told);
	assert_int_equal(left(&j, "a", "h", 100), JOIN_WAITS);
	assert_int_equal(left(&j, "b", "h", 50), JOIN_WAITS);
	assert_int_equal(interval_join_oldest_waiting(&j).ms, 50);
	assert_int_equal(right(&j, "a", "h", 700), 1);
	advance(&j, 1400, &told); /* the watermark need not move */
	assert_int_equal(told.count, 1);
	assert_string_equal(told.text[0], "b h 50");
	assert_int_equal(j.waiting, 0);
	assert_true(interval_join_oldest_waiting(&j).ms == EVENT_TIME_MIN.ms);
	interval_join_release(&j);
}

static void decisions_come_in_order_of_time(void **state)
{
	struct interval_join_options o = options(false);
	struct interval_join j;
	struct told told;

	(void)state;
	interval_join_init(&j, &o);
	left(&j, "c", "h", 300000);
	left(&j, "a", "h", 20);
	left(&j, "b", "h", 10);
	left(&j, "z", "h", 20);
	assert_int_equal(interval_join_oldest_waiting(&j).ms, 10);
	advance(&j, 1000000, &told);
	assert_int_equal(told.count, 4);
	assert_string_equal(told.text[0], "b h 10");
	assert_string_equal(told.text[1], "a h 20");
	assert_string_equal(told.text[2], "z h 20");
	assert_string_equal(told.text[3], "c h 300000");
	interval_join_release(&j);
}

struct soon {
	unsigned steps[64]; /* by item: how many steps came */
	int told;
};

static int number_of(struct slice detail)
{
	char text[8];

	snprintf(text, sizeof(text), SLICE_FMT, SLICE_ARG(detail));
	return (int)strtol(text, NULL, 10);
}

static void on_soon(void *ctx, unsigned step, struct slice detail)
{
	struct soon *s = ctx;
	int item = number_of(detail);

	assert_true(item > s->told); /* before it is told */
	if (step > 0 && s->steps[item] > 0)
		assert_int_equal(step, s->steps[item]); /* one after the other */
	s->steps[item] = step + 1;
}

static void on_told(void *ctx, struct slice key, struct slice detail, struct event_time t)
{
	struct soon *s = ctx;

	(void)key;
	(void)t;
	s->told = number_of(detail);
}

static bool always(void *ctx)
{
	++*(int *)ctx;
	return true;
}

static void an_advance_may_stop_between_two_moments(void **state)
{
	struct interval_join_options o = options(false);
	struct interval_join j;
	struct told told;
	int asked = 0;

	(void)state;
	o.enough = always;
	o.enough_ctx = &asked;
	interval_join_init(&j, &o);
	left(&j, "a", "x", 100);
	left(&j, "b", "x", 100); /* two of one moment are not torn apart */
	left(&j, "c", "x", 101);
	left(&j, "d", "x", 900);
	left(&j, "e", "x", 3000);

	memset(&told, 0, sizeof(told));
	assert_int_equal(interval_join_advance(&j, event_time_at(5000), on_unmatched, &told).ms,
			 101 + WINDOW);
	assert_int_equal(told.count, 2);
	assert_int_equal(asked, 1);
	assert_int_equal(j.settled_below.ms, 101);     /* what a checkpoint would say now */
	assert_int_equal(right(&j, "d", "x", 950), 1); /* it was not decided yet */

	memset(&told, 0, sizeof(told));
	assert_int_equal(interval_join_advance(&j, event_time_at(5000), on_unmatched, &told).ms,
			 3000 + WINDOW);
	assert_int_equal(told.count, 1);
	assert_string_equal(told.text[0], "c x 101");

	memset(&told, 0, sizeof(told));
	assert_int_equal(interval_join_advance(&j, event_time_at(5000), on_unmatched, &told).ms, 5000);
	assert_int_equal(told.count, 1);
	assert_int_equal(j.waiting, 0);
	interval_join_release(&j);
}

static void what_will_be_told_is_announced_step_by_step(void **state)
{
	struct interval_join_options o = options(false);
	struct soon soon = {.told = -1};
	struct interval_join j;
	char text[8];

	(void)state;
	o.soon = on_soon;
	o.soon_ctx = &soon;
	interval_join_init(&j, &o);
	for (int i = 0; i < 64; i++) {
		snprintf(text, sizeof(text), "%d", i);
		left(&j, text, text, 1024 + i); /* one slice of time */
	}
	interval_join_advance(&j, event_time_at(9999), on_told, &soon);
	assert_int_equal(soon.told, 63);
	assert_int_equal(soon.steps[0], 0); /* the first come without notice */
	for (int i = 8; i < 64; i++)
		assert_int_equal(soon.steps[i], JOIN_SOON_STEPS);
	interval_join_release(&j);
}

static void erasing_a_key_leaves_nothing_of_it(void **state)
{
	struct interval_join_options o = options(false);
	struct interval_join j;
	struct told told;

	(void)state;
	interval_join_init(&j, &o);
	left(&j, "a", "h", 0);
	left(&j, "b", "h", 0);
	advance(&j, 1001, &told);
	left(&j, "a", "h", 900);
	right(&j, "a", "h", 100);
	interval_join_saved(&j);
	assert_int_equal(interval_join_erase(&j, slice_str("a")), 1);
	assert_int_equal(interval_join_erase(&j, slice_str("nobody")), 0);
	assert_int_equal(j.left.count, 1);
	assert_int_equal(j.right.count, 0);
	assert_int_equal(j.waiting, 0);
	assert_int_equal(j.left.gone_count, 2);
	assert_true(j.left.gone[0].erased);
	interval_join_release(&j);
}

static void births_and_deaths_are_remembered_for_the_checkpoint(void **state)
{
	struct interval_join_options o = options(false);
	struct interval_join j;
	struct told told;

	(void)state;
	interval_join_init(&j, &o);
	left(&j, "a", "h", 0);
	left(&j, "b", "h", 0);
	right(&j, "a", "h", 0); /* came and went between two checkpoints */
	assert_int_equal(j.left.born_count, 2);
	assert_null(timed_table_born(&j.left, 0));
	assert_non_null(timed_table_born(&j.left, 1));
	assert_int_equal(j.left.gone_count, 0);
	interval_join_saved(&j);
	left(&j, "a", "h", 5000); /* takes the cell of the first */
	right(&j, "b", "h", 0);
	assert_int_equal(j.left.gone_count, 1);
	assert_int_equal(j.left.gone[0].seq, 2);
	assert_non_null(timed_table_born(&j.left, 0));
	assert_int_equal(timed_table_born(&j.left, 0)->seq, 3);
	interval_join_saved(&j);
	advance(&j, 1000000, &told);
	assert_int_equal(j.left.gone_count, 0); /* expiry is a range delete */
	interval_join_release(&j);
}

/* ---- brute force ---- */

struct model_item {
	int key, detail;
	int64_t t;
	bool done, gone;
};

#define MODEL_MAX 4000

struct model {
	struct model_item left[MODEL_MAX], right[MODEL_MAX];
	int lefts, rights, told;
	int64_t watermark;
};

static bool in_interval(int64_t l, int64_t r)
{
	return r >= l && r <= l + WINDOW;
}

static enum join_left model_left(struct model *m, int key, int detail, int64_t t)
{
	if (t + WINDOW + LATENESS < m->watermark)
		return JOIN_TOO_LATE;
	for (int i = 0; i < m->lefts; i++) {
		const struct model_item *l = &m->left[i];

		if (!l->gone && l->key == key && l->detail == detail && l->t == t)
			return JOIN_DUPLICATE;
	}
	for (int i = 0; i < m->rights; i++)
		if (m->right[i].key == key && in_interval(t, m->right[i].t))
			return JOIN_MATCHED;
	m->left[m->lefts++] = (struct model_item){key, detail, t, false, false};
	return JOIN_WAITS;
}

static size_t model_right(struct model *m, int key, int64_t t)
{
	size_t matched = 0;

	for (int i = 0; i < m->lefts; i++) {
		struct model_item *l = &m->left[i];

		if (!l->gone && !l->done && l->key == key && in_interval(l->t, t)) {
			l->gone = true;
			matched++;
		}
	}
	if (t + WINDOW + LATENESS >= m->watermark)
		m->right[m->rights++] = (struct model_item){key, 0, t, false, false};
	return matched;
}

static int model_advance(struct model *m, int64_t watermark)
{
	int told = 0;

	if (watermark > m->watermark)
		m->watermark = watermark;
	for (int i = 0; i < m->lefts; i++) {
		struct model_item *l = &m->left[i];

		if (!l->gone && !l->done && l->t + WINDOW < m->watermark) {
			l->done = true;
			told++;
		}
		if (l->t + WINDOW + LATENESS < m->watermark)
			l->gone = true;
	}
	return told;
}

static int64_t model_oldest(const struct model *m)
{
	int64_t oldest = EVENT_TIME_MIN.ms;

	for (int i = 0; i < m->lefts; i++) {
		const struct model_item *l = &m->left[i];

		if (!l->gone && !l->done && (oldest == EVENT_TIME_MIN.ms || l->t < oldest))
			oldest = l->t;
	}
	return oldest;
}

static void the_join_agrees_with_brute_force(void **state)
{
	static struct model m;
	struct told told;
	struct random r;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct interval_join_options o = options(false);
		struct interval_join j;

		memset(&m, 0, sizeof(m));
		m.watermark = -100000;
		interval_join_init(&j, &o);
		random_init(&r, seed);
		for (int i = 0; i < 3000; i++) {
			int64_t t = i + (int64_t)random_below(&r, 3000) - 1500;
			int key = (int)random_below(&r, 12), detail = (int)random_below(&r, 3);
			char k[8], d[8];

			snprintf(k, sizeof(k), "k%d", key);
			snprintf(d, sizeof(d), "d%d", detail);
			switch (random_below(&r, 8)) {
			case 0: assert_int_equal(right(&j, k, d, t), model_right(&m, key, t)); break;
			case 1:
				t = i - 1000 + (int64_t)random_below(&r, 500);
				if (t > m.watermark) {
					advance(&j, t, &told);
					assert_int_equal(told.count, model_advance(&m, t));
				}
				break;
			case 2:
				interval_join_saved(&j);
				assert_int_equal(interval_join_oldest_waiting(&j).ms, model_oldest(&m));
				break;
			default: assert_int_equal(left(&j, k, d, t), model_left(&m, key, detail, t));
			}
		}
		advance(&j, 100000, &told);
		assert_int_equal(told.count, model_advance(&m, 100000));
		assert_int_equal(j.left.count, 0);
		assert_int_equal(j.right.count, 0);
		assert_int_equal(j.left.keys, 0);
		interval_join_release(&j);
	}
}

static void one_key_may_have_a_million_items(void **state)
{
	struct interval_join_options o = {.window = 1000000, .seed = 1};
	struct interval_join j;
	struct told told;
	char detail[16];

	(void)state;
	interval_join_init(&j, &o);
	for (int i = 0; i < 1000000; i++) { /* quadratic work would take hours */
		snprintf(detail, sizeof(detail), "%d", i);
		assert_int_equal(left(&j, "bot", detail, i), JOIN_WAITS);
	}
	advance(&j, 1500001, &told);
	assert_int_equal(told.count, 500001);
	assert_int_equal(j.left.count, 499999);
	assert_int_equal(right(&j, "bot", "", 1500000), 499999);
	advance(&j, 4000000, &told);
	assert_int_equal(told.count, 0);
	assert_int_equal(j.left.count, 0);
	interval_join_release(&j);
}

static void a_waiting_item_costs_little_memory(void **state)
{
	struct interval_join_options o = {.window = 1200000, .lateness = 600000, .seed = 1};
	struct interval_join j;
	char key[40], detail[16];
	int n = 3 << 18; /* three quarters of a power of two: the index just before it grows */

	(void)state;
	interval_join_init(&j, &o);
	for (int i = 0; i < n - 1; i++) {
		snprintf(key, sizeof(key), "customer.%08d@mail.example", i);
		snprintf(detail, sizeof(detail), "H%07d", i % 1000);
		left(&j, key, detail, i);
	}
	interval_join_saved(&j);
	print_message("%.1f bytes a waiting item, %zu of them strings\n",
		      (double)(timed_table_bytes(&j.left) - j.left.born_cap * sizeof(uint32_t)) / (n - 1),
		      j.left.string_bytes / (size_t)(n - 1));
	assert_true(timed_table_bytes(&j.left) < (size_t)n * 110);
	interval_join_release(&j);
}

/* ---- the heap ---- */

static void the_heap_gives_the_earliest_first(void **state)
{
	static struct time_heap_node nodes[500];
	struct time_heap h;
	struct random r;
	int64_t last = INT64_MIN;
	size_t removed = 0;

	(void)state;
	time_heap_init(&h);
	random_init(&r, 3);
	memset(nodes, 0, sizeof(nodes));
	assert_null(time_heap_first(&h));
	for (int i = 0; i < 500; i++)
		time_heap_add(&h, &nodes[i], event_time_at((int64_t)random_below(&r, 300)));
	for (int i = 0; i < 500; i += 3, removed++) {
		time_heap_remove(&h, &nodes[i]);
		time_heap_remove(&h, &nodes[i]); /* twice does no harm */
	}
	assert_int_equal(h.count, 500 - removed);
	for (struct time_heap_node *n; (n = time_heap_take_below(&h, event_time_at(200))) != NULL;) {
		assert_true(n->time.ms >= last && n->time.ms < 200);
		last = n->time.ms;
	}
	assert_true(time_heap_first(&h) == NULL || time_heap_first(&h)->time.ms >= 200);
	time_heap_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_interval_is_closed_at_both_ends),
		cmocka_unit_test(a_right_item_that_came_first_matches_too),
		cmocka_unit_test(details_match_only_when_told_so),
		cmocka_unit_test(duplicates_are_known_as_long_as_anyone_can_come_late),
		cmocka_unit_test(overdue_items_can_still_be_matched),
		cmocka_unit_test(decisions_come_in_order_of_time),
		cmocka_unit_test(an_advance_may_stop_between_two_moments),
		cmocka_unit_test(what_will_be_told_is_announced_step_by_step),
		cmocka_unit_test(erasing_a_key_leaves_nothing_of_it),
		cmocka_unit_test(births_and_deaths_are_remembered_for_the_checkpoint),
		cmocka_unit_test(the_join_agrees_with_brute_force),
		cmocka_unit_test(one_key_may_have_a_million_items),
		cmocka_unit_test(a_waiting_item_costs_little_memory),
		cmocka_unit_test(the_heap_gives_the_earliest_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
