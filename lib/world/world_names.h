#ifndef RIVER_WORLD_WORLD_NAMES_H
#define RIVER_WORLD_WORLD_NAMES_H

/* Who and what lives in the generated world, derived from a number alone:
 * customer 17 has the same address in every run with the same seed. */

#include "world/generator.h"

#define WORLD_TEXT_MAX 512 /* bytes of the longest text below, with room */

/* Text that a view of a hotel or a customer points into. */
struct world_text {
	char data[WORLD_TEXT_MAX];
	size_t len;
};

/* Appends and returns what was appended. Cuts what does not fit. */
struct slice world_put(struct world_text *t, struct slice s);
/* A letter and at least `width` digits: "H00000042". */
struct slice world_put_id(struct world_text *t, char letter, uint64_t number, unsigned width);

struct slice world_hotel_id(struct world_text *t, uint32_t hotel);
struct slice world_email(struct world_text *t, uint64_t seed, uint32_t customer);
const char *world_hotel_city(uint32_t hotel);

/* `version` counts the changes made to the hotel: each shows in one column. */
void world_hotel_view(struct world_text *t, uint64_t seed, uint32_t hotel, uint32_t version,
		      struct generated_hotel *out);
void world_customer_view(struct world_text *t, uint64_t seed, uint32_t customer,
			 struct generated_customer *out);

#endif
