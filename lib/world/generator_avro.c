#include "world/generator_body.h"

#include "world/world_dates.h"

#define CREATED_US 1735689600000000LL /* 2025-01-01: when the rows of the tables were made */

/* Avro: zigzag, then base 128, low group first. */
static void put_long(struct buf *out, int64_t value)
{
	uint64_t z = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
	char bytes[10];
	size_t count = 0;

	while (z >= 0x80) {
		bytes[count++] = (char)(z | 0x80);
		z >>= 7;
	}
	bytes[count++] = (char)z;
	buf_append(out, bytes, count);
}

static void put_string(struct buf *out, struct slice s)
{
	put_long(out, (int64_t)s.len);
	buf_slice(out, s);
}

/* ["null", "string"] */
static void put_optional(struct buf *out, bool present, struct slice s)
{
	put_long(out, present);
	if (present)
		put_string(out, s);
}

static void put_framing(struct buf *out, int32_t id)
{
	const char bytes[5] = {0, (char)(id >> 24), (char)(id >> 16), (char)(id >> 8), (char)id};

	buf_append(out, bytes, sizeof(bytes));
}

static void put_click(struct buf *out, const struct generated *g)
{
	const struct generated_click *c = &g->click;

	put_string(out, c->activity_id);
	put_string(out, c->email);
	put_string(out, c->hotel_id);
	put_string(out, c->action);
	put_long(out, c->duration);
	put_string(out, c->url);
	put_long(out, g->time_ms);
}

static void put_booking(struct buf *out, const struct generated *g)
{
	const struct generated_booking *b = &g->booking;

	put_string(out, b->booking_id);
	put_string(out, b->email);
	put_string(out, b->hotel_id);
	if (g->generation == GENERATION_2025_SPRING) {
		char date[WORLD_DATE_SIZE];

		put_string(out, world_date(b->check_in_ms, date));
		put_string(out, world_date(b->check_out_ms, date));
	} else {
		put_long(out, b->check_in_ms);
		put_long(out, b->check_out_ms);
	}
	put_long(out, b->occupants);
	put_long(out, b->price);
	put_long(out, g->time_ms);
}

static void put_review(struct buf *out, const struct generated *g)
{
	const struct generated_review *v = &g->review;

	put_string(out, v->review_id);
	if (g->generation == GENERATION_2025_SPRING)
		put_string(out, v->email);
	if (g->generation != GENERATION_2025_AUTUMN)
		put_string(out, v->hotel_id);
	if (g->generation != GENERATION_2026)
		put_string(out, v->booking_id);
	put_long(out, v->rating);
	put_string(out, v->text);
	put_long(out, v->created_at_ms);
}

static void put_hotel(struct buf *out, const struct generated_hotel *h)
{
	put_string(out, h->hotel_id);
	put_optional(out, true, h->name);
	put_long(out, 1);
	put_long(out, h->stars);
	put_optional(out, true, h->description);
	put_optional(out, true, h->city);
	put_optional(out, true, h->country);
	put_long(out, 1);
	put_long(out, h->rooms);
	put_optional(out, h->has_amenities, h->amenities);
	put_long(out, 1);
	put_long(out, CREATED_US);
}

static void put_customer(struct buf *out, const struct generated_customer *c)
{
	put_string(out, c->customer_id);
	put_optional(out, true, c->email);
	put_optional(out, true, c->first_name);
	put_optional(out, true, c->last_name);
	put_long(out, 1);
	put_long(out, CREATED_US);
}

static void put_row(struct buf *out, const struct generated *g, bool before)
{
	if (g->input == INPUT_HOTEL)
		put_hotel(out, before ? &g->hotel.before : &g->hotel.after);
	else
		put_customer(out, before ? &g->customer.before : &g->customer.after);
}

static void put_envelope(struct buf *out, const struct generated *g)
{
	bool has_before = g->op == GENERATED_UPDATE || g->op == GENERATED_DELETE;
	bool has_after = g->op != GENERATED_DELETE;
	/* Oracle's log gives no before-image of CUSTOMER updates; there are none here */
	if (g->input == INPUT_CUSTOMER && g->op == GENERATED_UPDATE)
		has_before = false;
	put_long(out, has_before);
	if (has_before)
		put_row(out, g, true);
	put_long(out, has_after);
	if (has_after)
		put_row(out, g, false);
	put_string(out, SLICE_LITERAL("2.7.1.Final"));
	put_string(out, SLICE_LITERAL("oracle"));
	put_string(out, SLICE_LITERAL("riverhotel"));
	put_long(out, g->time_ms);
	put_long(out, 0);
	put_string(out, g->op == GENERATED_READ ? SLICE_LITERAL("true") : SLICE_LITERAL("false"));
	put_string(out, SLICE_LITERAL("XE"));
	put_string(out, SLICE_LITERAL("SAMPLE"));
	put_string(out, g->input == INPUT_HOTEL ? SLICE_LITERAL("HOTEL") : SLICE_LITERAL("CUSTOMER"));
	put_string(out, slice_make((const char[]){(char)g->op}, 1));
	put_long(out, 1);
	put_long(out, g->time_ms);
}

void generator_avro_value(const struct generator_encoding *e, const struct generated *g, struct buf *out)
{
	bool flat = e->cdc == GENERATED_FLAT;

	switch (g->input) {
	case INPUT_CLICKSTREAM:
		put_framing(out, e->schema_ids[SCHEMA_CLICK + g->generation]);
		put_click(out, g);
		return;
	case INPUT_BOOKINGS:
		put_framing(out, e->schema_ids[SCHEMA_BOOKING + g->generation]);
		put_booking(out, g);
		return;
	case INPUT_REVIEWS:
		put_framing(out, e->schema_ids[SCHEMA_REVIEW + g->generation]);
		put_review(out, g);
		return;
	case INPUT_HOTEL:
		put_framing(out, e->schema_ids[flat ? SCHEMA_HOTEL_FLAT : SCHEMA_HOTEL_ENVELOPE]);
		break;
	default:
		put_framing(out, e->schema_ids[flat ? SCHEMA_CUSTOMER_FLAT : SCHEMA_CUSTOMER_ENVELOPE]);
		break;
	}
	if (flat)
		put_row(out, g, false);
	else
		put_envelope(out, g);
}

void generator_avro_key(const struct generator_encoding *e, const struct generated *g, struct buf *out)
{
	put_framing(out, e->schema_ids[g->input == INPUT_HOTEL ? SCHEMA_HOTEL_KEY : SCHEMA_CUSTOMER_KEY]);
	put_string(out, generated_row_id(g));
}
