#include "world/generator.h"

#include "base/buf.h"
#include "base/random.h"
#include "world/world_journey.h"
#include "world/world_names.h"
#include "world/world_plan.h"
#include "world/world_review.h"
#include "world/world_state.h"

#include <stdlib.h>

#define DAY_MS	  (24 * 3600 * 1000LL)
#define FUTURE_MS (400 * DAY_MS) /* a clock that is more than a year ahead */

struct generator {
	struct generator_options o;
	struct world_journey journey; /* plans, state, random */
	uint32_t prelude_hotel, prelude_customer;
	uint64_t emitted, index;
	bool has_tombstone; /* a delete was emitted; its tombstone comes next */
	struct generated last_delete;
	struct world_text text, text_before;
	struct buf review;
};

static const char *const flaw_names[FLAWS] = {"none", "magic", "cut",	 "unknown-schema",
					      "json", "field", "future", "null"};

const char *generated_flaw_name(enum generated_flaw flaw)
{
	return flaw_names[flaw];
}

void generator_defaults(struct generator_options *o)
{
	*o = (struct generator_options){
		.seed = 1,
		.rate = 10,
		.past_ms = 45 * DAY_MS,
		.customers = 2000,
		.hotels = 120,
		.past_bookings = 600,
		.prelude = true,
		.generation = GENERATION_2026,
		.out_of_order_ms = 4000,
		.changes = 0.004,
	};
}

static bool share_ok(double share)
{
	return share >= 0 && share <= 0.5;
}

static int check(const struct generator_options *o, struct err *err)
{
	if (!(o->rate > 0 && o->rate <= 1e9))
		return err_set(err, ERR_CONFIG, 0, "the rate must be above 0");
	if (o->customers < 1 || o->customers > 50000000 || o->hotels < 1 || o->hotels > 1000000)
		return err_set(err, ERR_CONFIG, 0, "1 to 50,000,000 customers and 1 to 1,000,000 hotels");
	if (o->past_bookings > 10000000 || o->past_ms < 0)
		return err_set(err, ERR_CONFIG, 0, "at most 10,000,000 bookings in the past");
	if (!share_ok(o->out_of_order) || !share_ok(o->duplicates) || !share_ok(o->poison) ||
	    !share_ok(o->changes))
		return err_set(err, ERR_CONFIG, 0, "shares lie between 0 and 0.5");
	if (o->out_of_order_ms < 0)
		return err_set(err, ERR_CONFIG, 0, "the bound of disorder must not be negative");
	if (o->generation > GENERATION_MIXED)
		return err_set(err, ERR_CONFIG, 0, "unknown generation");
	return 0;
}

struct generator *generator_new(const struct generator_options *options, struct err *err)
{
	struct generator *g;

	if (check(options, err) != 0)
		return NULL;
	g = calloc(1, sizeof(*g));
	if (g == NULL)
		abort();
	g->o = *options;
	buf_init(&g->review, 1 << 16);
	world_journey_init(&g->journey, &g->o);
	if (!g->o.prelude) {
		g->prelude_hotel = (uint32_t)g->o.hotels;
		g->prelude_customer = (uint32_t)g->o.customers;
	}
	return g;
}

void generator_free(struct generator *g)
{
	if (g == NULL)
		return;
	world_journey_release(&g->journey);
	buf_release(&g->review);
	free(g);
}

/* Independent small draws from a record's salt. */
static uint64_t draw(uint64_t salt, unsigned what, uint64_t bound)
{
	uint64_t z = salt + what * 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return (uint64_t)(((unsigned __int128)z * bound) >> 64);
}

static enum generation generation_of(const struct generator *g, uint64_t salt)
{
	if (g->o.generation != GENERATION_MIXED)
		return g->o.generation;
	return (enum generation)draw(salt, 1, GENERATIONS);
}

static enum generated_flaw flaw_of(const struct generator *g, uint64_t salt)
{
	if (g->o.poison <= 0 || (double)draw(salt, 2, 1000000) >= g->o.poison * 1e6)
		return FLAW_NONE;
	return (enum generated_flaw)(1 + draw(salt, 3, FLAWS - 1));
}

