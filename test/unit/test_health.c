/* Alive and ready, fact by fact. */

#include "daemon/health.h"
#include "test/lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#define NOW 1000000

struct fixture {
	struct health_limits limits;
	struct health_partition partitions[40];
	struct health_input in;
	struct health_verdict verdict;
	struct buf text;
};

/* All is well: two partitions, one with lag that moves, one that has been quiet for a long time. */
static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	health_defaults(&f->limits);
	buf_init(&f->text, 16384);
	f->partitions[0] = (struct health_partition){"clickstream", 3, 100, 1300, NOW - 1000};
	f->partitions[1] = (struct health_partition){"bookings", 0, 50, 50, NOW - 900000};
	f->in = (struct health_input){
		.now_ms = NOW,
		.life = LIFE_RUNNING,
		.started_ms = NOW - 950000,
		.tick_ms = NOW - 100,
		.broker_answered_ms = NOW - 500,
		.committed_ms = NOW - 1000,
		.oldest_waiting_ms = HEALTH_NEVER,
		.outbox_waiting_ms = HEALTH_NEVER,
		.disk_free = 50LL << 30,
		.disk_total = 100LL << 30,
		.model = {true, HEALTH_NEVER, NULL},
		.registry = {true, HEALTH_NEVER, NULL},
		.partitions = f->partitions,
		.partition_count = 2,
	};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	buf_release(&f->text);
	free(f);
	return 0;
}

static const char *ready_text(struct fixture *f, bool verbose)
{
	buf_clear(&f->text);
	health_judge(&f->in, &f->limits, &f->verdict);
	health_text_ready(&f->text, &f->verdict, verbose);
	return buf_cstr(&f->text);
}

static void assert_unready(struct fixture *f, const char *line)
{
	const char *text = ready_text(f, false);

	assert_false(f->verdict.ready);
	if (strstr(text, line) == NULL)
		fail_msg("no '%s' in: %s", line, text);
}

static void all_is_well(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(ready_text(f, false), "ok\n");
	assert_true(f->verdict.ready && f->verdict.live);
	assert_string_equal(ready_text(f, true),
			    "[+]loop ok\n[+]state running\n[+]kafka ok\n[+]partitions ok: 2\n"
			    "[+]checkpoint ok\n[+]delivery ok\n[+]disk ok\n[+]model ok\n"
			    "[+]schema registry ok\nready\n");
}

static void a_quiet_partition_without_lag_is_fine_for_ever(void **state)
{
	struct fixture *f = *state;

	f->partitions[1].progress_ms = HEALTH_NEVER;
	assert_string_equal(ready_text(f, false), "ok\n");
}

static void a_partition_with_lag_must_move(void **state)
{
	struct fixture *f = *state;

	f->partitions[0].progress_ms = NOW - 60000;
	assert_string_equal(ready_text(f, false), "ok\n");
	f->partitions[0].progress_ms = NOW - 65000;
	assert_unready(f, "[-]partition clickstream/3 stuck: no progress for 65 s, lag 1200\n");
	assert_true(f->verdict.live);
}

static void a_partition_whose_end_is_unknown_must_move_too(void **state)
{
	struct fixture *f = *state;

	f->partitions[1].end = -1;
	f->partitions[1].progress_ms = HEALTH_NEVER;
	assert_unready(f, "[-]partition bookings/0 stuck: no progress for 950 s, lag unknown\n");
}

static void many_stuck_partitions_are_counted_not_listed(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 40; i++)
		f->partitions[i] = (struct health_partition){"clickstream", i, 1, 2, NOW - 100000};
	f->in.partition_count = 40;
	assert_unready(f, "[-]partitions stuck: 32 more of 40\n");
	assert_null(strstr(buf_cstr(&f->text), "clickstream/8"));
	assert_non_null(strstr(buf_cstr(&f->text), "clickstream/7"));
}

static void only_a_running_daemon_is_ready(void **state)
{
	struct fixture *f = *state;

	for (int life = 0; life < LIFE_STATES; life++) {
		f->in.life = (enum life_state)life;
		ready_text(f, false);
		assert_int_equal(f->verdict.ready, life == LIFE_RUNNING);
		assert_true(f->verdict.live);
	}
	f->in.life = LIFE_DRAINING;
	assert_unready(f, "[-]state draining\n");
}

static void silence_of_the_brokers_is_a_failure_but_not_death(void **state)
{
	struct fixture *f = *state;

	f->in.broker_answered_ms = NOW - 61000;
	assert_unready(f, "[-]kafka failed: no answer for 61 s\n");
	assert_true(f->verdict.live);
	f->in.broker_answered_ms = HEALTH_NEVER;
	assert_unready(f, "[-]kafka failed: no broker has answered in 950 s\n");
	f->in.started_ms = NOW - 1000;
	f->in.partition_count = 0;
	assert_string_equal(ready_text(f, false), "ok\n");
}

