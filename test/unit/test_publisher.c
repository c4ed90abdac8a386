/* Publishing against a broker in memory that fails by script: whatever
 * happens, a reader of committed records sees each result once. */

#include "base/random.h"
#include "publish/metadata.h"
#include "publish/publisher.h"
#include "store/outbox.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/fake_broker.h"
#include "test/lib/store_fixture.h"

#include <stdio.h>
#include <stdlib.h>

struct world {
	struct store_fixture store;
	struct fake_broker broker;
	struct database *db;
	struct publisher *publisher;
	struct publisher_options options;
	struct publish_position positions[2];
	int64_t mono;
	uint64_t epoch, next_seq;
	struct err err;
};

static const char *const outputs[] = {"out"};

static int64_t mono_ms(void *ctx)
{
	return ((struct world *)ctx)->mono;
}

static void start(struct world *w)
{
	struct broker_port port = fake_broker_port(&w->broker);

	w->db = store_fixture_open(&w->store, &w->err);
	if (!w->db)
		fail_msg("%s", w->err.text);
	w->publisher = publisher_new(w->db, &port, &w->options, &w->err);
	assert_non_null(w->publisher);
}

/* As kill -9 does: nothing is said to anyone. The open transaction stays open. */
static void stop(struct world *w)
{
	publisher_free(w->publisher);
	database_close(w->db);
}

static void crash(struct world *w)
{
	stop(w);
	start(w);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	*state = w;
	fake_broker_init(&w->broker);
	w->mono = 1000000;
	w->next_seq = 1;
	w->options = (struct publisher_options){.transactional_id = "riverd-test",
						.group_id = "riverd",
						.outputs = outputs,
						.output_count = 1,
						.clock = {mono_ms, mono_ms, w}};
	for (int i = 0; i < 2; i++)
		w->positions[i] = (struct publish_position){"in", i, 0, -1, 0};
	if (store_fixture_init(&w->store))
		return -1;
	start(w);
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	stop(w);
	store_fixture_release(&w->store);
	free(w);
	return 0;
}

/* An epoch with `rows` results, committed to SQLite. */
static void epoch(struct world *w, int rows)
{
	struct epoch e;

	epoch_init(&e, ++w->epoch, 1 << 20);
	for (int i = 0; i < rows; i++) {
		char text[32];
		struct outbox_row row = {.seq = w->next_seq,
					 .topic = SLICE_LITERAL("out"),
					 .partition = -1,
					 .has_value = true};

		snprintf(text, sizeof(text), "result %llu", (unsigned long long)w->next_seq++);
		row.value = slice_str(text);
		memset(row.id.bytes, (int)row.seq, sizeof(row.id.bytes));
		epoch_output(&e, &row);
	}
	w->positions[0].consumed += 10;
	assert_int_equal(checkpoint_commit(w->db, &e, &w->err), 0);
	epoch_release(&e);
}

static int step(struct world *w)
{
	w->mono += 100;
	return publisher_step(w->publisher, w->epoch, w->positions, 2, &w->err);
}

static void must(struct world *w, int result)
{
	(void)w;
	if (result)
		fail_msg("%s: %s", err_class_name(w->err.class), w->err.text);
}

/* Goes on until it works, as the daemon does. */
static void settle(struct world *w)
{
	for (int i = 0; i < 20 && step(w) != 0; i++)
		assert_int_equal(w->err.class, ERR_RETRY);
	for (int i = 0; i < 2; i++) { /* evidence may be late once */
		w->mono += 5000;
		must(w, step(w));
	}
}

static void assert_each_once(struct world *w)
{
	uint64_t count, lowest, highest;
	char seq[24];

	for (uint64_t i = 1; i < w->next_seq; i++) {
		snprintf(seq, sizeof(seq), "%llu", (unsigned long long)i);
		if (fake_broker_visible(&w->broker, seq) != 1)
			fail_msg("seq %s is visible %d times (trace %s)", seq,
				 fake_broker_visible(&w->broker, seq), w->broker.trace);
	}
	assert_int_equal(fake_broker_visible_count(&w->broker), w->next_seq - 1);
	must(w, outbox_waiting(w->db, &count, &lowest, &highest, &w->err));
	assert_int_equal(count, 0);
}

