/* The decision of recovery, and the check of the inputs: pure, or nearly. */

#include "publish/resolve.h"
#include "publish/verify_inputs.h"
#include "store/database.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/fake_broker.h"

#include <stdlib.h>

#define OURS   "0123456789abcdef0123456789abcdef"
#define OTHERS "fedcba9876543210fedcba9876543210"

static struct resolve_partition at(const char *uuid, uint64_t epoch, uint64_t seq)
{
	struct resolve_partition p = {.kind = COMMITTED_OURS_TO_PARSE,
				      .metadata = {.epoch = epoch, .seq = seq}};

	memcpy(p.metadata.uuid, uuid, METADATA_UUID);
	return p;
}

static const struct resolve_partition none = {.kind = COMMITTED_NONE};
static const struct resolve_partition unreadable = {.kind = COMMITTED_UNREADABLE};

/* A database at epoch 10, seq 100, of which 80 were confirmed. */
static struct resolve_input input(const struct resolve_partition *partitions, size_t count)
{
	return (struct resolve_input){.uuid = OURS,
				      .epoch = 10,
				      .next_seq = 101,
				      .acked_seq = 80,
				      .partitions = partitions,
				      .partition_count = count};
}

static void expect(const struct resolve_input *in, enum resolve_answer answer, uint64_t seq)
{
	const struct metadata *held;
	struct err err = {0};
	enum resolve_answer got = resolve_decide(in, &held, &err);

	if (got != answer)
		fail_msg("answer %d, not %d: %s", got, answer, err.text);
	if (answer == RESOLVE_REFUSE) {
		assert_int_equal(err.class, ERR_REFUSED);
		/* whole, and with what an operator can do about it */
		if (strstr(err.text, DATABASE_START_OVER) == NULL &&
		    strstr(err.text, DATABASE_REBUILD) == NULL &&
		    strstr(err.text, "choose another group.id") == NULL)
			fail_msg("%s", err.text);
	} else {
		assert_int_equal(held ? held->seq : 0, seq);
	}
}

static void a_new_database_and_an_unused_group_start_fresh(void **state)
{
	struct resolve_partition p[] = {none, none};
	struct resolve_input in = input(p, 2);

	(void)state;
	in.virgin = true;
	in.epoch = 0;
	in.next_seq = 1;
	in.acked_seq = 0;
	expect(&in, RESOLVE_FRESH, 0);
	in.partition_count = 0;
	expect(&in, RESOLVE_FRESH, 0);
	/* a lost database must not look like a first start */
	in.partition_count = 2;
	p[1] = at(OTHERS, 7, 70);
	expect(&in, RESOLVE_REFUSE, 0);
	/* nor somebody else's group */
	p[1] = unreadable;
	expect(&in, RESOLVE_REFUSE, 0);
}

static void evidence_is_believed(void **state)
{
	struct resolve_partition p[] = {at(OURS, 10, 100), at(OURS, 10, 100)};
	struct resolve_input in = input(p, 2);

	(void)state;
	expect(&in, RESOLVE_CONFIRM, 100);
	/* the last transaction did not make it */
	p[0] = p[1] = at(OURS, 9, 90);
	expect(&in, RESOLVE_CONFIRM, 90);
	/* a partition that is new, and one that was away for a while */
	p[0] = none;
	expect(&in, RESOLVE_CONFIRM, 90);
	p[0] = at(OURS, 3, 30);
	expect(&in, RESOLVE_CONFIRM, 90);
}

static void missing_or_doubtful_evidence_means_a_scan(void **state)
{
	struct resolve_partition p[] = {none, none};
	struct resolve_input in = input(p, 2);

	(void)state;
	expect(&in, RESOLVE_SCAN, 0);
	p[0] = unreadable;
	expect(&in, RESOLVE_SCAN, 0);
	p[1] = at(OURS, 9, 90);
	expect(&in, RESOLVE_SCAN, 90);
	p[0] = at(OURS, 9, 90);
	in.dirty = true;
	expect(&in, RESOLVE_SCAN, 90);
}

