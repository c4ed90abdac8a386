#ifndef RIVER_HOTELS_QUESTIONS_H
#define RIVER_HOTELS_QUESTIONS_H

/* What the model was asked and what it said.
 *
 *   target ──► answer known? ── yes ──► emit
 *                 no ──► question open? ── no ──► open it, ask
 *                           yes ──► wait on its list ──► answered: emit all, in order
 *
 * A question is a distinct ordered list of review texts (with model and
 * prompt, in its hash). It keeps the texts once for all the targets that
 * wait for it. Answers are kept up to a number; the oldest goes first. */

#include "base/hash.h"
#include "base/list.h"
#include "base/map.h"
#include "hotels/pipeline.h"

struct question_entry {
	struct hash_id hash; /* first: map_key_hash */
	uint64_t seq;
	struct list all;       /* in the order of opening */
	struct list targets;   /* struct asked_target, in the order of decision */
	struct slice *reviews; /* owned; the texts are shared (base/shared_text.h) */
	size_t count;
	bool asking; /* inside the ask port: freed only after it */
	bool closed;
	bool saved; /* it has a row, and so have its targets */
};

/* A target with everything frozen but the summary. */
struct asked_target {
	struct list link; /* on the question's list */
	uint64_t seq;
	struct event_time time;
	struct slice email, hotel_id, hotel_name, hotel_city; /* behind the struct */
	struct slice similar;				      /* packed.h */
};

struct answer {
	struct hash_id hash; /* first: map_key_hash */
	struct list all;     /* in the order of arrival */
	uint64_t seq;
	struct slice summary; /* behind the struct */
};

struct questions {
	struct map open, answers; /* by hash */
	struct list open_list, answer_list;
	size_t answers_max;
	size_t target_count;
};

void questions_init(struct questions *q, size_t answers_max, uint64_t seed);
void questions_release(struct questions *q);

/* NULL when not known. Borrowed until the next answer. */
const struct answer *questions_answer(const struct questions *q, const struct hash_id *hash);

struct question_entry *questions_find(const struct questions *q, const struct hash_id *hash);

/* Opens one that is not open. Each text is a shared one (base/shared_text.h),
 * and becomes the question's. */
struct question_entry *questions_open(struct questions *q, const struct hash_id *hash, uint64_t seq,
				      const struct slice *reviews, size_t count);

/* Copies the strings. */
void questions_wait(struct questions *q, struct question_entry *e, const struct asked_target *target);

/* The first target that waits, or NULL. */
struct asked_target *questions_first(const struct question_entry *e);

/* Off its list; the caller owns it: free() when done. */
void questions_remove(struct questions *q, struct asked_target *t);

/* Takes a question off the books; its texts stay readable until questions_drop. */
void questions_close(struct questions *q, struct question_entry *e);

/* Frees a closed question, unless the ask port still reads it. */
void questions_drop(struct question_entry *e);

/* Keeps an answer under `seq`. Returns the highest sequence number that had to
 * go for it, or 0. */
uint64_t questions_keep(struct questions *q, const struct hash_id *hash, struct slice summary, uint64_t seq);

#endif
