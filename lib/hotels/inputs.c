#include "hotels/inputs.h"

#include "wire/decoder.h"

static const char *const click_names[CLICK_FIELDS] = {
	[CLICK_EMAIL] = "CUSTOMER_EMAIL",
	[CLICK_HOTEL_ID] = "HOTEL_ID",
	[CLICK_ACTION] = "ACTION",
	[CLICK_CREATED_AT] = "CREATED_AT",
};

static const char *const booking_names[BOOKING_FIELDS] = {
	[BOOKING_ID] = "BOOKING_ID",	     [BOOKING_EMAIL] = "CUSTOMER_EMAIL",
	[BOOKING_HOTEL_ID] = "HOTEL_ID",     [BOOKING_CHECK_IN] = "CHECK_IN",
	[BOOKING_CHECK_OUT] = "CHECK_OUT",   [BOOKING_PRICE] = "PRICE",
	[BOOKING_CREATED_AT] = "CREATED_AT",
};

static const char *const review_names[REVIEW_FIELDS] = {
	[REVIEW_ID] = "REVIEW_ID",     [REVIEW_HOTEL_ID] = "HOTEL_ID",	  [REVIEW_BOOKING_ID] = "BOOKING_ID",
	[REVIEW_TEXT] = "REVIEW_TEXT", [REVIEW_RATING] = "REVIEW_RATING", [REVIEW_CREATED_AT] = "CREATED_AT",
};

static const char *const hotel_names[HOTEL_FIELDS] = {
	[HOTEL_ID] = "HOTEL_ID",	 [HOTEL_NAME] = "NAME",
	[HOTEL_AMENITIES] = "AMENITIES", [HOTEL_DESCRIPTION] = "DESCRIPTION",
	[HOTEL_CITY] = "CITY",		 [HOTEL_COUNTRY] = "COUNTRY",
};

static const char *const customer_names[CUSTOMER_FIELDS] = {
	[CUSTOMER_ID] = "CUSTOMER_ID",
	[CUSTOMER_EMAIL] = "EMAIL",
};

const struct layout input_layouts[INPUTS] = {
	[INPUT_CLICKSTREAM] = {click_names, CLICK_FIELDS},
	[INPUT_BOOKINGS] = {booking_names, BOOKING_FIELDS},
	[INPUT_REVIEWS] = {review_names, REVIEW_FIELDS},
	[INPUT_HOTEL] = {hotel_names, HOTEL_FIELDS},
	[INPUT_CUSTOMER] = {customer_names, CUSTOMER_FIELDS},
};

bool input_unavailable(const struct value *v)
{
	return v->kind == VALUE_STRING && slice_is(v->s, "__debezium_unavailable_value");
}

static int poison_field(struct err *err, enum input input, int slot, const char *what)
{
	return err_set(err, ERR_POISON, POISON_FIELD, "field %s %s", input_layouts[input].names[slot], what);
}

static int check_skew(const struct pipeline_config *c, struct event_time t, int64_t wall_ms, struct err *err)
{
	if (t.ms - c->max_future_skew > wall_ms)
		return err_set(err, ERR_POISON, POISON_EVENT_TIME, "event time is %lld ms ahead of the clock",
			       (long long)(t.ms - wall_ms));
	return 0;
}

/* Of the Kafka record, or of the CREATED_AT field in `slot` when `from_field`. */
static int event_time_of(const struct pipeline_config *c, const struct record *r, bool from_field, int slot,
			 int64_t wall_ms, struct event_time *out, struct err *err)
{
	int64_t ms = r->message->timestamp_ms;

	if (from_field) {
		if (event_time_of_value(&r->fields[slot], out) != 0)
			return err_set(err, ERR_POISON, POISON_EVENT_TIME, "CREATED_AT is no instant");
	} else {
		if (ms < 0 || ms > EVENT_TIME_HIGHEST_MS)
			return err_set(err, ERR_POISON, POISON_EVENT_TIME,
				       "the record has no usable timestamp");
		*out = event_time_at(ms);
	}
	return check_skew(c, *out, wall_ms, err);
}

static struct slice fold_email(const struct pipeline_config *c, struct slice email, struct input_scratch *s)
{
	if (!c->case_insensitive)
		return email;
	for (size_t i = 0; i < email.len; i++) {
		char ch = email.data[i];

		s->email[i] = ch >= 'A' && ch <= 'Z' ? (char)(ch + ('a' - 'A')) : ch;
	}
	return slice_make(s->email, email.len);
}

