/* What a publisher must not go on with: another database, cluster or name. */

#include "publish/metadata.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/publisher_rig.h"

#include <stdio.h>
#include <stdlib.h>

static void a_restored_backup_is_refused(void **state)
{
	struct rig *w = *state;
	struct metadata m;
	char text[METADATA_MAX];

	rig_epoch(w, 3);
	rig_settle(w);
	assert_int_equal(metadata_parse(slice_str(fake_broker_metadata(&w->broker, "in", 0)), &m), 0);
	m.epoch = 9;
	m.seq = 30;
	metadata_format(&m, text);
	fake_broker_set_offset(&w->broker, "in", 0, 90, text);
	rig_crash(w);
	assert_int_equal(rig_step(w), -1);
	assert_int_equal(w->err.class, ERR_REFUSED);
	assert_int_equal(rig_step(w), -1); /* and stays so, without asking again */
	assert_int_equal(w->err.class, ERR_REFUSED);
}

static void results_of_ours_above_our_own_count_are_refused(void **state)
{
	struct rig *w = *state;
	struct fake_record *r = &w->broker.records[w->broker.record_count++];

	rig_epoch(w, 3);
	snprintf(r->topic, sizeof(r->topic), "out");
	snprintf(r->db, sizeof(r->db), "%s", database_uuid(w->db));
	snprintf(r->seq, sizeof(r->seq), "50");
	r->committed = true;
	assert_int_equal(rig_step(w), -1); /* no metadata, not virgin: scanned */
	assert_int_equal(w->err.class, ERR_REFUSED);
}

/* The copy was made before the rows whose transaction was torn: no metadata tell of them. */
static void a_backup_from_before_a_torn_transaction_is_refused(void **state)
{
	struct rig *w = *state;
	struct fake_record *r;

	rig_epoch(w, 3);
	rig_settle(w);
	r = &w->broker.records[w->broker.record_count++];
	snprintf(r->topic, sizeof(r->topic), "out");
	snprintf(r->db, sizeof(r->db), "%s", database_uuid(w->db));
	snprintf(r->seq, sizeof(r->seq), "4");
	r->committed = true;
	rig_crash(w);
	assert_int_equal(rig_step(w), -1);
	assert_int_equal(w->err.class, ERR_REFUSED);
	assert_non_null(strstr(w->err.text, "older copy"));
}

static void another_result_under_a_number_of_ours_is_refused(void **state)
{
	struct rig *w = *state;
	struct fake_record *r = &w->broker.records[w->broker.record_count++];

	rig_epoch(w, 3);
	snprintf(r->topic, sizeof(r->topic), "out");
	snprintf(r->db, sizeof(r->db), "%s", database_uuid(w->db));
	snprintf(r->seq, sizeof(r->seq), "2");
	snprintf(r->id, sizeof(r->id), "%032d", 7);
	r->committed = true;
	assert_int_equal(rig_step(w), -1);
	assert_int_equal(w->err.class, ERR_REFUSED);
	assert_non_null(strstr(w->err.text, "copy of this database"));
}

static void an_old_copy_that_is_still_empty_is_refused(void **state)
{
	struct rig *w = *state;
	struct fake_record *r;

	assert_int_equal(rig_step(w), 0);
	rig_crash(w);
	assert_int_equal(rig_step(w), 0); /* empty, but nothing of ours is out there */
	rig_crash(w);
	r = &w->broker.records[w->broker.record_count++];
	snprintf(r->topic, sizeof(r->topic), "out");
	snprintf(r->db, sizeof(r->db), "%s", database_uuid(w->db));
	snprintf(r->seq, sizeof(r->seq), "1");
	r->committed = true;
	assert_int_equal(rig_step(w), -1);
	assert_int_equal(w->err.class, ERR_REFUSED);
}

static void another_cluster_or_name_is_refused(void **state)
{
	struct rig *w = *state;

	rig_epoch(w, 1);
	rig_settle(w);
	rig_stop(w);
	w->broker.cluster_id = "cluster-2";
	rig_start(w);
	assert_int_equal(rig_step(w), -1);
	assert_int_equal(w->err.class, ERR_REFUSED);
	assert_non_null(strstr(w->err.text, "cluster-2"));
	rig_stop(w);
	w->broker.cluster_id = "cluster-1";
	w->options.transactional_id = "another";
	rig_start(w);
	assert_int_equal(rig_step(w), -1);
	assert_int_equal(w->err.class, ERR_REFUSED);
	assert_int_equal(w->broker.calls[FAKE_PRODUCE], 1);
}

static void being_fenced_again_and_again_is_refused(void **state)
{
	struct rig *w = *state;
	int tries = 0;

	rig_settle(w);
	rig_epoch(w, 1);
	do {
		fake_broker_fail(&w->broker, FAKE_BEGIN, 1, BROKER_FENCED);
	} while (rig_step(w) == -1 && w->err.class == ERR_RETRY && ++tries < 10);
	assert_int_equal(w->err.class, ERR_REFUSED);
	assert_int_equal(tries, 2);
}

static void rights_are_the_operators_business(void **state)
{
	struct rig *w = *state;

	rig_settle(w);
	rig_epoch(w, 2);
	fake_broker_fail(&w->broker, FAKE_FLUSH, 1, BROKER_CONFIG);
	assert_int_equal(rig_step(w), -1);
	assert_int_equal(w->err.class, ERR_CONFIG);
	rig_settle(w);
	rig_assert_each_once(w);
}

#define RIG(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG(a_restored_backup_is_refused),
		RIG(results_of_ours_above_our_own_count_are_refused),
		RIG(a_backup_from_before_a_torn_transaction_is_refused),
		RIG(another_result_under_a_number_of_ours_is_refused),
		RIG(an_old_copy_that_is_still_empty_is_refused),
		RIG(another_cluster_or_name_is_refused),
		RIG(being_fenced_again_and_again_is_refused),
		RIG(rights_are_the_operators_business),
	};

	return cmocka_run_group_tests_name("publisher_refuses", tests, NULL, NULL);
}
