#include "daemon/app.h"

#include "base/fault.h"
#include "base/states.h"
#include "daemon/app_clients.h"
#include "daemon/cli.h"
#include "daemon/observe.h"
#include "daemon/reload.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REFRESH_MS     500 /* far below what a broker's silence may last */
#define LAG_WINDOW_MS  10000
#define LAST_RESORT_MS 5000 /* beyond drain.timeout; the library's own calls end sooner */
/* What systemd is asked for beyond the unit's own limits. */
#define OPEN_STATE_MS  (15 * 60 * 1000) /* a journal of gigabytes may have to be moved into the file first */
#define STOP_MARGIN_MS 5000

/* ---- the pipeline's ports ---- */

static void emit(void *ctx, const struct output *output)
{
	outbound_emit(&((struct app *)ctx)->outbound, output);
}

static void erase(void *ctx, struct slice email)
{
	outbound_erase(&((struct app *)ctx)->outbound, email);
}

/* ---- state ---- */

static int restore_row(void *ctx, int table, const struct cell *cells, int count, struct err *err)
{
	return pipeline_restore(ctx, table, cells, count, err);
}

static bool enough(void *ctx)
{
	const struct app *a = ctx;

	return epochs_full(&a->epochs) || intake_turn_over(&a->intake);
}

static int load_rows(struct app *a, struct err *err)
{
	for (int t = 0; t < pipeline_table_count; t++)
		if (database_each_row(a->db, t, restore_row, a->pipeline, err) != 0)
			return err_wrap(err, "load table %s", pipeline_tables[t].name);
	pipeline_restored(a->pipeline);
	(void)fault_point("start.after_restore");
	return 0;
}

int app_load_state(struct app *a, struct err *err)
{
	struct pipeline_ports ports = {
		.ctx = a, .emit = emit, .ask = app_clients_ask, .erase = erase, .enough = enough};
	struct pipeline_config config;
	struct buf identity;
	int rc;

	buf_init(&identity, 64 * 1024);
	summary_provider_identity(a->summary, &identity);
	settings_pipeline(a->settings, buf_view(&identity), &config);
	config.date_type = a->startup.date_type == SETTINGS_DATE_STRING ? DATE_STRING : DATE_LONG;
	config.price_type = (enum price_type)(a->startup.price_type - SETTINGS_PRICE_INT);
	a->pipeline = pipeline_new(&config, &ports);
	buf_release(&identity);
	if (a->pipeline == NULL)
		return err_set(err, ERR_FATAL, 0, "out of memory");
	rc = load_rows(a, err);
	for (size_t i = 0; rc == 0 && i < a->partitions.count; i++)
		pipeline_add_partition(a->pipeline, a->partitions.items[i].input,
				       a->partitions.items[i].position.partition, clock_wall_ms(&a->clock));
	return rc;
}

static int open_state(struct app *a, struct err *err)
{
	struct checkpoint_state state;
	const char *topics[INPUTS];
	int rc;

	if (a->options.rebuild && (database_rebuild_mark(a->settings->state_path, err) != 0 ||
				   database_set_aside(a->settings->state_path, a->log, err) != 0))
		return -1;
	a->db = database_open(a->settings->state_path, pipeline_tables, pipeline_table_count, a->log, err);
	if (a->db == NULL)
		return -1;
	if (!a->options.rebuild && database_virgin(a->db) &&
	    database_rebuild_marked(a->settings->state_path)) {
		log_notice(a->log, "start", "a rebuild was asked for and has not begun: it begins now");
		a->options.rebuild = true;
	}
	for (int i = 0; i < INPUTS; i++)
		topics[i] = a->settings->inputs[i].topic;
	partitions_init(&a->partitions, topics);
	if (checkpoint_load(a->db, &state, err) != 0)
		return -1;
	rc = partitions_restore(&a->partitions, state.positions, state.position_count, err);
	checkpoint_positions_free(state.positions, state.position_count);
	if (rc != 0 || epochs_init(&a->epochs, a, state.epoch + 1, err) != 0)
		return -1;
	a->outbound.next_seq = state.next_seq;
	(void)fault_point("start.after_positions");
	if (schemas_init(&a->schemas, a, err) != 0)
		return -1;
	if (database_each_schema(a->db, schemas_restore, &a->schemas, err) != 0)
		return -1;
	if (rebuilding_init(&a->rebuilding, a->db, err) != 0)
		return -1;
	return startup_init(&a->startup, a, err);
}

