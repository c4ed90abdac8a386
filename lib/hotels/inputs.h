#ifndef RIVER_HOTELS_INPUTS_H
#define RIVER_HOTELS_INPUTS_H

/* From a decoded record to what it says: a click, a booking, a review, a
 * hotel, a customer. Everything that can be wrong with a record is found
 * here; behind this file, input is good.
 *
 * Each reader returns 0, or -1 with err (class ERR_POISON, code an enum
 * poison): the record is a dead letter. Error sentences name fields, never
 * their contents. Results are borrowed from the record and the scratch. */

#include "base/err.h"
#include "hotels/field.h"
#include "hotels/pipeline.h"

/* Where rendered numbers and folded addresses stand; one per pipeline, valid
 * until the next record. */
struct input_scratch {
	char email[FIELD_ID_MAX];
	char fields[RECORD_MAX_FIELDS][FIELD_SCRATCH];
};

enum click_kind {
	CLICK_OTHER, /* not a booking click; only its time is read */
	CLICK_EMPTY, /* a booking click without an address or hotel */
	CLICK_BOOKING,
};

struct click {
	enum click_kind kind;
	struct event_time time;
	struct slice email, hotel_id;
};

struct booking {
	struct event_time time;
	struct slice id, email, hotel_id;
	struct value check_in, check_out, price;
};

struct review_input {
	struct event_time created_at;
	struct slice id, text;
	bool has_text;
	struct slice hotel_id, booking_id; /* empty: not given; at least one is */
};

struct hotel_input {
	bool deleted;
	struct slice id;
	struct value name, amenities, description, city, country; /* string, null, or unavailable */
};

struct customer_input {
	bool deleted;
	struct slice id;
	struct slice email;	/* empty: null */
	bool email_unavailable; /* as it was before */
};

/* Debezium's word for a column that was too large and did not change. */
bool input_unavailable(const struct value *v);

int input_click(const struct pipeline_config *c, const struct record *r, int64_t wall_ms,
		struct input_scratch *s, struct click *out, struct err *err);
int input_booking(const struct pipeline_config *c, const struct record *r, int64_t wall_ms,
		  struct input_scratch *s, struct booking *out, struct err *err);
int input_review(const struct pipeline_config *c, const struct record *r, int64_t wall_ms,
		 struct input_scratch *s, struct review_input *out, struct err *err);
int input_hotel(const struct record *r, struct input_scratch *s, struct hotel_input *out, struct err *err);
int input_customer(const struct pipeline_config *c, const struct record *r, struct input_scratch *s,
		   struct customer_input *out, struct err *err);

#endif
