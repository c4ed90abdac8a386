/* The floor under any consumer: librdkafka with riverd's settings and nothing else.
 *
 *   floor BROKERS REGISTRY decode|count TOPIC...
 *
 * Reads every partition of the topics to the end it had at the start, and
 * prints one line of JSON. `decode` also decodes each value with riverd's
 * plan, for the fields that riverd wants (topics in the order of its inputs). */

#include "hotels/pipeline.h"
#include "wire/decoder.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BATCH 1000

struct floor {
	rd_kafka_t *rk;
	const char *registry;
	struct decoder *decoders[INPUTS];
	char *const *topics;
	int topic_count;
	uint64_t records, bytes, decoded;
	int open;	      /* partitions not at their end */
	uint64_t first, last; /* when the first and the last record came, ns */
};

static void die(const char *what)
{
	fprintf(stderr, "floor: %s\n", what);
	exit(1);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char text[300];

	if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) != RD_KAFKA_CONF_OK)
		die(text);
}

static void connect_to(struct floor *f, const char *brokers)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[300];

	set(conf, "bootstrap.servers", brokers);
	set(conf, "group.id", "floor");
	set(conf, "enable.auto.commit", "false");
	set(conf, "enable.partition.eof", "true");
	set(conf, "check.crcs", "true");
	set(conf, "queued.min.messages", "1000000");
	set(conf, "queued.max.messages.kbytes", "65536"); /* more than riverd's: nobody nudges here */
	f->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
	if (f->rk == NULL)
		die(text);
	rd_kafka_poll_set_consumer(f->rk);
}

static void assign(struct floor *f)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
	const struct rd_kafka_metadata *meta;

	if (rd_kafka_metadata(f->rk, 1, NULL, &meta, 10000) != RD_KAFKA_RESP_ERR_NO_ERROR)
		die("no metadata");
	for (int t = 0; t < meta->topic_cnt; t++)
		for (int i = 0; i < f->topic_count; i++)
			for (int p = 0; strcmp(meta->topics[t].topic, f->topics[i]) == 0 &&
					p < meta->topics[t].partition_cnt;
			     p++) {
				rd_kafka_topic_partition_list_add(list, f->topics[i], p)->offset =
					RD_KAFKA_OFFSET_BEGINNING;
				f->open++;
			}
	rd_kafka_metadata_destroy(meta);
	if (rd_kafka_assign(f->rk, list) != RD_KAFKA_RESP_ERR_NO_ERROR)
		die("cannot assign");
	rd_kafka_topic_partition_list_destroy(list);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- decoding ---- */

static size_t append(char *data, size_t size, size_t count, void *ctx)
{
	buf_append(ctx, data, size * count);
	return size * count;
}

static void learn(struct floor *f, const struct schema_ref *ref)
{
	char url[400];
	struct buf body;
	CURL *curl = curl_easy_init();
	cJSON *json;
	const cJSON *text;
	struct err err;

	buf_init(&body, 1 << 20);
	snprintf(url, sizeof(url), "%s/schemas/ids/%d", f->registry, ref->id);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
	if (curl_easy_perform(curl) != CURLE_OK)
		die("no answer from the registry");
	curl_easy_cleanup(curl);
	json = cJSON_ParseWithLength(body.data, body.len);
	text = cJSON_GetObjectItemCaseSensitive(json, "schema");
	if (!cJSON_IsString(text))
		die("no schema in the registry's answer");
	for (int i = 0; i < INPUTS; i++)
		if (decoder_learn(f->decoders[i], ref, "AVRO", slice_str(text->valuestring), &err) != 0)
			die(err.text);
	cJSON_Delete(json);
	buf_release(&body);
}

static void open_decoders(struct floor *f)
{
	struct err err;

	for (int i = 0; i < INPUTS; i++) {
		struct decoder_options options = {.layout = input_layouts[i],
						  .changelog = i == INPUT_HOTEL || i == INPUT_CUSTOMER};

		f->decoders[i] = decoder_new(&options, &err);
		if (f->decoders[i] == NULL)
			die(err.text);
	}
}

static void decode(struct floor *f, const rd_kafka_message_t *raw)
{
	const char *topic = rd_kafka_topic_name(raw->rkt);
	struct message m = {.topic = topic,
			    .partition = raw->partition,
			    .offset = raw->offset,
			    .timestamp_ms = rd_kafka_message_timestamp(raw, NULL),
			    .key = slice_make(raw->key, raw->key_len),
			    .value = slice_make(raw->payload, raw->len),
			    .has_key = raw->key != NULL,
			    .has_value = raw->payload != NULL};
	struct schema_ref needed;
	struct record record;
	struct err err;
	int input = 0;

	while (input < f->topic_count && strcmp(topic, f->topics[input]) != 0)
		input++;
	for (int i = 0; i < 3; i++) { /* key and value may each need a schema */
		enum decode_result r = decoder_decode(f->decoders[input], &m, &record, &needed, &err);

		if (r != DECODE_NEEDS_SCHEMA) {
			f->decoded += r == DECODE_OK;
			return;
		}
		learn(f, &needed);
	}
}

static void take(struct floor *f, ssize_t n, rd_kafka_message_t **batch, bool decodes)
{
	uint64_t before = f->records;

	for (ssize_t i = 0; i < n; i++) {
		if (batch[i]->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
			f->open--;
		} else if (batch[i]->err == 0) {
			f->records++;
			f->bytes += batch[i]->len;
			if (decodes)
				decode(f, batch[i]);
		}
		rd_kafka_message_destroy(batch[i]);
	}
	if (f->records != before)
		f->last = now();
	if (before == 0)
		f->first = f->last;
}

int main(int argc, char **argv)
{
	struct floor f = {0};
	rd_kafka_message_t *batch[BATCH];
	rd_kafka_queue_t *queue;
	bool decodes;

	if (argc < 5)
		return 64;
	decodes = strcmp(argv[3], "decode") == 0;
	f.registry = argv[2];
	f.topics = argv + 4;
	f.topic_count = argc - 4 < INPUTS ? argc - 4 : INPUTS;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	open_decoders(&f);
	connect_to(&f, argv[1]);
	assign(&f);
	queue = rd_kafka_queue_get_consumer(f.rk);
	while (f.open > 0)
		take(&f, rd_kafka_consume_batch_queue(queue, 100, batch, BATCH), batch, decodes);
	printf("{\"records\": %llu, \"bytes\": %llu, \"decoded\": %llu, \"seconds\": %.6f}\n",
	       (unsigned long long)f.records, (unsigned long long)f.bytes, (unsigned long long)f.decoded,
	       (double)(f.last - f.first) / 1e9);
	rd_kafka_queue_destroy(queue);
	rd_kafka_consumer_close(f.rk);
	rd_kafka_destroy(f.rk);
	return 0;
}
