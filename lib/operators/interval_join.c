#include "operators/interval_join.h"

#include "base/alloc.h"

/* Short: a slice that the watermark is in the middle of is looked at again with
 * every step of it. */
#define GRAIN_MS     128
#define SOON_STRIDE  2	  /* items between two steps */
#define BATCH_ENOUGH 1000 /* items */
#define LOOK_MS	     3600000
#define SLICES	     256 /* looked for at once: an advance may stop after a few of them */

/* Decided is a matter of time: t + window < watermark. Only overdue items
 * break that rule, for the short while until the next advance, so they stand
 * in a list of their own. TIMED_DONE is set when an item was told as unmatched,
 * TIMED_SAVED_OPEN when its row has to say that it was not (see
 * interval_join_is_open), so that the row must change when it is. */

void interval_join_init(struct interval_join *j, const struct interval_join_options *options)
{
	memset(j, 0, sizeof(*j));
	j->options = *options;
	timed_table_init(&j->left, GRAIN_MS, options->seed);
	timed_table_init(&j->right, GRAIN_MS, options->seed); /* the same: one hash serves both sides */
	j->decided_below = j->settled_below = EVENT_TIME_MIN;
}

void interval_join_release(struct interval_join *j)
{
	timed_table_release(&j->left);
	timed_table_release(&j->right);
	free(j->overdue);
	free(j->again);
	free(j->batch);
	memset(j, 0, sizeof(*j));
}

static bool is_done(const struct timed_item *i)
{
	return i->flags & TIMED_DONE;
}

static bool is_duplicate(const struct interval_join *j, uint32_t hash, struct slice key, struct slice detail,
			 struct event_time t)
{
	uint32_t newest = timed_table_newest(&j->left, hash, key);

	for (uint32_t ref = newest; ref != TIMED_NONE; ref = timed_table_older(&j->left, ref, newest)) {
		const struct timed_item *i = timed_table_at(&j->left, ref);

		if (i->time_ms < t.ms)
			break;
		if (i->time_ms == t.ms && slice_equal(timed_item_detail(i), detail))
			return true;
	}
	return false;
}

static bool is_matched(const struct interval_join *j, uint32_t hash, struct slice key, struct slice detail,
		       struct event_time t)
{
	uint32_t newest = timed_table_newest(&j->right, hash, key);

	for (uint32_t ref = newest; ref != TIMED_NONE; ref = timed_table_older(&j->right, ref, newest)) {
		const struct timed_item *i = timed_table_at(&j->right, ref);

		if (i->time_ms < t.ms)
			break;
		if (i->time_ms <= t.ms + j->options.window &&
		    (!j->options.match_detail || slice_equal(timed_item_detail(i), detail)))
			return true;
	}
	return false;
}

static void remember(struct interval_join_overdue **list, size_t *count, size_t *cap, uint32_t ref,
		     uint64_t seq)
{
	*list = alloc_grown(*list, cap, *count + 1, sizeof(**list));
	(*list)[(*count)++] = (struct interval_join_overdue){ref, seq};
}

enum join_left interval_join_left(struct interval_join *j, struct slice key, struct slice detail,
				  struct event_time t)
{
	uint32_t hash, ref;

	if (event_time_before(t, j->left.expired_below))
		return JOIN_TOO_LATE;
	hash = timed_hash(key, j->options.seed);
	if (is_duplicate(j, hash, key, detail, t))
		return JOIN_DUPLICATE;
	if (is_matched(j, hash, key, detail, t))
		return JOIN_MATCHED;
	ref = timed_table_add(&j->left, hash, key, detail, t, 0);
	j->waiting++;
	if (event_time_before(t, j->decided_below))
		remember(&j->overdue, &j->overdue_count, &j->overdue_cap, ref,
			 timed_table_at(&j->left, ref)->seq);
	return JOIN_WAITS;
}

/* Removes the waiting left items that this right item matches. */
static size_t match_left(struct interval_join *j, uint32_t hash, struct slice key, struct slice detail,
			 struct event_time t)
{
	uint32_t newest = timed_table_newest(&j->left, hash, key), ref = newest;
	size_t matched = 0;

