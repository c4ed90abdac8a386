/* Hotels, customers and reviews: the latest state of the world around a click. */

#include "hotels/pipeline_state.h"

#define DAY_MS 86400000LL

/* Changelogs are not part of the join's event time; what their partitions show is for people. */
static void observe(struct pipeline *p, struct watermark_partition *partition, const struct message *m,
		    int64_t wall_ms)
{
	if (m->timestamp_ms >= 0 && m->timestamp_ms <= EVENT_TIME_HIGHEST_MS)
		watermark_observe(&p->watermark, partition, event_time_at(m->timestamp_ms), wall_ms);
}

/* ---- hotels ---- */

static void emit_catalog(struct pipeline *p, const struct hotel *h, const struct message *m)
{
	struct output output;

	if (!p->config.outputs[OUTPUT_CATALOG])
		return;
	memset(&output, 0, sizeof(output));
	output.topic = OUTPUT_CATALOG;
	output.id = pipeline_record_id("hotel", m);
	output.catalog = (struct catalog_view){
		.hotel_id = h->id,
		.name = h->name,
		.description = h->description,
		.city = h->city,
		.country = h->country,
	};
	p->counters.catalog_emitted++;
	p->ports.emit(p->ports.ctx, &output);
}

/* What the change leaves out is as it was before. */
static struct value kept(const struct value *fresh, const struct hotel *old, size_t offset)
{
	if (!input_unavailable(fresh))
		return *fresh;
	return old == NULL ? field_null() : *(const struct value *)((const char *)old + offset);
}

static enum disposition put_hotel(struct pipeline *p, const struct hotel_input *in, const struct message *m)
{
	const struct hotel *old = hotel_table_get(&p->hotels, in->id), *h;
	struct hotel fresh = {
		.id = in->id,
		.name = kept(&in->name, old, offsetof(struct hotel, name)),
		.amenities = kept(&in->amenities, old, offsetof(struct hotel, amenities)),
		.description = kept(&in->description, old, offsetof(struct hotel, description)),
		.city = kept(&in->city, old, offsetof(struct hotel, city)),
		.country = kept(&in->country, old, offsetof(struct hotel, country)),
	};

	h = hotel_table_put(&p->hotels, &fresh);
	if (h == NULL)
		return DISPOSITION_FILTERED;
	tables_put_hotel(&p->changes, h);
	emit_catalog(p, h, m);
	if (p->dimensions_ready) {
		target_hotel_known(p, h);
		bookings_hotel_known(p, h);
	}
	return DISPOSITION_USED;
}

enum disposition dimensions_hotel(struct pipeline *p, struct watermark_partition *partition,
				  const struct record *r, int64_t wall_ms, struct err *err)
{
	struct hotel_input in;

	if (r->change == CHANGE_NONE)
		return DISPOSITION_FILTERED;
	if (input_hotel(r, &p->scratch, &in, err) != 0)
		return DISPOSITION_DEAD;
	observe(p, partition, r->message, wall_ms);
	if (!in.deleted)
		return put_hotel(p, &in, r->message);
	if (!hotel_table_remove(&p->hotels, in.id))
		return DISPOSITION_FILTERED;
	tables_delete_text(&p->changes, TABLE_HOTEL, in.id);
	return DISPOSITION_USED;
}

/* ---- customers ---- */

static enum disposition put_customer(struct pipeline *p, const struct customer_input *in)
{
	struct slice email = in->email;
	struct hash_id address;
	bool changed;

	if (in->email_unavailable)
		customer_table_get(&p->customers, in->id, &email);
	changed = customer_table_put(&p->customers, in->id, email);
	if (changed) {
		customer_table_get(&p->customers, in->id, &email);
		tables_put_customer(&p->changes, in->id, email);
	}
	if (customer_table_release_address(&p->customers, email)) { /* created again: may be written to */
		address = customer_address_hash(email);
		tables_delete_erased(&p->changes, &address);
		changed = true;
	}
	return changed ? DISPOSITION_USED : DISPOSITION_FILTERED;
}

