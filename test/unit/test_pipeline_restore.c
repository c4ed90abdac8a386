/* A pipeline that is stopped and restored at any moment gives what one that
 * never stopped gives: the same outputs, in the same order, the same sizes. */

#include "base/random.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/pipeline_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define STEPS 1500

static const char *pick(struct random *r, const char *prefix, uint64_t n, char out[16])
{
	snprintf(out, 16, "%s%d", prefix, (int)random_below(r, n));
	return out;
}

/* One random event around `now` (ms from BASE). */
static void event(struct fixture *f, struct random *r, int64_t now)
{
	char email[16], hotel[16], other[16], id[16];
	int64_t at = now - (int64_t)random_below(r, 4) * (int64_t)random_below(r, 8000);

	if (random_below(r, 60) == 0)
		at -= (int64_t)random_below(r, 12) * MINUTE;
	pick(r, "e", 12, email);
	pick(r, "h", 7, hotel);
	pick(r, "b", 400, other);
	switch (random_below(r, 24)) {
	case 0:
	case 1: fixture_booking(f, other, email, hotel, at); break;
	case 2:
		fixture_hotel(f, hotel, pick(r, "name", 3, id), random_below(r, 4) ? "Rome" : NULL,
			      random_below(r, 5) ? "pool" : "spa");
		break;
	case 3:
		if (random_below(r, 3) == 0)
			fixture_hotel_gone(f, hotel);
		break;
	case 4:
	case 5:
		fixture_review(f, pick(r, "r", 60, id), random_below(r, 2) ? hotel : NULL, other,
			       pick(r, "text", 5, email), now - (int64_t)random_below(r, 40) * DAY);
		break;
	case 6: fixture_customer(f, pick(r, "c", 12, id), email); break;
	case 7:
		if (random_below(r, 4) == 0)
			fixture_customer_gone(f, pick(r, "c", 12, id), random_below(r, 2) ? email : NULL);
		break;
	case 8:
		if (random_below(r, 3) == 0)
			fixture_answer_all(f);
		break;
	default: fixture_click(f, email, hotel, at);
	}
}

static void play(struct fixture *f, uint64_t seed, bool restarts)
{
	struct random r, restart;
	int64_t now = 0;

	random_init(&r, seed);
	random_init(&restart, seed + 1000000);
	for (int i = 0; i < STEPS; i++) {
		if (random_below(&r, 10) == 0)
			now += (int64_t)random_below(&r, 4) * MINUTE;
		now += (int64_t)random_below(&r, 3000);
		event(f, &r, now);
		if (random_below(&r, 3) == 0)
			fixture_advance(f);
		if (restarts && random_below(&restart, 12) == 0)
			fixture_checkpoint(f);
		if (restarts && random_below(&restart, 25) == 0) {
			fixture_checkpoint(f); /* nothing is lost: replay of input is the driver's */
			fixture_restore(f);
		}
	}
	fixture_pass(f, now + 3 * HOUR);
	if (restarts) {
		fixture_checkpoint(f);
		fixture_restore(f);
	}
	fixture_answer_all(f);
}

static void configure(struct fixture *f, uint64_t seed)
{
	f->config.match = seed % 3 == 0 ? MATCH_CUSTOMER_AND_HOTEL : MATCH_CUSTOMER;
	f->config.reviews_required = seed % 2;
	f->config.booking_memory = seed % 5 == 0 ? HOUR : 120 * DAY;
	f->config.answer_cache = seed % 7 == 0 ? 4 : 1000;
	for (int i = 0; i < OUTPUTS; i++)
		f->config.outputs[i] = true;
	f->answers = seed % 4 == 0;
	fixture_begin(f);
}

static void compare_sizes(const struct fixture *a, const struct fixture *b)
{
	struct pipeline_sizes x, y;

	pipeline_sizes(a->pipeline, &x);
	pipeline_sizes(b->pipeline, &y);
	assert_memory_equal(&x, &y, sizeof(x));
	assert_true(pipeline_watermark(a->pipeline).ms == pipeline_watermark(b->pipeline).ms);
	assert_true(pipeline_oldest_pending(a->pipeline).ms == pipeline_oldest_pending(b->pipeline).ms);
}

