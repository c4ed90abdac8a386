#ifndef RIVER_TEST_STORY_H
#define RIVER_TEST_STORY_H

/* A story being played: one pipeline, its durable image, and all that came out
 * and was not yet expected. The language is described in README.md. */

#include "hotels/pipeline.h"
#include "test/scenario/image.h"
#include "test/scenario/words.h"

#include <stdio.h>

#define STORY_MAX_PARTITIONS 8
#define HEARD_MAX_FIELDS     9
#define HEARD_MAX_SIMILAR    64

/* The address of the records that `watermark past` sends. Never shown. */
#define STORY_FILLER "filler@riverd.test"

/* One output, copied. Field k is the k-th of heard_shape(topic). */
struct heard {
	struct hash_id id;
	struct value fields[HEARD_MAX_FIELDS];
	struct value similar[HEARD_MAX_SIMILAR];
	size_t similar_count;
	char *bytes;	/* owned: what the values point into */
	bool committed; /* a checkpoint was taken since */
};

/* What a topic is called in stories and which fields it has. */
struct heard_shape {
	const char *word;
	const char *fields[HEARD_MAX_FIELDS + 1]; /* NULL-terminated */
	int positional;				  /* so many of the first fields are given without a name */
	bool has_similar;
};
const struct heard_shape *heard_shape(enum output_topic topic);

struct queue {
	struct heard *items; /* owned */
	size_t count, cap;
};

/* A question for the model. */
struct asked {
	struct hash_id hash;
	struct slice *texts; /* owned, with their bytes */
	size_t count;
	bool expected; /* a story line has taken it */
	bool answered;
	bool this_life; /* asked since the last restart */
};

struct seen {
	struct hash_id id;
	bool committed;
};

enum model { MODEL_AUTO, MODEL_INSTANT, MODEL_DOWN };

struct story {
	const char *path;
	int line;
	bool failed;
	bool restart_everywhere; /* the second way to play: a restart after every line */
	bool once;		 /* this story must not be played that way */

	struct pipeline_config config;
	struct pipeline_ports ports;
	struct pipeline *pipeline; /* NULL until the first event */
	struct image image;
	struct pipeline_counters before; /* of earlier lives */

	int partitions[INPUTS];
	int64_t max_time[INPUTS][STORY_MAX_PARTITIONS]; /* INT64_MIN: no record yet */
	int64_t offsets[INPUTS][STORY_MAX_PARTITIONS];
	int64_t now; /* wall clock; INT64_MIN: not set */
	int64_t day;
	bool ready; /* dimensions */
	bool held;  /* several lines, then one advance */

	enum model model;
	struct asked *asked;
	size_t asked_count;

	struct seen *seen; /* every target that came, taken by the story or not; owned */
	size_t seen_count;
	bool watched[OUTPUTS];
	struct queue heard[OUTPUTS];
	char **erased; /* addresses that the pipeline told to erase; owned */
	size_t erased_count;

	uint64_t records;
	uint64_t dispositions[DISPOSITIONS];
};

/* Says what is wrong, with file and line, and ends the story. Returns -1. */
int story_fail(struct story *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Makes the pipeline when there is none yet. */
int story_begin(struct story *s);
/* Lets the pipeline decide what it can, and answers questions when the model is up. */
void story_advance(struct story *s);

/* story_ports.c: what comes out of the pipeline. */
void story_ports_init(struct story *s);
void story_ports_release(struct story *s);
void story_answer_all(struct story *s);
int story_answer(struct story *s, struct asked *q, struct slice summary);
void heard_print(FILE *to, const struct story *s, enum output_topic topic, const struct heard *h);
void heard_remove(struct queue *q, size_t index);
void value_print(FILE *to, const struct value *v);
bool value_same(const struct value *a, const struct value *b);

/* story_life.c: start, checkpoint, restart, crash. */
int story_checkpoint(struct story *s);
int story_restart(struct story *s);
int story_crash(struct story *s);

/* story_setup.c, story_input.c, story_expect.c: the lines. Each returns 1 when
 * the line was of its kind, 0 when not, -1 when it failed. */
int story_setup(struct story *s, struct words *w);
int story_input(struct story *s, struct words *w);
int story_expect(struct story *s, struct words *w);

/* What must hold at the end of every story. */
int story_finish(struct story *s);

#endif
