#include "kafka/admin.h"

#include "kafka/errors.h"
#include "kafka/fingerprint.h"

#include <stdatomic.h>
#include <stdlib.h>

#define CLOSE_MS	10000
#define DEFAULT_TIMEOUT 10000
#define STEP_MIN_MS	500 /* between two looks whether it was cancelled */
#define STEP_MAX_MS	2000

struct admin {
	struct kafka_client client; /* first: the library's opaque */
	struct kafka_settings settings;
	rd_kafka_t *rk;	 /* NULL: at rest */
	int64_t used_ms; /* mono: of the last call's begin */
	bool stuck;	 /* no byte of it may be freed: a client did not end in time */
	int timeout_ms;
	atomic_bool cancelled;
	struct err last; /* of the client itself: says why there is no answer */
};

static void on_error(rd_kafka_t *rk, int code, const char *text, void *opaque)
{
	struct admin *a = opaque;

	(void)rk;
	/* It follows the error that says why, and says less. */
	if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && a->last.class != ERR_NONE)
		return;
	kafka_errors_code(KAFKA_CALL_READ, code, text, &a->last);
}

static int64_t now_ms(void)
{
	struct clock clock = clock_system();

	return clock_mono_ms(&clock);
}

/* At the begin of every call: the client is there from here on. */
static int awake(struct admin *a, struct err *err)
{
	rd_kafka_conf_t *conf;

	a->used_ms = now_ms();
	if (a->rk)
		return 0;
	conf = kafka_config_new(KAFKA_ADMIN, &a->settings, NULL, NULL, &a->client, err);
	if (!conf)
		return -1;
	rd_kafka_conf_set_error_cb(conf, on_error);
	a->rk = kafka_client_open(KAFKA_ADMIN, conf, err);
	return a->rk ? 0 : -1;
}

struct admin *admin_new(const struct kafka_settings *settings, int timeout_ms, struct log *log,
			struct err *err)
{
	struct admin *a = calloc(1, sizeof(*a));

	if (!a) {
		err_set(err, ERR_FATAL, 0, "kafka admin: out of memory");
		return NULL;
	}
	a->client = (struct kafka_client){.log = log, .name = "admin"};
	a->settings = *settings;
	a->timeout_ms = timeout_ms ? timeout_ms : DEFAULT_TIMEOUT;
	if (awake(a, err) == 0)
		return a;
	free(a);
	return NULL;
}

void admin_cancel(struct admin *a)
{
	atomic_store(&a->cancelled, true);
}

/* Milliseconds for the next step of a wait that began at `start`; 0: it is
 * over. Calls of the library cannot be interrupted, so they are made in steps,
 * longer ones for a slow broker. */
static int next_step(struct admin *a, int64_t start)
{
	int64_t spent = now_ms() - start, left = a->timeout_ms - spent;
	int64_t step = spent < STEP_MIN_MS ? STEP_MIN_MS : spent > STEP_MAX_MS ? STEP_MAX_MS : spent;

	if (left <= 0 || atomic_load(&a->cancelled))
		return 0;
	return (int)(left < step ? left : step);
}

static bool no_answer_yet(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT;
}

static rd_kafka_resp_err_t metadata(struct admin *a, rd_kafka_topic_t *topic,
				    const struct rd_kafka_metadata **out)
{
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
	int64_t start = now_ms();
	int step;

	while (no_answer_yet(code) && (step = next_step(a, start)) > 0)
		code = rd_kafka_metadata(a->rk, 0, topic, out, step);
	return code;
}

static rd_kafka_message_t *wait_record(struct admin *a, rd_kafka_topic_t *topic, int32_t partition)
{
	rd_kafka_message_t *m = NULL;
	int64_t start = now_ms();
	int step;

	while (m == NULL && (step = next_step(a, start)) > 0)
		m = rd_kafka_consume(topic, partition, step);
	return m;
}

static rd_kafka_event_t *wait_event(struct admin *a, rd_kafka_queue_t *queue)
{
	rd_kafka_event_t *event = NULL;
	int64_t start = now_ms();
	int step;

	while (event == NULL && (step = next_step(a, start)) > 0)
		event = rd_kafka_queue_poll(queue, step);
	return event;
}

