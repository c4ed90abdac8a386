/* The registry, and what it says to the schemas of our outputs. */

#include "async/http_url.h"
#include "daemon/check_online.h"
#include "daemon/http_clients.h"
#include "daemon/output_types.h"

#include <stdlib.h>
#include <string.h>

struct asking {
	const struct settings *s;
	struct check_report *report;
	struct loop loop;
	struct http_client *http;
	struct schema_registry *registry;
	struct outputs *outputs;

	/* the answer to the last question */
	struct registry_request request;
	bool answered;
	struct buf text;
	int32_t id, version;
	struct err err; /* ERR_NONE: it is fine */
};

static void done(struct registry_request *request)
{
	struct asking *a = request->ctx;

	a->answered = true;
	a->err = request->err;
	a->id = a->version = 0;
	buf_clear(&a->text);
	if (request->schema != NULL) {
		a->id = request->schema->id;
		a->version = request->schema->version;
		buf_slice(&a->text, buf_view(&request->schema->text));
	}
}

/* `rc` of the call that asked; afterwards a->err says how it went. */
static enum err_class await(struct asking *a, int rc)
{
	while (rc == 0 && !a->answered)
		loop_turn(&a->loop, true);
	return a->err.class;
}

static void begin(struct asking *a)
{
	a->answered = false;
	err_clear(&a->err);
	a->request = (struct registry_request){.done = done, .ctx = a};
}

static enum err_class latest(struct asking *a, const char *subject)
{
	begin(a);
	return await(a, schema_registry_latest(a->registry, &a->request, subject, &a->err));
}

static enum err_class lookup(struct asking *a, const char *subject, struct slice text)
{
	begin(a);
	return await(a, schema_registry_lookup(a->registry, &a->request, subject, "AVRO", text, &a->err));
}

static enum err_class compatible(struct asking *a, const char *subject, struct slice text)
{
	begin(a);
	return await(a, schema_registry_compatible(a->registry, &a->request, subject, "AVRO", text, &a->err));
}

/* Not a network that is down, but an answer that asking again will not change. */
static void failed(struct asking *a, const char *what)
{
	int code = a->err.code;

	if (a->err.class == ERR_RETRY && code >= 300 && code < 500 && code != 408 && code != 429)
		a->err.class = ERR_CONFIG;
	check_row_err(a->report, what, &a->err,
		      a->err.class == ERR_RETRY ? "check schema.registry.url, its certificate and the network"
						: NULL);
}

/* The first question is also whether anybody is there. */
static bool registry_answers(struct asking *a, int *date_type, int *price_type)
{
	const char *topics[] = {a->s->outputs[OUTPUT_BOOKINGS].topic, a->s->inputs[INPUT_BOOKINGS].topic};
	char subject[320], what[64];
	struct http_url url;

	if (http_url_parse(&url, a->s->registry.urls.items[0], &a->err) != 0) {
		failed(a, "registry");
		return false;
	}
	snprintf(what, sizeof(what), "registry %.54s", url.base); /* without user and password */
	http_url_release(&url);
	for (int i = 0; i < 2; i++) {
		snprintf(subject, sizeof(subject), "%s-value", topics[i]);
		switch (latest(a, subject)) {
		case ERR_NONE: output_types_learn(buf_view(&a->text), date_type, price_type); break;
		case ERR_NOT_FOUND:
		case ERR_POISON: break;
		default: failed(a, what); return false;
		}
	}
	output_types_settle(date_type, price_type);
	check_row(a->report, CHECK_OK, what, "answers");
	return true;
}

/* auto.register.schemas: what registering at the start would meet. */
static void check_registering(struct asking *a, const char *subject, struct slice text)
{
	switch (lookup(a, subject, text)) {
	case ERR_NONE:
		check_row(a->report, CHECK_OK, subject, "our schema is registered, id %d", a->id);
		return;
	case ERR_NOT_FOUND: break;
	default: failed(a, subject); return;
	}
	switch (compatible(a, subject, text)) {
	case ERR_NONE:
		check_row(a->report, CHECK_OK, subject, "our schema fits and is registered at the start");
		break;
	case ERR_NOT_FOUND: check_row(a->report, CHECK_OK, subject, "is registered at the start"); break;
	default: failed(a, subject);
	}
}

static void check_lookup(struct asking *a, const char *subject, struct slice text)
{
	switch (lookup(a, subject, text)) {
	case ERR_NONE:
		check_row(a->report, CHECK_OK, subject, "our schema is registered, id %d", a->id);
		break;
	case ERR_NOT_FOUND:
		check_row(
			a->report, CHECK_WRONG, subject,
			"our schema is not registered: register it (riverd ships it in schemas/), or set "
			"schema.registry.auto.register.schemas or schema.registry.use.latest.version = true");
		break;
	default: failed(a, subject);
	}
}

static void check_latest(struct asking *a, enum output_topic topic, enum output_part part,
			 const char *subject)
{
	switch (latest(a, subject)) {
	case ERR_NONE: break;
	case ERR_NOT_FOUND:
		check_row(a->report, CHECK_WRONG, subject,
			  "nothing is registered: register a schema, or set "
			  "schema.registry.auto.register.schemas = true");
		return;
	default: failed(a, subject); return;
	}
	if (outputs_use_schema(a->outputs, topic, part, buf_view(&a->text), &a->err) != 0)
		check_row(a->report, CHECK_WRONG, subject, "version %d (id %d) cannot be written with: %s",
			  a->version, a->id, a->err.text);
	else
		check_row(a->report, CHECK_OK, subject, "version %d (id %d) can be written with", a->version,
			  a->id);
}

static void check_outputs(struct asking *a)
{
	for (int i = 0; i < OUTPUTS * OUTPUT_PARTS; i++) {
		enum output_topic topic = (enum output_topic)(i / OUTPUT_PARTS);
		enum output_part part = (enum output_part)(i % OUTPUT_PARTS);
		const char *subject = outputs_subject(a->outputs, topic, part);

		if (!a->s->outputs[topic].enabled)
			continue;
		if (a->s->registry.auto_register)
			check_registering(a, subject, outputs_schema(a->outputs, topic, part));
		else if (a->s->registry.use_latest)
			check_latest(a, topic, part, subject);
		else
			check_lookup(a, subject, outputs_schema(a->outputs, topic, part));
	}
}

void check_online_registry(const struct settings *s, int64_t timeout_ms, struct check_report *r)
{
	const struct http_clients_patience patience = {timeout_ms, -1};
	struct asking a = {.s = s, .report = r};
	int date_type = s->date_type, price_type = s->price_type;

	buf_init(&a.text, REGISTRY_MAX_SCHEMA);
	if (loop_init(&a.loop, &a.err) != 0) {
		check_row_err(r, "registry", &a.err, NULL);
		return;
	}
	a.http = http_clients_for_registry(s, &a.loop, &a.err);
	if (a.http != NULL)
		a.registry = http_clients_registry(s, &a.loop, a.http, NULL, &patience, &a.err);
	if (a.registry == NULL) {
		check_row_err(r, "registry", &a.err, NULL);
	} else if (registry_answers(&a, &date_type, &price_type)) {
		a.outputs = output_types_outputs(s, date_type, price_type, &a.err);
		if (a.outputs != NULL)
			check_outputs(&a);
		else
			check_row_err(r, "registry", &a.err, NULL);
	}
	outputs_free(a.outputs);
	schema_registry_free(a.registry);
	http_client_free(a.http);
	buf_release(&a.text);
	loop_release(&a.loop, &a.err);
}
