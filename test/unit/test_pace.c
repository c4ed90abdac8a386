/* How often the loop looks around: seldom when nothing waits for time to pass. */

#include "daemon/app.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/pipeline_fixture.h"

#include <stdlib.h>

struct world {
	struct app app;
	struct settings settings;
	struct fixture pipeline;
	int64_t mono;
};

static int64_t mono_ms(void *ctx)
{
	return ((struct world *)ctx)->mono;
}

static void tick(void *ctx)
{
	(void)ctx;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct app *a = &w->app;
	struct err err;

	*state = w;
	fixture_init(&w->pipeline);
	w->mono = 1000000;
	a->settings = &w->settings;
	a->clock = (struct clock){mono_ms, mono_ms, w};
	a->life = LIFE_RUNNING;
	a->notify.fd = -1;
	a->pipeline = w->pipeline.pipeline;
	if (loop_init(&a->loop, &err) != 0 || epochs_init(&a->epochs, a, 1, &err) != 0)
		return -1;
	a->tick = loop_timer_new(&a->loop, tick, a);
	return a->tick != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	struct world *w = *state;
	struct err err;

	loop_timer_free(w->app.tick);
	epochs_release(&w->app.epochs);
	fixture_release(&w->pipeline);
	assert_int_equal(loop_release(&w->app.loop, &err), 0);
	free(w);
	return 0;
}

static int64_t pace_after(struct world *w, int64_t ms)
{
	pace_consider(&w->app);
	w->mono += ms;
	pace_consider(&w->app);
	return w->app.pace.tick_ms;
}

static void ticks_are_rare_when_nothing_has_waited_for_some_seconds(void **state)
{
	struct world *w = *state;

	w->app.life = LIFE_STARTING;
	assert_int_equal(pace_after(w, 60000), 200);
	w->app.life = LIFE_RUNNING;
	assert_true(pace_idle(&w->app));
	assert_int_equal(pace_after(w, 1000), 200);
	assert_int_equal(pace_after(w, 5000), 1000);
	w->app.life = LIFE_DRAINING;
	assert_int_equal(pace_after(w, 0), 200);
}

static void a_click_that_waits_for_its_deadline_brings_the_pace_back(void **state)
{
	struct world *w = *state;

	assert_int_equal(pace_after(w, 6000), 1000);
	fixture_click(&w->pipeline, "a@x", "H1", 0);
	assert_false(pace_idle(&w->app));
	assert_int_equal(pace_after(w, 0), 200);
	assert_int_equal(pace_after(w, 600000), 200);
	/* not called lag: the next tick is due from now */
	assert_int_equal(w->app.tick_mono_ms, w->mono - 600000);
}

static void whatever_else_is_unfinished_keeps_the_pace(void **state)
{
	struct world *w = *state;
	struct app *a = &w->app;

	a->schemas.fetching = true;
	assert_int_equal(pace_after(w, 6000), 200);
	a->schemas.fetching = false;
	a->intake.count = 1;
	assert_int_equal(pace_after(w, 6000), 200);
	a->intake.count = 0;
	a->epochs.filling_records = 1;
	assert_int_equal(pace_after(w, 6000), 200);
	a->epochs.filling_records = 0;
	a->epochs.view.outbox_rows = 1;
	assert_int_equal(pace_after(w, 6000), 200);
	a->epochs.view.outbox_rows = 0;
	assert_int_equal(pace_after(w, 6000), 1000);
}

static void a_hasty_watchdog_and_the_demo_are_served_as_always(void **state)
{
	struct world *w = *state;

	w->app.notify.watchdog_ms = 3000;
	assert_int_equal(pace_after(w, 6000), 200);
	w->app.notify.watchdog_ms = 30000;
	assert_int_equal(pace_after(w, 6000), 1000);
	w->app.options.quiet = tick;
	assert_int_equal(pace_after(w, 6000), 200);
}

#define WORLD(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(ticks_are_rare_when_nothing_has_waited_for_some_seconds),
		WORLD(a_click_that_waits_for_its_deadline_brings_the_pace_back),
		WORLD(whatever_else_is_unfinished_keeps_the_pace),
		WORLD(a_hasty_watchdog_and_the_demo_are_served_as_always),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
