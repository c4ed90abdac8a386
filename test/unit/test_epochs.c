/* Epochs and the committer: who is told when there is room again. */

#include "daemon/app.h"
#include "daemon/app_clients.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/fake_http.h"
#include "test/lib/pipeline_fixture.h"
#include "test/lib/publisher_rig.h"

#include <stdlib.h>
#include <unistd.h>

struct world {
	struct app app;
	struct settings settings;
	char here[2];
	struct fixture pipeline;
	struct rig *rig;
	int drained;
	bool full; /* when last drained */
	bool stopped;
};

/* What reads the inputs, if it may. */
static bool drain(void *ctx)
{
	struct world *w = ctx;

	w->drained++;
	w->full = epochs_full(&w->app.epochs);
	return false;
}

static void begin(struct world *w, struct rig *rig)
{
	struct app *a = &w->app;
	struct err err;

	rig->options.evidence = EVIDENCE_COMMIT; /* one step is enough to empty the outbox */
	rig_crash(rig);
	w->rig = rig;
	w->here[0] = '.';
	w->settings.state_path = w->here;
	w->settings.outbox_max_rows = 2;
	w->settings.checkpoint_max_bytes = 1 << 20;
	w->settings.checkpoint_interval = 1000;
	fixture_init(&w->pipeline);
	a->settings = &w->settings;
	a->clock = clock_system();
	a->life = LIFE_RUNNING;
	a->pipeline = w->pipeline.pipeline;
	a->db = rig->db;
	assert_int_equal(loop_init(&a->loop, &err), 0);
	a->wakeup = kafka_wakeup_new(&a->loop, drain, w);
	a->committer = (struct committer){.db = rig->db,
					  .publisher = rig->publisher,
					  .settings = &w->settings,
					  .clock = clock_system()};
	a->committer.worker = worker_new(&a->loop, "committer", &err);
	assert_non_null(a->committer.worker);
	assert_int_equal(epochs_init(&a->epochs, a, rig->epoch + 1, &err), 0);
	a->epochs.started = true;
}

static void stopped(void *ctx)
{
	((struct world *)ctx)->stopped = true;
}

static void end(struct world *w)
{
	struct app *a = &w->app;
	struct err err;

	worker_stop(a->committer.worker, WORKER_DRAIN, stopped, w);
	while (!w->stopped)
		loop_turn(&a->loop, true);
	epochs_release(&a->epochs);
	kafka_wakeup_free(a->wakeup);
	assert_int_equal(loop_release(&a->loop, &err), 0);
	fixture_release(&w->pipeline);
	free(w);
}

/* No epoch is open and none will be, since nothing is read: only Kafka's
 * taking the rows can make room. */
static void reading_goes_on_when_kafka_took_what_filled_the_outbox(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct app *a = &w->app;

	rig_epoch(*state, 3);
	begin(w, *state);
	a->epochs.view.outbox_rows = 3;
	assert_true(epochs_full(&a->epochs));
	epochs_consider(&a->epochs);
	for (int i = 0; i < 500 && (w->drained == 0 || w->full); i++) {
		loop_turn(&a->loop, false);
		usleep(10000);
	}
	assert_int_equal(a->epochs.view.outbox_rows, 0);
	assert_false(epochs_full(&a->epochs));
	assert_true(w->drained > 0);
	rig_assert_each_once(*state);
	end(w);
}

static void refuse(void *ctx, const struct fake_request *request, struct fake_reply *reply)
{
	(void)ctx;
	(void)request;
	reply->status = 503;
	reply->body = "";
}

static void nobody_listens(void *ctx, struct hash_id hash, struct slice summary)
{
	(void)ctx;
	(void)hash;
	(void)summary;
}

/* Its answers would fill it further: without end when neither disk nor Kafka takes anything. */
static void the_model_is_asked_when_there_is_room_for_the_answers(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct app *a = &w->app;
	struct fake_http *model;
	struct slice review = SLICE_LITERAL("Lovely staff.");
	struct summary_question q = {.reviews = &review, .count = 1};
	struct summary_client_options options = {.model = "m", .timeout_ms = 1000};

	rig_epoch(*state, 3);
	begin(w, *state);
	model = fake_http_new(&a->loop, refuse, w);
	options.url = fake_http_url(model);
	a->summary_http = http_client_new(&a->loop, NULL, NULL);
	a->summary = summary_provider_new(SUMMARY_OPENAI, &a->loop, a->summary_http, NULL, &options,
					  nobody_listens, w, NULL);
	a->epochs.view.outbox_rows = 3;
	assert_true(epochs_full(&a->epochs));
	app_clients_room(a); /* as after each answer */
	assert_int_equal(summary_provider_ask(a->summary, &q, NULL), 0);
	fake_sleep(&a->loop, 50);
	assert_int_equal(fake_http_requests(model), 0);
	epochs_consider(&a->epochs); /* Kafka takes the rows */
	for (int i = 0; i < 500 && fake_http_requests(model) == 0; i++) {
		loop_turn(&a->loop, false);
		usleep(10000);
	}
	assert_int_equal(fake_http_requests(model), 1);
	summary_provider_free(a->summary);
	a->summary = NULL;
	http_client_free(a->summary_http);
	fake_http_free(model);
	end(w);
}

static void step(struct world *w)
{
	struct epochs *e = &w->app.epochs;

	e->stepped_ms = e->publish_after_ms = 0; /* the pause is over */
	epochs_consider(e);
	assert_true(e->in_flight);
	for (int i = 0; i < 500 && e->in_flight; i++) {
		loop_turn(&w->app.loop, false);
		usleep(1000);
	}
	assert_false(e->in_flight);
}

/* However long Kafka was away: healthy within 30 s of its return. */
static void pauses_between_attempts_grow_to_ten_seconds_and_no_further(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct rig *rig = *state;
	int64_t before = 0;

	rig_epoch(rig, 1);
	begin(w, rig);
	for (int i = 0; i < 10; i++) {
		fake_broker_fail(&rig->broker, FAKE_OPEN, 1, BROKER_RETRY);
		step(w);
		assert_in_range(w->app.epochs.publish_pause_ms, before, 10000);
		before = w->app.epochs.publish_pause_ms;
	}
	assert_int_equal(before, 10000);
	step(w);
	assert_int_equal(w->app.epochs.publish_pause_ms, 0);
	rig_assert_each_once(rig);
	end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reading_goes_on_when_kafka_took_what_filled_the_outbox,
						rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(the_model_is_asked_when_there_is_room_for_the_answers,
						rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(pauses_between_attempts_grow_to_ten_seconds_and_no_further,
						rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests_name("epochs", tests, NULL, NULL);
}
