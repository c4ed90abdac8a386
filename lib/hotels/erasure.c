/* A customer who must be forgotten.
 *
 * Rows are deleted, not only marked: an address must not stay in the database
 * because deleting it is slow. What is kept is a salted hash of the address,
 * so that clicks which are still under way do not make it a target; and up to
 * when it was erased (forgotten.h), for when the address is welcome again. */

#include "hotels/pipeline_state.h"

void erasure_of(struct pipeline *p, struct slice email)
{
	struct hash_id address = customer_address_hash(email);
	struct event_time newest = interval_join_newest(&p->join, email);

	if (newest.ms != EVENT_TIME_MIN.ms && forgotten_put(&p->forgotten, &address, newest))
		tables_put_forgotten(&p->changes, &address, newest);
	interval_join_erase(&p->join, email);
	target_erase(p, email);
	bookings_erase(p, email);
	p->ports.erase(p->ports.ctx, email);
	if (customer_table_address_live(&p->customers, email))
		return;
	if (customer_table_suppress(&p->customers, address))
		tables_put_erased(&p->changes, &address);
}

void erasure_expire(struct pipeline *p)
{
	struct event_time limit =
		event_time_plus(pipeline_now(p), -p->config.window - p->config.allowed_lateness);
	struct hash_id address;

	while (forgotten_expire(&p->forgotten, limit, &address))
		tables_delete_forgotten(&p->changes, &address);
}
