#include "daemon/output_schemas.h"

#include "daemon/app.h"
#include "daemon/output_types.h"

#include <stdio.h>
#include <stdlib.h>

#define DATE_FACT  "hotel_bookings.date_type"
#define PRICE_FACT "hotel_bookings.price_type"

void output_schemas_types_from_facts(struct startup *s)
{
	int date = output_types_date(startup_fact(s, DATE_FACT));
	int price = output_types_price(startup_fact(s, PRICE_FACT));

	if (s->date_type == SETTINGS_DATE_AUTO && date > 0)
		s->date_type = date;
	if (s->price_type == SETTINGS_PRICE_AUTO && price > 0)
		s->price_type = price;
}

/* ---- types ---- */

static void types_done(struct startup *s)
{
	output_types_settle(&s->date_type, &s->price_type);
	startup_fact_put(s, DATE_FACT, output_types_date_word(s->date_type));
	startup_fact_put(s, PRICE_FACT, output_types_price_word(s->price_type));
	startup_next(s);
}

static void types_answered(struct registry_request *request)
{
	struct startup *s = request->ctx;

	if (s->app->life >= LIFE_DRAINING)
		return;
	if (request->schema == NULL && request->err.class != ERR_NOT_FOUND &&
	    request->err.class != ERR_POISON) {
		startup_wait(s, &request->err, request->retry_after_ms);
		return;
	}
	if (request->schema != NULL)
		output_types_learn(buf_view(&request->schema->text), &s->date_type, &s->price_type);
	s->asking++;
	output_schemas_types(s);
}

void output_schemas_types(struct startup *s)
{
	const struct settings *settings = s->app->settings;
	const char *topics[] = {settings->outputs[OUTPUT_BOOKINGS].topic,
				settings->inputs[INPUT_BOOKINGS].topic};
	char subject[320];
	struct err err;

	if (startup_types_known(s) || s->asking == 2) {
		types_done(s);
		return;
	}
	snprintf(subject, sizeof(subject), "%s-value", topics[s->asking]);
	s->request = (struct registry_request){.done = types_answered, .ctx = s};
	if (schema_registry_latest(s->app->registry, &s->request, subject, &err) != 0)
		app_fail(s->app, "registry", &err);
}

/* ---- ids ---- */

static enum output_topic asked_topic(const struct startup *s)
{
	return (enum output_topic)(s->asking / OUTPUT_PARTS);
}

static enum output_part asked_part(const struct startup *s)
{
	return (enum output_part)(s->asking % OUTPUT_PARTS);
}

/* "schema.<subject>" -> "<id> <hash of the text>": good for as long as the text is the same. */
static void id_fact(const struct startup *s, char name[340], char hash[33])
{
	struct slice text = outputs_schema(s->app->outputs, asked_topic(s), asked_part(s));

	snprintf(name, 340, "schema.%s", outputs_subject(s->app->outputs, asked_topic(s), asked_part(s)));
	hash_id_hex(hash_id_of(&text, 1), hash);
}

static int32_t remembered_id(const struct startup *s)
{
	char name[340], hash[33], known[33];
	const char *fact;
	int id;

	id_fact(s, name, hash);
	fact = startup_fact(s, name);
	if (fact == NULL || sscanf(fact, "%d %32s", &id, known) != 2 || strcmp(known, hash) != 0)
		return 0;
	return id;
}

static void remember_id(struct startup *s, int32_t id)
{
	char name[340], hash[33], value[64];

	id_fact(s, name, hash);
	snprintf(value, sizeof(value), "%d %s", id, hash);
	startup_fact_put(s, name, value);
}

static void have_id(struct startup *s, int32_t id)
{
	s->ids[asked_topic(s)][asked_part(s)] = id;
	s->asking++;
	output_schemas_ids(s);
}

