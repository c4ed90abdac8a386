/* The dimension tables: hotels, customers, reviews, the booking memory. */

#include "base/random.h"
#include "hotels/booking_memory.h"
#include "hotels/customer_table.h"
#include "hotels/field.h"
#include "hotels/hotel_table.h"
#include "hotels/review_store.h"
#include "test/lib/cmocka_all.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

static struct value text(const char *s)
{
	return s == NULL ? field_null() : field_string(slice_str(s));
}

static const struct hotel *put(struct hotel_table *t, const char *id, const char *name, const char *city,
			       const char *amenities)
{
	struct hotel h = {.id = slice_str(id),
			  .name = text(name),
			  .city = text(city),
			  .amenities = text(amenities)};

	return hotel_table_put(t, &h);
}

static const char *similar(struct hotel_table *t, const char *id)
{
	static char out[200];
	const struct value *names;
	size_t n = hotel_table_similar(t, hotel_table_get(t, slice_str(id)), &names), at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, SLICE_FMT " ", SLICE_ARG(names[i].s));
	return out;
}

static void similar_hotels_share_city_and_amenities(void **state)
{
	struct hotel_table t;

	(void)state;
	hotel_table_init(&t, 1);
	put(&t, "3", "C", "ab", "c");
	put(&t, "1", "A", "ab", "c");
	put(&t, "2", "B", "a", "bc");
	put(&t, "4", "D", NULL, "c");
	put(&t, "5", "E", NULL, "c");
	put(&t, "10", "J", "ab", "c");
	assert_string_equal(similar(&t, "3"), "A J ");
	assert_string_equal(similar(&t, "1"), "J C "); /* by bytes: 10 before 3 */
	assert_string_equal(similar(&t, "2"), "");
	assert_string_equal(similar(&t, "4"), "");
	put(&t, "2", "B", "ab", "c"); /* moves */
	put(&t, "3", "C", "ab", NULL);
	assert_string_equal(similar(&t, "1"), "J B ");
	assert_true(hotel_table_remove(&t, slice_str("10")));
	assert_false(hotel_table_remove(&t, slice_str("10")));
	assert_string_equal(similar(&t, "1"), "B ");
	hotel_table_release(&t);
}

static void an_equal_hotel_is_no_change(void **state)
{
	struct hotel_table t;

	(void)state;
	hotel_table_init(&t, 1);
	assert_non_null(put(&t, "1", NULL, "x", "y"));
	assert_null(put(&t, "1", NULL, "x", "y"));
	assert_non_null(put(&t, "1", "", "x", "y")); /* empty is not null */
	assert_null(put(&t, "1", "", "x", "y"));
	hotel_table_release(&t);
}

/* There may be millions of them, and all that is done with them is to forget them. */
static void a_customer_needs_little_memory(void **state)
{
	enum { MANY = 20000 };
	struct customer_table t;
	size_t before = mallinfo2().uordblks, each;

	(void)state;
	customer_table_init(&t, 1);
	for (int i = 0; i < MANY; i++) {
		char id[16], email[40];

		snprintf(id, sizeof(id), "C%09d", i);
		snprintf(email, sizeof(email), "customer%08d@example.com", i);
		customer_table_put(&t, slice_str(id), slice_str(email));
	}
	each = (mallinfo2().uordblks - before) / MANY; /* 0 where a sanitizer's malloc counts nothing */
	assert_true(each <= 88);		       /* beside the places, which have pages of their own */
	assert_true(t.by_id.places.now.cap <= (size_t)MANY * 4);
	customer_table_release(&t);
}

static void an_address_lives_as_long_as_a_customer_has_it(void **state)
{
	struct customer_table t;
	struct slice email;

	(void)state;
	customer_table_init(&t, 1);
	assert_true(customer_table_put(&t, slice_str("1"), slice_str("a")));
	assert_false(customer_table_put(&t, slice_str("1"), slice_str("a")));
	assert_true(customer_table_put(&t, slice_str("2"), slice_str("a")));
	assert_true(customer_table_put(&t, slice_str("1"), slice_str("")));
	assert_true(customer_table_get(&t, slice_str("1"), &email));
	assert_int_equal(email.len, 0);
	assert_true(customer_table_address_live(&t, slice_str("a")));
	customer_table_remove(&t, slice_str("2"));
	assert_false(customer_table_address_live(&t, slice_str("a")));
	customer_table_remove(&t, slice_str("2"));
	assert_int_equal(customer_table_count(&t), 1);
	customer_table_release(&t);
}

static void suppression_agrees_with_a_plain_set(void **state)
{
	bool in[300] = {false};
	struct customer_table t;
	struct random r;
	char email[16];

	(void)state;
	customer_table_init(&t, 1);
	random_init(&r, 5);
	for (int i = 0; i < 20000; i++) {
		int k = (int)random_below(&r, 300);
		struct slice s;

		snprintf(email, sizeof(email), "e%d", k);
		s = slice_str(email);
		if (i % 50 == 0) {
			assert_int_equal(customer_table_suppress(&t, customer_address_hash(s)), !in[k]);
			in[k] = true;
		} else if (i % 77 == 0) {
			assert_int_equal(customer_table_release_address(&t, s), in[k]);
			in[k] = false;
		}
		assert_int_equal(customer_table_suppressed(&t, s), in[k]);
	}
	customer_table_release(&t);
}

