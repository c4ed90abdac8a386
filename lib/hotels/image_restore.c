/* Restore: a pipeline from the rows of its durable image.
 *
 * A restored pipeline behaves exactly as if it had never stopped. What is not
 * saved follows from what is: whether a click was decided follows from its
 * time and the watermark (but for open ones, which carry a flag), sequence
 * counters from the highest number seen. Counters begin at zero, and idleness
 * has to be shown again. */

#include "base/alloc.h"
#include "base/shared_text.h"
#include "hotels/packed.h"
#include "hotels/pipeline_state.h"

static void seq_seen(struct pipeline *p, uint64_t seq)
{
	if (seq >= p->next_seq)
		p->next_seq = seq + 1;
}

static int compare_gone(const void *a, const void *b)
{
	const struct click_gone *x = a, *y = b;

	if (x->time_ms != y->time_ms)
		return x->time_ms < y->time_ms ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Rows come in the order of their primary key, so `gone` is sorted. */
static bool is_gone(const struct pipeline *p, const struct timed_row *row)
{
	struct click_gone key = {row->time.ms, row->seq};

	return p->gone_count > 0 &&
	       bsearch(&key, p->gone, p->gone_count, sizeof(*p->gone), compare_gone) != NULL;
}

static void saw_row(struct saved_range *saved, struct event_time time)
{
	if (time.ms > saved->newest)
		saved->newest = time.ms;
}

static int restore_click_gone(struct pipeline *p, const struct cell *c, int count)
{
	struct timed_row row;

	if (tables_read_timed(TABLE_CLICK_GONE, c, count, &row) != 0)
		return -1;
	p->gone = alloc_grown(p->gone, &p->gone_cap, p->gone_count + 1, sizeof(*p->gone));
	p->gone[p->gone_count++] = (struct click_gone){row.time.ms, row.seq};
	timed_table_seen(&p->join.left, row.seq);
	return 0;
}

static int restore_timed(struct pipeline *p, enum hotels_table table, const struct cell *c, int count)
{
	struct timed_row row;

	if (tables_read_timed(table, c, count, &row) != 0)
		return -1;
	if (table == TABLE_BOOKING_HOTEL) {
		saw_row(&p->memory_saved, row.time);
		return booking_memory_restore(&p->memory, row.key, row.detail, row.time, row.seq);
	}
	if (table == TABLE_BOOKING) {
		saw_row(&p->bookings_saved, row.time);
		return interval_join_restore_right(&p->join, row.key, row.detail, row.time, row.seq);
	}
	saw_row(&p->clicks_saved, row.time);
	timed_table_seen(&p->join.left, row.seq);
	if (is_gone(p, &row))
		return 0;
	return interval_join_restore_left(&p->join, row.key, row.detail, row.time, row.seq, row.open);
}

static int restore_review(struct pipeline *p, const struct cell *c, int count)
{
	struct review_row row;

	if (tables_read_review(c, count, &row) != 0 || review_store_get(&p->reviews, row.id) != NULL)
		return -1;
	saw_row(&p->reviews_saved, row.created_at);
	review_store_put(&p->reviews, row.id, row.hotel_id, row.booking_id, row.text, row.created_at);
	return 0;
}

static int restore_question(struct pipeline *p, const struct cell *c, int count)
{
	struct hash_id hash;
	struct slice packed;
	struct value text;
	size_t at = 0, n = 0;
	uint64_t seq;
	int more;

	if (tables_read_question(c, count, &seq, &hash, &packed) != 0 ||
	    questions_find(&p->questions, &hash) != NULL)
		return -1;
	while ((more = unpack_value(packed, &at, &text)) == 1) {
		if (text.kind != VALUE_STRING)
			return -1;
		p->texts = alloc_grown(p->texts, &p->texts_cap, n + 1, sizeof(*p->texts));
		p->texts[n++] = text.s;
	}
	if (more != 0 || n == 0)
		return -1;
	seq_seen(p, seq);
	for (size_t i = 0; i < n; i++)
		p->texts[i] = shared_text(p->texts[i]);
	questions_open(&p->questions, &hash, seq, p->texts, n)->saved = true;
	return 0;
}

static int restore_answer(struct pipeline *p, const struct cell *c, int count)
{
	struct hash_id hash;
	struct slice summary;
	uint64_t seq, evicted;

	if (tables_read_answer(c, count, &seq, &hash, &summary) != 0 ||
	    questions_answer(&p->questions, &hash) != NULL)
		return -1;
	seq_seen(p, seq);
	evicted = questions_keep(&p->questions, &hash, summary, seq); /* when the cache was made smaller */
	if (evicted > 0)
		delta_delete_below(&p->changes, TABLE_ANSWER, (int64_t)evicted + 1);
	return 0;
}

static int restore_target_hotel(struct pipeline *p, const struct cell *c, int count)
{
	struct target_row row;

	if (tables_read_target_hotel(c, count, &row) != 0)
		return -1;
	seq_seen(p, row.seq);
	hotel_waits_add_target(&p->waits, &row,
			       event_time_plus(row.time, p->config.window + p->config.hotel_grace));
	return 0;
}

static int restore_target_answer(struct pipeline *p, const struct cell *c, int count)
{
	struct target_row row;
	struct question_entry *e;
	struct asked_target target;
	struct value name;
	size_t at = 0;
	int more;

	if (tables_read_target_answer(c, count, &row) != 0)
		return -1;
	while ((more = unpack_value(row.similar, &at, &name)) == 1)
		continue;
	e = questions_find(&p->questions, &row.question);
	if (more != 0 || e == NULL)
		return -1;
	seq_seen(p, row.seq);
	target = (struct asked_target){
		.seq = row.seq,
		.time = row.time,
		.email = row.email,
		.hotel_id = row.hotel_id,
		.hotel_name = row.hotel_name,
		.hotel_city = row.hotel_city,
		.similar = row.similar,
	};
	questions_wait(&p->questions, e, &target);
	return 0;
}

static int restore_booking_waiting(struct pipeline *p, const struct cell *c, int count)
{
	struct booking_row row;

	if (tables_read_booking_waiting(c, count, &row) != 0)
		return -1;
	seq_seen(p, row.seq);
	hotel_waits_add_booking(&p->waits, &row, event_time_plus(row.time, p->config.hotel_grace));
	return 0;
}

static int restore_dimension(struct pipeline *p, enum hotels_table table, const struct cell *c, int count)
{
	struct slice id, email;
	struct hash_id address;
	struct hotel hotel;

	switch (table) {
	case TABLE_HOTEL:
		return tables_read_hotel(c, count, &hotel) == 0 && hotel_table_put(&p->hotels, &hotel) != NULL
			       ? 0
			       : -1;
	case TABLE_CUSTOMER:
		if (tables_read_customer(c, count, &id, &email) != 0 || email.len > FIELD_ID_MAX)
			return -1;
		return customer_table_put(&p->customers, id, email) ? 0 : -1;
	case TABLE_ERASED:
		if (tables_read_erased(c, count, &address) != 0)
			return -1;
		return customer_table_suppress(&p->customers, address) ? 0 : -1;
	default: return -1;
	}
}

static int restore_forgotten(struct pipeline *p, const struct cell *c, int count)
{
	struct event_time until;
	struct hash_id address;

	if (tables_read_forgotten(c, count, &address, &until) != 0)
		return -1;
	return forgotten_put(&p->forgotten, &address, until) ? 0 : -1;
}

static int restore_watermark(struct pipeline *p, enum hotels_table table, const struct cell *c, int count)
{
	struct partition_row row;

	if (table == TABLE_WATERMARK) {
		if (tables_read_watermark(c, count, &p->saved) != 0)
			return -1;
		watermark_restore_now(&p->watermark, p->saved.now);
		return 0;
	}
	if (tables_read_partition(c, count, &row) != 0)
		return -1;
	return watermark_restore(&p->watermark, (int)row.input, row.number,
				 row.input == INPUT_CLICKSTREAM || row.input == INPUT_BOOKINGS, row.highest);
}

static int restore_row(struct pipeline *p, int table, const struct cell *cells, int count)
{
	switch (table) {
	case TABLE_WATERMARK:
	case TABLE_PARTITION: return restore_watermark(p, (enum hotels_table)table, cells, count);
	case TABLE_HOTEL:
	case TABLE_CUSTOMER:
	case TABLE_ERASED: return restore_dimension(p, (enum hotels_table)table, cells, count);
	case TABLE_REVIEW: return restore_review(p, cells, count);
	case TABLE_CLICK_GONE: return restore_click_gone(p, cells, count);
	case TABLE_CLICK:
	case TABLE_BOOKING:
	case TABLE_BOOKING_HOTEL: return restore_timed(p, (enum hotels_table)table, cells, count);
	case TABLE_QUESTION: return restore_question(p, cells, count);
	case TABLE_ANSWER: return restore_answer(p, cells, count);
	case TABLE_FORGOTTEN: return restore_forgotten(p, cells, count);
	case TABLE_TARGET_HOTEL: return restore_target_hotel(p, cells, count);
	case TABLE_TARGET_ANSWER: return restore_target_answer(p, cells, count);
	case TABLE_BOOKING_WAITING: return restore_booking_waiting(p, cells, count);
	default: return -1;
	}
}

int pipeline_restore(struct pipeline *p, int table, const struct cell *cells, int count, struct err *err)
{
	if (restore_row(p, table, cells, count) == 0)
		return 0;
	return err_set(err, ERR_REFUSED, 0, "table %s holds a row that cannot be understood",
		       table >= 0 && table < TABLES ? pipeline_tables[table].name : "?");
}

void pipeline_restored(struct pipeline *p)
{
	struct list *it, *tmp;

	free(p->gone);
	p->gone = NULL;
	p->gone_count = p->gone_cap = 0;
	interval_join_restored(&p->join, pipeline_now(p), p->saved.settled_below, p->saved.expired_below);
	timed_table_restored(&p->memory.table, EVENT_TIME_MIN);
	booking_memory_advance(&p->memory, pipeline_now(p));
	LIST_EACH_SAFE(it, tmp, &p->questions.open_list)
	(void)target_ask(p, LIST_ENTRY(it, struct question_entry, all));
}
