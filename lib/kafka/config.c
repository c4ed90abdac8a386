#include "kafka/config.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Kinds as bits, so that a property can be for several. */
#define SOURCE	  (1u << KAFKA_SOURCE)
#define SINK	  (1u << KAFKA_SINK)
#define READER	  (1u << KAFKA_READER)
#define ADMIN	  (1u << KAFKA_ADMIN)
#define CONSUMERS (SOURCE | READER | ADMIN)
#define ALL	  (CONSUMERS | SINK)

struct property {
	unsigned kinds;
	const char *name, *value;
};

/* Used unless the operator says otherwise. */
static const struct property defaults[] = {
	{ALL, "client.id", "riverd"},
	/* Versions before 2.0 accept a certificate for any host without it. */
	{ALL, "ssl.endpoint.identification.algorithm", "https"},
	/* Only bytes count: 1 MiB of records waits at most and as much is on its way, which with
	 * what the library keeps about each is some 10 MiB. fetch_nudge.h keeps them coming.
	 * fetch.max.bytes follows from these two and must not be said: said, it is refused when the
	 * operator's message.max.bytes, meant for what is written, is larger. */
	{SOURCE, "queued.min.messages", "1000000"},
	{SOURCE, "message.max.bytes", "131072"},
	{SOURCE, "queued.max.messages.kbytes", "1024"},
	{SOURCE, "fetch.wait.max.ms", "500"},
	/* New partitions and topics show in the statistics (source_known). */
	{SOURCE, "topic.metadata.refresh.interval.ms", "5000"},
	/* Also makes librdkafka ask for the first offset kept. */
	{SOURCE, "statistics.interval.ms", "5000"},
	{READER | ADMIN, "queued.min.messages", "1000"},
	{READER | ADMIN, "queued.max.messages.kbytes", "8192"},
	{READER | ADMIN, "fetch.wait.max.ms", "50"},
	{CONSUMERS, "check.crcs", "true"},
	{SINK, "compression.codec", "lz4"},
	/* A batch is full, or the transaction's flush sends it at once. A few
	 * milliseconds would make librdkafka's thread spin for the last one of them,
	 * batch after batch. */
	{SINK, "linger.ms", "1000"},
	{SINK, "transaction.timeout.ms", "60000"},
	{SINK, "message.timeout.ms", "45000"},
	{SINK, "socket.timeout.ms", "30000"},
	{SINK, "partitioner", "murmur2_random"}, /* where Java's and Flink's producers put a key */
	{ALL, "socket.nagle.disable", "true"},
	{ALL, "log.connection.close", "false"},
};

/* What the protocol rests on. */
static const struct property fixed[] = {
	{CONSUMERS, "enable.auto.commit", "false"},
	{CONSUMERS, "enable.auto.offset.store", "false"},
	{CONSUMERS, "auto.offset.reset", "error"},
	{CONSUMERS, "enable.partition.eof", "true"},
	{CONSUMERS, "allow.auto.create.topics", "false"},
	{SOURCE | READER, "isolation.level", "read_committed"},
	{ADMIN, "isolation.level", "read_uncommitted"},
	{SINK, "enable.idempotence", "true"},
	{SINK, "acks", "all"},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const kind_names[] = {"source", "sink", "reader", "admin"};

static int put(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *err)
{
	char text[400];

	if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) != RD_KAFKA_CONF_OK)
		return err_set(err, ERR_CONFIG, 0, "kafka.%s: %s", name, text);
	return 0;
}

/* Other spellings that librdkafka accepts for what we fix. */
static const char *canonical(const char *name)
{
	static const char *const aliases[][2] = {
		{"request.required.acks", "acks"},
		{"auto.commit.enable", "enable.auto.commit"},
	};

	for (size_t i = 0; i < COUNT(aliases); i++) {
		if (strcmp(name, aliases[i][0]) == 0)
			return aliases[i][1];
	}
	return name;
}

static bool same_value(const char *name, const char *a, const char *b)
{
	if (strcmp(name, "acks") == 0 && (strcmp(a, "all") == 0 || strcmp(a, "-1") == 0))
		return true;
	return strcmp(a, b) == 0;
}

static int refuse_fixed(enum kafka_client_kind kind, const struct kafka_setting *s, struct err *err)
{
	static const char *const ours[] = {"group.id", "transactional.id", "group.instance.id",
					   "partition.assignment.strategy"};
	const char *name = canonical(s->name);

	for (size_t i = 0; i < COUNT(ours); i++) {
		if (strcmp(name, ours[i]) == 0)
			return err_set(err, ERR_CONFIG, 0,
				       "kafka.%s: has a setting of its own in riverd or no meaning for it",
				       s->name);
	}
	for (size_t i = 0; i < COUNT(fixed); i++) {
		/* The reader and the admin share the operator's consumer settings
		 * but differ in isolation: theirs is simply replaced. */
		if (!(fixed[i].kinds & (1u << kind)) || strcmp(name, fixed[i].name) != 0)
			continue;
		if (!same_value(name, s->value, fixed[i].value) && kind != KAFKA_ADMIN)
			return err_set(err, ERR_CONFIG, 0, "kafka.%s: must be %s, exactly-once rests on it",
				       s->name, fixed[i].value);
	}
	return 0;
}