static void close_client(struct admin *a)
{
	struct err err;

	if (kafka_client_close(a->rk, CLOSE_MS, &err)) {
		log_error(a->client.log, "kafka", "admin: %s", err.text);
		a->stuck = true;
	}
	a->rk = NULL;
}

void admin_rest(struct admin *a, int64_t quiet_ms)
{
	if (a->rk && now_ms() - a->used_ms >= quiet_ms)
		close_client(a);
}

void admin_free(struct admin *a)
{
	if (!a)
		return;
	close_client(a);
	if (!a->stuck) /* its threads may still use what we would free */
		free(a);
}

/* Turns a failed request into err; a client that cannot log in says so rather
 * than "timed out". */
static int failed(struct admin *a, rd_kafka_resp_err_t code, const char *what, struct err *err)
{
	rd_kafka_poll(a->rk, 0);
	kafka_errors_code(KAFKA_CALL_READ, code, NULL, err);
	if (err && err->class == ERR_RETRY && a->last.class != ERR_NONE) {
		err->class = a->last.class;
		err->code = a->last.code;
		err_wrap(err, "%s", a->last.text);
	}
	err_clear(&a->last);
	return err_wrap(err, "%s", what);
}

static int topic_partitions(struct admin *a, const char *topic, int32_t *count, struct err *err)
{
	const struct rd_kafka_metadata *meta = NULL;
	rd_kafka_topic_t *handle = rd_kafka_topic_new(a->rk, topic, NULL);
	rd_kafka_resp_err_t code;

	*count = 0;
	if (!handle)
		return failed(a, rd_kafka_last_error(), topic, err);
	code = metadata(a, handle, &meta);
	rd_kafka_topic_destroy(handle);
	if (code)
		return failed(a, code, topic, err);
	code = meta->topic_cnt == 1 ? meta->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	if (!code)
		*count = meta->topics[0].partition_cnt;
	rd_kafka_metadata_destroy(meta);
	if (code && kafka_errors_class(code) != ERR_NOT_FOUND)
		return failed(a, code, topic, err);
	return 0;
}

int admin_partitions(struct admin *a, const char *const *topics, size_t count, int32_t *counts,
		     struct err *err)
{
	if (awake(a, err))
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (topic_partitions(a, topics[i], &counts[i], err))
			return -1;
	}
	return 0;
}

int admin_offsets(struct admin *a, const char *topic, int32_t partition, int64_t *low, int64_t *high,
		  struct err *err)
{
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
	int64_t start = now_ms();
	int step;

	if (awake(a, err))
		return -1;
	while (no_answer_yet(code) && (step = next_step(a, start)) > 0)
		code = rd_kafka_query_watermark_offsets(a->rk, topic, partition, low, high, step);
	if (!code)
		return 0;
	failed(a, code, "watermarks", err);
	return err_wrap(err, "%s [%d]", topic, (int)partition);
}

static rd_kafka_NewTopic_t *new_topic(const struct admin_topic *t, struct err *err)
{
	char text[300];
	rd_kafka_NewTopic_t *n =
		rd_kafka_NewTopic_new(t->name, t->partitions, t->replication, text, sizeof(text));

	if (!n)
		err_set(err, ERR_CONFIG, 0, "create topic %s: %s", t->name, text);
	else
		rd_kafka_NewTopic_set_config(n, "cleanup.policy", t->compact ? "compact" : "delete");
	return n;
}

