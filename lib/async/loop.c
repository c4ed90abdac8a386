#include "async/loop.h"

#include "base/list.h"

#include <stdlib.h>

int loop_init(struct loop *l, struct err *err)
{
	int rc = uv_loop_init(&l->uv);

	return rc == 0 ? 0 : err_set(err, ERR_FATAL, rc, "event loop: %s", uv_strerror(rc));
}

void loop_run(struct loop *l)
{
	uv_run(&l->uv, UV_RUN_DEFAULT);
}

bool loop_turn(struct loop *l, bool wait)
{
	return uv_run(&l->uv, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT) != 0;
}

void loop_stop(struct loop *l)
{
	uv_stop(&l->uv);
}

static void count_open(uv_handle_t *handle, void *arg)
{
	int *open = arg;

	*open += !uv_is_closing(handle);
}

int loop_release(struct loop *l, struct err *err)
{
	int open = 0, rc;

	/* uv_stop() leaves a flag behind that would end the next run at once. */
	for (int turn = 0; turn < 3; turn++)
		uv_run(&l->uv, UV_RUN_NOWAIT);
	rc = uv_loop_close(&l->uv);
	if (rc == 0)
		return 0;
	uv_walk(&l->uv, count_open, &open);
	return err_set(err, ERR_FATAL, rc, "event loop closed with %d handles still open", open);
}

/* ---- timers ---- */

struct loop_timer {
	uv_timer_t uv;
	void (*fire)(void *ctx);
	void *ctx;
};

static void timer_closed(uv_handle_t *handle)
{
	free(LIST_ENTRY(handle, struct loop_timer, uv));
}

static void timer_fired(uv_timer_t *uv)
{
	struct loop_timer *t = LIST_ENTRY(uv, struct loop_timer, uv);

	t->fire(t->ctx);
}

struct loop_timer *loop_timer_new(struct loop *l, void (*fire)(void *ctx), void *ctx)
{
	struct loop_timer *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	uv_timer_init(&l->uv, &t->uv);
	t->fire = fire;
	t->ctx = ctx;
	return t;
}

static uint64_t positive(int64_t ms)
{
	return ms > 0 ? (uint64_t)ms : 0;
}

void loop_timer_start(struct loop_timer *t, int64_t delay_ms)
{
	/* libuv counts from the start of the turn; a long turn would fire early. */
	uv_update_time(t->uv.loop);
	uv_timer_start(&t->uv, timer_fired, positive(delay_ms), 0);
}

void loop_timer_repeat(struct loop_timer *t, int64_t period_ms)
{
	uint64_t period = positive(period_ms);

	if (period == 0)
		period = 1; /* libuv reads 0 as "once" */
	uv_update_time(t->uv.loop);
	uv_timer_start(&t->uv, timer_fired, period, period);
}

void loop_timer_stop(struct loop_timer *t)
{
	uv_timer_stop(&t->uv);
}

bool loop_timer_active(const struct loop_timer *t)
{
	return uv_is_active((const uv_handle_t *)&t->uv) != 0;
}

void loop_timer_free(struct loop_timer *t)
{
	if (t != NULL)
		uv_close((uv_handle_t *)&t->uv, timer_closed);
}

/* ---- signals ---- */

struct loop_signal {
	uv_signal_t uv;
	void (*fire)(void *ctx, int signum);
	void *ctx;
};

static void signal_closed(uv_handle_t *handle)
{
	free(LIST_ENTRY(handle, struct loop_signal, uv));
}

static void signal_fired(uv_signal_t *uv, int signum)
{
	struct loop_signal *s = LIST_ENTRY(uv, struct loop_signal, uv);

	s->fire(s->ctx, signum);
}

struct loop_signal *loop_signal_new(struct loop *l, int signum, void (*fire)(void *ctx, int signum),
				    void *ctx, struct err *err)
{
	struct loop_signal *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL) {
		err_set(err, ERR_FATAL, 0, "signal %d: out of memory", signum);
		return NULL;
	}
	s->fire = fire;
	s->ctx = ctx;
	rc = uv_signal_init(&l->uv, &s->uv);
	if (rc != 0) {
		free(s);
		err_set(err, ERR_FATAL, rc, "signal %d: %s", signum, uv_strerror(rc));
		return NULL;
	}
	rc = uv_signal_start(&s->uv, signal_fired, signum);
	if (rc != 0) {
		loop_signal_free(s);
		err_set(err, ERR_FATAL, rc, "signal %d: %s", signum, uv_strerror(rc));
		return NULL;
	}
	uv_unref((uv_handle_t *)&s->uv);
	return s;
}

void loop_signal_free(struct loop_signal *s)
{
	if (s != NULL)
		uv_close((uv_handle_t *)&s->uv, signal_closed);
}
