#ifndef RIVERD_DEAD_LETTERS_REPLAY_H
#define RIVERD_DEAD_LETTERS_REPLAY_H

/* Writes dead letters back to where they came from.
 *
 * Each goes to its own topic and partition with its key, value, headers and
 * timestamp as they were (one header more says which dead letter it is), and in
 * the same Kafka transaction a mark goes to the dead-letter topic. What is
 * marked is not replayed again, so that a replay can be repeated after any
 * trouble: every dead letter is written back once. Two replays at a time: the
 * later one fences the earlier (transactional.id with -replay behind it), and
 * sees all marks of what that one had committed. */

#include "daemon/dead_letters_read.h"
#include "wire/dead_letter_read.h"

struct dead_letters_place {
	int32_t partition;
	int64_t offset;
};

struct dead_letters_selection {
	const char *reason, *topic;		 /* NULL: any */
	const struct dead_letters_place *places; /* none: any */
	size_t place_count;
	bool again; /* also what is marked */
	bool now;   /* the time of the replay instead of the record's */
};

/* Marks, collected by a scan. */
struct dead_letters_marks {
	struct dead_letters_place *items; /* owned */
	size_t count, size;
};
void dead_letters_marks_release(struct dead_letters_marks *m);
/* -1 when out of memory. */
int dead_letters_marks_add(struct dead_letters_marks *m, int32_t partition, int64_t offset);
/* To be called once after the last add. */
void dead_letters_marks_sort(struct dead_letters_marks *m);
bool dead_letters_marked(const struct dead_letters_marks *m, int32_t partition, int64_t offset);

/* Whether a dead letter (view of m) is meant. Marks do not matter here. */
bool dead_letters_selected(const struct dead_letters_selection *s, const struct message *m,
			   const struct dead_letter_view *v);

/* Number of records written back in *done. -1 and err: what was committed until
 * then is written back and marked, the rest is not. */
int dead_letters_replay(const struct settings *s, struct log *log, struct dead_letters_reader *reader,
			const struct dead_letters_selection *selection, uint64_t *done, struct err *err);

#endif
