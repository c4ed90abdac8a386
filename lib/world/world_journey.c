#include "world/world_journey.h"

#include "world/world_dates.h"

#include <math.h>

#define SECOND_MS 1000LL
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS	  (60 * MINUTE_MS)
#define DAY_MS	  (24 * HOUR_MS)
#define WINDOW_MS (20 * MINUTE_MS)

/* Mean events of one session, measured over many (test_generator checks it). */
#define EVENTS_PER_SESSION 5.1
#define GUEST_SHARE	   0.05 /* of the events are reviews by past guests */
/* Sessions begin that long before the start and show from the start on, so
 * that the rate is steady from the first second. */
#define WARM_UP_MS (30 * MINUTE_MS)
/* Reviews due months ahead: beyond this many plans a guest keeps silent. */
#define PLANS_MAX 2000000

const char *const world_actions[WORLD_ACTIONS] = {"search", "page-view", "photo-view", "review-read",
						  "booking-click"};

static uint64_t below(struct world_journey *j, uint64_t bound)
{
	return random_below(&j->random, bound);
}

static int64_t between(struct world_journey *j, int64_t low, int64_t high)
{
	return low + (int64_t)below(j, (uint64_t)(high - low) + 1);
}

static bool chance(struct world_journey *j, double share)
{
	return share > 0 && random_unit(&j->random) < share;
}

static int64_t exponential(struct world_journey *j, double mean)
{
	return (int64_t)(-mean * log(1.0 - random_unit(&j->random)));
}

uint64_t world_journey_number(struct world_journey *j)
{
	return j->next_number++;
}

/* Puts an event on its way: some arrive late, some arrive twice. */
static void plan_event(struct world_journey *j, struct plan plan)
{
	plan.at_ms = plan.time_ms;
	plan.salt = random_u64(&j->random);
	if (chance(j, j->o->out_of_order) && j->o->out_of_order_ms > 0)
		plan.at_ms += between(j, 1, j->o->out_of_order_ms);
	plans_push(&j->plans, plan);
	if (chance(j, j->o->duplicates)) {
		/* within the bound, counted from the event time */
		plan.at_ms += between(j, 0, plan.time_ms + j->o->out_of_order_ms - plan.at_ms);
		plan.duplicate = true;
		plans_push(&j->plans, plan);
	}
}

static void plan_process(struct world_journey *j, enum plan_kind kind, int64_t now, double gap_ms)
{
	if (gap_ms > 0) {
		int64_t at = now + exponential(j, gap_ms);

		plans_push(&j->plans, (struct plan){.kind = (uint8_t)kind,
						    .at_ms = at,
						    .time_ms = at,
						    .salt = random_u64(&j->random)});
	}
}

static void plan_review(struct world_journey *j, bool past, int64_t time_ms, int64_t created_at_ms,
			uint32_t hotel, const struct world_stay *stay)
{
	plan_event(j, (struct plan){
			      .kind = PLAN_REVIEW,
			      .past = past,
			      .time_ms = time_ms,
			      .created_at_ms = created_at_ms,
			      .hotel = hotel,
			      .customer = stay->customer,
			      .booking = stay->booking,
			      .number = world_journey_number(j),
		      });
}

static void plan_booking(struct world_journey *j, int64_t time_ms, uint32_t customer, uint32_t hotel)
{
	struct world_stay stay = {world_journey_number(j), time_ms, customer};

	plan_event(j, (struct plan){
			      .kind = PLAN_BOOKING,
			      .time_ms = time_ms,
			      .customer = customer,
			      .hotel = hotel,
			      .number = stay.booking,
		      });
	world_state_booked(&j->state, hotel, stay);
	if (chance(j, 0.3) && j->plans.count < PLANS_MAX) {
		int64_t after = time_ms + between(j, 2 * DAY_MS, 40 * DAY_MS);

		plan_review(j, false, after, after, hotel, &stay);
	}
}

static void plan_click(struct world_journey *j, int64_t time_ms, uint32_t customer, uint32_t hotel,
		       enum world_action action)
{
	plan_event(j, (struct plan){
			      .kind = PLAN_CLICK,
			      .time_ms = time_ms,
			      .customer = customer,
			      .hotel = hotel,
			      .action = (uint8_t)action,
		      });
}

