/* The consumer, against librdkafka's mock cluster. */

#include "base/crc32c.h"
#include "kafka/source.h"
#include "kafka/source_internal.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/mock_kafka.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct world {
	struct mock_kafka kafka;
	struct source *source;
	atomic_int wakes;
	int ends, troubles;
	int64_t end_offset[4];
	int last_code;
	enum err_class last_class;
	int next[4]; /* value expected next, per partition */
	int got;
};

static void on_end(void *ctx, const char *topic, int32_t partition, int64_t offset)
{
	struct world *w = ctx;

	assert_string_equal(topic, "in");
	w->ends++;
	w->end_offset[partition] = offset;
	/* whatever came before was used before */
	assert_true(w->next[partition] <= offset);
}

static void on_trouble(void *ctx, const struct source_trouble *t)
{
	struct world *w = ctx;

	w->troubles++;
	w->last_code = t->code;
	w->last_class = t->class;
}

static void on_wake(void *ctx)
{
	struct world *w = ctx;

	atomic_fetch_add(&w->wakes, 1);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct source_options o = {.group = "riverd", .batch = 7, .clock = clock_system()};
	struct err err;

	*state = w;
	if (mock_kafka_init(&w->kafka, 1))
		return -1;
	rd_kafka_mock_topic_create(w->kafka.cluster, "in", 4, 1);

	struct kafka_setting settings[] = {{"bootstrap.servers", w->kafka.bootstrap},
					   {"statistics.interval.ms", "100"},
					   {"fetch.wait.max.ms", "10"}};

	o.settings = (struct kafka_settings){settings, 3};
	o.events = (struct source_events){w, on_end, on_trouble, on_wake};
	w->source = source_new(&o, &err);
	if (!w->source)
		fail_msg("%s", err.text);
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	source_free(w->source);
	mock_kafka_release(&w->kafka);
	free(w);
	return 0;
}

static void assign(struct world *w, int partitions, int64_t offset)
{
	struct source_position p[4];
	struct err err;

	for (int i = 0; i < partitions; i++)
		p[i] = (struct source_position){"in", i, offset};
	if (source_assign(w->source, p, (size_t)partitions, &err))
		fail_msg("%s", err.text);
}

static void check(struct world *w, const struct message *m)
{
	char text[16];

	assert_string_equal(m->topic, "in");
	assert_int_equal(m->offset, w->next[m->partition]);
	snprintf(text, sizeof(text), "%d", w->next[m->partition]);
	assert_true(slice_is(m->value, text));
	assert_true(slice_is(m->key, "k"));
	assert_true(m->has_key && m->has_value);
	assert_int_equal(m->timestamp_ms, 1700000000000 + w->next[m->partition]);
	assert_int_equal(m->header_count, 1);
	assert_true(slice_is(m->headers[0].name, "h"));
	assert_true(slice_is(m->headers[0].value, text));
	w->next[m->partition]++;
	w->got++;
}

/* As the loop does: polls only after a wake-up, until there is no more. */
static void consume(struct world *w, int records, int ends)
{
	const struct message *batch[100];
	int seen = -1;

	for (int ms = 0; ms < 10000 && (w->got < records || w->ends < ends); ms++) {
		int wakes = atomic_load(&w->wakes);

		if (wakes == seen) {
			usleep(1000);
			continue;
		}
		seen = wakes;
		do {
			size_t n = source_poll(w->source, batch, 100);

			for (size_t i = 0; i < n; i++)
				check(w, batch[i]);
			source_release(w->source);
		} while (source_more(w->source));
	}
	assert_int_equal(w->got, records);
	assert_true(w->ends >= ends);
}

static void records_come_in_order_with_headers_and_then_the_end(void **state)
{
	struct world *w = *state;
	struct source_partition p;

	assert_int_equal(mock_kafka_write(&w->kafka, "in", 0, 0, 50), 0);
	assert_int_equal(mock_kafka_write(&w->kafka, "in", 1, 0, 5), 0);
	assign(w, 2, 0);
	consume(w, 55, 2);
	assert_int_equal(w->end_offset[0], 50);
	assert_int_equal(source_partition_count(w->source), 2);
	source_partition(w->source, 0, &p);
	assert_string_equal(p.topic, "in");
	assert_int_equal(p.next_offset, 50);
	assert_int_equal(p.last_offset, 49);
	assert_int_equal(p.last_timestamp_ms, 1700000000049);
	assert_int_equal(p.last_crc, crc32c(0, slice_str("k49")));
	assert_int_equal(p.state, SOURCE_AT_END);
	assert_int_equal(p.lag, 0);
	/* new records, a new end */
	assert_int_equal(mock_kafka_write(&w->kafka, "in", 1, 5, 1), 0);
	consume(w, 56, 3);
	assert_int_equal(w->end_offset[1], 6);
}

