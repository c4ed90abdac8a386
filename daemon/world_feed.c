#include "world_feed.h"

#include "base/clock.h"
#include "kafka_properties.h"
#include "registry_post.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <unistd.h>

#define LEADERS_MS 15000

struct world_feed {
	struct world_feed_options options;
	rd_kafka_t *rk;
	rd_kafka_topic_t *topics[INPUTS];
	int partitions[INPUTS];
	struct world_feed_counts counts;
	char failure[256]; /* the last delivery that failed */
	struct buf key, value;
};

void world_feed_topics(const char *topics[INPUTS])
{
	topics[INPUT_CLICKSTREAM] = "clickstream";
	topics[INPUT_BOOKINGS] = "bookings";
	topics[INPUT_REVIEWS] = "hotel_reviews";
	topics[INPUT_HOTEL] = "riverhotel.SAMPLE.HOTEL";
	topics[INPUT_CUSTOMER] = "riverhotel.SAMPLE.CUSTOMER";
}

int world_feed_register(const char *registry_url, const char *const topics[INPUTS],
			enum generation generation, struct generator_encoding *encoding, struct err *err)
{
	char subject[300];

	for (int i = 0; i < GENERATOR_SCHEMAS; i++) {
		enum generator_schema schema = (enum generator_schema)i;
		const char *topic = topics[generator_schema_input(schema)];
		bool older = generation == GENERATION_MIXED && i < SCHEMA_HOTEL_KEY &&
			     i % GENERATIONS != GENERATION_2026;

		if (!generator_schema_needed(encoding, generation, schema))
			continue;
		snprintf(subject, sizeof(subject), "%s-%s%s%s", topic,
			 generator_schema_is_key(schema) ? "key" : "value", older ? "-" : "",
			 older ? generation_name((enum generation)(i % GENERATIONS)) : "");
		if (registry_post_schema(registry_url, subject, generator_schema_text(schema),
					 &encoding->schema_ids[i], err) != 0)
			return -1;
	}
	return 0;
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct world_feed *f = opaque;

	(void)rk;
	if (message->err) {
		f->counts.failed++;
		snprintf(f->failure, sizeof(f->failure), "%s: %s", rd_kafka_topic_name(message->rkt),
			 rd_kafka_err2str(message->err));
	} else {
		f->counts.delivered++;
	}
}

static rd_kafka_t *producer_new(struct world_feed *f, struct err *err)
{
	/* Order within a partition is what makes events late or not: no reordering by retries. */
	static const char *const settings[] = {
		"client.id=riverd-generate",
		"log_level=3",
		"enable.idempotence=true",
		"partitioner=murmur2_random",
		"compression.type=lz4",
		"queue.buffering.max.messages=500000",
		"queue.buffering.max.kbytes=131072",
		"batch.size=262144",
		"socket.nagle.disable=true",
		NULL,
	};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char linger[16], text[256];
	rd_kafka_t *rk;

	snprintf(linger, sizeof(linger), "%d", f->options.linger_ms);
	if (kafka_property_set(conf, "bootstrap.servers", f->options.brokers, err) != 0 ||
	    kafka_property_set(conf, "linger.ms", linger, err) != 0 ||
	    kafka_properties_set(conf, settings, err) != 0 ||
	    kafka_properties_set(conf, f->options.properties, err) != 0) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	rd_kafka_conf_set_opaque(conf, f);
	rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	if (rk == NULL) {
		rd_kafka_conf_destroy(conf);
		err_set(err, ERR_CONFIG, 0, "producer: %s", text);
	}
	return rk;
}

/* Partitions with a leader, or 0 while there are none or some lack one. */
static int count_partitions(struct world_feed *f, rd_kafka_topic_t *topic, struct err *err)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t rc = rd_kafka_metadata(f->rk, 0, topic, &metadata, 5000);
	int count = 0;

	if (rc != RD_KAFKA_RESP_ERR_NO_ERROR) {
		err_set(err, ERR_RETRY, rc, "%s: %s", rd_kafka_topic_name(topic), rd_kafka_err2str(rc));
		return 0;
	}
	if (metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		count = metadata->topics[0].partition_cnt;
		for (int i = 0; i < metadata->topics[0].partition_cnt; i++) {
			if (metadata->topics[0].partitions[i].leader < 0)
				count = 0;
		}
	}
	if (count == 0)
		err_set(err, ERR_RETRY, 0, "topic %s does not exist or has no leader",
			rd_kafka_topic_name(topic));
	rd_kafka_metadata_destroy(metadata);
	return count;
}

static int open_topics(struct world_feed *f, struct err *err)
{
	struct clock clock = clock_system();
	int64_t until = clock_mono_ms(&clock) + LEADERS_MS;

	for (int i = 0; i < INPUTS; i++) {
		f->topics[i] = rd_kafka_topic_new(f->rk, f->options.topics[i], NULL);
		while (f->topics[i] != NULL) {
			f->partitions[i] = count_partitions(f, f->topics[i], err);
			if (f->partitions[i] > 0 || clock_mono_ms(&clock) > until)
				break;
			usleep(200 * 1000);
		}
		if (f->partitions[i] <= 0)
			return -1;
	}
	return 0;
}