/* Someone who lives; after a few tries whoever comes. */
static uint32_t some_customer(struct world_journey *j)
{
	uint32_t who = 0;

	for (int i = 0; i < 8; i++) {
		who = (uint32_t)below(j, j->state.customer_count);
		if (j->state.customers[who])
			break;
	}
	return who;
}

static uint32_t some_hotel(struct world_journey *j)
{
	uint32_t hotel = 0;

	for (int i = 0; i < 8; i++) {
		/* the smaller of two draws: some hotels are more popular */
		uint64_t a = below(j, j->state.hotel_count), b = below(j, j->state.hotel_count);

		hotel = (uint32_t)(a < b ? a : b);
		if (j->state.hotels[hotel].open)
			break;
	}
	return hotel;
}

/* Reviews that lie exactly on, and just outside, the borders of the month
 * before the click. The oldest booking lends them its number. */
static void plan_border_reviews(struct world_journey *j, int64_t click_ms, uint32_t hotel)
{
	const struct world_stay stay = j->state.hotels[hotel].first;
	int64_t month = world_month_before(click_ms);
	int64_t borders[4] = {month, month - 1, click_ms, click_ms + 1};
	int64_t created = borders[below(j, 4)];

	if (stay.booking != 0 && stay.time_ms < created)
		plan_review(j, false, click_ms, created, hotel, &stay);
}

/* What becomes of a booking-click. Most borders of the window get their share. */
static void plan_outcome(struct world_journey *j, int64_t click_ms, uint32_t customer, uint32_t hotel)
{
	uint64_t roll = below(j, 100);
	uint32_t where = chance(j, 0.1) ? some_hotel(j) : hotel;

	if (roll < 36)
		plan_booking(j, click_ms + between(j, 30 * SECOND_MS, 19 * MINUTE_MS), customer, where);
	else if (roll < 38)
		plan_booking(j, click_ms, customer, where);
	else if (roll < 41)
		plan_booking(j, click_ms + WINDOW_MS, customer, where);
	else if (roll < 44)
		plan_booking(j, click_ms + WINDOW_MS + 1, customer, where);
	else if (roll < 46)
		plan_booking(j, click_ms - 1, customer, where);
	else if (roll < 52)
		plan_booking(j, click_ms + between(j, WINDOW_MS + 1, HOUR_MS), customer, where);
	if (chance(j, 0.06))
		plan_border_reviews(j, click_ms, hotel);
}

static void plan_session(struct world_journey *j, int64_t now)
{
	uint32_t customer = chance(j, 0.03) ? PLAN_NOBODY : some_customer(j);
	uint32_t hotel = some_hotel(j);
	uint64_t views = 1 + below(j, 8);
	int64_t t = now;

	for (uint64_t i = 0; i < views; i++) {
		plan_click(j, t, customer, hotel, (enum world_action)below(j, ACTION_BOOKING_CLICK));
		t += between(j, 2 * SECOND_MS, 90 * SECOND_MS);
		if (chance(j, 0.25))
			hotel = some_hotel(j);
	}
	if (!chance(j, 0.4))
		return;
	plan_click(j, t, customer, hotel, ACTION_BOOKING_CLICK);
	if (chance(j, 0.03)) /* a nervous finger: the same click, another activity */
		plan_click(j, t, customer, hotel, ACTION_BOOKING_CLICK);
	if (customer != PLAN_NOBODY)
		plan_outcome(j, t, customer, hotel);
	if (chance(j, 0.15)) {
		t += between(j, 20 * SECOND_MS, 5 * MINUTE_MS);
		plan_click(j, t, customer, some_hotel(j), ACTION_BOOKING_CLICK);
	}
}

