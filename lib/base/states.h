#ifndef RIVER_BASE_STATES_H
#define RIVER_BASE_STATES_H

/* State machines as tables: names, allowed successors, checked at each move.
 *
 *   static const struct state_def txn_states[] = {
 *           [TXN_IDLE] = {"idle", STATE_TO(TXN_OPEN)},
 *           ...
 *   };
 *   state_move(&txn->state, TXN_OPEN, txn_states);
 *
 * An illegal move is a bug in riverd: it aborts with both names. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct state_def {
	const char *name;
	uint32_t successors; /* bit n: state n may follow */
};

#define STATE_TO(s) (1u << (s))

static inline void state_move(int *state, int to, const struct state_def *table)
{
	if (!(table[*state].successors & (1u << to))) {
		fprintf(stderr, "riverd: illegal move from state %s to %s\n", table[*state].name,
			table[to].name);
		abort();
	}
	*state = to;
}

#endif
