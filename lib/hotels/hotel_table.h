#ifndef RIVER_HOTELS_HOTEL_TABLE_H
#define RIVER_HOTELS_HOTEL_TABLE_H

/* The latest state of every hotel, and who is similar to whom.
 *
 * Similar hotels share city and amenities, both known (NULL equals nothing).
 * They stand together in a group, ordered by HOTEL_ID, so that asking for
 * them looks at no other hotel. */

#include "base/map.h"
#include "wire/record.h"

struct hotel_group;

struct hotel {
	struct slice id;					  /* first: map_key_slice */
	struct value name, amenities, description, city, country; /* VALUE_STRING or VALUE_NULL */
	struct hotel_group *group;				  /* NULL: similar to none */
};

struct hotel_table {
	struct map by_id;
	struct map groups;     /* by city and amenities */
	struct value *similar; /* scratch of hotel_table_similar; owned */
	size_t similar_cap;
};

void hotel_table_init(struct hotel_table *t, uint64_t seed);
void hotel_table_release(struct hotel_table *t);

/* NULL when unknown. Borrowed until it is put or removed. */
const struct hotel *hotel_table_get(const struct hotel_table *t, struct slice id);

/* Brings what looking this hotel and its similar ones up will touch, a step at a time
 * (0 to 3, some other work between any two), without waiting. */
void hotel_table_expect(const struct hotel_table *t, unsigned step, struct slice id);

/* Adds or replaces; everything is copied (`group` is ignored). Returns the
 * kept hotel, or NULL when an equal one was there. */
const struct hotel *hotel_table_put(struct hotel_table *t, const struct hotel *hotel);

/* Whether it was there. */
bool hotel_table_remove(struct hotel_table *t, struct slice id);

/* The names (null included) of the hotels similar to this one, without it,
 * ordered by HOTEL_ID. Borrowed until the next call or change. */
size_t hotel_table_similar(struct hotel_table *t, const struct hotel *hotel, const struct value **names);

#endif