static int apply(rd_kafka_conf_t *conf, enum kafka_client_kind kind, const struct kafka_settings *settings,
		 struct err *err)
{
	for (size_t i = 0; i < COUNT(defaults); i++) {
		if ((defaults[i].kinds & (1u << kind)) && put(conf, defaults[i].name, defaults[i].value, err))
			return -1;
	}
	for (size_t i = 0; i < settings->count; i++) {
		const struct kafka_setting *s = &settings->items[i];

		if (refuse_fixed(kind, s, err) || put(conf, s->name, s->value, err))
			return -1;
	}
	for (size_t i = 0; i < COUNT(fixed); i++) {
		if ((fixed[i].kinds & (1u << kind)) && put(conf, fixed[i].name, fixed[i].value, err))
			return -1;
	}
	return 0;
}

const char *kafka_config_default(enum kafka_client_kind kind, const char *name)
{
	for (size_t i = 0; i < COUNT(defaults); i++) {
		if ((defaults[i].kinds & (1u << kind)) && strcmp(defaults[i].name, name) == 0)
			return defaults[i].value;
	}
	return NULL;
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	const struct kafka_client *client = rk ? rd_kafka_opaque(rk) : NULL;

	if (client)
		log_write(client->log, level < LOG_ERROR ? LOG_ERROR : (enum log_level)level, "kafka",
			  "%s: %s: %s", client->name, facility, text);
}

rd_kafka_conf_t *kafka_config_new(enum kafka_client_kind kind, const struct kafka_settings *settings,
				  const char *group, const char *transactional, struct kafka_client *client,
				  struct err *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	if (apply(conf, kind, settings, err))
		goto fail;
	if (group && put(conf, "group.id", group, err))
		goto fail;
	if (transactional && put(conf, "transactional.id", transactional, err))
		goto fail;
	if (client) {
		rd_kafka_conf_set_opaque(conf, client);
		rd_kafka_conf_set_log_cb(conf, on_log);
	}
	return conf;
fail:
	rd_kafka_conf_destroy(conf);
	return NULL;
}

int kafka_config_check(enum kafka_client_kind kind, const struct kafka_settings *settings, struct err *err)
{
	rd_kafka_conf_t *conf = kafka_config_new(kind, settings, NULL, NULL, NULL, err);

	if (!conf)
		return -1;
	rd_kafka_conf_destroy(conf);
	return 0;
}

rd_kafka_t *kafka_client_open(enum kafka_client_kind kind, rd_kafka_conf_t *conf, struct err *err)
{
	char text[400];
	rd_kafka_t *rk = rd_kafka_new(kind == KAFKA_SINK ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf, text,
				      sizeof(text));

	if (!rk) {
		rd_kafka_conf_destroy(conf);
		err_set(err, ERR_CONFIG, 0, "kafka %s: %s", kind_names[kind], text);
	}
	return rk;
}

/* One client on its way out. Freed by whoever of the two is last. */
struct closing {
	pthread_mutex_t lock;
	pthread_cond_t done_cond;
	rd_kafka_t *rk;
	bool done, abandoned;
};

static void closing_free(struct closing *c)
{
	pthread_cond_destroy(&c->done_cond);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static void *close_thread(void *arg)
{
	struct closing *c = arg;
	bool abandoned;

	rd_kafka_destroy(c->rk);
	pthread_mutex_lock(&c->lock);
	c->done = true;
	abandoned = c->abandoned;
	pthread_cond_signal(&c->done_cond);
	pthread_mutex_unlock(&c->lock);
	if (abandoned)
		closing_free(c);
	return NULL;
}

static bool wait_done(struct closing *c, int ms)
{
	struct timespec until;
	bool done;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&c->lock);
	while (!c->done) {
		if (pthread_cond_timedwait(&c->done_cond, &c->lock, &until) == ETIMEDOUT)
			break;
	}
	done = c->done;
	c->abandoned = !done;
	pthread_mutex_unlock(&c->lock);
	return done;
}

int kafka_client_close(rd_kafka_t *rk, int ms, struct err *err)
{
	struct closing *c;
	pthread_condattr_t attr;
	pthread_t thread;

	if (!rk)
		return 0;
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_FATAL, ENOMEM, "close kafka client: out of memory");
	c->rk = rk;
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->done_cond, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&thread, NULL, close_thread, c) != 0) {
		closing_free(c);
		return err_set(err, ERR_FATAL, EAGAIN, "close kafka client: no thread");
	}
	if (!wait_done(c, ms)) {
		pthread_detach(thread);
		return err_set(err, ERR_FATAL, ETIMEDOUT, "kafka client did not end within %d ms", ms);
	}
	pthread_join(thread, NULL);
	closing_free(c);
	return 0;
}
