#ifndef RIVER_OPERATORS_TIME_HEAP_H
#define RIVER_OPERATORS_TIME_HEAP_H

/* What is due first? A binary heap of intrusive nodes, ordered by time.
 *
 * Adding something later than all others (the usual case) is O(1), taking the
 * first and removing any is O(log n). Nodes are embedded in their owners. */

#include "event_time/event_time.h"

struct time_heap_node {
	struct event_time time;
	size_t place; /* index in the heap + 1; 0: in none */
};

struct time_heap {
	struct time_heap_node **nodes; /* owned array, borrowed nodes */
	size_t count, cap;
};

#define TIME_HEAP_ENTRY(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

void time_heap_init(struct time_heap *h);
void time_heap_release(struct time_heap *h); /* not the nodes */

void time_heap_add(struct time_heap *h, struct time_heap_node *node, struct event_time time);

/* Harmless when the node is in no heap. */
void time_heap_remove(struct time_heap *h, struct time_heap_node *node);

/* The earliest, or NULL. */
static inline struct time_heap_node *time_heap_first(const struct time_heap *h)
{
	return h->count > 0 ? h->nodes[0] : NULL;
}

/* Removes and returns the earliest when its time is below `limit`, or NULL. */
struct time_heap_node *time_heap_take_below(struct time_heap *h, struct event_time limit);

#endif
