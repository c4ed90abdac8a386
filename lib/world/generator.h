#ifndef RIVER_WORLD_GENERATOR_H
#define RIVER_WORLD_GENERATOR_H

/* A small world of travellers: cities, hotels, customers, sessions, bookings,
 * stays and reviews, as an endless stream of events for the five input topics.
 *
 * Pure and seeded: the same options give the same events on every machine.
 * There is no clock in here; the world has its own time, which starts at
 * `start_ms`, and the caller decides how fast it passes.
 *
 * First comes the prelude: every hotel and customer (snapshot reads), then the
 * bookings and reviews of the `past_ms` before the start, so that the first
 * click already finds reviews of the month. Then the sessions begin. A session
 * is a few page views; some end in a booking-click; some of those are followed
 * by a booking within 20 minutes, some by one just inside, exactly on, or just
 * outside the borders of the window. Guests review their stays. Hotels change,
 * customers come and go.
 *
 * Thread: the one that made it. Out of memory aborts. */

#include "base/err.h"
#include "base/slice.h"
#include "hotels/pipeline.h"

/* Field names, types and record names differ between these; see schemas/input/. */
enum generation {
	GENERATION_2025_SPRING, /* upper case; dates of stay are strings; reviews carry both ids */
	GENERATION_2025_AUTUMN, /* upper case; reviews carry BOOKING_ID alone */
	GENERATION_2026,	/* lower case; reviews carry hotel_id alone */
	GENERATIONS,
	GENERATION_MIXED = GENERATIONS, /* as an option: each event picks its own */
};

struct generator_options {
	uint64_t seed;
	uint64_t events;  /* after the prelude; 0 means without end */
	double rate;	  /* mean events per second of world time, after the prelude */
	int64_t start_ms; /* world time of the first session, epoch ms */
	int64_t past_ms;  /* how far back the prelude's bookings and reviews reach */
	size_t customers, hotels;
	size_t past_bookings; /* in the prelude, about three in four of them reviewed */
	bool prelude;	      /* false: another run wrote it; only ids are taken up from where it ended */
	enum generation generation;
	double out_of_order;	 /* share of events that reach their topic late by up to the bound */
	int64_t out_of_order_ms; /* the bound; below riverd's out_of_orderness nothing is late */
	double duplicates;	 /* share of records sent twice, byte for byte */
	double poison;		 /* share of clicks, bookings and reviews that cannot be used */
	double changes;		 /* share of events that change a hotel or a customer */
	uint64_t first_number;	 /* where booking and review numbers start; for runs that continue others */
};

/* 2,000 customers, 120 hotels, 10 events/s, no flaws, seed 1. */
void generator_defaults(struct generator_options *o);

/* What was done to a record so that it must end as a dead letter. */
enum generated_flaw {
	FLAW_NONE,
	FLAW_MAGIC,	     /* first byte unknown */
	FLAW_CUT,	     /* body cut short */
	FLAW_UNKNOWN_SCHEMA, /* an id the registry does not have */
	FLAW_JSON,	     /* JSON that is not well formed */
	FLAW_FIELD,	     /* JSON without the needed fields */
	FLAW_FUTURE,	     /* event time far in the future */
	FLAW_NULL,	     /* null value in an append topic */
	FLAWS
};
const char *generated_flaw_name(enum generated_flaw flaw);

struct generated_click {
	struct slice activity_id, email, hotel_id, action, url;
	int32_t duration; /* seconds */
};
struct generated_booking {
	struct slice booking_id, email, hotel_id;
	int64_t check_in_ms, check_out_ms;
	int32_t occupants, price;
};
struct generated_review {
	struct slice review_id, email, hotel_id, booking_id, text;
	int32_t rating;	       /* 1 to 5 */
	int64_t created_at_ms; /* the event time of a review */
};
struct generated_hotel {
	struct slice hotel_id, name, amenities, description, city, country;
	bool has_amenities;
	int32_t stars, rooms;
};
struct generated_customer {
	struct slice customer_id, email, first_name, last_name;
};

/* Debezium's op; APPEND for the event topics. */
enum generated_op {
	GENERATED_APPEND = 0,
	GENERATED_READ = 'r',
	GENERATED_CREATE = 'c',
	GENERATED_UPDATE = 'u',
	GENERATED_DELETE = 'd',
	GENERATED_TOMBSTONE = 't', /* the null value that follows a delete */
};

struct generated {
	enum input input;
	enum generated_op op;
	enum generation generation; /* never MIXED */
	enum generated_flaw flaw;
	bool prelude, duplicate;
	uint64_t index;	 /* 0, 1, 2, ... over everything emitted */
	uint64_t salt;	 /* equal for a record and its duplicate, else random */
	int64_t at_ms;	 /* world time at which it reaches its topic: never goes back */
	int64_t time_ms; /* Kafka record timestamp; lower than at_ms when out of order */
	/* Slices are borrowed until the next call. `before` is for updates and deletes. */
	union {
		struct generated_click click;
		struct generated_booking booking;
		struct generated_review review;
		struct {
			struct generated_hotel before, after;
		} hotel;
		struct {
			struct generated_customer before, after;
		} customer;
	};
};

struct generator;

/* ERR_CONFIG when an option is out of range. */
struct generator *generator_new(const struct generator_options *options, struct err *err);
void generator_free(struct generator *g);

/* The next event, in order of at_ms. False when `events` have been emitted. */
bool generator_next(struct generator *g, struct generated *out);

/* Looks at when the next event is due without taking it; INT64_MAX at the end. */
int64_t generator_next_at(struct generator *g);

/* A record that changes no result but moves event time on: a page view or, for
 * INPUT_BOOKINGS, a booking by a guest who never clicks. One per partition
 * after a finite run closes every window. */
void generator_seal(struct generator *g, enum input input, int64_t time_ms, struct generated *out);

#endif
