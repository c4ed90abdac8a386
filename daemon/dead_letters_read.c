#include "daemon/dead_letters_read.h"

#include "base/clock.h"
#include "kafka/config.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

#define CALL_MS	    15000
#define IDLE_MS	    30000 /* nothing new for so long: the end is hidden or gone */
#define HEADERS_MAX 256

struct dead_letters_reader {
	struct kafka_client client; /* first: the library's opaque */
	struct kafka_setting *items;
	rd_kafka_t *rk;
	const char *topic; /* borrowed from the settings */
	int32_t partitions;
	int64_t *ends; /* high watermark of each; -1: read to it */
	int32_t unread;
	struct message_header headers[HEADERS_MAX];
};

static int failed(struct dead_letters_reader *r, rd_kafka_resp_err_t code, struct err *err)
{
	return err_set(err, ERR_RETRY, code, "%s: %s", r->topic, rd_kafka_err2str(code));
}

static int count_partitions(struct dead_letters_reader *r, struct err *err)
{
	rd_kafka_topic_t *handle = rd_kafka_topic_new(r->rk, r->topic, NULL);
	const struct rd_kafka_metadata *meta = NULL;
	rd_kafka_resp_err_t code =
		handle == NULL ? rd_kafka_last_error() : rd_kafka_metadata(r->rk, 0, handle, &meta, CALL_MS);

	if (code == RD_KAFKA_RESP_ERR_NO_ERROR && meta->topic_cnt == 1) {
		code = meta->topics[0].err;
		r->partitions = meta->topics[0].partition_cnt;
	}
	if (meta != NULL)
		rd_kafka_metadata_destroy(meta);
	if (handle != NULL)
		rd_kafka_topic_destroy(handle);
	if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
		r->partitions = 0; /* nothing has died yet */
		return 0;
	}
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : failed(r, code, err);
}

static void on_error(rd_kafka_t *rk, int code, const char *text, void *opaque)
{
	struct kafka_client *client = opaque;

	(void)rk;
	(void)code;
	log_warn(client->log, "kafka", "%s", text);
}

struct dead_letters_reader *dead_letters_reader_new(const struct settings *s, struct log *log,
						    struct err *err)
{
	struct dead_letters_reader *r = calloc(1, sizeof(*r));
	struct kafka_settings settings = {NULL, 0};
	rd_kafka_conf_t *conf;

	if (r == NULL || (r->items = calloc(s->consumer.count + 1, sizeof(*r->items))) == NULL) {
		free(r);
		err_set(err, ERR_FATAL, 0, "out of memory");
		return NULL;
	}
	r->client = (struct kafka_client){.log = log, .name = "dead-letters"};
	r->topic = s->dead_letter_topic;
	settings.items = r->items;
	for (size_t i = 0; i < s->consumer.count; i++)
		r->items[settings.count++] =
			(struct kafka_setting){s->consumer.items[i].name, s->consumer.items[i].value};
	/* The group is only named: nothing is committed and nobody is asked to join. */
	conf = kafka_config_new(KAFKA_READER, &settings, s->group_id, NULL, &r->client, err);
	if (conf != NULL) {
		rd_kafka_conf_set_error_cb(conf, on_error);
		r->rk = kafka_client_open(KAFKA_READER, conf, err);
	}
	if (r->rk != NULL)
		rd_kafka_poll_set_consumer(r->rk);
	if (r->rk == NULL || count_partitions(r, err) != 0) {
		dead_letters_reader_free(r);
		return NULL;
	}
	r->ends = calloc((size_t)r->partitions + 1, sizeof(*r->ends));
	return r;
}

void dead_letters_reader_free(struct dead_letters_reader *r)
{
	struct err err;

	if (r == NULL)
		return;
	if (r->rk != NULL && kafka_client_close(r->rk, CALL_MS, &err) != 0)
		return; /* its thread may still look at us */
	free(r->items);
	free(r->ends);
	free(r);
}

static int begin(struct dead_letters_reader *r, struct err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(r->partitions);
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

	r->unread = 0;
	for (int32_t i = 0; i < r->partitions && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
		int64_t low = 0, high = 0;

		code = rd_kafka_query_watermark_offsets(r->rk, r->topic, i, &low, &high, CALL_MS);
		r->ends[i] = high > low ? high : -1;
		r->unread += r->ends[i] >= 0;
		rd_kafka_topic_partition_list_add(list, r->topic, i)->offset = low;
	}
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		code = rd_kafka_assign(r->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : failed(r, code, err);
}

static void message_of(struct dead_letters_reader *r, const rd_kafka_message_t *from, struct message *to)
{
	rd_kafka_timestamp_type_t type;
	rd_kafka_headers_t *list;
	const char *name;
	const void *value;
	size_t size;

	*to = (struct message){
		.topic = r->topic,
		.partition = from->partition,
		.offset = from->offset,
		.timestamp_ms = rd_kafka_message_timestamp(from, &type),
		.key = slice_make(from->key, from->key != NULL ? from->key_len : 0),
		.value = slice_make(from->payload, from->payload != NULL ? from->len : 0),
		.has_key = from->key != NULL,
		.has_value = from->payload != NULL,
		.headers = r->headers,
	};
	if (rd_kafka_message_headers(from, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	while (to->header_count < HEADERS_MAX &&
	       rd_kafka_header_get_all(list, to->header_count, &name, &value, &size) ==
		       RD_KAFKA_RESP_ERR_NO_ERROR)
		r->headers[to->header_count++] =
			(struct message_header){slice_str(name), slice_make(value != NULL ? value : "",
									    value != NULL ? size : 0)};
}

static void reached(struct dead_letters_reader *r, int32_t partition)
{
	r->unread -= r->ends[partition] >= 0;
	r->ends[partition] = -1;
}

static int take(struct dead_letters_reader *r, const rd_kafka_message_t *m, dead_letters_fn each, void *ctx,
		struct err *err)
{
	struct message message;
	int64_t end;
	int rc;

	if (m->partition < 0 || m->partition >= r->partitions)
		return 0;
	end = r->ends[m->partition];
	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		if (end >= 0 && m->offset >= end)
			reached(r, m->partition);
		return 0;
	}
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR || end < 0 || m->offset >= end)
		return 0; /* errors are librdkafka's to mend; what came later is another scan's */
	message_of(r, m, &message);
	rc = each(ctx, &message, err);
	if (m->offset + 1 >= end)
		reached(r, m->partition);
	return rc;
}

int dead_letters_scan(struct dead_letters_reader *r, dead_letters_fn each, void *ctx, struct err *err)
{
	struct clock clock = clock_system();
	int64_t until = clock_mono_ms(&clock) + IDLE_MS;
	int rc = begin(r, err);

	while (rc == 0 && r->unread > 0) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(r->rk, 100);

		if (m != NULL) {
			rc = take(r, m, each, ctx, err);
			rd_kafka_message_destroy(m);
			until = clock_mono_ms(&clock) + IDLE_MS;
		} else if (clock_mono_ms(&clock) > until) {
			rc = err_set(err, ERR_RETRY, 0,
				     "%s cannot be read to its end: an open transaction, or brokers that do "
				     "not answer",
				     r->topic);
		}
	}
	rd_kafka_assign(r->rk, NULL);
	return rc;
}
