#include "daemon/app_clients.h"

#include "daemon/app.h"

#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>

/* One HTTP client each for the registry and the model: they may trust different CAs. */
static struct http_client *open_http(struct app *a, const struct http_options *options, struct err *err)
{
	return http_client_new(&a->loop, options, err);
}

/* Comma list for the client's own failover. */
static char *join_urls(const struct conf_list *urls)
{
	struct buf b;
	char *text;

	buf_init(&b, 64 * 1024);
	for (size_t i = 0; i < urls->count; i++) {
		if (i > 0)
			buf_byte(&b, ',');
		buf_str(&b, urls->items[i]);
	}
	text = slice_dup(slice_str(buf_cstr(&b)));
	buf_release(&b);
	return text;
}

static int open_registry(struct app *a, struct err *err)
{
	const struct settings *s = a->settings;
	char *urls = join_urls(&s->registry.urls);
	struct registry_options options = {
		.urls = urls,
		.user_info = s->registry.user_info,
		.bearer_token = s->registry.token,
		.headers = (const char *const *)s->registry.headers.items,
		.header_count = s->registry.headers.count,
		.allow_plaintext_credentials = s->allow_plaintext_credentials,
		.normalize = s->registry.normalize,
		.timeout_ms = s->registry.timeout,
		.seed = random_seed(),
	};
	struct http_options http = {
		.ca_file = s->registry.ca_location,
		.cert_file = s->registry.certificate_location,
		.key_file = s->registry.key_location,
		.key_password = s->registry.key_password,
		.proxy = s->proxy_url,
	};

	a->http = open_http(a, &http, err);
	if (a->http != NULL)
		a->registry = schema_registry_new(&a->loop, a->http, a->log, &options, err);
	free(urls);
	return a->registry != NULL ? 0 : -1;
}

/* ---- summaries ---- */

static void answered(void *ctx, struct hash_id hash, struct slice summary)
{
	struct app *a = ctx;

	if (a->pipeline == NULL || a->life >= LIFE_DRAINING)
		return;
	pipeline_answer(a->pipeline, hash, summary);
	/* Perhaps we are inside pipeline_advance(): an epoch must not close in the
	 * middle of a step, so let the loop come round first. */
	kafka_wakeup_kick(a->wakeup);
}

void app_clients_ask(void *ctx, const struct question *question)
{
	struct app *a = ctx;
	struct summary_question q = {question->hash, question->reviews, question->count};
	struct err err;

	if (summary_provider_ask(a->summary, &q, &err) != 0)
		app_fail(a, "summary", &err);
}

static int open_summary(struct app *a, struct err *err)
{
	const struct settings *s = a->settings;
	struct summary_client_options options = {
		.url = s->summary.url,
		.model = s->summary.model,
		.api_key = s->summary.api_key,
		.headers = (const char *const *)s->summary.headers.items,
		.header_count = s->summary.headers.count,
		.allow_plaintext_credentials = s->allow_plaintext_credentials,
		.concurrency = (int)s->summary.concurrency,
		.timeout_ms = s->summary.timeout,
		.max_input_bytes = (size_t)s->summary.max_review_bytes,
		.max_tokens = (int)s->summary.max_tokens,
		.temperature = s->summary.temperature,
		.seed = random_seed(),
	};
	struct http_options http = {.ca_file = s->summary.ca_location, .proxy = s->proxy_url};
	enum summary_kind kind = s->summary.provider == SETTINGS_OPENAI ? SUMMARY_OPENAI : SUMMARY_EXTRACTIVE;

	a->summary_http = open_http(a, &http, err);
	if (a->summary_http != NULL)
		a->summary = summary_provider_new(kind, &a->loop, a->summary_http, a->log, &options, answered, a, err);
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
	struct committer_options committer = {.evidence = a->options.evidence};

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
	return committer_init(&a->committer, &a->loop, a->db, a->settings, &committer, a->log, clock_system(), err);
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
