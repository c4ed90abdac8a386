/* A customer who must be forgotten.
 *
 * Rows are deleted, not only marked: an address must not stay in the database
 * because deleting it is slow. What is kept is a salted hash of the address,
 * so that clicks which are still under way do not make it a target. */

#include "hotels/pipeline_state.h"

void erasure_of(struct pipeline *p, struct slice email)
{
	struct hash_id address;

	interval_join_erase(&p->join, email);
	target_erase(p, email);
	bookings_erase(p, email);
	p->ports.erase(p->ports.ctx, email);
	if (customer_table_address_live(&p->customers, email))
		return;
	address = customer_address_hash(email);
	if (customer_table_suppress(&p->customers, address))
		tables_put_erased(&p->changes, &address);
}
