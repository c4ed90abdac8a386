#include "generate.h"

#include "base/clock.h"
#include "daemon/cli.h"
#include "generate_options.h"
#include "world_topics.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define FLUSH_MS 60000

/* Two parts may follow each other: a history written as fast as possible, and
 * live events paced by the clock. Each has a generator of its own; the second
 * continues the numbers of the first. */
struct run {
	struct generate_options o;
	struct world_feed *feed;
	struct clock clock;
	int signals; /* signalfd of SIGINT and SIGTERM */
	bool stopped;
	int64_t began_ms, said_ms; /* monotonic */
	uint64_t sent, said;
	int64_t event_ms; /* event time of the last record */
};

static uint64_t total(const struct world_feed_counts *c)
{
	uint64_t sum = 0;

	for (int i = 0; i < INPUTS; i++)
		sum += c->sent[i];
	return sum;
}

static void say_progress(struct run *r)
{
	int64_t now = clock_mono_ms(&r->clock), passed = now - r->said_ms;
	uint64_t sent = total(world_feed_counts(r->feed));
	time_t seconds = (time_t)(r->event_ms / 1000);
	char when[32];
	struct tm tm;

	if (passed < 1000)
		return;
	gmtime_r(&seconds, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	if (!r->o.quiet)
		fprintf(stderr, "%12" PRIu64 " records  %9.0f/s  event time %s  %zu waiting\n", sent,
			(double)(sent - r->said) * 1000 / (double)passed, when, world_feed_waiting(r->feed));
	r->said_ms = now;
	r->said = sent;
}

static void look_for_signal(struct run *r)
{
	struct signalfd_siginfo info;

	if (read(r->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		r->stopped = true;
}

/* Waits while more was sent since the part began than the rate allows. */
static void pace(struct run *r, uint64_t sent, int64_t began_ms)
{
	while (!r->stopped && r->o.rate > 0) {
		double due_ms = (double)sent * 1000 / r->o.rate;
		double ahead_ms = due_ms - (double)(clock_mono_ms(&r->clock) - began_ms);

		if (ahead_ms < 1)
			return;
		world_feed_poll(r->feed, ahead_ms > 100 ? 100 : (int)ahead_ms);
		look_for_signal(r);
		say_progress(r);
	}
}

static int send_one(struct run *r, struct generator *g, struct err *err)
{
	struct generated event;

	if (!generator_next(g, &event))
		return 0;
	if (world_feed_send(r->feed, &event, err) != 0)
		return -1;
	r->event_ms = event.at_ms;
	r->sent++;
	return 1;
}

/* Until the events or the span are used up; the prelude is not held back by the rate. */
static int write_history(struct run *r, struct generator *g, int64_t start_ms, struct err *err)
{
	int64_t began = clock_mono_ms(&r->clock), end_ms = start_ms + r->o.history_ms;
	uint64_t prelude = 0, sent = 0;
	int rc = 1;

	while (!r->stopped && rc > 0) {
		for (int i = 0; i < 64 && rc > 0 && generator_next_at(g) <= end_ms; i++, sent++) {
			rc = send_one(r, g, err);
			if (r->event_ms < start_ms)
				prelude = sent + 1;
		}
		if (rc > 0 && generator_next_at(g) > end_ms)
			rc = 0;
		look_for_signal(r);
		say_progress(r);
		pace(r, sent - prelude, began);
	}
	return rc;
}

static int seal(struct run *r, struct generator *g, struct err *err)
{
	struct generated event;

	for (int input = INPUT_CLICKSTREAM; input <= INPUT_BOOKINGS; input++) {
		for (int p = 0; p < world_feed_partitions(r->feed, (enum input)input); p++) {
			generator_seal(g, (enum input)input, r->event_ms + r->o.seal_ms, &event);
			if (world_feed_send_to(r->feed, &event, p, err) != 0)
				return -1;
		}
	}
	return 0;
}

static int history(struct run *r, struct err *err)
{
	struct generator_options o = r->o.generator;
	struct generator *g;
	int rc;

	o.events = r->o.events;
	/* a little denser, so that the events rather than the span are used up */
	o.rate = 1.05 * (double)r->o.events * 1000 / (double)r->o.history_ms;
	o.start_ms = r->o.start_ms != INT64_MIN ? r->o.start_ms : clock_wall_ms(&r->clock) - r->o.history_ms;
	g = generator_new(&o, err);
	if (g == NULL)
		return -1;
	rc = write_history(r, g, o.start_ms, err);
	if (rc >= 0 && !r->stopped && r->o.seal_ms > 0)
		rc = seal(r, g, err);
	generator_free(g);
	return rc < 0 ? -1 : 0;
}

static int live(struct run *r, bool after_history, struct err *err)
{
	struct generator_options o = r->o.generator;
	struct generator *g;
	int64_t until;
	int rc = 1;

	o.rate = r->o.rate > 0 ? r->o.rate : 10;
	o.start_ms = clock_wall_ms(&r->clock);
	if (after_history) {
		o.prelude = false;
		/* beyond every number of the history */
		o.first_number = o.first_number + 2 * o.past_bookings + 4 * r->o.events + 1;
	}
	g = generator_new(&o, err);
	if (g == NULL)
		return -1;
	until = r->o.live_for_ms > 0 ? o.start_ms + r->o.live_for_ms : INT64_MAX;
	while (!r->stopped && rc > 0 && clock_wall_ms(&r->clock) < until) {
		while (rc > 0 && generator_next_at(g) <= clock_wall_ms(&r->clock))
			rc = send_one(r, g, err);
		if (rc <= 0)
			break;
		world_feed_poll(r->feed, 5);
		look_for_signal(r);
		say_progress(r);
	}
	generator_free(g);
	return rc < 0 ? -1 : 0;
}

static int open_feed(struct run *r, struct err *err)
{
	struct world_feed_options f = {
		.brokers = r->o.brokers,
		.properties = r->o.properties,
		.encoding = r->o.encoding,
		.generation = r->o.generator.generation,
		.seed = r->o.generator.seed,
		.linger_ms = 20,
	};

	memcpy(f.topics, r->o.topics, sizeof(f.topics));
	if (r->o.create_topics && world_topics_create(r->o.brokers, r->o.properties, r->o.topics, INPUTS,
						      r->o.partitions, r->o.replication, err) != 0)
		return -1;
	if (f.encoding.format == GENERATED_AVRO &&
	    world_feed_register(r->o.registry, f.topics, f.generation, &f.encoding, err) != 0)
		return -1;
	r->feed = world_feed_new(&f, err);
	return r->feed != NULL ? 0 : -1;
}

static int take_signals(struct run *r, sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, old);
	r->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return r->signals >= 0 ? 0 : -1;
}

static void say_summary(struct run *r)
{
	const struct world_feed_counts *c = world_feed_counts(r->feed);
	double seconds = (double)(clock_mono_ms(&r->clock) - r->began_ms) / 1000;

	for (int i = 0; i < INPUTS; i++)
		printf("%12" PRIu64 "  %s\n", c->sent[i], r->o.topics[i]);
	printf("%12" PRIu64 "  records, %.1f MB in %.1f s, %.0f/s (%" PRIu64 " sent twice, %" PRIu64
	       " poisoned)\n",
	       total(c), (double)c->bytes / 1e6, seconds,
	       (double)total(c) / (seconds > 0.001 ? seconds : 0.001), c->duplicates, c->flawed);
}

static int run(struct run *r, struct err *err)
{
	int rc = open_feed(r, err);

	if (rc == 0 && r->o.history_ms > 0)
		rc = history(r, err);
	if (rc == 0 && r->o.live && !r->stopped)
		rc = live(r, r->o.history_ms > 0, err);
	/* what was handed over is delivered, also after Ctrl-C */
	if (r->feed != NULL && rc == 0)
		rc = world_feed_flush(r->feed, FLUSH_MS, err);
	return rc;
}

int generate_command(int argc, char **argv)
{
	struct run r = {.clock = clock_system()};
	struct err err = {0};
	sigset_t old;
	int rc;

	switch (generate_options_parse(&r.o, argc, argv)) {
	case GENERATE_HELP: return 0;
	case GENERATE_USAGE: return EXIT_USAGE;
	default: break;
	}
	if (take_signals(&r, &old) != 0)
		return 1;
	r.began_ms = r.said_ms = clock_mono_ms(&r.clock);
	rc = run(&r, &err);
	if (rc == 0)
		say_summary(&r);
	else
		fprintf(stderr, "riverd generate: %s\n", err.text);
	world_feed_free(r.feed);
	close(r.signals);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc == 0)
		return 0;
	return err.class == ERR_CONFIG ? EXIT_CONFIG : err.class == ERR_RETRY ? EXIT_UNAVAILABLE : 1;
}
