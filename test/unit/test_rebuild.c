/* A new database in place of a lost one: the plan from Kafka's metadata, the
 * ids that the outputs hold, and what the publisher says of settled records. */

#include "publish/rebuild.h"
#include "store/outbox.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/publisher_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The disk is lost; riverd is started with --rebuild, or not. */
static void lose(struct rig *w, bool rebuild)
{
	rig_stop(w);
	unlink(w->store.path);
	w->options.rebuild = rebuild;
	w->epoch = 0;
	w->next_seq = 1;
	rig_start(w);
}

/* Results 'first' to 'last' (also their ids), of records consumed up to `consumed`. */
static void epoch(struct rig *w, int first, int last, int64_t consumed, int64_t settled, int64_t settled_ms)
{
	struct epoch e;

	epoch_init(&e, ++w->epoch, 1 << 20);
	for (int i = first; i <= last; i++) {
		struct outbox_row row = {.seq = w->next_seq++,
					 .topic = SLICE_LITERAL("out"),
					 .partition = -1,
					 .has_value = true};

		row.value = SLICE_LITERAL("result");
		memset(row.id.bytes, 200 - i, sizeof(row.id.bytes)); /* not in their order */
		epoch_output(&e, &row);
	}
	w->positions[0] = (struct publish_position){"in", 0, consumed, settled, settled_ms};
	assert_int_equal(checkpoint_commit(w->db, &e, &w->err), 0);
	epoch_release(&e);
}

static struct hash_id id_of(int i)
{
	struct hash_id id;

	memset(id.bytes, 200 - i, sizeof(id.bytes));
	return id;
}

static void assert_plan(struct rig *w, int64_t from, int64_t settled_ms)
{
	struct rebuild plan;
	int64_t settled;

	rig_must(w, rebuild_load(w->db, &plan, &w->err));
	assert_true(plan.active && plan.guided);
	assert_true(plan.settled_ms == settled_ms);
	rig_must(w, rebuild_partition(w->db, "in", 0, &settled, &w->err));
	assert_int_equal(settled, from);
	rig_must(w, rebuild_partition(w->db, "in", 7, &settled, &w->err));
	assert_int_equal(settled, 0);
}

static void a_lost_database_is_refused_until_the_operator_says_rebuild(void **state)
{
	struct rig *w = *state;

	epoch(w, 1, 3, 50, 40, 7000);
	rig_must(w, rig_step(w));
	lose(w, false);
	assert_int_equal(rig_step(w), -1);
	assert_int_equal(w->err.class, ERR_REFUSED);
	assert_non_null(strstr(w->err.text, "--rebuild"));
	lose(w, true);
	rig_must(w, publisher_resolve(w->publisher, w->positions, 2, &w->err));
	assert_plan(w, 40, 7000);
}

static void the_outputs_say_what_is_published(void **state)
{
	struct rig *w = *state;
	struct broker_port port = fake_broker_port(&w->broker);
	struct rebuild plan;

	epoch(w, 1, 3, 50, 40, 7000);
	rig_must(w, rig_step(w));
	epoch(w, 9, 9, 60, 40, 7000);
	w->broker.script[FAKE_COMMIT].torn = 0;
	fake_broker_fail(&w->broker, FAKE_COMMIT, 1, BROKER_ABORT); /* never seen by a reader */
	assert_int_equal(rig_step(w), -1);
	lose(w, true);
	rig_must(w, publisher_resolve(w->publisher, w->positions, 2, &w->err));
	rig_must(w, rebuild_load(w->db, &plan, &w->err));
	rig_must(w, rebuild_scan(&port, w->options.outputs, 1, &plan, &w->err));
	assert_int_equal(plan.held_count, 3);
	for (int i = 1; i <= 3; i++)
		assert_true(rebuild_holds(&plan, id_of(i)));
	assert_false(rebuild_holds(&plan, id_of(9)));
	assert_false(rebuild_holds(&plan, id_of(0)));
	w->broker.hidden = true; /* not all can be read: nothing may be concluded */
	assert_int_equal(rebuild_scan(&port, w->options.outputs, 1, &plan, &w->err), -1);
	assert_int_equal(w->err.class, ERR_RETRY);
	rebuild_release(&plan);
}

static void a_crash_in_the_midst_goes_on_without_the_option(void **state)
{
	struct rig *w = *state;

	epoch(w, 1, 3, 50, 40, 7000);
	rig_must(w, rig_step(w));
	lose(w, true);
	rig_must(w, publisher_resolve(w->publisher, w->positions, 2, &w->err));
	epoch(w, 4, 4, 45, 40, 7000); /* durable; Kafka has only what the lost one left */
	rig_stop(w);
	w->options.rebuild = false;
	rig_start(w);
	rig_must(w, rig_step(w));
	assert_plan(w, 40, 7000);
	assert_int_equal(fake_broker_visible_count(&w->broker), 4);
	rig_stop(w); /* and now it has ours */
	rig_start(w);
	rig_must(w, rig_step(w));
	assert_plan(w, 40, 7000);
	assert_int_equal(fake_broker_visible_count(&w->broker), 4);
}

