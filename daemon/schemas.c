#include "daemon/schemas.h"

#include "daemon/app.h"

#include <stdio.h>
#include <stdlib.h>

#define AGAIN_MIN_MS 1000

/* "id:42" or "guid:<32 hex digits>": how a schema is named in the database. */
#define REF_TEXT_MAX 48

static void ref_text(const struct schema_ref *ref, char out[REF_TEXT_MAX])
{
	struct hash_id guid;
	char hex[33];

	if (!ref->is_guid) {
		snprintf(out, REF_TEXT_MAX, "id:%d", ref->id);
		return;
	}
	memcpy(guid.bytes, ref->guid, sizeof(guid.bytes));
	hash_id_hex(guid, hex);
	snprintf(out, REF_TEXT_MAX, "guid:%s", hex);
}

static int ref_parse(const char *text, struct schema_ref *ref)
{
	*ref = (struct schema_ref){0};
	if (sscanf(text, "id:%d", &ref->id) == 1)
		return 0;
	if (strncmp(text, "guid:", 5) != 0 || strlen(text) != 5 + 32)
		return -1;
	ref->is_guid = true;
	for (int i = 0; i < 16; i++) {
		unsigned byte;

		if (sscanf(text + 5 + 2 * i, "%2x", &byte) != 1)
			return -1;
		ref->guid[i] = (uint8_t)byte;
	}
	return 0;
}

static void fetch(void *ctx);

int schemas_init(struct schemas *s, struct app *app, struct err *err)
{
	*s = (struct schemas){.app = app, .failing_since_ms = HEALTH_NEVER};
	for (int i = 0; i < INPUTS; i++) {
		struct decoder_options options = {
			.layout = input_layouts[i],
			.format = (enum value_format)app->settings->inputs[i].format,
			.changelog = i == INPUT_HOTEL || i == INPUT_CUSTOMER,
			.max_message = (size_t)app->settings->max_message,
		};

		s->decoders[i] = decoder_new(&options, err);
		if (s->decoders[i] == NULL)
			return err_wrap(err, "decoder of %s", app->settings->inputs[i].topic);
	}
	s->again = loop_timer_new(&app->loop, fetch, s);
	return s->again != NULL ? 0 : err_set(err, ERR_FATAL, 0, "out of memory");
}

void schemas_release(struct schemas *s)
{
	loop_timer_free(s->again);
	for (int i = 0; i < INPUTS; i++)
		decoder_free(s->decoders[i]);
	*s = (struct schemas){0};
}

static int learn(struct schemas *s, const struct schema_ref *ref, const char *type, struct slice text,
		 struct err *err)
{
	for (int i = 0; i < INPUTS; i++)
		if (decoder_learn(s->decoders[i], ref, type, text, err) != 0)
			return -1;
	s->learnt++;
	return 0;
}

int schemas_restore(void *ctx, const char *ref_name, const char *type, struct slice text, struct err *err)
{
	struct schema_ref ref;

	if (ref_parse(ref_name, &ref) != 0)
		return err_set(err, ERR_REFUSED, 0, "schema '%s' in the database has no known form",
			       ref_name);
	return learn(ctx, &ref, type, text, err);
}

/* Every decoder learns that there is no such schema: a record that names it is poison. */
static void learn_missing(struct schemas *s)
{
	struct err err;
	char name[REF_TEXT_MAX];

	ref_text(&s->wanted, name);
	log_warn(s->app->log, "registry", "schema %s: %s; its records are dead letters", name,
		 s->request.err.text);
	for (int i = 0; i < INPUTS; i++)
		if (decoder_learn_missing(s->decoders[i], &s->wanted, &err) != 0)
			app_fail(s->app, "registry", &err);
}

static void failed(struct schemas *s, const struct registry_request *request)
{
	int64_t wait = request->retry_after_ms > AGAIN_MIN_MS ? request->retry_after_ms : AGAIN_MIN_MS;

	if (s->failing_since_ms == HEALTH_NEVER)
		s->failing_since_ms = clock_mono_ms(&s->app->clock);
	snprintf(s->reason, sizeof(s->reason), "%.120s", request->err.text);
	log_warn(s->app->log, "registry", "%s; records wait, trying again in %lld s", request->err.text,
		 (long long)(wait + 999) / 1000);
	loop_timer_start(s->again, wait);
}

static void answered(struct registry_request *request)
{
	struct schemas *s = request->ctx;
	char name[REF_TEXT_MAX];
	struct err err;

	if (s->app->life >= LIFE_DRAINING)
		return;
	if (request->schema == NULL && request->err.class != ERR_NOT_FOUND &&
	    request->err.class != ERR_POISON) {
		failed(s, request);
		return;
	}
	s->fetching = false;
	s->failing_since_ms = HEALTH_NEVER;
	if (request->schema == NULL) {
		learn_missing(s);
	} else {
		const struct registry_schema *schema = request->schema;

		if (learn(s, &s->wanted, schema->type, buf_view(&schema->text), &err) != 0) {
			app_fail(s->app, "registry", &err);
			return;
		}
		ref_text(&s->wanted, name);
		epoch_schema(s->app->epochs.filling, name, schema->type, buf_view(&schema->text));
		log_info(s->app->log, "registry", "learnt schema %s (%s)", name, schema->type);
	}
	kafka_wakeup_kick(s->app->wakeup);
}

static void fetch(void *ctx)
{
	struct schemas *s = ctx;
	struct err err;
	int rc;

	s->request = (struct registry_request){.done = answered, .ctx = s};
	if (s->wanted.is_guid)
		rc = schema_registry_by_guid(s->app->registry, &s->request, s->wanted.guid, &err);
	else
		rc = schema_registry_by_id(s->app->registry, &s->request, s->wanted.id, &err);
	if (rc != 0)
		app_fail(s->app, "registry", &err);
}

void schemas_want(struct schemas *s, const struct schema_ref *ref)
{
	if (s->fetching)
		return;
	s->fetching = true;
	s->wanted = *ref;
	fetch(s);
}
