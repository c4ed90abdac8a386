/* What Kafka holds of ours: committed offsets, watermarks, records in the
 * output topics. */

#include "base/clock.h"
#include "kafka/errors.h"
#include "kafka/sink_internal.h"

#define CALL_MS 30000
#define STEP_MS 5000
/* A scan without a new record or end for so long waits for somebody's open
 * transaction (or for a broker): say so and let the caller try again. */
#define SCAN_IDLE_MS 30000

static int64_t now_ms(void)
{
	struct clock clock = clock_system();

	return clock_mono_ms(&clock);
}

static enum broker_verdict verdict_of(int failed, const struct err *err)
{
	if (!failed)
		return BROKER_OK;
	return err && err->class == ERR_CONFIG ? BROKER_CONFIG : BROKER_RETRY;
}

static enum broker_verdict hand_over(const rd_kafka_topic_partition_list_t *list, broker_committed_fn fn,
				     void *fn_ctx, struct err *err)
{
	for (int i = 0; i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *p = &list->elems[i];
		struct broker_offset o = {
			.topic = p->topic,
			.partition = p->partition,
			.offset = p->offset < 0 ? -1 : p->offset,
			/* Not NUL-terminated in 2.0.2: only the size counts. */
			.metadata = slice_make(p->metadata, p->metadata ? p->metadata_size : 0),
		};

		if (fn(fn_ctx, &o, err))
			return BROKER_FATAL;
	}
	return BROKER_OK;
}

/* Serves callbacks, and drops what an earlier scan left in the queue. Not
 * rd_kafka_poll(): it ends the process when a message is there. */
static void discard_events(struct sink *s, int ms)
{
	rd_kafka_message_t *m = rd_kafka_consumer_poll(s->reader, ms);

	while (m) {
		rd_kafka_message_destroy(m);
		m = rd_kafka_consumer_poll(s->reader, 0);
	}
}

enum broker_verdict sink_committed(void *ctx, const struct broker_partition *partitions, size_t count,
				   broker_committed_fn fn, void *fn_ctx, struct err *err)
{
	struct sink *s = ctx;
	rd_kafka_topic_partition_list_t *list;
	int64_t until = now_ms() + CALL_MS;
	rd_kafka_resp_err_t code;
	enum broker_verdict v;

	if (count == 0)
		return BROKER_OK;
	if (sink_reader(s, err))
		return verdict_of(-1, err);
	list = rd_kafka_topic_partition_list_new((int)count);
	for (size_t i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(list, partitions[i].topic, partitions[i].partition);
	do {
		code = rd_kafka_committed(s->reader, list, STEP_MS);
		if (!code)
			code = kafka_errors_any(list);
		v = kafka_errors_code(KAFKA_CALL_READ, code, NULL, err);
		discard_events(s, v == BROKER_OK ? 0 : 200);
	} while (v == BROKER_RETRY && now_ms() < until && !sink_cancelled(s));
	if (v == BROKER_OK)
		v = hand_over(list, fn, fn_ctx, err);
	else
		err_wrap(err, "committed offsets of group %s", s->group);
	rd_kafka_topic_partition_list_destroy(list);
	return v;
}

enum broker_verdict sink_cluster_id(void *ctx, char **out, struct err *err)
{
	struct sink *s = ctx;

	*out = admin_cluster_id(s->admin, err);
	return verdict_of(*out ? 0 : -1, err);
}

enum broker_verdict sink_partitions(void *ctx, const char *topic, int32_t *count, struct err *err)
{
	struct sink *s = ctx;

	return verdict_of(admin_partitions(s->admin, &topic, 1, count, err), err);
}

enum broker_verdict sink_watermarks(void *ctx, const char *topic, int32_t partition, int64_t *low,
				    int64_t *high, struct err *err)
{
	struct sink *s = ctx;

	return verdict_of(admin_offsets(s->admin, topic, partition, low, high, err), err);
}

enum broker_verdict sink_probe(void *ctx, const char *topic, int32_t partition, int64_t offset,
			       struct broker_probe *out, struct err *err)
{
	struct sink *s = ctx;

	return verdict_of(admin_probe(s->admin, topic, partition, offset, out, err), err);
}

/* The last header of that name, as Kafka's own lastHeader(). */
static struct slice header(const rd_kafka_message_t *m, const char *name)
{
	rd_kafka_headers_t *list;
	const void *value;
	size_t size;

	if (rd_kafka_message_headers(m, &list) || rd_kafka_header_get_last(list, name, &value, &size))
		return slice_make(NULL, 0);
	return slice_make(value, value ? size : 0);
}

struct scan {
	const char *topic;
	int32_t partition;
	int64_t position, end; /* next to be read; the high watermark at the start */
	bool whole;
	broker_seen_fn fn;
	void *fn_ctx;
};

/* One message or event. `*done` when there is nothing more to wait for. */
static enum broker_verdict scanned(struct scan *scan, const rd_kafka_message_t *m, bool *done,
				   struct err *err)
{
	struct broker_seen seen = {.topic = scan->topic, .partition = scan->partition, .offset = m->offset};

	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		/* Below the high watermark, it is the last stable offset. */
		if (m->offset > scan->position)
			scan->position = m->offset;
		*done = !scan->whole || scan->position >= scan->end;
		return BROKER_OK;
	}
	if (m->err)
		return kafka_errors_code(KAFKA_CALL_READ, m->err, rd_kafka_message_errstr(m), err);
	if (m->offset >= scan->position)
		scan->position = m->offset + 1;
	*done = scan->position >= scan->end;
	if (m->offset >= scan->end)
		return BROKER_OK;
	seen.db = header(m, BROKER_HEADER_DB);
	seen.seq = header(m, BROKER_HEADER_SEQ);
	seen.id = header(m, BROKER_HEADER_ID);
	return scan->fn(scan->fn_ctx, &seen, err) ? BROKER_FATAL : BROKER_OK;
}

