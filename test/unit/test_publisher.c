/* Publishing against a broker in memory that fails by script: whatever
 * happens, a reader of committed records sees each result once. */

#include "base/random.h"
#include "publish/metadata.h"
#include "store/outbox.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/publisher_rig.h"

#include <stdio.h>
#include <stdlib.h>

static void rows_go_first_and_offsets_last(void **state)
{
	struct rig *w = *state;

	rig_must(w, publisher_resolve(w->publisher, w->positions, 2, &w->err));
	rig_epoch(w, 3);
	rig_must(w, rig_step(w));
	/* open, committed, then begin, 3 rows, flush, offsets, commit */
	assert_string_equal(w->broker.trace, "ombpppfsc");
	rig_settle(w);
	rig_assert_each_once(w);
}

static void the_metadata_says_how_far(void **state)
{
	struct rig *w = *state;
	struct metadata m;

	w->positions[0].replay_from = 4;
	w->positions[1].watermark_ms = 77;
	rig_epoch(w, 3);
	rig_must(w, rig_step(w));
	assert_int_equal(metadata_parse(slice_str(fake_broker_metadata(&w->broker, "in", 0)), &m), 0);
	assert_string_equal(m.uuid, database_uuid(w->db));
	assert_true(m.epoch == 1 && m.seq == 3 && m.consumed == 10 && m.replay_from == 4);
	assert_int_equal(metadata_parse(slice_str(fake_broker_metadata(&w->broker, "in", 1)), &m), 0);
	assert_true(m.epoch == 1 && m.seq == 3 && m.consumed == 0 && m.replay_from == 0 &&
		    m.watermark_ms == 77);
	/* what Kafka itself sees is the low mark */
	assert_int_equal(w->broker.offsets[0].offset, 4);
}

static void rows_leave_on_evidence_not_on_success(void **state)
{
	struct rig *w = *state;
	uint64_t count, lowest, highest;

	rig_epoch(w, 3);
	rig_must(w, rig_step(w));
	rig_must(w, outbox_waiting(w->db, &count, &lowest, &highest, &w->err));
	assert_int_equal(count, 3); /* committed, but nobody looked yet */
	rig_must(w, rig_step(w));
	rig_must(w, outbox_waiting(w->db, &count, &lowest, &highest, &w->err));
	assert_int_equal(count, 0);
}

static void a_commit_that_is_not_shown_is_not_believed(void **state)
{
	struct rig *w = *state;

	rig_epoch(w, 3);
	rig_must(w, rig_step(w));
	fake_broker_forget_offsets(&w->broker);
	assert_int_equal(rig_step(w), -1);
	assert_int_equal(w->err.class, ERR_RETRY);
	rig_settle(w);
	rig_assert_each_once(w); /* the scan found them */
	assert_string_not_equal(fake_broker_metadata(&w->broker, "in", 0), "");
}

static void empty_epochs_cost_no_transaction_but_a_heartbeat_does_come(void **state)
{
	struct rig *w = *state;
	int commits;

	rig_epoch(w, 1);
	rig_settle(w);
	w->positions[0].consumed = 1000;
	commits = w->broker.calls[FAKE_COMMIT];
	for (int i = 0; i < 5; i++) {
		rig_epoch(w, 0);
		rig_must(w, rig_step(w));
	}
	assert_int_equal(w->broker.calls[FAKE_COMMIT], commits);
	w->mono += 30000; /* moved offsets, for lag monitors */
	rig_must(w, rig_step(w));
	assert_int_equal(w->broker.calls[FAKE_COMMIT], commits + 1);
	w->mono += 500000; /* nothing moved */
	rig_must(w, rig_step(w));
	assert_int_equal(w->broker.calls[FAKE_COMMIT], commits + 1);
	w->mono += 100000;
	rig_must(w, rig_step(w));
	assert_int_equal(w->broker.calls[FAKE_COMMIT], commits + 2);
	rig_assert_each_once(w);
}

static int rest(struct rig *w, int64_t after_ms)
{
	struct publisher_view v;

	w->mono += after_ms;
	rig_must(w, publisher_rest(w->publisher, w->positions, 2, &w->err));
	publisher_view(w->publisher, &v);
	return v.state;
}

