#include "world/world_journey.h"

/* Hotels are renovated, renamed, opened and closed; customers register and
 * ask to be forgotten. At least half of the hotels stay open. */

static struct world_change change_hotel(struct world_journey *j, struct random *r)
{
	uint32_t who = (uint32_t)random_below(r, j->state.hotel_count);
	struct world_hotel *hotel = &j->state.hotels[who];
	uint64_t roll = random_below(r, 100);

	if (!hotel->open) { /* it opens again */
		hotel->open = true;
		hotel->version++;
		j->state.open_hotels++;
		return (struct world_change){true, GENERATED_CREATE, who};
	}
	if (roll < 10)
		return (struct world_change){true, GENERATED_CREATE, world_state_add_hotel(&j->state)};
	if (roll < 20 && j->state.open_hotels > j->state.hotel_count / 2 + 1) {
		hotel->open = false;
		j->state.open_hotels--;
		return (struct world_change){true, GENERATED_DELETE, who};
	}
	hotel->version++;
	return (struct world_change){true, GENERATED_UPDATE, who};
}

struct world_change world_journey_change(struct world_journey *j, uint64_t salt)
{
	struct random r;
	uint32_t who;

	random_init(&r, salt);
	if (random_below(&r, 10) < 6)
		return change_hotel(j, &r);
	who = (uint32_t)random_below(&r, j->state.customer_count);
	if (!j->state.customers[who] || random_below(&r, 2) || j->state.living_customers < 3) {
		if (j->state.customers[who])
			who = world_state_add_customer(&j->state);
		else
			j->state.customers[who] = true, j->state.living_customers++; /* back again */
		return (struct world_change){false, GENERATED_CREATE, who};
	}
	j->state.customers[who] = false;
	j->state.living_customers--;
	return (struct world_change){false, GENERATED_DELETE, who};
}
