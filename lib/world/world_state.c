#include "world/world_state.h"

#include <stdlib.h>

static void *grown(void *items, size_t count, size_t size)
{
	void *p = realloc(items, count * size);

	if (p == NULL)
		abort();
	return p;
}

void world_state_init(struct world_state *w, uint32_t hotels, uint32_t customers)
{
	*w = (struct world_state){0};
	for (uint32_t i = 0; i < hotels; i++)
		world_state_add_hotel(w);
	for (uint32_t i = 0; i < customers; i++)
		world_state_add_customer(w);
}

void world_state_release(struct world_state *w)
{
	free(w->hotels);
	free(w->customers);
	*w = (struct world_state){0};
}

uint32_t world_state_add_hotel(struct world_state *w)
{
	if (w->hotel_count == w->hotel_capacity) {
		w->hotel_capacity = w->hotel_capacity ? 2 * w->hotel_capacity : 128;
		w->hotels = grown(w->hotels, w->hotel_capacity, sizeof(*w->hotels));
	}
	w->hotels[w->hotel_count] = (struct world_hotel){.open = true};
	w->open_hotels++;
	return w->hotel_count++;
}

uint32_t world_state_add_customer(struct world_state *w)
{
	if (w->customer_count == w->customer_capacity) {
		w->customer_capacity = w->customer_capacity ? 2 * w->customer_capacity : 1024;
		w->customers = grown(w->customers, w->customer_capacity, sizeof(*w->customers));
	}
	w->customers[w->customer_count] = true;
	w->living_customers++;
	return w->customer_count++;
}

void world_state_booked(struct world_state *w, uint32_t hotel, struct world_stay stay)
{
	struct world_hotel *h = &w->hotels[hotel];

	if (h->first.booking == 0)
		h->first = stay;
	h->stays[h->next_stay++ % WORLD_STAYS] = stay;
}
