#ifndef RIVER_ASYNC_KAFKA_WAKEUP_H
#define RIVER_ASYNC_KAFKA_WAKEUP_H

/* From librdkafka's "queue is no longer empty" to a call on the loop.
 *
 * librdkafka tells of the step from 0 to 1 only: who does not drain the queue
 * until it is empty is never told again. A drain without end would starve the
 * rest of the loop, though. So drain() works within a budget and returns
 * whether something may be left; as long as it does, it is called again on
 * each turn of the loop, after timers and before the next wait, which then
 * does not wait. That is the "continue from an idle handle".
 *
 * A consumer that stops polling (back-pressure) returns false with messages
 * left, and calls kafka_wakeup_kick() when it wants to go on. */

#include "async/loop.h"

#include <librdkafka/rdkafka.h>

struct kafka_wakeup;

/* `drain` runs on the loop; true: call me again soon. NULL when out of memory. */
struct kafka_wakeup *kafka_wakeup_new(struct loop *loop, bool (*drain)(void *ctx), void *ctx);

/* Turns the queue's event on and drains once, in case it is not empty now.
 * Several queues may share one wakeup. */
void kafka_wakeup_attach(struct kafka_wakeup *w, rd_kafka_queue_t *queue);

/* Turns the queue's event off. Must come before the queue is destroyed and
 * before kafka_wakeup_free(): librdkafka calls the event under the queue's
 * lock, so after this call none is under way. */
void kafka_wakeup_detach(struct kafka_wakeup *w, rd_kafka_queue_t *queue);

/* Has drain() called on the next turn. From any thread. */
void kafka_wakeup_kick(struct kafka_wakeup *w);

/* Stops calling drain(); NULL is harmless. Loop thread. */
void kafka_wakeup_free(struct kafka_wakeup *w);

#endif
