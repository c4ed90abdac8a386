#include "daemon/check_write.h"

#include "kafka/config.h"

#include <stdio.h>
#include <stdlib.h>

#define CLOSE_MS 5000

struct check_write {
	struct kafka_client *client; /* its own allocation: it may have to outlive us */
	rd_kafka_t *rk;
	int timeout_ms;
	bool answered, pointless;
	rd_kafka_resp_err_t code; /* the answer */
};

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct check_write *w = message->_private;

	(void)rk;
	(void)opaque;
	w->answered = true;
	w->code = message->err;
}

/* On top of the operator's settings and of what the sink needs. */
static const struct kafka_setting own[] = {
	{"enable.idempotence", "false"},
	{"acks", "2"},
	{"message.send.max.retries", "0"},
	{"linger.ms", "0"},
};

static rd_kafka_conf_t *config(struct check_write *w, const struct kafka_settings *settings, struct err *err)
{
	rd_kafka_conf_t *conf = kafka_config_new(KAFKA_SINK, settings, NULL, NULL, w->client, err);
	char text[256];

	if (conf == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (rd_kafka_conf_set(conf, own[i].name, own[i].value, text, sizeof(text)) !=
		    RD_KAFKA_CONF_OK) {
			err_set(err, ERR_CONFIG, 0, "%s", text);
			rd_kafka_conf_destroy(conf);
			return NULL;
		}
	}
	snprintf(text, sizeof(text), "%d", w->timeout_ms);
	rd_kafka_conf_set(conf, "message.timeout.ms", text, NULL, 0);
	rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	return conf;
}

struct check_write *check_write_new(const struct settings *s, int timeout_ms, struct err *err)
{
	struct check_write *w = calloc(1, sizeof(*w));
	struct kafka_setting *items = calloc(s->producer.count + 1, sizeof(*items));
	struct kafka_settings settings = {items, s->producer.count};
	rd_kafka_conf_t *conf = NULL;

	if (w != NULL)
		w->client = calloc(1, sizeof(*w->client));
	if (w == NULL || items == NULL || w->client == NULL) {
		err_set(err, ERR_FATAL, 0, "out of memory");
		goto out;
	}
	for (size_t i = 0; i < s->producer.count; i++)
		items[i] = (struct kafka_setting){s->producer.items[i].name, s->producer.items[i].value};
	w->timeout_ms = timeout_ms;
	w->client->name = "check";
	conf = config(w, &settings, err);
	if (conf != NULL)
		w->rk = kafka_client_open(KAFKA_SINK, conf, err);
out:
	free(items);
	if (w != NULL && w->rk == NULL) {
		free(w->client);
		free(w);
		w = NULL;
	}
	return w;
}

void check_write_free(struct check_write *w)
{
	struct err late;

	if (w == NULL)
		return;
	rd_kafka_purge(w->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	rd_kafka_flush(w->rk, w->timeout_ms);
	if (kafka_client_close(w->rk, CLOSE_MS, &late) == 0) {
		free(w->client); /* else its threads still use it */
		free(w);
	}
}

enum check_write_answer check_write_ask(struct check_write *w, const char *topic)
{
	if (w->pointless)
		return CHECK_WRITE_UNKNOWN;
	w->answered = false;
	if (rd_kafka_producev(w->rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
			      RD_KAFKA_V_VALUE(NULL, 0), RD_KAFKA_V_OPAQUE(w),
			      RD_KAFKA_V_END) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return CHECK_WRITE_UNKNOWN;
	rd_kafka_flush(w->rk, 2 * w->timeout_ms);
	if (!w->answered)
		return CHECK_WRITE_UNKNOWN;
	w->pointless = w->code == RD_KAFKA_RESP_ERR_NO_ERROR;
	switch (w->code) {
	case RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS: return CHECK_WRITE_ALLOWED;
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED: return CHECK_WRITE_DENIED;
	default: return CHECK_WRITE_UNKNOWN;
	}
}