static void the_producer_is_given_up_after_a_quiet_minute_and_comes_back_for_a_row(void **state)
{
	struct rig *w = *state;
	struct publisher_view v;

	rig_epoch(w, 2);
	rig_settle(w);
	assert_int_equal(rest(w, 0), PUBLISHER_READY); /* ten seconds ago */
	assert_int_equal(rest(w, 60000), PUBLISHER_RESTING);
	assert_false(w->broker.producer);
	for (int i = 0; i < 5; i++)
		rig_must(w, rig_step(w));
	assert_false(w->broker.producer);
	assert_int_equal(w->broker.calls[FAKE_OPEN], 1);
	rig_epoch(w, 1);
	rig_settle(w);
	assert_int_equal(w->broker.calls[FAKE_OPEN], 2);
	assert_int_equal(w->broker.calls[FAKE_SCAN], 1); /* the start's: a scan may take a second */
	rig_assert_each_once(w);
	publisher_view(w->publisher, &v);
	assert_int_equal(v.resolves, 1); /* the start's: nothing was in doubt */
}

static void a_resting_publisher_wakes_for_the_heartbeat(void **state)
{
	struct rig *w = *state;

	rig_epoch(w, 1);
	rig_settle(w);
	assert_int_equal(rest(w, 60000), PUBLISHER_RESTING);
	w->mono += 600000;
	rig_must(w, rig_step(w));
	assert_int_equal(w->broker.calls[FAKE_COMMIT], 2);
	assert_int_equal(rest(w, 59000), PUBLISHER_READY);
	assert_int_equal(rest(w, 2000), PUBLISHER_RESTING);
}

static void nobody_rests_before_kafka_has_shown_the_last_offsets(void **state)
{
	struct rig *w = *state;

	rig_epoch(w, 1);
	rig_settle(w);
	rig_epoch(w, 0);
	w->mono += 30000;
	w->broker.torn_unnoticed = 1; /* offsets alone: the commit succeeds, and nothing is there */
	rig_must(w, rig_step(w));
	assert_int_equal(w->broker.calls[FAKE_COMMIT], 2);
	assert_int_equal(rest(w, 60000), PUBLISHER_UNRESOLVED);
	rig_settle(w);
	rig_assert_each_once(w);
}

static void who_published_while_we_rested_is_noticed(void **state)
{
	struct rig *w = *state;
	struct metadata theirs = {.epoch = 9, .seq = 9};
	char text[METADATA_MAX];

	rig_epoch(w, 1);
	rig_settle(w);
	assert_int_equal(rest(w, 60000), PUBLISHER_RESTING);
	memset(theirs.uuid, 'f', 32);
	metadata_format(&theirs, text);
	fake_broker_set_offset(&w->broker, "in", 0, 50, text);
	rig_epoch(w, 1);
	assert_int_equal(rig_step(w), -1);
	assert_int_equal(w->err.class, ERR_REFUSED);
	assert_int_equal(fake_broker_visible_count(&w->broker), 1);
}

static void a_large_backlog_goes_in_several_transactions(void **state)
{
	struct rig *w = *state;

	rig_stop(w);
	w->options.max_rows = 10;
	rig_start(w);
	rig_epoch(w, 35);
	rig_must(w, rig_step(w));
	assert_int_equal(w->broker.calls[FAKE_COMMIT], 4);
	rig_settle(w);
	rig_assert_each_once(w);
}

/* Each call fails once in each way that it can, with what was computed before,
 * during and after. */
static void every_failure_of_every_call_is_survived(void **state)
{
	static const enum broker_verdict verdicts[] = {BROKER_RETRY, BROKER_ABORT, BROKER_INDEFINITE,
						       BROKER_FENCED, BROKER_FATAL};
	struct rig *w = *state;

	rig_settle(w);
	for (int call = FAKE_OPEN; call < FAKE_CALLS; call++) {
		for (size_t v = 0; v < sizeof(verdicts) / sizeof(verdicts[0]); v++) {
			rig_epoch(w, 2);
			rig_settle(w);
			fake_broker_fail(&w->broker, call, 1, verdicts[v]);
			rig_epoch(w, 3);
			(void)rig_step(w);
			rig_epoch(w, 1);
			rig_settle(w);
			rig_assert_each_once(w);
		}
	}
}

static void a_commit_that_arrived_although_it_was_called_indefinite(void **state)
{
	struct rig *w = *state;

	rig_epoch(w, 3);
	fake_broker_fail(&w->broker, FAKE_COMMIT, 1, BROKER_INDEFINITE);
	w->broker.script[FAKE_COMMIT].applied = true;
	assert_int_equal(rig_step(w), -1);
	rig_settle(w);
	rig_assert_each_once(w);
	assert_int_equal(w->broker.calls[FAKE_COMMIT], 1 + 1); /* the offsets once more, no row twice */
}

