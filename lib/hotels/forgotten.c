#include "hotels/forgotten.h"

#include "base/alloc.h"
#include "hotels/customer_table.h"

struct forgotten_address {
	struct hash_id hash;	   /* first: map_key_hash */
	struct time_heap_node age; /* its time is `until` */
};

void forgotten_init(struct forgotten *f, uint64_t seed)
{
	map_init(&f->by_hash, map_key_hash, seed);
	time_heap_init(&f->ages);
	f->newest = EVENT_TIME_MIN;
}

void forgotten_release(struct forgotten *f)
{
	void *a;

	for (size_t at = 0; (a = map_next(&f->by_hash, &at)) != NULL;)
		free(a);
	map_release(&f->by_hash);
	time_heap_release(&f->ages);
}

bool forgotten_put(struct forgotten *f, const struct hash_id *address, struct event_time until)
{
	struct forgotten_address *a = map_get(&f->by_hash, map_key_hash(address));

	if (a != NULL && !event_time_before(a->age.time, until))
		return false;
	if (a == NULL) {
		a = alloc_zeroed_or_abort(1, sizeof(*a));
		a->hash = *address;
		if (map_put(&f->by_hash, a) != 0)
			abort();
	}
	time_heap_remove(&f->ages, &a->age);
	time_heap_add(&f->ages, &a->age, until);
	if (event_time_before(f->newest, until))
		f->newest = until;
	return true;
}

bool forgotten_covers(const struct forgotten *f, struct slice email, struct event_time t)
{
	const struct forgotten_address *a;
	struct hash_id hash;

	if (f->by_hash.count == 0 || event_time_before(f->newest, t))
		return false;
	hash = customer_address_hash(email);
	a = map_get(&f->by_hash, map_key_hash(&hash));
	return a != NULL && !event_time_before(a->age.time, t);
}

int forgotten_expire(struct forgotten *f, struct event_time limit, struct hash_id *address)
{
	struct time_heap_node *node = time_heap_take_below(&f->ages, limit);
	struct forgotten_address *a;

	if (node == NULL)
		return 0;
	a = TIME_HEAP_ENTRY(node, struct forgotten_address, age);
	*address = a->hash;
	map_remove(&f->by_hash, map_key_hash(&a->hash));
	free(a);
	return 1;
}
