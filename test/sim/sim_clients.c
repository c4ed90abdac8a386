/* What app_clients.c opens, made of the simulation: consumer, producer,
 * registry, model. And the windows, which nobody looks through here. */

#include "daemon/app_clients.h"
#include "daemon/observe.h"
#include "daemon/reload.h"
#include "test/sim/sim.h"

#include <stdlib.h>

/* ---- Kafka, by the wiring of app_clients.c ---- */

static void source_end(void *ctx, const char *topic, int32_t partition, int64_t offset)
{
	intake_end(&((struct app *)ctx)->intake, topic, partition, offset);
}

static void source_trouble(void *ctx, const struct source_trouble *t)
{
	(void)ctx, (void)t;
}

static void source_wake(void *ctx)
{
	kafka_wakeup_kick(((struct app *)ctx)->wakeup);
}

int app_clients_open(struct app *a, struct err *err)
{
	struct source_options source = {.group = a->settings->group_id,
					.batch = INTAKE_BATCH,
					.clock = a->clock,
					.log = a->log,
					.events = {a, source_end, source_trouble, source_wake}};
	struct committer_options committer = {.evidence = a->options.evidence, .rebuild = a->options.rebuild};

	a->wakeup = kafka_wakeup_new(&a->loop, intake_drain, &a->intake);
	a->source = source_new(&source, err);
	return committer_init(&a->committer, &a->loop, a->db, a->settings, &committer, a->log, sim_clock(),
			      err);
}

/* ---- the model ---- */

struct answer {
	struct node *node;
	struct hash_id hash;
	char *summary;
	struct answer *next;
};

/* Open questions of both processes. */
static struct answer **open_questions(void)
{
	static struct answer *first;

	return &first;
}

static void unlink_answer(const struct answer *a)
{
	struct answer **at = open_questions();

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
}

static void answer_free(struct answer *a)
{
	unlink_answer(a);
	sim_forget(a);
	free(a->summary);
	free(a);
}

static void answered(void *ctx, uint64_t arg)
{
	struct answer *a = ctx;
	struct app *app = a->node->app;
	bool under_way = sim_chance(sim_current(), 500); /* when the client was held */

	(void)arg;
	if (app->pipeline && app->life < LIFE_DRAINING && epochs_full(&app->epochs) && !under_way) {
		sim_post(a->node, 50, answered, a, 0);
		return;
	}
	if (app->pipeline && app->life < LIFE_DRAINING) {
		pipeline_answer(app->pipeline, a->hash, slice_str(a->summary));
		kafka_wakeup_kick(app->wakeup);
	}
	answer_free(a);
}

static char *summarise(const struct question *q)
{
	char **texts = calloc(q->count, sizeof(*texts));
	char *summary;

	for (size_t i = 0; texts && i < q->count; i++)
		texts[i] = slice_dup(q->reviews[i]);
	summary = oracle_summary((const char *const *)texts, q->count);
	for (size_t i = 0; i < q->count; i++)
		free(texts[i]);
	free(texts);
	return summary;
}

void app_clients_ask(void *ctx, const struct question *question)
{
	struct app *app = ctx;
	struct sim *s = sim_current();
	struct answer *a = calloc(1, sizeof(*a));
	int64_t delay = sim_between(s, 0, 300);

	if (!a)
		abort();
	*a = (struct answer){s->node, question->hash, summarise(question), *open_questions()};
	*open_questions() = a;
	if (!s->calm && sim_chance(s, s->faults.model))
		delay = sim_between(s, 1000, 200000); /* tried again and again */
	if (s->model_away_ms > s->now_ms)
		delay += s->model_away_ms - s->now_ms;
	if (delay < 20) { /* from inside */
		pipeline_answer(app->pipeline, a->hash, slice_str(a->summary));
		answer_free(a);
		return;
	}
	sim_post(s->node, delay, answered, a, 0);
}

/* What is held shows in answered(). */
void app_clients_room(struct app *a)
{
	(void)a;
}

void app_clients_close(struct app *a)
{
	const struct node *node = sim_current()->node;

	for (struct answer *q = *open_questions(), *next; q; q = next) {
		next = q->next;
		if (q->node == node)
			answer_free(q);
	}
	sim_forget(&a->startup.request);
	sim_forget(&a->schemas.request);
	if (a->source)
		source_free(a->source);
	a->source = NULL;
	kafka_wakeup_free(a->wakeup);
	a->wakeup = NULL;
}

void summary_provider_identity(const struct summary_provider *p, struct buf *out)
{
	(void)p;
	buf_str(out, "simulated");
}

/* ---- the registry ---- */

static void registered(void *ctx, uint64_t id)
{
	struct registry_request *r = ctx;
	struct registry_schema schema = {.id = (int32_t)id};

	err_clear(&r->err);
	r->schema = &schema;
	r->retry_after_ms = 0;
	if (id == 0) {
		r->schema = NULL;
		err_set(&r->err, ERR_RETRY, 503, "the registry does not answer");
	}
	r->done(r);
}

static int reply(struct registry_request *r, const char *subject)
{
	struct sim *s = sim_current();
	uint64_t id = 1;

	for (; *subject; subject++)
		id = (id * 31 + (unsigned char)*subject) % 100003;
	if (!s->calm && sim_chance(s, s->faults.registry))
		id = 0;
	sim_post(s->node, sim_between(s, 0, 50), registered, r, id);
	return 0;
}

int schema_registry_register(struct schema_registry *r, struct registry_request *request, const char *subject,
			     const char *type, struct slice text, struct err *err)
{
	(void)r, (void)type, (void)text, (void)err;
	return reply(request, subject);
}

int schema_registry_lookup(struct schema_registry *r, struct registry_request *request, const char *subject,
			   const char *type, struct slice text, struct err *err)
{
	(void)r, (void)type, (void)text, (void)err;
	return reply(request, subject);
}

/* The types are configured, and no input names a schema. */
int schema_registry_latest(struct schema_registry *r, struct registry_request *request, const char *subject,
			   struct err *err)
{
	(void)r, (void)request, (void)subject, (void)err;
	abort();
}

int schema_registry_by_id(struct schema_registry *r, struct registry_request *request, int32_t id,
			  struct err *err)
{
	(void)r, (void)request, (void)id, (void)err;
	abort();
}

int schema_registry_by_guid(struct schema_registry *r, struct registry_request *request,
			    const uint8_t guid[16], struct err *err)
{
	(void)r, (void)request, (void)guid, (void)err;
	abort();
}

/* ---- windows, signals ---- */

struct observe *observe_new(struct app *app, struct err *err)
{
	(void)err;
	return (struct observe *)app; /* only whether there is one is looked at */
}

void observe_close(struct observe *o)
{
	(void)o;
}

void reload(struct app *a)
{
	(void)a;
}

/* ---- the system's clock and randomness (linked with --wrap) ---- */

struct clock __wrap_clock_system(void);
uint64_t __wrap_random_seed(void);

struct clock __wrap_clock_system(void)
{
	return sim_clock();
}

uint64_t __wrap_random_seed(void)
{
	return random_u64(&sim_current()->entropy);
}