static void a_commit_that_arrives_late_is_waited_for_by_the_new_producer(void **state)
{
	struct rig *w = *state;

	rig_epoch(w, 3);
	fake_broker_fail(&w->broker, FAKE_COMMIT, 1, BROKER_INDEFINITE);
	w->broker.script[FAKE_COMMIT].delayed = true;
	assert_int_equal(rig_step(w), -1);
	rig_settle(w);
	rig_assert_each_once(w);
}

static void torn(struct rig *w)
{
	rig_epoch(w, 5);
	rig_settle(w);
	rig_epoch(w, 5);
	fake_broker_fail(&w->broker, FAKE_COMMIT, 1, BROKER_INDEFINITE);
	w->broker.script[FAKE_COMMIT].torn = 2; /* rows 6 and 7, no offsets */
	assert_int_equal(rig_step(w), -1);
}

static void a_torn_transaction_is_noticed_and_completed(void **state)
{
	struct rig *w = *state;

	torn(w);
	rig_settle(w);
	rig_assert_each_once(w);
}

static void a_doubt_about_an_outcome_survives_a_crash(void **state)
{
	struct rig *w = *state;
	char *doubt;

	torn(w);
	rig_crash(w);
	doubt = database_fact_get(w->db, "publish_dirty", &w->err);
	assert_string_equal(doubt, "1");
	free(doubt);
	rig_settle(w);
	doubt = database_fact_get(w->db, "publish_dirty", &w->err);
	assert_string_equal(doubt, "0");
	free(doubt);
	rig_assert_each_once(w);
}

static void an_output_that_was_switched_off_is_scanned_while_its_rows_wait(void **state)
{
	struct rig *w = *state;

	rig_epoch(w, 2);
	rig_settle(w);
	rig_epoch(w, 4);
	fake_broker_fail(&w->broker, FAKE_COMMIT, 1, BROKER_INDEFINITE);
	w->broker.script[FAKE_COMMIT].torn = 3;
	assert_int_equal(rig_step(w), -1);
	rig_stop(w);
	w->options.output_count = 0;
	rig_start(w);
	rig_settle(w);
	rig_assert_each_once(w);
}

static void a_torn_transaction_that_is_hidden_is_waited_for(void **state)
{
	struct rig *w = *state;

	rig_epoch(w, 2);
	rig_settle(w);
	rig_epoch(w, 4);
	fake_broker_fail(&w->broker, FAKE_COMMIT, 1, BROKER_INDEFINITE);
	w->broker.script[FAKE_COMMIT].torn = 2;
	w->broker.hidden = true; /* by a stranger's open transaction */
	assert_int_equal(rig_step(w), -1);
	for (int i = 0; i < 3; i++) {
		rig_crash(w);
		assert_int_equal(rig_step(w), -1); /* to send now would double two of them */
		assert_int_equal(w->err.class, ERR_RETRY);
	}
	w->broker.hidden = false;
	rig_settle(w);
	rig_assert_each_once(w);
}

static void the_metadata_never_promises_rows_that_wait(void **state)
{
	struct rig *w = *state;
	struct metadata m;

	rig_must(w, publisher_resolve(w->publisher, w->positions, 2, &w->err));
	rig_epoch(w, 6);
	fake_broker_fail(&w->broker, FAKE_COMMIT, 1, BROKER_INDEFINITE);
	w->broker.script[FAKE_COMMIT].torn = -1; /* only row 6 */
	assert_int_equal(rig_step(w), -1);
	rig_stop(w);
	w->options.max_rows = 2;
	rig_start(w);
	fake_broker_fail(&w->broker, FAKE_BEGIN, 2, BROKER_RETRY); /* after rows 1 and 2 */
	assert_int_equal(rig_step(w), -1);
	assert_int_equal(metadata_parse(slice_str(fake_broker_metadata(&w->broker, "in", 0)), &m), 0);
	assert_int_equal(m.seq, 2);
	rig_crash(w);
	rig_settle(w);
	rig_assert_each_once(w);
}