static void rows_go_first_and_offsets_last(void **state)
{
	struct world *w = *state;

	must(w, publisher_resolve(w->publisher, w->positions, 2, &w->err));
	epoch(w, 3);
	must(w, step(w));
	/* open, committed, then begin, 3 rows, flush, offsets, commit */
	assert_string_equal(w->broker.trace, "ombpppfsc");
	settle(w);
	assert_each_once(w);
}

static void the_metadata_says_how_far(void **state)
{
	struct world *w = *state;
	struct metadata m;

	w->positions[0].replay_from = 4;
	w->positions[1].watermark_ms = 77;
	epoch(w, 3);
	must(w, step(w));
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
	struct world *w = *state;
	uint64_t count, lowest, highest;

	epoch(w, 3);
	must(w, step(w));
	must(w, outbox_waiting(w->db, &count, &lowest, &highest, &w->err));
	assert_int_equal(count, 3); /* committed, but nobody looked yet */
	w->mono += 2000;
	must(w, step(w));
	must(w, outbox_waiting(w->db, &count, &lowest, &highest, &w->err));
	assert_int_equal(count, 0);
}

static void a_commit_that_is_not_shown_is_not_believed(void **state)
{
	struct world *w = *state;

	epoch(w, 3);
	must(w, step(w));
	fake_broker_forget_offsets(&w->broker);
	w->mono += 2000;
	assert_int_equal(step(w), -1);
	assert_int_equal(w->err.class, ERR_RETRY);
	settle(w);
	assert_each_once(w); /* the scan found them */
	assert_string_not_equal(fake_broker_metadata(&w->broker, "in", 0), "");
}

static void empty_epochs_cost_no_transaction_but_a_heartbeat_does_come(void **state)
{
	struct world *w = *state;
	int commits;

	epoch(w, 1);
	settle(w);
	w->positions[0].consumed = 1000;
	commits = w->broker.calls[FAKE_COMMIT];
	for (int i = 0; i < 5; i++) {
		epoch(w, 0);
		must(w, step(w));
	}
	assert_int_equal(w->broker.calls[FAKE_COMMIT], commits);
	w->mono += 30000; /* moved offsets, for lag monitors */
	must(w, step(w));
	assert_int_equal(w->broker.calls[FAKE_COMMIT], commits + 1);
	w->mono += 500000; /* nothing moved */
	must(w, step(w));
	assert_int_equal(w->broker.calls[FAKE_COMMIT], commits + 1);
	w->mono += 100000;
	must(w, step(w));
	assert_int_equal(w->broker.calls[FAKE_COMMIT], commits + 2);
	assert_each_once(w);
}

static void a_large_backlog_goes_in_several_transactions(void **state)
{
	struct world *w = *state;

	stop(w);
	w->options.max_rows = 10;
	start(w);
	epoch(w, 35);
	must(w, step(w));
	assert_int_equal(w->broker.calls[FAKE_COMMIT], 4);
	settle(w);
	assert_each_once(w);
}

/* Each call fails once in each way that it can, with what was computed before,
 * during and after. */
static void every_failure_of_every_call_is_survived(void **state)
{
	static const enum broker_verdict verdicts[] = {BROKER_RETRY, BROKER_ABORT, BROKER_INDEFINITE,
						       BROKER_FENCED, BROKER_FATAL};
	struct world *w = *state;

	settle(w);
	for (int call = FAKE_OPEN; call < FAKE_CALLS; call++) {
		for (size_t v = 0; v < sizeof(verdicts) / sizeof(verdicts[0]); v++) {
			epoch(w, 2);
			settle(w);
			fake_broker_fail(&w->broker, call, 1, verdicts[v]);
			epoch(w, 3);
			(void)step(w);
			epoch(w, 1);
			settle(w);
			assert_each_once(w);
		}
	}
}

