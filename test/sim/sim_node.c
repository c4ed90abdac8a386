/* A process: started, killed, stopped, and what its exit asks of the operator. */

#include "daemon/cli.h"
#include "publish/publisher.h"
#include "test/sim/sim_kafka.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESTART_MS 100

/* What a configuration without a word in it says; read once. */
static const struct settings *defaults(void)
{
	static const char *const options[] = {"kafka.bootstrap.servers=simulated:9092",
					      "schema.registry.url=http://127.0.0.1:1"};
	static struct settings settings;
	static bool loaded;
	struct settings_request request = {.use = SETTINGS_FOR_RUN, .options = options, .option_count = 2};
	struct conf_problems problems;

	if (loaded)
		return &settings;
	settings_init(&settings);
	conf_problems_init(&problems);
	if (settings_load(&settings, NULL, &request, &problems) != 0) {
		fprintf(stderr, "%s", buf_cstr(&problems.errors));
		abort();
	}
	conf_problems_release(&problems);
	loaded = true;
	return &settings;
}

static void choose_settings(struct sim *s, struct settings *to)
{
	static const int64_t intervals[] = {100, 300, 1000}, events[] = {1, 4, 30, 10000},
			     rows[] = {5, 50, 100000};
	const struct pipeline_config *c = &s->world->config;

	for (int i = 0; i < INPUTS; i++)
		to->inputs[i].format = FORMAT_JSON;
	for (int i = 0; i < OUTPUTS; i++)
		to->outputs[i].enabled = c->outputs[i];
	to->window = c->window;
	to->out_of_orderness = c->out_of_orderness;
	to->idle_timeout = c->idle_timeout;
	to->allowed_lateness = c->allowed_lateness;
	to->max_future_skew = c->max_future_skew;
	to->hotel_grace = c->hotel_grace;
	to->booking_memory = c->booking_memory;
	to->booking_match = (int)c->match;
	to->case_insensitive = c->case_insensitive;
	to->reviews_required = c->reviews_required;
	to->date_type = c->date_type == DATE_LONG ? SETTINGS_DATE_LONG : SETTINGS_DATE_STRING;
	to->price_type = (int)c->price_type + SETTINGS_PRICE_INT;
	to->summary.cache_size = (int64_t)c->answer_cache;
	to->checkpoint_interval = intervals[sim_between(s, 0, 2)];
	to->checkpoint_max_events = events[sim_between(s, 0, 3)];
	to->outbox_max_rows = rows[sim_between(s, 0, 2)];
	to->min_free_percent = 0;
}

static void unlink_placeholders(const struct node *n)
{
	static const char *const beside[] = {"", ".lock", ".rebuild"};
	char name[110];

	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", n->path, beside[i]);
		unlink(name);
	}
}

void node_init(struct sim *s, int number, const char *dir)
{
	struct node *n = &s->nodes[number];

	*n = (struct node){.number = number, .settings = *defaults(), .thaw_ms = 0};
	snprintf(n->path, sizeof(n->path), "%s/%c.db", dir, 'a' + number);
	choose_settings(s, &n->settings);
	n->settings.state_path = n->path;
	unlink_placeholders(n);
}

void node_release(struct node *n)
{
	struct sim *s = sim_current();

	s->node = n;
	n->dead = true;
	app_free(n->app);
	n->app = NULL;
	s->node = NULL;
	log_free(n->log);
	disk_release(&n->disk);
	unlink_placeholders(n);
}

static void start_again(void *ctx, uint64_t arg)
{
	struct node *n = ctx;

	(void)arg;
	if (!n->app && !n->retired)
		node_start(n);
}

static void restart(struct node *n, int64_t delay_ms)
{
	sim_post(NULL, delay_ms, start_again, n, 0);
}

/* Exit 3: only right when somebody gave it a reason, and then the operator does
 * what the message says. */