/* Explains what the operator can do about a schema that is not there. */
static void explain(struct startup *s, struct err *err)
{
	const char *subject = outputs_subject(s->app->outputs, asked_topic(s), asked_part(s));

	if (err->class == ERR_NOT_FOUND)
		err_set(err, ERR_CONFIG, 0,
			"our schema is not registered under %s: register it (riverd ships it in schemas/), "
			"or set auto.register.schemas = true or use.latest.version = true",
			subject);
	else
		err_wrap(err, "schema of %s", subject);
}

static void id_answered(struct registry_request *request)
{
	struct startup *s = request->ctx;
	struct err err = request->err;
	int32_t id;

	if (s->app->life >= LIFE_DRAINING)
		return;
	if (request->schema != NULL && request->schema->id > 0) {
		if (s->app->settings->registry.use_latest && !s->app->settings->registry.auto_register &&
		    outputs_use_schema(s->app->outputs, asked_topic(s), asked_part(s),
				       buf_view(&request->schema->text), &err) != 0) {
			explain(s, &err);
			startup_wait(s, &err, 0);
			return;
		}
		remember_id(s, request->schema->id);
		have_id(s, request->schema->id);
		return;
	}
	id = remembered_id(s);
	if (err.class == ERR_RETRY && id != 0) {
		log_warn(s->app->log, "registry", "%s; going on with the ids known from before", err.text);
		s->registry_away = true;
		have_id(s, id);
		return;
	}
	explain(s, &err);
	startup_wait(s, &err, request->retry_after_ms);
}

static int ask_id(struct startup *s, struct err *err)
{
	const struct settings *settings = s->app->settings;
	struct schema_registry *registry = s->app->registry;
	const char *subject = outputs_subject(s->app->outputs, asked_topic(s), asked_part(s));
	struct slice text = outputs_schema(s->app->outputs, asked_topic(s), asked_part(s));

	s->request = (struct registry_request){.done = id_answered, .ctx = s};
	if (settings->registry.auto_register)
		return schema_registry_register(registry, &s->request, subject, "AVRO", text, err);
	if (settings->registry.use_latest)
		return schema_registry_latest(registry, &s->request, subject, err);
	return schema_registry_lookup(registry, &s->request, subject, "AVRO", text, err);
}

static int make_outputs(struct startup *s, struct err *err)
{
	s->app->outputs = output_types_outputs(s->app->settings, s->date_type, s->price_type, err);
	if (s->app->outputs == NULL)
		return -1;
	s->app->outbound.outputs = s->app->outputs;
	s->asking = 0;
	return 0;
}

/* Past outputs that are off, and, when the registry is away, past ids known from
 * before: asking for each in vain takes many seconds. */
static void skip_known(struct startup *s)
{
	for (; s->asking < OUTPUTS * OUTPUT_PARTS; s->asking++) {
		bool enabled = s->app->settings->outputs[asked_topic(s)].enabled;
		int32_t id = enabled && s->registry_away ? remembered_id(s) : 0;

		if (enabled && id == 0)
			return;
		s->ids[asked_topic(s)][asked_part(s)] = id;
	}
}

void output_schemas_ids(struct startup *s)
{
	struct err err;

	if (s->app->outputs == NULL && make_outputs(s, &err) != 0) {
		app_fail(s->app, "start", &err);
		return;
	}
	skip_known(s);
	if (s->asking < OUTPUTS * OUTPUT_PARTS) {
		if (ask_id(s, &err) != 0)
			app_fail(s->app, "registry", &err);
		return;
	}
	for (int i = 0; i < OUTPUTS; i++)
		if (s->app->settings->outputs[i].enabled)
			outputs_set_ids(s->app->outputs, (enum output_topic)i, s->ids[i][OUTPUT_KEY],
					s->ids[i][OUTPUT_VALUE]);
	/* Not earlier: open questions are asked again, and an answer may come at once. In a
	 * rebuild later still: what it leads to may have been published already. */
	if (s->app->pipeline == NULL && !s->app->rebuilding.expected && app_load_state(s->app, &err) != 0) {
		app_fail(s->app, "start", &err);
		return;
	}
	startup_facts_save(s);
}
