/* The brokers, the topics and the group. */

#include "daemon/check_online.h"
#include "daemon/check_write.h"
#include "kafka/admin.h"
#include "kafka/errors.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CLOSE_MS 5000

struct asking {
	const struct settings *s;
	struct check_report *report;
	struct kafka_settings settings;
	struct admin *admin;
	struct check_write *write; /* NULL: cannot be asked */
	int timeout_ms;
	const char *existing; /* an input topic that exists, or NULL */
};

static struct kafka_setting *view(const struct kafka_properties *p)
{
	struct kafka_setting *items = calloc(p->count + 1, sizeof(*items));

	for (size_t i = 0; items != NULL && i < p->count; i++)
		items[i] = (struct kafka_setting){p->items[i].name, p->items[i].value};
	return items;
}

static const char *advice(const struct err *err, const char *rights)
{
	switch (err->code) {
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED: return rights;
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
	case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
		return "check kafka.sasl.username and kafka.sasl.password";
	case RD_KAFKA_RESP_ERR__SSL:
		return "check kafka.security.protocol and kafka.ssl.ca.location, and that the broker's "
		       "certificate is for the host name by which it is addressed";
	default: return NULL;
	}
}

static bool brokers_answer(struct asking *a)
{
	char what[60];
	struct err err;
	char *id = admin_cluster_id(a->admin, &err);

	snprintf(what, sizeof(what), "kafka %.50s", a->s->brokers != NULL ? a->s->brokers : "");
	if (id == NULL) {
		const char *hint = advice(&err, "");

		check_row_err(a->report, what, &err,
			      hint != NULL ? hint
					   : "check kafka.bootstrap.servers, kafka.security.protocol and the "
					     "network; topics were not looked at");
		return false;
	}
	check_row(a->report, CHECK_OK, what, "cluster %s", id);
	free(id);
	return true;
}

/* Reading needs more rights than looking. */
static int may_read_now(struct asking *a, const char *topic, struct err *err)
{
	struct broker_probe probe;
	int64_t low, high;

	if (admin_offsets(a->admin, topic, 0, &low, &high, err) != 0)
		return -1;
	return high > low ? admin_probe(a->admin, topic, 0, low, &probe, err) : 0;
}

/* A topic made a moment ago may have no leader yet. */
static int may_read(struct asking *a, const char *topic, struct err *err)
{
	const struct timespec pause = {0, 300 * 1000000L};
	int rc = may_read_now(a, topic, err);

	for (int left = a->timeout_ms; rc != 0 && err->class == ERR_RETRY && left > 0; left -= 300) {
		nanosleep(&pause, NULL);
		rc = may_read_now(a, topic, err);
	}
	return rc;
}

static void check_input(struct asking *a, const char *topic)
{
	int32_t count;
	char what[64];
	struct err err;

	snprintf(what, sizeof(what), "read %.58s", topic);
	if (admin_partitions(a->admin, &topic, 1, &count, &err) != 0 ||
	    (count > 0 && may_read(a, topic, &err) != 0)) {
		check_row_err(a->report, what, &err,
			      advice(&err, "grant this user READ and DESCRIBE on the topic"));
		return;
	}
	if (count == 0) {
		check_row(a->report, CHECK_WARN, what,
			  "there is no such topic, or no right to see it; it is read when it appears");
		return;
	}
	if (a->existing == NULL)
		a->existing = topic;
	check_row(a->report, CHECK_OK, what, "%d partition%s", (int)count, count == 1 ? "" : "s");
}

/* A topic that is not there: what would come of creating it. */
static void check_creation(struct asking *a, const char *topic, const char *what)
{
	const struct admin_topic wanted = {.name = topic,
					   .partitions = (int32_t)a->s->topics_partitions,
					   .replication = (int32_t)a->s->topics_replication};
	struct err err;

	if (!a->s->topics_create)
		check_row(a->report, CHECK_WRONG, what,
			  "there is no such topic, or no right to see it: create it, or set topics.create = "
			  "true");
	else if (admin_try_topic(a->admin, &wanted, &err) == 0)
		check_row(a->report, CHECK_OK, what, "is created at the start");
	else if (err.code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE)
		check_row(a->report, CHECK_WARN, what,
			  "there is no such topic, and this broker creates none");
	else
		check_row_err(a->report, what, &err,
			      advice(&err, "grant this user CREATE on the topic, or create it yourself"));
}

