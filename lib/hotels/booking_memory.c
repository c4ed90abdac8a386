#include "hotels/booking_memory.h"

/* It is kept for months and often sparse: long slices need few groups. */
#define GRAIN_MS 8192

void booking_memory_init(struct booking_memory *m, int64_t keep, uint64_t seed)
{
	timed_table_init(&m->table, GRAIN_MS, seed);
	m->keep = keep;
}

void booking_memory_release(struct booking_memory *m)
{
	timed_table_release(&m->table);
}

/* Makes room for a booking at `time`; false when one that counts more is known. A
 * replaced row stays in the image until it expires, where the newer one outweighs it. */
static bool replace(struct booking_memory *m, uint32_t hash, struct slice booking_id, struct event_time time)
{
	uint32_t ref = timed_table_newest(&m->table, hash, booking_id);

	if (ref == TIMED_NONE)
		return true;
	if (timed_table_at(&m->table, ref)->time_ms > time.ms)
		return false;
	timed_table_remove(&m->table, ref, false);
	return true;
}

void booking_memory_put(struct booking_memory *m, struct slice booking_id, struct slice hotel_id,
			struct event_time time)
{
	uint32_t hash;

	if (m->keep <= 0 || event_time_before(time, m->table.expired_below))
		return;
	hash = timed_hash(booking_id, m->table.seed);
	if (replace(m, hash, booking_id, time))
		timed_table_add(&m->table, hash, booking_id, hotel_id, time, 0);
}

bool booking_memory_get(const struct booking_memory *m, struct slice booking_id, struct slice *hotel_id)
{
	uint32_t ref = timed_table_newest(&m->table, timed_hash(booking_id, m->table.seed), booking_id);

	if (ref == TIMED_NONE)
		return false;
	*hotel_id = timed_item_detail(timed_table_at(&m->table, ref));
	return true;
}

void booking_memory_advance(struct booking_memory *m, struct event_time watermark)
{
	timed_table_expire(&m->table, event_time_plus(watermark, -m->keep));
}

int booking_memory_restore(struct booking_memory *m, struct slice booking_id, struct slice hotel_id,
			   struct event_time time, uint64_t seq)
{
	if (!replace(m, timed_hash(booking_id, m->table.seed), booking_id, time)) {
		timed_table_seen(&m->table, seq);
		return 0;
	}
	return timed_table_restore(&m->table, booking_id, hotel_id, time, seq, 0);
}
