#include "daemon/demo.h"

#include "daemon/app.h"
#include "daemon/demo_print.h"
#include "daemon/demo_world.h"
#include "daemon/observe.h"
#include "daemon/run.h"

#include <arpa/inet.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAGE_PORT	 8080
#define PRINT_EVERY_MS	 200
#define DEMO_OPTIONS_MAX 16

struct demo {
	const struct cli *cli;
	struct demo_world world;
	struct settings settings;
	struct log *log;
	struct app *app;
	struct demo_print *print;
	struct loop_timer *timer;
	char directory[64];
	char texts[DEMO_OPTIONS_MAX][512];
	const char **options;
	size_t option_count;
};

/* ---- settings of the demo: the user's own -o come after and win ---- */

static void set(struct demo *d, const char *key, const char *value)
{
	snprintf(d->texts[d->option_count], sizeof(d->texts[0]), "%s=%s", key, value);
	d->options[d->option_count] = d->texts[d->option_count];
	d->option_count++;
}

static bool port_is_free(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	bool is_free;

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	is_free = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return is_free;
}

static int load_settings(struct demo *d)
{
	const struct cli *cli = d->cli;
	struct settings_request request = run_settings_request(cli, SETTINGS_FOR_DEMO);
	char path[128], listen[32];

	d->options = calloc(DEMO_OPTIONS_MAX + cli->option_count, sizeof(*d->options));
	if (d->options == NULL)
		return EXIT_FAILED;
	snprintf(path, sizeof(path), "%s/state.db", d->directory);
	snprintf(listen, sizeof(listen), "127.0.0.1:%d",
		 !cli->once && port_is_free(PAGE_PORT) ? PAGE_PORT : 0);
	set(d, "kafka.bootstrap.servers", d->world.brokers);
	set(d, "schema.registry.url", d->world.registry_url);
	set(d, "state.path", path);
	set(d, "http.listen", listen);
	set(d, "log.level", "error");
	set(d, "topics.create", "false"); /* the mock cluster has no admin calls; the world made the topics */
	set(d, "checkpoint.interval", "200ms");
	/* Event time runs fast: what is a moment on the wall is minutes of events. */
	set(d, "out_of_orderness", "30s");
	set(d, "idle_timeout", "5m");
	set(d, "max_future_skew", "1d");
	set(d, "kafka.consumer.fetch.wait.max.ms", "10");
	set(d, "kafka.producer.socket.nagle.disable", "true");
	for (size_t i = 0; i < cli->option_count; i++)
		d->options[d->option_count++] = cli->options[i];
	request.options = d->options;
	request.option_count = d->option_count;
	return run_load_settings(&d->settings, &request);
}

/* ---- showing ---- */

static void print_more(void *ctx)
{
	struct demo *d = ctx;
	struct err err;

	if (demo_print_poll(d->print, 0, &err) < 0)
		log_warn(d->log, "demo", "%s", err.text);
}

/* The loop is about to end: nothing of ours may be left on it. */
static void stop_printing(void *ctx)
{
	struct demo *d = ctx;

	loop_timer_free(d->timer);
	d->timer = NULL;
}

static void all_done(void *ctx)
{
	app_drain(((struct demo *)ctx)->app, EXIT_OK);
}

static int start_app(struct demo *d, struct err *err)
{
	struct app_options options = {
		.clock = demo_world_clock(&d->world),
		.evidence = EVIDENCE_COMMIT, /* the mock cluster discards transactional offsets */
		.own_signals = true,
		.quiet = d->cli->once ? all_done : NULL,
		.quiet_ctx = d,
		.stopped = stop_printing,
		.stopped_ctx = d,
	};
	struct demo_print_options print = {
		.brokers = d->world.brokers,
		.registry_url = d->world.registry_url,
		.topic = d->settings.outputs[OUTPUT_SUMMARY].topic,
		.out = stdout,
		.sorted_json = d->cli->once,
	};

	d->log = log_new(STDERR_FILENO, (enum log_format)d->settings.log_format,
			 (enum log_level)d->settings.log_level, clock_system());
	d->app = app_new(&d->settings, d->log, &options, err);
	if (d->app == NULL || app_start(d->app, err) != 0)
		return -1;
	d->print = demo_print_new(&print, err);
	if (d->print == NULL)
		return -1;
	d->timer = loop_timer_new(&d->app->loop, print_more, d);
	if (d->timer == NULL)
		return err_set(err, ERR_FATAL, 0, "out of memory");
	return 0;
}

static void introduce(const struct demo *d)
{
	fprintf(stderr,
		"\n"
		"  riverd demo: guests of River Hotels click \"book\", and some never book.\n"
		"  Event time runs fast here: the 20 minutes they have pass in seconds.\n"
		"  Each line below is one of them, read back from Kafka.\n"
		"\n"
		"  Page:  http://127.0.0.1:%u/     Stop: Ctrl-C\n\n",
		observe_port(d->app->observe));
}

static int run(struct demo *d)
{
	struct err err;
	int code;

	if (start_app(d, &err) != 0) {
		fprintf(stderr, "riverd demo: %s\n", err.text);
		return run_exit_code(&err);
	}
	if (!d->cli->once) {
		introduce(d);
		loop_timer_repeat(d->timer, PRINT_EVERY_MS);
	}
	code = app_run(d->app);
	if (code == EXIT_OK && d->cli->once && demo_print_finish(d->print, &err) < 0) {
		fprintf(stderr, "riverd demo: %s\n", err.text);
		code = EXIT_FAILED;
	}
	return code;
}

/* ---- clean up ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void release(struct demo *d)
{
	if (d->print != NULL)
		demo_print_free(d->print);
	app_free(d->app);
	demo_world_stop(&d->world);
	log_free(d->log);
	settings_release(&d->settings);
	free(d->options);
	if (d->directory[0] != '\0')
		nftw(d->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int demo_command(const struct cli *cli)
{
	struct demo d = {.cli = cli, .directory = "/tmp/riverd-demo-XXXXXX"};
	struct demo_world_options options;
	struct err err;
	int code;

	settings_init(&d.settings);
	demo_world_defaults(&options);
	options.once = cli->once;
	if (cli->has_seed)
		options.seed = cli->seed;
	if (cli->events != 0)
		options.events = cli->events;
	if (cli->rate > 0)
		options.rate = cli->rate;
	if (cli->speed > 0)
		options.speed = cli->speed;
	if (mkdtemp(d.directory) == NULL) {
		perror("riverd demo: /tmp");
		return EXIT_FAILED;
	}
	/* before any thread: the world is a forked child */
	if (demo_world_start(&options, &d.world, &err) != 0) {
		fprintf(stderr, "riverd demo: %s\n", err.text);
		code = run_exit_code(&err);
	} else {
		code = load_settings(&d);
		if (code == EXIT_OK)
			code = run(&d);
	}
	release(&d);
	return code;
}