struct world_feed *world_feed_new(const struct world_feed_options *options, struct err *err)
{
	struct world_feed *f = calloc(1, sizeof(*f));

	if (f == NULL)
		abort();
	f->options = *options;
	buf_init(&f->key, 1 << 16);
	buf_init(&f->value, 1 << 20);
	f->rk = producer_new(f, err);
	if (f->rk == NULL || open_topics(f, err) != 0) {
		world_feed_free(f);
		return NULL;
	}
	return f;
}

void world_feed_free(struct world_feed *f)
{
	if (f == NULL)
		return;
	for (int i = 0; i < INPUTS; i++) {
		if (f->topics[i] != NULL)
			rd_kafka_topic_destroy(f->topics[i]);
	}
	if (f->rk != NULL) {
		rd_kafka_purge(f->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		rd_kafka_destroy(f->rk);
	}
	buf_release(&f->key);
	buf_release(&f->value);
	free(f);
}

int world_feed_partitions(const struct world_feed *f, enum input input)
{
	return f->partitions[input];
}

static int produce(struct world_feed *f, const struct generated *event, int partition, bool has_key,
		   bool has_value, struct err *err)
{
	rd_kafka_vu_t fields[] = {
		{.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = f->topics[event->input]},
		{.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = partition},
		{.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
		{.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = event->time_ms},
		{.vtype = RD_KAFKA_VTYPE_VALUE,
		 .u.mem = {has_value ? f->value.data : NULL, has_value ? f->value.len : 0}},
		{.vtype = RD_KAFKA_VTYPE_KEY,
		 .u.mem = {has_key ? f->key.data : NULL, has_key ? f->key.len : 0}},
	};

	for (;;) {
		rd_kafka_error_t *error =
			rd_kafka_produceva(f->rk, fields, sizeof(fields) / sizeof(fields[0]));
		rd_kafka_resp_err_t code = rd_kafka_error_code(error);

		if (error == NULL)
			return 0;
		if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			err_set(err, ERR_FATAL, code, "produce to %s: %s", f->options.topics[event->input],
				rd_kafka_error_string(error));
		rd_kafka_error_destroy(error);
		if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			return -1;
		rd_kafka_poll(f->rk, 50);
	}
}

int world_feed_send_to(struct world_feed *f, const struct generated *event, int partition, struct err *err)
{
	bool has_key, has_value;

	buf_clear(&f->key);
	buf_clear(&f->value);
	generator_encode(&f->options.encoding, event, &f->key, &has_key, &f->value, &has_value);
	if (buf_failed(&f->key) || buf_failed(&f->value))
		return err_set(err, ERR_FATAL, 0, "an event does not fit into 1 MiB");
	if (produce(f, event, partition, has_key, has_value, err) != 0)
		return -1;
	f->counts.sent[event->input]++;
	f->counts.flawed += event->flaw != FLAW_NONE;
	f->counts.duplicates += event->duplicate;
	f->counts.bytes += f->value.len;
	if ((event->index & 255) == 0)
		rd_kafka_poll(f->rk, 0);
	return 0;
}

int world_feed_send(struct world_feed *f, const struct generated *event, struct err *err)
{
	uint64_t mixed = (event->index + 1) * 0x9e3779b97f4a7c15u ^ f->options.seed * 0xbf58476d1ce4e5b9u;
	int partition = RD_KAFKA_PARTITION_UA;

	if (event->input != INPUT_HOTEL && event->input != INPUT_CUSTOMER)
		partition = (int)((mixed >> 32) % (uint64_t)f->partitions[event->input]);
	return world_feed_send_to(f, event, partition, err);
}

void world_feed_poll(struct world_feed *f, int timeout_ms)
{
	rd_kafka_poll(f->rk, timeout_ms);
}

int world_feed_flush(struct world_feed *f, int timeout_ms, struct err *err)
{
	rd_kafka_resp_err_t rc = rd_kafka_flush(f->rk, timeout_ms);

	if (rc != RD_KAFKA_RESP_ERR_NO_ERROR)
		return err_set(err, ERR_RETRY, rc, "%d records are not delivered: %s",
			       rd_kafka_outq_len(f->rk), rd_kafka_err2str(rc));
	if (f->counts.failed != 0)
		return err_set(err, ERR_RETRY, 0, "%llu records were refused, the last by %s",
			       (unsigned long long)f->counts.failed, f->failure);
	return 0;
}

const struct world_feed_counts *world_feed_counts(const struct world_feed *f)
{
	return &f->counts;
}

size_t world_feed_waiting(const struct world_feed *f)
{
	return (size_t)rd_kafka_outq_len(f->rk);
}
