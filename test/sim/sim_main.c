/* Histories by seed:
 *
 *     sim --seeds N --first S      N of them from S on
 *     sim --trace S                one, told line by line
 *     --twins 1                    with a clone of the database in each
 *     --losses 1                   with a lost database and --rebuild in each
 *     --enough N                   stops after N that failed (20) */

#include "test/sim/sim.h"

#include <malloc.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MAX_CPU_S 30 /* of one history; most take some milliseconds */

/* A loop inside of one step is not seen by the limit of steps. The program
 * ends there: nothing can be put in order after it. */
static struct {
	uint64_t seed, passed, failed;
} under_way;

_Noreturn void __real__exit(int code);

static void on_endless(int signum)
{
	char text[200];
	int n = snprintf(text, sizeof(text),
			 "seed %llu: no end: one step has run for %d s\n"
			 "  again, with every step: make sim-trace SEED=%llu\n%llu passed, %llu failed\n",
			 (unsigned long long)under_way.seed, MAX_CPU_S, (unsigned long long)under_way.seed,
			 (unsigned long long)under_way.passed, (unsigned long long)under_way.failed + 1);

	(void)signum;
	if (write(STDOUT_FILENO, text, (size_t)n) != n)
		__real__exit(2);
	__real__exit(1);
}

static void watch(uint64_t seed, uint64_t passed, uint64_t failed)
{
	const struct itimerval limit = {.it_value = {.tv_sec = MAX_CPU_S}};

	under_way.seed = seed;
	under_way.passed = passed;
	under_way.failed = failed;
	setitimer(ITIMER_VIRTUAL, &limit, NULL);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void report(uint64_t done, uint64_t seeds, const struct sim_counts *c)
{
	double took = (double)clock() / CLOCKS_PER_SEC;

	printf("%llu of %llu histories (%.0f in a second of CPU): %llu lives, %llu kills, %llu power losses, "
	       "%llu "
	       "stops, "
	       "%llu freezes, %llu clones, %llu rebuilds, %llu outages, %llu indefinite, %llu late EndTxns, "
	       "%llu torn, %llu "
	       "fenced, %llu "
	       "expiries, "
	       "%llu restores, %llu refused, %llu full disks; %llu targets, %llu bookings, %llu dead "
	       "letters\n",
	       (unsigned long long)done, (unsigned long long)seeds, (double)done / (took > 0 ? took : 1),
	       (unsigned long long)c->lives, (unsigned long long)c->crashes,
	       (unsigned long long)c->power_losses, (unsigned long long)c->stops,
	       (unsigned long long)c->freezes, (unsigned long long)c->twins, (unsigned long long)c->losses,
	       (unsigned long long)c->outages, (unsigned long long)c->indefinite,
	       (unsigned long long)c->delayed, (unsigned long long)c->torn, (unsigned long long)c->fenced,
	       (unsigned long long)c->expiries, (unsigned long long)c->restores,
	       (unsigned long long)c->refused, (unsigned long long)c->disk_full,
	       (unsigned long long)c->targets, (unsigned long long)c->bookings,
	       (unsigned long long)c->dead_letters);
	fflush(stdout);
}

static int run(uint64_t first, uint64_t seeds, uint64_t enough, const struct sim_options *options)
{
	struct sim_counts counts = {0};
	double said = seconds();
	uint64_t passed = 0, failed = 0;

	for (uint64_t i = 0; i < seeds && failed < enough; i++) {
		watch(first + i, passed, failed);
		if (sim_history(first + i, options, &counts)) {
			passed++;
		} else {
			failed++;
			printf("  again, with every step: make sim-trace SEED=%llu\n",
			       (unsigned long long)(first + i));
		}
		if (seconds() - said > 10 || i + 1 == seeds || failed == enough) {
			report(i + 1, seeds, &counts);
			said = seconds();
		}
	}
	if (failed == enough)
		printf("that is enough\n");
	printf("%llu passed, %llu failed\n", (unsigned long long)passed, (unsigned long long)failed);
	return failed > 0 || passed == 0;
}

int main(int argc, char **argv)
{
	uint64_t seeds = 1000, first = 1, enough = 20;
	struct sim_options options = {0};
	char dir[] = "/dev/shm/riverd-sim-XXXXXX", fallback[] = "/tmp/riverd-sim-XXXXXX";
	int code;

	for (int i = 1; i + 1 < argc; i += 2) {
		uint64_t number = strtoull(argv[i + 1], NULL, 10);

		if (strcmp(argv[i], "--seeds") == 0)
			seeds = number;
		else if (strcmp(argv[i], "--first") == 0)
			first = number;
		else if (strcmp(argv[i], "--losses") == 0)
			options.losses = number != 0;
		else if (strcmp(argv[i], "--twins") == 0)
			options.twins = number != 0;
		else if (strcmp(argv[i], "--enough") == 0)
			enough = number > 0 ? number : 1;
		else if (strcmp(argv[i], "--trace") == 0) {
			options.tracing = true;
			first = number;
			seeds = 1;
		} else {
			return 64;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	options.dir = mkdtemp(dir) ? dir : mkdtemp(fallback);
	if (!options.dir)
		return 1;
	signal(SIGVTALRM, on_endless);
	disk_install();
	mallopt(M_MMAP_THRESHOLD, 1 << 30); /* lives come and go: memory stays */
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	code = run(first, seeds, enough, &options);
	rmdir(options.dir);
	return code;
}
