/* The pipeline through its header: where records go, what comes out. */

#include "test/lib/cmocka_all.h"
#include "test/lib/pipeline_fixture.h"
#include "wire/decoder.h"

#define assert_heard(f, part) assert_non_null(strstr(fixture_heard(f), part))
#define assert_silent(f)      assert_string_equal(fixture_heard(f), "")

static const struct pipeline_counters *count(const struct fixture *f)
{
	return pipeline_counters(f->pipeline);
}

static int setup(void **state)
{
	static struct fixture f;

	fixture_init(&f);
	f.answers = true;
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fixture_release(*state);
	return 0;
}

static void an_abandoned_click_becomes_a_target_with_all_it_needs(void **state)
{
	struct fixture *f = *state;

	fixture_hotel(f, "h2", "Plaza", "Rome", "pool");
	fixture_hotel(f, "h1", "Ritz", "Rome", "pool");
	fixture_hotel(f, "h0", NULL, "Rome", "pool");
	fixture_hotel(f, "h3", "Other", "Rome", "spa");
	fixture_hotel(f, "h4", "Void", NULL, "pool");
	fixture_review(f, "r2", "h1", NULL, "later", -DAY);
	fixture_review(f, "r1", "h1", NULL, "earlier", -2 * DAY);
	fixture_review(f, "r3", "h1", NULL, "too old", -28 * DAY - 1); /* February has 28 */
	fixture_review(f, "r4", "h1", NULL, "first day", -28 * DAY);
	fixture_review(f, "r5", "h1", NULL, "after", 1);
	fixture_review(f, "r6", "h1", NULL, "at the click", 0);
	fixture_review(f, "r7", "h2", NULL, "elsewhere", 0);
	fixture_heard(f);
	assert_int_equal(fixture_click(f, "ann", "h1", 0), DISPOSITION_USED);
	fixture_pass(f, 20 * MINUTE - 1);
	assert_silent(f);
	fixture_pass(f, 20 * MINUTE);
	assert_heard(
		f,
		" ann h1 0 Ritz/Rome [null,Plaza] {first day||| earlier||| later||| at the click} summary-");
	assert_string_equal(buf_cstr(&f->questions), "first day|earlier|later|at the click\n");
	assert_int_equal(count(f)->targets_emitted, 1);
}

static void a_booking_at_any_hotel_clears_the_click(void **state)
{
	struct fixture *f = *state;

	fixture_hotel(f, "h1", "Ritz", "Rome", "pool");
	fixture_click(f, "ann", "h1", 0);
	fixture_click(f, "ann", "h2", 1);
	fixture_booking(f, "b", "ann", "h9", 20 * MINUTE);
	fixture_pass(f, HOUR);
	assert_int_equal(count(f)->clicks_booked, 2);
	assert_int_equal(count(f)->clicks_abandoned, 0);
}

static void or_only_at_its_own_when_told_so(void **state)
{
	struct fixture *f = *state;

	f->config.match = MATCH_CUSTOMER_AND_HOTEL;
	f->config.reviews_required = false;
	fixture_begin(f);
	fixture_hotel(f, "h1", "Ritz", "Rome", "pool");
	fixture_heard(f);
	fixture_click(f, "ann", "h1", 0);
	fixture_click(f, "ann", "h2", 0);
	fixture_booking(f, "b", "ann", "h2", 10);
	fixture_pass(f, HOUR);
	assert_heard(f, "ann h1 0 Ritz/Rome [] {} NO REVIEWS FOUND.");
	assert_int_equal(count(f)->clicks_booked, 1);
	assert_int_equal(buf_view(&f->questions).len, 0);
}

static void case_is_folded_only_when_told_so(void **state)
{
	struct fixture *f = *state;

	fixture_click(f, "Ann@X", "h1", 0);
	fixture_booking(f, "b", "ann@x", "h1", 0);
	assert_int_equal(count(f)->clicks_booked, 0);
	f->config.case_insensitive = true;
	f->config.reviews_required = false;
	fixture_begin(f);
	fixture_hotel(f, "h1", "Ritz", "Rome", "pool");
	fixture_click(f, "Ann@X", "h1", 0);
	fixture_booking(f, "b", "aNN@x", "h1", 0);
	assert_int_equal(count(f)->clicks_booked, 1);
	fixture_heard(f);
	fixture_click(f, "Bob@X", "h1", 0);
	fixture_pass(f, HOUR);
	assert_heard(f, "bob@x h1 0");
}

