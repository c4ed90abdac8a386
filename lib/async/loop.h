#ifndef RIVER_ASYNC_LOOP_H
#define RIVER_ASYNC_LOOP_H

/* A thin skin over libuv's loop.
 *
 * libuv closes handles in two steps: uv_close() now, memory back when the
 * loop has come round. Everything here is therefore owned by pointer and
 * freed by one call: after loop_timer_free() the callback is never called
 * again, and the memory goes when libuv is done with it.
 *
 * Thread: all of it belongs to the thread that runs the loop. The only call
 * of lib/async/ that may come from elsewhere is named in its header. */

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct loop {
	uv_loop_t uv;
};

/* -1 (ERR_FATAL, code = libuv's) when the kernel gives no epoll descriptor. */
int loop_init(struct loop *l, struct err *err);

/* Runs until loop_stop() or until nothing is left that could wake it. */
void loop_run(struct loop *l);

/* One turn: timers that are due, then events, waiting for one when `wait` (even
 * if a timer just ran). Whether something is still active. */
bool loop_turn(struct loop *l, bool wait);

/* Makes loop_run() return after the current turn. */
void loop_stop(struct loop *l);

/* Lets handles that are being closed finish, then closes the loop. Free every
 * timer, signal, worker and client first: one that is left is a bug of the
 * caller, said in err (ERR_FATAL), and leaks the loop. */
int loop_release(struct loop *l, struct err *err);

/* ---- timers: monotonic milliseconds ---- */

struct loop_timer;

/* NULL when out of memory. `fire` runs on the loop; it may free the timer. */
struct loop_timer *loop_timer_new(struct loop *l, void (*fire)(void *ctx), void *ctx);
/* Fires once after `delay_ms` (0: next turn); replaces an earlier start. */
void loop_timer_start(struct loop_timer *t, int64_t delay_ms);
/* Fires every `period_ms`, first after that long. */
void loop_timer_repeat(struct loop_timer *t, int64_t period_ms);
void loop_timer_stop(struct loop_timer *t);
bool loop_timer_active(const struct loop_timer *t);
void loop_timer_free(struct loop_timer *t); /* NULL is harmless */

/* ---- signals ---- */

struct loop_signal;

/* Calls `fire` on the loop for each arrival of `signum`. Does not keep
 * loop_run() going by itself. NULL and err (ERR_FATAL) on failure. */
struct loop_signal *loop_signal_new(struct loop *l, int signum, void (*fire)(void *ctx, int signum),
				    void *ctx, struct err *err);
void loop_signal_free(struct loop_signal *s); /* NULL is harmless */

#endif
