#ifndef RIVER_TEST_MOCK_KAFKA_H
#define RIVER_TEST_MOCK_KAFKA_H

/* librdkafka's mock cluster in this process, for tests of lib/kafka. It speaks
 * the protocol over loopback, but knows neither isolation nor transactional
 * offsets: what is exactly-once is judged against a real broker elsewhere. */

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

struct mock_kafka {
	rd_kafka_t *rk; /* a producer, and owner of the cluster */
	rd_kafka_mock_cluster_t *cluster;
	const char *bootstrap;
};

int mock_kafka_init(struct mock_kafka *m, int brokers);
void mock_kafka_release(struct mock_kafka *m);
/* Writes value "<from>".."<from + count - 1>" with key "k" and header "h" = value. */
int mock_kafka_write(struct mock_kafka *m, const char *topic, int32_t partition, int from, int count);

#endif
