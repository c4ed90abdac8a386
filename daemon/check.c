#include "daemon/check.h"

#include "conf/describe.h"
#include "daemon/cli.h"
#include "daemon/settings_internal.h"
#include "kafka/config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* Properties with a key of their own here, or without meaning for riverd. */
static const struct {
	const char *name, *advice;
} refused[] = {
	{"group.id", "write group.id without kafka. in front"},
	{"transactional.id", "write transactional.id without kafka. in front"},
	{"group.instance.id", "riverd assigns partitions itself, it has no use for it"},
	{"partition.assignment.strategy", "riverd assigns partitions itself, it has no use for it"},
};

static const char *advice_for(const char *name)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (strcmp(refused[i].name, name) == 0)
			return refused[i].advice;
	}
	return NULL;
}

/* A property in both lists with the same place is reported once. */
static bool in_list(const struct kafka_properties *list, const struct kafka_property *item)
{
	for (size_t i = 0; list != NULL && i < list->count; i++) {
		if (strcmp(list->items[i].name, item->name) == 0 &&
		    strcmp(list->items[i].where, item->where) == 0)
			return true;
	}
	return false;
}

/* Whether each of these kinds of client takes the property. */
static int try_property(const struct kafka_property *item, const enum kafka_client_kind *kinds, size_t count,
			struct err *err)
{
	const struct kafka_setting setting = {item->name, item->value};
	const struct kafka_settings one = {&setting, 1};

	for (size_t i = 0; i < count; i++) {
		if (kafka_config_check(kinds[i], &one, err) != 0)
			return -1;
	}
	return 0;
}

static const enum kafka_client_kind consumers[] = {KAFKA_SOURCE, KAFKA_READER, KAFKA_ADMIN};
static const enum kafka_client_kind producers[] = {KAFKA_SINK};

static void complain(const struct kafka_property *item, const struct err *err, struct conf_problems *problems)
{
	const char *advice = advice_for(item->name);

	if (advice != NULL)
		conf_error(problems, "%s: kafka.%s: %s", item->where, item->name, advice);
	else if (item->secret && strstr(err->text, item->value) != NULL)
		/* librdkafka repeats the value; a secret one must not be shown. */
		conf_error(problems, "%s: kafka.%s: librdkafka does not accept the value", item->where,
			   item->name);
	else
		conf_error(problems, "%s: %s", item->where, err->text);
}

/* What only shows when all is set: combinations, files, missing mechanisms. No
 * brokers are given, so nothing is connected to; mechanisms that fetch a token
 * or a ticket as soon as there is a client are left to --online. */
static void try_client(enum kafka_client_kind kind, const struct settings *s, struct conf_problems *problems)
{
	const struct kafka_properties *list = kind == KAFKA_SINK ? &s->producer : &s->consumer;
	struct kafka_setting *items = calloc(list->count + 1, sizeof(*items));
	struct kafka_settings settings = {items, 0};
	struct kafka_client client = {.name = "check"};
	rd_kafka_conf_t *conf;
	rd_kafka_t *rk = NULL;
	struct err err;

	for (size_t i = 0; items != NULL && i < list->count; i++) {
		const struct kafka_property *p = &list->items[i];

		if (strcmp(p->name, "bootstrap.servers") != 0 && strcmp(p->name, "metadata.broker.list") != 0)
			items[settings.count++] = (struct kafka_setting){p->name, p->value};
	}
	conf = kafka_config_new(kind, &settings, s->group_id, kind == KAFKA_SINK ? s->transactional_id : NULL,
				&client, &err);
	if (conf != NULL)
		rk = kafka_client_open(kind, conf, &err);
	if (rk == NULL)
		conf_error(problems, "%s", err.text);
	else
		rd_kafka_destroy(rk);
	free(items);
}

static bool fetches_tokens(const struct settings *s)
{
	const char *mechanism = settings_kafka_get(&s->consumer, "sasl.mechanism");

	if (mechanism == NULL)
		mechanism = settings_kafka_get(&s->consumer, "sasl.mechanisms");
	return mechanism != NULL &&
	       (strcasecmp(mechanism, "OAUTHBEARER") == 0 || strcasecmp(mechanism, "GSSAPI") == 0);
}