static void every_click_has_one_disposition(void **state)
{
	struct fixture *f = *state;
	struct value ok[] = {fixture_text("a"), fixture_text("h"), fixture_text("booking-click")};
	struct value odd[4];

	assert_int_equal(fixture_click(f, NULL, "h", 0), DISPOSITION_FILTERED);
	assert_int_equal(fixture_click(f, "", "h", 0), DISPOSITION_FILTERED);
	assert_int_equal(fixture_click(f, "a", "", 0), DISPOSITION_FILTERED);
	assert_int_equal(count(f)->clicks_empty, 3);
	for (int slot = 0; slot < 3; slot++) {
		memcpy(odd, ok, sizeof(ok));
		odd[slot] = (struct value){.kind = VALUE_ABSENT};
		assert_int_equal(fixture_record(f, INPUT_CLICKSTREAM, 0, BASE, odd, 3, CHANGE_UPSERT),
				 DISPOSITION_DEAD);
		assert_int_equal(f->err.class, ERR_POISON);
		assert_int_equal(f->err.code, POISON_FIELD);
		odd[slot] = (struct value){.kind = VALUE_BOOL, .i = 1};
		assert_int_equal(fixture_record(f, INPUT_CLICKSTREAM, 0, BASE, odd, 3, CHANGE_UPSERT),
				 DISPOSITION_DEAD);
	}
	memcpy(odd, ok, sizeof(ok));
	odd[CLICK_ACTION] = fixture_text("Booking-Click");
	assert_int_equal(fixture_record(f, INPUT_CLICKSTREAM, 0, BASE, odd, 3, CHANGE_UPSERT),
			 DISPOSITION_FILTERED);
	odd[CLICK_ACTION] = fixture_text(NULL);
	assert_int_equal(fixture_record(f, INPUT_CLICKSTREAM, 0, BASE, odd, 3, CHANGE_UPSERT),
			 DISPOSITION_FILTERED);
	assert_int_equal(fixture_record(f, INPUT_CLICKSTREAM, 0, -1, ok, 3, CHANGE_UPSERT), DISPOSITION_DEAD);
	assert_int_equal(f->err.code, POISON_EVENT_TIME);
	assert_int_equal(fixture_record(f, INPUT_CLICKSTREAM, -1, BASE, ok, 3, CHANGE_UPSERT),
			 DISPOSITION_DEAD);
	ok[CLICK_HOTEL_ID] = fixture_long(17);
	assert_int_equal(fixture_record(f, INPUT_CLICKSTREAM, 0, BASE, ok, 3, CHANGE_UPSERT),
			 DISPOSITION_USED);
}

static void what_comes_from_the_future_does_not_move_time(void **state)
{
	struct fixture *f = *state;
	int64_t limit = f->wall + f->config.max_future_skew - BASE;
	struct partition_view p;

	assert_int_equal(fixture_click(f, "a", "h", limit + 1), DISPOSITION_DEAD);
	assert_int_equal(f->err.code, POISON_EVENT_TIME);
	pipeline_partition(f->pipeline, 0, &p);
	assert_true(p.max_event_time.ms == EVENT_TIME_MIN.ms);
	assert_int_equal(fixture_booking(f, "b", "a", "h", limit + 1), DISPOSITION_DEAD);
	assert_int_equal(fixture_review(f, "r", "h", NULL, "x", limit + 1), DISPOSITION_DEAD);
	assert_int_equal(fixture_click(f, "a", "h", limit), DISPOSITION_USED);
}

