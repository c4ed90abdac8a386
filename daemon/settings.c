#include "daemon/settings.h"

#include "base/random.h"
#include "daemon/settings_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void settings_init(struct settings *s)
{
	memset(s, 0, sizeof(*s));
	s->summary.temperature = -1;
}

const char *settings_find_path(const char *named)
{
	if (named != NULL)
		return named;
	return access(SETTINGS_DEFAULT_PATH, F_OK) == 0 ? SETTINGS_DEFAULT_PATH : NULL;
}

static void wipe_free(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

static void kafka_properties_release(struct kafka_properties *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].name);
		wipe_free(list->items[i].value);
		free(list->items[i].where);
	}
	free(list->items);
	*list = (struct kafka_properties){0};
}

static void list_release(struct conf_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		wipe_free(list->items[i]);
	free(list->items);
	*list = (struct conf_list){0};
}

void settings_release(struct settings *s)
{
	conf_values_release(&settings_table, s);
	kafka_properties_release(&s->consumer);
	kafka_properties_release(&s->producer);
	list_release(&s->registry.headers);
	list_release(&s->summary.headers);
	free(s->brokers);
	settings_init(s);
}

const char *settings_kafka_get(const struct kafka_properties *list, const char *name)
{
	for (size_t i = list->count; i > 0; i--) { /* the last one counts */
		if (strcmp(list->items[i - 1].name, name) == 0)
			return list->items[i - 1].value;
	}
	return NULL;
}

static bool kafka_add(struct kafka_properties *list, const char *name, const struct conf_entry *e)
{
	struct kafka_property *grown = realloc(list->items, (list->count + 1) * sizeof(*grown));

	if (grown == NULL)
		return false;
	list->items = grown;
	list->items[list->count] =
		(struct kafka_property){slice_dup(slice_str(name)), slice_dup(slice_str(e->value)), e->secret,
					slice_dup(slice_str(e->where))};
	list->count++;
	return list->items[list->count - 1].name && list->items[list->count - 1].value &&
	       list->items[list->count - 1].where;
}

static const char *after(const char *key, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(key, prefix, len) == 0 ? key + len : NULL;
}

/* kafka.* into both lists first, then each side's own behind it. */
static bool keep_kafka(struct settings *s, const struct conf *c)
{
	bool ok = true;

	for (size_t i = 0; i < c->count; i++) {
		const char *name = after(c->entries[i].key, "kafka.");

		if (name != NULL && after(name, "consumer.") == NULL && after(name, "producer.") == NULL)
			ok = ok && kafka_add(&s->consumer, name, &c->entries[i]) &&
			     kafka_add(&s->producer, name, &c->entries[i]);
	}
	for (size_t i = 0; i < c->count; i++) {
		const char *consumer = after(c->entries[i].key, "kafka.consumer.");
		const char *producer = after(c->entries[i].key, "kafka.producer.");

		if (consumer != NULL)
			ok = ok && kafka_add(&s->consumer, consumer, &c->entries[i]);
		if (producer != NULL)
			ok = ok && kafka_add(&s->producer, producer, &c->entries[i]);
	}
	return ok;
}

static bool add_header(struct conf_list *list, const char *name, const char *value)
{
	char **grown = realloc(list->items, (list->count + 1) * sizeof(*grown));
	char *line = NULL;

	if (grown == NULL)
		return false;
	list->items = grown;
	if (asprintf(&line, "%s: %s", name, value) < 0)
		return false;
	list->items[list->count++] = line;
	return true;
}

static bool keep_headers(struct settings *s, const struct conf *c)
{
	bool ok = true;

	for (size_t i = 0; i < c->count; i++) {
		const char *registry = after(c->entries[i].key, "schema.registry.request.header.");
		const char *model = after(c->entries[i].key, "summary.header.");

		if (registry != NULL)
			ok = ok && add_header(&s->registry.headers, registry, c->entries[i].value);
		if (model != NULL)
			ok = ok && add_header(&s->summary.headers, model, c->entries[i].value);
	}
	if (s->registry.logical_cluster != NULL)
		ok = ok && add_header(&s->registry.headers, "target-sr-cluster", s->registry.logical_cluster);
	if (s->registry.identity_pool != NULL)
		ok = ok && add_header(&s->registry.headers, "Confluent-Identity-Pool-Id",
				      s->registry.identity_pool);
	return ok;
}

static bool replace(char **member, char *text)
{
	free(*member);
	*member = text;
	return text != NULL;
}

/* Keys that have their default from elsewhere, so that --print-config shows it.
 * systemd names the directory it made for us; the first when there are several. */
static int put_derived(struct conf *c, char *const *environment)
{
	const struct conf_entry *group = conf_get(c, "group.id");
	const struct conf_entry *id = conf_get(c, "transactional.id");
	char *text = NULL;
	int rc = 0;

	for (size_t i = 0; environment != NULL && environment[i] != NULL && rc == 0; i++) {
		const char *dir = after(environment[i], "STATE_DIRECTORY=");

		if (dir == NULL || *dir == '\0' || conf_get(c, "state.path") != NULL)
			continue;
		if (asprintf(&text, "%.*s/state.db", (int)strcspn(dir, ":"), dir) < 0)
			return -1;
		rc = conf_put(c, &settings_table, "state.path", text, CONF_FROM_ENVIRONMENT,
			      "STATE_DIRECTORY", false);
		free(text);
	}
	if (rc == 0 && (id == NULL || *id->value == '\0')) {
		if (asprintf(&text, "%s-0",
			     group != NULL ? group->value
					   : conf_table_find(&settings_table, "group.id")->def) < 0)
			return -1;
		rc = conf_put(c, &settings_table, "transactional.id", text, CONF_FROM_DEFAULT, "group.id",
			      false);
		free(text);
	}
	return rc;
}

