/* Life of the three clients. */

#include "kafka/sink.h"

#include "base/clock.h"
#include "kafka/errors.h"
#include "kafka/sink_internal.h"

#include <stdlib.h>

#define ABORT_MS     2000
#define CLOSE_MS     10000
#define INIT_MS	     60000
#define INIT_STEP_MS 2000

static void on_error(rd_kafka_t *rk, int code, const char *text, void *opaque)
{
	struct sink *s = opaque;

	(void)rk;
	/* A wrong password stays the news when everything else then times out. */
	if (s->last_error.class != ERR_CONFIG)
		kafka_errors_code(KAFKA_CALL_READ, code, text, &s->last_error);
	log_debug(s->client.log, "kafka", "sink: %s: %s", rd_kafka_err2name(code), text);
}

/* The reader's trouble says nothing about the producer's transaction. */
static void on_reader_error(rd_kafka_t *rk, int code, const char *text, void *opaque)
{
	struct sink *s = opaque;

	(void)rk;
	log_debug(s->client.log, "kafka", "reader: %s: %s", rd_kafka_err2name(code), text);
}

int sink_reader(struct sink *s, struct err *err)
{
	struct clock clock = clock_system();
	rd_kafka_conf_t *conf;

	s->read_ms = clock_mono_ms(&clock);
	if (s->reader)
		return 0;
	conf = kafka_config_new(KAFKA_READER, &s->options.reader_settings, s->group, NULL, &s->client, err);
	if (!conf)
		return -1;
	rd_kafka_conf_set_error_cb(conf, on_reader_error);
	s->reader = kafka_client_open(KAFKA_READER, conf, err);
	if (!s->reader)
		return -1;
	rd_kafka_poll_set_consumer(s->reader);
	return 0;
}

struct sink *sink_new(const struct sink_options *o, struct err *err)
{
	struct sink *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(err, ERR_FATAL, 0, "kafka sink: out of memory");
		return NULL;
	}
	s->options = *o;
	s->client = (struct kafka_client){.log = o->log, .name = "sink"};
	s->group = slice_dup(slice_str(o->group));
	s->transactional_id = slice_dup(slice_str(o->transactional_id));
	if (!s->group || !s->transactional_id) {
		err_set(err, ERR_FATAL, 0, "kafka sink: out of memory");
		goto fail;
	}
	if (kafka_config_check(KAFKA_SINK, &o->settings, err) || sink_reader(s, err))
		goto fail;
	s->admin = admin_new(&o->reader_settings, 0, o->log, err);
	if (s->admin)
		return s;
fail:
	sink_free(s);
	return NULL;
}

static void sink_close(void *ctx)
{
	struct sink *s = ctx;
	rd_kafka_t *producer = s->producer;
	struct err err;

	s->producer = NULL;
	if (!producer)
		return;
	sink_forget_topics(s); /* their handles belong to the producer */
	/* 2.0.2 ends the process (an assertion on txn_req_cnt) when it is destroyed
	 * while it registers partitions; once aborting, however far that gets, it
	 * does not. */
	if (s->in_transaction) {
		rd_kafka_error_t *error = rd_kafka_abort_transaction(producer, ABORT_MS);

		if (error)
			rd_kafka_error_destroy(error);
		s->in_transaction = false;
	}
	if (kafka_client_close(producer, CLOSE_MS, &err)) {
		log_error(s->client.log, "kafka", "sink: %s", err.text);
		s->stuck = true;
	}
	sink_forget_transaction(s);
}

static void close_reader(struct sink *s)
{
	struct err err;

	if (kafka_client_close(s->reader, CLOSE_MS, &err)) {
		log_error(s->client.log, "kafka", "reader: %s", err.text);
		s->stuck = true;
	}
	s->reader = NULL;
}

void sink_rest(struct sink *s, int64_t quiet_ms)
{
	struct clock clock = clock_system();

	if (!s)
		return;
	if (s->reader && clock_mono_ms(&clock) - s->read_ms >= quiet_ms)
		close_reader(s);
	admin_rest(s->admin, quiet_ms);
}

void sink_free(struct sink *s)
{
	if (!s)
		return;
	sink_close(s);
	close_reader(s);
	admin_free(s->admin);
	if (s->stuck)
		return; /* threads of the library may still use what we would free */
	free(s->group);
	free(s->transactional_id);
	free(s);
}

struct admin *sink_admin(struct sink *s)
{
	return s->admin;
}

void sink_cancel(struct sink *s)
{
	atomic_store(&s->cancelled, true);
	admin_cancel(s->admin);
}

/* One bounded attempt after the other, while the library says that it is
 * still at it. */
static enum broker_verdict init_transactions(struct sink *s, struct err *err)
{
	struct clock clock = clock_system();
	int64_t until = clock_mono_ms(&clock) + INIT_MS;
	enum broker_verdict v;

	do {
		v = kafka_errors_take(KAFKA_CALL_INIT, rd_kafka_init_transactions(s->producer, INIT_STEP_MS),
				      err);
		rd_kafka_poll(s->producer, 0);
		if (v == BROKER_RETRY && s->last_error.class == ERR_CONFIG) {
			err_wrap(err, "%s", s->last_error.text);
			if (err)
				err->class = ERR_CONFIG;
			return BROKER_CONFIG;
		}
	} while (v == BROKER_RETRY && clock_mono_ms(&clock) < until && !sink_cancelled(s));
	if (v == BROKER_RETRY && s->last_error.class != ERR_NONE)
		err_wrap(err, "%s", s->last_error.text);
	return v;
}

static enum broker_verdict sink_open(void *ctx, struct err *err)
{
	struct sink *s = ctx;
	rd_kafka_conf_t *conf;
	enum broker_verdict v;

	sink_close(s);
	if (s->stuck) {
		err_set(err, ERR_FATAL, 0, "an older client does not end");
		return BROKER_FATAL;
	}
	err_clear(&s->last_error);
	conf = kafka_config_new(KAFKA_SINK, &s->options.settings, NULL, s->transactional_id, &s->client, err);
	if (!conf)
		return BROKER_CONFIG;
	if (request_watch_install(&s->watch, conf)) {
		rd_kafka_conf_destroy(conf);
		err_set(err, ERR_FATAL, 0, "kafka sink: no interceptor");
		return BROKER_FATAL;
	}
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_dr_msg_cb(conf, sink_on_delivery);
	s->producer = kafka_client_open(KAFKA_SINK, conf, err);
	if (!s->producer)
		return BROKER_CONFIG;
	v = init_transactions(s, err);
	if (v != BROKER_OK)
		sink_close(s);
	return v;
}

struct broker_port sink_port(struct sink *s)
{
	return (struct broker_port){
		.ctx = s,
		.open = sink_open,
		.close = sink_close,
		.cluster_id = sink_cluster_id,
		.begin = sink_begin,
		.produce = sink_produce,
		.flush = sink_flush,
		.send_offsets = sink_send_offsets,
		.commit = sink_commit,
		.abort = sink_abort,
		.delivered = sink_each_delivered,
		.committed = sink_committed,
		.partitions = sink_partitions,
		.watermarks = sink_watermarks,
		.probe = sink_probe,
		.scan = sink_scan,
	};
}
