#include "event_time/watermark.h"

#include "base/alloc.h"

#define WALL_UNKNOWN INT64_MIN

void watermark_init(struct watermark *w, int64_t out_of_orderness, int64_t idle_timeout)
{
	*w = (struct watermark){
		.out_of_orderness = out_of_orderness,
		.idle_timeout = idle_timeout,
		.now = EVENT_TIME_MIN,
	};
}

void watermark_release(struct watermark *w)
{
	free(w->partitions);
	for (int i = 0; i < WATERMARK_GROUPS; i++)
		free(w->groups[i].places);
	*w = (struct watermark){.now = EVENT_TIME_MIN};
}

struct watermark_partition *watermark_find(const struct watermark *w, int group, int32_t number)
{
	uint32_t place;

	if (group < 0 || group >= WATERMARK_GROUPS || number < 0 || (size_t)number >= w->groups[group].cap)
		return NULL;
	place = w->groups[group].places[number];
	return place == 0 ? NULL : &w->partitions[place - 1];
}

static struct watermark_partition *insert(struct watermark *w, int group, int32_t number, bool holds)
{
	size_t old_cap;

	if (group < 0 || group >= WATERMARK_GROUPS || number < 0 || number >= WATERMARK_MAX_PARTITION)
		return NULL;
	old_cap = w->groups[group].cap;
	w->groups[group].places = alloc_grown(w->groups[group].places, &w->groups[group].cap,
					      (size_t)number + 1, sizeof(uint32_t));
	if (w->groups[group].cap > old_cap)
		memset(w->groups[group].places + old_cap, 0,
		       (w->groups[group].cap - old_cap) * sizeof(uint32_t));
	w->partitions = alloc_grown(w->partitions, &w->cap, w->count + 1, sizeof(*w->partitions));
	w->partitions[w->count] = (struct watermark_partition){
		.group = group,
		.number = number,
		.holds = holds,
		.highest = EVENT_TIME_MIN,
		.active_wall_ms = WALL_UNKNOWN,
	};
	w->count++;
	w->groups[group].places[number] = (uint32_t)w->count;
	return &w->partitions[w->count - 1];
}

struct watermark_partition *watermark_add(struct watermark *w, int group, int32_t number, bool holds,
					  int64_t wall_ms)
{
	struct watermark_partition *p = watermark_find(w, group, number);

	if (p == NULL)
		p = insert(w, group, number, holds);
	if (p != NULL && p->active_wall_ms == WALL_UNKNOWN)
		p->active_wall_ms = wall_ms;
	return p;
}

void watermark_touch(struct watermark_partition *p, int64_t wall_ms)
{
	p->active_wall_ms = wall_ms;
	p->at_end = false;
	p->idle = false;
}

int64_t watermark_observe(const struct watermark *w, struct watermark_partition *p, struct event_time t,
			  int64_t wall_ms)
{
	int64_t lateness = p->highest.ms - w->out_of_orderness - t.ms;

	watermark_touch(p, wall_ms);
	if (event_time_before(p->highest, t)) {
		p->highest = t;
		p->unsaved = true;
	}
	return lateness > 0 ? lateness : 0;
}

void watermark_partition_end(struct watermark_partition *p, int64_t wall_ms)
{
	p->at_end = true;
	if (p->active_wall_ms == WALL_UNKNOWN)
		p->active_wall_ms = wall_ms;
}

bool watermark_is_idle(const struct watermark *w, const struct watermark_partition *p, int64_t wall_ms)
{
	return p->at_end && wall_ms >= p->active_wall_ms + w->idle_timeout;
}

bool watermark_advance(struct watermark *w, int64_t wall_ms)
{
	struct event_time lowest = EVENT_TIME_MIN; /* highest event time of the slowest that is awake */
	bool holders = false, awake = false;

	for (size_t i = 0; i < w->count; i++) {
		struct watermark_partition *p = &w->partitions[i];

		p->idle = watermark_is_idle(w, p, wall_ms);
		holders |= p->holds;
		if (!p->holds || p->idle)
			continue;
		if (!awake || event_time_before(p->highest, lowest))
			lowest = p->highest;
		awake = true;
	}
	if (!holders || (awake && lowest.ms == EVENT_TIME_MIN.ms)) /* one may still bring anything */
		return false;
	lowest = event_time_plus(awake ? lowest : event_time_at(wall_ms), -w->out_of_orderness);
	if (!event_time_before(w->now, lowest))
		return false;
	w->now = lowest;
	return true;
}

void watermark_hold(struct watermark *w, struct event_time reached)
{
	w->now = reached;
}

void watermark_restore_now(struct watermark *w, struct event_time now)
{
	w->now = now;
}

int watermark_restore(struct watermark *w, int group, int32_t number, bool holds, struct event_time highest)
{
	struct watermark_partition *p;

	if (watermark_find(w, group, number) != NULL)
		return -1;
	p = insert(w, group, number, holds);
	if (p == NULL)
		return -1;
	p->highest = highest;
	return 0;
}