static void it_starts_where_it_is_told(void **state)
{
	struct world *w = *state;

	assert_int_equal(mock_kafka_write(&w->kafka, "in", 0, 0, 50), 0);
	w->next[0] = 42;
	assign(w, 1, 42);
	consume(w, 8, 1);
}

static void a_longer_assignment_neither_loses_nor_repeats(void **state)
{
	struct world *w = *state;
	const struct message *batch[100];

	for (int i = 0; i < 4; i++)
		assert_int_equal(mock_kafka_write(&w->kafka, "in", i, 0, 300), 0);
	assign(w, 1, 0);
	for (int n = 2; n <= 4; n++) {
		/* in the middle of things: some taken, some fetched ahead */
		for (int tries = 0; tries < 5000 && w->got < n * 20; tries++) {
			size_t taken = source_poll(w->source, batch, 7);

			for (size_t i = 0; i < taken; i++)
				check(w, batch[i]);
			source_release(w->source);
			if (taken == 0)
				usleep(1000);
		}
		assign(w, n, 0);
	}
	consume(w, 1200, 4);
}

static void an_end_that_was_overtaken_is_not_reported(void **state)
{
	struct world *w = *state;

	assign(w, 1, 0);
	consume(w, 0, 1);
	for (int i = 0; i < 12; i++) { /* each record and its end, in one queue */
		assert_int_equal(mock_kafka_write(&w->kafka, "in", 0, i, 1), 0);
		usleep(30000);
	}
	consume(w, 12, 2);
	assert_int_equal(w->end_offset[0], 12);
}

static void records_below_the_next_offset_are_dropped(void **state)
{
	struct world *w = *state;
	struct source_partition p;

	/* As after a redelivery: the library delivers from 0, we are at 20 already. */
	assert_int_equal(mock_kafka_write(&w->kafka, "in", 0, 0, 50), 0);
	assign(w, 1, 0);
	w->source->topics[0]->parts[0].next = 20;
	w->next[0] = 20;
	consume(w, 30, 1);
	source_partition(w->source, 0, &p);
	assert_int_equal(p.dropped, 20);
}

static void an_offset_out_of_range_is_an_event_and_can_be_mended(void **state)
{
	struct world *w = *state;
	struct source_partition p;
	struct source_position mended[] = {{"in", 0, 300}};
	const struct message *batch[10];
	struct err err;

	assert_int_equal(mock_kafka_write(&w->kafka, "in", 0, 0, 10), 0);
	w->next[0] = 200;
	assign(w, 1, 200);
	for (int i = 0; i < 5000 && w->troubles == 0; i++) {
		source_poll(w->source, batch, 10);
		source_release(w->source);
		usleep(1000);
	}
	assert_int_equal(w->last_class, ERR_REFUSED);
	source_partition(w->source, 0, &p);
	assert_int_equal(p.state, SOURCE_OUT_OF_RANGE);
	/* a higher offset is taken over: records given up */
	assert_int_equal(source_assign(w->source, mended, 1, &err), 0);
	source_partition(w->source, 0, &p);
	assert_int_equal(p.state, SOURCE_READING);
	assert_int_equal(p.next_offset, 300);
}

static void a_silent_broker_is_told_from_a_quiet_topic(void **state)
{
	struct world *w = *state;
	struct source_partition p;
	struct clock clock = clock_system();
	const struct message *batch[10];
	int64_t before;

	assign(w, 1, 0);
	consume(w, 0, 1);
	for (int i = 0; i < 50; i++) { /* statistics say who the leader is */
		source_poll(w->source, batch, 10);
		source_release(w->source);
		usleep(10000);
	}
	before = clock_mono_ms(&clock);
	usleep(100000);
	source_partition(w->source, 0, &p);
	assert_true(p.answered_ms >= before); /* nothing new, yet it answers */
	rd_kafka_mock_broker_set_down(w->kafka.cluster, 1);
	usleep(300000);
	source_partition(w->source, 0, &p);
	before = p.answered_ms;
	usleep(300000);
	source_partition(w->source, 0, &p);
	assert_int_equal(p.answered_ms, before);
	for (int i = 0; i < 300 && w->troubles == 0; i++) {
		source_poll(w->source, batch, 10);
		source_release(w->source);
		usleep(10000);
	}
	assert_int_equal(w->last_class, ERR_RETRY);
	rd_kafka_mock_broker_set_up(w->kafka.cluster, 1);
}

