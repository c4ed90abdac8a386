/* The committer's thread as a coroutine: its job gives way wherever it would
 * block, and goes on when its time has come. */

#include "test/sim/sim.h"

#include <stdlib.h>
#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define SWITCH_OUT(save, bottom, size)	__sanitizer_start_switch_fiber(save, bottom, size)
#define SWITCHED_IN(save, bottom, size) __sanitizer_finish_switch_fiber(save, bottom, size)
#else
#define SWITCH_OUT(save, bottom, size)	((void)(save), (void)(bottom), (void)(size))
#define SWITCHED_IN(save, bottom, size) ((void)(save), (void)(bottom), (void)(size))
#endif

#define STACK_SIZE ((size_t)512 << 10)

struct worker {
	struct node *node;
	struct list waiting;
	size_t pending;
	struct job *running; /* inside its run(), perhaps asleep */
	struct job *ran;     /* its done() is on its way */
	bool stopping, awake;
	void (*stopped)(void *ctx);
	void *stopped_ctx;

	ucontext_t loop, job;
	char *stack;
	const void *loop_stack;
	size_t loop_stack_size;
	bool inside; /* the job's side runs */
};

/* One stack a node, kept over its lives. */
static char *stack_of(const struct node *n)
{
	static char *stacks[SIM_NODES];

	if (!stacks[n->number])
		stacks[n->number] = malloc(STACK_SIZE);
	return stacks[n->number];
}

static struct worker *worker_of(const struct node *n)
{
	return n->app ? n->app->committer.worker : NULL;
}

static void look(void *ctx, uint64_t arg);
static void finished(void *ctx, uint64_t arg);

static void wake(struct worker *w)
{
	if (w->awake || w->running || w->ran)
		return;
	w->awake = true;
	sim_post(w->node, sim_between(sim_current(), 0, 3), look, w, 0);
}

/* ---- the coroutine ---- */

static void job_main(unsigned high, unsigned low)
{
	struct worker *w = (struct worker *)(((uintptr_t)high << 32) | low);

	SWITCHED_IN(NULL, &w->loop_stack, &w->loop_stack_size);
	w->running->run(w->running);
	w->inside = false;
	w->ran = w->running;
	w->running = NULL;
	SWITCH_OUT(NULL, w->loop_stack, w->loop_stack_size);
	swapcontext(&w->job, &w->loop);
}

static void enter(struct worker *w)
{
	void *fake = NULL;

	w->inside = true;
	SWITCH_OUT(&fake, w->stack, STACK_SIZE);
	swapcontext(&w->loop, &w->job);
	SWITCHED_IN(fake, NULL, NULL);
	w->inside = false;
	if (w->ran && !w->node->dead)
		sim_post(w->node, sim_between(sim_current(), 0, 4), finished, w, 0);
}

static void start(struct worker *w, struct job *job)
{
	uintptr_t p = (uintptr_t)w;

	w->running = job;
	getcontext(&w->job);
	w->job.uc_stack.ss_sp = w->stack;
	w->job.uc_stack.ss_size = STACK_SIZE;
	w->job.uc_link = NULL;
	makecontext(&w->job, (void (*)(void))job_main, 2, (unsigned)(p >> 32), (unsigned)p);
	enter(w);
}

static void go_on(void *ctx, uint64_t arg)
{
	(void)arg;
	enter(ctx);
}

static void strike(void *ctx, uint64_t arg)
{
	(void)arg;
	node_kill(ctx, sim_chance(sim_current(), sim_current()->faults.power));
}

void sim_sleep(int64_t ms)
{
	struct sim *s = sim_current();
	struct node *n = s->node;
	struct worker *w = n ? worker_of(n) : NULL;
	void *fake = NULL;

	if (!w || !w->inside || n->dead)
		return;
	if (!s->calm && sim_chance(s, s->faults.crash)) /* before it goes on */
		sim_post(NULL, ms, strike, n, 0);
	sim_post(n, ms, go_on, w, 0);
	SWITCH_OUT(&fake, w->loop_stack, w->loop_stack_size);
	swapcontext(&w->job, &w->loop);
	SWITCHED_IN(fake, &w->loop_stack, &w->loop_stack_size);
}

/* ---- the worker ---- */

static void gone(struct worker *w)
{
	void (*stopped)(void *ctx) = w->stopped;
	void *ctx = w->stopped_ctx;

	sim_forget(w);
	free(w);
	stopped(ctx);
}

static struct job *take(struct worker *w)
{
	struct list *first = w->waiting.next;

	if (first == &w->waiting)
		return NULL;
	list_remove(first);
	return LIST_ENTRY(first, struct job, node);
}

static void look(void *ctx, uint64_t arg)
{
	struct worker *w = ctx;
	struct job *job;

	(void)arg;
	w->awake = false;
	if (w->running || w->ran)
		return;
	job = take(w);
	if (job && !w->stopping) {
		start(w, job);
		return;
	}
	if (job) {
		job->abandoned = true;
		w->pending--;
		job->done(job);
		wake(w);
	} else if (w->stopping) {
		gone(w);
	}
}

static void finished(void *ctx, uint64_t arg)
{
	struct worker *w = ctx;
	struct job *job = w->ran;

	(void)arg;
	w->ran = NULL;
	w->pending--;
	wake(w);
	job->done(job);
}

struct worker *worker_new(struct loop *loop, const char *name, struct err *err)
{
	struct worker *w = calloc(1, sizeof(*w));

	(void)loop, (void)name, (void)err;
	if (!w)
		abort();
	w->node = sim_current()->node;
	w->stack = stack_of(w->node);
	list_init(&w->waiting);
	return w;
}

int worker_submit(struct worker *w, struct job *job)
{
	if (w->stopping)
		return -1;
	job->abandoned = false;
	list_append(&w->waiting, &job->node);
	w->pending++;
	wake(w);
	return 0;
}

size_t worker_pending(const struct worker *w)
{
	return w->pending;
}

void worker_stop(struct worker *w, enum worker_stop how, void (*stopped)(void *ctx), void *ctx)
{
	(void)how;
	w->stopping = true;
	w->stopped = stopped;
	w->stopped_ctx = ctx;
	wake(w);
}

/* The process is gone, but its memory must be given back: the job runs to its
 * end in a world that takes nothing from it any more, and no callback hears. */
void sim_worker_reap(struct node *n)
{
	struct worker *w = worker_of(n);
	struct job *job;

	if (!w)
		return;
	while (w->running)
		enter(w);
	if (w->ran) {
		job = w->ran;
		w->ran = NULL;
		job->abandoned = true;
		job->done(job);
	}
	while ((job = take(w)) != NULL) {
		job->abandoned = true;
		job->done(job);
	}
	if (w->stopping)
		gone(w);
}
