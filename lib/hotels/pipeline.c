#include "hotels/pipeline.h"

#include "base/alloc.h"
#include "hotels/pipeline_state.h"
#include "wire/decoder.h"

#include <stdio.h>

#define MINUTE 60000LL

void pipeline_defaults(struct pipeline_config *c)
{
	*c = (struct pipeline_config){
		.window = 20 * MINUTE,
		.out_of_orderness = 5000,
		.idle_timeout = 30000,
		.allowed_lateness = 10 * MINUTE,
		.max_future_skew = 60 * MINUTE,
		.hotel_grace = 5 * MINUTE,
		.booking_memory = 120LL * 24 * 60 * MINUTE,
		.match = MATCH_CUSTOMER,
		.reviews_required = true,
		.outputs = {[OUTPUT_SUMMARY] = true, [OUTPUT_BOOKINGS] = true, [OUTPUT_CATALOG] = true},
		.date_type = DATE_LONG,
		.price_type = PRICE_INT,
		.answer_cache = 100000,
	};
}

static void target_soon(void *ctx, unsigned step, struct slice hotel_id)
{
	const struct pipeline *p = ctx;

	hotel_table_expect(&p->hotels, step, hotel_id);
	review_store_expect(&p->reviews, step, hotel_id);
}

struct pipeline *pipeline_new(const struct pipeline_config *config, const struct pipeline_ports *ports)
{
	struct pipeline *p = alloc_zeroed_or_abort(1, sizeof(*p));
	struct interval_join_options join = {
		.window = config->window,
		.lateness = config->allowed_lateness,
		.match_detail = config->match == MATCH_CUSTOMER_AND_HOTEL,
		.seed = config->hash_seed,
		.soon = target_soon,
		.soon_ctx = p,
		.enough = ports->enough,
		.enough_ctx = ports->ctx,
	};
	static const struct saved_range nothing_saved = {INT64_MIN, INT64_MIN + 1};

	p->config = *config;
	p->ports = *ports;
	p->identity = slice_dup(config->summary_identity);
	if (p->identity == NULL)
		abort();
	p->config.summary_identity.data = p->identity;
	watermark_init(&p->watermark, config->out_of_orderness, config->idle_timeout);
	interval_join_init(&p->join, &join);
	booking_memory_init(&p->memory, config->booking_memory, config->hash_seed);
	hotel_table_init(&p->hotels, config->hash_seed);
	customer_table_init(&p->customers, config->hash_seed);
	forgotten_init(&p->forgotten, config->hash_seed);
	review_store_init(&p->reviews, config->hash_seed);
	p->review_horizon = EVENT_TIME_MIN;
	hotel_waits_init(&p->waits, config->hash_seed);
	questions_init(&p->questions, config->answer_cache, config->hash_seed);
	delta_init(&p->changes, SIZE_MAX / 4);
	p->next_seq = 1;
	p->saved = (struct watermark_row){EVENT_TIME_MIN, EVENT_TIME_MIN, EVENT_TIME_MIN};
	p->clicks_saved = p->bookings_saved = p->memory_saved = p->reviews_saved = nothing_saved;
	buf_init(&p->joined, SIZE_MAX / 4);
	buf_init(&p->packed, SIZE_MAX / 4);
	return p;
}

void pipeline_free(struct pipeline *p)
{
	if (p == NULL)
		return;
	watermark_release(&p->watermark);
	interval_join_release(&p->join);
	booking_memory_release(&p->memory);
	hotel_table_release(&p->hotels);
	customer_table_release(&p->customers);
	forgotten_release(&p->forgotten);
	review_store_release(&p->reviews);
	hotel_waits_release(&p->waits);
	questions_release(&p->questions);
	delta_release(&p->changes);
	buf_release(&p->joined);
	buf_release(&p->packed);
	free(p->gone);
	free(p->texts);
	free(p->names);
	free(p->identity);
	free(p);
}

struct hash_id pipeline_record_id(const char *kind, const struct message *m)
{
	char partition[16], offset[24];
	struct slice parts[4] = {slice_str(kind), slice_str(m->topic)};

	snprintf(partition, sizeof(partition), "%d", (int)m->partition);
	snprintf(offset, sizeof(offset), "%lld", (long long)m->offset);
	parts[2] = slice_str(partition);
	parts[3] = slice_str(offset);
	return hash_id_of(parts, 4);
}

/* ---- events ---- */

static bool holds_watermark(enum input input)
{
	return input == INPUT_CLICKSTREAM || input == INPUT_BOOKINGS;
}