	while (ref != TIMED_NONE) {
		const struct timed_item *i = timed_table_at(&j->left, ref);
		uint32_t older = timed_table_older(&j->left, ref, newest);

		if (i->time_ms + j->options.window < t.ms)
			break;
		if (i->time_ms <= t.ms && !is_done(i) &&
		    (!j->options.match_detail || slice_equal(timed_item_detail(i), detail))) {
			if (ref == newest) /* the walk ends where its ring now begins */
				newest = older == TIMED_NONE ? TIMED_NONE : i->older;
			timed_table_remove(&j->left, ref, false);
			matched++;
		}
		ref = older;
	}
	j->waiting -= matched;
	return matched;
}

size_t interval_join_right(struct interval_join *j, struct slice key, struct slice detail,
			   struct event_time t)
{
	uint32_t hash = timed_hash(key, j->options.seed), newest;
	size_t matched = match_left(j, hash, key, detail, t);

	newest = timed_table_newest(&j->right, hash, key);
	if (newest != TIMED_NONE && timed_table_at(&j->right, newest)->time_ms == t.ms &&
	    slice_equal(timed_item_detail(timed_table_at(&j->right, newest)), detail))
		return matched; /* an equal one is kept already */
	timed_table_add(&j->right, hash, key, detail, t, 0);
	return matched;
}

/* ---- decisions ---- */

static void tell(struct interval_join *j, uint32_t ref, join_unmatched unmatched, void *ctx)
{
	struct timed_item *i = timed_table_at(&j->left, ref);

	i->flags |= TIMED_DONE;
	j->waiting--;
	j->told++;
	if (i->flags & TIMED_SAVED_OPEN)
		remember(&j->again, &j->again_count, &j->again_cap, ref, i->seq);
	unmatched(ctx, timed_item_key(i), timed_item_detail(i), event_time_at(i->time_ms));
}

/* qsort_r's order: by time, then sequence. */
static int compare_refs(const void *a, const void *b, void *ctx)
{
	const struct timed_item *x = timed_table_at(ctx, *(const uint32_t *)a);
	const struct timed_item *y = timed_table_at(ctx, *(const uint32_t *)b);

	if (x->time_ms != y->time_ms)
		return x->time_ms < y->time_ms ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static void batch_add(struct interval_join *j, size_t *n, uint32_t ref)
{
	j->batch = alloc_grown(j->batch, &j->batch_cap, *n + 1, sizeof(*j->batch));
	j->batch[(*n)++] = ref;
}

/* Of items of the batch that are a few ahead: of the farthest the first step. */
static void tell_soon(const struct interval_join *j, size_t i, size_t n)
{
	for (unsigned step = 0; step < JOIN_SOON_STEPS; step++) {
		size_t ahead = i + (JOIN_SOON_STEPS - step) * SOON_STRIDE;

		if (ahead < n)
			j->options.soon(j->options.soon_ctx, step,
					timed_item_detail(timed_table_at(&j->left, j->batch[ahead])));
	}
}

/* From item `from` on: they are of one slice of time, or all of them overdue. */
static void batch_sort(struct interval_join *j, size_t from, size_t n)
{
	if (n - from > 1)
		qsort_r(&j->batch[from], n - from, sizeof(*j->batch), compare_refs, &j->left);
}

static void batch_tell(struct interval_join *j, size_t i, size_t n, join_unmatched unmatched, void *ctx)
{
	if (j->options.soon != NULL)
		tell_soon(j, i, n);
	tell(j, j->batch[i], unmatched, ctx);
}

static int64_t batch_time(const struct interval_join *j, size_t i)
{
	return timed_table_at(&j->left, j->batch[i])->time_ms;
}

/* A batch in the order of time. Returns how many were told before it was enough. */
static size_t batch_tell_some(struct interval_join *j, size_t n, join_unmatched unmatched, void *ctx)
{
	bool (*enough)(void *) = j->options.enough;

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && enough != NULL && batch_time(j, i) != batch_time(j, i - 1) &&
		    enough(j->options.enough_ctx))
			return i;
		batch_tell(j, i, n, unmatched, ctx);
	}
	return n;
}