static void a_third_database_is_still_refused(void **state)
{
	struct rig *w = *state;

	epoch(w, 1, 3, 50, 40, 7000);
	rig_must(w, rig_step(w));
	lose(w, true);
	rig_must(w, publisher_resolve(w->publisher, w->positions, 2, &w->err));
	epoch(w, 4, 4, 45, 40, 7000);
	rig_must(w, rig_step(w));
	fake_broker_set_offset(
		&w->broker, "in", 1, 5,
		"1;fedcba9876543210fedcba9876543210;9;9;9;9;9;00000000"); /* its CRC is wrong */
	rig_stop(w);
	rig_start(w);
	rig_must(w, rig_step(w)); /* unreadable: scanned */
	lose(w, false);
	assert_int_equal(rig_step(w), -1);
	assert_int_equal(w->err.class, ERR_REFUSED);
}

static void it_ends_for_good(void **state)
{
	struct rig *w = *state;
	struct rebuild plan;

	epoch(w, 1, 3, 50, 40, 7000);
	rig_must(w, rig_step(w));
	lose(w, true);
	rig_must(w, publisher_resolve(w->publisher, w->positions, 2, &w->err));
	epoch(w, 4, 4, 60, 55, 9000);
	rig_must(w, rig_step(w));
	rig_must(w, database_fact_set(w->db, REBUILD_DONE, "1", &w->err));
	rig_must(w, rebuild_load(w->db, &plan, &w->err));
	assert_false(plan.active);
}

static void without_any_metadata_the_plan_is_not_guided(void **state)
{
	struct rig *w = *state;
	struct rebuild plan;

	epoch(w, 1, 3, 50, 40, 7000);
	rig_must(w, rig_step(w));
	fake_broker_forget_offsets(&w->broker);
	lose(w, true);
	rig_must(w, publisher_resolve(w->publisher, w->positions, 2, &w->err));
	rig_must(w, rebuild_load(w->db, &plan, &w->err));
	assert_true(plan.active && !plan.guided && plan.settled_ms == INT64_MIN);
}

/* ---- what may be called settled ---- */

static void committed(struct rig *w, int64_t from, int64_t settled_ms)
{
	struct metadata m;

	assert_int_equal(metadata_parse(slice_str(fake_broker_metadata(&w->broker, "in", 0)), &m), 0);
	assert_int_equal(m.replay_from, from);
	assert_true(m.watermark_ms == settled_ms);
}

static void rows_that_wait_keep_their_records_unsettled(void **state)
{
	struct rig *w = *state;
	int64_t from, ms;

	rig_stop(w);
	w->options.max_rows = 2;
	rig_start(w);
	epoch(w, 1, 2, 10, 5, 100);
	rig_must(w, rig_step(w));
	committed(w, 5, 100);
	epoch(w, 3, 8, 90, 80, 900); /* three transactions; only the last leaves nothing behind */
	fake_broker_fail(&w->broker, FAKE_BEGIN, 3, BROKER_RETRY);
	assert_int_equal(rig_step(w), -1);
	committed(w, 5, 100);
	publisher_settled(w->publisher, "in", 0, &from, &ms);
	assert_true(from == 5 && ms == 100);
	rig_stop(w); /* a new process must not know better */
	rig_start(w);
	fake_broker_fail(&w->broker, FAKE_BEGIN, 1, BROKER_RETRY);
	assert_int_equal(rig_step(w), -1);
	publisher_settled(w->publisher, "in", 0, &from, &ms);
	assert_true(from == 5 && ms == 100);
	rig_must(w, rig_step(w));
	committed(w, 80, 900);
	publisher_settled(w->publisher, "in", 0, &from, &ms);
	assert_true(from == 80 && ms == 900);
}

static void before_anything_was_said_nothing_is_settled(void **state)
{
	struct rig *w = *state;
	int64_t from, ms;

	rig_stop(w);
	w->options.max_rows = 2;
	rig_start(w);
	epoch(w, 1, 4, 10, 5, 100);
	fake_broker_fail(&w->broker, FAKE_BEGIN, 2, BROKER_RETRY);
	assert_int_equal(rig_step(w), -1);
	committed(w, 0, INT64_MIN);
	publisher_settled(w->publisher, "in", 0, &from, &ms);
	assert_true(from == 0 && ms == INT64_MIN);
}

#define WORLD(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(a_lost_database_is_refused_until_the_operator_says_rebuild),
		WORLD(the_outputs_say_what_is_published),
		WORLD(a_crash_in_the_midst_goes_on_without_the_option),
		WORLD(a_third_database_is_still_refused),
		WORLD(it_ends_for_good),
		WORLD(without_any_metadata_the_plan_is_not_guided),
		WORLD(rows_that_wait_keep_their_records_unsettled),
		WORLD(before_anything_was_said_nothing_is_settled),
	};

	return cmocka_run_group_tests_name("rebuild", tests, NULL, NULL);
}