/* SASL_INHERIT: the registry takes Kafka's user and password. */
static bool inherit_sasl(struct settings *s)
{
	const char *user = settings_kafka_get(&s->consumer, "sasl.username");
	const char *password = settings_kafka_get(&s->consumer, "sasl.password");
	char *info = NULL;

	if (s->registry.credentials_source != SETTINGS_SASL_INHERIT || user == NULL || password == NULL)
		return true;
	if (asprintf(&info, "%s:%s", user, password) < 0)
		info = NULL;
	wipe_free(s->registry.user_info);
	s->registry.user_info = info;
	return info != NULL;
}

/* What follows from other keys. false when out of memory. */
static bool derive(struct settings *s, const struct conf *c)
{
	const char *brokers;

	if (!keep_kafka(s, c) || !keep_headers(s, c) || !inherit_sasl(s))
		return false;
	brokers = settings_kafka_get(&s->consumer, "bootstrap.servers");
	if (brokers != NULL && !replace(&s->brokers, slice_dup(slice_str(brokers))))
		return false;
	if (isnan(s->summary.temperature))
		s->summary.temperature = -1;
	if (s->topics_partitions == 0)
		s->topics_partitions = -1;
	if (s->topics_replication == 0)
		s->topics_replication = -1;
	s->log_level += LOG_ERROR; /* from the place in the list to enum log_level */
	return true;
}

int settings_load(struct settings *s, struct conf *conf, const struct settings_request *request,
		  struct conf_problems *problems)
{
	struct conf_sources sources = {
		.path = request->path,
		.options = request->options,
		.option_count = request->option_count,
		.environment = request->environment,
		.port = properties_port_system(),
	};
	size_t before = problems->error_count;
	struct conf own;
	struct conf *c = conf != NULL ? conf : &own;

	conf_init(&own);
	conf_read(c, &settings_table, &sources, problems);
	if (put_derived(c, request->environment))
		conf_error(problems, "out of memory");
	conf_apply(c, &settings_table, s, problems);
	if (request->use == SETTINGS_FOR_RUN)
		conf_check_required(c, &settings_table, problems);
	if (!derive(s, c))
		conf_error(problems, "out of memory");
	/* Only on sound values: no errors that follow from errors. */
	if (problems->error_count == before)
		settings_check(s, c, problems);
	conf_release(&own);
	return problems->error_count == before ? 0 : -1;
}

void settings_pipeline(const struct settings *s, struct slice identity, struct pipeline_config *out)
{
	out->window = s->window;
	out->out_of_orderness = s->out_of_orderness;
	out->idle_timeout = s->idle_timeout;
	out->allowed_lateness = s->allowed_lateness;
	out->max_future_skew = s->max_future_skew;
	out->hotel_grace = s->hotel_grace;
	out->booking_memory = s->booking_memory;
	out->match = (enum booking_match)s->booking_match;
	out->case_insensitive = s->case_insensitive;
	out->reviews_required = s->reviews_required;
	for (int i = 0; i < OUTPUTS; i++)
		out->outputs[i] = s->outputs[i].enabled;
	out->click_time_from_field = s->inputs[INPUT_CLICKSTREAM].event_time == SETTINGS_TIME_FIELD;
	out->booking_time_from_field = s->inputs[INPUT_BOOKINGS].event_time == SETTINGS_TIME_FIELD;
	if (s->date_type != SETTINGS_DATE_AUTO)
		out->date_type = s->date_type == SETTINGS_DATE_LONG ? DATE_LONG : DATE_STRING;
	if (s->price_type != SETTINGS_PRICE_AUTO)
		out->price_type = (enum price_type)(s->price_type - SETTINGS_PRICE_INT + PRICE_INT);
	out->summary_identity = identity;
	out->answer_cache = (size_t)s->summary.cache_size;
	out->hash_seed = random_seed();
}

static bool same_kafka(const struct kafka_properties *a, const struct kafka_properties *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const char *value = settings_kafka_get(b, a->items[i].name);

		if (value == NULL || strcmp(value, settings_kafka_get(a, a->items[i].name)) != 0)
			return false;
	}
	return true;
}

static bool same_headers(const struct conf_list *a, const struct conf_list *b)
{
	struct conf_row row = {.type = CONF_LIST};

	return !conf_row_differs(&row, a, b);
}

/* Only plain members are reloadable: numbers, durations, choices. */
static void take(const struct conf_row *row, struct settings *now, const struct settings *next)
{
	size_t size = row->type == CONF_BOOL   ? sizeof(bool)
		      : row->type == CONF_ENUM ? sizeof(int)
					       : sizeof(int64_t);

	memcpy((char *)now + row->offset, (const char *)next + row->offset, size);
}

void settings_reload(struct settings *now, const struct settings *next, struct buf *applied,
		     struct buf *restart)
{
	for (size_t i = 0; i < settings_table.row_count; i++) {
		const struct conf_row *row = &settings_table.rows[i];

		if (row->type == CONF_SECTION || !conf_row_differs(row, now, next))
			continue;
		buf_printf(row->flags & CONF_RELOADABLE ? applied : restart, "%s\n", row->key);
		if (row->flags & CONF_RELOADABLE)
			take(row, now, next);
	}
	if (!same_kafka(&now->consumer, &next->consumer) || !same_kafka(&now->producer, &next->producer))
		buf_str(restart, "kafka.*\n");
	if (!same_headers(&now->registry.headers, &next->registry.headers))
		buf_str(restart, "schema.registry.request.header.*\n");
	if (!same_headers(&now->summary.headers, &next->summary.headers))
		buf_str(restart, "summary.header.*\n");
}
