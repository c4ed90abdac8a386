/* A world's rows as the decoders would give them. */

#include "test/scenario/calendar.h"
#include "test/scenario/world.h"

#include <stdio.h>
#include <stdlib.h>

static struct value text_value(const char *text)
{
	if (!text)
		return (struct value){.kind = VALUE_NULL};
	return (struct value){.kind = VALUE_STRING, .s = slice_str(text)};
}

static struct value long_value(const char *text, enum value_unit unit)
{
	if (!text)
		return (struct value){.kind = VALUE_NULL};
	return (struct value){.kind = VALUE_LONG, .unit = (uint8_t)unit, .i = strtoll(text, NULL, 10)};
}

static struct value price_value(const struct world *w, const char *text)
{
	switch (w->config.price_type) {
	case PRICE_INT:
	case PRICE_LONG: return long_value(text, UNIT_NONE);
	case PRICE_STRING: return text_value(text);
	case PRICE_DOUBLE:
		if (text)
			return (struct value){.kind = VALUE_DOUBLE, .d = strtod(text, NULL)};
	}
	return (struct value){.kind = VALUE_NULL};
}

static void booking_record(const struct world *w, const struct oracle_booking *b, struct value *f)
{
	bool longs = w->config.date_type == DATE_LONG;

	f[BOOKING_ID] = text_value(b->booking_id);
	f[BOOKING_EMAIL] = text_value(b->email);
	f[BOOKING_HOTEL_ID] = text_value(b->hotel_id);
	f[BOOKING_CHECK_IN] = longs ? long_value(b->check_in, UNIT_MILLIS) : text_value(b->check_in);
	f[BOOKING_CHECK_OUT] = longs ? long_value(b->check_out, UNIT_MILLIS) : text_value(b->check_out);
	f[BOOKING_PRICE] = price_value(w, b->price);
}

static void hotel_record(const struct oracle_hotel *h, struct record *record)
{
	struct value *f = record->fields;

	f[HOTEL_ID] = text_value(h->hotel_id);
	if (h->deleted) {
		record->change = CHANGE_DELETE;
		return;
	}
	f[HOTEL_NAME] = text_value(h->name);
	f[HOTEL_AMENITIES] = text_value(h->amenities);
	f[HOTEL_DESCRIPTION] = text_value(h->description);
	f[HOTEL_CITY] = text_value(h->city);
	f[HOTEL_COUNTRY] = text_value(h->country);
}

static void review_record(const struct oracle_review *v, struct value *f)
{
	f[REVIEW_ID] = text_value(v->review_id);
	f[REVIEW_HOTEL_ID] = text_value(v->hotel_id);
	f[REVIEW_BOOKING_ID] = text_value(v->booking_id);
	f[REVIEW_TEXT] = text_value(v->text);
	f[REVIEW_CREATED_AT] = (struct value){.kind = VALUE_LONG, .unit = UNIT_MILLIS, .i = v->created_at};
}

int64_t world_time(const struct world *w, enum input input, int index)
{
	return input == INPUT_CLICKSTREAM ? w->clicks[index].time : w->bookings[index].time;
}

void world_record(const struct world *w, enum input input, int index, struct record *record,
		  struct message *message)
{
	static const char *const topics[INPUTS] = {"clickstream", "bookings", "hotel_reviews",
						   "riverhotel.SAMPLE.HOTEL", "riverhotel.SAMPLE.CUSTOMER"};
	struct value *f = record->fields;

	memset(record, 0, sizeof(*record));
	*message = (struct message){.topic = topics[input], .timestamp_ms = w->base};
	record->message = message;
	switch (input) {
	case INPUT_CLICKSTREAM:
		message->timestamp_ms = w->clicks[index].time;
		f[CLICK_EMAIL] = text_value(w->clicks[index].email);
		f[CLICK_HOTEL_ID] = text_value(w->clicks[index].hotel_id);
		f[CLICK_ACTION] = text_value(w->clicks[index].action);
		break;
	case INPUT_BOOKINGS:
		message->timestamp_ms = w->bookings[index].time;
		booking_record(w, &w->bookings[index], f);
		break;
	case INPUT_REVIEWS: review_record(&w->reviews[index], f); break;
	case INPUT_HOTEL: hotel_record(&w->hotels[index], record); break;
	case INPUT_CUSTOMER:
		f[CUSTOMER_ID] = text_value(w->customers[index].customer_id);
		if (w->customers[index].deleted)
			record->change = CHANGE_DELETE;
		else
			f[CUSTOMER_EMAIL] = text_value(w->customers[index].email);
		break;
	case INPUTS: abort();
	}
}

static const char *shown(const char *text)
{
	return text ? text : "null";
}

static void print_row(const struct world *w, enum input input, int i)
{
	char when[CALENDAR_TEXT_SIZE] = "";

	if (input <= INPUT_BOOKINGS)
		calendar_text(world_time(w, input, i), when);
	if (input == INPUT_CLICKSTREAM)
		printf("  click %s %s %s %s\n", when, shown(w->clicks[i].email), shown(w->clicks[i].hotel_id),
		       w->clicks[i].action);
	else if (input == INPUT_BOOKINGS)
		printf("  booking %s %s %s %s\n", when, w->bookings[i].booking_id, w->bookings[i].email,
		       w->bookings[i].hotel_id);
	else if (input == INPUT_REVIEWS) {
		calendar_text(w->reviews[i].created_at, when);
		printf("  review %s %s hotel=%s booking=%s %s\n", when, w->reviews[i].review_id,
		       shown(w->reviews[i].hotel_id), shown(w->reviews[i].booking_id), w->reviews[i].text);
	} else if (input == INPUT_HOTEL)
		printf("  hotel %s name=%s city=%s amenities=%s%s\n", w->hotels[i].hotel_id,
		       shown(w->hotels[i].name), shown(w->hotels[i].city), shown(w->hotels[i].amenities),
		       w->hotels[i].deleted ? " DELETED" : "");
	else
		printf("  customer %s %s%s\n", w->customers[i].customer_id, w->customers[i].email,
		       w->customers[i].deleted ? " DELETED" : "");
}

void world_print(const struct world *w)
{
	static const char *const inputs[INPUTS] = {"clicks", "bookings", "reviews", "hotels", "customers"};

	printf("world %llu: match %d, case_insensitive %d, reviews_required %d, out_of_orderness %lld, "
	       "allowed_lateness %lld\n",
	       (unsigned long long)w->seed, (int)w->config.match, w->config.case_insensitive,
	       w->config.reviews_required, (long long)w->config.out_of_orderness,
	       (long long)w->config.allowed_lateness);
	for (int input = 0; input < INPUTS; input++) {
		for (int p = 0; p < w->partitions[input]; p++) {
			printf(" %s p%d\n", inputs[input], p);
			for (int i = 0; i < w->logs[input][p].count; i++)
				print_row(w, (enum input)input, w->logs[input][p].items[i]);
		}
	}
}