/* ---- life ---- */

static const struct state_def lives[LIFE_STATES] = {
	[LIFE_STARTING] = {"starting", STATE_TO(LIFE_RUNNING) | STATE_TO(LIFE_DRAINING)},
	[LIFE_RUNNING] = {"running", STATE_TO(LIFE_DRAINING)},
	[LIFE_DRAINING] = {"draining", STATE_TO(LIFE_STOPPED)},
	[LIFE_STOPPED] = {"stopped", 0},
};

static void move(struct app *a, enum life_state to)
{
	int state = (int)a->life;

	state_move(&state, (int)to, lives);
	a->life = to;
}

void app_running(struct app *a)
{
	if (a->life != LIFE_STARTING)
		return;
	move(a, LIFE_RUNNING);
	log_notice(a->log, "riverd", "running: %zu input partitions", a->partitions.count);
	notify_status(&a->notify, "running");
}

/* For `demo --once`: everything there is has gone all the way. */
static void look_for_quiet(struct app *a)
{
	int64_t now = clock_mono_ms(&a->clock);
	struct pipeline_sizes sizes;
	bool quiet;

	if (a->options.quiet == NULL || a->life != LIFE_RUNNING || a->quiet_told)
		return;
	pipeline_sizes(a->pipeline, &sizes);
	quiet = epochs_quiet(&a->epochs) && sizes.clicks_pending == 0 && sizes.targets_waiting_answer == 0 &&
		sizes.targets_waiting_hotel == 0 && sizes.bookings_waiting_hotel == 0;
	for (size_t i = 0; quiet && i < a->partitions.count; i++)
		quiet = a->partitions.items[i].reached_end;
	if (!quiet) {
		a->quiet_since_ms = 0;
		return;
	}
	if (a->quiet_since_ms == 0)
		a->quiet_since_ms = now;
	if (now - a->quiet_since_ms > 500) {
		a->quiet_told = true;
		a->options.quiet(a->options.quiet_ctx);
	}
}

/* Systemd hears of us only while the loop gets on. A committer that waits for a
 * disk or for Kafka is not cured by a restart: /readyz tells of that. */
static void watchdog(struct app *a)
{
	int64_t every = notify_watchdog_interval_ms(&a->notify), now = a->tick_mono_ms;

	if (every == 0 || now - a->watchdog_mono_ms < every / 2)
		return;
	a->watchdog_mono_ms = now;
	notify_watchdog(&a->notify);
}

/* What everything on the loop waited for at worst: HTTP, the model, Kafka. */
static void measure_lag(struct app *a, int64_t now)
{
	int64_t lag = now - a->tick_mono_ms - a->pace.tick_ms;

	if (now - a->lag_since_ms >= LAG_WINDOW_MS) {
		a->lag_before_ms = a->lag_ms;
		a->lag_ms = 0;
		a->lag_since_ms = now;
	}
	if (lag > a->lag_ms)
		a->lag_ms = lag;
}

/* Time goes on, also when no record comes. */
static void advance(struct app *a)
{
	if (a->pipeline == NULL || a->schemas.fetching)
		return;
	intake_begin_turn(&a->intake);
	if (!pipeline_advance(a->pipeline, clock_wall_ms(&a->clock)))
		kafka_wakeup_kick(a->wakeup);
}

static void tick(void *ctx)
{
	struct app *a = ctx;
	int64_t now = clock_mono_ms(&a->clock);

	(void)fault_point("loop.tick");
	measure_lag(a, now);
	a->tick_mono_ms = now;
	if (a->life >= LIFE_DRAINING) {
		epochs_consider(&a->epochs);
		app_maybe_stopped(a);
		return;
	}
	if (!a->intake.busy)
		advance(a);
	if (a->outbound.failure.class != ERR_NONE) {
		app_fail(a, "output", &a->outbound.failure);
		return;
	}
	startup_progress(&a->startup);
	if (now - a->refreshed_mono_ms >= REFRESH_MS) {
		a->refreshed_mono_ms = now;
		intake_refresh(&a->intake);
		startup_look(&a->startup);
	}
	epochs_consider(&a->epochs);
	look_for_quiet(a);
	pace_consider(a);
	watchdog(a);
}

