/* Results on their way into the outbox: encoded with their framing, and
 * appended to an epoch.
 *
 *   bench_output TIMES
 *
 * output.target     a summary with four similar hotels and five reviews
 * output.booking    a booking with its hotel */

#include "hotels/outputs.h"
#include "store/checkpoint.h"
#include "test/bench/measure.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT(text) ((struct value){.kind = VALUE_STRING, .s = SLICE_LITERAL(text)})

static const struct value similar[] = {
	{.kind = VALUE_STRING, .s = SLICE_LITERAL("River Lodge")},
	{.kind = VALUE_STRING, .s = SLICE_LITERAL("Swan Hotel")},
	{.kind = VALUE_NULL},
	{.kind = VALUE_STRING, .s = SLICE_LITERAL("Grand Palace on the Square")},
};

static struct output target_output(void)
{
	struct output o = {.topic = OUTPUT_SUMMARY};

	o.target = (struct target_view){
		.email = SLICE_LITERAL("guest.0000000000@example.comx"),
		.hotel_id = SLICE_LITERAL("H00000017"),
		.activity_time = {1772355600000LL},
		.hotel_name = SLICE_LITERAL("Station Inn"),
		.hotel_city = TEXT("Stockholm"),
		.similar = similar,
		.similar_count = sizeof(similar) / sizeof(similar[0]),
		.reviews = SLICE_LITERAL(
			"The staff were friendly and so helpful when we arrived late in the evening.||| "
			"Breakfast was delicious, fresh fruit, warm bread and good coffee every day.||| "
			"Our room wasn't very big but it was spotless, quiet and had a view.||| "
			"Parking is expensive and the lift was out of order.||| "
			"The pool area is lovely; the beds are comfortable and the shower works well."),
		.review_count = 5,
		.summary = SLICE_LITERAL("Guests loved the friendly staff and the comfortable beds."),
	};
	return o;
}

static struct output booking_output(void)
{
	struct output o = {.topic = OUTPUT_BOOKINGS};

	o.booking = (struct booking_view){
		.booking_id = SLICE_LITERAL("B000012345"),
		.email = SLICE_LITERAL("guest.0000000000@example.comx"),
		.hotel_id = SLICE_LITERAL("H00000017"),
		.hotel_name = TEXT("Station Inn"),
		.city = TEXT("Stockholm"),
		.country = TEXT("Sweden"),
		.check_in = {.kind = VALUE_LONG, .i = 1772355600000LL},
		.check_out = {.kind = VALUE_LONG, .i = 1772528400000LL},
		.price = {.kind = VALUE_LONG, .i = 240},
	};
	return o;
}

static int measure(const struct outputs *outputs, const struct output *output, const char *name, size_t times)
{
	struct buf key, value;
	struct epoch e;
	struct err err;
	int64_t begun;
	int rc = 0;

	buf_init(&key, 1 << 20);
	buf_init(&value, 1 << 20);
	epoch_init(&e, 1, SIZE_MAX / 4);
	begun = measure_begin();
	for (size_t i = 1; i <= times && rc == 0; i++) {
		struct outbox_row row = {.seq = i, .partition = -1, .has_key = true, .has_value = true};

		rc = outputs_encode(outputs, output, &key, &value, &err);
		row.topic = slice_str(outputs_topic(outputs, output->topic));
		row.key = buf_view(&key);
		row.value = buf_view(&value);
		epoch_output(&e, &row);
	}
	measure_end(begun, name, times);
	if (rc != 0)
		fprintf(stderr, "bench_output: %s\n", err.text);
	printf("# %zu bytes\n", key.len + value.len);
	epoch_release(&e);
	buf_release(&key);
	buf_release(&value);
	return rc;
}

int main(int argc, char **argv)
{
	size_t times = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	const struct outputs_options options = {.date_type = DATE_LONG, .price_type = PRICE_INT};
	const struct output target = target_output(), booking = booking_output();
	struct outputs *outputs;
	struct err err;
	int rc;

	if (times == 0)
		return 64;
	outputs = outputs_new(&options, &err);
	if (outputs == NULL) {
		fprintf(stderr, "bench_output: %s\n", err.text);
		return 1;
	}
	outputs_set_ids(outputs, OUTPUT_SUMMARY, 1, 2);
	outputs_set_ids(outputs, OUTPUT_BOOKINGS, 3, 4);
	rc = measure(outputs, &target, "output.target", times) |
	     measure(outputs, &booking, "output.booking", times);
	outputs_free(outputs);
	return rc != 0;
}