static void bad_bookings_are_dead_letters_and_clear_nothing(void **state)
{
	struct fixture *f = *state;
	struct value v[] = {fixture_text("b"),	  fixture_text("a"), fixture_text("h"),
			    fixture_text("soon"), fixture_long(1),   fixture_long(1)};

	fixture_click(f, "a", "h", 0);
	assert_int_equal(fixture_booking(f, NULL, "a", "h", 0), DISPOSITION_DEAD);
	assert_int_equal(fixture_booking(f, "b", "", "h", 0), DISPOSITION_DEAD);
	assert_int_equal(fixture_booking(f, "b", "a", NULL, 0), DISPOSITION_DEAD);
	assert_int_equal(fixture_record(f, INPUT_BOOKINGS, 0, BASE, v, 6, CHANGE_UPSERT), DISPOSITION_DEAD);
	assert_non_null(strstr(f->err.text, "CHECK_IN"));
	v[BOOKING_CHECK_IN] = fixture_text("2026-03-01");
	v[BOOKING_PRICE] = (struct value){.kind = VALUE_DOUBLE, .d = 99.5};
	assert_int_equal(fixture_record(f, INPUT_BOOKINGS, 0, BASE, v, 6, CHANGE_UPSERT), DISPOSITION_DEAD);
	assert_int_equal(count(f)->clicks_booked, 0);
	v[BOOKING_PRICE] = (struct value){.kind = VALUE_DOUBLE, .d = 99};
	v[BOOKING_ID] = fixture_long(12);
	fixture_hotel(f, "h", "Ritz", NULL, NULL);
	fixture_heard(f);
	assert_int_equal(fixture_record(f, INPUT_BOOKINGS, 0, BASE, v, 6, CHANGE_UPSERT), DISPOSITION_USED);
	assert_heard(f, " 12 a h Ritz 1772323200000 99\n");
	assert_int_equal(count(f)->clicks_booked, 1);
}

static void a_late_booking_still_clears_what_waits(void **state)
{
	struct fixture *f = *state;

	fixture_click(f, "a", "h", 0);
	fixture_booking(f, "z", "z", "h", 15 * MINUTE);
	assert_int_equal(fixture_booking(f, "b", "a", "h", 5 * MINUTE), DISPOSITION_USED);
	assert_int_equal(count(f)->bookings_late_cleared, 1);
	assert_int_equal(fixture_booking(f, "c", "a", "h", 5 * MINUTE), DISPOSITION_USED);
	assert_int_equal(count(f)->bookings_late_ineffective, 1);
}

static void a_turn_that_ends_early_holds_the_watermark_where_it_is(void **state)
{
	struct fixture *f = *state;

	fixture_click(f, "a", "h", 0);
	fixture_click(f, "b", "h", 1);
	f->hurried = true;
	fixture_pass(f, 20 * MINUTE + 1); /* past both deadlines, but there is time for one of them */
	assert_int_equal(count(f)->clicks_abandoned, 1);
	assert_true(pipeline_watermark(f->pipeline).ms <= BASE + 20 * MINUTE + 1);
	while (!pipeline_advance(f->pipeline, f->wall))
		;
	assert_int_equal(count(f)->clicks_abandoned, 2);
	assert_int_equal(pipeline_watermark(f->pipeline).ms, BASE + 20 * MINUTE + 2);
}

static void clicks_beyond_allowed_lateness_are_dropped(void **state)
{
	struct fixture *f = *state;

	fixture_pass(f, HOUR); /* the partition's watermark is 1 ms past the hour */
	assert_int_equal(fixture_click(f, "a", "h", HOUR + 1 - 10 * MINUTE - 1), DISPOSITION_LATE);
	assert_int_equal(fixture_click(f, "a", "h", HOUR + 1 - 10 * MINUTE), DISPOSITION_USED);
}

static void nothing_is_decided_before_the_dimensions_are_read(void **state)
{
	struct fixture *f = *state;

	f->ready = false;
	f->config.reviews_required = false;
	fixture_begin(f);
	fixture_hotel(f, "h", "Old", NULL, NULL);
	fixture_heard(f);
	fixture_click(f, "a", "h", 0);
	fixture_booking(f, "b", "z", "h", 0);
	fixture_pass(f, HOUR);
	assert_true(pipeline_watermark(f->pipeline).ms == EVENT_TIME_MIN.ms);
	fixture_hotel(f, "h", "New", NULL, NULL);
	assert_null(strstr(fixture_heard(f), "booking"));
	pipeline_dimensions_ready(f->pipeline);
	assert_heard(f, " b z h New");
	fixture_advance(f);
	assert_heard(f, "a h 0 New/Unknown");
}