static void review(struct review_store *s, const char *id, const char *hotel, const char *booking, int64_t at)
{
	review_store_put(s, slice_str(id), slice_str(hotel), slice_str(booking), slice_str("text"),
			 event_time_at(at));
}

static const char *between(struct review_store *s, const char *hotel, int64_t from, int64_t to)
{
	static char out[200];
	struct review *const *reviews;
	size_t n = review_store_between(s, slice_str(hotel), event_time_at(from), event_time_at(to),
					&reviews),
	       at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, SLICE_FMT " ", SLICE_ARG(reviews[i]->id));
	return out;
}

static void reviews_stand_in_order_of_time_and_id(void **state)
{
	struct review_store s;

	(void)state;
	review_store_init(&s, 1);
	review(&s, "c", "h", "", 30);
	review(&s, "b", "h", "", 20);
	review(&s, "a", "h", "", 30);
	review(&s, "d", "h", "", 10);
	review(&s, "x", "g", "", 20);
	assert_string_equal(between(&s, "h", 0, 100), "d b a c ");
	assert_string_equal(between(&s, "h", 20, 30), "b a c ");
	assert_string_equal(between(&s, "h", 21, 29), "");
	assert_string_equal(between(&s, "nowhere", 0, 100), "");
	review(&s, "d", "h", "", 40); /* again, with another time */
	review(&s, "b", "g", "", 20); /* again, at another hotel */
	assert_string_equal(between(&s, "h", 0, 100), "a c d ");
	assert_string_equal(between(&s, "g", 0, 100), "b x ");
	assert_int_equal(s.shelved, 5);
	review_store_release(&s);
}

static void reviews_leave_when_they_are_old(void **state)
{
	uint64_t expired = 0, unresolved = 0;
	struct review_store s;
	char id[16];

	(void)state;
	review_store_init(&s, 1);
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "r%d", i);
		review(&s, id, i % 3 ? "h" : "", i % 3 ? "" : "b", (i * 7919) % 1000);
	}
	assert_int_equal(s.waiting, 334);
	review_store_expire(&s, event_time_at(995), &expired, &unresolved);
	assert_int_equal(expired + unresolved, 995);
	assert_int_equal(s.shelved + s.waiting, 5);
	review_store_expire(&s, event_time_at(5000), &expired, &unresolved);
	assert_int_equal(unresolved, 334);
	assert_int_equal(s.shelves.count + s.waits.count + s.by_id.count, 0);
	review_store_release(&s);
}

static const char *hotel_of(const struct booking_memory *m, const char *booking)
{
	static char out[16];
	struct slice hotel;

	if (!booking_memory_get(m, slice_str(booking), &hotel))
		return "";
	snprintf(out, sizeof(out), SLICE_FMT, SLICE_ARG(hotel));
	return out;
}

static void remember(struct booking_memory *m, const char *booking, const char *hotel, int64_t at)
{
	booking_memory_put(m, slice_str(booking), slice_str(hotel), event_time_at(at));
}

static void the_later_booking_of_an_id_counts(void **state)
{
	struct booking_memory m;

	(void)state;
	booking_memory_init(&m, 1000, 1);
	remember(&m, "b", "h1", 500);
	remember(&m, "b", "h2", 400); /* came later, but is older */
	assert_string_equal(hotel_of(&m, "b"), "h1");
	remember(&m, "b", "h3", 500);
	assert_string_equal(hotel_of(&m, "b"), "h3");
	assert_int_equal(m.table.count, 1);
	booking_memory_advance(&m, event_time_at(1500));
	assert_string_equal(hotel_of(&m, "b"), "h3");
	booking_memory_advance(&m, event_time_at(1501));
	assert_string_equal(hotel_of(&m, "b"), "");
	remember(&m, "b", "h4", 500); /* too old to be remembered */
	assert_string_equal(hotel_of(&m, "b"), "");
	booking_memory_release(&m);
}

static void a_memory_of_nothing_remembers_nothing(void **state)
{
	struct booking_memory m;

	(void)state;
	booking_memory_init(&m, 0, 1);
	remember(&m, "b", "h", 500);
	assert_string_equal(hotel_of(&m, "b"), "");
	booking_memory_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(similar_hotels_share_city_and_amenities),
		cmocka_unit_test(an_equal_hotel_is_no_change),
		cmocka_unit_test(an_address_lives_as_long_as_a_customer_has_it),
		cmocka_unit_test(a_customer_needs_little_memory),
		cmocka_unit_test(suppression_agrees_with_a_plain_set),
		cmocka_unit_test(reviews_stand_in_order_of_time_and_id),
		cmocka_unit_test(reviews_leave_when_they_are_old),
		cmocka_unit_test(the_later_booking_of_an_id_counts),
		cmocka_unit_test(a_memory_of_nothing_remembers_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
