#include "daemon/replay.h"

#include <string.h>

void replay_start(struct replay *r, int64_t from)
{
	r->marks[0] = (struct replay_mark){from, INT64_MIN};
	r->count = 1;
}

/* Half of the marks: coarser, and no less true. The first stays. */
static void thin(struct replay *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->count; i += 2)
		r->marks[kept++] = r->marks[i];
	r->count = kept;
}

void replay_note(struct replay *r, int64_t offset, int64_t highest_ms)
{
	const struct replay_mark *last = r->count > 0 ? &r->marks[r->count - 1] : NULL;

	if (last != NULL &&
	    (offset <= last->offset || highest_ms < last->highest_ms ||
	     (last->highest_ms != INT64_MIN && highest_ms - last->highest_ms < REPLAY_GRAIN_MS)))
		return;
	if (r->count == REPLAY_MARKS)
		thin(r);
	r->marks[r->count++] = (struct replay_mark){offset, highest_ms};
}

int64_t replay_from(struct replay *r, int64_t settled_ms, int64_t offset, int64_t highest_ms)
{
	size_t last = 0;

	if (highest_ms < settled_ms)
		return offset;
	while (last + 1 < r->count && r->marks[last + 1].highest_ms < settled_ms)
		last++;
	if (last > 0) {
		memmove(r->marks, r->marks + last, (r->count - last) * sizeof(*r->marks));
		r->count -= last;
	}
	return r->count > 0 && r->marks[0].offset < offset ? r->marks[0].offset : offset;
}