static void a_target_waits_for_its_hotel_but_not_for_ever(void **state)
{
	struct fixture *f = *state;

	f->config.reviews_required = false;
	fixture_begin(f);
	fixture_click(f, "a", "h", 0);
	fixture_click(f, "b", "g", 0);
	fixture_pass(f, 25 * MINUTE - 1); /* grace is over when the watermark is past */
	assert_silent(f);
	fixture_hotel(f, "h", "Ritz", "Rome", "pool");
	assert_heard(f, "a h 0 Ritz");
	fixture_pass(f, 25 * MINUTE);
	assert_int_equal(count(f)->targets_dropped_no_hotel, 1);
	fixture_hotel(f, "g", "Plaza", "Rome", "pool");
	assert_null(strstr(fixture_heard(f), "target"));
}

static void a_booking_waits_for_its_hotel_as_well(void **state)
{
	struct fixture *f = *state;

	fixture_booking(f, "b1", "a", "h", 0);
	fixture_booking(f, "b2", "a", "g", 0);
	fixture_hotel(f, "h", "Ritz", "Rome", "pool");
	assert_heard(f, " b1 a h Ritz");
	fixture_pass(f, 5 * MINUTE);
	assert_int_equal(count(f)->bookings_dropped_no_hotel, 1);
}

static void the_catalog_has_one_record_per_version(void **state)
{
	struct fixture *f = *state;
	struct value v[HOTEL_FIELDS] = {fixture_text("h  "), fixture_text("__debezium_unavailable_value")};

	assert_int_equal(fixture_hotel(f, "h", "Ritz", "Rome", "pool"), DISPOSITION_USED);
	assert_heard(f, " h Ritz Rome");
	assert_int_equal(fixture_hotel(f, "h", "Ritz", "Rome", "pool"), DISPOSITION_FILTERED);
	assert_silent(f);
	assert_int_equal(fixture_record(f, INPUT_HOTEL, 0, BASE, v, HOTEL_FIELDS, CHANGE_UPSERT),
			 DISPOSITION_USED);
	assert_heard(f, " h Ritz null");
	assert_int_equal(fixture_hotel_gone(f, "h"), DISPOSITION_USED);
	assert_int_equal(fixture_hotel_gone(f, "h"), DISPOSITION_FILTERED);
	assert_int_equal(fixture_hotel_gone(f, NULL), DISPOSITION_DEAD);
	assert_int_equal(fixture_record(f, INPUT_HOTEL, 0, BASE, v, 1, CHANGE_NONE), DISPOSITION_FILTERED);
	assert_silent(f);
}

static void targets_with_equal_reviews_share_one_question(void **state)
{
	struct fixture *f = *state;

	f->answers = false;
	fixture_hotel(f, "h", "Ritz", "Rome", "pool");
	fixture_review(f, "r", "h", NULL, "fine", 0);
	fixture_click(f, "a", "h", 0);
	fixture_click(f, "b", "h", 1);
	fixture_pass(f, HOUR);
	fixture_heard(f);
	assert_string_equal(buf_cstr(&f->questions), "fine\n");
	assert_int_equal(count(f)->summaries_asked, 1);
	assert_int_equal(count(f)->summaries_reused, 1);
	fixture_answer_all(f);
	assert_int_equal(count(f)->targets_emitted, 2);
	fixture_click(f, "c", "h", 55 * MINUTE);
	fixture_pass(f, 3 * HOUR);
	assert_int_equal(count(f)->targets_emitted, 3);
	assert_string_equal(buf_cstr(&f->questions), "fine\n");
	pipeline_answer(f->pipeline, (struct hash_id){{1}}, slice_str("nobody asked"));
	assert_int_equal(count(f)->targets_emitted, 3);
}

static void an_answer_that_was_let_go_is_asked_for_again(void **state)
{
	struct fixture *f = *state;
	struct pipeline_sizes s;

	f->config.answer_cache = 1;
	fixture_begin(f);
	fixture_hotel(f, "h", "Ritz", "Rome", "pool");
	fixture_hotel(f, "g", "Plaza", "Rome", "pool");
	fixture_review(f, "r", "h", NULL, "one", 0);
	fixture_review(f, "s", "g", NULL, "two", 0);
	fixture_click(f, "a", "h", 0);
	fixture_click(f, "a", "g", 1);
	fixture_click(f, "a", "h", 2);
	fixture_pass(f, HOUR);
	assert_string_equal(buf_cstr(&f->questions), "one\ntwo\none\n");
	assert_int_equal(count(f)->targets_emitted, 3);
	pipeline_sizes(f->pipeline, &s);
	assert_int_equal(s.answers, 1);
	fixture_checkpoint(f);
	assert_int_equal(fixture_rows(f, "answer"), 1);
}

