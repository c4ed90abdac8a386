#include "daemon/run.h"

#include "base/fault.h"
#include "base/heap.h"
#include "daemon/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A sleep may last this much longer. librdkafka waits for its timers in whole
 * milliseconds, rounded down, and its threads spin through the rest: half a
 * millisecond for each client and second, which was most of what an idle riverd used. */
#define TIMER_SLACK_NS 5000000UL

extern char **environ;

struct settings_request run_settings_request(const struct cli *cli, enum settings_use use)
{
	return (struct settings_request){
		.use = use,
		/* The demo must not read the configuration of the real daemon unasked. */
		.path = use == SETTINGS_FOR_DEMO ? cli->config : settings_find_path(cli->config),
		.options = (const char *const *)cli->options,
		.option_count = cli->option_count,
		.environment = environ,
	};
}

int run_load_settings(struct settings *s, const struct settings_request *request)
{
	struct conf_problems problems;
	int rc;

	conf_problems_init(&problems);
	settings_init(s);
	rc = settings_load(s, NULL, request, &problems);
	fputs(buf_cstr(&problems.warnings), stderr);
	fputs(buf_cstr(&problems.errors), stderr);
	conf_problems_release(&problems);
	return rc == 0 ? EXIT_OK : EXIT_CONFIG;
}

int run_exit_code(const struct err *err)
{
	switch (err->class) {
	case ERR_CONFIG: return EXIT_CONFIG;
	case ERR_REFUSED: return EXIT_REFUSED;
	case ERR_RETRY: return EXIT_UNAVAILABLE;
	default: return EXIT_FAILED;
	}
}

/* No core dumps: memory holds addresses and keys. Files are ours alone. */
static void harden(void)
{
	const struct rlimit none = {0, 0};

	umask(0077);
	setrlimit(RLIMIT_CORE, &none);
}

/* Inherited by every thread that is started from now on. */
static void sleep_lazily(void)
{
	prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0);
}

static int live(struct settings *settings, struct log *log, const struct app_options *options)
{
	struct err err;
	struct app *app = app_new(settings, log, options, &err);
	int code;

	if (app == NULL || app_start(app, &err) != 0) {
		log_error(log, "start", "%s", err.text);
		app_free(app);
		return run_exit_code(&err);
	}
	code = app_run(app);
	app_free(app);
	log_notice(log, "riverd", "stopped (exit %d)", code);
	return code;
}

int run_command(const struct cli *cli)
{
	struct settings_request request = run_settings_request(cli, SETTINGS_FOR_RUN);
	struct app_options options = {
		.request = &request,
		.clock = clock_system(),
		.evidence = EVIDENCE_OFFSETS,
		.accept_loss = cli->accept_loss,
		.rebuild = cli->rebuild,
		.own_signals = true,
	};
	struct settings settings;
	struct log *log;
	struct err err;
	int code = run_load_settings(&settings, &request);

	if (code == EXIT_OK && fault_arm(getenv("RIVERD_FAULT"), &err) != 0) {
		fprintf(stderr, "riverd: RIVERD_FAULT: %s\n", err.text);
		code = EXIT_CONFIG;
	}
	if (code == EXIT_OK) {
		heap_configure();
		harden();
		sleep_lazily();
		log = log_new(STDERR_FILENO, (enum log_format)settings.log_format,
			      (enum log_level)settings.log_level, clock_system());
		log_notice(log, "riverd", "riverd %s (%s)", RIVERD_VERSION, RIVERD_REVISION);
		code = live(&settings, log, &options);
		log_free(log);
	}
	settings_release(&settings);
	return code;
}