/* All of these are older than any other that can be due now. */
static void decide_overdue(struct interval_join *j, join_unmatched unmatched, void *ctx)
{
	size_t n = 0;

	for (size_t i = 0; i < j->overdue_count; i++) {
		const struct timed_item *item = timed_table_at(&j->left, j->overdue[i].ref);

		if (item->seq == j->overdue[i].seq) /* else matched or erased meanwhile */
			batch_add(j, &n, j->overdue[i].ref);
	}
	j->overdue_count = 0;
	batch_sort(j, 0, n);
	for (size_t i = 0; i < n; i++)
		batch_tell(j, i, n, unmatched, ctx);
}

/* Adds what is due of a slice to the batch of n items. Returns how many there are now. */
static size_t gather_slice(struct interval_join *j, int64_t number, struct event_time below, size_t n)
{
	uint32_t ref = timed_table_slice_first(&j->left, number);
	size_t from = n;

	for (; ref != TIMED_NONE; ref = timed_table_at(&j->left, ref)->behind) {
		const struct timed_item *i = timed_table_at(&j->left, ref);

		if (i->time_ms < below.ms && !is_done(i))
			batch_add(j, &n, ref);
	}
	batch_sort(j, from, n);
	return n;
}

/* Slices come in the order of time, and *from behind what is told of them. Several make a
 * batch, so that there is something to look ahead to. False: it was enough. */
static bool decide_some(struct interval_join *j, struct event_time *from, struct event_time below,
			join_unmatched unmatched, void *ctx)
{
	const int64_t *numbers;
	size_t slices = timed_table_slices(&j->left, *from, below, SLICES, &numbers), n = 0, told;
	struct event_time end =
		slices < SLICES ? below : timed_table_slice_end(&j->left, numbers[slices - 1]);

	for (size_t i = 0; i < slices; i++) {
		n = gather_slice(j, numbers[i], below, n);
		if (n < BATCH_ENOUGH && i < slices - 1)
			continue;
		told = batch_tell_some(j, n, unmatched, ctx);
		if (told < n) {
			*from = event_time_at(batch_time(j, told));
			return false;
		}
		n = 0;
	}
	*from = event_time_before(end, below) ? end : below;
	return true;
}

struct event_time interval_join_advance(struct interval_join *j, struct event_time watermark,
					join_unmatched unmatched, void *ctx)
{
	struct event_time below = event_time_plus(watermark, -j->options.window), keep;

	decide_overdue(j, unmatched, ctx);
	if (event_time_before(j->decided_below, below)) {
		struct event_time from = j->decided_below;

		while (event_time_before(from, below) && decide_some(j, &from, below, unmatched, ctx))
			continue;
		j->decided_below = below = from;
	}
	if (event_time_before(j->settled_below, j->decided_below))
		j->settled_below = j->decided_below;

	keep = event_time_plus(below, -j->options.lateness);
	timed_table_expire(&j->left, keep);
	timed_table_expire(&j->right, keep);
	return event_time_plus(below, j->options.window);
}

/* ---- erasure, gauges ---- */

struct event_time interval_join_newest(const struct interval_join *j, struct slice key)
{
	uint32_t hash = timed_hash(key, j->options.seed);
	uint32_t left = timed_table_newest(&j->left, hash, key);
	uint32_t right = timed_table_newest(&j->right, hash, key);
	int64_t ms = EVENT_TIME_MIN.ms;

	if (left != TIMED_NONE)
		ms = timed_table_at(&j->left, left)->time_ms;
	if (right != TIMED_NONE && timed_table_at(&j->right, right)->time_ms > ms)
		ms = timed_table_at(&j->right, right)->time_ms;
	return event_time_at(ms);
}

size_t interval_join_erase(struct interval_join *j, struct slice key)
{
	uint32_t hash = timed_hash(key, j->options.seed), ref;
	size_t waiting = 0;

	while ((ref = timed_table_newest(&j->left, hash, key)) != TIMED_NONE) {
		waiting += !is_done(timed_table_at(&j->left, ref));
		timed_table_remove(&j->left, ref, true);
	}
	while ((ref = timed_table_newest(&j->right, hash, key)) != TIMED_NONE)
		timed_table_remove(&j->right, ref, true);
	j->waiting -= waiting;
	return waiting;
}