static void a_separator_in_a_review_forges_nothing(void **state)
{
	struct fixture *f = *state;

	fixture_hotel(f, "h", "Ritz", "Rome", "pool");
	fixture_hotel(f, "g", "Plaza", "Rome", "pool");
	fixture_review(f, "r1", "h", NULL, "a||| b", 0);
	fixture_review(f, "r2", "g", NULL, "a", 0);
	fixture_review(f, "r3", "g", NULL, "b", 0);
	fixture_click(f, "x", "h", 0);
	fixture_click(f, "x", "g", 0);
	fixture_pass(f, HOUR);
	assert_string_equal(buf_cstr(&f->questions), "a||| b\na|b\n"); /* two questions, not one */
}

static void reviews_find_their_hotel_through_the_booking(void **state)
{
	struct fixture *f = *state;
	struct pipeline_sizes s;

	fixture_hotel(f, "h", "Ritz", "Rome", "pool");
	assert_int_equal(fixture_review(f, "r1", NULL, "b1", "early bird", 0), DISPOSITION_USED);
	pipeline_sizes(f->pipeline, &s);
	assert_int_equal(s.reviews_waiting_booking, 1);
	fixture_booking(f, "b1", "z", "h", 0);
	fixture_review(f, "r2", NULL, "b1", "guest", 0);
	fixture_review(f, "r3", "h", "b9", "named", 0);
	fixture_review(f, "r4", NULL, "b8", "lost", 0);
	fixture_click(f, "a", "h", 0);
	fixture_pass(f, HOUR);
	assert_string_equal(buf_cstr(&f->questions), "early bird|guest|named\n");
	assert_int_equal(fixture_review(f, "r5", NULL, NULL, "whose?", 0), DISPOSITION_DEAD);
	assert_int_equal(fixture_review(f, "r5", "h", NULL, "", 0), DISPOSITION_FILTERED);
	assert_int_equal(fixture_review(f, "r5", "h", NULL, NULL, 0), DISPOSITION_FILTERED);
	assert_int_equal(fixture_review(f, NULL, "h", NULL, "x", 0), DISPOSITION_DEAD);
}

static void reviews_that_can_join_nothing_are_purged(void **state)
{
	struct fixture *f = *state;
	struct pipeline_sizes s;

	fixture_review(f, "r1", "h", NULL, "old", 0);
	fixture_review(f, "r2", NULL, "b", "old", 0);
	fixture_review(f, "r3", "h", NULL, "young", 20 * DAY);
	fixture_pass(f, 31 * DAY);
	pipeline_sizes(f->pipeline, &s);
	assert_int_equal(s.reviews + s.reviews_waiting_booking, 3);
	fixture_checkpoint(f);
	fixture_pass(f, 33 * DAY);
	pipeline_sizes(f->pipeline, &s);
	assert_int_equal(s.reviews, 1);
	assert_int_equal(count(f)->reviews_expired, 1);
	assert_int_equal(count(f)->reviews_unresolved_expired, 1);
	fixture_review(f, "r4", "h", NULL, "older than anyone needs", 0);
	fixture_checkpoint(f);
	fixture_advance(f);
	fixture_checkpoint(f);
	assert_int_equal(fixture_rows(f, "review"), 1);
}

