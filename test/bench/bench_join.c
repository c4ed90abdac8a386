/* The interval join alone: insert, match, miss, expiry, with N clicks pending.
 *
 *   bench_join N */

#include "operators/interval_join.h"
#include "test/bench/measure.h"

#include <stdio.h>
#include <stdlib.h>

#define WINDOW	 1200000LL
#define LATENESS 600000LL

static size_t told;

static void unmatched(void *ctx, struct slice key, struct slice detail, struct event_time t)
{
	(void)ctx;
	(void)key;
	(void)detail;
	(void)t;
	told++;
}

static struct slice email(char text[29], size_t who)
{
	memcpy(text, "guest.0000000000@example.comx", 29);
	for (size_t i = 16; who > 0; who /= 10)
		text[--i] = (char)('0' + who % 10);
	return slice_make(text, 29);
}

/* Spread over a little less than the window, as if they came one after another. */
static struct event_time time_of(size_t i, size_t n)
{
	return event_time_at((int64_t)((double)i / (double)n * (WINDOW - 1000)));
}

static void insert(struct interval_join *j, size_t n)
{
	char text[29];

	for (size_t i = 0; i < n; i++)
		if (interval_join_left(j, email(text, i), SLICE_LITERAL("H00000042"), time_of(i, n)) !=
		    JOIN_WAITS)
			abort();
}

/* Every k-th customer books: once as the click did, and strangers do. */
static size_t book(struct interval_join *j, size_t n, size_t step, size_t shift)
{
	size_t matched = 0;
	char text[29];

	for (size_t i = 0; i < n; i += step)
		matched += interval_join_right(j, email(text, i + shift), SLICE_LITERAL("H00000042"),
					       time_of(i, n));
	return matched;
}

int main(int argc, char **argv)
{
	size_t n = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	struct interval_join_options options = {.window = WINDOW, .lateness = LATENESS, .seed = 7};
	struct interval_join j;
	int64_t begun;
	size_t hits, misses;

	if (n < 100)
		return 64;
	interval_join_init(&j, &options);
	insert(&j, n); /* once to let the tables grow */
	interval_join_advance(&j, event_time_at(2 * WINDOW + LATENESS), unmatched, NULL);
	interval_join_saved(&j);
	interval_join_release(&j);
	interval_join_init(&j, &options);
	told = 0;
	begun = measure_begin();
	insert(&j, n);
	measure_end(begun, "join.insert", n);
	printf("# %.1f bytes a pending click, its address of 29 and hotel of 9 included\n",
	       (double)timed_table_bytes(&j.left) / (double)n);
	begun = measure_begin();
	hits = book(&j, n, 4, 0);
	measure_end(begun, "join.match", hits);
	begun = measure_begin();
	misses = book(&j, n, 4, n);
	measure_end(begun, "join.miss", n / 4);
	begun = measure_begin();
	interval_join_advance(&j, event_time_at(2 * WINDOW), unmatched, NULL);
	measure_end(begun, "join.decide", told);
	begun = measure_begin();
	interval_join_advance(&j, event_time_at(2 * WINDOW + LATENESS), unmatched, NULL);
	measure_end(begun, "join.expire", told);
	if (hits != (n + 3) / 4 || misses != 0 || told + hits != n || j.left.count != 0)
		return 1;
	interval_join_release(&j);
	return 0;
}
