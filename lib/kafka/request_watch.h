#ifndef RIVER_KAFKA_REQUEST_WATCH_H
#define RIVER_KAFKA_REQUEST_WATCH_H

/* Was every request of the transaction protocol answered?
 *
 * librdkafka sends an EndTxn again by itself when its connection breaks, and
 * then reports success. The first one may still be on its way and end the
 * next transaction of the same producer half way (a torn transaction); a late
 * TxnOffsetCommit may overwrite the next one's offsets. No error and no event
 * tells the application. So an interceptor notes each such request that was
 * given up without an answer; that producer must not be used again. */

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdbool.h>

struct request_watch {
	atomic_bool unanswered;
};

/* Starts anew for the client made of `conf`, which `w` must outlive. -1 when refused. */
int request_watch_install(struct request_watch *w, rd_kafka_conf_t *conf);

/* Whether a request was given up that the broker may have received. Any thread. */
bool request_watch_unanswered(const struct request_watch *w);

#endif