static void refused(struct node *n)
{
	struct sim *s = sim_current();

	s->counts->refused++;
	sim_trace(s, "refused");
	if (n->restored && s->has_newest) {
		disk_copy(&n->disk, &s->newest, n->path, n->path);
		n->restored = s->has_newest = false;
		restart(n, 1000);
		return;
	}
	n->retired = true;
	if (s->cloned) { /* one of the two has to go; when both did, the other is tried alone */
		struct node *other = &s->nodes[!n->number];

		if (n->refused && other->refused)
			sim_broken(s, "both processes refuse to work alone");
		n->refused = other->retired;
		if (other->retired) {
			other->retired = false;
			restart(other, 1000);
		}
		return;
	}
	sim_broken(s, "process %c refuses to work, and nothing justifies it", "AB"[n->number]);
}

static void ended(struct node *n, int code)
{
	struct sim *s = sim_current();

	n->exits++;
	sim_trace(s, "exit %d", code);
	if (code == EXIT_REFUSED)
		refused(n);
	else if (code == EXIT_FAILED && s->faults.fsync == 0 && s->faults.write_error == 0 &&
		 !s->disk_was_full)
		sim_broken(s, "process %c fails, and nothing justifies it", "AB"[n->number]);
	else if (code == EXIT_CONFIG || code == EXIT_USAGE)
		sim_broken(s, "exit %d", code);
	else
		restart(n, RESTART_MS + sim_between(s, 0, 1000));
}

static int code_of(const struct err *err)
{
	return err->class == ERR_REFUSED  ? EXIT_REFUSED
	       : err->class == ERR_CONFIG ? EXIT_CONFIG
					  : EXIT_FAILED;
}

/* Said once: however far the first start gets, the next ones go on with it. */
static void announce_rebuild(struct node *n)
{
	n->rebuild = n->lost && !n->announced;
	n->announced = n->announced || n->rebuild;
}

void node_start(struct node *n)
{
	struct sim *s = sim_current();
	struct app_options options = {.clock = sim_clock(), .evidence = EVIDENCE_OFFSETS};
	struct err err = {0};
	int failed = 0;

	announce_rebuild(n);
	options.rebuild = n->rebuild;
	options.accept_loss = n->lost;
	s->counts->lives++;
	n->life++;
	n->dead = n->stopped = n->sync_failed = false;
	n->thaw_ms = 0;
	s->node = n;
	sim_trace(s, "starts%s", n->rebuild ? " with --rebuild" : "");
	n->rebuild = false;
	log_free(n->log);
	n->log = s->tracing ? log_new(STDOUT_FILENO, LOG_FORMAT_TEXT, LOG_INFO, sim_clock()) : NULL;
	n->app = app_new(&n->settings, n->log, &options, &err);
	if (!n->app || (failed = app_start(n->app, &err)) != 0) {
		sim_trace(s, "cannot start: %s", err.text);
		if (n->app && failed)
			app_free(n->app);
		n->app = NULL;
		s->node = NULL;
		ended(n, code_of(&err));
	} else {
		n->created = true;
	}
	s->node = NULL;
}

void node_kill(struct node *n, bool power)
{
	struct sim *s = sim_current();

	if (n->retired)
		return;
	sim_trace(s, "%s %c", power ? "POWER LOSS of" : "kill -9", "AB"[n->number]);
	s->counts->crashes += !power;
	s->counts->power_losses += power;
	if (n->app) {
		n->dead = true;
		s->node = n;
		app_free(n->app);
		s->node = NULL;
		n->app = NULL;
		restart(n, RESTART_MS + sim_between(s, 0, 3000));
	}
	if (power)
		disk_power_loss(&n->disk);
}

void node_lose(struct node *n)
{
	node_kill(n, false);
	disk_release(&n->disk);
	unlink_placeholders(n);
	n->lost = true;
	n->announced = false;
}

void node_look(struct node *n)
{
	struct sim *s = sim_current();
	int code;

	if (!n->app || !n->stopped)
		return;
	code = n->app->exit_code;
	s->node = n;
	app_free(n->app);
	s->node = NULL;
	n->app = NULL;
	ended(n, code);
}

bool node_healthy(const struct node *n)
{
	const struct app *a = n->app;

	return a && a->life == LIFE_RUNNING && !a->epochs.commit_trouble[0] &&
	       !a->epochs.publish_trouble[0] &&
	       (a->epochs.view.publisher.state == PUBLISHER_READY ||
		a->epochs.view.publisher.state == PUBLISHER_RESTING);
}