/* The scan that found them is over, and the life that made it too. */
static void rows_that_an_earlier_life_found_are_promised_as_well(void **state)
{
	struct rig *w = *state;
	struct metadata m;

	rig_epoch(w, 5);
	rig_settle(w);
	rig_epoch(w, 2);
	fake_broker_fail(&w->broker, FAKE_COMMIT, 1, BROKER_INDEFINITE);
	w->broker.script[FAKE_COMMIT].torn = 2; /* both, no offsets */
	assert_int_equal(rig_step(w), -1);
	rig_must(w, publisher_resolve(w->publisher, w->positions, 2, &w->err));
	rig_crash(w);
	rig_settle(w);
	w->mono += 700000; /* a heartbeat */
	rig_must(w, rig_step(w));
	assert_int_equal(metadata_parse(slice_str(fake_broker_metadata(&w->broker, "in", 0)), &m), 0);
	assert_int_equal(m.seq, 7);
	rig_assert_each_once(w);
}

static void a_crash_between_any_two_calls_is_survived(void **state)
{
	struct rig *w = *state;

	for (int call = FAKE_OPEN; call <= FAKE_COMMIT; call++) {
		rig_epoch(w, 4);
		/* The verdict stands for the crash: whoever looks is a new process. */
		fake_broker_fail(&w->broker, call, 1, BROKER_FATAL);
		w->broker.script[call].applied = call == FAKE_COMMIT;
		(void)rig_step(w);
		rig_crash(w);
		rig_settle(w);
		rig_assert_each_once(w);
	}
}

static void a_torn_commit_is_seen_by_the_next_step(void **state)
{
	struct rig *w = *state;

	rig_epoch(w, 3);
	w->broker.torn_unnoticed = 1;
	rig_must(w, rig_step(w));
	assert_int_equal(rig_step(w), -1); /* which has nothing to send */
	assert_int_equal(w->err.class, ERR_RETRY);
	rig_settle(w);
	rig_assert_each_once(w);
}

/* The next commit writes over the metadata that would have shown it. */
static void a_torn_commit_that_succeeded_is_not_covered_by_the_next(void **state)
{
	struct rig *w = *state;

	rig_epoch(w, 1);
	rig_must(w, rig_step(w));
	rig_epoch(w, 3);
	w->broker.torn_unnoticed = 1;
	rig_must(w, rig_step(w));
	rig_epoch(w, 2);
	assert_int_equal(rig_step(w), -1);
	assert_int_equal(w->err.class, ERR_RETRY);
	rig_settle(w);
	for (int seq = 1; seq <= 6; seq++) {
		char text[8];

		snprintf(text, sizeof(text), "%d", seq);
		assert_int_equal(fake_broker_visible(&w->broker, text), 1);
	}
}

static void nor_by_the_next_of_the_same_step(void **state)
{
	struct rig *w = *state;

	rig_stop(w);
	w->options.max_rows = 2;
	rig_start(w);
	rig_epoch(w, 4);
	w->broker.torn_unnoticed = 1;
	assert_int_equal(rig_step(w), -1);
	assert_int_equal(w->err.class, ERR_RETRY);
	assert_int_equal(w->broker.calls[FAKE_COMMIT], 1);
	rig_settle(w);
	rig_assert_each_once(w);
}

static void proven_rows_go_with_the_commit_of_the_next_epoch(void **state)
{
	struct rig *w = *state;
	struct checkpoint_state s;

	rig_epoch(w, 3);
	rig_must(w, rig_step(w));
	rig_epoch(w, 1);
	rig_must(w, rig_step(w));
	assert_int_equal(w->broker.calls[FAKE_COMMITTED], 2); /* at the start, and before the second */
	rig_must(w, checkpoint_load(w->db, &s, &w->err));
	assert_int_equal(s.acked_seq, 0);
	checkpoint_positions_free(s.positions, s.position_count);
	rig_epoch(w, 1);
	rig_must(w, checkpoint_load(w->db, &s, &w->err));
	assert_int_equal(s.acked_seq, 3);
	checkpoint_positions_free(s.positions, s.position_count);
	rig_settle(w);
	rig_assert_each_once(w);
}

static void evidence_that_cannot_be_read_is_only_late(void **state)
{
	struct rig *w = *state;
	uint64_t count, lowest, highest;

	rig_epoch(w, 2);
	rig_must(w, rig_step(w));
	fake_broker_fail(&w->broker, FAKE_COMMITTED, 1, BROKER_RETRY);
	rig_epoch(w, 1);
	assert_int_equal(rig_step(w), -1);
	assert_int_equal(w->err.class, ERR_RETRY);
	rig_must(w, outbox_waiting(w->db, &count, &lowest, &highest, &w->err));
	assert_int_equal(count, 3);
	rig_settle(w);
	assert_int_equal(w->broker.calls[FAKE_OPEN], 1); /* the producer is as good as before */
	rig_assert_each_once(w);
}

