/* One transaction: begin, rows, flush, offsets, commit. */

#include "base/clock.h"
#include "kafka/errors.h"
#include "kafka/sink_internal.h"

#include <stdlib.h>

#define STEP_MS	    2000  /* of one call, so that a cancel is soon seen */
#define CALL_MS	    30000 /* over all resumed calls */
#define FLUSH_MS    60000 /* records fail by themselves after message.timeout.ms */
#define MAX_HEADERS 64

static int64_t now_ms(void)
{
	struct clock clock = clock_system();

	return clock_mono_ms(&clock);
}

static enum broker_verdict no_producer(struct err *err)
{
	err_set(err, ERR_ABORT_TXN, 0, "no producer is open");
	return BROKER_FATAL;
}

void sink_forget_transaction(struct sink *s)
{
	for (size_t i = 0; i < s->delivered_count; i++)
		free(s->delivered[i].topic);
	free(s->delivered);
	s->delivered = NULL;
	s->delivered_count = 0;
	s->produced = s->acknowledged = s->refused = 0;
	s->refused_code = RD_KAFKA_RESP_ERR_NO_ERROR;
}

void sink_forget_topics(struct sink *s)
{
	for (size_t i = 0; i < s->topic_count; i++) {
		free(s->topics[i].name);
		if (s->topics[i].handle)
			rd_kafka_topic_destroy(s->topics[i].handle);
	}
	free(s->topics);
	s->topics = NULL;
	s->topic_count = 0;
}

/* librdkafka's commit may already be over when its events are still queued. */
static void serve_events(struct sink *s)
{
	while (rd_kafka_poll(s->producer, 0) > 0)
		;
}

enum broker_verdict sink_begin(void *ctx, struct err *err)
{
	struct sink *s = ctx;
	enum broker_verdict v;

	if (!s->producer)
		return no_producer(err);
	serve_events(s);
	sink_forget_transaction(s);
	v = kafka_errors_take(KAFKA_CALL_BEGIN, rd_kafka_begin_transaction(s->producer), err);
	s->in_transaction = v == BROKER_OK;
	return v;
}

/* Until 2.10.1 the first record for a topic may wait a second for metadata;
 * asking beforehand spares it. Failing is no harm. */
static rd_kafka_topic_t *warm_up(struct sink *s, const char *topic)
{
	rd_kafka_topic_t *handle = rd_kafka_topic_new(s->producer, topic, NULL);
	const struct rd_kafka_metadata *meta;

	if (handle && !rd_kafka_metadata(s->producer, 0, handle, &meta, STEP_MS))
		rd_kafka_metadata_destroy(meta);
	return handle;
}

/* Asks once per topic and producer. */
static enum broker_verdict partitions_of(struct sink *s, const char *topic, int32_t *count, struct err *err)
{
	struct sink_topic *grown;
	enum broker_verdict v;
	char *name;

	for (size_t i = 0; i < s->topic_count; i++) {
		if (strcmp(s->topics[i].name, topic) == 0) {
			*count = s->topics[i].partitions;
			return BROKER_OK;
		}
	}
	v = sink_partitions(s, topic, count, err);
	if (v != BROKER_OK)
		return v == BROKER_RETRY ? BROKER_ABORT : v;
	if (*count == 0)
		return BROKER_OK; /* not remembered: it may be created any moment */
	name = slice_dup(slice_str(topic));
	grown = realloc(s->topics, (s->topic_count + 1) * sizeof(*grown));
	if (grown)
		s->topics = grown;
	if (!name || !grown) {
		free(name);
		return BROKER_OK; /* only a cache */
	}
	s->topics[s->topic_count++] = (struct sink_topic){name, *count, warm_up(s, topic)};
	return BROKER_OK;
}

/* librdkafka 2.0.2 frees headers twice for a partition that does not exist. */
static enum broker_verdict check_target(struct sink *s, const char *topic, int32_t partition, struct err *err)
{
	int32_t count = 0;
	enum broker_verdict v = partitions_of(s, topic, &count, err);

	if (v != BROKER_OK)
		return v;
	if (count == 0 || partition >= count) {
		err_set(err, ERR_ABORT_TXN, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
			"output topic %s does not exist or has only %d partitions", topic, (int)count);
		return BROKER_ABORT;
	}
	return BROKER_OK;
}

static rd_kafka_headers_t *make_headers(const struct broker_record *r)
{
	rd_kafka_headers_t *list = rd_kafka_headers_new(r->header_count);

	for (size_t i = 0; list && i < r->header_count; i++) {
		const struct broker_header *h = &r->headers[i];

		if (rd_kafka_header_add(list, h->name.data, (ssize_t)h->name.len,
					h->value.data ? h->value.data : "", (ssize_t)h->value.len)) {
			rd_kafka_headers_destroy(list);
			return NULL;
		}
	}
	return list;
}

