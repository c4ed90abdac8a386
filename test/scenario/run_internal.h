#ifndef RIVER_TEST_RUN_INTERNAL_H
#define RIVER_TEST_RUN_INTERNAL_H

#include "base/random.h"
#include "test/scenario/image.h"
#include "test/scenario/run.h"

#define RUN_MAX_QUESTIONS 256

/* How fast the model answers. */
enum pace { PACE_INSTANT, PACE_SOON, PACE_SLOW };

struct run_question {
	struct hash_id hash;
	char *summary; /* owned: f(texts) */
	bool open;     /* asked in this life and not answered */
};

/* Where a run stands in its logs: what a checkpoint keeps and a crash goes back to. */
struct run_place {
	int at[INPUTS][WORLD_MAX_PARTITIONS];
	int64_t own_max[INPUTS][WORLD_MAX_PARTITIONS]; /* highest event time consumed */
};

struct run {
	const struct world *world;
	struct run_result *result;
	struct random random;
	struct pipeline *pipeline;
	struct pipeline_ports ports;
	struct image image;
	struct run_place now, saved;
	struct lines new_targets, new_bookings; /* not yet covered by a checkpoint */
	uint64_t records[INPUTS][DISPOSITIONS]; /* of this life */
	bool ready;				/* the dimensions were told to be complete, in this life */
	int64_t wall;
	enum pace pace;
	struct run_question questions[RUN_MAX_QUESTIONS];
	int question_count;
	int lives_left; /* restarts and crashes that may still happen */
};

/* Remembers the first violation. */
void run_broken(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* run_ports.c */
void run_ports_init(struct run *r);
void run_ports_release(struct run *r);
/* Answers some of the open questions, or all. */
void run_answer(struct run *r, bool all);

/* run_check.c: what must hold at the end. */
void run_check_late(struct run *r, enum input input, int32_t partition, int64_t time, bool booking_click,
		    enum disposition got);
void run_check_end(struct run *r);

#endif
