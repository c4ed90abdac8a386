#include "hotels/hotel_waits.h"

#include "base/alloc.h"

struct hotel_wait {
	struct slice hotel_id; /* first: map_key_slice; behind the struct */
	struct list targets, bookings;
};

void hotel_waits_init(struct hotel_waits *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	map_init(&w->by_hotel, map_key_slice, seed);
	list_init(&w->targets);
	list_init(&w->bookings);
	time_heap_init(&w->target_deadlines);
	time_heap_init(&w->booking_deadlines);
}

void hotel_waits_release(struct hotel_waits *w)
{
	struct list *it, *tmp;
	struct hotel_wait *h;

	LIST_EACH_SAFE(it, tmp, &w->targets)
	free(LIST_ENTRY(it, struct waiting_target, all));
	LIST_EACH_SAFE(it, tmp, &w->bookings)
	free(LIST_ENTRY(it, struct waiting_booking, all));
	for (size_t at = 0; (h = map_next(&w->by_hotel, &at)) != NULL;)
		free(h);
	map_release(&w->by_hotel);
	time_heap_release(&w->target_deadlines);
	time_heap_release(&w->booking_deadlines);
	hotel_waits_init(w, 0);
}

static struct hotel_wait *wait_of(struct hotel_waits *w, struct slice hotel_id)
{
	struct hotel_wait *h = map_get(&w->by_hotel, hotel_id);
	char *to;

	if (h != NULL)
		return h;
	h = alloc_or_abort(sizeof(*h) + hotel_id.len);
	to = (char *)(h + 1);
	h->hotel_id = alloc_lay(&to, hotel_id);
	list_init(&h->targets);
	list_init(&h->bookings);
	if (map_put(&w->by_hotel, h) != 0)
		abort();
	return h;
}

static void drop_when_empty(struct hotel_waits *w, struct hotel_wait *h)
{
	if (!list_empty(&h->targets) || !list_empty(&h->bookings))
		return;
	map_remove(&w->by_hotel, h->hotel_id);
	free(h);
}

/* ---- targets ---- */

void hotel_waits_add_target(struct hotel_waits *w, const struct target_row *row, struct event_time deadline)
{
	struct waiting_target *t = alloc_zeroed_or_abort(1, sizeof(*t) + row->email.len + row->hotel_id.len);
	char *to = (char *)(t + 1);

	t->seq = row->seq;
	t->time = row->time;
	t->email = alloc_lay(&to, row->email);
	t->hotel_id = alloc_lay(&to, row->hotel_id);
	t->wait = wait_of(w, t->hotel_id);
	list_append(&t->wait->targets, &t->link);
	list_append(&w->targets, &t->all);
	time_heap_add(&w->target_deadlines, &t->deadline, deadline);
	w->target_count++;
}

struct waiting_target *hotel_waits_target_of(const struct hotel_waits *w, struct slice hotel_id)
{
	const struct hotel_wait *h = map_get(&w->by_hotel, hotel_id);

	if (h == NULL || list_empty(&h->targets))
		return NULL;
	return LIST_ENTRY(h->targets.next, struct waiting_target, link);
}

struct waiting_target *hotel_waits_expired_target(const struct hotel_waits *w, struct event_time watermark)
{
	struct time_heap_node *first = time_heap_first(&w->target_deadlines);

	if (first == NULL || !event_time_before(first->time, watermark))
		return NULL;
	return TIME_HEAP_ENTRY(first, struct waiting_target, deadline);
}

void hotel_waits_remove_target(struct hotel_waits *w, struct waiting_target *t)
{
	list_remove(&t->link);
	list_remove(&t->all);
	time_heap_remove(&w->target_deadlines, &t->deadline);
	w->target_count--;
	drop_when_empty(w, t->wait);
	t->wait = NULL;
}

/* ---- bookings ---- */

static size_t value_len(const struct value *v)
{
	return v->kind == VALUE_STRING ? v->s.len : 0;
}

static struct value lay_value(char **to, const struct value *v)
{
	return v->kind == VALUE_STRING ? (struct value){.kind = VALUE_STRING, .s = alloc_lay(to, v->s)} : *v;
}

static struct waiting_booking *copy_booking(const struct booking_row *row)
{
	struct waiting_booking *b =
		alloc_zeroed_or_abort(1, sizeof(*b) + row->booking_id.len + row->email.len +
						 row->hotel_id.len + value_len(&row->check_in) +
						 value_len(&row->check_out) + value_len(&row->price));
	char *to = (char *)(b + 1);

	b->row = *row;
	b->row.booking_id = alloc_lay(&to, row->booking_id);
	b->row.email = alloc_lay(&to, row->email);
	b->row.hotel_id = alloc_lay(&to, row->hotel_id);
	b->row.check_in = lay_value(&to, &row->check_in);
	b->row.check_out = lay_value(&to, &row->check_out);
	b->row.price = lay_value(&to, &row->price);
	return b;
}

void hotel_waits_add_booking(struct hotel_waits *w, const struct booking_row *row, struct event_time deadline)
{
	struct waiting_booking *b = copy_booking(row);

	b->wait = wait_of(w, b->row.hotel_id);
	list_append(&b->wait->bookings, &b->link);
	list_append(&w->bookings, &b->all);
	time_heap_add(&w->booking_deadlines, &b->deadline, deadline);
	w->booking_count++;
}

struct waiting_booking *hotel_waits_booking_of(const struct hotel_waits *w, struct slice hotel_id)
{
	const struct hotel_wait *h = map_get(&w->by_hotel, hotel_id);

	if (h == NULL || list_empty(&h->bookings))
		return NULL;
	return LIST_ENTRY(h->bookings.next, struct waiting_booking, link);
}

struct waiting_booking *hotel_waits_expired_booking(const struct hotel_waits *w, struct event_time watermark)
{
	struct time_heap_node *first = time_heap_first(&w->booking_deadlines);

	if (first == NULL || !event_time_before(first->time, watermark))
		return NULL;
	return TIME_HEAP_ENTRY(first, struct waiting_booking, deadline);
}

void hotel_waits_remove_booking(struct hotel_waits *w, struct waiting_booking *b)
{
	list_remove(&b->link);
	list_remove(&b->all);
	time_heap_remove(&w->booking_deadlines, &b->deadline);
	w->booking_count--;
	drop_when_empty(w, b->wait);
	b->wait = NULL;
}
