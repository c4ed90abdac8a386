#include "test/scenario/oracle.h"

#include "base/buf.h"
#include "test/scenario/calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_LIMIT (1u << 20)

/* ---- lines ---- */

void lines_add(struct lines *l, const char *text)
{
	if (l->count == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 64;
		l->items = realloc(l->items, l->cap * sizeof(*l->items));
		if (!l->items)
			abort();
	}
	l->items[l->count] = strdup(text);
	if (!l->items[l->count++])
		abort();
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void lines_sort(struct lines *l)
{
	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), compare_lines);
}

void lines_clear(struct lines *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->items[i]);
	l->count = 0;
}

void lines_release(struct lines *l)
{
	lines_clear(l);
	free(l->items);
	*l = (struct lines){0};
}

static const char *shown(const char *text)
{
	return text ? text : "<null>";
}

static void add_line(struct lines *out, struct buf *line)
{
	if (buf_failed(line))
		abort();
	lines_add(out, buf_cstr(line));
	buf_release(line);
}

void line_target(struct lines *out, const struct line_target *t)
{
	struct buf line;

	buf_init(&line, LINE_LIMIT);
	buf_printf(&line, "target|%s|%s|%lld|%s|%s|", t->email, t->hotel_id, (long long)t->time, t->name,
		   t->city);
	for (size_t i = 0; i < t->similar_count; i++)
		buf_printf(&line, "%s%s", i ? "," : "", shown(t->similar[i]));
	buf_printf(&line, "|%s|%s", t->reviews, t->summary);
	add_line(out, &line);
}

void line_booking(struct lines *out, const struct line_booking *b)
{
	struct buf line;

	buf_init(&line, LINE_LIMIT);
	buf_printf(&line, "booking|%s|%s|%s|%s|%s|%s|%s|%s|%s", b->booking_id, b->email, b->hotel_id,
		   shown(b->name), shown(b->city), shown(b->country), shown(b->check_in), shown(b->check_out),
		   shown(b->price));
	add_line(out, &line);
}

char *oracle_summary(const char *const *texts, size_t count)
{
	struct buf text;
	char *copy;

	buf_init(&text, LINE_LIMIT);
	buf_printf(&text, "%zu:", count);
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "<%s>", texts[i]);
	copy = strdup(buf_cstr(&text));
	buf_release(&text);
	if (!copy)
		abort();
	return copy;
}

/* ---- the tables as they stand in the end ---- */