static void a_commit_that_arrived_although_it_was_called_indefinite(void **state)
{
	struct world *w = *state;

	epoch(w, 3);
	fake_broker_fail(&w->broker, FAKE_COMMIT, 1, BROKER_INDEFINITE);
	w->broker.script[FAKE_COMMIT].applied = true;
	assert_int_equal(step(w), -1);
	settle(w);
	assert_each_once(w);
	assert_int_equal(w->broker.calls[FAKE_COMMIT], 1 + 1); /* the offsets once more, no row twice */
}

static void a_commit_that_arrives_late_is_waited_for_by_the_new_producer(void **state)
{
	struct world *w = *state;

	epoch(w, 3);
	fake_broker_fail(&w->broker, FAKE_COMMIT, 1, BROKER_INDEFINITE);
	w->broker.script[FAKE_COMMIT].delayed = true;
	assert_int_equal(step(w), -1);
	settle(w);
	assert_each_once(w);
}

static void a_torn_transaction_is_noticed_and_completed(void **state)
{
	struct world *w = *state;

	epoch(w, 5);
	settle(w);
	epoch(w, 5);
	fake_broker_fail(&w->broker, FAKE_COMMIT, 1, BROKER_INDEFINITE);
	w->broker.script[FAKE_COMMIT].torn = 2; /* rows 6 and 7, no offsets */
	assert_int_equal(step(w), -1);
	crash(w); /* even so: the doubt is durable */
	settle(w);
	assert_each_once(w);
}

static void an_output_that_was_switched_off_is_scanned_while_its_rows_wait(void **state)
{
	struct world *w = *state;

	epoch(w, 2);
	settle(w);
	epoch(w, 4);
	fake_broker_fail(&w->broker, FAKE_COMMIT, 1, BROKER_INDEFINITE);
	w->broker.script[FAKE_COMMIT].torn = 3;
	assert_int_equal(step(w), -1);
	stop(w);
	w->options.output_count = 0;
	start(w);
	settle(w);
	assert_each_once(w);
}

static void a_torn_transaction_that_is_hidden_is_waited_for(void **state)
{
	struct world *w = *state;

	epoch(w, 2);
	settle(w);
	epoch(w, 4);
	fake_broker_fail(&w->broker, FAKE_COMMIT, 1, BROKER_INDEFINITE);
	w->broker.script[FAKE_COMMIT].torn = 2;
	w->broker.hidden = true; /* by a stranger's open transaction */
	assert_int_equal(step(w), -1);
	for (int i = 0; i < 3; i++) {
		crash(w);
		assert_int_equal(step(w), -1); /* to send now would double two of them */
		assert_int_equal(w->err.class, ERR_RETRY);
	}
	w->broker.hidden = false;
	settle(w);
	assert_each_once(w);
}

static void the_metadata_never_promises_rows_that_wait(void **state)
{
	struct world *w = *state;
	struct metadata m;

	must(w, publisher_resolve(w->publisher, w->positions, 2, &w->err));
	epoch(w, 6);
	fake_broker_fail(&w->broker, FAKE_COMMIT, 1, BROKER_INDEFINITE);
	w->broker.script[FAKE_COMMIT].torn = -1; /* only row 6 */
	assert_int_equal(step(w), -1);
	stop(w);
	w->options.max_rows = 2;
	start(w);
	fake_broker_fail(&w->broker, FAKE_BEGIN, 2, BROKER_RETRY); /* after rows 1 and 2 */
	assert_int_equal(step(w), -1);
	assert_int_equal(metadata_parse(slice_str(fake_broker_metadata(&w->broker, "in", 0)), &m), 0);
	assert_int_equal(m.seq, 2);
	crash(w);
	settle(w);
	assert_each_once(w);
}

static void a_crash_between_any_two_calls_is_survived(void **state)
{
	struct world *w = *state;

	for (int call = FAKE_OPEN; call <= FAKE_COMMIT; call++) {
		epoch(w, 4);
		/* The verdict stands for the crash: whoever looks is a new process. */
		fake_broker_fail(&w->broker, call, 1, BROKER_FATAL);
		w->broker.script[call].applied = call == FAKE_COMMIT;
		(void)step(w);
		crash(w);
		settle(w);
		assert_each_once(w);
	}
}

