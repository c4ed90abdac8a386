/* Up to when everything is done with. */

#include "hotels/pipeline_state.h"

static void lower(struct event_time *limit, struct event_time t)
{
	if (event_time_before(t, *limit))
		*limit = t;
}

struct event_time pipeline_settled(const struct pipeline *p)
{
	/* Clicks in front of it are decided, and new ones would be refused. */
	struct event_time settled = p->join.left.expired_below;
	struct list *it, *tmp, *target, *next;

	LIST_EACH_SAFE(it, tmp, &p->waits.targets)
	lower(&settled, LIST_ENTRY(it, struct waiting_target, all)->time);
	LIST_EACH_SAFE(it, tmp, &p->waits.bookings)
	lower(&settled, LIST_ENTRY(it, struct waiting_booking, all)->row.time);
	LIST_EACH_SAFE(it, tmp, &p->questions.open_list)
	{
		const struct question_entry *e = LIST_ENTRY(it, struct question_entry, all);

		LIST_EACH_SAFE(target, next, &e->targets)
		lower(&settled, LIST_ENTRY(target, struct asked_target, link)->time);
	}
	return settled;
}
