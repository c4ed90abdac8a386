#ifndef RIVER_ASYNC_WORKER_H
#define RIVER_ASYNC_WORKER_H

/* One thread of our own for what blocks (SQLite COMMIT, Kafka transactions,
 * files). libuv's pool is not used for that: a stuck commit must not starve
 * name resolution.
 *
 * Happy path: worker_submit() on the loop appends the job to a queue; the
 * thread takes jobs in that order and calls run(); the job then goes to a
 * second queue and a uv_async wakes the loop, which calls done(). Results
 * come back in the order of submission.
 *
 * On stop, a job that is running is always finished. Those behind it are run
 * (WORKER_DRAIN) or come back with `abandoned` set (WORKER_ABANDON). Either
 * way done() is called exactly once for every job submitted, then stopped(). */

#include "async/loop.h"
#include "base/list.h"

/* Caller-owned; untouched by the caller from worker_submit() until done(). */
struct job {
	void (*run)(struct job *job);  /* on the worker's thread; may block */
	void (*done)(struct job *job); /* on the loop; the job may be reused or freed here */
	bool abandoned;		       /* out: run() was never called */
	struct list node;	       /* private */
};

struct worker;

/* Starts the thread, named `name` (15 bytes) for top and gdb. All signals are
 * blocked in it. NULL and err (ERR_FATAL) on failure. */
struct worker *worker_new(struct loop *loop, const char *name, struct err *err);

/* Loop thread only; from inside done() as well. -1 once worker_stop() was
 * called: the job was not taken and done() will not come. */
int worker_submit(struct worker *w, struct job *job);

/* Jobs submitted whose done() has not been called yet. */
size_t worker_pending(const struct worker *w);

enum worker_stop { WORKER_DRAIN, WORKER_ABANDON };

/* Asks the thread to end; returns at once. When it has ended and every done()
 * has been called, calls stopped(ctx) on the loop and frees the worker. Called
 * a second time with WORKER_ABANDON it hurries an earlier WORKER_DRAIN. */
void worker_stop(struct worker *w, enum worker_stop how, void (*stopped)(void *ctx), void *ctx);

#endif
