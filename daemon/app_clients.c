#include "daemon/app_clients.h"

#include "base/fault.h"
#include "daemon/app.h"
#include "daemon/http_clients.h"

#include <stdio.h>
#include <stdlib.h>

static int open_registry(struct app *a, struct err *err)
{
	a->http = http_clients_for_registry(a->settings, &a->loop, err);
	if (a->http != NULL)
		a->registry = http_clients_registry(a->settings, &a->loop, a->http, a->log, NULL, err);
	return a->registry != NULL ? 0 : -1;
}

/* ---- summaries ---- */

void app_clients_room(struct app *a)
{
	if (a->summary != NULL)
		summary_provider_hold(a->summary, epochs_full(&a->epochs));
}

static void answered(void *ctx, struct hash_id hash, struct slice summary)
{
	struct app *a = ctx;

	if (a->pipeline == NULL || a->life >= LIFE_DRAINING)
		return;
	pipeline_answer(a->pipeline, hash, summary);
	(void)fault_point("summary.after_answer");
	app_clients_room(a);
	/* Perhaps we are inside pipeline_advance(): an epoch must not close in the
	 * middle of a step, so let the loop come round first. */
	kafka_wakeup_kick(a->wakeup);
}

void app_clients_ask(void *ctx, const struct question *question)
{
	struct app *a = ctx;
	struct summary_question q = {question->hash, question->reviews, question->count, true};
	struct err err;

	if (summary_provider_ask(a->summary, &q, &err) != 0)
		app_fail(a, "summary", &err);
}

static int open_summary(struct app *a, struct err *err)
{
	enum summary_kind kind =
		a->settings->summary.provider == SETTINGS_OPENAI ? SUMMARY_OPENAI : SUMMARY_EXTRACTIVE;
	struct summary_client_options options;

	http_clients_summary_options(a->settings, &options);
	a->summary_http = http_clients_for_summary(a->settings, &a->loop, err);
	if (a->summary_http != NULL)
		a->summary = summary_provider_new(kind, &a->loop, a->summary_http, a->log, &options, answered,
						  a, err);
	return a->summary != NULL ? 0 : -1;
}

/* ---- Kafka ---- */

static struct kafka_setting *view(const struct kafka_properties *p)
{
	struct kafka_setting *items = calloc(p->count + 1, sizeof(*items));

	for (size_t i = 0; items != NULL && i < p->count; i++)
		items[i] = (struct kafka_setting){p->items[i].name, p->items[i].value};
	return items;
}

static void source_end(void *ctx, const char *topic, int32_t partition, int64_t offset)
{
	struct app *a = ctx;

	intake_end(&a->intake, topic, partition, offset);
}

static void source_trouble(void *ctx, const struct source_trouble *t)
{
	struct app *a = ctx;
	struct err err;

	a->kafka_errors++;
	if (t->class == ERR_REFUSED) {
		err_set(&err, ERR_REFUSED, t->code, "%s/%d at offset %lld: %s (see --accept-loss)",
			t->topic ? t->topic : "?", t->partition, (long long)t->offset, t->text);
		app_fail(a, "kafka", &err);
		return;
	}
	if (t->topic != NULL)
		log_warn(a->log, "kafka", "%s/%d: %s", t->topic, t->partition, t->text);
	else
		log_warn(a->log, "kafka", "%s", t->text);
}

/* From librdkafka's threads. */
static void source_wake(void *ctx)
{
	kafka_wakeup_kick(((struct app *)ctx)->wakeup);
}

static int open_kafka(struct app *a, struct err *err)
{
	struct source_options source = {
		.group = a->settings->group_id,
		.batch = INTAKE_BATCH,
		.clock = a->clock,
		.log = a->log,
		.events = {a, source_end, source_trouble, source_wake},
	};
	struct committer_options committer = {.evidence = a->options.evidence, .rebuild = a->options.rebuild};

	a->consumer_settings = view(&a->settings->consumer);
	a->producer_settings = view(&a->settings->producer);
	a->wakeup = kafka_wakeup_new(&a->loop, intake_drain, &a->intake);
	if (a->consumer_settings == NULL || a->producer_settings == NULL || a->wakeup == NULL)
		return err_set(err, ERR_FATAL, 0, "out of memory");
	source.settings = (struct kafka_settings){a->consumer_settings, a->settings->consumer.count};
	committer.consumer = source.settings;
	committer.producer = (struct kafka_settings){a->producer_settings, a->settings->producer.count};
	a->source = source_new(&source, err);
	if (a->source == NULL)
		return -1;
	for (int i = 0; i < INPUTS; i++)
		source_expect(a->source, a->settings->inputs[i].topic);
	return committer_init(&a->committer, &a->loop, a->db, a->settings, &committer, a->log, clock_system(),
			      err);
}

int app_clients_open(struct app *a, struct err *err)
{
	if (open_registry(a, err) != 0)
		return err_wrap(err, "schema registry");
	if (open_summary(a, err) != 0)
		return err_wrap(err, "summaries");
	if (open_kafka(a, err) != 0)
		return err_wrap(err, "kafka");
	return 0;
}

/* The worker has stopped, or was never started. Order: who calls before who is called. */
void app_clients_close(struct app *a)
{
	if (a->source != NULL)
		source_free(a->source);
	a->source = NULL;
	kafka_wakeup_free(a->wakeup);
	a->wakeup = NULL;
	if (a->summary != NULL)
		summary_provider_free(a->summary);
	a->summary = NULL;
	if (a->registry != NULL)
		schema_registry_free(a->registry);
	a->registry = NULL;
	http_client_free(a->summary_http);
	http_client_free(a->http);
	a->summary_http = a->http = NULL;
}