static void an_older_copy_of_the_database_is_refused(void **state)
{
	struct resolve_partition p[] = {at(OURS, 11, 100)};
	struct resolve_input in = input(p, 1);

	(void)state;
	expect(&in, RESOLVE_REFUSE, 0); /* epoch ahead */
	p[0] = at(OURS, 10, 101);
	expect(&in, RESOLVE_REFUSE, 0); /* seq ahead */
	p[0] = at(OURS, 10, 100);
	expect(&in, RESOLVE_CONFIRM, 100);
	in.dirty = true;
	p[0] = at(OURS, 10, 101);
	expect(&in, RESOLVE_REFUSE, 0); /* a scan is no excuse */
}

static void a_foreign_database_is_refused_wherever_it_shows(void **state)
{
	struct resolve_partition p[] = {at(OURS, 10, 100), none, at(OTHERS, 1, 1)};
	struct resolve_input in = input(p, 3);

	(void)state;
	expect(&in, RESOLVE_REFUSE, 0);
	in.partition_count = 2;
	expect(&in, RESOLVE_CONFIRM, 100);
}

static void a_kafka_that_forgot_is_refused(void **state)
{
	struct resolve_partition p[] = {at(OURS, 7, 79)};
	struct resolve_input in = input(p, 1);

	(void)state;
	expect(&in, RESOLVE_REFUSE, 0);
	p[0] = at(OURS, 7, 80);
	expect(&in, RESOLVE_CONFIRM, 80);
}

static void while_running_nobody_else_may_have_published(void **state)
{
	struct resolve_partition p[] = {at(OURS, 9, 90)};
	struct resolve_input in = input(p, 1);

	(void)state;
	in.running = true;
	in.published_epoch = 9;
	in.published_seq = 90;
	in.attempt_epoch = 10;
	in.attempt_seq = 95;
	expect(&in, RESOLVE_CONFIRM, 90); /* the attempt failed */
	p[0] = at(OURS, 10, 95);
	expect(&in, RESOLVE_CONFIRM, 95); /* it did not */
	p[0] = at(OURS, 9, 92);
	expect(&in, RESOLVE_REFUSE, 0); /* a clone of our database is at work */
}

static void only_lives_that_the_database_knows_have_published(void **state)
{
	struct resolve_partition p[] = {at(OURS, 10, 100), at(OURS, 9, 90)};
	struct resolve_input in = input(p, 2);

	(void)state;
	in.lives = "00c0ffee00c0ffee;0123012301230123";
	expect(&in, RESOLVE_CONFIRM, 100); /* written before there were lives */
	memcpy(p[1].metadata.life, "aaaaaaaaaaaaaaaa", METADATA_LIFE);
	expect(&in, RESOLVE_CONFIRM, 100); /* a partition that lags tells of a life long gone */
	memcpy(p[0].metadata.life, "00c0ffee00c0ffee", METADATA_LIFE);
	expect(&in, RESOLVE_CONFIRM, 100);
	memcpy(p[0].metadata.life, "0123012301230123", METADATA_LIFE);
	expect(&in, RESOLVE_CONFIRM, 100);
	/* the same numbers, from a copy of this database */
	memcpy(p[0].metadata.life, "aaaaaaaaaaaaaaaa", METADATA_LIFE);
	expect(&in, RESOLVE_REFUSE, 0);
	in.lives = NULL; /* the database is from before there were lives */
	expect(&in, RESOLVE_CONFIRM, 100);
}

static void facts_are_for_life(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(resolve_identity("cluster_id", NULL, "a", &err), 0);
	assert_int_equal(resolve_identity("cluster_id", "a", "a", &err), 0);
	assert_int_equal(resolve_identity("cluster_id", "a", "b", &err), -1);
	assert_int_equal(err.class, ERR_REFUSED);
}

/* ---- verify_inputs ---- */

static int verify(struct fake_broker *f, struct position *p, bool accept, struct verify_report *report,
		  struct err *err)
{
	struct broker_port port = fake_broker_port(f);

	return verify_inputs(&port, p, 1, accept, NULL, report, err);
}

