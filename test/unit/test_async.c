/* The loop, the worker and the wake-up from librdkafka. */

#include "async/kafka_wakeup.h"
#include "async/loop.h"
#include "async/worker.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/fake_http.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static void count(void *ctx)
{
	++*(int *)ctx;
}

static void close_clean(struct loop *loop)
{
	struct err err = {0};

	assert_int_equal(loop_release(loop, &err), 0);
}

static void timers_fire_once_or_repeat_and_can_be_freed_at_any_time(void **state)
{
	struct loop loop;
	struct loop_timer *once, *often, *never;
	int fired = 0, ticks = 0;

	(void)state;
	assert_int_equal(loop_init(&loop, NULL), 0);
	once = loop_timer_new(&loop, count, &fired);
	often = loop_timer_new(&loop, count, &ticks);
	never = loop_timer_new(&loop, count, &fired);
	loop_timer_start(once, 1);
	loop_timer_repeat(often, 2);
	loop_timer_start(never, 5);
	loop_timer_free(never);
	fake_wait(&loop, &ticks, 3);
	assert_int_equal(fired, 1);
	assert_false(loop_timer_active(once));
	loop_timer_free(once);
	loop_timer_free(often);
	close_clean(&loop);
}

static void a_timer_left_behind_is_said_when_the_loop_closes(void **state)
{
	struct loop loop;
	struct loop_timer *timer;
	int fired = 0;
	struct err err = {0};

	(void)state;
	assert_int_equal(loop_init(&loop, NULL), 0);
	timer = loop_timer_new(&loop, count, &fired);
	assert_int_equal(loop_release(&loop, &err), -1);
	assert_int_equal(err.class, ERR_FATAL);
	assert_non_null(strstr(err.text, "1 handles still open"));
	loop_timer_free(timer);
	close_clean(&loop);
}

static void on_signal(void *ctx, int signum)
{
	*(int *)ctx = signum;
}

static void signals_arrive_on_the_loop(void **state)
{
	struct loop loop;
	struct loop_signal *signal;
	int seen = 0;

	(void)state;
	assert_int_equal(loop_init(&loop, NULL), 0);
	signal = loop_signal_new(&loop, SIGUSR2, on_signal, &seen, NULL);
	assert_non_null(signal);
	kill(getpid(), SIGUSR2);
	fake_wait(&loop, &seen, 1);
	assert_int_equal(seen, SIGUSR2);
	loop_signal_free(signal);
	close_clean(&loop);
}

/* ---- worker ---- */

struct work {
	struct job job;
	int number, *order, *at, *finished;
	pthread_t ran_on;
	bool ran, again;
	atomic_int *gate; /* wait until it is open */
	struct worker *worker;
};

static void work_run(struct job *job)
{
	struct work *w = LIST_ENTRY(job, struct work, job);

	while (w->gate != NULL && atomic_load(w->gate) == 0)
		usleep(500);
	w->ran = true;
	w->ran_on = pthread_self();
}

static void work_done(struct job *job)
{
	struct work *w = LIST_ENTRY(job, struct work, job);

	w->order[(*w->at)++] = w->number;
	++*w->finished;
	if (w->again) {
		w->again = false;
		assert_int_equal(worker_submit(w->worker, job), 0);
	}
}

#define JOBS 50

struct yard {
	struct loop loop;
	struct worker *worker;
	struct work work[JOBS];
	int order[2 * JOBS], at, finished, stopped;
	atomic_int gate;
};

static void yard_init(struct yard *y, bool open)
{
	memset(y, 0, sizeof(*y));
	atomic_init(&y->gate, open);
	assert_int_equal(loop_init(&y->loop, NULL), 0);
	y->worker = worker_new(&y->loop, "test-worker", NULL);
	assert_non_null(y->worker);
	for (int i = 0; i < JOBS; i++)
		y->work[i] = (struct work){.job = {.run = work_run, .done = work_done},
					   .number = i,
					   .order = y->order,
					   .at = &y->at,
					   .finished = &y->finished,
					   .gate = &y->gate,
					   .worker = y->worker};
}