static const struct oracle_hotel *hotel_of(const struct oracle_world *w, const char *id)
{
	const struct oracle_hotel *last = NULL;

	for (size_t i = 0; i < w->hotel_count; i++) {
		if (strcmp(w->hotels[i].hotel_id, id) == 0)
			last = &w->hotels[i];
	}
	return last && !last->deleted ? last : NULL;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* How the address counts: as it is, or in lower case. */
static void address(const struct oracle_world *w, const char *email, char *out, size_t size)
{
	size_t i;

	for (i = 0; email[i] && i + 1 < size; i++)
		out[i] = w->fold_case ? lower(email[i]) : email[i];
	out[i] = 0;
}

#define ADDRESS_SIZE 128

static bool same_address(const struct oracle_world *w, const char *a, const char *b)
{
	char x[ADDRESS_SIZE], y[ADDRESS_SIZE];

	address(w, a, x, sizeof(x));
	address(w, b, y, sizeof(y));
	return strcmp(x, y) == 0;
}

bool oracle_erased(const struct oracle_world *w, const char *email)
{
	bool was_deleted = false;

	for (size_t i = 0; i < w->customer_count; i++) {
		const struct oracle_customer *change = &w->customers[i];
		const char *old = NULL;
		bool last = true;

		for (size_t k = i; k-- > 0 && !old;) { /* the row before this change */
			if (strcmp(w->customers[k].customer_id, change->customer_id) == 0) {
				old = w->customers[k].deleted ? "" : w->customers[k].email;
			}
		}
		for (size_t k = i + 1; k < w->customer_count; k++)
			last = last && strcmp(w->customers[k].customer_id, change->customer_id) != 0;
		if (last && !change->deleted && same_address(w, change->email, email))
			return false; /* somebody lives here */
		if (change->deleted && old && same_address(w, old, email))
			was_deleted = true;
		else if (!change->deleted && same_address(w, change->email, email))
			was_deleted = false; /* created again */
	}
	return was_deleted;
}

/* ---- the abandoned click ---- */

static bool is_target(const struct oracle_world *w, size_t index)
{
	const struct oracle_click *c = &w->clicks[index];

	if (strcmp(c->action, "booking-click") != 0 || !c->email || !c->hotel_id || !*c->email ||
	    !*c->hotel_id)
		return false;
	for (size_t i = 0; i < index; i++) { /* GROUP BY customer, hotel, time */
		const struct oracle_click *o = &w->clicks[i];

		if (o->time == c->time && strcmp(o->action, c->action) == 0 && o->email && o->hotel_id &&
		    same_address(w, o->email, c->email) && strcmp(o->hotel_id, c->hotel_id) == 0)
			return false;
	}
	for (size_t i = 0; i < w->booking_count; i++) {
		const struct oracle_booking *b = &w->bookings[i];

		if (same_address(w, b->email, c->email) && b->time >= c->time &&
		    b->time <= c->time + w->window &&
		    (!w->match_hotel || strcmp(b->hotel_id, c->hotel_id) == 0))
			return false;
	}
	return !oracle_erased(w, c->email);
}

/* ---- similar hotels ---- */

static size_t similar_to(const struct oracle_world *w, const struct oracle_hotel *h, const char **names,
			 size_t max)
{
	const char *last = "";
	size_t count = 0;

	if (!h->city || !h->amenities)
		return 0;
	for (;;) { /* the smallest id above the last one, again and again */
		const struct oracle_hotel *next = NULL;

		for (size_t i = 0; i < w->hotel_count; i++) {
			const struct oracle_hotel *o = &w->hotels[i];

			if (strcmp(o->hotel_id, last) <= 0 ||
			    (next && strcmp(o->hotel_id, next->hotel_id) >= 0))
				continue;
			if (o != hotel_of(w, o->hotel_id) || strcmp(o->hotel_id, h->hotel_id) == 0)
				continue;
			if (o->city && o->amenities && strcmp(o->city, h->city) == 0 &&
			    strcmp(o->amenities, h->amenities) == 0)
				next = o;
		}
		if (!next || count == max)
			return count;
		names[count++] = next->name;
		last = next->hotel_id;
	}
}

/* ---- reviews ---- */

static const char *hotel_of_review(const struct oracle_world *w, const struct oracle_review *r)
{
	if (r->hotel_id)
		return r->hotel_id;
	for (size_t i = 0; r->booking_id && i < w->booking_count; i++) {
		if (strcmp(w->bookings[i].booking_id, r->booking_id) == 0)
			return w->bookings[i].hotel_id;
	}
	return NULL;
}

static bool replaced(const struct oracle_world *w, size_t index)
{
	for (size_t i = index + 1; i < w->review_count; i++) {
		if (strcmp(w->reviews[i].review_id, w->reviews[index].review_id) == 0)
			return true;
	}
	return false;
}

static int review_before(const struct oracle_review *a, const struct oracle_review *b)
{
	return a->created_at != b->created_at ? a->created_at < b->created_at
					      : strcmp(a->review_id, b->review_id) < 0;
}

static size_t reviews_of(const struct oracle_world *w, const char *hotel, int64_t time, const char **texts,
			 size_t max)
{
	const struct oracle_review *last = NULL;
	int64_t from = calendar_month_before(time);
	size_t count = 0;

	for (;;) {
		const struct oracle_review *next = NULL;

		for (size_t i = 0; i < w->review_count; i++) {
			const struct oracle_review *r = &w->reviews[i];
			const char *of = hotel_of_review(w, r);

			if (!of || strcmp(of, hotel) != 0 || replaced(w, i))
				continue;
			if (r->created_at < from || r->created_at > time)
				continue;
			if ((!last || review_before(last, r)) && (!next || review_before(r, next)))
				next = r;
		}
		if (!next || count == max)
			return count;
		texts[count++] = next->text;
		last = next;
	}
}

/* ---- the two results ---- */

#define ORACLE_MAX 256

static void one_target(const struct oracle_world *w, const struct oracle_click *c, struct lines *out)
{
	const struct oracle_hotel *h = hotel_of(w, c->hotel_id);
	const char *similar[ORACLE_MAX], *texts[ORACLE_MAX];
	struct line_target t = {.hotel_id = c->hotel_id, .time = c->time, .similar = similar};
	char email[ADDRESS_SIZE];
	struct buf joined;
	char *summary;
	size_t count;

	if (!h)
		return;
	count = reviews_of(w, c->hotel_id, c->time, texts, ORACLE_MAX);
	if (count == 0 && w->reviews_required)
		return;
	address(w, c->email, email, sizeof(email));
	t.email = email;
	t.name = h->name ? h->name : "Unknown";
	t.city = h->city ? h->city : "Unknown";
	t.similar_count = similar_to(w, h, similar, ORACLE_MAX);
	buf_init(&joined, LINE_LIMIT);
	for (size_t i = 0; i < count; i++)
		buf_printf(&joined, "%s%s", i ? "||| " : "", texts[i]);
	t.reviews = buf_cstr(&joined);
	summary = count ? oracle_summary(texts, count) : strdup("NO REVIEWS FOUND.");
	t.summary = summary;
	line_target(out, &t);
	free(summary);
	buf_release(&joined);
}

void oracle_targets(const struct oracle_world *w, struct lines *out)
{
	for (size_t i = 0; i < w->click_count; i++) {
		if (is_target(w, i))
			one_target(w, &w->clicks[i], out);
	}
	lines_sort(out);
}

void oracle_bookings(const struct oracle_world *w, struct lines *out)
{
	for (size_t i = 0; i < w->booking_count; i++) {
		const struct oracle_booking *b = &w->bookings[i];
		const struct oracle_hotel *h = hotel_of(w, b->hotel_id);
		struct line_booking line = {b->booking_id, b->email,	b->hotel_id,  NULL,    NULL,
					    NULL,	   b->check_in, b->check_out, b->price};
		char email[ADDRESS_SIZE];

		if (!h)
			continue;
		address(w, b->email, email, sizeof(email));
		line.email = email;
		line.name = h->name;
		line.city = h->city;
		line.country = h->country;
		line_booking(out, &line);
	}
	lines_sort(out);
}
