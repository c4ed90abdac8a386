#ifndef RIVER_KAFKA_FETCH_WATCH_H
#define RIVER_KAFKA_FETCH_WATCH_H

/* When did each broker last answer a Fetch? An idle partition gives no events
 * at all, so this is how "nothing new" is told from "nobody there".
 *
 * An interceptor (rd_kafka_interceptor_f_on_response_received_t) notes the
 * time in a small lock-free table; it runs on librdkafka's broker threads.
 * Reading is for any thread. */

#include "base/clock.h"

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

#define FETCH_WATCH_BROKERS 256

struct fetch_watch {
	struct clock clock;
	struct {
		_Atomic int32_t id; /* broker id + 1, 0: free */
		_Atomic int64_t answered_ms;
	} brokers[FETCH_WATCH_BROKERS];
};

/* `w` must outlive the client made of `conf`. Returns -1 when refused. */
int fetch_watch_install(struct fetch_watch *w, struct clock clock, rd_kafka_conf_t *conf);

/* Mono time of the broker's last good answer, -1: never. broker -1 means not
 * known which: then the longest ago of all that ever answered. */
int64_t fetch_watch_answered(const struct fetch_watch *w, int32_t broker);

#endif