static void settings_are_checked_with_the_librarys_own_words(void **state)
{
	struct kafka_setting bad[] = {{"fetch.wait.max.mss", "1"}},
			     ours[] = {{"isolation.level", "read_uncommitted"}}, same[] = {{"acks", "-1"}},
			     group[] = {{"group.id", "x"}};
	struct err err;

	(void)state;
	assert_int_equal(kafka_config_check(KAFKA_SOURCE, &(struct kafka_settings){bad, 1}, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_string_equal(
		err.text, "kafka.fetch.wait.max.mss: No such configuration property: \"fetch.wait.max.mss\"");
	assert_int_equal(kafka_config_check(KAFKA_SOURCE, &(struct kafka_settings){ours, 1}, &err), -1);
	assert_non_null(strstr(err.text, "must be read_committed"));
	assert_int_equal(kafka_config_check(KAFKA_SOURCE, &(struct kafka_settings){group, 1}, &err), -1);
	assert_int_equal(kafka_config_check(KAFKA_SINK, &(struct kafka_settings){same, 1}, &err), 0);
}

/* What is said for the producer reaches the consumers as well, and must not stop them; nor
 * must a fetch that is smaller than what librdkafka would let a producer send. */
static void sizes_of_the_producer_do_not_stop_the_consumers(void **state)
{
	struct kafka_setting large[] = {{"message.max.bytes", "10485760"}},
			     small[] = {{"fetch.max.bytes", "262144"}};
	struct kafka_settings settings[] = {{large, 1}, {small, 1}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct err err = {0};
		rd_kafka_conf_t *conf = kafka_config_new(KAFKA_SOURCE, &settings[i], "g", NULL, NULL, &err);
		rd_kafka_t *rk = conf ? kafka_client_open(KAFKA_SOURCE, conf, &err) : NULL;

		if (rk == NULL)
			fail_msg("%s", err.text);
		rd_kafka_destroy(rk);
	}
}

static void a_partition_at_its_end_stays_there_when_another_is_added(void **state)
{
	struct world *w = *state;
	struct source_partition p;

	assert_int_equal(mock_kafka_write(&w->kafka, "in", 0, 0, 5), 0);
	assign(w, 1, 0);
	consume(w, 5, 1);
	assign(w, 2, 0);
	source_partition(w->source, 0, &p);
	assert_int_equal(p.state, SOURCE_AT_END);
	source_partition(w->source, 1, &p);
	assert_int_equal(p.state, SOURCE_READING);
	consume(w, 5, 2);
	source_partition(w->source, 1, &p);
	assert_int_equal(p.state, SOURCE_AT_END);
}

static void how_many_partitions_the_cluster_has_is_known_without_asking(void **state)
{
	struct world *w = *state;
	const struct message *batch[1];

	rd_kafka_mock_topic_create(w->kafka.cluster, "two", 2, 1);
	source_expect(w->source, "in");
	source_expect(w->source, "two");
	assign(w, 1, 0); /* one of four */
	assert_int_equal(source_known(w->source, "two"), 0);
	for (int ms = 0; ms < 10000 && source_known(w->source, "two") == 0; ms++) {
		source_poll(w->source, batch, 1);
		source_release(w->source);
		usleep(1000);
	}
	assert_int_equal(source_known(w->source, "two"), 2);
	assert_int_equal(source_known(w->source, "in"), 4);
	assert_int_equal(source_known(w->source, "nobody's"), 0);
}

#define WORLD(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(records_come_in_order_with_headers_and_then_the_end),
		WORLD(it_starts_where_it_is_told),
		WORLD(a_longer_assignment_neither_loses_nor_repeats),
		WORLD(an_end_that_was_overtaken_is_not_reported),
		WORLD(records_below_the_next_offset_are_dropped),
		WORLD(an_offset_out_of_range_is_an_event_and_can_be_mended),
		WORLD(a_partition_at_its_end_stays_there_when_another_is_added),
		WORLD(how_many_partitions_the_cluster_has_is_known_without_asking),
		WORLD(a_silent_broker_is_told_from_a_quiet_topic),
		cmocka_unit_test(settings_are_checked_with_the_librarys_own_words),
		cmocka_unit_test(sizes_of_the_producer_do_not_stop_the_consumers),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
