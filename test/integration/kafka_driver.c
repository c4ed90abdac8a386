/* A daemon in miniature for the Kafka tests: the whole floor and the whole
 * protocol, without decoding or a pipeline.
 *
 *   kafka_driver relay BOOTSTRAP DB COUNT [EPOCH]   copies COUNT records of topic "in" (all partitions) to
 *                                              topic "out", one row each with value
 *                                              "<partition>:<offset>", EPOCH (50) records an epoch
 *   kafka_driver consume BOOTSTRAP TOPIC START COUNT   reads, while partitions are added one by
 *                                              one; prints "<partition> <offset> <value>"
 *   kafka_driver create BOOTSTRAP TOPIC PARTITIONS     creates the topic, twice; fine when it exists
 *
 * Exit codes as riverd's: 0, 1, 3 refused, 64 usage, 78 config. RIVERD_FAULT arms failpoints. */

#include "base/fault.h"
#include "kafka/admin.h"
#include "kafka/sink.h"
#include "kafka/source.h"
#include "publish/publisher.h"
#include "publish/verify_inputs.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BATCH 1000

struct driver {
	struct log *log;
	struct clock clock;
	struct kafka_settings settings;
	struct source *source;
	atomic_int wakes;
	bool refused;
};

static int exit_code(const struct err *err)
{
	fprintf(stderr, "kafka_driver: %s: %s\n", err_class_name(err->class), err->text);
	return err->class == ERR_REFUSED ? 3 : err->class == ERR_CONFIG ? 78 : 1;
}

static void on_wake(void *ctx)
{
	atomic_fetch_add(&((struct driver *)ctx)->wakes, 1);
}

static void on_trouble(void *ctx, const struct source_trouble *t)
{
	struct driver *d = ctx;

	log_notice(d->log, "driver", "%s [%d]: %s", t->topic ? t->topic : "client", (int)t->partition,
		   t->text);
	d->refused = d->refused || t->class == ERR_REFUSED;
}

static int open_source(struct driver *d, struct err *err)
{
	struct source_options o = {.settings = d->settings,
				   .group = "riverd-test",
				   .batch = BATCH,
				   .clock = d->clock,
				   .log = d->log,
				   .events = {d, NULL, on_trouble, on_wake}};

	d->source = source_new(&o, err);
	return d->source ? 0 : -1;
}

/* ---- relay ---- */

struct relay {
	struct driver *d;
	struct database *db;
	struct sink *sink;
	struct publisher *publisher;
	struct position *positions;
	struct publish_position *published;
	size_t count;
	uint64_t epoch, next_seq;
	uint64_t consumed;
};

static int open_stores(struct relay *r, const char *path, struct err *err)
{
	static const char *const outputs[] = {"out"};
	struct sink_options so = {.settings = r->d->settings,
				  .reader_settings = r->d->settings,
				  .group = "riverd-test",
				  .transactional_id = "riverd-test",
				  .log = r->d->log};
	struct publisher_options po = {.transactional_id = "riverd-test",
				       .group_id = "riverd-test",
				       .outputs = outputs,
				       .output_count = 1,
				       .clock = r->d->clock,
				       .log = r->d->log};
	struct broker_port port;

	r->db = database_open(path, NULL, 0, r->d->log, err);
	if (!r->db)
		return -1;
	r->sink = sink_new(&so, err);
	if (!r->sink)
		return -1;
	port = sink_port(r->sink);
	r->publisher = publisher_new(r->db, &port, &po, err);
	return r->publisher ? 0 : -1;
}

static void view_positions(struct relay *r)
{
	for (size_t i = 0; i < r->count; i++)
		r->published[i] =
			(struct publish_position){r->positions[i].topic, r->positions[i].partition,
						  r->positions[i].next_offset, -1, (int64_t)r->epoch};
}

/* Positions of the last epoch, or all partitions from their first record. */
static int load(struct relay *r, struct err *err)
{
	struct checkpoint_state state;
	struct broker_port port = sink_port(r->sink);
	int32_t partitions;

	if (checkpoint_load(r->db, &state, err))
		return -1;
	r->epoch = state.epoch;
	r->next_seq = state.next_seq;
	r->positions = state.positions;
	r->count = state.position_count;
	if (r->count == 0) {
		if (port.partitions(port.ctx, "in", &partitions, err) != BROKER_OK)
			return -1;
		r->count = (size_t)partitions;
		r->positions = calloc(r->count, sizeof(*r->positions));
		for (size_t i = 0; i < r->count; i++)
			r->positions[i] = (struct position){.topic = slice_dup(slice_str("in")),
							    .partition = (int32_t)i,
							    .next_offset = -1,
							    .last_offset = -1};
	}
	r->published = calloc(r->count, sizeof(*r->published));
	view_positions(r);
	return 0;
}