static enum broker_verdict scan_loop(struct sink *s, struct scan *scan, struct err *err)
{
	int64_t progress = now_ms();
	enum broker_verdict v = BROKER_OK;
	bool done = scan->position >= scan->end;

	while (!done && v == BROKER_OK) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(s->reader, 200);

		if (m) {
			v = scanned(scan, m, &done, err);
			rd_kafka_message_destroy(m);
			progress = now_ms();
		} else if (sink_cancelled(s) || now_ms() - progress > SCAN_IDLE_MS) {
			err_set(err, ERR_RETRY, 0,
				"stands at %lld of %lld: the broker does not answer, or an open transaction "
				"hides the rest",
				(long long)scan->position, (long long)scan->end);
			v = BROKER_RETRY;
		}
	}
	return v;
}

enum broker_verdict sink_scan(void *ctx, const char *topic, int32_t partition, int64_t from, bool whole,
			      broker_seen_fn fn, void *fn_ctx, struct err *err)
{
	struct sink *s = ctx;
	struct scan scan = {
		.topic = topic, .partition = partition, .whole = whole, .fn = fn, .fn_ctx = fn_ctx};
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t code;
	enum broker_verdict v;
	int64_t low;

	if (admin_offsets(s->admin, topic, partition, &low, &scan.end, err) || sink_reader(s, err))
		return verdict_of(-1, err);
	scan.position = from < low ? low : from;
	if (scan.position >= scan.end)
		return BROKER_OK;
	list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, topic, partition)->offset = scan.position;
	code = rd_kafka_assign(s->reader, list);
	rd_kafka_topic_partition_list_destroy(list);
	v = kafka_errors_code(KAFKA_CALL_READ, code, NULL, err);
	if (v == BROKER_OK)
		v = scan_loop(s, &scan, err);
	rd_kafka_assign(s->reader, NULL);
	if (v != BROKER_OK)
		err_wrap(err, "scan %s [%d]", topic, (int)partition);
	return v;
}
