/* A click until it is decided: event time, lateness, the interval join. */

#include "hotels/pipeline_state.h"

enum disposition clicks_record(struct pipeline *p, struct watermark_partition *partition,
			       const struct record *r, int64_t wall_ms, struct err *err)
{
	struct click click;
	int64_t lateness;

	if (input_click(&p->config, r, wall_ms, &p->scratch, &click, err) != 0)
		return DISPOSITION_DEAD;
	lateness = watermark_observe(&p->watermark, partition, click.time, wall_ms);
	if (click.kind == CLICK_OTHER)
		return DISPOSITION_FILTERED;
	if (click.kind == CLICK_EMPTY) {
		p->counters.clicks_empty++;
		return DISPOSITION_FILTERED;
	}
	if (customer_table_suppressed(&p->customers, click.email) ||
	    forgotten_covers(&p->forgotten, click.email, click.time)) {
		p->counters.clicks_suppressed++;
		return DISPOSITION_FILTERED;
	}
	if (lateness > p->config.allowed_lateness)
		return DISPOSITION_LATE;
	switch (interval_join_left(&p->join, click.email, click.hotel_id, click.time)) {
	case JOIN_WAITS: p->counters.clicks_pending_added++; break;
	case JOIN_DUPLICATE: p->counters.clicks_duplicate++; break;
	case JOIN_MATCHED: p->counters.clicks_booked++; break;
	case JOIN_TOO_LATE: return DISPOSITION_LATE; /* the bookings that might clear it are forgotten */
	}
	return DISPOSITION_USED;
}