static struct event_time oldest_in(const struct interval_join *j, uint32_t ref)
{
	struct event_time oldest = EVENT_TIME_MIN;

	for (; ref != TIMED_NONE; ref = timed_table_at(&j->left, ref)->behind) {
		const struct timed_item *i = timed_table_at(&j->left, ref);

		if (!is_done(i) && (oldest.ms == EVENT_TIME_MIN.ms || i->time_ms < oldest.ms))
			oldest = event_time_at(i->time_ms);
	}
	return oldest;
}

static struct event_time oldest_of_all(const struct interval_join *j)
{
	struct event_time oldest = EVENT_TIME_MIN;
	const struct time_group *g;
	size_t at = 0;

	while (j->waiting > 0 && (g = time_slices_each(&j->left.clock, &at)) != NULL) {
		int64_t begin = g->number * TIME_SLICES_GROUP * GRAIN_MS;

		if (oldest.ms != EVENT_TIME_MIN.ms && begin > oldest.ms)
			continue;
		if (j->overdue_count == 0 && begin + TIME_SLICES_GROUP * GRAIN_MS <= j->decided_below.ms)
			continue;
		for (unsigned k = 0; k < TIME_SLICES_GROUP; k++) {
			struct event_time t = oldest_in(j, g->first[k]);

			if (t.ms != EVENT_TIME_MIN.ms && (oldest.ms == EVENT_TIME_MIN.ms || t.ms < oldest.ms))
				oldest = t;
		}
	}
	return oldest;
}

/* Mostly the oldest is not far from what was decided last. */
struct event_time interval_join_oldest_waiting(const struct interval_join *j)
{
	const struct time_slices *clock = &j->left.clock;
	int64_t at = time_slices_number(clock, j->decided_below.ms), last = at + LOOK_MS / GRAIN_MS;
	bool near = j->waiting > 0 && j->overdue_count == 0;

	while (near && time_slices_lowest(clock, at, last, &at)) {
		struct event_time t = oldest_in(j, time_slices_first(clock, at++));

		if (t.ms != EVENT_TIME_MIN.ms)
			return t;
	}
	return oldest_of_all(j);
}

/* ---- durable image ---- */

int interval_join_restore_left(struct interval_join *j, struct slice key, struct slice detail,
			       struct event_time t, uint64_t seq, bool open)
{
	return timed_table_restore(&j->left, key, detail, t, seq, open ? TIMED_SAVED_OPEN : 0);
}

int interval_join_restore_right(struct interval_join *j, struct slice key, struct slice detail,
				struct event_time t, uint64_t seq)
{
	return timed_table_restore(&j->right, key, detail, t, seq, 0);
}

static void settle_slice(struct interval_join *j, int64_t number)
{
	uint32_t ref = timed_table_slice_first(&j->left, number);

	for (; ref != TIMED_NONE; ref = timed_table_at(&j->left, ref)->behind) {
		struct timed_item *i = timed_table_at(&j->left, ref);

		if (i->time_ms < j->settled_below.ms && !(i->flags & TIMED_SAVED_OPEN)) {
			i->flags |= TIMED_DONE;
			j->waiting--;
		} else if (i->time_ms < j->decided_below.ms) {
			remember(&j->overdue, &j->overdue_count, &j->overdue_cap, ref, i->seq);
		}
	}
}

void interval_join_restored(struct interval_join *j, struct event_time watermark,
			    struct event_time settled_below, struct event_time expired_below)
{
	struct event_time end;
	const int64_t *numbers;
	size_t n;

	j->decided_below = event_time_plus(watermark, -j->options.window);
	j->settled_below = settled_below;
	j->waiting = j->left.count;
	end = event_time_before(j->decided_below, settled_below) ? settled_below : j->decided_below;
	n = timed_table_slices(&j->left, EVENT_TIME_MIN, end, SIZE_MAX, &numbers);
	for (size_t i = 0; i < n; i++)
		settle_slice(j, numbers[i]);
	timed_table_restored(&j->left, expired_below);
	timed_table_restored(&j->right, expired_below);
}

void interval_join_saved(struct interval_join *j)
{
	timed_table_saved(&j->left);
	timed_table_saved(&j->right);
	j->again_count = 0;
	j->told = 0;
}
