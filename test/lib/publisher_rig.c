#include "test/lib/publisher_rig.h"

#include "store/outbox.h"
#include "test/lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const outputs[] = {"out"};

static int64_t mono_ms(void *ctx)
{
	return ((struct rig *)ctx)->mono;
}

void rig_start(struct rig *w)
{
	struct broker_port port = fake_broker_port(&w->broker);

	w->db = store_fixture_open(&w->store, &w->err);
	if (!w->db)
		fail_msg("%s", w->err.text);
	w->publisher = publisher_new(w->db, &port, &w->options, &w->err);
	assert_non_null(w->publisher);
}

void rig_stop(struct rig *w)
{
	publisher_free(w->publisher);
	database_close(w->db);
}

void rig_crash(struct rig *w)
{
	rig_stop(w);
	rig_start(w);
}

int rig_setup(void **state)
{
	struct rig *w = calloc(1, sizeof(*w));

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
	rig_start(w);
	return 0;
}

int rig_teardown(void **state)
{
	struct rig *w = *state;

	rig_stop(w);
	store_fixture_release(&w->store);
	free(w);
	return 0;
}

void rig_epoch(struct rig *w, int rows)
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

int rig_step(struct rig *w)
{
	w->mono += 100;
	return publisher_step(w->publisher, w->epoch, w->positions, 2, &w->err);
}

void rig_must(struct rig *w, int result)
{
	(void)w;
	if (result)
		fail_msg("%s: %s", err_class_name(w->err.class), w->err.text);
}

void rig_settle(struct rig *w)
{
	for (int i = 0; i < 20 && rig_step(w) != 0; i++)
		assert_int_equal(w->err.class, ERR_RETRY);
	for (int i = 0; i < 2; i++) { /* evidence may be late once */
		w->mono += 5000;
		rig_must(w, rig_step(w));
	}
}

void rig_assert_each_once(struct rig *w)
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
	rig_must(w, outbox_waiting(w->db, &count, &lowest, &highest, &w->err));
	assert_int_equal(count, 0);
}
