#ifndef RIVER_EVENT_TIME_WATERMARK_H
#define RIVER_EVENT_TIME_WATERMARK_H

/* How far event time has come, over many partitions.
 *
 * The watermark of a partition is its highest event time less
 * `out_of_orderness`. The watermark of all is the minimum over the partitions
 * that hold it back: every one that was added with `holds`, has it had a
 * record or not, unless it is idle. Idle is a partition that was read to its
 * end after its last record, and whose last record (or addition) is at least
 * `idle_timeout` of wall time ago. When all that hold are idle, the watermark
 * follows the wall clock less `out_of_orderness`. It never goes back.
 *
 * Partitions are named by a group (a small number: which topic) and their
 * number within it. Finding one is two array look-ups; the minimum is only
 * taken in watermark_advance. The idea is Flink's (WatermarkStrategy,
 * withIdleness); that the end must have been seen and that all-idle follows
 * the wall are ours. */

#include "event_time/event_time.h"

#define WATERMARK_GROUPS	8
#define WATERMARK_MAX_PARTITION 1000000

struct watermark_partition {
	int group;
	int32_t number;
	bool holds;		   /* takes part in the minimum */
	bool at_end;		   /* read to its end since the last record */
	bool idle;		   /* as of the last watermark_advance or record */
	bool unsaved;		   /* `highest` changed; the owner clears it */
	struct event_time highest; /* EVENT_TIME_MIN before the first record */
	int64_t active_wall_ms;	   /* last record, or addition; see watermark_restore */
};

struct watermark {
	int64_t out_of_orderness, idle_timeout; /* ms */
	struct event_time now;			/* EVENT_TIME_MIN before the first */
	struct watermark_partition *partitions; /* owned; in order of addition */
	size_t count, cap;
	struct {
		uint32_t *places; /* by partition number: index in partitions + 1, 0: unknown */
		size_t cap;
	} groups[WATERMARK_GROUPS];
};

void watermark_init(struct watermark *w, int64_t out_of_orderness, int64_t idle_timeout);
void watermark_release(struct watermark *w);

/* NULL when unknown. Borrowed until the next addition. */
struct watermark_partition *watermark_find(const struct watermark *w, int group, int32_t number);

/* Adds the partition when unknown; when it was restored, starts its idle
 * clock. NULL when the number is out of range. Borrowed until the next addition. */
struct watermark_partition *watermark_add(struct watermark *w, int group, int32_t number, bool holds,
					  int64_t wall_ms);

/* Something came from the partition, usable or not: it is not idle. */
void watermark_touch(struct watermark_partition *p, int64_t wall_ms);

/* A usable record of the partition. Returns by how many ms it is late: its time is
 * below the partition's watermark as of the record before it. 0: in time. */
int64_t watermark_observe(const struct watermark *w, struct watermark_partition *p, struct event_time t,
			  int64_t wall_ms);

/* The partition was read to its end. */
void watermark_partition_end(struct watermark_partition *p, int64_t wall_ms);

bool watermark_is_idle(const struct watermark *w, const struct watermark_partition *p, int64_t wall_ms);

/* Takes the minimum again; whether `now` moved. */
bool watermark_advance(struct watermark *w, int64_t wall_ms);

/* One who could not follow so far at once: `now` is only `reached`, which is not before
 * what it was; the next advance goes on. */
void watermark_hold(struct watermark *w, struct event_time reached);

/* From the durable image. A restored partition holds the watermark back from
 * the first moment, and cannot be idle before its end was reported. */
void watermark_restore_now(struct watermark *w, struct event_time now);
int watermark_restore(struct watermark *w, int group, int32_t number, bool holds, struct event_time highest);

#endif
