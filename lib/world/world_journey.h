#ifndef RIVER_WORLD_WORLD_JOURNEY_H
#define RIVER_WORLD_WORLD_JOURNEY_H

/* What people do: the part of the generator that decides what happens when.
 *
 * Three processes with exponential gaps run beside each other (sessions begin,
 * past guests write reviews, hotels and customers change) and plan single
 * events. Event time and the moment an event reaches its topic differ for the
 * share of events that is out of order. */

#include "base/random.h"
#include "world/generator.h"
#include "world/world_plan.h"
#include "world/world_state.h"

enum world_action {
	ACTION_SEARCH,
	ACTION_PAGE,
	ACTION_PHOTOS,
	ACTION_REVIEWS,
	ACTION_BOOKING_CLICK,
	WORLD_ACTIONS
};
extern const char *const world_actions[WORLD_ACTIONS];

struct world_journey {
	const struct generator_options *o; /* borrowed */
	struct world_state state;
	struct plans plans;
	struct random random;
	uint64_t next_number;
	double session_gap_ms, guest_gap_ms, change_gap_ms; /* means; 0 for never */
};

void world_journey_init(struct world_journey *j, const struct generator_options *o);
void world_journey_release(struct world_journey *j);

/* The next plan that is an event: PLAN_CLICK, _BOOKING, _REVIEW or _CHANGE. */
struct plan world_journey_next(struct world_journey *j);
int64_t world_journey_next_at(struct world_journey *j);

/* Applies a change to the state and says which. */
struct world_change {
	bool is_hotel;
	enum generated_op op;
	uint32_t who;
};
struct world_change world_journey_change(struct world_journey *j, uint64_t salt);

/* A fresh booking or review number. */
uint64_t world_journey_number(struct world_journey *j);

#endif
