#include "test/scenario/world.h"

#include "base/random.h"
#include "test/scenario/calendar.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))
#define PICK(r, array) ((array)[random_below(r, COUNT(array))])

static const char *const emails[] = {"a@x.org", "b@x.org", "A@x.org", "c@x.org", "d@x.org", "\xc3\xa9@x.org"};
static const char *const hotel_ids[] = {"H1", "H2", "H3", "H10", "H4", "h1"};
static const char *const cities[] = {"Lisbon", "Porto", "Lisbon", NULL, ""};
static const char *const amenities[] = {"pool", "pool,wifi", "pool", NULL};
static const char *const names[] = {"Sea View", "Old Town", "Airport", NULL, "Grand", "Sea View"};
static const char *const countries[] = {"PT", NULL, "ES"};
static const char *const review_texts[] = {"good", "bad", "fine", "good||| bad", "lovely", "good"};
static const char *const review_ids[] = {"R1", "R2", "R3",  "R4",  "R5",  "R6",	 "R7",
					 "R8", "R9", "R10", "R11", "R12", "R13", "R14"};
static const char *const customer_ids[] = {"C1", "C2", "C3", "C4"};

/* Where months end in interesting ways; a time of day is added. */
static const struct calendar_date days[] = {{2026, 3, 31}, {2026, 3, 30}, {2028, 3, 31},  {2028, 2, 29},
					    {2026, 5, 31}, {2026, 1, 1},  {2025, 12, 31}, {2026, 3, 29},
					    {2026, 8, 15}, {2026, 3, 1},  {2026, 2, 28},  {2026, 4, 30},
					    {2027, 2, 28}};

static char *text(struct world *w)
{
	if (w->text_count == WORLD_MAX_TEXTS)
		abort();
	return w->texts[w->text_count++];
}

static bool chance(struct random *r, unsigned percent)
{
	return random_below(r, 100) < percent;
}

static int some(struct random *r, int least, int most)
{
	return least + (int)random_below(r, (uint64_t)(most - least + 1));
}

static void make_config(struct world *w, struct random *r)
{
	struct pipeline_config *c = &w->config;

	pipeline_defaults(c);
	c->hash_seed = w->seed;
	c->summary_identity = SLICE_LITERAL("compare-model");
	c->match = chance(r, 25) ? MATCH_CUSTOMER_AND_HOTEL : MATCH_CUSTOMER;
	c->case_insensitive = chance(r, 25);
	c->reviews_required = w->kind == WORLD_IN_BOUNDS && chance(r, 50);
	c->date_type = chance(r, 50) ? DATE_LONG : DATE_STRING;
	c->price_type = (enum price_type)random_below(r, 4);
	if (chance(r, 10))
		c->out_of_orderness = 0;
	if (chance(r, 10))
		c->allowed_lateness = 0;
	if (chance(r, 10))
		c->answer_cache = 1 + random_below(r, WORLD_SMALL_CACHE);
	c->outputs[OUTPUT_SIMILAR] = chance(r, 20);
	c->outputs[OUTPUT_REVIEWS] = chance(r, 20);
	for (int input = 0; input < INPUTS; input++)
		w->partitions[input] = some(r, 1, input == INPUT_CUSTOMER ? 1 : 3);
}

static int64_t click_time(struct world *w, struct random *r)
{
	static const int64_t steps[] = {0, 0, 0, 1, -1, 1000, 4999, 5000, 5001};
	int64_t slot = (int64_t)random_below(r, 10) * 10 * CALENDAR_MINUTE;

	return w->base + slot + (chance(r, 70) ? PICK(r, steps) : (int64_t)random_below(r, 600000));
}

static void make_clicks(struct world *w, struct random *r)
{
	int customers = some(r, 1, (int)COUNT(emails)), hotels = some(r, 1, (int)COUNT(hotel_ids));
	size_t count = (size_t)some(r, 1, 50);

	for (size_t i = 0; i < count; i++) {
		struct oracle_click *c = &w->clicks[i];

		if (i > 0 && chance(r, 20)) { /* the same again */
			*c = w->clicks[random_below(r, i)];
			continue;
		}
		c->time = click_time(w, r);
		c->email = emails[random_below(r, (uint64_t)customers)];
		c->hotel_id = hotel_ids[random_below(r, (uint64_t)hotels)];
		c->action = chance(r, 90) ? "booking-click" : "page-view";
		if (chance(r, 2))
			c->email = chance(r, 50) ? NULL : "";
		if (chance(r, 2))
			c->hotel_id = chance(r, 50) ? NULL : "";
	}
	w->tables.click_count = count;
}