int check_kafka_properties(const struct settings *s, struct conf_problems *problems)
{
	size_t before = problems->error_count;
	struct err err;

	for (size_t i = 0; i < s->consumer.count; i++) {
		if (try_property(&s->consumer.items[i], consumers, 3, &err) != 0)
			complain(&s->consumer.items[i], &err, problems);
	}
	for (size_t i = 0; i < s->producer.count; i++) {
		const struct kafka_property *item = &s->producer.items[i];

		if (in_list(&s->consumer, item) && try_property(item, consumers, 3, &err) != 0)
			continue; /* said already */
		if (try_property(item, producers, 1, &err) != 0)
			complain(item, &err, problems);
	}
	if (problems->error_count == before && s->group_id != NULL && !fetches_tokens(s)) {
		try_client(KAFKA_SOURCE, s, problems);
		try_client(KAFKA_SINK, s, problems);
	}
	return problems->error_count == before ? 0 : -1;
}

/* A file with a password that anyone may read, or that anyone may change. */
static void check_file_mode(const char *path, const struct conf *c, struct conf_problems *problems)
{
	bool secret = false;
	struct stat st;

	if (path == NULL || stat(path, &st) != 0)
		return;
	for (size_t i = 0; i < c->count; i++) {
		if (c->entries[i].origin == CONF_FROM_FILE && !c->entries[i].referred &&
		    conf_key_secret(&settings_table, c->entries[i].key))
			secret = true;
	}
	if (st.st_mode & S_IWOTH)
		conf_warning(problems, "%s: everyone may change it; chmod o-w %s", path, path);
	if (secret && (st.st_mode & S_IROTH))
		conf_warning(problems,
			     "%s: holds secrets and everyone may read it; chmod o-r %s, or use ${file:...}",
			     path, path);
}

static void print_lines(FILE *out, const char *sign, struct buf *lines)
{
	const char *text = buf_cstr(lines);

	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		fprintf(out, "%s%.*s\n", sign, (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void print_problems(FILE *out, struct conf_problems *problems)
{
	print_lines(out, "error    ", &problems->errors);
	print_lines(out, "warning  ", &problems->warnings);
}

/* What the configuration amounts to, in a few lines. */
static void print_meaning(FILE *out, const struct settings *s)
{
	static const char *const names[INPUTS] = {"clickstream", "bookings", "reviews", "hotel", "customer"};

	fprintf(out, "kafka    %s\n", s->brokers != NULL ? s->brokers : "(none)");
	fprintf(out, "group    %s, transactions %s\n", s->group_id, s->transactional_id);
	for (int i = 0; i < INPUTS; i++)
		fprintf(out, "read     %-12s %s\n", names[i], s->inputs[i].topic);
	for (int i = 0; i < OUTPUTS; i++) {
		if (s->outputs[i].enabled)
			fprintf(out, "write    %s\n", s->outputs[i].topic);
	}
	fprintf(out, "write    %s\n", s->dead_letter_topic);
	if (s->summary.provider == SETTINGS_OPENAI)
		fprintf(out, "summary  %s\n", s->summary.model);
	else
		fprintf(out, "summary  extractive, no model\n");
	fprintf(out, "state    %s\n", s->state_path);
	fprintf(out, "http     %s\n", s->http_listen);
}

int check_offline(const struct settings_request *request, struct settings *s, FILE *out)
{
	struct conf_problems problems;
	struct conf conf;
	int result;

	conf_problems_init(&problems);
	conf_init(&conf);
	result = settings_load(s, &conf, request, &problems);
	if (check_kafka_properties(s, &problems))
		result = -1;
	check_file_mode(request->path, &conf, &problems);
	fprintf(out, "file     %s\n",
		request->path != NULL ? request->path : "(none, environment and -o only)");
	if (result == 0)
		print_meaning(out, s);
	print_problems(out, &problems);
	if (result == 0)
		fprintf(out, "ok       the configuration can be used\n");
	else
		fprintf(out, "failed   %zu error%s\n", problems.error_count,
			problems.error_count == 1 ? "" : "s");
	conf_release(&conf);
	conf_problems_release(&problems);
	return result == 0 ? EXIT_OK : EXIT_CONFIG;
}

int check_print_config(const struct settings_request *request, FILE *out, FILE *complaints)
{
	struct conf_problems problems;
	struct settings s;
	struct conf conf;
	struct buf text;
	int result;

	conf_problems_init(&problems);
	conf_init(&conf);
	settings_init(&s);
	buf_init(&text, (size_t)4 << 20);
	result = settings_load(&s, &conf, request, &problems);
	conf_describe_effective(&settings_table, &conf, &text);
	fputs(buf_cstr(&text), out);
	print_problems(complaints, &problems);
	buf_release(&text);
	settings_release(&s);
	conf_release(&conf);
	conf_problems_release(&problems);
	return result == 0 ? EXIT_OK : EXIT_CONFIG;
}
