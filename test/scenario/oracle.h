#ifndef RIVER_TEST_ORACLE_H
#define RIVER_TEST_ORACLE_H

/* The oracle: what the reference SQL gives over a whole world, by brute force.
 *
 * It reads every click against every booking, every target against every
 * hotel and review, as often as it likes. It shares no code with lib/hotels or
 * lib/event_time. Dimensions are taken as they stand after their last record. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Texts are NUL-terminated; NULL is SQL's NULL. Borrowed from the world. */
struct oracle_click {
	const char *email, *hotel_id, *action;
	int64_t time;
};
struct oracle_booking {
	const char *booking_id, *email, *hotel_id;
	int64_t time;
	const char *check_in, *check_out, *price; /* as the output shows them */
};
struct oracle_review { /* in order of arrival within the topic */
	const char *review_id, *hotel_id, *booking_id, *text;
	int64_t created_at;
};
struct oracle_hotel { /* changes in order of arrival */
	const char *hotel_id, *name, *amenities, *description, *city, *country;
	bool deleted;
};
struct oracle_customer { /* changes in order of arrival */
	const char *customer_id, *email;
	bool deleted;
};

struct oracle_world {
	const struct oracle_click *clicks;
	size_t click_count;
	const struct oracle_booking *bookings;
	size_t booking_count;
	const struct oracle_review *reviews;
	size_t review_count;
	const struct oracle_hotel *hotels;
	size_t hotel_count;
	const struct oracle_customer *customers;
	size_t customer_count;

	int64_t window;
	bool match_hotel;
	bool fold_case;
	bool reviews_required;
};

/* The results: one line of text per record that must come out, every field in
 * it, so that two multisets compare as two sorted lists of lines. */
struct lines {
	char **items; /* owned */
	size_t count, cap;
};
void lines_add(struct lines *l, const char *text); /* copies */
void lines_sort(struct lines *l);
void lines_clear(struct lines *l);
void lines_release(struct lines *l);

/* "email|hotel|time|name|city|similar,similar|reviews|summary" per target. */
void oracle_targets(const struct oracle_world *w, struct lines *out);
/* "id|email|hotel|name|city|country|in|out|price" per booking of a known hotel. */
void oracle_bookings(const struct oracle_world *w, struct lines *out);

/* Whether the customer of that address was deleted, and no row has it now. */
bool oracle_erased(const struct oracle_world *w, const char *email);

/* How a line shows its parts, so that both sides write them alike. */
struct line_target {
	const char *email, *hotel_id;
	int64_t time;
	const char *name, *city;
	const char *const *similar; /* items may be NULL */
	size_t similar_count;
	const char *reviews, *summary;
};
void line_target(struct lines *out, const struct line_target *t);
struct line_booking {
	const char *booking_id, *email, *hotel_id, *name, *city, *country, *check_in, *check_out, *price;
};
void line_booking(struct lines *out, const struct line_booking *b);

/* The summary that the tests' model gives: f(texts). `out` is freed by the caller. */
char *oracle_summary(const char *const *texts, size_t count);

#endif
