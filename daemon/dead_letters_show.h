#ifndef RIVERD_DEAD_LETTERS_SHOW_H
#define RIVERD_DEAD_LETTERS_SHOW_H

/* Dead letters as text: a table by topic and reason, and one of them whole.
 * Nothing that a record holds can do anything to the terminal. Pure. */

#include "daemon/dead_letters_replay.h"

#define DEAD_LETTERS_GROUPS 512 /* kinds of (topic, reason); more are counted together */

struct dead_letters_group {
	char topic[256], reason[64], sentence[160]; /* sentence: of the latest */
	uint64_t count, replayed;
	int32_t partition; /* place of the latest */
	int64_t offset;
	int64_t first_ms, last_ms;
};

struct dead_letters_table {
	struct dead_letters_group *groups; /* owned */
	size_t count;
	uint64_t records, marks, foreign, others; /* others: beyond the table's size */
};

void dead_letters_table_release(struct dead_letters_table *t);
/* One that is selected; marks and foreign records are counted only. -1: out of memory. */
int dead_letters_table_add(struct dead_letters_table *t, const struct message *m,
			   const struct dead_letter_view *v, bool replayed);
void dead_letters_table_write(struct buf *out, struct dead_letters_table *t, const char *topic);

/* One record: where from, why, headers, key and value (text, or hexadecimal). */
void dead_letters_write(struct buf *out, const struct message *m, const struct dead_letter_view *v,
			bool replayed);

#endif
