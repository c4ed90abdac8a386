#ifndef RIVER_WORLD_WORLD_WORDS_H
#define RIVER_WORLD_WORLD_WORDS_H

/* The words the generated world is made of: constants only. */

#include <stddef.h>

struct world_city {
	const char *name, *country;
};

struct world_words {
	const char *const *words;
	size_t count;
};

extern const struct world_city world_cities[];
extern const size_t world_city_count;

extern const struct world_words world_first_names, world_last_names, world_mail_domains;
extern const struct world_words world_hotel_openings, world_hotel_kinds;
extern const struct world_words world_amenities;   /* each a whole set, as one column holds it */
extern const struct world_words world_settings;	   /* "in a quiet street near the old harbour" */
extern const struct world_words world_house_moods; /* "A family-run house" */

#endif
