#ifndef RIVER_WORLD_WORLD_PLAN_H
#define RIVER_WORLD_WORLD_PLAN_H

/* What will happen in the generated world, as a heap ordered by (at_ms, order
 * of planning). Everything an event shows is derived from its plan, so a plan
 * pushed twice gives the same record twice. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum plan_kind {
	PLAN_SESSION, /* the next session begins: plan its events and the one after it */
	PLAN_GUEST,   /* somebody reviews an earlier stay */
	PLAN_CHANGE,  /* a hotel or a customer changes */
	PLAN_CLICK,
	PLAN_BOOKING,
	PLAN_REVIEW,
};

#define PLAN_NOBODY UINT32_MAX /* customer of an anonymous view */

struct plan {
	int64_t at_ms, time_ms; /* when it reaches the topic; event time */
	uint64_t order;		/* filled by plans_push: ties keep their order */
	uint64_t salt;
	uint64_t number;       /* booking: its number; review: its own */
	uint64_t booking;      /* review: of that booking */
	int64_t created_at_ms; /* review */
	uint32_t customer, hotel;
	uint8_t kind, action; /* enum plan_kind; click: index into the actions */
	bool duplicate;
	bool past; /* belongs to the prelude */
};

struct plans {
	struct plan *heap;
	size_t count, capacity;
	uint64_t next_order;
};

void plans_init(struct plans *p);
void plans_release(struct plans *p);
void plans_push(struct plans *p, struct plan plan);
/* The earliest, or NULL when there is none; valid until the next push or pop. */
const struct plan *plans_first(const struct plans *p);
/* Takes the earliest; there must be one. */
struct plan plans_pop(struct plans *p);

#endif
