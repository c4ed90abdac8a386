#ifndef RIVER_DAEMON_DEMO_PRINT_H
#define RIVER_DAEMON_DEMO_PRINT_H

/* Shows what the output topic holds, read back by a consumer of its own
 * (read_committed, from the beginning, no group) and decoded by avro-c with
 * the schema the registry has: what is printed is what Kafka would give to
 * anyone else.
 *
 * Live: one line per target as it arrives, e-mail masked, colours on a
 * terminal only. Sorted: nothing until demo_print_finish, then one JSON object
 * per line in the order (ACTIVITY_TIME, CUSTOMER_EMAIL, HOTEL_ID). */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct demo_print;

struct demo_print_options {
	const char *brokers, *registry_url, *topic; /* copied */
	FILE *out;				    /* not owned */
	bool sorted_json;
};

struct demo_print *demo_print_new(const struct demo_print_options *options, struct err *err);
void demo_print_free(struct demo_print *p);

/* Reads and prints (or collects) what is there, waiting at most timeout_ms for
 * the first record. Returns how many were read, or -1. */
int demo_print_poll(struct demo_print *p, int timeout_ms, struct err *err);

/* Reads on to the end that the topic has at the call, and prints what was collected. */
int demo_print_finish(struct demo_print *p, struct err *err);

/* Records read so far. */
size_t demo_print_count(const struct demo_print *p);

#endif