void pipeline_add_partition(struct pipeline *p, enum input input, int32_t partition, int64_t wall_ms)
{
	watermark_add(&p->watermark, (int)input, partition, holds_watermark(input), wall_ms);
}

enum disposition pipeline_record(struct pipeline *p, enum input input, const struct record *record,
				 int64_t wall_ms, struct err *err)
{
	struct watermark_partition *partition =
		watermark_add(&p->watermark, (int)input, record->message->partition, holds_watermark(input),
			      wall_ms);

	if (partition == NULL) {
		err_set(err, ERR_POISON, POISON_FIELD, "partition number out of range");
		return DISPOSITION_DEAD;
	}
	watermark_touch(partition, wall_ms);
	switch (input) {
	case INPUT_CLICKSTREAM: return clicks_record(p, partition, record, wall_ms, err);
	case INPUT_BOOKINGS: return bookings_record(p, partition, record, wall_ms, err);
	case INPUT_REVIEWS: return dimensions_review(p, partition, record, wall_ms, err);
	case INPUT_HOTEL: return dimensions_hotel(p, partition, record, wall_ms, err);
	case INPUT_CUSTOMER: return dimensions_customer(p, partition, record, wall_ms, err);
	case INPUTS: break;
	}
	abort();
}

void pipeline_partition_end(struct pipeline *p, enum input input, int32_t partition, int64_t wall_ms)
{
	struct watermark_partition *known =
		watermark_add(&p->watermark, (int)input, partition, holds_watermark(input), wall_ms);

	if (known != NULL)
		watermark_partition_end(known, wall_ms);
}

void pipeline_partition_behind(struct pipeline *p, enum input input, int32_t partition, int64_t wall_ms)
{
	struct watermark_partition *known = watermark_find(&p->watermark, (int)input, partition);

	if (known != NULL)
		watermark_touch(known, wall_ms);
}

void pipeline_dimensions_ready(struct pipeline *p)
{
	if (p->dimensions_ready)
		return;
	p->dimensions_ready = true;
	target_retry_all(p);
	bookings_retry_all(p);
}

static void abandoned(void *ctx, struct slice email, struct slice hotel_id, struct event_time t)
{
	target_decided(ctx, email, hotel_id, t);
}

bool pipeline_advance(struct pipeline *p, int64_t wall_ms)
{
	struct event_time wanted;

	if (!p->dimensions_ready)
		return true;
	watermark_advance(&p->watermark, wall_ms);
	wanted = pipeline_now(p);
	if (wanted.ms == EVENT_TIME_MIN.ms)
		return true;
	watermark_hold(&p->watermark, interval_join_advance(&p->join, wanted, abandoned, p));
	target_expire(p);
	bookings_expire(p);
	booking_memory_advance(&p->memory, pipeline_now(p));
	dimensions_expire(p);
	erasure_expire(p);
	return !event_time_before(pipeline_now(p), wanted);
}

/* ---- reading ---- */

struct event_time pipeline_watermark(const struct pipeline *p)
{
	return pipeline_now(p);
}

size_t pipeline_partition_count(const struct pipeline *p)
{
	return p->watermark.count;
}

void pipeline_partition(const struct pipeline *p, size_t index, struct partition_view *out)
{
	const struct watermark_partition *w = &p->watermark.partitions[index];

	*out = (struct partition_view){
		.input = (enum input)w->group,
		.partition = w->number,
		.max_event_time = w->highest,
		.at_end = w->at_end,
		.idle = w->idle,
	};
}

const struct pipeline_counters *pipeline_counters(const struct pipeline *p)
{
	return &p->counters;
}

void pipeline_sizes(const struct pipeline *p, struct pipeline_sizes *out)
{
	*out = (struct pipeline_sizes){
		.clicks_pending = p->join.waiting,
		.clicks_decided_kept = p->join.left.count - p->join.waiting,
		.bookings_kept = p->join.right.count,
		.targets_waiting_hotel = p->waits.target_count,
		.targets_waiting_answer = p->questions.target_count,
		.bookings_waiting_hotel = p->waits.booking_count,
		.hotels = p->hotels.by_id.count,
		.customers = customer_table_count(&p->customers),
		.reviews = p->reviews.shelved,
		.reviews_waiting_booking = p->reviews.waiting,
		.booking_hotels = p->memory.table.count,
		.answers = p->questions.answers.count,
		.questions_open = p->questions.open.count,
	};
}

struct event_time pipeline_oldest_pending(const struct pipeline *p)
{
	return interval_join_oldest_waiting(&p->join);
}
