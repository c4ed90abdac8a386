/* The randomised comparison with the oracle.
 *
 *     random_compare --seeds N --first S    N worlds from seed S on
 *     random_compare --show S               one world, for people, and both results
 *
 * Each seed makes two worlds. One is in bounds: two runs of it, each with its
 * own interleaving, batches, restarts and crashes, must both give the oracle's
 * targets and bookings. The other has records that are late beyond all bounds:
 * there nobody who booked may be a target, no target may come twice, and no
 * state may be left. */

#include "test/scenario/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tally {
	uint64_t passed, failed, targets, bookings, restarts, crashes;
};

static bool same_lines(const struct lines *a, const struct lines *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return true;
}

/* Both are sorted: prints what only one of them has. */
static void print_difference(const struct lines *expected, const struct lines *came)
{
	size_t e = 0, c = 0;

	while (e < expected->count || c < came->count) {
		int order = e == expected->count ? 1
			    : c == came->count	 ? -1
						 : strcmp(expected->items[e], came->items[c]);

		if (order == 0) {
			e++;
			c++;
		} else if (order < 0) {
			printf("    missing: %s\n", expected->items[e++]);
		} else {
			printf("    too many: %s\n", came->items[c++]);
		}
	}
}

static bool compare_run(const struct world *w, uint64_t course, const struct lines *targets,
			const struct lines *bookings, struct tally *tally)
{
	struct run_result r;
	bool fine = true;

	run_world(w, course, &r);
	tally->targets += r.targets.count;
	tally->bookings += r.bookings.count;
	tally->restarts += (uint64_t)r.restarts;
	tally->crashes += (uint64_t)r.crashes;
	if (r.error[0]) {
		printf("  course %llx: %s\n", (unsigned long long)course, r.error);
		fine = false;
	}
	if (targets && !same_lines(targets, &r.targets)) {
		printf("  course %llx (%d restarts, %d crashes): other targets than the oracle's\n",
		       (unsigned long long)course, r.restarts, r.crashes);
		print_difference(targets, &r.targets);
		fine = false;
	}
	if (bookings && !same_lines(bookings, &r.bookings)) {
		printf("  course %llx (%d restarts, %d crashes): other bookings than the oracle's\n",
		       (unsigned long long)course, r.restarts, r.crashes);
		print_difference(bookings, &r.bookings);
		fine = false;
	}
	run_release(&r);
	return fine;
}

static bool one_seed(uint64_t seed, struct tally *tally)
{
	static struct world w; /* too large for the stack; made anew each time */
	struct lines targets = {0}, bookings = {0};
	bool fine;

	world_make(&w, seed, WORLD_IN_BOUNDS);
	oracle_targets(&w.tables, &targets);
	oracle_bookings(&w.tables, &bookings);
	fine = compare_run(&w, seed * 4, &targets, &bookings, tally);
	fine = compare_run(&w, seed * 4 + 1, &targets, &bookings, tally) && fine;
	lines_release(&targets);
	lines_release(&bookings);

	world_make(&w, seed, WORLD_LATE); /* bookings are joined however late they are */
	oracle_bookings(&w.tables, &bookings);
	fine = compare_run(&w, seed * 4 + 2, NULL, &bookings, tally) && fine;
	lines_release(&bookings);
	if (!fine)
		printf("seed %llu failed. Again: random_compare --seeds 1 --first %llu; "
		       "the world: random_compare --show %llu\n",
		       (unsigned long long)seed, (unsigned long long)seed, (unsigned long long)seed);
	return fine;
}

static void show(uint64_t seed)
{
	static struct world w;
	struct lines lines = {0};

	world_make(&w, seed, WORLD_LATE);
	printf("late ");
	world_print(&w);
	world_make(&w, seed, WORLD_IN_BOUNDS);
	world_print(&w);
	oracle_targets(&w.tables, &lines);
	oracle_bookings(&w.tables, &lines);
	printf("the oracle says:\n");
	for (size_t i = 0; i < lines.count; i++)
		printf("  %s\n", lines.items[i]);
	lines_release(&lines);
}

int main(int argc, char **argv)
{
	uint64_t seeds = 1000, first = 1;
	struct tally tally = {0};

	for (int i = 1; i + 1 < argc; i += 2) {
		uint64_t number = strtoull(argv[i + 1], NULL, 10);

		if (strcmp(argv[i], "--show") == 0) {
			show(number);
			return one_seed(number, &tally) ? 0 : 1;
		}
		if (strcmp(argv[i], "--seeds") == 0)
			seeds = number;
		else if (strcmp(argv[i], "--first") == 0)
			first = number;
		else
			return 64;
	}
	for (uint64_t i = 0; i < seeds; i++) {
		if (one_seed(first + i, &tally))
			tally.passed++;
		else
			tally.failed++;
		if ((i + 1) % 2500 == 0 || i + 1 == seeds)
			printf("%llu seeds: %llu targets, %llu bookings, %llu restarts, %llu crashes\n",
			       (unsigned long long)i + 1, (unsigned long long)tally.targets,
			       (unsigned long long)tally.bookings, (unsigned long long)tally.restarts,
			       (unsigned long long)tally.crashes);
		fflush(stdout);
		if (tally.failed == 20) {
			printf("that is enough\n");
			break;
		}
	}
	printf("%llu passed, %llu failed\n", (unsigned long long)tally.passed,
	       (unsigned long long)tally.failed);
	return tally.failed > 0 || tally.passed == 0;
}
