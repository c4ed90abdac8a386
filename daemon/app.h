#ifndef RIVERD_APP_H
#define RIVERD_APP_H

/* The live daemon: one struct that owns every object, and the order in which
 * they start and stop.
 *
 *   app_new      log, database, durable state -> pipeline        (nothing runs yet)
 *   app_start    HTTP, signals, startup steps                    (READY=1)
 *                registry -> output schemas -> Kafka resolved, inputs verified
 *                -> dimension topics to their end -> all topics  (/readyz 200)
 *   app_drain    no more input; last epoch; outbox; then the close gate
 *   app_free     after loop_run() returned
 *
 * A record's way through the daemon: intake (source, decoder, pipeline) ->
 * outbound (encoded into the epoch) -> epochs (closed, handed over) ->
 * committer (SQLite, then Kafka). observe shows it all. Everything but the
 * committer's jobs is on the loop's thread. */

#include "async/http_client.h"
#include "async/kafka_wakeup.h"
#include "async/worker.h"
#include "daemon/committer.h"
#include "daemon/epochs.h"
#include "daemon/health.h"
#include "daemon/intake.h"
#include "daemon/metrics.h"
#include "daemon/notify.h"
#include "daemon/outbound.h"
#include "daemon/pace.h"
#include "daemon/partitions.h"
#include "daemon/rebuilding.h"
#include "daemon/schemas.h"
#include "daemon/settings.h"
#include "daemon/startup.h"
#include "kafka/source.h"
#include "summary/provider.h"

struct observe;

struct app_options {
	const struct settings_request
		*request;   /* where the settings came from, for SIGHUP; NULL: no reload */
	struct clock clock; /* wall time of events; the demo's runs faster */
	enum publish_evidence evidence;
	bool accept_loss;
	bool rebuild;	  /* a new database in place of the one that is there */
	bool own_signals; /* take SIGTERM, SIGINT, SIGHUP */
	/* Called on the loop once every input record there is has been processed and
	 * published; for `demo --once`. NULL: never. */
	void (*quiet)(void *ctx);
	void *quiet_ctx;
	/* Called on the loop when everything is closed, before it ends. NULL: never. */
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

#define APP_SIGNALS 5

struct app {
	struct app_options options;
	struct settings *settings; /* borrowed; changed by SIGHUP */
	struct log *log;	   /* borrowed */
	struct clock clock;

	struct loop loop;
	struct notify notify;
	struct http_client *http, *summary_http;
	struct schema_registry *registry;
	struct summary_provider *summary;
	struct source *source;
	struct kafka_wakeup *wakeup;
	struct kafka_setting *consumer_settings, *producer_settings;

	struct database *db; /* the committer's, once it runs */
	struct pipeline *pipeline;
	struct outputs *outputs;
	struct partitions partitions;
	struct outbound outbound;
	struct schemas schemas;
	struct intake intake;
	struct epochs epochs;
	struct committer committer;
	struct startup startup;
	struct rebuilding rebuilding;
	struct observe *observe;

	struct loop_timer *tick;
	struct pace pace;
	struct loop_timer *drain_deadline, *last_resort;
	struct loop_signal *signals[APP_SIGNALS];
	enum life_state life;
	bool running; /* all topics assigned */
	int exit_code;
	int64_t started_mono_ms, started_wall_ms;
	int64_t tick_mono_ms, watchdog_mono_ms, refreshed_mono_ms;
	int64_t lag_ms, lag_before_ms,
		lag_since_ms; /* of the tick: this window's worst, and the last one's */
	uint64_t kafka_errors;
	bool stopping; /* the close gate is open: the committer is being stopped */
	uint64_t reloads, reload_failures;
	int64_t quiet_since_ms; /* mono; 0: not quiet */
	bool quiet_told;
};

/* NULL and err (ERR_CONFIG, ERR_REFUSED, ERR_FATAL, ERR_RETRY) when it cannot start. */
struct app *app_new(struct settings *settings, struct log *log, const struct app_options *options,
		    struct err *err);
int app_start(struct app *a, struct err *err);

/* Runs the loop until everything is closed; the process's exit code. */
int app_run(struct app *a);

/* Begins to stop: no more input, what was taken is finished within
 * drain.timeout. Harmless when already stopping. */
void app_drain(struct app *a, int exit_code);

/* Something that a restart or the operator must mend: says it and drains
 * without accepting more (ERR_REFUSED 3, ERR_CONFIG 78, else 1). */
void app_fail(struct app *a, const char *area, const struct err *err);

/* ---- for the parts ---- */

/* All topics are read: /readyz may say yes. */
void app_running(struct app *a);
/* Makes the pipeline and loads the durable state into it, once the types of
 * HOTEL_BOOKINGS are known. */
int app_load_state(struct app *a, struct err *err);
/* The close gate: when nothing is left to wait for, the loop stops. */
void app_maybe_stopped(struct app *a);

void app_free(struct app *a);

#endif