static void a_restored_pipeline_behaves_as_if_it_had_never_stopped(void **state)
{
	size_t bytes = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct fixture straight, stopped;

		fixture_init(&straight);
		fixture_init(&stopped);
		configure(&straight, seed);
		configure(&stopped, seed);
		play(&straight, seed, false);
		play(&stopped, seed, true);
		bytes += straight.lines.len;
		assert_string_equal(buf_cstr(&stopped.lines), buf_cstr(&straight.lines));
		assert_string_equal(buf_cstr(&stopped.erased), buf_cstr(&straight.erased));
		assert_memory_equal(stopped.dispositions, straight.dispositions,
				    sizeof(stopped.dispositions));
		compare_sizes(&straight, &stopped);
		fixture_release(&straight);
		fixture_release(&stopped);
	}
	assert_true(bytes > 100000); /* it was no comparison of silence */
}

static void what_is_saved_is_what_lives(void **state)
{
	struct pipeline_sizes s;
	struct fixture f;

	(void)state;
	for (uint64_t seed = 50; seed < 60; seed++) {
		fixture_init(&f);
		configure(&f, seed);
		play(&f, seed, true);
		fixture_checkpoint(&f);
		pipeline_sizes(f.pipeline, &s);
		assert_int_equal(fixture_rows(&f, "hotel"), s.hotels);
		assert_int_equal(fixture_rows(&f, "customer"), s.customers);
		assert_int_equal(fixture_rows(&f, "review"), s.reviews + s.reviews_waiting_booking);
		assert_int_equal(fixture_rows(&f, "answer"), s.answers);
		assert_int_equal(fixture_rows(&f, "question"), 0);
		assert_int_equal(fixture_rows(&f, "target_hotel"), 0);
		assert_int_equal(fixture_rows(&f, "target_answer"), 0);
		assert_int_equal(fixture_rows(&f, "click"), 0);
		assert_int_equal(fixture_rows(&f, "click_gone"), 0);
		assert_int_equal(fixture_rows(&f, "booking"), s.bookings_kept);
		assert_int_equal(fixture_rows(&f, "booking_waiting"), s.bookings_waiting_hotel);
		assert_int_equal(fixture_rows(&f, "watermark"), 1);
		fixture_release(&f);
	}
}

static void a_click_that_comes_and_goes_between_checkpoints_is_never_saved(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_click(&f, "a", "h", 0);
	fixture_booking(&f, "b1", "a", "h", 0);
	fixture_click(&f, "b", "h", 0);
	fixture_checkpoint(&f);
	assert_int_equal(fixture_rows(&f, "click"), 1);
	assert_int_equal(fixture_rows(&f, "click_gone"), 0);
	fixture_booking(&f, "b2", "b", "h", 0);
	fixture_checkpoint(&f);
	assert_int_equal(fixture_rows(&f, "click"), 1); /* a tombstone, not a delete */
	assert_int_equal(fixture_rows(&f, "click_gone"), 1);
	fixture_restore(&f);
	fixture_pass(&f, 21 * MINUTE);
	assert_int_equal(pipeline_counters(f.pipeline)->clicks_abandoned, 0);
	fixture_pass(&f, 2 * HOUR);
	fixture_checkpoint(&f);
	assert_int_equal(fixture_rows(&f, "click"), 0);
	assert_int_equal(fixture_rows(&f, "click_gone"), 0);
	fixture_release(&f);
}

static void an_overdue_click_is_decided_once_over_restarts(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.config.reviews_required = false;
	f.config.out_of_orderness = 25 * MINUTE; /* one partition may be far behind the other's rest */
	fixture_begin(&f);
	fixture_hotel(&f, "h", "Ritz", NULL, NULL);
	fixture_pass(&f, 25 * MINUTE);
	fixture_heard(&f);
	assert_int_equal(fixture_click(&f, "a", "h", 0), DISPOSITION_LATE);
	f.config.allowed_lateness = HOUR;
	fixture_begin(&f);
	fixture_hotel(&f, "h", "Ritz", NULL, NULL);
	fixture_pass(&f, 25 * MINUTE);
	fixture_heard(&f);
	assert_int_equal(fixture_click(&f, "a", "h", 0), DISPOSITION_USED);
	fixture_checkpoint(&f); /* undecided, though the watermark is past its deadline */
	fixture_restore(&f);
	assert_string_equal(fixture_heard(&f), "");
	fixture_advance(&f);
	assert_non_null(strstr(fixture_heard(&f), "a h 0 Ritz"));
	fixture_checkpoint(&f);
	fixture_restore(&f);
	fixture_advance(&f);
	assert_string_equal(fixture_heard(&f), "");
	assert_int_equal(fixture_click(&f, "a", "h", 0), DISPOSITION_USED);
	assert_int_equal(pipeline_counters(f.pipeline)->clicks_duplicate, 1);
	fixture_release(&f);
}