/* A guest of an earlier stay finds the time to write. */
static void plan_guest(struct world_journey *j, int64_t now)
{
	uint32_t hotel = some_hotel(j);
	struct world_stay stay = j->state.hotels[hotel].stays[below(j, WORLD_STAYS)];

	if (stay.booking == 0 || stay.time_ms >= now - HOUR_MS)
		stay = j->state.hotels[hotel].first;
	if (stay.booking != 0 && stay.time_ms < now - HOUR_MS)
		plan_review(j, false, now, now, hotel, &stay);
}

/* The bookings and reviews from before the start, always the same ones. */
static void plan_past(struct world_journey *j)
{
	int64_t past = j->o->past_ms, first = j->o->start_ms - past;

	for (size_t i = 0; i < j->o->past_bookings && past > 2 * DAY_MS; i++) {
		uint32_t hotel = (uint32_t)(i % j->o->hotels);
		struct world_stay stay = {
			.booking = i + 1,
			.time_ms = first + past * (int64_t)i / (int64_t)j->o->past_bookings,
			.customer = some_customer(j),
		};
		int64_t review_ms = stay.time_ms + between(j, DAY_MS, past / 2);
		bool reviewed = chance(j, 0.75);

		world_state_booked(&j->state, hotel, stay);
		if (!j->o->prelude)
			continue;
		plan_event(j, (struct plan){.kind = PLAN_BOOKING,
					    .past = true,
					    .time_ms = stay.time_ms,
					    .customer = stay.customer,
					    .hotel = hotel,
					    .number = stay.booking});
		if (reviewed && review_ms < j->o->start_ms)
			plan_review(j, true, review_ms, review_ms, hotel, &stay);
	}
}

void world_journey_init(struct world_journey *j, const struct generator_options *o)
{
	double gap = 1000.0 / o->rate;

	*j = (struct world_journey){.o = o};
	j->session_gap_ms = gap * EVENTS_PER_SESSION / (1 - GUEST_SHARE - o->changes) * (1 + o->duplicates);
	j->guest_gap_ms = gap / GUEST_SHARE * (1 + o->duplicates);
	j->change_gap_ms = o->changes > 0 ? gap / o->changes : 0;
	plans_init(&j->plans);
	world_state_init(&j->state, (uint32_t)o->hotels, (uint32_t)o->customers);
	random_init(&j->random, o->seed);
	j->next_number = o->past_bookings + 1;
	plan_past(j);
	/* a run that continues another must not repeat it */
	if (o->first_number != 0) {
		random_init(&j->random, o->seed ^ (o->first_number * 0x9e3779b97f4a7c15u));
		j->next_number = o->first_number;
	}
	plan_process(j, PLAN_SESSION, o->start_ms - WARM_UP_MS, j->session_gap_ms);
	plan_process(j, PLAN_GUEST, o->start_ms, j->guest_gap_ms);
	plan_process(j, PLAN_CHANGE, o->start_ms, j->change_gap_ms);
}

void world_journey_release(struct world_journey *j)
{
	plans_release(&j->plans);
	world_state_release(&j->state);
}

/* Runs the processes until the next plan is an event. */
static const struct plan *settle(struct world_journey *j)
{
	for (;;) {
		const struct plan *first = plans_first(&j->plans);
		struct plan process;

		if (first->kind != PLAN_SESSION && first->kind != PLAN_GUEST) {
			if (first->past || first->time_ms >= j->o->start_ms)
				return first;
			plans_pop(&j->plans); /* warming up */
			continue;
		}
		process = plans_pop(&j->plans);
		if (process.kind == PLAN_SESSION) {
			plan_session(j, process.at_ms);
			plan_process(j, PLAN_SESSION, process.at_ms, j->session_gap_ms);
		} else {
			plan_guest(j, process.at_ms);
			plan_process(j, PLAN_GUEST, process.at_ms, j->guest_gap_ms);
		}
	}
}

struct plan world_journey_next(struct world_journey *j)
{
	struct plan plan;

	settle(j);
	plan = plans_pop(&j->plans);
	if (plan.kind == PLAN_CHANGE)
		plan_process(j, PLAN_CHANGE, plan.at_ms, j->change_gap_ms);
	return plan;
}

int64_t world_journey_next_at(struct world_journey *j)
{
	return settle(j)->at_ms;
}
