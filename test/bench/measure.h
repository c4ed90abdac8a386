#ifndef RIVER_TEST_BENCH_MEASURE_H
#define RIVER_TEST_BENCH_MEASURE_H

/* What a piece of work costs. Under callgrind: its instructions, as a profile of
 * its own that test/bench/limits reads; without: its CPU time, as a line
 *
 *   NAME TIMES NANOSECONDS_EACH
 *
 * Start callgrind with --instr-atstart=no: what is not measured then runs at
 * almost full speed. One measurement at a time. */

#include <stddef.h>
#include <stdint.h>

/* Begins counting. Returns what measure_end wants. */
int64_t measure_begin(void);
/* Ends it: `times` is how often the work was done. Returns the CPU nanoseconds
 * of one (of the thread), 0 under callgrind. */
double measure_end(int64_t begun, const char *name, size_t times);

/* Nanoseconds since *since, which moves on; callgrind dumps what came to pass as `part`. */
int64_t measure_lap(int64_t *since, const char *part);

/* Bytes this process has resident. */
int64_t measure_resident(void);

#endif