static void a_restored_backup_is_refused(void **state)
{
	struct world *w = *state;
	struct metadata m;
	char text[METADATA_MAX];

	epoch(w, 3);
	settle(w);
	assert_int_equal(metadata_parse(slice_str(fake_broker_metadata(&w->broker, "in", 0)), &m), 0);
	m.epoch = 9;
	m.seq = 30;
	metadata_format(&m, text);
	fake_broker_set_offset(&w->broker, "in", 0, 90, text);
	crash(w);
	assert_int_equal(step(w), -1);
	assert_int_equal(w->err.class, ERR_REFUSED);
	assert_int_equal(step(w), -1); /* and stays so, without asking again */
	assert_int_equal(w->err.class, ERR_REFUSED);
}

static void results_of_ours_above_our_own_count_are_refused(void **state)
{
	struct world *w = *state;
	struct fake_record *r = &w->broker.records[w->broker.record_count++];

	epoch(w, 3);
	snprintf(r->topic, sizeof(r->topic), "out");
	snprintf(r->db, sizeof(r->db), "%s", database_uuid(w->db));
	snprintf(r->seq, sizeof(r->seq), "50");
	r->committed = true;
	assert_int_equal(step(w), -1); /* no metadata, not virgin: scanned */
	assert_int_equal(w->err.class, ERR_REFUSED);
}

/* The next commit writes over the metadata that would have shown it. */
static void a_torn_commit_that_succeeded_is_not_covered_by_the_next(void **state)
{
	struct world *w = *state;

	epoch(w, 1);
	must(w, step(w)); /* evidence was read just now: it is not due again */
	epoch(w, 3);
	w->broker.torn_unnoticed = 1;
	must(w, step(w));
	epoch(w, 2);
	assert_int_equal(step(w), -1);
	assert_int_equal(w->err.class, ERR_RETRY);
	settle(w);
	for (int seq = 1; seq <= 6; seq++) {
		char text[8];

		snprintf(text, sizeof(text), "%d", seq);
		assert_int_equal(fake_broker_visible(&w->broker, text), 1);
	}
}

/* Restored from before the first epoch, and the group's offsets have expired. */
static void an_old_copy_that_is_still_empty_is_refused(void **state)
{
	struct world *w = *state;
	struct fake_record *r;

	assert_int_equal(step(w), 0);
	crash(w);
	assert_int_equal(step(w), 0); /* empty, but nothing of ours is out there */
	crash(w);
	r = &w->broker.records[w->broker.record_count++];
	snprintf(r->topic, sizeof(r->topic), "out");
	snprintf(r->db, sizeof(r->db), "%s", database_uuid(w->db));
	snprintf(r->seq, sizeof(r->seq), "1");
	r->committed = true;
	assert_int_equal(step(w), -1);
	assert_int_equal(w->err.class, ERR_REFUSED);
}

static void another_cluster_or_name_is_refused(void **state)
{
	struct world *w = *state;

	epoch(w, 1);
	settle(w);
	stop(w);
	w->broker.cluster_id = "cluster-2";
	start(w);
	assert_int_equal(step(w), -1);
	assert_int_equal(w->err.class, ERR_REFUSED);
	assert_non_null(strstr(w->err.text, "cluster-2"));
	stop(w);
	w->broker.cluster_id = "cluster-1";
	w->options.transactional_id = "another";
	start(w);
	assert_int_equal(step(w), -1);
	assert_int_equal(w->err.class, ERR_REFUSED);
	assert_int_equal(w->broker.calls[FAKE_PRODUCE], 1);
}

static void being_fenced_again_and_again_is_refused(void **state)
{
	struct world *w = *state;
	int tries = 0;

	settle(w);
	epoch(w, 1);
	do {
		fake_broker_fail(&w->broker, FAKE_BEGIN, 1, BROKER_FENCED);
	} while (step(w) == -1 && w->err.class == ERR_RETRY && ++tries < 10);
	assert_int_equal(w->err.class, ERR_REFUSED);
	assert_int_equal(tries, 2);
}