static void a_changed_window_neither_decides_twice_nor_forgets(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.config.reviews_required = false;
	fixture_begin(&f);
	fixture_hotel(&f, "h", "Ritz", NULL, NULL);
	fixture_heard(&f);
	fixture_click(&f, "a", "h", 0);
	fixture_click(&f, "b", "h", 5 * MINUTE);
	fixture_pass(&f, 21 * MINUTE);
	assert_non_null(strstr(fixture_heard(&f), "a h 0 Ritz"));
	fixture_checkpoint(&f);
	f.config.window = 40 * MINUTE; /* longer: a stays decided, b waits on */
	fixture_restore(&f);
	fixture_advance(&f);
	fixture_click(&f, "c", "h", 17 * MINUTE);
	fixture_checkpoint(&f);
	fixture_restore(&f);
	fixture_pass(&f, 44 * MINUTE);
	assert_string_equal(fixture_heard(&f), "");
	f.config.window = 20 * MINUTE; /* shorter: both are overdue */
	fixture_checkpoint(&f);
	fixture_restore(&f);
	fixture_checkpoint(&f);
	fixture_restore(&f);
	fixture_advance(&f);
	assert_int_equal(pipeline_counters(f.pipeline)->clicks_abandoned, 2);
	fixture_checkpoint(&f);
	fixture_restore(&f);
	fixture_advance(&f);
	assert_int_equal(pipeline_counters(f.pipeline)->clicks_abandoned, 0);
	fixture_release(&f);
}

static void open_questions_are_asked_again(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_hotel(&f, "h", "Ritz", "Rome", "pool");
	fixture_hotel(&f, "i", NULL, "Rome", "pool");
	fixture_review(&f, "r1", "h", NULL, "12:fine - ", -DAY);
	fixture_review(&f, "r2", "h", NULL, "-", -2 * DAY);
	fixture_click(&f, "a", "h", 0);
	fixture_pass(&f, 21 * MINUTE);
	fixture_checkpoint(&f);
	f.questions.len = 0;
	fixture_heard(&f);
	fixture_hotel_gone(&f, "i"); /* frozen: similar hotels are those of the decision */
	fixture_restore(&f);
	assert_string_equal(buf_cstr(&f.questions), "-|12:fine - \n");
	fixture_answer_all(&f);
	assert_non_null(strstr(fixture_heard(&f), "a h 0 Ritz/Rome [null] {-||| 12:fine - } summary-"));
	fixture_release(&f);
}

static void damaged_rows_are_refused(void **state)
{
	struct cell cells[DELTA_MAX_CELLS];
	struct fixture f;

	(void)state;
	for (int table = -1; table <= pipeline_table_count; table++) {
		fixture_init(&f);
		for (int i = 0; i < DELTA_MAX_CELLS; i++)
			cells[i] = cell_blob(SLICE_LITERAL("x"));
		for (int count = 0; count < DELTA_MAX_CELLS; count++)
			assert_int_equal(pipeline_restore(f.pipeline, table, cells, count, &f.err), -1);
		assert_int_equal(f.err.class, ERR_REFUSED);
		for (int i = 0; i < DELTA_MAX_CELLS; i++)
			cells[i] = cell_int(-1);
		for (int count = 0; count < DELTA_MAX_CELLS; count++)
			if (!(table == 0 && count == 4))
				assert_int_equal(pipeline_restore(f.pipeline, table, cells, count, &f.err),
						 -1);
		fixture_release(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_restored_pipeline_behaves_as_if_it_had_never_stopped),
		cmocka_unit_test(what_is_saved_is_what_lives),
		cmocka_unit_test(a_click_that_comes_and_goes_between_checkpoints_is_never_saved),
		cmocka_unit_test(an_overdue_click_is_decided_once_over_restarts),
		cmocka_unit_test(a_changed_window_neither_decides_twice_nor_forgets),
		cmocka_unit_test(open_questions_are_asked_again),
		cmocka_unit_test(damaged_rows_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