/* Addresses are strings: a number is no address. */
static enum field_state email_of(const struct pipeline_config *c, const struct value *v,
				 struct input_scratch *s, struct slice *out)
{
	*out = slice_make(NULL, 0);
	if (!value_present(v))
		return FIELD_NULL;
	if (v->kind != VALUE_STRING || v->s.len > FIELD_ID_MAX)
		return FIELD_WRONG;
	*out = fold_email(c, v->s, s);
	return out->len == 0 ? FIELD_NULL : FIELD_OK;
}

/* Keys that also stand in the database: CHAR(n) columns come padded with blanks, in changelogs
 * and in events made from them. Trimmed on every side, so that they meet. */
static enum field_state padded_id(const struct value *v, char scratch[FIELD_SCRATCH], struct slice *out)
{
	enum field_state state = field_id(v, scratch, out);

	if (state != FIELD_OK)
		return state;
	*out = slice_trim_right(*out);
	return out->len == 0 ? FIELD_NULL : FIELD_OK;
}

/* A field of a booking click that the schema must have, though it may be null. */
static int click_field(enum field_state state, const struct value *v, int slot, struct click *out,
		       struct err *err)
{
	if (v->kind == VALUE_ABSENT)
		return poison_field(err, INPUT_CLICKSTREAM, slot, "is missing");
	if (state == FIELD_WRONG)
		return poison_field(err, INPUT_CLICKSTREAM, slot, "is of a wrong type");
	if (state == FIELD_NULL)
		out->kind = CLICK_EMPTY;
	return 0;
}

int input_click(const struct pipeline_config *c, const struct record *r, int64_t wall_ms,
		struct input_scratch *s, struct click *out, struct err *err)
{
	const struct value *action = &r->fields[CLICK_ACTION], *email = &r->fields[CLICK_EMAIL],
			   *hotel = &r->fields[CLICK_HOTEL_ID];

	if (action->kind == VALUE_ABSENT)
		return poison_field(err, INPUT_CLICKSTREAM, CLICK_ACTION, "is missing");
	if (action->kind != VALUE_NULL && action->kind != VALUE_STRING)
		return poison_field(err, INPUT_CLICKSTREAM, CLICK_ACTION, "is of a wrong type");
	out->kind = CLICK_OTHER;
	if (action->kind == VALUE_STRING && slice_equal(action->s, SLICE_LITERAL("booking-click"))) {
		out->kind = CLICK_BOOKING;
		if (click_field(email_of(c, email, s, &out->email), email, CLICK_EMAIL, out, err) != 0 ||
		    click_field(padded_id(hotel, s->fields[CLICK_HOTEL_ID], &out->hotel_id), hotel,
				CLICK_HOTEL_ID, out, err) != 0)
			return -1;
	}
	return event_time_of(c, r, c->click_time_from_field, CLICK_CREATED_AT, wall_ms, &out->time, err);
}

/* A key that must be there. */
static int required(enum field_state state, enum input input, int slot, struct err *err)
{
	if (state == FIELD_NULL)
		return poison_field(err, input, slot, "is missing, null or empty");
	if (state == FIELD_WRONG)
		return poison_field(err, input, slot, "is of a wrong type or too long");
	return 0;
}

/* One that may be null but not wrong. */
static int optional(enum field_state state, enum input input, int slot, struct err *err)
{
	return state == FIELD_WRONG ? poison_field(err, input, slot, "cannot be converted") : 0;
}

int input_booking(const struct pipeline_config *c, const struct record *r, int64_t wall_ms,
		  struct input_scratch *s, struct booking *out, struct err *err)
{
	const struct value *f = r->fields;

	if (required(field_id(&f[BOOKING_ID], s->fields[BOOKING_ID], &out->id), INPUT_BOOKINGS, BOOKING_ID,
		     err) != 0 ||
	    required(email_of(c, &f[BOOKING_EMAIL], s, &out->email), INPUT_BOOKINGS, BOOKING_EMAIL, err) !=
		    0 ||
	    required(padded_id(&f[BOOKING_HOTEL_ID], s->fields[BOOKING_HOTEL_ID], &out->hotel_id),
		     INPUT_BOOKINGS, BOOKING_HOTEL_ID, err) != 0 ||
	    optional(field_date(&f[BOOKING_CHECK_IN], c->date_type, s->fields[BOOKING_CHECK_IN],
				&out->check_in),
		     INPUT_BOOKINGS, BOOKING_CHECK_IN, err) != 0 ||
	    optional(field_date(&f[BOOKING_CHECK_OUT], c->date_type, s->fields[BOOKING_CHECK_OUT],
				&out->check_out),
		     INPUT_BOOKINGS, BOOKING_CHECK_OUT, err) != 0 ||
	    optional(field_price(&f[BOOKING_PRICE], c->price_type, s->fields[BOOKING_PRICE], &out->price),
		     INPUT_BOOKINGS, BOOKING_PRICE, err) != 0)
		return -1;
	return event_time_of(c, r, c->booking_time_from_field, BOOKING_CREATED_AT, wall_ms, &out->time, err);
}