/* On the edges of some click's interval. */
static int64_t booking_time(struct world *w, struct random *r, const struct oracle_click *c)
{
	static const int64_t twenty = 20 * CALENDAR_MINUTE;
	const int64_t edges[] = {0,
				 -1,
				 1,
				 twenty,
				 twenty - 1,
				 twenty + 1,
				 twenty / 2,
				 -twenty,
				 twenty + 5000,
				 twenty + 5001,
				 -5000,
				 5000,
				 twenty - 5000};

	return chance(r, 80) ? c->time + PICK(r, edges) : click_time(w, r);
}

static void booking_details(struct world *w, struct random *r, struct oracle_booking *b, size_t number)
{
	char *id = text(w), *in = text(w), *price = text(w);
	int day = some(r, 1, 28), amount = some(r, 0, 900);

	snprintf(id, sizeof(w->texts[0]), "B%zu", number);
	if (w->config.date_type == DATE_LONG)
		snprintf(in, sizeof(w->texts[0]), "%lld",
			 (long long)calendar_instant((struct calendar_date){2026, 6, day}));
	else
		snprintf(in, sizeof(w->texts[0]), "2026-06-%02d", day);
	if (w->config.price_type == PRICE_DOUBLE)
		snprintf(price, sizeof(w->texts[0]), "%d.50", amount);
	else
		snprintf(price, sizeof(w->texts[0]), "%d", amount);
	b->booking_id = id;
	b->check_in = in;
	b->check_out = chance(r, 50) ? in : NULL;
	b->price = chance(r, 90) ? price : NULL;
}

static void make_bookings(struct world *w, struct random *r)
{
	size_t old = (size_t)some(r, 0, 6), count = old + (size_t)some(r, 0, chance(r, 60) ? 8 : 40);

	for (size_t i = 0; i < count; i++) {
		struct oracle_booking *b = &w->bookings[i];
		const struct oracle_click *c = &w->clicks[random_below(r, w->tables.click_count)];

		b->time = booking_time(w, r, c);
		if (i < old) /* what reviews refer to: long before the first click */
			b->time = w->base - (1 + (int64_t)random_below(r, 20)) * CALENDAR_DAY;
		b->email = chance(r, 80) && c->email && *c->email ? c->email : PICK(r, emails);
		b->hotel_id = chance(r, 60) && c->hotel_id && *c->hotel_id ? c->hotel_id : PICK(r, hotel_ids);
		booking_details(w, r, b, i);
		if (i > 0 && chance(r, 5)) /* the same record again */
			*b = w->bookings[random_below(r, i)];
	}
	w->tables.booking_count = count;
	for (size_t i = 0; i < w->tables.review_count; i++) {
		if (!w->reviews[i].hotel_id)
			w->reviews[i].booking_id =
				old ? w->bookings[random_below(r, old)].booking_id : "B-none";
	}
}

static int64_t review_time(struct world *w, struct random *r)
{
	static const int64_t edges[] = {0, -1, 1};
	const struct oracle_click *c = &w->clicks[random_below(r, w->tables.click_count)];

	switch (random_below(r, 4)) {
	case 0: return c->time + PICK(r, edges);
	case 1: return calendar_month_before(c->time) + PICK(r, edges);
	case 2: return w->base - (int64_t)random_below(r, 35) * CALENDAR_DAY; /* ties */
	default: return w->base - (int64_t)random_below(r, 35 * (uint64_t)CALENDAR_DAY);
	}
}

static void make_reviews(struct world *w, struct random *r)
{
	size_t count = (size_t)some(r, 0, 30);

	for (size_t i = 0; i < count; i++) {
		struct oracle_review *v = &w->reviews[i];

		v->review_id = PICK(r, review_ids);
		v->text = PICK(r, review_texts);
		v->hotel_id = PICK(r, hotel_ids);
		v->booking_id = NULL;
		v->created_at = review_time(w, r);
		if (chance(r, 15))
			v->booking_id = "B0"; /* HOTEL_ID wins */
		if (chance(r, 15)) {	      /* its booking alone; never replaced, never replacing */
			static const char *const lone_ids[] = {"L0", "L1", "L2", "L3", "L4"};
			size_t number = i % COUNT(lone_ids);

			for (size_t k = 0; k < i; k++)
				number = number < COUNT(lone_ids) && strcmp(w->reviews[k].review_id,
									    lone_ids[number]) == 0
						 ? COUNT(lone_ids)
						 : number;
			if (number < COUNT(lone_ids)) {
				v->review_id = lone_ids[number];
				v->hotel_id = NULL;
			}
		}
	}
	w->tables.review_count = count;
}