static void rights_are_the_operators_business(void **state)
{
	struct world *w = *state;

	settle(w);
	epoch(w, 2);
	fake_broker_fail(&w->broker, FAKE_FLUSH, 1, BROKER_CONFIG);
	assert_int_equal(step(w), -1);
	assert_int_equal(w->err.class, ERR_CONFIG);
	settle(w);
	assert_each_once(w);
}

static void evidence_that_cannot_be_read_is_only_late(void **state)
{
	struct world *w = *state;
	uint64_t count, lowest, highest;

	epoch(w, 2);
	must(w, step(w));
	w->mono += 2000;
	fake_broker_fail(&w->broker, FAKE_COMMITTED, 1, BROKER_RETRY);
	must(w, step(w));
	must(w, outbox_waiting(w->db, &count, &lowest, &highest, &w->err));
	assert_int_equal(count, 2);
	settle(w);
	assert_each_once(w);
}

static void where_offsets_are_not_kept_commits_are_trusted_when_told_so(void **state)
{
	struct world *w = *state;

	stop(w);
	w->options.evidence = EVIDENCE_COMMIT;
	start(w);
	for (int i = 0; i < 3; i++) {
		epoch(w, 3);
		must(w, step(w));
		fake_broker_forget_offsets(&w->broker);
	}
	assert_each_once(w);
	crash(w);
	epoch(w, 1);
	must(w, step(w));
	assert_each_once(w);
	assert_int_equal(w->broker.calls[FAKE_COMMITTED], 0);
}

/* Some thousand steps with anything at any time. */
static void chaos(struct world *w, uint64_t seed)
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
		epoch(w, (int)random_below(&r, 4));
		(void)step(w);
		if (random_below(&r, 10) == 0)
			fake_broker_forget_offsets(&w->broker);
		if (random_below(&r, 4) == 0)
			crash(w);
		w->mono += (int64_t)random_below(&r, 3000);
	}
	memset(w->broker.script, 0, sizeof(w->broker.script));
	settle(w);
	assert_each_once(w);
}

static void random_trouble_never_loses_nor_doubles(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 25; seed++) {
		void *w = NULL;

		assert_int_equal(setup(&w), 0);
		chaos(w, seed);
		teardown(&w);
	}
}

#define WORLD(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(rows_go_first_and_offsets_last),
		WORLD(the_metadata_says_how_far),
		WORLD(rows_leave_on_evidence_not_on_success),
		WORLD(a_commit_that_is_not_shown_is_not_believed),
		WORLD(empty_epochs_cost_no_transaction_but_a_heartbeat_does_come),
		WORLD(a_large_backlog_goes_in_several_transactions),
		WORLD(every_failure_of_every_call_is_survived),
		WORLD(a_commit_that_arrived_although_it_was_called_indefinite),
		WORLD(a_commit_that_arrives_late_is_waited_for_by_the_new_producer),
		WORLD(a_torn_transaction_is_noticed_and_completed),
		WORLD(an_output_that_was_switched_off_is_scanned_while_its_rows_wait),
		WORLD(a_torn_transaction_that_is_hidden_is_waited_for),
		WORLD(the_metadata_never_promises_rows_that_wait),
		WORLD(a_crash_between_any_two_calls_is_survived),
		WORLD(a_restored_backup_is_refused),
		WORLD(results_of_ours_above_our_own_count_are_refused),
		WORLD(a_torn_commit_that_succeeded_is_not_covered_by_the_next),
		WORLD(an_old_copy_that_is_still_empty_is_refused),
		WORLD(another_cluster_or_name_is_refused),
		WORLD(being_fenced_again_and_again_is_refused),
		WORLD(rights_are_the_operators_business),
		WORLD(evidence_that_cannot_be_read_is_only_late),
		WORLD(where_offsets_are_not_kept_commits_are_trusted_when_told_so),
		cmocka_unit_test(random_trouble_never_loses_nor_doubles),
	};

	return cmocka_run_group_tests_name("publisher", tests, NULL, NULL);
}
