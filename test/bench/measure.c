#include "test/bench/measure.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

static int64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t measure_begin(void)
{
	CALLGRIND_START_INSTRUMENTATION;
	CALLGRIND_ZERO_STATS;
	return cpu_ns();
}

double measure_end(int64_t begun, const char *name, size_t times)
{
	double each = (double)(cpu_ns() - begun) / (double)times;
	char text[100];

	snprintf(text, sizeof(text), "%s %zu", name, times);
	CALLGRIND_DUMP_STATS_AT(text);
	CALLGRIND_STOP_INSTRUMENTATION;
	if (RUNNING_ON_VALGRIND)
		return 0;
	printf("%s %.1f\n", text, each);
	fflush(stdout);
	return each;
}

int64_t measure_lap(int64_t *since, const char *part)
{
	int64_t took = cpu_ns() - *since;

	CALLGRIND_DUMP_STATS_AT(part);
	*since = cpu_ns();
	return took;
}

int64_t measure_resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long long pages = 0, ignored;

	if (f != NULL && fscanf(f, "%lld %lld", &ignored, &pages) != 2)
		pages = 0;
	if (f != NULL)
		fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}
