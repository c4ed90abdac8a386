#ifndef RIVERD_OBSERVE_INTERNAL_H
#define RIVERD_OBSERVE_INTERNAL_H

/* What observe.c (routes, streams, life) and observe_look.c (from the app to a
 * snapshot) share; nobody else includes it. */

#include "daemon/app.h"
#include "daemon/status.h"
#include "serve/http_server.h"

struct observe {
	struct app *app;
	struct http_server *server;
	struct http_route *routes;
	struct loop_timer *timer; /* events for the open streams */
	struct buf event;
	struct metrics_snapshot snapshot;
	struct health_verdict verdict;
	struct metrics_partition *partitions;
	struct health_partition *health_partitions;
	size_t partition_size;
};

/* Fills snapshot and verdict with how things are now. */
void observe_look(struct observe *o);

#endif
