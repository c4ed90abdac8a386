#ifndef RIVER_OPERATORS_INTERVAL_JOIN_H
#define RIVER_OPERATORS_INTERVAL_JOIN_H

/* The anti-join over an interval of event time: which items of the left side
 * met no item of the right side?
 *
 *   left item at t is matched by a right item of the same key (and, when
 *   `match_detail`, the same detail) with a time in the closed [t, t + window]
 *
 *   left ──► matched by a right item that is kept?  yes: gone
 *                 no: waits ──► right item in its interval: gone
 *                           ──► watermark past t + window: unmatched, told once
 *                               ──► remembered until watermark past
 *                                   t + window + lateness, then forgotten
 *
 * Left items are a set over (key, detail, t): an equal one is a duplicate as
 * long as the first waits or is remembered. Right items are kept until the
 * watermark is past their time + window + lateness, so that a left item that
 * comes late still meets them.
 *
 * A left item that comes after the watermark passed its interval, but not by
 * more than `lateness`, is overdue: it is decided by the next advance.
 *
 * Knows nothing of what keys and details mean. Not thread safe. */

#include "operators/timed_table.h"

struct interval_join_options {
	int64_t window, lateness; /* ms */
	bool match_detail;
	uint64_t seed;
	/* May be NULL. Announces a left item that will be told as unmatched, in JOIN_SOON_STEPS
	 * calls, `step` from 0 on, with a few other items told between any two: so that what it
	 * takes can be brought from memory a step at a time, without waiting for it. The first
	 * items of an advance get only the later steps, or none. */
	void (*soon)(void *ctx, unsigned step, struct slice detail);
	void *soon_ctx;
	/* May be NULL. Asked between two items that an advance tells, when their times differ:
	 * true leaves the rest to the next advance. */
	bool (*enough)(void *ctx);
	void *enough_ctx;
};

#define JOIN_SOON_STEPS 4

struct interval_join_overdue {
	uint32_t ref;
	uint64_t seq;
};

struct interval_join {
	struct interval_join_options options;
	struct timed_table left, right;
	struct event_time decided_below; /* watermark - window: the interval of older left items is past */
	struct event_time
		settled_below; /* what counts as decided after a restart; see interval_join_is_open */
	size_t waiting;	       /* left items not decided */
	size_t told;	       /* decided since interval_join_saved */
	struct interval_join_overdue *overdue; /* came with their interval passed; to decide next */
	size_t overdue_count, overdue_cap;
	struct interval_join_overdue *again; /* saved as open, decided since: their rows must change */
	size_t again_count, again_cap;
	uint32_t *batch; /* scratch: what is to be told */
	size_t batch_cap;
};

void interval_join_init(struct interval_join *j, const struct interval_join_options *options);
void interval_join_release(struct interval_join *j);

enum join_left {
	JOIN_WAITS,
	JOIN_DUPLICATE, /* equal to one that waits or was told as unmatched */
	JOIN_MATCHED,	/* by a right item that came before */
	JOIN_TOO_LATE,	/* right items of its interval may be forgotten: nothing can be said */
};
enum join_left interval_join_left(struct interval_join *j, struct slice key, struct slice detail,
				  struct event_time t);

/* How many waiting left items it matched (they are gone). */
size_t interval_join_right(struct interval_join *j, struct slice key, struct slice detail,
			   struct event_time t);

/* The watermark moved, or overdue items wait: tells every left item whose
 * interval is past, ordered by (time, sequence), and forgets what is beyond
 * lateness. The strings are borrowed for the call, in which the join must not
 * be changed. Returns the watermark up to which all was told: the one that was
 * given, or when that was enough before, an earlier one, and nothing has
 * happened yet that was to happen between the two. */
typedef void (*join_unmatched)(void *ctx, struct slice key, struct slice detail, struct event_time t);
struct event_time interval_join_advance(struct interval_join *j, struct event_time watermark,
					join_unmatched unmatched, void *ctx);

/* The newest time of the key on either side, or EVENT_TIME_MIN. */
struct event_time interval_join_newest(const struct interval_join *j, struct slice key);

/* Removes all of the key on both sides, decided ones as well. Returns how many
 * left items were still waiting. */
size_t interval_join_erase(struct interval_join *j, struct slice key);

/* Time of the oldest left item that waits, or EVENT_TIME_MIN. Looks at the
 * slices of time that hold any: for a gauge, not for every record. */
struct event_time interval_join_oldest_waiting(const struct interval_join *j);

/* ---- durable image (with timed_table_born and the like of both sides) ---- */

/* The image says of all left items at once that they are decided: those older
 * than `settled_below`, which is saved beside them. An exception is saved with
 * the item: it is open. So it is for items that came overdue, and when the
 * window was made longer over a restart. */
static inline bool interval_join_is_open(const struct interval_join *j, const struct timed_item *left)
{
	return !(left->flags & TIMED_DONE) && left->time_ms < j->settled_below.ms;
}

/* A left item from its row. All rows first, then interval_join_restored. */
int interval_join_restore_left(struct interval_join *j, struct slice key, struct slice detail,
			       struct event_time t, uint64_t seq, bool open);
int interval_join_restore_right(struct interval_join *j, struct slice key, struct slice detail,
				struct event_time t, uint64_t seq);
/* `settled_below` and `expired_below` (of both tables) as they were saved, so
 * that a changed window or lateness neither decides twice nor forgets. */
void interval_join_restored(struct interval_join *j, struct event_time watermark,
			    struct event_time settled_below, struct event_time expired_below);

/* Every change was written. */
void interval_join_saved(struct interval_join *j);

#endif