/* Until the next reload, which is what the configuration says again. */
static void change_log_level(struct app *a, int by)
{
	int level = (int)log_level(a->log) + by;

	if (level < LOG_ERROR || level > LOG_DEBUG)
		return;
	if (by > 0)
		log_set_level(a->log, (enum log_level)level);
	log_notice(a->log, "config", "log.level is %s until the next reload",
		   log_level_name((enum log_level)level));
	log_set_level(a->log, (enum log_level)level);
}

static void on_signal(void *ctx, int signum)
{
	struct app *a = ctx;

	if (signum == SIGHUP) {
		reload(a);
		return;
	}
	if (signum == SIGUSR1 || signum == SIGUSR2) {
		change_log_level(a, signum == SIGUSR1 ? 1 : -1);
		return;
	}
	if (a->life >= LIFE_DRAINING) {
		log_warn(a->log, "riverd", "second %s: leaving at once; what was committed is safe",
			 strsignal(signum));
		_exit(128 + signum);
	}
	log_notice(a->log, "riverd", "%s: finishing what was taken", strsignal(signum));
	app_drain(a, 0);
}

static int take_signals(struct app *a, struct err *err)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; a->options.own_signals && i < APP_SIGNALS; i++) {
		a->signals[i] = loop_signal_new(&a->loop, numbers[i], on_signal, a, err);
		if (a->signals[i] == NULL)
			return -1;
	}
	return 0;
}

/* ---- start ---- */

struct app *app_new(struct settings *settings, struct log *log, const struct app_options *options,
		    struct err *err)
{
	struct app *a = calloc(1, sizeof(*a));

	if (a == NULL) {
		err_set(err, ERR_FATAL, 0, "out of memory");
		return NULL;
	}
	a->options = *options;
	a->settings = settings;
	a->log = log;
	a->clock = options->clock;
	a->started_mono_ms = a->tick_mono_ms = clock_mono_ms(&a->clock);
	a->started_wall_ms = clock_system().wall_ms(NULL);
	if (loop_init(&a->loop, err) != 0) {
		free(a);
		return NULL;
	}
	notify_init(&a->notify);
	notify_extend(&a->notify, OPEN_STATE_MS);
	intake_init(&a->intake, a);
	outbound_init(&a->outbound, a->clock, settings->dead_letter_topic);
	a->outbound.rebuilding = &a->rebuilding;
	if (open_state(a, err) != 0 || app_clients_open(a, err) != 0)
		goto failed;
	return a;
failed:
	app_free(a);
	return NULL;
}

/* drain.timeout is over: what is committed is safe, the rest is read again. */
static void deadline(void *ctx)
{
	struct app *a = ctx;

	log_warn(a->log, "riverd", "drain.timeout is over: leaving the rest for the next start");
	a->epochs.drained = true;
	committer_cancel(&a->committer);
	loop_timer_start(a->last_resort, LAST_RESORT_MS);
	app_maybe_stopped(a);
}

/* The committer does not come back, from a disk for example. A crash at any
 * place is safe, so is this. */
static void leave(void *ctx)
{
	struct app *a = ctx;

	log_error(a->log, "riverd",
		  "the committer does not come back: leaving without it; what was committed is safe");
	_exit(a->exit_code);
}

int app_start(struct app *a, struct err *err)
{
	a->observe = observe_new(a, err);
	if (a->observe == NULL)
		return -1;
	a->tick = loop_timer_new(&a->loop, tick, a);
	a->drain_deadline = loop_timer_new(&a->loop, deadline, a);
	a->last_resort = loop_timer_new(&a->loop, leave, a);
	if (a->tick == NULL || a->drain_deadline == NULL || a->last_resort == NULL)
		return err_set(err, ERR_FATAL, 0, "out of memory");
	if (take_signals(a, err) != 0)
		return -1;
	pace_consider(a);
	notify_ready(&a->notify, "starting");
	startup_begin(&a->startup);
	return 0;
}

