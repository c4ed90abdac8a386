#include "world/generator_body.h"
#include "world/world_dates.h"

#include <inttypes.h>

/* Field names in the case of their generation. */
static void name(struct buf *out, bool lower, const char *field)
{
	buf_byte(out, '"');
	for (; *field != '\0'; field++)
		buf_byte(out, (uint8_t)(lower && *field >= 'A' && *field <= 'Z' ? *field + 32 : *field));
	buf_str(out, "\":");
}

static void text(struct buf *out, bool lower, const char *field, struct slice value)
{
	name(out, lower, field);
	buf_json_string(out, value);
	buf_byte(out, ',');
}

/* A comma follows, or the closing brace. */
static void number(struct buf *out, bool lower, const char *field, int64_t value, char after)
{
	name(out, lower, field);
	buf_printf(out, "%" PRId64 "%c", value, after);
}

static void click(struct buf *out, const struct generated *g)
{
	bool lower = g->generation == GENERATION_2026;

	buf_byte(out, '{');
	text(out, lower, "ACTIVITY_ID", g->click.activity_id);
	if (g->click.email.len != 0)
		text(out, lower, "CUSTOMER_EMAIL", g->click.email);
	else
		name(out, lower, "CUSTOMER_EMAIL"), buf_str(out, "null,");
	text(out, lower, "HOTEL_ID", g->click.hotel_id);
	text(out, lower, "ACTION", g->click.action);
	number(out, lower, "EVENT_DURATION", g->click.duration, ',');
	text(out, lower, "URL", g->click.url);
	number(out, lower, "CREATED_AT", g->time_ms, '}');
}

static void booking(struct buf *out, const struct generated *g)
{
	const struct generated_booking *b = &g->booking;
	bool lower = g->generation == GENERATION_2026;

	buf_byte(out, '{');
	text(out, lower, "BOOKING_ID", b->booking_id);
	text(out, lower, "CUSTOMER_EMAIL", b->email);
	text(out, lower, "HOTEL_ID", b->hotel_id);
	if (g->generation == GENERATION_2025_SPRING) {
		char date[WORLD_DATE_SIZE];

		text(out, lower, "CHECK_IN", world_date(b->check_in_ms, date));
		text(out, lower, "CHECK_OUT", world_date(b->check_out_ms, date));
	} else {
		number(out, lower, "CHECK_IN", b->check_in_ms, ',');
		number(out, lower, "CHECK_OUT", b->check_out_ms, ',');
	}
	number(out, lower, "OCCUPANTS", b->occupants, ',');
	number(out, lower, "PRICE", b->price, ',');
	number(out, lower, "CREATED_AT", g->time_ms, '}');
}

static void review(struct buf *out, const struct generated *g)
{
	const struct generated_review *v = &g->review;
	bool lower = g->generation == GENERATION_2026;

	buf_byte(out, '{');
	text(out, lower, "REVIEW_ID", v->review_id);
	if (g->generation == GENERATION_2025_SPRING)
		text(out, lower, "CUSTOMER_EMAIL", v->email);
	if (g->generation != GENERATION_2025_AUTUMN)
		text(out, lower, "HOTEL_ID", v->hotel_id);
	if (g->generation != GENERATION_2026)
		text(out, lower, "BOOKING_ID", v->booking_id);
	number(out, lower, "REVIEW_RATING", v->rating, ',');
	text(out, lower, "REVIEW_TEXT", v->text);
	number(out, lower, "CREATED_AT", v->created_at_ms, '}');
}

static void hotel(struct buf *out, const struct generated_hotel *h)
{
	buf_byte(out, '{');
	text(out, false, "HOTEL_ID", h->hotel_id);
	text(out, false, "NAME", h->name);
	number(out, false, "CLASS", h->stars, ',');
	text(out, false, "DESCRIPTION", h->description);
	text(out, false, "CITY", h->city);
	text(out, false, "COUNTRY", h->country);
	if (h->has_amenities)
		text(out, false, "AMENITIES", h->amenities);
	else
		buf_str(out, "\"AMENITIES\":null,");
	number(out, false, "ROOM_CAPACITY", h->rooms, '}');
}

static void customer(struct buf *out, const struct generated_customer *c)
{
	buf_byte(out, '{');
	text(out, false, "CUSTOMER_ID", c->customer_id);
	text(out, false, "EMAIL", c->email);
	text(out, false, "FIRST_NAME", c->first_name);
	name(out, false, "LAST_NAME");
	buf_json_string(out, c->last_name);
	buf_byte(out, '}');
}

static void row(struct buf *out, const struct generated *g, bool before)
{
	if (g->input == INPUT_HOTEL)
		hotel(out, before ? &g->hotel.before : &g->hotel.after);
	else
		customer(out, before ? &g->customer.before : &g->customer.after);
}

static void envelope(struct buf *out, const struct generated *g)
{
	buf_str(out, "{\"before\":");
	if (g->op == GENERATED_DELETE || (g->op == GENERATED_UPDATE && g->input == INPUT_HOTEL))
		row(out, g, true);
	else
		buf_str(out, "null");
	buf_str(out, ",\"after\":");
	if (g->op == GENERATED_DELETE)
		buf_str(out, "null");
	else
		row(out, g, false);
	buf_printf(
		out,
		",\"source\":{\"version\":\"2.7.1.Final\",\"connector\":\"oracle\",\"name\":\"riverhotel\","
		"\"ts_ms\":%" PRId64
		",\"snapshot\":\"%s\",\"db\":\"XE\",\"schema\":\"SAMPLE\",\"table\":\"%s\"},"
		"\"op\":\"%c\",\"ts_ms\":%" PRId64 "}",
		g->time_ms, g->op == GENERATED_READ ? "true" : "false",
		g->input == INPUT_HOTEL ? "HOTEL" : "CUSTOMER", (char)g->op, g->time_ms);
}

void generator_json_value(const struct generator_encoding *e, const struct generated *g, struct buf *out)
{
	switch (g->input) {
	case INPUT_CLICKSTREAM: click(out, g); break;
	case INPUT_BOOKINGS: booking(out, g); break;
	case INPUT_REVIEWS: review(out, g); break;
	default:
		if (e->cdc == GENERATED_FLAT)
			row(out, g, false);
		else
			envelope(out, g);
		break;
	}
}

void generator_json_key(const struct generated *g, struct buf *out)
{
	buf_str(out, g->input == INPUT_HOTEL ? "{\"HOTEL_ID\":" : "{\"CUSTOMER_ID\":");
	buf_json_string(out, generated_row_id(g));
	buf_byte(out, '}');
}
