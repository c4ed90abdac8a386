/* Who published: one of two that went on from copies of one database. */

#include "publish/life.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/publisher_rig.h"

#include <stdio.h>
#include <stdlib.h>

static struct metadata shown(struct rig *w)
{
	struct metadata m;

	assert_int_equal(metadata_parse(slice_str(fake_broker_metadata(&w->broker, "in", 0)), &m), 0);
	return m;
}

static void copy_file(const char *from, const char *to)
{
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	char piece[4096];
	size_t n;

	assert_non_null(in);
	assert_non_null(out);
	while ((n = fread(piece, 1, sizeof(piece), in)) > 0)
		assert_int_equal(fwrite(piece, 1, n, out), n);
	fclose(in);
	assert_int_equal(fclose(out), 0);
}

/* The database as a file, and back. Nothing is open meanwhile. */
static void save(struct rig *w, const char *name)
{
	char to[128];

	rig_stop(w);
	snprintf(to, sizeof(to), "%s/%s", w->store.dir, name);
	copy_file(w->store.path, to);
}

static void load(struct rig *w, const char *name)
{
	char from[128];

	snprintf(from, sizeof(from), "%s/%s", w->store.dir, name);
	copy_file(from, w->store.path);
	rig_start(w);
}

/* An epoch with one result for that topic, committed to SQLite. */
static void epoch_into(struct rig *w, const char *topic, uint64_t number, uint64_t seq)
{
	struct epoch e;
	struct outbox_row row = {.seq = seq, .topic = slice_str(topic), .partition = -1, .has_value = true};

	w->epoch = number;
	w->next_seq = seq + 1;
	w->positions[0].consumed += 10;
	epoch_init(&e, number, 1 << 20);
	row.value = slice_str(topic);
	memset(row.id.bytes, topic[strlen(topic) - 1], sizeof(row.id.bytes));
	epoch_output(&e, &row);
	assert_int_equal(checkpoint_commit(w->db, &e, &w->err), 0);
	epoch_release(&e);
}

/* Both computed epoch 2 with one result, number 2, but not the same one, and
 * never ran at once. What the copy published is no proof of our row. */
static void a_copy_that_counted_as_far_is_a_stranger(void **state)
{
	struct rig *w = *state;

	rig_epoch(w, 1);
	rig_settle(w);
	save(w, "copy");
	rig_start(w);
	epoch_into(w, "out", 2, 2); /* killed before it was sent */
	save(w, "ours");
	load(w, "copy");
	epoch_into(w, "elsewhere", 2, 2);
	rig_settle(w);
	rig_stop(w);
	load(w, "ours");
	assert_int_equal(rig_step(w), -1);
	assert_int_equal(w->err.class, ERR_REFUSED);
	assert_non_null(strstr(w->err.text, "from a copy of it"));
}

static void a_database_put_back_as_it_was_goes_on(void **state)
{
	struct rig *w = *state;

	rig_epoch(w, 1);
	rig_settle(w);
	save(w, "copy");
	rig_start(w);
	rig_settle(w);
	w->mono += 3600000; /* it shows that it lives, but has nothing to say */
	rig_settle(w);
	rig_stop(w);
	load(w, "copy");
	rig_settle(w);
	rig_epoch(w, 2);
	rig_settle(w);
	rig_assert_each_once(w);
}

static void each_process_names_itself_once_it_has_something_to_say(void **state)
{
	struct rig *w = *state;
	struct metadata first, second;

	rig_epoch(w, 1);
	rig_settle(w);
	first = shown(w);
	assert_int_equal(strlen(first.life), METADATA_LIFE);
	rig_crash(w);
	rig_settle(w);
	w->mono += 3600000;
	rig_settle(w);
	assert_string_equal(shown(w).life, first.life);
	rig_epoch(w, 1);
	rig_settle(w);
	second = shown(w);
	assert_string_not_equal(second.life, first.life);
	/* not with every producer */
	fake_broker_fail(&w->broker, FAKE_COMMIT, 1, BROKER_INDEFINITE);
	rig_epoch(w, 1);
	rig_settle(w);
	assert_string_equal(shown(w).life, second.life);
	rig_assert_each_once(w);
}

static void metadata_from_before_there_were_lives_are_gone_on_from(void **state)
{
	struct rig *w = *state;
	char text[METADATA_MAX];
	struct metadata m;

	rig_epoch(w, 1);
	rig_settle(w);
	m = shown(w);
	m.life[0] = '\0';
	metadata_format(&m, text);
	fake_broker_set_offset(&w->broker, "in", 0, 10, text);
	fake_broker_set_offset(&w->broker, "in", 1, 0, text);
	rig_crash(w);
	rig_epoch(w, 2);
	rig_settle(w);
	assert_int_equal(strlen(shown(w).life), METADATA_LIFE);
	rig_assert_each_once(w);
}

/* The database remembers it before Kafka can. */
static void a_life_is_durable_before_it_publishes(void **state)
{
	struct rig *w = *state;
	char *known;

	rig_epoch(w, 1);
	fake_broker_fail(&w->broker, FAKE_BEGIN, 1, BROKER_RETRY);
	assert_int_equal(rig_step(w), -1);
	known = life_known(w->db, &w->err);
	assert_non_null(known);
	rig_settle(w);
	assert_non_null(strstr(known, shown(w).life));
	free(known);
}

#define RIG(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG(a_copy_that_counted_as_far_is_a_stranger),
		RIG(a_database_put_back_as_it_was_goes_on),
		RIG(each_process_names_itself_once_it_has_something_to_say),
		RIG(metadata_from_before_there_were_lives_are_gone_on_from),
		RIG(a_life_is_durable_before_it_publishes),
	};

	return cmocka_run_group_tests_name("life", tests, NULL, NULL);
}
