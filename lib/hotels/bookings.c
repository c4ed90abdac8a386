/* A booking: clears clicks, is remembered for reviews, joins its hotel. */

#include "hotels/pipeline_state.h"

#include <stdlib.h>

static void emit(struct pipeline *p, const struct booking_row *b, const struct hotel *hotel)
{
	struct output output;

	memset(&output, 0, sizeof(output));
	output.topic = OUTPUT_BOOKINGS;
	output.id = b->id;
	output.booking = (struct booking_view){
		.booking_id = b->booking_id,
		.email = b->email,
		.hotel_id = b->hotel_id,
		.hotel_name = hotel->name,
		.city = hotel->city,
		.country = hotel->country,
		.check_in = b->check_in,
		.check_out = b->check_out,
		.price = b->price,
	};
	p->counters.bookings_emitted++;
	p->ports.emit(p->ports.ctx, &output);
}

/* At once when the hotel is known; never before the hotels were read, since
 * what is known of one by then may be long outdated. */
static void join_hotel(struct pipeline *p, const struct booking *b, const struct message *m)
{
	const struct hotel *hotel = hotel_table_get(&p->hotels, b->hotel_id);
	struct booking_row row = {
		.time = b->time,
		.id = pipeline_record_id("booking", m),
		.booking_id = b->id,
		.email = b->email,
		.hotel_id = b->hotel_id,
		.check_in = b->check_in,
		.check_out = b->check_out,
		.price = b->price,
	};

	if (hotel != NULL && p->dimensions_ready) {
		emit(p, &row, hotel);
		return;
	}
	row.seq = p->next_seq++;
	hotel_waits_add_booking(&p->waits, &row, event_time_plus(b->time, p->config.hotel_grace));
	tables_put_booking_waiting(&p->changes, &row);
}

enum disposition bookings_record(struct pipeline *p, struct watermark_partition *partition,
				 const struct record *r, int64_t wall_ms, struct err *err)
{
	struct booking b;
	int64_t lateness;
	size_t cleared;

	if (input_booking(&p->config, r, wall_ms, &p->scratch, &b, err) != 0)
		return DISPOSITION_DEAD;
	lateness = watermark_observe(&p->watermark, partition, b.time, wall_ms);
	cleared = interval_join_right(&p->join, b.email, b.hotel_id, b.time);
	p->counters.clicks_booked += cleared;
	if (lateness > 0 && cleared > 0)
		p->counters.bookings_late_cleared++;
	else if (lateness > 0)
		p->counters.bookings_late_ineffective++;
	booking_memory_put(&p->memory, b.id, b.hotel_id, b.time);
	dimensions_booking_known(p, b.id, b.hotel_id);
	if (p->config.outputs[OUTPUT_BOOKINGS])
		join_hotel(p, &b, r->message);
	return DISPOSITION_USED;
}

static void end_wait(struct pipeline *p, struct waiting_booking *b)
{
	hotel_waits_remove_booking(&p->waits, b);
	tables_delete_seq(&p->changes, TABLE_BOOKING_WAITING, b->row.seq);
}

static void emit_waiting(struct pipeline *p, struct waiting_booking *b, const struct hotel *hotel)
{
	end_wait(p, b);
	emit(p, &b->row, hotel);
	free(b);
}

void bookings_hotel_known(struct pipeline *p, const struct hotel *hotel)
{
	struct waiting_booking *b;

	while ((b = hotel_waits_booking_of(&p->waits, hotel->id)) != NULL)
		emit_waiting(p, b, hotel);
}

void bookings_retry_all(struct pipeline *p)
{
	struct list *it, *tmp;

	LIST_EACH_SAFE(it, tmp, &p->waits.bookings)
	{
		struct waiting_booking *b = LIST_ENTRY(it, struct waiting_booking, all);
		const struct hotel *hotel = hotel_table_get(&p->hotels, b->row.hotel_id);

		if (hotel != NULL)
			emit_waiting(p, b, hotel);
	}
}

void bookings_expire(struct pipeline *p)
{
	struct waiting_booking *b;

	while ((b = hotel_waits_expired_booking(&p->waits, pipeline_now(p))) != NULL) {
		end_wait(p, b);
		free(b);
		p->counters.bookings_dropped_no_hotel++;
	}
}

void bookings_erase(struct pipeline *p, struct slice email)
{
	struct list *it, *tmp;

	LIST_EACH_SAFE(it, tmp, &p->waits.bookings)
	{
		struct waiting_booking *b = LIST_ENTRY(it, struct waiting_booking, all);

		if (!slice_equal(b->row.email, email))
			continue;
		end_wait(p, b);
		free(b);
	}
}
