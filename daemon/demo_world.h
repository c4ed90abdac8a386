#ifndef RIVER_DAEMON_DEMO_WORLD_H
#define RIVER_DAEMON_DEMO_WORLD_H

/* Everything the demo needs outside riverd itself, in a child process: a Kafka
 * (librdkafka's mock cluster), a schema registry on loopback, and a generator
 * that feeds events while event time runs `speed` times as fast as real time.
 *
 * The child is forked before the caller has any thread, and dies with its
 * parent. Its Kafka is good enough to watch riverd work; it is no judge of
 * exactly-once (see the notes on the mock in daemon/demo_child.h). */

#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct demo_world_options {
	bool once; /* a fixed history, written before the call returns, then silence */
	uint64_t seed;
	uint64_t events; /* for `once` */
	double rate;	 /* live: events per second of real time */
	double speed;	 /* event seconds per real second; 240 closes a 20-minute window in 5 s */
	int partitions;	 /* of every topic */
};

/* Live, seed 1, 40 events/s, 240 times, 4 partitions; once: 20,000 events. */
void demo_world_defaults(struct demo_world_options *o);

struct demo_world {
	pid_t pid;
	char brokers[256];
	char registry_url[64];
	/* riverd's clock in this world: use demo_world_clock().
	 * When `once`, it stands at the end of the history when the call returns. */
	struct clock_scaled clock;
	uint64_t events;	   /* written before the call returned, prelude included */
	int64_t first_ms, last_ms; /* event times of the sessions of a `once` history */
};

/* Forks; returns when topics, schemas and the prelude (for `once`: the whole
 * history) are in place. -1 with err otherwise, and no child is left. */
int demo_world_start(const struct demo_world_options *options, struct demo_world *out, struct err *err);

/* A clock whose state is the world's: `world` outlives it. */
struct clock demo_world_clock(struct demo_world *world);

/* Ends the child and waits for it. Harmless when it has died or never lived. */
void demo_world_stop(struct demo_world *world);

#endif