static void where_offsets_are_not_kept_commits_are_trusted_when_told_so(void **state)
{
	struct rig *w = *state;

	rig_stop(w);
	w->options.evidence = EVIDENCE_COMMIT;
	rig_start(w);
	for (int i = 0; i < 3; i++) {
		rig_epoch(w, 3);
		rig_must(w, rig_step(w));
		fake_broker_forget_offsets(&w->broker);
	}
	rig_assert_each_once(w);
	rig_crash(w);
	rig_epoch(w, 1);
	rig_must(w, rig_step(w));
	rig_assert_each_once(w);
	assert_int_equal(w->broker.calls[FAKE_COMMITTED], 0);
}

/* Some thousand steps with anything at any time. */
static void chaos(struct rig *w, uint64_t seed)
{
	struct random r;

	random_init(&r, seed);
	for (int i = 0; i < 60; i++) {
		if (random_below(&r, 2)) {
			enum fake_call call = random_below(&r, FAKE_CALLS);

			fake_broker_fail(&w->broker, call, 1 + (int)random_below(&r, 3),
					 1 + random_below(&r, BROKER_CONFIG - 1));
			w->broker.script[call].applied = random_below(&r, 2);
			w->broker.script[call].delayed = random_below(&r, 2);
			/* A commit that is OK, or says "retry", cannot have been torn. */
			w->broker.script[call].torn = (int)random_below(&r, 5) - 2;
			if (call == FAKE_COMMIT)
				w->broker.script[call].verdict = BROKER_INDEFINITE;
		}
		rig_epoch(w, (int)random_below(&r, 4));
		(void)rig_step(w);
		if (random_below(&r, 10) == 0)
			fake_broker_forget_offsets(&w->broker);
		if (random_below(&r, 4) == 0)
			rig_crash(w);
		w->mono += (int64_t)random_below(&r, 3000);
	}
	memset(w->broker.script, 0, sizeof(w->broker.script));
	rig_settle(w);
	rig_assert_each_once(w);
}

static void random_trouble_never_loses_nor_doubles(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 25; seed++) {
		void *w = NULL;

		assert_int_equal(rig_setup(&w), 0);
		chaos(w, seed);
		rig_teardown(&w);
	}
}

#define RIG(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG(rows_go_first_and_offsets_last),
		RIG(the_metadata_says_how_far),
		RIG(rows_leave_on_evidence_not_on_success),
		RIG(a_commit_that_is_not_shown_is_not_believed),
		RIG(empty_epochs_cost_no_transaction_but_a_heartbeat_does_come),
		RIG(the_producer_is_given_up_after_a_quiet_minute_and_comes_back_for_a_row),
		RIG(a_resting_publisher_wakes_for_the_heartbeat),
		RIG(nobody_rests_before_kafka_has_shown_the_last_offsets),
		RIG(who_published_while_we_rested_is_noticed),
		RIG(a_large_backlog_goes_in_several_transactions),
		RIG(every_failure_of_every_call_is_survived),
		RIG(a_commit_that_arrived_although_it_was_called_indefinite),
		RIG(a_commit_that_arrives_late_is_waited_for_by_the_new_producer),
		RIG(a_torn_transaction_is_noticed_and_completed),
		RIG(a_doubt_about_an_outcome_survives_a_crash),
		RIG(an_output_that_was_switched_off_is_scanned_while_its_rows_wait),
		RIG(a_torn_transaction_that_is_hidden_is_waited_for),
		RIG(the_metadata_never_promises_rows_that_wait),
		RIG(rows_that_an_earlier_life_found_are_promised_as_well),
		RIG(a_crash_between_any_two_calls_is_survived),
		RIG(a_torn_commit_is_seen_by_the_next_step),
		RIG(a_torn_commit_that_succeeded_is_not_covered_by_the_next),
		RIG(nor_by_the_next_of_the_same_step),
		RIG(proven_rows_go_with_the_commit_of_the_next_epoch),
		RIG(evidence_that_cannot_be_read_is_only_late),
		RIG(where_offsets_are_not_kept_commits_are_trusted_when_told_so),
		cmocka_unit_test(random_trouble_never_loses_nor_doubles),
	};

	return cmocka_run_group_tests_name("publisher", tests, NULL, NULL);
}