static void an_epoch_must_be_committed_in_time(void **state)
{
	struct fixture *f = *state;

	f->in.committed_ms = NOW - 500000; /* nothing to do is no failure */
	assert_string_equal(ready_text(f, false), "ok\n");
	f->in.oldest_waiting_ms = NOW - 61000;
	assert_unready(f, "[-]checkpoint stuck: an epoch waits since 61 s, last commit 500 s ago\n");
}

static void a_result_must_reach_kafka_in_time(void **state)
{
	struct fixture *f = *state;

	f->in.outbox_waiting_ms = NOW - 61000;
	assert_unready(f, "[-]delivery stuck: a result waits for Kafka since 61 s\n");
}

static void a_full_disk_is_a_failure(void **state)
{
	struct fixture *f = *state;

	f->in.disk_free = 4LL << 30;
	assert_unready(f, "[-]disk full: 4096 MiB free, less than 5 %\n");
	f->in.disk_total = 0; /* unknown */
	assert_string_equal(ready_text(f, false), "ok\n");
}

static void a_commit_that_fails_makes_unready_at_once(void **state)
{
	struct fixture *f = *state;

	f->in.commit_trouble = "epoch 7: no space left";
	assert_unready(f, "[-]checkpoint failed: epoch 7: no space left\n");
	f->in.commit_trouble = "";
	assert_string_equal(ready_text(f, false), "ok\n");
}

static void a_rebuild_and_what_it_would_lack_are_said(void **state)
{
	struct fixture *f = *state;

	f->in.rebuilding = true;
	f->in.unreplayable = 2;
	assert_string_equal(ready_text(f, false), "ok\n");
	assert_non_null(strstr(ready_text(f, true), "[!]rebuilding: "));
	assert_non_null(strstr(ready_text(f, true), "[!]2 partitions no longer hold"));
}

static void a_model_that_is_down_is_a_warning(void **state)
{
	struct fixture *f = *state;

	f->in.model.failing_since_ms = NOW - 30000;
	f->in.model.reason = "HTTP 503";
	assert_string_equal(ready_text(f, false), "ok\n");
	assert_non_null(strstr(ready_text(f, true),
			       "[!]model failing for 30 s: HTTP 503; targets wait for their summary\n"));
	f->in.model.configured = false;
	assert_null(strstr(ready_text(f, true), "model"));
}

static void a_loop_that_does_not_tick_is_neither_alive_nor_ready(void **state)
{
	struct fixture *f = *state;

	f->in.tick_ms = NOW - 11000;
	assert_unready(f, "[-]loop stuck: no tick for 11 s\n");
	assert_false(f->verdict.live);
	buf_clear(&f->text);
	health_text_live(&f->text, &f->verdict, false);
	assert_string_equal(buf_cstr(&f->text), "[-]loop stuck: no tick for 11 s\nnot alive\n");
}

static void being_alive_depends_on_the_loop_alone(void **state)
{
	struct fixture *f = *state;

	f->in.broker_answered_ms = f->in.committed_ms = HEALTH_NEVER;
	f->in.oldest_waiting_ms = f->in.outbox_waiting_ms = NOW - 900000;
	f->in.disk_free = 0;
	f->in.life = LIFE_STARTING;
	f->partitions[0].progress_ms = HEALTH_NEVER;
	ready_text(f, false);
	assert_false(f->verdict.ready);
	assert_true(f->verdict.live);
	buf_clear(&f->text);
	health_text_live(&f->text, &f->verdict, false);
	assert_string_equal(buf_cstr(&f->text), "ok\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_is_well),
		TEST(a_quiet_partition_without_lag_is_fine_for_ever),
		TEST(a_partition_with_lag_must_move),
		TEST(a_partition_whose_end_is_unknown_must_move_too),
		TEST(many_stuck_partitions_are_counted_not_listed),
		TEST(only_a_running_daemon_is_ready),
		TEST(silence_of_the_brokers_is_a_failure_but_not_death),
		TEST(an_epoch_must_be_committed_in_time),
		TEST(a_result_must_reach_kafka_in_time),
		TEST(a_full_disk_is_a_failure),
		TEST(a_commit_that_fails_makes_unready_at_once),
		TEST(a_rebuild_and_what_it_would_lack_are_said),
		TEST(a_model_that_is_down_is_a_warning),
		TEST(a_loop_that_does_not_tick_is_neither_alive_nor_ready),
		TEST(being_alive_depends_on_the_loop_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
