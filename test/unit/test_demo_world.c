/* The demo's Kafka, registry and feed, seen by an ordinary client. */

#include "base/hash.h"
#include "demo_world.h"
#include "registry_post.h"
#include "test/lib/cmocka_all.h"
#include "world/generator_encode.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static rd_kafka_t *consumer(const char *brokers)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[200];
	rd_kafka_t *rk;

	rd_kafka_conf_set(conf, "bootstrap.servers", brokers, NULL, 0);
	rd_kafka_conf_set(conf, "group.id", "test", NULL, 0);
	rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", NULL, 0);
	rd_kafka_conf_set(conf, "enable.auto.commit", "false", NULL, 0);
	rd_kafka_conf_set(conf, "enable.partition.eof", "true", NULL, 0);
	rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", NULL, 0);
	rd_kafka_conf_set(conf, "log_level", "2", NULL, 0);
	rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
	assert_non_null(rk);
	rd_kafka_poll_set_consumer(rk);
	return rk;
}

/* Reads all partitions of a topic to their end; folds bytes and times into a
 * hash that does not depend on how partitions take turns. */
static size_t read_topic(const char *brokers, const char *topic, int partitions, struct hash_id *sum)
{
	rd_kafka_t *rk = consumer(brokers);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
	size_t count = 0;
	int ends = 0;

	for (int p = 0; p < partitions; p++)
		rd_kafka_topic_partition_list_add(list, topic, p)->offset = RD_KAFKA_OFFSET_BEGINNING;
	assert_int_equal(rd_kafka_assign(rk, list), 0);
	rd_kafka_topic_partition_list_destroy(list);
	while (ends < partitions) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 10000);

		assert_non_null(m);
		if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
			ends++;
		} else {
			int64_t where[3] = {m->partition, m->offset, rd_kafka_message_timestamp(m, NULL)};
			struct slice parts[2] = {slice_make(where, sizeof(where)),
						 slice_make(m->payload, m->len)};
			struct hash_id id;

			assert_int_equal(m->err, 0);
			id = hash_id_of(parts, 2);
			for (int i = 0; i < 16; i++)
				sum->bytes[i] ^= id.bytes[i];
			count++;
		}
		rd_kafka_message_destroy(m);
	}
	rd_kafka_destroy(rk);
	return count;
}

static const char *const inputs[INPUTS] = {"clickstream", "bookings", "hotel_reviews",
					   "riverhotel.SAMPLE.HOTEL", "riverhotel.SAMPLE.CUSTOMER"};

static struct hash_id once(uint64_t seed)
{
	struct demo_world_options o;
	struct demo_world world;
	struct hash_id sum = {{0}};
	size_t count = 0;
	struct err err;

	demo_world_defaults(&o);
	o.once = true;
	o.seed = seed;
	o.events = 3000;
	if (demo_world_start(&o, &world, &err) != 0)
		fail_msg("%s", err.text);
	for (int i = 0; i < INPUTS; i++)
		count += read_topic(world.brokers, inputs[i], o.partitions, &sum);
	assert_int_equal(count, world.events);
	assert_true(count > 3000 + 2000);
	demo_world_stop(&world);
	return sum;
}

static void a_history_is_complete_at_start_and_the_same_every_time(void **state)
{
	struct hash_id one = once(1);

	(void)state;
	assert_true(hash_id_equal(one, once(1)));
	assert_false(hash_id_equal(one, once(2)));
}

static void the_registry_knows_what_the_records_are_written_in(void **state)
{
	struct demo_world_options o;
	struct demo_world world;
	int32_t id = 0, again = 0, other = 0;
	struct buf text;
	struct err err;

	(void)state;
	demo_world_defaults(&o);
	assert_int_equal(demo_world_start(&o, &world, &err), 0);
	buf_init(&text, 1 << 20);
	assert_int_equal(registry_post_schema(world.registry_url, "clickstream-value",
					      generator_schema_text(SCHEMA_CLICK + GENERATION_2026), &id,
					      &err),
			 0);
	assert_int_equal(registry_post_schema(world.registry_url, "elsewhere-value",
					      generator_schema_text(SCHEMA_CLICK + GENERATION_2026), &again,
					      &err),
			 0);
	assert_int_equal(id, again);
	assert_int_equal(registry_post_schema(world.registry_url, "new-value", "\"string\"", &other, &err),
			 0);
	assert_int_not_equal(id, other);
	assert_int_equal(registry_get_schema(world.registry_url, id, &text, &err), 0);
	assert_non_null(strstr(buf_cstr(&text), "customer_email"));
	assert_int_equal(registry_get_schema(world.registry_url, 9999, &text, &err), -1);
	assert_int_equal(err.class, ERR_NOT_FOUND);
	assert_int_equal(registry_post_schema(world.registry_url, "bad-value", "{", &other, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	buf_release(&text);
	demo_world_stop(&world);
}

static void live_events_flow_at_the_asked_rate_in_scaled_time(void **state)
{
	struct demo_world_options o;
	struct demo_world world;
	struct hash_id sum = {{0}};
	struct clock clock;
	int64_t event_ms;
	size_t before, after;
	struct err err;

	(void)state;
	demo_world_defaults(&o);
	o.rate = 400;
	assert_int_equal(demo_world_start(&o, &world, &err), 0);
	clock = demo_world_clock(&world);
	event_ms = clock_wall_ms(&clock);
	before = read_topic(world.brokers, "clickstream", o.partitions, &sum);
	usleep(1500 * 1000);
	after = read_topic(world.brokers, "clickstream", o.partitions, &sum);
	event_ms = clock_wall_ms(&clock) - event_ms;
	print_message("%zu clicks in %lld s of event time\n", after - before, (long long)event_ms / 1000);
	assert_true(event_ms > 1400 * 240);
	assert_true(after - before > 250 && after - before < 2500);
	demo_world_stop(&world);
	assert_int_equal(world.pid, 0);
	demo_world_stop(&world); /* harmless */
}

static void the_world_dies_with_its_parent(void **state)
{
	int fds[2];
	pid_t parent, grandchild = 0;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	parent = fork();
	if (parent == 0) {
		struct demo_world_options o;
		struct demo_world world;
		struct err err;

		demo_world_defaults(&o);
		demo_world_start(&o, &world, &err);
		if (write(fds[1], &world.pid, sizeof(world.pid)) < 0)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(read(fds[0], &grandchild, sizeof(grandchild)), sizeof(grandchild));
	waitpid(parent, NULL, 0);
	for (int i = 0; i < 100 && kill(grandchild, 0) == 0; i++) {
		char path[64], line[256] = "";
		FILE *stat;

		/* in a container nobody may reap it: a zombie is dead enough */
		snprintf(path, sizeof(path), "/proc/%d/stat", grandchild);
		stat = fopen(path, "r");
		if (stat != NULL && fgets(line, sizeof(line), stat) != NULL && strstr(line, ") Z ") != NULL)
			grandchild = -1;
		if (stat != NULL)
			fclose(stat);
		if (grandchild < 0)
			return;
		usleep(20 * 1000);
	}
	assert_int_equal(kill(grandchild, 0), -1);
	assert_int_equal(errno, ESRCH);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* this one forks a parent: before any thread of librdkafka or curl */
		cmocka_unit_test(the_world_dies_with_its_parent),
		cmocka_unit_test(a_history_is_complete_at_start_and_the_same_every_time),
		cmocka_unit_test(the_registry_knows_what_the_records_are_written_in),
		cmocka_unit_test(live_events_flow_at_the_asked_rate_in_scaled_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
