#include "world/world_plan.h"

#include <stdlib.h>

void plans_init(struct plans *p)
{
	*p = (struct plans){0};
}

void plans_release(struct plans *p)
{
	free(p->heap);
	plans_init(p);
}

static bool earlier(const struct plan *a, const struct plan *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void plans_push(struct plans *p, struct plan plan)
{
	size_t at = p->count++;

	if (p->count > p->capacity) {
		p->capacity = p->capacity ? 2 * p->capacity : 256;
		p->heap = realloc(p->heap, p->capacity * sizeof(*p->heap));
		if (p->heap == NULL)
			abort();
	}
	plan.order = p->next_order++;
	while (at > 0 && earlier(&plan, &p->heap[(at - 1) / 2])) {
		p->heap[at] = p->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	p->heap[at] = plan;
}

const struct plan *plans_first(const struct plans *p)
{
	return p->count ? &p->heap[0] : NULL;
}

struct plan plans_pop(struct plans *p)
{
	struct plan first = p->heap[0], last = p->heap[--p->count];
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= p->count)
			break;
		if (child + 1 < p->count && earlier(&p->heap[child + 1], &p->heap[child]))
			child++;
		if (!earlier(&p->heap[child], &last))
			break;
		p->heap[at] = p->heap[child];
		at = child;
	}
	p->heap[at] = last;
	return first;
}