static rd_kafka_resp_err_t enqueue(struct sink *s, const struct broker_record *r, const char *topic,
				   rd_kafka_headers_t *headers)
{
	void *key = r->has_key ? (void *)(uintptr_t)(r->key.data ? r->key.data : "") : NULL;
	void *value = r->has_value ? (void *)(uintptr_t)(r->value.data ? r->value.data : "") : NULL;
	int32_t partition = r->partition < 0 ? RD_KAFKA_PARTITION_UA : r->partition;

	return rd_kafka_producev(s->producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
				 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				 RD_KAFKA_V_KEY(key, r->has_key ? r->key.len : 0),
				 RD_KAFKA_V_VALUE(value, r->has_value ? r->value.len : 0),
				 RD_KAFKA_V_TIMESTAMP(r->timestamp_ms), RD_KAFKA_V_HEADERS(headers),
				 RD_KAFKA_V_END);
}

enum broker_verdict sink_produce(void *ctx, const struct broker_record *r, struct err *err)
{
	struct sink *s = ctx;
	char topic[256]; /* Kafka allows 249 */
	int64_t until = now_ms() + CALL_MS;
	rd_kafka_headers_t *headers;
	rd_kafka_resp_err_t code;
	enum broker_verdict v;

	if (!s->producer)
		return no_producer(err);
	if (r->topic.len >= sizeof(topic)) {
		err_set(err, ERR_CONFIG, 0, "the name of an output topic is too long");
		return BROKER_CONFIG;
	}
	memcpy(topic, r->topic.data, r->topic.len);
	topic[r->topic.len] = '\0';
	v = check_target(s, topic, r->partition, err);
	if (v != BROKER_OK)
		return v;
	headers = make_headers(r);
	if (!headers) {
		err_set(err, ERR_ABORT_TXN, 0, "%s: headers not possible", topic);
		return BROKER_ABORT;
	}
	while ((code = enqueue(s, r, topic, headers)) == RD_KAFKA_RESP_ERR__QUEUE_FULL && now_ms() < until &&
	       !sink_cancelled(s))
		rd_kafka_poll(s->producer, 100);
	if (!code) {
		s->produced++;
		return BROKER_OK;
	}
	rd_kafka_headers_destroy(headers); /* only a success takes them */
	v = kafka_errors_code(KAFKA_CALL_PRODUCE, code, NULL, err);
	err_wrap(err, "%s", topic);
	return v;
}

static void note_delivered(struct sink *s, const char *topic, int32_t partition, int64_t offset)
{
	struct sink_delivered *grown;

	for (size_t i = 0; i < s->delivered_count; i++) {
		struct sink_delivered *d = &s->delivered[i];

		if (d->partition == partition && strcmp(d->topic, topic) == 0) {
			if (offset > d->offset)
				d->offset = offset;
			return;
		}
	}
	grown = realloc(s->delivered, (s->delivered_count + 1) * sizeof(*grown));
	if (!grown)
		return; /* only makes a later scan longer */
	s->delivered = grown;
	grown[s->delivered_count].topic = slice_dup(slice_str(topic));
	grown[s->delivered_count].partition = partition;
	grown[s->delivered_count].offset = offset;
	if (grown[s->delivered_count].topic)
		s->delivered_count++;
}

void sink_on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct sink *s = opaque;

	(void)rk;
	if (m->err || rd_kafka_message_status(m) != RD_KAFKA_MSG_STATUS_PERSISTED) {
		s->refused++;
		if (!s->refused_code)
			s->refused_code = m->err ? m->err : RD_KAFKA_RESP_ERR__FAIL;
		return;
	}
	s->acknowledged++;
	note_delivered(s, rd_kafka_topic_name(m->rkt), m->partition, m->offset);
}

int sink_each_delivered(void *ctx, broker_delivered_fn fn, void *fn_ctx, struct err *err)
{
	struct sink *s = ctx;

	for (size_t i = 0; i < s->delivered_count; i++) {
		struct broker_offset o = {.topic = s->delivered[i].topic,
					  .partition = s->delivered[i].partition,
					  .offset = s->delivered[i].offset};

		if (fn(fn_ctx, &o, err))
			return -1;
	}
	return 0;
}

enum broker_verdict sink_flush(void *ctx, struct err *err)
{
	struct sink *s = ctx;
	int64_t until = now_ms() + FLUSH_MS;
	char text[200];
	enum broker_verdict v;

