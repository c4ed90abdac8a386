#include "demo_child.h"

#include "demo_registry.h"
#include "world_feed.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define ONCE_START_MS	1774947600000LL	   /* 2026-03-31T09:00:00Z: a month back is 28 February */
#define EVENT_RATE_ONCE (1.0 / 6)	   /* per event second: 20,000 events are a day and a half */
#define SEAL_MS		(45 * 60 * 1000LL) /* after the last event: past window, disorder and grace */
#define NAP_MAX_MS	100

struct child {
	const struct demo_world_options *options;
	rd_kafka_t *handle;
	rd_kafka_mock_cluster_t *cluster;
	struct demo_registry *registry;
	struct world_feed *feed;
	struct generator *generator;
	struct demo_child_report report;
};

/* The mock's thread can miss the next request while it still leaves the last
 * one, and then sleeps for a second: give it a moment. */
static void create_topic(struct child *c, const char *topic)
{
	usleep(2000);
	rd_kafka_mock_topic_create(c->cluster, topic, c->options->partitions, 1);
}

static int start_cluster(struct child *c, struct err *err)
{
	static const char *const outputs[] = {
		"TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY",
		"TARGET_CUSTOMERS_WITH_SIMILAR_HOTELS",
		"TARGET_CUSTOMERS_WITH_REVIEWS_AND_HOTELS",
		"HOTEL_BOOKINGS",
		"HOTEL_CATALOG",
		"riverd.dead-letter",
	};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	const char *topics[INPUTS];
	char text[256];

	rd_kafka_conf_set(conf, "client.id", "demo-kafka", NULL, 0);
	rd_kafka_conf_set(conf, "socket.nagle.disable", "true", NULL, 0);
	rd_kafka_conf_set(conf, "log_level", "2", NULL, 0);
	c->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	if (c->handle == NULL) {
		rd_kafka_conf_destroy(conf);
		return err_set(err, ERR_FATAL, 0, "demo Kafka: %s", text);
	}
	c->cluster = rd_kafka_mock_cluster_new(c->handle, 1);
	if (c->cluster == NULL)
		return err_set(err, ERR_FATAL, 0, "demo Kafka: cannot listen on loopback");
	world_feed_topics(topics);
	for (int i = 0; i < INPUTS; i++)
		create_topic(c, topics[i]);
	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++)
		create_topic(c, outputs[i]);
	snprintf(c->report.world.brokers, sizeof(c->report.world.brokers), "%s",
		 rd_kafka_mock_cluster_bootstraps(c->cluster));
	return 0;
}

static int start_registry(struct child *c, struct err *err)
{
	uint16_t port;

	c->registry = demo_registry_new(&port, err);
	if (c->registry == NULL)
		return -1;
	snprintf(c->report.world.registry_url, sizeof(c->report.world.registry_url), "http://127.0.0.1:%u",
		 (unsigned)port);
	return 0;
}

static int start_feed(struct child *c, struct err *err)
{
	static const char *const quiet[] = {"log_level=2", NULL};
	struct world_feed_options o = {
		.brokers = c->report.world.brokers,
		.properties = quiet,
		.generation = GENERATION_2026,
		.seed = c->options->seed,
		.linger_ms = c->options->once ? 20 : 2,
	};

	world_feed_topics(o.topics);
	if (world_feed_register(c->report.world.registry_url, o.topics, o.generation, &o.encoding, err) != 0)
		return -1;
	c->feed = world_feed_new(&o, err);
	return c->feed != NULL ? 0 : -1;
}

static int start_generator(struct child *c, struct err *err)
{
	const struct demo_world_options *o = c->options;
	struct generator_options g;
	struct clock system = clock_system();

	generator_defaults(&g);
	g.seed = o->seed;
	g.generation = GENERATION_2026;
	g.out_of_order = 0.05;
	g.duplicates = 0.01;
	g.poison = 0.002;
	if (o->once) {
		g.events = o->events;
		g.rate = EVENT_RATE_ONCE;
		g.start_ms = ONCE_START_MS;
	} else {
		g.rate = o->rate / o->speed;
		g.start_ms = clock_wall_ms(&system) / 1000 * 1000;
	}
	c->report.world.first_ms = g.start_ms;
	c->generator = generator_new(&g, err);
	return c->generator != NULL ? 0 : -1;
}

/* Everything due by `until_ms`. */
static int feed_until(struct child *c, int64_t until_ms, struct err *err)
{
	struct generated event;

	while (generator_next_at(c->generator) <= until_ms) {
		if (!generator_next(c->generator, &event))
			break;
		if (world_feed_send(c->feed, &event, err) != 0)
			return -1;
		c->report.world.last_ms = event.at_ms;
		c->report.world.events++;
	}
	return 0;
}

/* One record per partition of the joined topics, late enough to close every window. */
static int seal(struct child *c, int64_t time_ms, struct err *err)
{
	struct generated event;

	for (int input = INPUT_CLICKSTREAM; input <= INPUT_BOOKINGS; input++) {
		for (int p = 0; p < world_feed_partitions(c->feed, (enum input)input); p++) {
			generator_seal(c->generator, (enum input)input, time_ms, &event);
			if (world_feed_send_to(c->feed, &event, p, err) != 0)
				return -1;
			c->report.world.events++;
		}
	}
	return 0;
}

static int prepare(struct child *c, struct err *err)
{
	struct demo_world *w = &c->report.world;
	int64_t stands_at;

	if (start_cluster(c, err) != 0 || start_registry(c, err) != 0 || start_feed(c, err) != 0 ||
	    start_generator(c, err) != 0)
		return -1;
	if (feed_until(c, c->options->once ? INT64_MAX - 1 : w->first_ms, err) != 0)
		return -1;
	stands_at = w->first_ms;
	if (c->options->once) {
		stands_at = w->last_ms + SEAL_MS;
		if (seal(c, stands_at, err) != 0)
			return -1;
	}
	if (world_feed_flush(c->feed, 30000, err) != 0)
		return -1;
	clock_scaled(&w->clock, stands_at, c->options->speed);
	return 0;
}

/* Until the next event is due, in real time. */
static void nap(struct child *c, struct clock *now)
{
	double ms = (double)(generator_next_at(c->generator) - clock_wall_ms(now)) / c->options->speed;

	world_feed_poll(c->feed, ms < 1 ? 1 : ms > NAP_MAX_MS ? NAP_MAX_MS : (int)ms);
}

_Noreturn void demo_child_run(const struct demo_world_options *options, int pipe_fd)
{
	struct child c = {.options = options};
	struct clock now;

	/* Ctrl-C and timeout(1) reach the whole group: riverd drains first and then ends us. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	c.report.ok = prepare(&c, &c.report.err) == 0;
	if (write(pipe_fd, &c.report, sizeof(c.report)) != (ssize_t)sizeof(c.report) || !c.report.ok)
		_exit(1);
	close(pipe_fd);
	now = demo_world_clock(&c.report.world);
	while (c.options->once)
		pause(); /* the cluster and the registry have threads of their own */
	while (feed_until(&c, clock_wall_ms(&now), &c.report.err) == 0)
		nap(&c, &now);
	_exit(1);
}
