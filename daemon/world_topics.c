#include "world_topics.h"

#include "kafka_properties.h"

#include <stdbool.h>
#include <stdlib.h>

#define TIMEOUT_MS 20000

/* ERR_NONE, or what stands in the way; `unknown_setting` when an older broker
 * does not know one of the topic settings. */
static int look_at(rd_kafka_event_t *event, bool *unknown_setting, struct err *err)
{
	const rd_kafka_topic_result_t **results;
	size_t count;

	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return err_set(err, ERR_RETRY, rd_kafka_event_error(event), "create topics: %s",
			       rd_kafka_event_error_string(event));
	results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
	for (size_t i = 0; i < count; i++) {
		rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);

		if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
			continue;
		*unknown_setting = code == RD_KAFKA_RESP_ERR_INVALID_CONFIG;
		return err_set(err, ERR_CONFIG, code, "create topic %s: %s",
			       rd_kafka_topic_result_name(results[i]),
			       rd_kafka_topic_result_error_string(results[i]));
	}
	return 0;
}

static int create(rd_kafka_t *rk, rd_kafka_NewTopic_t **topics, size_t count, bool *unknown_setting,
		  struct err *err)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	rd_kafka_event_t *event;
	int rc;

	rd_kafka_AdminOptions_set_operation_timeout(options, TIMEOUT_MS / 2, NULL, 0);
	rd_kafka_CreateTopics(rk, topics, count, options, queue);
	event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
	if (event == NULL)
		rc = err_set(err, ERR_RETRY, 0, "create topics: no answer within %d s", TIMEOUT_MS / 1000);
	else
		rc = look_at(event, unknown_setting, err);
	if (event != NULL)
		rd_kafka_event_destroy(event);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_queue_destroy(queue);
	return rc;
}

static int create_with(rd_kafka_t *rk, const char *const *names, size_t count, int partitions,
		       int replication, bool any_time, bool *unknown_setting, struct err *err)
{
	rd_kafka_NewTopic_t **topics = calloc(count, sizeof(*topics));
	char text[256];
	int rc = 0;

	if (topics == NULL)
		abort();
	for (size_t i = 0; i < count && rc == 0; i++) {
		topics[i] = rd_kafka_NewTopic_new(names[i], partitions, replication, text, sizeof(text));
		if (topics[i] == NULL) {
			rc = err_set(err, ERR_CONFIG, 0, "topic %s: %s", names[i], text);
			break;
		}
		rd_kafka_NewTopic_set_config(topics[i], "retention.ms", "-1");
		if (any_time)
			rd_kafka_NewTopic_set_config(topics[i], "message.timestamp.after.max.ms",
						     "9223372036854775807");
	}
	if (rc == 0)
		rc = create(rk, topics, count, unknown_setting, err);
	for (size_t i = 0; i < count; i++) {
		if (topics[i] != NULL)
			rd_kafka_NewTopic_destroy(topics[i]);
	}
	free(topics);
	return rc;
}

int world_topics_create(const char *brokers, const char *const *properties, const char *const *topics,
			size_t count, int partitions, int replication, struct err *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	bool unknown_setting = false;
	char text[256];
	rd_kafka_t *rk;
	int rc;

	if (kafka_property_set(conf, "bootstrap.servers", brokers, err) != 0 ||
	    kafka_properties_set(conf, properties, err) != 0) {
		rd_kafka_conf_destroy(conf);
		return -1;
	}
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	if (rk == NULL) {
		rd_kafka_conf_destroy(conf);
		return err_set(err, ERR_CONFIG, 0, "admin client: %s", text);
	}
	rc = create_with(rk, topics, count, partitions, replication, true, &unknown_setting, err);
	if (rc != 0 && unknown_setting)
		rc = create_with(rk, topics, count, partitions, replication, false, &unknown_setting, err);
	rd_kafka_destroy(rk);
	return rc;
}