	if (!s->producer)
		return no_producer(err);
	while (s->acknowledged + s->refused < s->produced && now_ms() < until && !sink_cancelled(s)) {
		if (rd_kafka_flush(s->producer, STEP_MS) == RD_KAFKA_RESP_ERR__FATAL)
			break;
		/* A fatal error makes messages fail one by one; more waiting adds nothing. */
		if (rd_kafka_fatal_error(s->producer, text, sizeof(text)))
			break;
	}
	if (s->acknowledged == s->produced)
		return BROKER_OK;
	if (rd_kafka_fatal_error(s->producer, text, sizeof(text))) {
		rd_kafka_resp_err_t code = rd_kafka_fatal_error(s->producer, text, sizeof(text));
		struct kafka_failure f = {.call = KAFKA_CALL_DELIVERY, .code = code, .fatal = true};

		err_set(err, ERR_ABORT_TXN, code, "deliver: %s", text);
		return kafka_errors_verdict(&f);
	}
	v = kafka_errors_code(KAFKA_CALL_DELIVERY,
			      s->refused_code ? s->refused_code : RD_KAFKA_RESP_ERR__TIMED_OUT, NULL, err);
	err_wrap(err, "%llu of %llu records not acknowledged",
		 (unsigned long long)(s->produced - s->acknowledged), (unsigned long long)s->produced);
	return v;
}

static rd_kafka_topic_partition_list_t *offset_list(const struct broker_offset *offsets, size_t count)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);

	for (size_t i = 0; i < count; i++) {
		rd_kafka_topic_partition_t *p =
			rd_kafka_topic_partition_list_add(list, offsets[i].topic, offsets[i].partition);

		p->offset = offsets[i].offset;
		p->metadata = slice_dup(offsets[i].metadata); /* freed by the library, with free() */
		p->metadata_size = offsets[i].metadata.len;
		if (!p->metadata) {
			rd_kafka_topic_partition_list_destroy(list);
			return NULL;
		}
	}
	return list;
}

enum broker_verdict sink_send_offsets(void *ctx, const struct broker_offset *offsets, size_t count,
				      struct err *err)
{
	struct sink *s = ctx;
	int64_t until = now_ms() + CALL_MS;
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_consumer_group_metadata_t *group;
	enum broker_verdict v;

	if (!s->producer)
		return no_producer(err);
	list = offset_list(offsets, count);
	if (!list) {
		err_set(err, ERR_ABORT_TXN, 0, "send offsets: out of memory");
		return BROKER_ABORT;
	}
	/* Without a member: fencing is by the transactional.id alone (KIP-447). */
	group = rd_kafka_consumer_group_metadata_new(s->group);
	do {
		v = kafka_errors_take(KAFKA_CALL_SEND_OFFSETS,
				      rd_kafka_send_offsets_to_transaction(s->producer, list, group, STEP_MS),
				      err);
	} while (v == BROKER_RETRY && now_ms() < until && !sink_cancelled(s));
	rd_kafka_consumer_group_metadata_destroy(group);
	rd_kafka_topic_partition_list_destroy(list);
	return v == BROKER_RETRY ? BROKER_ABORT : v;
}

enum broker_verdict sink_commit(void *ctx, struct err *err)
{
	struct sink *s = ctx;
	int64_t until = now_ms() + CALL_MS;
	enum broker_verdict v;

	if (!s->producer)
		return no_producer(err);
	s->in_transaction = false;
	do {
		v = kafka_errors_take(KAFKA_CALL_COMMIT, rd_kafka_commit_transaction(s->producer, STEP_MS),
				      err);
	} while (v == BROKER_RETRY && now_ms() < until && !sink_cancelled(s));
	if (v == BROKER_RETRY)
		return BROKER_INDEFINITE;
	if (v == BROKER_OK && request_watch_unanswered(&s->watch)) {
		err_set(err, ERR_ABORT_TXN, 0,
			"commit transaction: done, but a request of it was repeated and may still be on its "
			"way");
		return BROKER_INDEFINITE;
	}
	return v;
}

enum broker_verdict sink_abort(void *ctx, struct err *err)
{
	struct sink *s = ctx;
	int64_t until = now_ms() + CALL_MS;
	enum broker_verdict v;

	if (!s->producer)
		return no_producer(err);
	s->in_transaction = false;
	do {
		v = kafka_errors_take(KAFKA_CALL_ABORT, rd_kafka_abort_transaction(s->producer, STEP_MS),
				      err);
	} while (v == BROKER_RETRY && now_ms() < until && !sink_cancelled(s));
	return v;
}
