#ifndef RIVER_WORLD_WORLD_STATE_H
#define RIVER_WORLD_WORLD_STATE_H

/* What the generated world remembers of its customers and hotels. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bookings kept per hotel, so that later reviews can name one. */
#define WORLD_STAYS 4

struct world_stay {
	uint64_t booking; /* 0: none */
	int64_t time_ms;  /* when it was booked */
	uint32_t customer;
};

struct world_hotel {
	struct world_stay first;	      /* the oldest booking: good for reviews dated back */
	struct world_stay stays[WORLD_STAYS]; /* recent ones */
	uint32_t version, next_stay;
	bool open;
};

struct world_state {
	struct world_hotel *hotels;
	bool *customers; /* whether each exists */
	uint32_t hotel_count, customer_count, customer_capacity, open_hotels, living_customers;
	uint32_t hotel_capacity;
};

void world_state_init(struct world_state *w, uint32_t hotels, uint32_t customers);
void world_state_release(struct world_state *w);

/* Index of the new one. */
uint32_t world_state_add_hotel(struct world_state *w);
uint32_t world_state_add_customer(struct world_state *w);

void world_state_booked(struct world_state *w, uint32_t hotel, struct world_stay stay);

#endif