static void make_dimensions(struct world *w, struct random *r)
{
	size_t hotels = (size_t)some(r, 1, 12), customers = (size_t)some(r, 0, 8);

	if (w->kind == WORLD_LATE && chance(r, 50))
		customers = 0;
	for (size_t i = 0; i < hotels; i++) {
		struct oracle_hotel *h = &w->hotels[i];

		h->hotel_id = i < COUNT(hotel_ids) && chance(r, 70) ? hotel_ids[i] : PICK(r, hotel_ids);
		h->name = PICK(r, names);
		h->city = PICK(r, cities);
		h->amenities = PICK(r, amenities);
		h->country = PICK(r, countries);
		h->description = "d";
		h->deleted = w->kind == WORLD_IN_BOUNDS && chance(r, 10);
	}
	w->tables.hotel_count = hotels;
	for (size_t i = 0; i < customers; i++) {
		size_t id = random_below(r, COUNT(customer_ids));

		w->customers[i].customer_id = customer_ids[id];
		w->customers[i].email = emails[id % 3]; /* C1 and C4 share an address */
		w->customers[i].deleted = chance(r, 35);
	}
	w->tables.customer_count = customers;
}

/* ---- logs ---- */

struct placed {
	int64_t key;
	int index;
};

static int by_key(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->index - y->index;
}

/* Event topics: any partition, and an order that is at most `disorder` behind
 * itself: sorting by time plus something in [0, disorder] gives exactly that. */
static void place_events(struct world *w, struct random *r, enum input input, size_t count, int64_t disorder)
{
	struct placed placed[WORLD_MAX_CLICKS > WORLD_MAX_BOOKINGS ? WORLD_MAX_CLICKS : WORLD_MAX_BOOKINGS];

	for (size_t i = 0; i < count; i++) {
		int64_t extra = chance(r, 30) ? 0 : (int64_t)random_below(r, (uint64_t)disorder + 1);

		if (chance(r, 20))
			extra = disorder;
		placed[i] = (struct placed){world_time(w, input, (int)i) + extra, (int)i};
	}
	if (count)
		qsort(placed, count, sizeof(placed[0]), by_key);
	for (size_t i = 0; i < count; i++) {
		struct world_log *log = &w->logs[input][random_below(r, (uint64_t)w->partitions[input])];

		log->items[log->count++] = placed[i].index;
	}
}

/* Changelogs and reviews: all changes of one id in one partition, in order. */
static const char *row_id(const struct world *w, enum input input, size_t index)
{
	switch (input) {
	case INPUT_REVIEWS: return w->reviews[index].review_id;
	case INPUT_HOTEL: return w->hotels[index].hotel_id;
	default: return w->customers[index].customer_id;
	}
}

static void place_rows(struct world *w, enum input input, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *id = row_id(w, input, i);
		unsigned sum = 0;
		struct world_log *log;

		while (*id)
			sum = sum * 31 + (unsigned char)*id++;
		log = &w->logs[input][sum % (unsigned)w->partitions[input]];
		log->items[log->count++] = (int)i;
	}
}

void world_make(struct world *w, uint64_t seed, enum world_kind kind)
{
	struct random r;
	int64_t disorder;

	memset(w, 0, sizeof(*w));
	random_init(&r, seed * 2 + (kind == WORLD_LATE));
	w->seed = seed;
	w->kind = kind;
	make_config(w, &r);
	w->base = calendar_instant(PICK(&r, days)) + (int64_t)random_below(&r, 24) * CALENDAR_HOUR;
	if (chance(&r, 30)) /* across midnight */
		w->base = calendar_instant(PICK(&r, days)) + 23 * CALENDAR_HOUR;
	make_clicks(w, &r);
	make_reviews(w, &r);
	make_bookings(w, &r);
	make_dimensions(w, &r);
	disorder = kind == WORLD_LATE ? some(&r, 1, 45) * CALENDAR_MINUTE : w->config.out_of_orderness;
	place_events(w, &r, INPUT_CLICKSTREAM, w->tables.click_count, disorder);
	place_events(w, &r, INPUT_BOOKINGS, w->tables.booking_count, disorder);
	place_rows(w, INPUT_REVIEWS, w->tables.review_count);
	place_rows(w, INPUT_HOTEL, w->tables.hotel_count);
	place_rows(w, INPUT_CUSTOMER, w->tables.customer_count);
	w->highest = w->base;
	for (size_t i = 0; i < w->tables.click_count; i++)
		w->highest = w->clicks[i].time > w->highest ? w->clicks[i].time : w->highest;
	for (size_t i = 0; i < w->tables.booking_count; i++)
		w->highest = w->bookings[i].time > w->highest ? w->bookings[i].time : w->highest;
	for (size_t i = 0; i < w->tables.review_count; i++)
		w->highest = w->reviews[i].created_at > w->highest ? w->reviews[i].created_at : w->highest;
	w->tables.clicks = w->clicks;
	w->tables.bookings = w->bookings;
	w->tables.reviews = w->reviews;
	w->tables.hotels = w->hotels;
	w->tables.customers = w->customers;
	w->tables.window = w->config.window;
	w->tables.match_hotel = w->config.match == MATCH_CUSTOMER_AND_HOTEL;
	w->tables.fold_case = w->config.case_insensitive;
	w->tables.reviews_required = w->config.reviews_required;
}
