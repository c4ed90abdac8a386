#include "operators/time_heap.h"

#include "base/alloc.h"

void time_heap_init(struct time_heap *h)
{
	*h = (struct time_heap){0};
}

void time_heap_release(struct time_heap *h)
{
	free(h->nodes);
	*h = (struct time_heap){0};
}

static void put(struct time_heap *h, size_t i, struct time_heap_node *node)
{
	h->nodes[i] = node;
	node->place = i + 1;
}

static void sift_up(struct time_heap *h, size_t i, struct time_heap_node *node)
{
	while (i > 0 && event_time_before(node->time, h->nodes[(i - 1) / 2]->time)) {
		put(h, i, h->nodes[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(h, i, node);
}

static void sift_down(struct time_heap *h, size_t i, struct time_heap_node *node)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < h->count &&
		    event_time_before(h->nodes[child + 1]->time, h->nodes[child]->time))
			child++;
		if (child >= h->count || !event_time_before(h->nodes[child]->time, node->time))
			break;
		put(h, i, h->nodes[child]);
		i = child;
	}
	put(h, i, node);
}

void time_heap_add(struct time_heap *h, struct time_heap_node *node, struct event_time time)
{
	h->nodes = alloc_grown(h->nodes, &h->cap, h->count + 1, sizeof(*h->nodes));
	node->time = time;
	sift_up(h, h->count++, node);
}

void time_heap_remove(struct time_heap *h, struct time_heap_node *node)
{
	size_t i = node->place;
	struct time_heap_node *last;

	if (i == 0)
		return;
	i--;
	node->place = 0;
	last = h->nodes[--h->count];
	if (last == node)
		return;
	if (i > 0 && event_time_before(last->time, h->nodes[(i - 1) / 2]->time))
		sift_up(h, i, last);
	else
		sift_down(h, i, last);
}

struct time_heap_node *time_heap_take_below(struct time_heap *h, struct event_time limit)
{
	struct time_heap_node *first = time_heap_first(h);

	if (first == NULL || !event_time_before(first->time, limit))
		return NULL;
	time_heap_remove(h, first);
	return first;
}
