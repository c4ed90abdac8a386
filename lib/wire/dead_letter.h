#ifndef RIVER_WIRE_DEAD_LETTER_H
#define RIVER_WIRE_DEAD_LETTER_H

/* The headers of a record in the dead-letter topic.
 *
 * Key, value, timestamp and headers of the message stay as they came; behind
 * its headers ours say where it came from and why, in Kafka Connect's names
 * (DeadLetterQueueReporter), so that existing tools understand them. All
 * values are UTF-8 text:
 *
 *   __connect.errors.topic, .partition, .offset     decimal numbers
 *   __connect.errors.stage                          KEY_CONVERTER, VALUE_CONVERTER, TASK_PUT
 *   __connect.errors.class.name                     riverd
 *   __connect.errors.exception.class.name           riverd.poison.<reason>
 *   __connect.errors.exception.message              the sentence
 *   riverd.error.code                               <reason>, the label of the metric
 *   riverd.error.timestamp                          Kafka timestamp of the message, ms; absent when it had
 * none riverd.version
 *
 * They hold no field values: sentences name fields, not contents. */

#include "base/buf.h"
#include "base/err.h"
#include "wire/record.h"

enum dead_letter_stage { STAGE_KEY, STAGE_VALUE, STAGE_PIPELINE };

struct dead_letter {
	struct message_header *headers; /* the message's, then ours */
	size_t count;
	size_t cap;
	struct buf text;
};

void dead_letter_init(struct dead_letter *d);
void dead_letter_release(struct dead_letter *d);

/* Fills d->headers; they borrow from the message and from `d` until the next
 * call. why->code is an enum poison. -1 with ERR_RETRY when out of memory. */
int dead_letter_headers(struct dead_letter *d, const struct message *m, enum dead_letter_stage stage,
			const struct err *why, struct err *err);

#endif