static enum disposition delete_customer(struct pipeline *p, const struct customer_input *in)
{
	char copy[FIELD_ID_MAX];
	struct slice email;
	bool known = customer_table_get(&p->customers, in->id, &email);

	if (!known)
		email = in->email;
	if (!known && email.len == 0) /* the tombstone after a delete */
		return DISPOSITION_FILTERED;
	if (email.len > 0) /* the row that lends it goes first */
		memcpy(copy, email.data, email.len);
	email = slice_make(copy, email.len);
	if (known) {
		customer_table_remove(&p->customers, in->id);
		tables_delete_text(&p->changes, TABLE_CUSTOMER, in->id);
	}
	p->counters.customers_erased++;
	if (email.len > 0)
		erasure_of(p, email);
	return DISPOSITION_USED;
}

enum disposition dimensions_customer(struct pipeline *p, struct watermark_partition *partition,
				     const struct record *r, int64_t wall_ms, struct err *err)
{
	struct customer_input in;

	if (r->change == CHANGE_NONE)
		return DISPOSITION_FILTERED;
	if (input_customer(&p->config, r, &p->scratch, &in, err) != 0)
		return DISPOSITION_DEAD;
	observe(p, partition, r->message, wall_ms);
	return in.deleted ? delete_customer(p, &in) : put_customer(p, &in);
}

/* ---- reviews ---- */

static void save_review(struct pipeline *p, const struct review *r)
{
	struct review_row row = {
		.created_at = review_created_at(r),
		.id = r->id,
		.hotel_id = review_hotel_id(r),
		.booking_id = r->booking_id,
		.text = r->text,
	};

	tables_put_review(&p->changes, &row);
	if (row.created_at.ms > p->reviews_saved.newest)
		p->reviews_saved.newest = row.created_at.ms;
	if (row.created_at.ms < p->reviews_saved.below) /* came when its time was over: delete again */
		p->reviews_saved.below = row.created_at.ms;
}

enum disposition dimensions_review(struct pipeline *p, struct watermark_partition *partition,
				   const struct record *r, int64_t wall_ms, struct err *err)
{
	struct review_input in;
	const struct review *old;

	if (input_review(&p->config, r, wall_ms, &p->scratch, &in, err) != 0)
		return DISPOSITION_DEAD;
	watermark_observe(&p->watermark, partition, in.created_at, wall_ms);
	if (!in.has_text)
		return DISPOSITION_FILTERED;
	if (in.hotel_id.len == 0)
		booking_memory_get(&p->memory, in.booking_id, &in.hotel_id);
	old = review_store_get(&p->reviews, in.id);
	if (old != NULL) {
		p->counters.reviews_replaced++;
		if (review_created_at(old).ms != in.created_at.ms)
			tables_delete_review(&p->changes, review_created_at(old), in.id);
	}
	save_review(p,
		    review_store_put(&p->reviews, in.id, in.hotel_id, in.booking_id, in.text, in.created_at));
	return DISPOSITION_USED;
}

void dimensions_booking_known(struct pipeline *p, struct slice booking_id, struct slice hotel_id)
{
	const struct review *r;

	while ((r = review_store_waiting(&p->reviews, booking_id)) != NULL)
		save_review(p, review_store_put(&p->reviews, r->id, hotel_id, slice_make(NULL, 0), r->text,
						review_created_at(r)));
}

/* The oldest click that can still become or be a target decides. A day more,
 * because clamping makes the month before not quite monotonic: 30 March, 23:00
 * reaches back to 28 February 23:00, 31 March, 01:00 only to 01:00 of that day. */
void dimensions_expire(struct pipeline *p)
{
	int64_t slack = p->config.allowed_lateness > p->config.hotel_grace ? p->config.allowed_lateness
									   : p->config.hotel_grace;
	struct event_time oldest = event_time_plus(pipeline_now(p), -p->config.window - slack);
	struct event_time horizon = event_time_plus(event_time_month_before(oldest), -DAY_MS);

	if (event_time_before(p->review_horizon, horizon))
		p->review_horizon = horizon;
	review_store_expire(&p->reviews, p->review_horizon, &p->counters.reviews_expired,
			    &p->counters.reviews_unresolved_expired);
}
