/* Virtual time: the queue of events, and in its terms the loop, its timers, the
 * wake-up of the consumer, and the clock. */

#include "test/sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Twenty times what the longest of a thousand of histories needs. */
#define MAX_STEPS 50000

struct event {
	int64_t at;
	uint64_t order;
	struct node *node; /* NULL: the world's */
	unsigned life;
	sim_fire fire; /* NULL: taken back */
	void *ctx;
	uint64_t arg;
};

static struct {
	struct sim *sim;
	struct event *heap;
	size_t count, cap;
	uint64_t order;
	jmp_buf leave; /* where a process goes that calls _exit() */
} queue;

struct sim *sim_current(void)
{
	return queue.sim;
}

void sim_set_current(struct sim *s)
{
	queue.sim = s;
}

bool sim_chance(struct sim *s, unsigned thousandth)
{
	return thousandth > 0 && random_below(&s->random, 1000) < thousandth;
}

int64_t sim_between(struct sim *s, int64_t low, int64_t high)
{
	return high <= low ? low : low + (int64_t)random_below(&s->random, (uint64_t)(high - low + 1));
}

void sim_trace(struct sim *s, const char *fmt, ...)
{
	va_list args;

	if (!s->tracing)
		return;
	printf("%10.3f %c ", (double)s->now_ms / 1000.0, s->node ? "AB"[s->node->number] : '-');
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

void sim_broken(struct sim *s, const char *fmt, ...)
{
	va_list args;

	if (s->error[0])
		return;
	va_start(args, fmt);
	vsnprintf(s->error, sizeof(s->error), fmt, args);
	va_end(args);
	sim_trace(s, "BROKEN: %s", s->error);
}

/* ---- the queue ---- */

static bool before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(size_t a, size_t b)
{
	struct event e = queue.heap[a];

	queue.heap[a] = queue.heap[b];
	queue.heap[b] = e;
}

static void push(struct event e)
{
	size_t i = queue.count++;

	if (queue.count > queue.cap) {
		queue.cap = queue.cap ? queue.cap * 2 : 256;
		queue.heap = realloc(queue.heap, queue.cap * sizeof(*queue.heap));
		if (!queue.heap)
			abort();
	}
	queue.heap[i] = e;
	for (; i > 0 && before(&queue.heap[i], &queue.heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(i, (i - 1) / 2);
}

static struct event pop(void)
{
	struct event top = queue.heap[0];
	size_t i = 0;

	queue.heap[0] = queue.heap[--queue.count];
	for (;;) {
		size_t least = i, left = 2 * i + 1;

		if (left < queue.count && before(&queue.heap[left], &queue.heap[least]))
			least = left;
		if (left + 1 < queue.count && before(&queue.heap[left + 1], &queue.heap[least]))
			least = left + 1;
		if (least == i)
			return top;
		swap(i, least);
		i = least;
	}
}

void sim_post(struct node *node, int64_t delay_ms, sim_fire fire, void *ctx, uint64_t arg)
{
	push((struct event){.at = queue.sim->now_ms + (delay_ms < 0 ? 0 : delay_ms),
			    .order = queue.order++,
			    .node = node,
			    .life = node ? node->life : 0,
			    .fire = fire,
			    .ctx = ctx,
			    .arg = arg});
}

void sim_forget(const void *ctx)
{
	for (size_t i = 0; i < queue.count; i++) {
		if (queue.heap[i].ctx == ctx)
			queue.heap[i].fire = NULL;
	}
}

void sim_events_clear(void)
{
	queue.count = 0;
	queue.order = 0;
}

bool sim_step(struct sim *s)
{
	struct event e;

	do {
		if (queue.count == 0)
			return false;
		e = pop();
	} while (!e.fire || (e.node && (e.node->life != e.life || e.node->dead)));
	if (e.at > s->now_ms)
		s->now_ms = e.at;
	if (e.node && e.node->thaw_ms > s->now_ms) {
		e.at = e.node->thaw_ms; /* the order of its events stays */
		push(e);
		return true;
	}
	s->counts->events++;
	if (++s->steps > MAX_STEPS)
		sim_broken(s, "no end: %d events, and it is %lld.%03lld s", MAX_STEPS,
			   (long long)s->now_ms / 1000, (long long)s->now_ms % 1000);
	s->node = e.node;
	if (setjmp(queue.leave) == 0) {
		e.fire(e.ctx, e.arg);
		s->node = NULL;
	} else {
		struct node *gone = s->node;

		s->node = NULL;
		node_kill(gone, false);
	}
	return true;
}

/* The daemon leaves without its committer: only from a timer of its loop. */
_Noreturn void __wrap__exit(int code);
_Noreturn void __wrap__exit(int code)
{
	sim_trace(queue.sim, "leaves at once with %d", code);
	longjmp(queue.leave, 1);
}

/* ---- clocks ---- */

static int64_t sim_mono(void *ctx)
{
	(void)ctx;
	return queue.sim->now_ms;
}

static int64_t sim_wall(void *ctx)
{
	(void)ctx;
	return queue.sim->wall_ms + queue.sim->now_ms;
}

struct clock sim_clock(void)
{
	return (struct clock){sim_wall, sim_mono, NULL};
}

/* ---- the loop ---- */

int loop_init(struct loop *l, struct err *err)
{
	(void)l, (void)err;
	return 0;
}

void loop_stop(struct loop *l)
{
	(void)l;
	queue.sim->node->stopped = true;
}

/* Only app_free() turns the loop, to see the worker gone. */
bool loop_turn(struct loop *l, bool wait)
{
	(void)l, (void)wait;
	sim_worker_reap(queue.sim->node);
	return true;
}

int loop_release(struct loop *l, struct err *err)
{
	(void)l, (void)err;
	return 0;
}

void loop_run(struct loop *l)
{
	(void)l;
	abort();
}

struct loop_timer {
	struct node *node;
	void (*fire)(void *ctx);
	void *ctx;
	int64_t period_ms; /* 0: once */
	bool active;
};

static void timer_due(void *ctx, uint64_t arg)
{
	struct loop_timer *t = ctx;
	struct sim *s = queue.sim;

	(void)arg;
	if (t->period_ms > 0)
		sim_post(t->node, s->slow ? t->period_ms * 300 : t->period_ms + sim_between(s, 0, 20),
			 timer_due, t, 0);
	else
		t->active = false;
	t->fire(t->ctx);
}

struct loop_timer *loop_timer_new(struct loop *l, void (*fire)(void *ctx), void *ctx)
{
	struct loop_timer *t = calloc(1, sizeof(*t));

	(void)l;
	if (!t)
		abort();
	*t = (struct loop_timer){.node = queue.sim->node, .fire = fire, .ctx = ctx};
	return t;
}

static void timer_start(struct loop_timer *t, int64_t delay, int64_t period)
{
	sim_forget(t);
	t->active = true;
	t->period_ms = period;
	sim_post(t->node, delay, timer_due, t, 0);
}

void loop_timer_start(struct loop_timer *t, int64_t delay_ms)
{
	timer_start(t, delay_ms, 0);
}

void loop_timer_repeat(struct loop_timer *t, int64_t period_ms)
{
	timer_start(t, period_ms, period_ms);
}

void loop_timer_stop(struct loop_timer *t)
{
	sim_forget(t);
	t->active = false;
}

bool loop_timer_active(const struct loop_timer *t)
{
	return t->active;
}

void loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return;
	sim_forget(t);
	free(t);
}

struct loop_signal *loop_signal_new(struct loop *l, int signum, void (*fire)(void *ctx, int signum),
				    void *ctx, struct err *err)
{
	(void)l, (void)signum, (void)fire, (void)ctx, (void)err;
	abort();
}

void loop_signal_free(struct loop_signal *s)
{
	(void)s;
}

/* ---- the consumer's wake-up ---- */

struct kafka_wakeup {
	struct node *node;
	bool (*drain)(void *ctx);
	void *ctx;
	bool pending;
};

static void wakeup_due(void *ctx, uint64_t arg)
{
	struct kafka_wakeup *w = ctx;

	(void)arg;
	w->pending = false;
	if (w->drain(w->ctx))
		kafka_wakeup_kick(w);
}

struct kafka_wakeup *kafka_wakeup_new(struct loop *loop, bool (*drain)(void *ctx), void *ctx)
{
	struct kafka_wakeup *w = calloc(1, sizeof(*w));

	(void)loop;
	if (!w)
		abort();
	*w = (struct kafka_wakeup){queue.sim->node, drain, ctx, false};
	return w;
}

void kafka_wakeup_kick(struct kafka_wakeup *w)
{
	if (w->pending)
		return;
	w->pending = true;
	sim_post(w->node, sim_between(queue.sim, 0, 2), wakeup_due, w, 0);
}

void kafka_wakeup_free(struct kafka_wakeup *w)
{
	if (!w)
		return;
	sim_forget(w);
	free(w);
}