static void check_right_to_write(struct asking *a, const char *topic, const char *what, int count)
{
	enum check_write_answer answer =
		a->write != NULL ? check_write_ask(a->write, topic) : CHECK_WRITE_UNKNOWN;

	if (answer == CHECK_WRITE_DENIED)
		check_row(a->report, CHECK_WRONG, what,
			  "not authorized to write; grant this user WRITE on the topic, and WRITE and "
			  "DESCRIBE on the transactional id %s",
			  a->s->transactional_id);
	else
		check_row(a->report, CHECK_OK, what, "%d partition%s%s", count, count == 1 ? "" : "s",
			  answer == CHECK_WRITE_ALLOWED ? ", may be written to" : "");
}

static void check_output(struct asking *a, const char *topic)
{
	int32_t count;
	char what[64];
	struct err err;

	snprintf(what, sizeof(what), "write %.57s", topic);
	if (admin_partitions(a->admin, &topic, 1, &count, &err) != 0)
		check_row_err(a->report, what, &err,
			      advice(&err, "grant this user WRITE, READ and DESCRIBE on the topic"));
	else if (count == 0)
		check_creation(a, topic, what);
	else
		check_right_to_write(a, topic, what, count);
}

static int group_offsets(struct asking *a, rd_kafka_t *rk, struct err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t code;

	rd_kafka_topic_partition_list_add(list, a->existing, 0);
	code = rd_kafka_committed(rk, list, a->timeout_ms);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		code = list->elems[0].err;
	rd_kafka_topic_partition_list_destroy(list);
	kafka_errors_code(KAFKA_CALL_READ, code, NULL, err);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : -1;
}

static void check_group(struct asking *a)
{
	struct kafka_client *client = calloc(1, sizeof(*client));
	rd_kafka_t *rk = NULL;
	rd_kafka_conf_t *conf;
	struct err err, late;
	char what[64];

	if (client == NULL)
		return;
	client->name = "check";
	snprintf(what, sizeof(what), "group %.57s", a->s->group_id);
	conf = kafka_config_new(KAFKA_READER, &a->settings, a->s->group_id, NULL, client, &err);
	if (conf != NULL)
		rk = kafka_client_open(KAFKA_READER, conf, &err);
	if (rk == NULL || group_offsets(a, rk, &err) != 0)
		check_row_err(a->report, what, &err, advice(&err, "grant this user READ on the group"));
	else
		check_row(a->report, CHECK_OK, what, "may be used");
	if (rk == NULL || kafka_client_close(rk, CLOSE_MS, &late) == 0)
		free(client); /* else its threads still use it */
}

static void ask(struct asking *a)
{
	struct err err;

	if (!brokers_answer(a))
		return;
	for (int i = 0; i < INPUTS; i++)
		check_input(a, a->s->inputs[i].topic);
	a->write = check_write_new(a->s, a->timeout_ms, &err);
	check_output(a, a->s->dead_letter_topic); /* first: see check_write.h */
	for (int i = 0; i < OUTPUTS; i++) {
		if (a->s->outputs[i].enabled)
			check_output(a, a->s->outputs[i].topic);
	}
	check_write_free(a->write);
	if (a->existing != NULL)
		check_group(a);
}

void check_online_kafka(const struct settings *s, int64_t timeout_ms, struct check_report *r)
{
	struct kafka_setting *items = view(&s->consumer);
	struct asking a = {.s = s, .report = r, .timeout_ms = (int)timeout_ms};
	struct err err;

	if (items == NULL)
		return;
	a.settings = (struct kafka_settings){items, s->consumer.count};
	a.admin = admin_new(&a.settings, a.timeout_ms, NULL, &err);
	if (a.admin == NULL)
		check_row_err(r, "kafka", &err, NULL);
	else
		ask(&a);
	admin_free(a.admin);
	free(items);
}
