#ifndef RIVER_HOTELS_CUSTOMER_TABLE_H
#define RIVER_HOTELS_CUSTOMER_TABLE_H

/* Who the customers are, and who must not be written to.
 *
 * CUSTOMER_ID -> address, so that a delete that names only the key finds the
 * address; how many customers share an address; and the addresses of erased
 * customers. Of those only a salted hash is kept: enough to recognise an
 * address, not to know it. */

#include "base/hash.h"
#include "base/map.h"

#include <stdint.h>

struct customer;
struct suppressed;

#define SUPPRESSION_CACHE 4096 /* verdicts; power of two */

struct customer_table {
	uint64_t seed;
	struct map by_id;
	struct map addresses;  /* of live customers, with their number */
	struct map suppressed; /* by hash */
	uint64_t *verdicts;    /* owned; see customer_table_suppressed */
};

void customer_table_init(struct customer_table *t, uint64_t seed);
void customer_table_release(struct customer_table *t);

static inline size_t customer_table_count(const struct customer_table *t)
{
	return t->by_id.count;
}

/* Whether the customer is known; *email is borrowed until it changes, empty when null. */
bool customer_table_get(const struct customer_table *t, struct slice id, struct slice *email);

/* Adds or replaces; an empty address is none. Whether anything changed. */
bool customer_table_put(struct customer_table *t, struct slice id, struct slice email);

void customer_table_remove(struct customer_table *t, struct slice id);

/* Whether a customer has this address. */
bool customer_table_address_live(const struct customer_table *t, struct slice email);

/* The form in which an erased address is kept. */
struct hash_id customer_address_hash(struct slice email);

/* Whether it is a change. */
bool customer_table_suppress(struct customer_table *t, struct hash_id address);
bool customer_table_release_address(struct customer_table *t, struct slice email);

/* Whether clicks of this address are ignored. Usually answered by a small
 * cache keyed by a fast hash, as SHA-256 is too slow for every click. */
bool customer_table_suppressed(struct customer_table *t, struct slice email);

#endif
