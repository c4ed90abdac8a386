#include "test/bench/drive.h"

#include <stdio.h>

#define DAY 86400000LL

static void emit(void *ctx, const struct output *output)
{
	(void)output;
	((struct drive *)ctx)->outputs++;
}

static void ask(void *ctx, const struct question *question)
{
	struct drive *d = ctx;

	d->asked++;
	pipeline_answer(d->pipeline, question->hash, SLICE_LITERAL("Guests liked the quiet rooms."));
}

static void erase(void *ctx, struct slice email)
{
	(void)ctx;
	(void)email;
}

void drive_init(struct drive *d, int32_t partitions)
{
	struct pipeline_ports ports = {.ctx = d, .emit = emit, .ask = ask, .erase = erase};

	*d = (struct drive){.wall_ms = DRIVE_BASE + 100 * DAY};
	pipeline_defaults(&d->config);
	d->config.summary_identity = SLICE_LITERAL("bench");
	d->config.hash_seed = 7;
	d->pipeline = pipeline_new(&d->config, &ports);
	for (int32_t i = 0; i < partitions; i++) {
		pipeline_add_partition(d->pipeline, INPUT_CLICKSTREAM, i, d->wall_ms);
		pipeline_add_partition(d->pipeline, INPUT_BOOKINGS, i, d->wall_ms);
	}
}

void drive_release(struct drive *d)
{
	pipeline_free(d->pipeline);
}

/* printf is too slow to stand beside what is measured. */
static struct slice number_in(char *text, size_t len, size_t at, size_t digits, uint64_t number)
{
	for (size_t i = digits; i-- > 0; number /= 10)
		text[at + i] = (char)('0' + number % 10);
	return slice_make(text, len);
}

static struct value text_of(struct slice s)
{
	return (struct value){.kind = VALUE_STRING, .s = s};
}

static struct value long_of(int64_t i)
{
	return (struct value){.kind = VALUE_LONG, .i = i};
}

static void put(struct drive *d, enum input input, int32_t partition, int64_t at_ms, struct record *r)
{
	static const char *const topics[INPUTS] = {"clicks", "bookings", "reviews", "hotels", "customers"};
	struct message m = {.topic = topics[input], .partition = partition, .timestamp_ms = at_ms};
	struct err err;

	r->message = &m;
	if (pipeline_record(d->pipeline, input, r, d->wall_ms, &err) == DISPOSITION_DEAD)
		d->dead++;
}

static struct slice hotel_in(char text[9], uint32_t k)
{
	memcpy(text, "H00000000", 9);
	return number_in(text, 9, 1, 8, k);
}

static struct slice email_in(char text[29], uint64_t who)
{
	memcpy(text, "guest.0000000000@example.com.", 29);
	text[28] = 'x';
	return number_in(text, 29, 6, 10, who);
}

void drive_hotel(struct drive *d, uint32_t k)
{
	char id[9], city[12] = "City0000000", name[13] = "Hotel0000000";
	struct record r = {.change = CHANGE_UPSERT};

	r.fields[HOTEL_ID] = text_of(hotel_in(id, k));
	r.fields[HOTEL_NAME] = text_of(number_in(name, 12, 5, 7, k));
	r.fields[HOTEL_AMENITIES] = text_of(SLICE_LITERAL("Pool, WiFi, Breakfast"));
	r.fields[HOTEL_CITY] = text_of(number_in(city, 11, 4, 7, k / 10));
	r.fields[HOTEL_COUNTRY] = text_of(SLICE_LITERAL("Norway"));
	put(d, INPUT_HOTEL, 0, DRIVE_BASE, &r);
}

void drive_review(struct drive *d, uint32_t number, uint32_t k)
{
	char id[9] = "R0000000", hotel[9];
	struct record r = {.change = CHANGE_UPSERT};

	r.fields[REVIEW_ID] = text_of(number_in(id, 8, 1, 7, number));
	r.fields[REVIEW_HOTEL_ID] = text_of(hotel_in(hotel, k));
	r.fields[REVIEW_TEXT] = text_of(SLICE_LITERAL(
		"The staff were friendly and the room was quiet, with a fine view over the harbour."));
	r.fields[REVIEW_CREATED_AT] = long_of(DRIVE_BASE - (int64_t)(number % 20 + 2) * DAY);
	put(d, INPUT_REVIEWS, 0, DRIVE_BASE, &r);
}

static void click(struct drive *d, int32_t partition, uint64_t who, uint32_t hotel, int64_t at_ms,
		  struct slice action)
{
	char email[29], id[9];
	struct record r = {.change = CHANGE_UPSERT};

	r.fields[CLICK_EMAIL] = text_of(email_in(email, who));
	r.fields[CLICK_HOTEL_ID] = text_of(hotel_in(id, hotel));
	r.fields[CLICK_ACTION] = text_of(action);
	put(d, INPUT_CLICKSTREAM, partition, at_ms, &r);
}

void drive_click(struct drive *d, int32_t partition, uint64_t who, uint32_t hotel, int64_t at_ms)
{
	click(d, partition, who, hotel, at_ms, SLICE_LITERAL("booking-click"));
}

void drive_view(struct drive *d, int32_t partition, uint64_t who, uint32_t hotel, int64_t at_ms)
{
	click(d, partition, who, hotel, at_ms, SLICE_LITERAL("page-view"));
}

void drive_booking(struct drive *d, int32_t partition, uint64_t number, uint64_t who, uint32_t hotel,
		   int64_t at_ms)
{
	char id[11] = "B000000000", email[29], hotel_id[9];
	struct record r = {.change = CHANGE_UPSERT};

	r.fields[BOOKING_ID] = text_of(number_in(id, 10, 1, 9, number));
	r.fields[BOOKING_EMAIL] = text_of(email_in(email, who));
	r.fields[BOOKING_HOTEL_ID] = text_of(hotel_in(hotel_id, hotel));
	r.fields[BOOKING_CHECK_IN] = long_of(at_ms);
	r.fields[BOOKING_CHECK_OUT] = long_of(at_ms + DAY);
	r.fields[BOOKING_PRICE] = long_of(120);
	put(d, INPUT_BOOKINGS, partition, at_ms, &r);
}
