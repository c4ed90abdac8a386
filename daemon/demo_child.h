#ifndef RIVER_DAEMON_DEMO_CHILD_H
#define RIVER_DAEMON_DEMO_CHILD_H

/* The child process of the demo: mock Kafka, registry, generator.
 *
 * What librdkafka's mock cluster (2.0.2) is and is not: it keeps 5 MiB or
 * 100,000 batches per partition and silently drops what is older; it answers a
 * fetch with one batch per partition; it discards offsets sent inside a
 * transaction and shows the records of aborted ones; it fences nobody; it
 * stalls for 40 ms unless its own handle has Nagle's algorithm switched off. */

#include "demo_world.h"

/* What the child tells its parent through the pipe, once. */
struct demo_child_report {
	bool ok;
	struct err err;
	struct demo_world world; /* without pid */
};

/* Runs until killed; writes one report to `pipe_fd`. Does not return. */
_Noreturn void demo_child_run(const struct demo_world_options *options, int pipe_fd);

#endif