static int created(struct admin *a, rd_kafka_event_t *event, struct err *err)
{
	const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
	const rd_kafka_topic_result_t **topics;
	size_t count;

	if (rd_kafka_event_error(event))
		return failed(a, rd_kafka_event_error(event), "create topics", err);
	topics = rd_kafka_CreateTopics_result_topics(result, &count);
	for (size_t i = 0; i < count; i++) {
		rd_kafka_resp_err_t code = rd_kafka_topic_result_error(topics[i]);
		const char *text = rd_kafka_topic_result_error_string(topics[i]);

		if (!code || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
			continue;
		kafka_errors_code(KAFKA_CALL_READ, code, text, err);
		return err_wrap(err, "create topic %s", rd_kafka_topic_result_name(topics[i]));
	}
	return 0;
}

static int create_topics(struct admin *a, const struct admin_topic *topics, size_t count, bool only_try,
			 struct err *err)
{
	rd_kafka_NewTopic_t **list = calloc(count + 1, sizeof(rd_kafka_NewTopic_t *));
	rd_kafka_queue_t *queue = rd_kafka_queue_new(a->rk);
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(a->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	rd_kafka_event_t *event = NULL;
	char text[200];
	int ret = -1;

	if (!list) {
		err_set(err, ERR_FATAL, 0, "create topics: out of memory");
		goto out;
	}
	for (size_t i = 0; i < count; i++) {
		list[i] = new_topic(&topics[i], err);
		if (!list[i])
			goto out;
	}
	rd_kafka_AdminOptions_set_request_timeout(options, a->timeout_ms, text, sizeof(text));
	rd_kafka_AdminOptions_set_operation_timeout(options, a->timeout_ms, text, sizeof(text));
	if (only_try)
		rd_kafka_AdminOptions_set_validate_only(options, 1, text, sizeof(text));
	rd_kafka_CreateTopics(a->rk, list, count, options, queue);
	event = wait_event(a, queue);
	if (event)
		ret = created(a, event, err);
	else
		failed(a, RD_KAFKA_RESP_ERR__TIMED_OUT, "create topics", err);
out:
	if (event)
		rd_kafka_event_destroy(event);
	for (size_t i = 0; list && i < count && list[i]; i++)
		rd_kafka_NewTopic_destroy(list[i]);
	free(list);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_queue_destroy(queue);
	return ret;
}

int admin_create_topics(struct admin *a, const struct admin_topic *topics, size_t count, struct err *err)
{
	return awake(a, err) ? -1 : create_topics(a, topics, count, false, err);
}

int admin_try_topic(struct admin *a, const struct admin_topic *topic, struct err *err)
{
	return awake(a, err) ? -1 : create_topics(a, topic, 1, true, err);
}

char *admin_cluster_id(struct admin *a, struct err *err)
{
	char *id, *copy;

	if (awake(a, err))
		return NULL;
	id = rd_kafka_clusterid(a->rk, a->timeout_ms);
	if (!id) {
		failed(a, RD_KAFKA_RESP_ERR__TIMED_OUT, "cluster id", err);
		return NULL;
	}
	copy = slice_dup(slice_str(id));
	rd_kafka_mem_free(a->rk, id);
	if (!copy)
		err_set(err, ERR_FATAL, 0, "cluster id: out of memory");
	return copy;
}

/* Reads one record by the simple consumer; `m` may be an event. */
static int probed(struct admin *a, rd_kafka_message_t *m, int64_t offset, struct broker_probe *out,
		  struct err *err)
{
	rd_kafka_timestamp_type_t type;

	if (!m)
		return failed(a, RD_KAFKA_RESP_ERR__TIMED_OUT, "read record", err);
	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
		return 0; /* nothing at or behind it */
	if (m->err)
		return failed(a, m->err, "read record", err);
	if (m->offset != offset)
		return 0;
	out->found = true;
	out->timestamp_ms = rd_kafka_message_timestamp(m, &type);
	out->crc = fingerprint_of(m);
	return 0;
}

int admin_probe(struct admin *a, const char *topic, int32_t partition, int64_t offset,
		struct broker_probe *out, struct err *err)
{
	rd_kafka_topic_t *handle;
	rd_kafka_message_t *m = NULL;
	int ret = -1;

	memset(out, 0, sizeof(*out));
	if (awake(a, err))
		return -1;
	handle = rd_kafka_topic_new(a->rk, topic, NULL);
	if (!handle || rd_kafka_consume_start(handle, partition, offset)) {
		failed(a, rd_kafka_last_error(), "read record", err);
		goto out;
	}
	m = wait_record(a, handle, partition);
	ret = probed(a, m, offset, out, err);
	if (m)
		rd_kafka_message_destroy(m);
	rd_kafka_consume_stop(handle, partition);
out:
	if (handle)
		rd_kafka_topic_destroy(handle);
	if (ret)
		err_wrap(err, "%s [%d] at %lld", topic, (int)partition, (long long)offset);
	return ret;
}