static void inputs_that_are_still_the_same_pass(void **state)
{
	struct fake_broker *f = calloc(1, sizeof(*f));
	struct position p = {(char[]){"in"}, 0, 500, 499, 1700000000000, 0xabcd};
	struct verify_report r;
	struct err err;

	(void)state;
	fake_broker_init(f);
	f->input_last = (struct broker_probe){true, 1700000000000, 0xabcd};
	assert_int_equal(verify(f, &p, false, &r, &err), 0);
	assert_int_equal(p.next_offset, 500);
	/* exactly at the ends */
	f->input_low = 499;
	f->input_high = 500;
	assert_int_equal(verify(f, &p, false, &r, &err), 0);
	/* the last record was compacted away */
	f->input_last.found = false;
	assert_int_equal(verify(f, &p, false, &r, &err), 0);
	assert_int_equal(r.unprobed, 1);
	/* a partition seen for the first time */
	p = (struct position){.topic = (char[]){"in"}, .partition = 1, .next_offset = -1, .last_offset = -1};
	f->input_low = 30;
	assert_int_equal(verify(f, &p, false, &r, &err), 0);
	assert_int_equal(p.next_offset, 30);
	assert_int_equal(r.lost, 0);
	free(f);
}

static void what_retention_ate_is_counted_and_needs_consent(void **state)
{
	struct fake_broker *f = calloc(1, sizeof(*f));
	struct position p = {(char[]){"in"}, 0, 500, 499, 1700000000000, 0xabcd};
	struct verify_report r;
	struct err err;

	(void)state;
	fake_broker_init(f);
	f->input_low = 600;
	assert_int_equal(verify(f, &p, false, &r, &err), -1);
	assert_int_equal(err.class, ERR_REFUSED);
	assert_non_null(strstr(err.text, "100 records"));
	assert_non_null(strstr(err.text, "--accept-loss"));
	assert_int_equal(p.next_offset, 500);
	assert_int_equal(verify(f, &p, true, &r, &err), 0);
	assert_int_equal(p.next_offset, 600);
	assert_int_equal(r.lost, 100);
	free(f);
}

static void a_recreated_topic_is_refused_even_with_consent(void **state)
{
	struct fake_broker *f = calloc(1, sizeof(*f));
	struct position p = {(char[]){"in"}, 0, 500, 499, 1700000000000, 0xabcd};
	struct verify_report r;
	struct err err;

	(void)state;
	fake_broker_init(f);
	/* shorter than what was read */
	f->input_high = 499;
	assert_int_equal(verify(f, &p, true, &r, &err), -1);
	assert_int_equal(err.class, ERR_REFUSED);
	/* longer, but another record stands there: by content, by time */
	f->input_high = 10000;
	f->input_last = (struct broker_probe){true, 1700000000000, 0xabce};
	assert_int_equal(verify(f, &p, true, &r, &err), -1);
	assert_int_equal(err.class, ERR_REFUSED);
	f->input_last = (struct broker_probe){true, 1700000000001, 0xabcd};
	assert_int_equal(verify(f, &p, true, &r, &err), -1);
	/* gone altogether; but a topic that was never read may still come */
	f->input_partitions = 0;
	assert_int_equal(verify(f, &p, true, &r, &err), -1);
	assert_int_equal(err.class, ERR_REFUSED);
	p.next_offset = 0;
	assert_int_equal(verify(f, &p, true, &r, &err), -1);
	assert_int_equal(err.class, ERR_RETRY);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_database_and_an_unused_group_start_fresh),
		cmocka_unit_test(evidence_is_believed),
		cmocka_unit_test(missing_or_doubtful_evidence_means_a_scan),
		cmocka_unit_test(an_older_copy_of_the_database_is_refused),
		cmocka_unit_test(a_foreign_database_is_refused_wherever_it_shows),
		cmocka_unit_test(a_kafka_that_forgot_is_refused),
		cmocka_unit_test(while_running_nobody_else_may_have_published),
		cmocka_unit_test(only_lives_that_the_database_knows_have_published),
		cmocka_unit_test(facts_are_for_life),
		cmocka_unit_test(inputs_that_are_still_the_same_pass),
		cmocka_unit_test(what_retention_ate_is_counted_and_needs_consent),
		cmocka_unit_test(a_recreated_topic_is_refused_even_with_consent),
	};

	return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
