#include "test/lib/mock_kafka.h"

#include <stdio.h>
#include <string.h>

int mock_kafka_init(struct mock_kafka *m, int brokers)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[200];

	rd_kafka_conf_set(conf, "socket.nagle.disable", "true", text, sizeof(text));
	rd_kafka_conf_set(conf, "log_level", "2", text, sizeof(text));
	m->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	if (!m->rk)
		return -1;
	m->cluster = rd_kafka_mock_cluster_new(m->rk, brokers);
	m->bootstrap = rd_kafka_mock_cluster_bootstraps(m->cluster);
	return rd_kafka_brokers_add(m->rk, m->bootstrap) > 0 ? 0 : -1;
}

void mock_kafka_release(struct mock_kafka *m)
{
	rd_kafka_flush(m->rk, 5000);
	rd_kafka_mock_cluster_destroy(m->cluster);
	rd_kafka_destroy(m->rk);
}

int mock_kafka_write(struct mock_kafka *m, const char *topic, int32_t partition, int from, int count)
{
	for (int i = from; i < from + count; i++) {
		char value[16];

		snprintf(value, sizeof(value), "%d", i);
		if (rd_kafka_producev(m->rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
				      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY("k", 1),
				      RD_KAFKA_V_VALUE(value, strlen(value)),
				      RD_KAFKA_V_TIMESTAMP((int64_t)1700000000000 + i),
				      RD_KAFKA_V_HEADER("h", value, (ssize_t)strlen(value)), RD_KAFKA_V_END))
			return -1;
	}
	return rd_kafka_flush(m->rk, 10000) ? -1 : 0;
}