static void begin(struct generator *g, struct generated *out, enum input input, const struct plan *plan)
{
	*out = (struct generated){
		.input = input,
		.op = GENERATED_APPEND,
		.generation = generation_of(g, plan->salt),
		.prelude = plan->at_ms < g->o.start_ms,
		.duplicate = plan->duplicate,
		.index = g->index++,
		.salt = plan->salt,
		.at_ms = plan->at_ms,
		.time_ms = plan->time_ms,
	};
	g->text.len = g->text_before.len = 0;
}

static struct slice put_uuid(struct world_text *t, uint64_t salt)
{
	static const char hex[] = "0123456789abcdef";
	char text[36];
	uint64_t bits = salt;

	for (int i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			text[i] = '-';
			continue;
		}
		text[i] = hex[bits & 15];
		bits = i == 17 ? salt * 0x9e3779b97f4a7c15u : bits >> 4;
	}
	text[14] = '4';
	return world_put(t, slice_make(text, sizeof(text)));
}

static struct slice email_of(struct generator *g, uint32_t customer)
{
	return customer == PLAN_NOBODY ? SLICE_LITERAL("") : world_email(&g->text, g->o.seed, customer);
}

static void make_click(struct generator *g, const struct plan *plan, struct generated *out)
{
	struct generated_click *c = &out->click;
	size_t first;

	begin(g, out, INPUT_CLICKSTREAM, plan);
	out->flaw = flaw_of(g, plan->salt);
	c->activity_id = put_uuid(&g->text, plan->salt);
	c->email = email_of(g, plan->customer);
	first = g->text.len;
	world_put(&g->text, SLICE_LITERAL("https://river-hotels.example/hotels/"));
	c->hotel_id = world_hotel_id(&g->text, plan->hotel);
	c->url = slice_make(g->text.data + first, g->text.len - first);
	c->action = slice_str(world_actions[plan->action]);
	c->duration = (int32_t)(2 + draw(plan->salt, 4, 240));
}

static void make_booking(struct generator *g, const struct plan *plan, struct generated *out)
{
	struct generated_booking *b = &out->booking;
	int64_t day = plan->time_ms / DAY_MS;
	int64_t nights = 1 + (int64_t)draw(plan->salt, 5, 9);

	begin(g, out, INPUT_BOOKINGS, plan);
	out->flaw = flaw_of(g, plan->salt);
	b->booking_id = world_put_id(&g->text, 'B', plan->number, 9);
	b->email = email_of(g, plan->customer);
	b->hotel_id = world_hotel_id(&g->text, plan->hotel);
	b->check_in_ms = (day + 1 + (int64_t)draw(plan->salt, 6, 60)) * DAY_MS;
	b->check_out_ms = b->check_in_ms + nights * DAY_MS;
	b->occupants = 1 + (int32_t)draw(plan->salt, 7, 4);
	b->price = (int32_t)(nights * (int64_t)(55 + draw(plan->salt, 8, 260)));
}

static void make_review(struct generator *g, const struct plan *plan, struct generated *out)
{
	struct generated_review *v = &out->review;
	struct random r;

	begin(g, out, INPUT_REVIEWS, plan);
	out->flaw = flaw_of(g, plan->salt);
	random_init(&r, plan->salt);
	v->review_id = world_put_id(&g->text, 'R', plan->number, 9);
	v->email = email_of(g, plan->customer);
	v->hotel_id = world_hotel_id(&g->text, plan->hotel);
	v->booking_id = plan->booking ? world_put_id(&g->text, 'B', plan->booking, 9) : SLICE_LITERAL("");
	v->created_at_ms = plan->created_at_ms;
	v->rating = world_review_rating(&r);
	buf_clear(&g->review);
	world_review_text(&r, v->rating, world_hotel_city(plan->hotel), &g->review);
	v->text = buf_view(&g->review);
}

static void spoil_time(struct generated *out)
{
	if (out->flaw != FLAW_FUTURE)
		return;
	if (out->input == INPUT_REVIEWS)
		out->review.created_at_ms += FUTURE_MS;
	else
		out->time_ms += FUTURE_MS;
}