static void an_erased_customer_is_forgotten(void **state)
{
	struct fixture *f = *state;
	struct pipeline_sizes s;

	f->answers = false;
	fixture_hotel(f, "h", "Ritz", "Rome", "pool");
	fixture_review(f, "r", "h", NULL, "fine", 0);
	fixture_customer(f, "c1", "ann");
	fixture_click(f, "ann", "h", 0); /* will wait for an answer */
	fixture_click(f, "ann", "g", 0); /* will wait for its hotel */
	fixture_pass(f, 21 * MINUTE);
	fixture_booking(f, "b", "ann", "g", 0);	   /* waits for its hotel, is kept */
	fixture_click(f, "ann", "h", 21 * MINUTE); /* pending */
	fixture_checkpoint(f);
	assert_int_equal(fixture_customer_gone(f, "c1", NULL), DISPOSITION_USED);
	assert_string_equal(buf_cstr(&f->erased), "ann\n");
	assert_int_equal(count(f)->targets_erased, 2);
	pipeline_sizes(f->pipeline, &s);
	assert_int_equal(s.clicks_pending + s.clicks_decided_kept + s.targets_waiting_hotel, 0);
	assert_int_equal(s.targets_waiting_answer, 0);
	fixture_checkpoint(f);
	assert_int_equal(fixture_rows(f, "click") + fixture_rows(f, "customer"), 0);
	fixture_heard(f);
	assert_int_equal(fixture_click(f, "ann", "h", 22 * MINUTE), DISPOSITION_FILTERED);
	assert_int_equal(count(f)->clicks_suppressed, 1);
	fixture_restore(f);
	assert_int_equal(fixture_click(f, "ann", "h", 22 * MINUTE), DISPOSITION_FILTERED);
	assert_int_equal(fixture_click(f, "bob", "h", 22 * MINUTE), DISPOSITION_USED);
	assert_int_equal(fixture_customer_gone(f, "c1", NULL), DISPOSITION_FILTERED); /* the tombstone */
	assert_int_equal(fixture_customer(f, "c7", "ann"), DISPOSITION_USED);	      /* created again */
	assert_int_equal(fixture_click(f, "ann", "h", 22 * MINUTE), DISPOSITION_USED);
	fixture_answer_all(f);
	assert_null(strstr(fixture_heard(f), "target"));
	fixture_checkpoint(f);
	assert_int_equal(fixture_rows(f, "erased"), 0);
}

static void a_shared_address_is_erased_but_not_suppressed(void **state)
{
	struct fixture *f = *state;

	fixture_customer(f, "c1", "ann");
	fixture_customer(f, "c2", "ann");
	fixture_click(f, "ann", "h", 0);
	fixture_customer_gone(f, "c1", NULL);
	assert_string_equal(buf_cstr(&f->erased), "ann\n");
	assert_int_equal(fixture_click(f, "ann", "h", 1), DISPOSITION_USED);
	fixture_customer(f, "c2", "ann@new"); /* a changed address is no erasure */
	assert_int_equal(fixture_click(f, "ann", "h", 2), DISPOSITION_USED);
	fixture_customer_gone(f, "c9", "eve"); /* unknown, but the before image names it */
	assert_int_equal(fixture_click(f, "eve", "h", 2), DISPOSITION_FILTERED);
}

static void an_answer_for_an_erased_customer_serves_others(void **state)
{
	struct fixture *f = *state;

	f->answers = false;
	fixture_hotel(f, "h", "Ritz", "Rome", "pool");
	fixture_review(f, "r", "h", NULL, "fine", 0);
	fixture_click(f, "ann", "h", 0);
	fixture_pass(f, 21 * MINUTE);
	fixture_customer_gone(f, "c1", "ann");
	fixture_answer_all(f);
	fixture_click(f, "bob", "h", 30 * MINUTE);
	fixture_heard(f);
	fixture_pass(f, HOUR);
	assert_heard(f, "bob h 1800000 Ritz");
	assert_int_equal(count(f)->summaries_asked, 1);
}

static void intermediate_topics_come_when_asked_for(void **state)
{
	struct fixture *f = *state;

	f->config.outputs[OUTPUT_SIMILAR] = f->config.outputs[OUTPUT_REVIEWS] = true;
	f->config.outputs[OUTPUT_BOOKINGS] = f->config.outputs[OUTPUT_CATALOG] = false;
	fixture_begin(f);
	fixture_hotel(f, "h", NULL, NULL, NULL);
	fixture_click(f, "a", "h", 0);
	fixture_pass(f, 21 * MINUTE);
	assert_string_equal(fixture_heard(f) + strlen("similar 1234"), " a h 0 Unknown/null [] {} \n");
	assert_int_equal(count(f)->targets_dropped_no_reviews, 1);
	fixture_review(f, "r", "h", NULL, "fine", 0);
	fixture_click(f, "a", "h", 30 * MINUTE);
	fixture_pass(f, HOUR);
	assert_heard(f, " a h 1800000 Unknown/Unknown [] {fine} \ntarget");
}