int app_run(struct app *a)
{
	loop_run(&a->loop);
	return a->exit_code;
}

/* ---- stop ---- */

void app_fail(struct app *a, const char *area, const struct err *err)
{
	int code = err->class == ERR_REFUSED  ? EXIT_REFUSED
		   : err->class == ERR_CONFIG ? EXIT_CONFIG
					      : EXIT_FAILED;

	log_error(a->log, area, "%s", err->text);
	/* First: what is in memory may not follow from what is on disk, and we may be
	 * in the middle of a step. What was not committed is read again. */
	a->epochs.drained = true;
	app_drain(a, code);
}

void app_drain(struct app *a, int exit_code)
{
	if (a->life >= LIFE_DRAINING)
		return;
	a->exit_code = exit_code;
	(void)fault_point("stop.before_drain");
	move(a, LIFE_DRAINING);
	pace_consider(a);
	notify_stopping(&a->notify, "draining");
	notify_extend(&a->notify, a->settings->drain_timeout + LAST_RESORT_MS + STOP_MARGIN_MS);
	if (a->drain_deadline != NULL)
		loop_timer_start(a->drain_deadline, a->settings->drain_timeout);
	epochs_drain(&a->epochs);
	app_maybe_stopped(a);
}

static void worker_gone(void *ctx)
{
	struct app *a = ctx;

	a->committer.worker = NULL;
	app_clients_close(a);
	observe_close(a->observe);
	a->observe = NULL;
	loop_timer_free(a->tick);
	loop_timer_free(a->drain_deadline);
	loop_timer_free(a->last_resort);
	a->tick = a->drain_deadline = a->last_resort = NULL;
	for (int i = 0; i < APP_SIGNALS; i++) {
		loop_signal_free(a->signals[i]);
		a->signals[i] = NULL;
	}
	move(a, LIFE_STOPPED);
	if (a->options.stopped != NULL)
		a->options.stopped(a->options.stopped_ctx);
	loop_stop(&a->loop);
}

void app_maybe_stopped(struct app *a)
{
	if (a->life != LIFE_DRAINING || !a->epochs.drained || a->stopping)
		return;
	a->stopping = true;
	(void)fault_point("stop.after_drain");
	committer_cancel(&a->committer);
	loop_timer_start(a->last_resort, LAST_RESORT_MS);
	worker_stop(a->committer.worker, WORKER_ABANDON, worker_gone, a);
}

static void worker_gone_early(void *ctx)
{
	((struct app *)ctx)->committer.worker = NULL;
}

void app_free(struct app *a)
{
	struct err err;

	if (a == NULL)
		return;
	if (a->committer.worker != NULL) { /* the start failed before the loop ran */
		a->stopping = true;
		worker_stop(a->committer.worker, WORKER_ABANDON, worker_gone_early, a);
		while (a->committer.worker != NULL)
			loop_turn(&a->loop, true);
	}
	app_clients_close(a);
	observe_close(a->observe);
	committer_release(&a->committer);
	startup_release(&a->startup);
	epochs_release(&a->epochs);
	schemas_release(&a->schemas);
	intake_release(&a->intake);
	outbound_release(&a->outbound);
	partitions_release(&a->partitions);
	pipeline_free(a->pipeline);
	outputs_free(a->outputs);
	rebuilding_release(&a->rebuilding);
	loop_timer_free(a->tick);
	loop_timer_free(a->drain_deadline);
	loop_timer_free(a->last_resort);
	for (int i = 0; i < APP_SIGNALS; i++)
		loop_signal_free(a->signals[i]);
	if (loop_release(&a->loop, &err) != 0)
		log_error(a->log, "riverd", "%s", err.text);
	if (a->db != NULL)
		database_close(a->db);
	notify_release(&a->notify);
	free(a->consumer_settings);
	free(a->producer_settings);
	free(a);
}