static void make_hotel(struct generator *g, const struct plan *plan, enum generated_op op, uint32_t hotel,
		       struct generated *out)
{
	uint32_t version = g->journey.state.hotels[hotel].version;

	begin(g, out, INPUT_HOTEL, plan);
	out->op = op;
	if (op != GENERATED_DELETE)
		world_hotel_view(&g->text, g->o.seed, hotel, version, &out->hotel.after);
	if (op == GENERATED_UPDATE)
		world_hotel_view(&g->text_before, g->o.seed, hotel, version - 1, &out->hotel.before);
	else if (op == GENERATED_DELETE)
		world_hotel_view(&g->text_before, g->o.seed, hotel, version, &out->hotel.before);
}

static void make_customer(struct generator *g, const struct plan *plan, enum generated_op op,
			  uint32_t customer, struct generated *out)
{
	begin(g, out, INPUT_CUSTOMER, plan);
	out->op = op;
	if (op == GENERATED_DELETE)
		world_customer_view(&g->text_before, g->o.seed, customer, &out->customer.before);
	else
		world_customer_view(&g->text, g->o.seed, customer, &out->customer.after);
}

static void make_change(struct generator *g, const struct plan *plan, struct generated *out)
{
	struct world_change change = world_journey_change(&g->journey, plan->salt);

	if (change.is_hotel)
		make_hotel(g, plan, change.op, change.who, out);
	else
		make_customer(g, plan, change.op, change.who, out);
	if (change.op == GENERATED_DELETE) {
		g->has_tombstone = true;
		g->last_delete = *out;
	}
}

static void make_tombstone(struct generator *g, struct generated *out)
{
	*out = g->last_delete;
	out->op = GENERATED_TOMBSTONE;
	out->index = g->index++;
	g->has_tombstone = false;
}

/* Snapshot of the dimensions, all at one moment before the past begins. */
static bool prelude(struct generator *g, struct generated *out)
{
	struct plan plan = {.at_ms = g->o.start_ms - g->o.past_ms - DAY_MS, .salt = g->index};

	plan.time_ms = plan.at_ms;
	if (g->prelude_hotel < g->o.hotels)
		make_hotel(g, &plan, GENERATED_READ, g->prelude_hotel++, out);
	else if (g->prelude_customer < g->o.customers)
		make_customer(g, &plan, GENERATED_READ, g->prelude_customer++, out);
	else
		return false;
	out->prelude = true;
	return true;
}

bool generator_next(struct generator *g, struct generated *out)
{
	struct plan plan;

	if (prelude(g, out))
		return true;
	if (g->o.events != 0 && g->emitted >= g->o.events)
		return false;
	if (g->has_tombstone) {
		make_tombstone(g, out);
		g->emitted++;
		return true;
	}
	plan = world_journey_next(&g->journey);
	switch (plan.kind) {
	case PLAN_CLICK: make_click(g, &plan, out); break;
	case PLAN_BOOKING: make_booking(g, &plan, out); break;
	case PLAN_REVIEW: make_review(g, &plan, out); break;
	default: make_change(g, &plan, out); break;
	}
	spoil_time(out);
	g->emitted += !out->prelude;
	return true;
}

int64_t generator_next_at(struct generator *g)
{
	if (g->prelude_hotel < g->o.hotels || g->prelude_customer < g->o.customers)
		return g->o.start_ms - g->o.past_ms - DAY_MS;
	if (g->o.events != 0 && g->emitted >= g->o.events)
		return INT64_MAX;
	return g->has_tombstone ? g->last_delete.at_ms : world_journey_next_at(&g->journey);
}

void generator_seal(struct generator *g, enum input input, int64_t time_ms, struct generated *out)
{
	struct plan plan = {
		.at_ms = time_ms,
		.time_ms = time_ms,
		.salt = g->index * 0x9e3779b97f4a7c15u + g->o.first_number,
		.customer = PLAN_NOBODY,
		.number = world_journey_number(&g->journey),
	};

	if (input == INPUT_BOOKINGS) {
		make_booking(g, &plan, out);
		out->booking.email = SLICE_LITERAL("seal@river-hotels.example");
	} else {
		make_click(g, &plan, out);
	}
	out->flaw = FLAW_NONE;
}