static void ids_say_what_an_output_is_about_not_when_it_came(void **state)
{
	struct fixture *f = *state;
	char first[5], again[5];

	f->config.reviews_required = false;
	fixture_begin(f);
	fixture_hotel(f, "h", "Ritz", "Rome", "pool");
	fixture_heard(f);
	fixture_click(f, "a", "h", 0);
	fixture_pass(f, 21 * MINUTE);
	memcpy(first, fixture_heard(f) + strlen("target "), 4);
	fixture_begin(f);
	fixture_click(f, "b", "h", 0);
	fixture_click(f, "a", "h", 0);
	fixture_pass(f, 20 * MINUTE);
	fixture_hotel(f, "h", "Ritz", "Rome", "pool");
	memcpy(again, strstr(fixture_heard(f), " a h 0 ") - 4, 4);
	assert_memory_equal(first, again, 4);
}

static void the_last_customer_of_the_night_is_served(void **state)
{
	struct fixture *f = *state;

	f->config.reviews_required = false;
	f->wall = BASE;
	fixture_begin(f);
	fixture_hotel(f, "h", "Ritz", "Rome", "pool");
	fixture_heard(f);
	fixture_click(f, "a", "h", 0);
	pipeline_partition_end(f->pipeline, INPUT_CLICKSTREAM, 0, f->wall);
	pipeline_partition_end(f->pipeline, INPUT_BOOKINGS, 0, f->wall);
	f->wall = BASE + 20 * MINUTE + f->config.out_of_orderness;
	fixture_advance(f);
	assert_silent(f);
	f->wall++;
	fixture_advance(f);
	assert_heard(f, "a h 0 Ritz");
}

static void a_pipeline_at_rest_has_nothing_to_save(void **state)
{
	struct fixture *f = *state;

	f->wall = BASE;
	fixture_begin(f);
	pipeline_partition_end(f->pipeline, INPUT_CLICKSTREAM, 0, f->wall);
	pipeline_partition_end(f->pipeline, INPUT_BOOKINGS, 0, f->wall);
	fixture_click(f, "a", "h", 0);
	assert_true(pipeline_dirty_bytes(f->pipeline) > 0);
	fixture_pass(f, 3 * HOUR);
	fixture_checkpoint(f);
	f->wall += DAY;
	pipeline_partition_end(f->pipeline, INPUT_CLICKSTREAM, 0, f->wall);
	pipeline_partition_end(f->pipeline, INPUT_BOOKINGS, 0, f->wall);
	f->wall += DAY;
	fixture_advance(f);
	fixture_checkpoint(f); /* the last rows leave by age */
	f->wall += 1000;
	fixture_advance(f);
	assert_int_equal(pipeline_dirty_bytes(f->pipeline), 0); /* only the clock's watermark moved */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_abandoned_click_becomes_a_target_with_all_it_needs),
		TEST(a_booking_at_any_hotel_clears_the_click),
		TEST(or_only_at_its_own_when_told_so),
		TEST(case_is_folded_only_when_told_so),
		TEST(every_click_has_one_disposition),
		TEST(what_comes_from_the_future_does_not_move_time),
		TEST(bad_bookings_are_dead_letters_and_clear_nothing),
		TEST(a_late_booking_still_clears_what_waits),
		TEST(a_turn_that_ends_early_holds_the_watermark_where_it_is),
		TEST(clicks_beyond_allowed_lateness_are_dropped),
		TEST(nothing_is_decided_before_the_dimensions_are_read),
		TEST(a_target_waits_for_its_hotel_but_not_for_ever),
		TEST(a_booking_waits_for_its_hotel_as_well),
		TEST(the_catalog_has_one_record_per_version),
		TEST(targets_with_equal_reviews_share_one_question),
		TEST(an_answer_that_was_let_go_is_asked_for_again),
		TEST(a_separator_in_a_review_forges_nothing),
		TEST(reviews_find_their_hotel_through_the_booking),
		TEST(reviews_that_can_join_nothing_are_purged),
		TEST(an_erased_customer_is_forgotten),
		TEST(a_shared_address_is_erased_but_not_suppressed),
		TEST(an_answer_for_an_erased_customer_serves_others),
		TEST(intermediate_topics_come_when_asked_for),
		TEST(ids_say_what_an_output_is_about_not_when_it_came),
		TEST(the_last_customer_of_the_night_is_served),
		TEST(a_pipeline_at_rest_has_nothing_to_save),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