static void jobs_run_on_the_worker_and_come_back_in_order(void **state)
{
	struct yard y;

	(void)state;
	yard_init(&y, true);
	y.work[3].again = true; /* submitted again from inside done() */
	for (int i = 0; i < JOBS; i++)
		assert_int_equal(worker_submit(y.worker, &y.work[i].job), 0);
	assert_int_equal(worker_pending(y.worker), JOBS);
	fake_wait(&y.loop, &y.finished, JOBS + 1);
	for (int i = 0, next = 0; i < JOBS + 1; i++)
		if (y.order[i] != 3 || next == 3)
			assert_int_equal(y.order[i], next++);
	assert_false(pthread_equal(y.work[0].ran_on, pthread_self()));
	assert_int_equal(worker_pending(y.worker), 0);
	worker_stop(y.worker, WORKER_DRAIN, count, &y.stopped);
	fake_wait(&y.loop, &y.stopped, 1);
	close_clean(&y.loop);
}

static void draining_runs_everything_before_it_stops(void **state)
{
	struct yard y;

	(void)state;
	yard_init(&y, false);
	for (int i = 0; i < JOBS; i++)
		worker_submit(y.worker, &y.work[i].job);
	worker_stop(y.worker, WORKER_DRAIN, count, &y.stopped);
	assert_int_equal(worker_submit(y.worker, &y.work[0].job), -1);
	atomic_store(&y.gate, 1);
	fake_wait(&y.loop, &y.stopped, 1);
	assert_int_equal(y.finished, JOBS);
	for (int i = 0; i < JOBS; i++)
		assert_true(y.work[i].ran && !y.work[i].job.abandoned);
	close_clean(&y.loop);
}

static void abandoning_finishes_the_running_job_and_gives_the_rest_back(void **state)
{
	struct yard y;

	(void)state;
	yard_init(&y, false);
	for (int i = 0; i < JOBS; i++)
		worker_submit(y.worker, &y.work[i].job);
	fake_sleep(&y.loop, 20); /* the first one is running */
	worker_stop(y.worker, WORKER_DRAIN, count, &y.stopped);
	worker_stop(y.worker, WORKER_ABANDON, count, &y.stopped); /* on second thoughts */
	atomic_store(&y.gate, 1);
	fake_wait(&y.loop, &y.stopped, 1);
	assert_int_equal(y.stopped, 1);
	assert_int_equal(y.finished, JOBS);
	assert_true(y.work[0].ran && !y.work[0].job.abandoned);
	for (int i = 1; i < JOBS; i++)
		assert_true(!y.work[i].ran && y.work[i].job.abandoned);
	close_clean(&y.loop);
}

/* ---- kafka_wakeup ---- */

/* Stands in for a consumer: takes at most `budget` a call. */
struct tap {
	atomic_int level; /* messages waiting */
	int taken, calls, budget;
	bool paused;
};

static bool tap_drain(void *ctx)
{
	struct tap *t = ctx;

	t->calls++;
	if (t->paused)
		return false;
	for (int i = 0; i < t->budget && atomic_load(&t->level) > 0; i++) {
		atomic_fetch_sub(&t->level, 1);
		t->taken++;
	}
	return atomic_load(&t->level) > 0;
}

static void a_drain_with_a_budget_goes_on_without_another_wakeup(void **state)
{
	struct tap tap = {.budget = 10};
	struct kafka_wakeup *w;
	struct loop loop;
	int timer_fired = 0;
	struct loop_timer *timer;

	(void)state;
	assert_int_equal(loop_init(&loop, NULL), 0);
	w = kafka_wakeup_new(&loop, tap_drain, &tap);
	timer = loop_timer_new(&loop, count, &timer_fired);
	atomic_store(&tap.level, 1000);
	loop_timer_start(timer, 0);
	kafka_wakeup_kick(w); /* the one and only 0 to 1 event */
	while (tap.taken < 1000)
		loop_turn(&loop, true);
	assert_int_equal(timer_fired, 1); /* others had their turn in between */
	assert_true(tap.calls >= 100);
	tap.calls = 0;
	for (int i = 0; i < 5; i++)
		loop_turn(&loop, false);
	assert_int_equal(tap.calls, 0); /* empty: quiet */
	kafka_wakeup_free(w);
	loop_timer_free(timer);
	close_clean(&loop);
}