int input_review(const struct pipeline_config *c, const struct record *r, int64_t wall_ms,
		 struct input_scratch *s, struct review_input *out, struct err *err)
{
	const struct value *f = r->fields;

	if (required(field_id(&f[REVIEW_ID], s->fields[REVIEW_ID], &out->id), INPUT_REVIEWS, REVIEW_ID,
		     err) != 0 ||
	    optional(padded_id(&f[REVIEW_HOTEL_ID], s->fields[REVIEW_HOTEL_ID], &out->hotel_id),
		     INPUT_REVIEWS, REVIEW_HOTEL_ID, err) != 0 ||
	    optional(field_id(&f[REVIEW_BOOKING_ID], s->fields[REVIEW_BOOKING_ID], &out->booking_id),
		     INPUT_REVIEWS, REVIEW_BOOKING_ID, err) != 0)
		return -1;
	if (out->hotel_id.len == 0 && out->booking_id.len == 0)
		return err_set(err, ERR_POISON, POISON_FIELD, "neither HOTEL_ID nor BOOKING_ID is given");
	if (f[REVIEW_TEXT].kind != VALUE_STRING && f[REVIEW_TEXT].kind != VALUE_NULL)
		return poison_field(err, INPUT_REVIEWS, REVIEW_TEXT,
				    f[REVIEW_TEXT].kind == VALUE_ABSENT ? "is missing"
									: "is of a wrong type");
	out->has_text = f[REVIEW_TEXT].kind == VALUE_STRING && f[REVIEW_TEXT].s.len > 0;
	out->text = out->has_text ? f[REVIEW_TEXT].s : slice_make(NULL, 0);
	return event_time_of(c, r, true, REVIEW_CREATED_AT, wall_ms, &out->created_at, err);
}

static int hotel_field(const struct record *r, int slot, struct input_scratch *s, struct value *out,
		       struct err *err)
{
	struct slice text;
	enum field_state state = field_text(&r->fields[slot], s->fields[slot], &text);

	*out = state == FIELD_OK ? field_string(text) : field_null();
	return optional(state, INPUT_HOTEL, slot, err);
}

int input_hotel(const struct record *r, struct input_scratch *s, struct hotel_input *out, struct err *err)
{
	memset(out, 0, sizeof(*out));
	out->deleted = r->change == CHANGE_DELETE;
	if (required(padded_id(&r->fields[HOTEL_ID], s->fields[HOTEL_ID], &out->id), INPUT_HOTEL, HOTEL_ID,
		     err) != 0)
		return -1;
	if (out->deleted)
		return 0;
	if (hotel_field(r, HOTEL_NAME, s, &out->name, err) != 0 ||
	    hotel_field(r, HOTEL_AMENITIES, s, &out->amenities, err) != 0 ||
	    hotel_field(r, HOTEL_DESCRIPTION, s, &out->description, err) != 0 ||
	    hotel_field(r, HOTEL_CITY, s, &out->city, err) != 0 ||
	    hotel_field(r, HOTEL_COUNTRY, s, &out->country, err) != 0)
		return -1;
	return 0;
}

int input_customer(const struct pipeline_config *c, const struct record *r, struct input_scratch *s,
		   struct customer_input *out, struct err *err)
{
	memset(out, 0, sizeof(*out));
	out->deleted = r->change == CHANGE_DELETE;
	if (required(padded_id(&r->fields[CUSTOMER_ID], s->fields[CUSTOMER_ID], &out->id), INPUT_CUSTOMER,
		     CUSTOMER_ID, err) != 0)
		return -1;
	out->email_unavailable = input_unavailable(&r->fields[CUSTOMER_EMAIL]);
	if (out->email_unavailable)
		return 0;
	if (email_of(c, &r->fields[CUSTOMER_EMAIL], s, &out->email) == FIELD_WRONG && !out->deleted)
		return poison_field(err, INPUT_CUSTOMER, CUSTOMER_EMAIL, "is of a wrong type or too long");
	return 0;
}
