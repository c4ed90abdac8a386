#include "async/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;

	/* under the lock */
	struct list waiting;  /* submitted, not begun */
	struct list finished; /* done() is due */
	bool stopping, abandon, ended;

	/* loop thread only */
	uv_async_t async;
	size_t pending;
	bool stop_called;
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

/* ---- the worker's thread ---- */

static struct job *next_job(struct worker *w)
{
	struct job *job = NULL;

	while (list_empty(&w->waiting) && !w->stopping)
		pthread_cond_wait(&w->wake, &w->lock);
	if (!list_empty(&w->waiting) && !w->abandon) {
		job = LIST_ENTRY(w->waiting.next, struct job, node);
		list_remove(&job->node);
	}
	return job;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct job *job;

	pthread_mutex_lock(&w->lock);
	while ((job = next_job(w)) != NULL) {
		pthread_mutex_unlock(&w->lock);
		job->run(job);
		pthread_mutex_lock(&w->lock);
		list_append(&w->finished, &job->node);
		uv_async_send(&w->async);
	}
	w->ended = true;
	/* The last touch of the handle: the loop joins this thread before it
	 * closes it. */
	uv_async_send(&w->async);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* ---- the loop's thread ---- */

static void worker_closed(uv_handle_t *handle)
{
	struct worker *w = LIST_ENTRY(handle, struct worker, async);

	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	if (w->stopped != NULL)
		w->stopped(w->stopped_ctx);
	free(w);
}

static void take_all(struct list *from, struct list *to)
{
	while (!list_empty(from)) {
		struct list *node = from->next;

		list_remove(node);
		list_append(to, node);
	}
}

static void finish(struct worker *w, struct list *jobs, bool abandoned)
{
	while (!list_empty(jobs)) {
		struct job *job = LIST_ENTRY(jobs->next, struct job, node);

		list_remove(&job->node);
		job->abandoned = abandoned;
		w->pending--;
		job->done(job);
	}
}

static void on_wake(uv_async_t *async)
{
	struct worker *w = LIST_ENTRY(async, struct worker, async);
	struct list finished, left;
	bool ended;

	list_init(&finished);
	list_init(&left);
	pthread_mutex_lock(&w->lock);
	take_all(&w->finished, &finished);
	ended = w->ended;
	if (ended)
		take_all(&w->waiting, &left);
	pthread_mutex_unlock(&w->lock);
	finish(w, &finished, false);
	finish(w, &left, true);
	if (ended) {
		pthread_join(w->thread, NULL); /* it is past its last instruction but a return */
		uv_close((uv_handle_t *)&w->async, worker_closed);
	}
}

static int start_thread(struct worker *w, const char *name)
{
	sigset_t all, before;
	char short_name[16];
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&w->thread, NULL, worker_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0) {
		snprintf(short_name, sizeof(short_name), "%s", name);
		pthread_setname_np(w->thread, short_name);
	}
	return rc;
}

static void free_only(uv_handle_t *handle)
{
	free(LIST_ENTRY(handle, struct worker, async));
}

struct worker *worker_new(struct loop *loop, const char *name, struct err *err)
{
	struct worker *w = calloc(1, sizeof(*w));
	int rc;

	if (w == NULL) {
		err_set(err, ERR_FATAL, 0, "worker %s: out of memory", name);
		return NULL;
	}
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	list_init(&w->waiting);
	list_init(&w->finished);
	rc = uv_async_init(&loop->uv, &w->async, on_wake);
	if (rc != 0) {
		err_set(err, ERR_FATAL, rc, "worker %s: %s", name, uv_strerror(rc));
		free(w);
		return NULL;
	}
	rc = start_thread(w, name);
	if (rc != 0) {
		err_set(err, ERR_FATAL, rc, "worker %s: cannot start a thread: %s", name, strerror(rc));
		uv_close((uv_handle_t *)&w->async, free_only);
		return NULL;
	}
	return w;
}

int worker_submit(struct worker *w, struct job *job)
{
	if (w->stop_called)
		return -1;
	job->abandoned = false;
	w->pending++;
	pthread_mutex_lock(&w->lock);
	list_append(&w->waiting, &job->node);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	return 0;
}

size_t worker_pending(const struct worker *w)
{
	return w->pending;
}

void worker_stop(struct worker *w, enum worker_stop how, void (*stopped)(void *ctx), void *ctx)
{
	w->stop_called = true;
	w->stopped = stopped;
	w->stopped_ctx = ctx;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	w->abandon = w->abandon || how == WORKER_ABANDON;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}