static int patiently(struct relay *r, int (*step)(struct relay *r, struct err *err), struct err *err)
{
	for (int i = 0; i < 120; i++) {
		if (step(r, err) == 0)
			return 0;
		if (err->class != ERR_RETRY)
			return -1;
		log_notice(r->d->log, "driver", "again: %s", err->text);
		usleep(500000);
	}
	return -1;
}

static int resolve(struct relay *r, struct err *err)
{
	return publisher_resolve(r->publisher, r->published, r->count, err);
}

static int publish(struct relay *r, struct err *err)
{
	return publisher_step(r->publisher, r->epoch, r->published, r->count, err);
}

static int confirm(struct relay *r, struct err *err)
{
	return publish(r, err) || publisher_confirm(r->publisher, r->published, r->count, err);
}

static int verify(struct relay *r, struct err *err)
{
	struct broker_port port = sink_port(r->sink);
	struct verify_report report;

	return verify_inputs(&port, r->positions, r->count, false, r->d->log, &report, err);
}

static int assign(struct relay *r, struct err *err)
{
	struct source_position *list = calloc(r->count, sizeof(*list));
	int ret;

	for (size_t i = 0; i < r->count; i++) {
		list[i] = (struct source_position){r->positions[i].topic, r->positions[i].partition,
						   r->positions[i].next_offset};
		r->consumed += (uint64_t)r->positions[i].next_offset;
	}
	ret = source_assign(r->d->source, list, r->count, err);
	free(list);
	return ret;
}

static void take(struct relay *r, struct epoch *e, const struct message *m)
{
	char text[64], key[16];
	struct outbox_row row = {.seq = r->next_seq++,
				 .topic = SLICE_LITERAL("out"),
				 .partition = -1,
				 .has_key = true,
				 .has_value = true};

	snprintf(key, sizeof(key), "%d", (int)(m->offset % 7));
	snprintf(text, sizeof(text), "%d:%" PRId64, (int)m->partition, m->offset);
	row.key = slice_str(key);
	row.value = slice_str(text);
	row.id = hash_id_of(&row.value, 1);
	epoch_output(e, &row);
}

/* Collects up to `size` records, waiting at most a second. */
static int collect(struct relay *r, struct epoch *e, size_t size)
{
	const struct message *batch[BATCH];
	int64_t until = clock_mono_ms(&r->d->clock) + 1000;
	size_t taken = 0;

	while (taken < size && clock_mono_ms(&r->d->clock) < until && !r->d->refused) {
		size_t n = source_poll(r->d->source, batch, size - taken);

		for (size_t i = 0; i < n; i++)
			take(r, e, batch[i]);
		taken += n;
		source_release(r->d->source);
		if (n == 0 && !source_more(r->d->source))
			usleep(2000);
	}
	for (size_t i = 0; i < source_partition_count(r->d->source); i++) {
		struct source_partition p;

		source_partition(r->d->source, i, &p);
		for (size_t k = 0; k < r->count; k++) {
			if (r->positions[k].partition != p.partition)
				continue;
			r->positions[k].next_offset = p.next_offset;
			if (p.last_offset >= 0) {
				r->positions[k].last_offset = p.last_offset;
				r->positions[k].last_timestamp_ms = p.last_timestamp_ms;
				r->positions[k].last_crc = p.last_crc;
			}
		}
	}
	return (int)taken;
}

static int one_epoch(struct relay *r, size_t size, struct err *err)
{
	struct epoch e;
	int ret, taken;

	epoch_init(&e, r->epoch + 1, 16 << 20);
	taken = collect(r, &e, size);
	if (taken == 0) {
		epoch_release(&e);
		return patiently(r, publish, err);
	}
	epoch_positions(&e, r->positions, r->count);
	ret = checkpoint_commit(r->db, &e, err);
	epoch_release(&e);
	if (ret)
		return -1;
	r->epoch++;
	r->consumed += (uint64_t)taken;
	view_positions(r);
	return patiently(r, publish, err);
}

static int relay_loop(struct relay *r, const char *path, uint64_t count, size_t size, struct err *err)
{
	if (open_stores(r, path, err) || load(r, err) || patiently(r, resolve, err) ||
	    patiently(r, verify, err) || assign(r, err))
		return -1;
	printf("started at %" PRIu64 "\n", r->consumed);
	fflush(stdout);
	while (r->consumed < count) {
		if (one_epoch(r, size, err))
			return -1;
		if (r->d->refused)
			return err_set(err, ERR_REFUSED, 0, "the source refused");
	}
	return patiently(r, confirm, err);
}