static void *kicker(void *arg)
{
	for (int i = 0; i < 100; i++)
		kafka_wakeup_kick(arg);
	return NULL;
}

static void back_pressure_ends_with_a_kick_from_any_thread(void **state)
{
	struct tap tap = {.budget = 100, .paused = true};
	struct kafka_wakeup *w;
	struct loop loop;
	pthread_t thread;

	(void)state;
	assert_int_equal(loop_init(&loop, NULL), 0);
	w = kafka_wakeup_new(&loop, tap_drain, &tap);
	atomic_store(&tap.level, 50);
	kafka_wakeup_kick(w);
	fake_sleep(&loop, 5);
	assert_int_equal(tap.taken, 0);
	tap.paused = false;
	pthread_create(&thread, NULL, kicker, w);
	fake_wait(&loop, &tap.taken, 50);
	pthread_join(thread, NULL);
	kafka_wakeup_free(w);
	close_clean(&loop);
}

/* librdkafka starts its threads by thrd_create(), which ThreadSanitizer does not
 * know: our callback would crash inside its run time. */
#if defined(__SANITIZE_THREAD__)
#define WITH_LIBRDKAFKA 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WITH_LIBRDKAFKA 0
#endif
#endif
#ifndef WITH_LIBRDKAFKA
#define WITH_LIBRDKAFKA 1
#endif

#if WITH_LIBRDKAFKA
struct rdkafka_tap {
	rd_kafka_queue_t *queue;
	int events, calls;
};

static bool rdkafka_drain(void *ctx)
{
	struct rdkafka_tap *t = ctx;
	rd_kafka_event_t *event = rd_kafka_queue_poll(t->queue, 0);

	t->calls++;
	if (event == NULL)
		return false;
	t->events++;
	rd_kafka_event_destroy(event);
	return true;
}

/* A real queue of librdkafka: nobody listens on the port, so an error event
 * comes from its broker thread. */
static void a_queue_of_librdkafka_wakes_the_loop(void **state)
{
	struct rdkafka_tap tap = {0};
	struct kafka_wakeup *w;
	struct loop loop;
	rd_kafka_conf_t *conf;
	rd_kafka_t *rk;
	char text[200];

	(void)state;
	conf = rd_kafka_conf_new();
	assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", "127.0.0.1:1", text, sizeof(text)), 0);
	assert_int_equal(rd_kafka_conf_set(conf, "log_level", "0", text, sizeof(text)), 0);
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_ERROR);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	assert_non_null(rk);
	tap.queue = rd_kafka_queue_get_main(rk);
	assert_int_equal(loop_init(&loop, NULL), 0);
	w = kafka_wakeup_new(&loop, rdkafka_drain, &tap);
	kafka_wakeup_attach(w, tap.queue);
	fake_wait(&loop, &tap.events, 1);
	kafka_wakeup_detach(w, tap.queue);
	kafka_wakeup_free(w);
	rd_kafka_queue_destroy(tap.queue);
	rd_kafka_destroy(rk);
	close_clean(&loop);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_fire_once_or_repeat_and_can_be_freed_at_any_time),
		cmocka_unit_test(a_timer_left_behind_is_said_when_the_loop_closes),
		cmocka_unit_test(signals_arrive_on_the_loop),
		cmocka_unit_test(jobs_run_on_the_worker_and_come_back_in_order),
		cmocka_unit_test(draining_runs_everything_before_it_stops),
		cmocka_unit_test(abandoning_finishes_the_running_job_and_gives_the_rest_back),
		cmocka_unit_test(a_drain_with_a_budget_goes_on_without_another_wakeup),
		cmocka_unit_test(back_pressure_ends_with_a_kick_from_any_thread),
#if WITH_LIBRDKAFKA
		cmocka_unit_test(a_queue_of_librdkafka_wakes_the_loop),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
