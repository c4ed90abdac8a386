#ifndef RIVERD_REPLAY_H
#define RIVERD_REPLAY_H

/* From where a partition would have to be read again if the database were lost.
 *
 * Marks along the partition say "no record before this offset has an event
 * time above that". When everything before a time is settled (pipeline_settled),
 * nothing in front of the last mark below that time is needed any more. The
 * marks live in memory; what they gave goes into Kafka with each transaction
 * and is the first mark after a restart. Pure. */

#include <stddef.h>
#include <stdint.h>

#define REPLAY_MARKS	64
#define REPLAY_GRAIN_MS 60000 /* of event time between two marks, at least */

struct replay_mark {
	int64_t offset;	    /* first offset behind it */
	int64_t highest_ms; /* event time: of the records before it, INT64_MIN: nothing older is needed */
};

struct replay {
	struct replay_mark marks[REPLAY_MARKS];
	size_t count;
};

/* Nothing before `from` is needed, whatever its time. */
void replay_start(struct replay *r, int64_t from);

/* The partition was consumed up to `offset`, and no record so far was above `highest_ms`. */
void replay_note(struct replay *r, int64_t offset, int64_t highest_ms);

/* The first offset that is still needed when everything before `settled_ms` is
 * done with; `offset` and `highest_ms` as in replay_note. Forgets the marks
 * that are of no more use: settled_ms must not go back. */
int64_t replay_from(struct replay *r, int64_t settled_ms, int64_t offset, int64_t highest_ms);

#endif