static int relay(struct driver *d, const char *path, uint64_t count, size_t size)
{
	struct relay r = {.d = d};
	struct publisher_view v;
	struct err err;
	int ret;

	if (open_source(d, &err))
		return exit_code(&err);
	ret = relay_loop(&r, path, count, size, &err);
	if (ret == 0) {
		publisher_view(r.publisher, &v);
		printf("done: %" PRIu64 " transactions, %" PRIu64 " records, %" PRIu64 " resolves, %" PRIu64
		       " indefinite, last commit %" PRId64 " ms\n",
		       v.transactions, v.records, v.resolves, v.indefinite, v.last_commit_took_ms);
	}
	publisher_free(r.publisher);
	sink_free(r.sink);
	source_free(d->source);
	if (r.db)
		database_close(r.db);
	checkpoint_positions_free(r.positions, r.count);
	free(r.published);
	return ret ? exit_code(&err) : 0;
}

/* ---- consume ---- */

static int consume(struct driver *d, const char *topic, int64_t start, size_t count)
{
	struct source_position positions[64];
	const struct message *batch[BATCH];
	struct admin *admin;
	struct err err;
	int32_t partitions = 0, assigned = 0;
	size_t got = 0, at_next = 0;

	admin = admin_new(&d->settings, 0, d->log, &err);
	if (!admin || admin_partitions(admin, &topic, 1, &partitions, &err) || open_source(d, &err))
		return exit_code(&err);
	admin_free(admin);
	for (int32_t i = 0; i < partitions && i < 64; i++)
		positions[i] = (struct source_position){topic, i, start};
	for (int idle = 0; got < count && idle < 10000; idle++) {
		size_t n;

		if (assigned < partitions && got >= at_next) {
			if (source_assign(d->source, positions, (size_t)++assigned, &err))
				return exit_code(&err);
			at_next = got + 100;
		}
		n = source_poll(d->source, batch, 17);
		for (size_t i = 0; i < n; i++)
			printf("%d %" PRId64 " " SLICE_FMT "\n", (int)batch[i]->partition, batch[i]->offset,
			       SLICE_ARG(batch[i]->value));
		source_release(d->source);
		got += n;
		if (n) {
			idle = 0;
		} else {
			usleep(1000);
		}
	}
	source_free(d->source);
	return got == count ? 0 : 1;
}

static int create(struct driver *d, const char *topic, int32_t partitions)
{
	struct admin_topic t = {.name = topic, .partitions = partitions, .replication = -1};
	const char *const names[] = {topic, "no-such-topic"};
	int32_t counts[2] = {-1, -1};
	struct err err;
	struct admin *admin = admin_new(&d->settings, 0, d->log, &err);
	int ret = admin ? 0 : -1;

	for (int i = 0; i < 2 && ret == 0; i++)
		ret = admin_create_topics(admin, &t, 1, &err);
	/* the metadata may lag behind the creation */
	for (int i = 0; i < 50 && ret == 0 && counts[0] <= 0; i++) {
		usleep(i ? 100000 : 0);
		ret = admin_partitions(admin, names, 2, counts, &err);
	}
	admin_free(admin);
	if (ret)
		return exit_code(&err);
	printf("%s: %d, %s: %d\n", names[0], (int)counts[0], names[1], (int)counts[1]);
	return counts[0] == partitions && counts[1] == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct kafka_setting settings[] = {{"bootstrap.servers", argc > 2 ? argv[2] : ""}};
	struct driver d = {.clock = clock_system(), .settings = {settings, 1}};
	struct err err;
	int ret = 64;

	if (fault_arm(getenv("RIVERD_FAULT"), &err))
		return exit_code(&err);
	d.log = log_new(2, LOG_FORMAT_TEXT, getenv("DRIVER_DEBUG") ? LOG_DEBUG : LOG_NOTICE, d.clock);
	if (argc >= 5 && strcmp(argv[1], "relay") == 0)
		ret = relay(&d, argv[3], strtoull(argv[4], NULL, 10),
			    argc > 5 ? strtoull(argv[5], NULL, 10) : 50);
	else if (argc == 6 && strcmp(argv[1], "consume") == 0)
		ret = consume(&d, argv[3], strtoll(argv[4], NULL, 10), strtoull(argv[5], NULL, 10));
	else if (argc == 5 && strcmp(argv[1], "create") == 0)
		ret = create(&d, argv[3], (int32_t)strtol(argv[4], NULL, 10));
	else
		fprintf(stderr, "usage: kafka_driver relay BOOTSTRAP DB COUNT [EPOCH] | consume BOOTSTRAP "
				"TOPIC START COUNT\n");
	log_free(d.log);
	return ret;
}
