/* The producer's side of publish/broker.h on the simulated cluster, and the
 * admin client.
 *
 * Every call takes time and may meet trouble: a request that never arrives, an
 * answer that is lost, a request that arrives much later. What the caller is
 * told follows lib/kafka/sink.c: OK only when nothing can arrive once more. */

#include "base/crc32c.h"
#include "kafka/sink.h"
#include "test/sim/sim_kafka.h"

#include <stdlib.h>
#include <string.h>

#define CALL_MS 30000
#define OPEN_MS 60000
#define BUFFER	1024
#define LASTS	16

struct sink {
	struct admin *admin;
	struct node *node;
	struct sim *sim;
	struct sim_kafka *kafka;
	bool cancelled, open, begun;
	int epoch;
	struct kafka_record buffer[BUFFER]; /* taken, not yet sent */
	struct kafka_topic *topics[BUFFER];
	size_t buffered;
	struct {
		const struct kafka_topic *topic;
		int32_t partition;
		int64_t offset;
	} last[LASTS];
	size_t last_count;
};

struct sink *sink_new(const struct sink_options *options, struct err *err)
{
	struct sink *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->sim = sim_current();
	s->node = s->sim->node;
	s->kafka = s->sim->kafka;
	s->admin = admin_new(&options->reader_settings, 0, options->log, err);
	return s;
}

struct admin *sink_admin(struct sink *s)
{
	return s->admin;
}

void sink_rest(struct sink *s, int64_t quiet_ms)
{
	(void)s, (void)quiet_ms; /* connections cost nothing here */
}

static void drop_buffer(struct sink *s)
{
	for (size_t i = 0; i < s->buffered; i++) {
		free((char *)(uintptr_t)s->buffer[i].key.data);
		free((char *)(uintptr_t)s->buffer[i].value.data);
	}
	s->buffered = 0;
}

void sink_free(struct sink *s)
{
	drop_buffer(s);
	admin_free(s->admin);
	free(s);
}

void sink_cancel(struct sink *s)
{
	admin_cancel(s->admin);
	s->cancelled = true;
}

static enum broker_verdict say(struct sink *s, enum broker_verdict v, const char *what, struct err *err)
{
	err_set(err, v == BROKER_FATAL ? ERR_RETRY : ERR_ABORT_TXN, 0, "%s: %s", what,
		broker_verdict_name(v));
	if (!s->node->dead)
		sim_trace(s->sim, "%s", err->text);
	s->sim->counts->indefinite += v == BROKER_INDEFINITE;
	s->sim->counts->fenced += v == BROKER_FENCED;
	return v;
}

/* The way there. False: it did not get through within the time. */
static bool reach(struct sink *s, int64_t limit_ms)
{
	int64_t until = s->sim->now_ms + limit_ms;

	sim_sleep(sim_between(s->sim, 0, sim_chance(s->sim, 20) ? 1500 : 8));
	while (!s->node->dead && !s->cancelled && !kafka_up(s->kafka) && s->sim->now_ms < until)
		sim_sleep(500);
	return !s->node->dead && !s->cancelled && kafka_up(s->kafka);
}

static bool trouble(struct sink *s, unsigned thousandth)
{
	return !s->sim->calm && sim_chance(s->sim, thousandth);
}

static bool call_trouble(struct sink *s)
{
	return trouble(s, s->sim->faults.call);
}

/* Waits for the coordinator to end what it decided. */
static bool wait_busy(struct sink *s, int64_t until)
{
	sim_sleep(20);
	return !s->node->dead && !s->cancelled && s->sim->now_ms < until;
}

static enum broker_verdict port_open(void *ctx, struct err *err)
{
	struct sink *s = ctx;
	int64_t until = s->sim->now_ms + OPEN_MS;
	enum kafka_answer a;

	s->open = s->begun = false;
	drop_buffer(s);
	s->last_count = 0;
	if (!reach(s, OPEN_MS) || call_trouble(s))
		return say(s, BROKER_RETRY, "open", err);
	while ((a = kafka_init_producer(s->kafka, &s->epoch)) == KAFKA_BUSY && wait_busy(s, until))
		;
	if (a != KAFKA_OK || call_trouble(s))
		return say(s, BROKER_RETRY, "open", err);
	sim_trace(s->sim, "open: epoch %d", s->epoch);
	s->open = true;
	return BROKER_OK;
}

static void port_close(void *ctx)
{
	struct sink *s = ctx;

	drop_buffer(s);
	s->open = s->begun = false;
}

static enum broker_verdict port_cluster_id(void *ctx, char **out, struct err *err)
{
	struct sink *s = ctx;

	if (!reach(s, CALL_MS) || call_trouble(s))
		return say(s, BROKER_RETRY, "cluster id", err);
	*out = slice_dup(SLICE_LITERAL("simulated"));
	return BROKER_OK;
}

static enum broker_verdict port_begin(void *ctx, struct err *err)
{
	struct sink *s = ctx;

	if (!s->open)
		return say(s, BROKER_FATAL, "begin without a producer", err);
	if (s->begun)
		return say(s, BROKER_FATAL, "begin within a transaction", err);
	s->begun = true;
	s->last_count = 0;
	return BROKER_OK;
}

static struct slice copy_of(struct slice from)
{
	char *copy = malloc(from.len + 1);

	if (!copy)
		abort();
	if (from.len)
		memcpy(copy, from.data, from.len);
	return slice_make(copy, from.len);
}

static void text_of(char *out, size_t size, struct slice s)
{
	snprintf(out, size, SLICE_FMT, SLICE_ARG(s));
}

static int32_t by_key(const struct kafka_topic *t, struct slice key)
{
	uint32_t sum = 7;

	for (size_t i = 0; i < key.len; i++)
		sum = sum * 31 + (unsigned char)key.data[i];
	return (int32_t)(sum % (uint32_t)t->partitions);
}

static void remember(struct sink *s, const struct kafka_topic *t, int32_t partition, int64_t offset)
{
	size_t i = 0;

	while (i < s->last_count && (s->last[i].topic != t || s->last[i].partition != partition))
		i++;
	if (i == LASTS)
		return;
	if (i == s->last_count)
		s->last_count++;
	s->last[i].topic = t;
	s->last[i].partition = partition;
	s->last[i].offset = offset;
}

/* Sends the first `count` that wait. */
static enum kafka_answer send_some(struct sink *s, size_t count)
{
	enum kafka_answer a = KAFKA_OK;
	int64_t until = s->sim->now_ms + CALL_MS, offset;
	size_t sent = 0;

	while (sent < count) {
		struct kafka_topic *t = s->topics[sent];
		int32_t p = by_key(t, s->buffer[sent].key);

		a = kafka_produce(s->kafka, s->epoch, t, p, &s->buffer[sent], &offset);
		if (a == KAFKA_BUSY && wait_busy(s, until))
			continue;
		if (a != KAFKA_OK)
			break;
		remember(s, t, p, offset);
		free((char *)(uintptr_t)s->buffer[sent].key.data);
		free((char *)(uintptr_t)s->buffer[sent].value.data);
		sent++;
	}
	memmove(s->buffer, s->buffer + sent, (s->buffered - sent) * sizeof(*s->buffer));
	memmove(s->topics, s->topics + sent, (s->buffered - sent) * sizeof(*s->topics));
	s->buffered -= sent;
	return a;
}

static enum broker_verdict port_produce(void *ctx, const struct broker_record *r, struct err *err)
{
	struct sink *s = ctx;
	struct kafka_record *to = &s->buffer[s->buffered];
	char name[80];

	if (!s->begun)
		return say(s, BROKER_FATAL, "produce outside a transaction", err);
	if (call_trouble(s) || s->buffered == BUFFER)
		return say(s, BROKER_ABORT, "produce", err);
	text_of(name, sizeof(name), r->topic);
	s->topics[s->buffered] = kafka_find(s->kafka, name);
	if (!s->topics[s->buffered])
		return say(s, BROKER_ABORT, "produce: no such topic", err);
	*to = (struct kafka_record){.timestamp_ms = r->timestamp_ms,
				    .key = copy_of(r->key),
				    .value = copy_of(r->value),
				    .has_key = r->has_key,
				    .has_value = r->has_value};
	for (size_t i = 0; i < r->header_count; i++) {
		if (slice_is(r->headers[i].name, BROKER_HEADER_DB))
			text_of(to->db, sizeof(to->db), r->headers[i].value);
		else if (slice_is(r->headers[i].name, BROKER_HEADER_SEQ))
			text_of(to->seq, sizeof(to->seq), r->headers[i].value);
		else if (slice_is(r->headers[i].name, BROKER_HEADER_ID))
			text_of(to->id, sizeof(to->id), r->headers[i].value);
	}
	s->buffered++;
	if (sim_chance(s->sim, 200) && kafka_up(s->kafka) && !s->node->dead)
		send_some(s, (size_t)sim_between(s->sim, 0, (int64_t)s->buffered));
	return BROKER_OK;
}

static enum broker_verdict port_flush(void *ctx, struct err *err)
{
	struct sink *s = ctx;
	enum kafka_answer a;

	if (!s->begun)
		return say(s, BROKER_FATAL, "flush outside a transaction", err);
	while (s->buffered > 0) {
		if (!reach(s, OPEN_MS))
			return say(s, BROKER_ABORT, "flush", err);
		a = send_some(s, (size_t)sim_between(s->sim, 1, (int64_t)s->buffered));
		if (a == KAFKA_FENCED)
			return say(s, BROKER_FENCED, "flush", err);
		if (a != KAFKA_OK || call_trouble(s))
			return say(s, BROKER_ABORT, "flush", err);
	}
	return BROKER_OK;
}

static enum broker_verdict port_send_offsets(void *ctx, const struct broker_offset *offsets, size_t count,
					     struct err *err)
{
	struct sink *s = ctx;
	struct kafka_offset list[KAFKA_OFFSETS];
	int64_t until = s->sim->now_ms + CALL_MS;
	enum kafka_answer a;

	if (!s->begun)
		return say(s, BROKER_FATAL, "offsets outside a transaction", err);
	if (!reach(s, CALL_MS) || call_trouble(s))
		return say(s, BROKER_ABORT, "send offsets", err);
	for (size_t i = 0; i < count; i++) {
		struct kafka_offset *o = &list[i];

		snprintf(o->topic, sizeof(o->topic), "%s", offsets[i].topic);
		o->partition = offsets[i].partition;
		o->offset = offsets[i].offset;
		text_of(o->metadata, sizeof(o->metadata), offsets[i].metadata);
		o->metadata_len = offsets[i].metadata.len;
	}
	while ((a = kafka_add_offsets(s->kafka, s->epoch, list, count)) == KAFKA_BUSY && wait_busy(s, until))
		;
	if (a == KAFKA_FENCED)
		return say(s, BROKER_FENCED, "send offsets", err);
	if (a != KAFKA_OK || call_trouble(s))
		return say(s, BROKER_ABORT, "send offsets", err);
	return BROKER_OK;
}

/* The six ways of an EndTxn that is not plainly fine. */
static enum broker_verdict strange_commit(struct sink *s, struct err *err)
{
	int64_t late = sim_between(s->sim, 1, sim_chance(s->sim, 500) ? 100 : 40000);

	switch (sim_between(s->sim, 0, 5)) {
	case 0: /* applied, answer lost */ kafka_end_txn(s->kafka, s->epoch, true); break;
	case 1: /* on its way, for long */ kafka_end_txn_later(s->kafka, s->epoch, true, late); break;
	case 2: /* lost */ break;
	case 3: /* sent twice by the library; the first copy is still on its way */
		kafka_end_txn(s->kafka, s->epoch, true);
		kafka_end_txn_later(s->kafka, s->epoch, true, late);
		break;
	case 4: /* the library says abort, and the request is there all the same */
		kafka_end_txn_later(s->kafka, s->epoch, true, late);
		return say(s, BROKER_FATAL, "commit", err);
	default: return say(s, BROKER_ABORT, "commit", err);
	}
	sim_sleep(sim_between(s->sim, 1, CALL_MS));
	return say(s, BROKER_INDEFINITE, "commit", err);
}

static enum broker_verdict port_commit(void *ctx, struct err *err)
{
	struct sink *s = ctx;
	int64_t until = s->sim->now_ms + CALL_MS;
	enum kafka_answer a;

	if (!s->begun)
		return say(s, BROKER_FATAL, "commit outside a transaction", err);
	s->begun = false;
	if (!reach(s, CALL_MS))
		return say(s, BROKER_INDEFINITE, "commit", err);
	if (trouble(s, s->sim->faults.commit))
		return strange_commit(s, err);
	if (trouble(s, s->sim->faults.torn)) {
		kafka_tear_txn(s->kafka, s->epoch);
		return BROKER_OK;
	}
	while ((a = kafka_end_txn(s->kafka, s->epoch, true)) == KAFKA_BUSY && wait_busy(s, until))
		;
	if (a == KAFKA_FENCED)
		return say(s, BROKER_FENCED, "commit", err);
	if (a != KAFKA_OK)
		return say(s, BROKER_INDEFINITE, "commit", err);
	sim_sleep(sim_between(s->sim, 0, 5)); /* the way back */
	return s->node->dead ? say(s, BROKER_INDEFINITE, "commit", err) : BROKER_OK;
}

static enum broker_verdict port_abort(void *ctx, struct err *err)
{
	struct sink *s = ctx;

	s->begun = false;
	drop_buffer(s);
	if (!reach(s, CALL_MS) || call_trouble(s))
		return say(s, BROKER_FATAL, "abort", err);
	return kafka_end_txn(s->kafka, s->epoch, false) == KAFKA_FENCED ? say(s, BROKER_FENCED, "abort", err)
									: BROKER_OK;
}

static int port_delivered(void *ctx, broker_delivered_fn fn, void *fn_ctx, struct err *err)
{
	struct sink *s = ctx;

	for (size_t i = 0; i < s->last_count; i++) {
		struct broker_offset o = {.topic = s->last[i].topic->name,
					  .partition = s->last[i].partition,
					  .offset = s->last[i].offset};

		if (fn(fn_ctx, &o, err))
			return -1;
	}
	return 0;
}

static enum broker_verdict port_committed(void *ctx, const struct broker_partition *partitions, size_t count,
					  broker_committed_fn fn, void *fn_ctx, struct err *err)
{
	struct sink *s = ctx;
	int64_t until = s->sim->now_ms + CALL_MS;

	if (!reach(s, CALL_MS) || call_trouble(s))
		return say(s, BROKER_RETRY, "committed", err);
	while (!kafka_offsets_stable(s->kafka)) {
		if (!wait_busy(s, until) || !kafka_up(s->kafka))
			return say(s, BROKER_RETRY, "committed: unstable", err);
	}
	for (size_t i = 0; i < count; i++) {
		struct broker_offset o = {.topic = partitions[i].topic,
					  .partition = partitions[i].partition,
					  .offset = -1};
		const struct kafka_offset *have = kafka_committed(s->kafka, o.topic, o.partition);

		if (have) {
			o.offset = have->offset;
			o.metadata = slice_make(have->metadata, have->metadata_len);
		}
		if (fn(fn_ctx, &o, err))
			return BROKER_FATAL;
	}
	return BROKER_OK;
}

static enum broker_verdict port_partitions(void *ctx, const char *topic, int32_t *count, struct err *err)
{
	struct sink *s = ctx;
	const struct kafka_topic *t = kafka_find(s->kafka, topic);

	if (!reach(s, CALL_MS) || call_trouble(s))
		return say(s, BROKER_RETRY, "partitions", err);
	*count = t ? t->partitions : 0;
	return BROKER_OK;
}

static enum broker_verdict port_watermarks(void *ctx, const char *topic, int32_t partition, int64_t *low,
					   int64_t *high, struct err *err)
{
	struct sink *s = ctx;
	const struct kafka_topic *t = kafka_find(s->kafka, topic);

	if (!t || !reach(s, CALL_MS) || call_trouble(s))
		return say(s, BROKER_RETRY, "watermarks", err);
	*low = t->logs[partition].low;
	*high = t->logs[partition].next;
	return BROKER_OK;
}

static uint32_t fingerprint(const struct kafka_record *r)
{
	return crc32c(crc32c(0, r->key), r->value);
}

static enum broker_verdict port_probe(void *ctx, const char *topic, int32_t partition, int64_t offset,
				      struct broker_probe *out, struct err *err)
{
	struct sink *s = ctx;
	const struct kafka_topic *t = kafka_find(s->kafka, topic);

	*out = (struct broker_probe){0};
	if (!t || !reach(s, CALL_MS) || call_trouble(s))
		return say(s, BROKER_RETRY, "probe", err);
	for (size_t i = 0; i < t->logs[partition].count; i++) {
		const struct kafka_record *r = &t->logs[partition].items[i];

		if (r->offset == offset)
			*out = (struct broker_probe){true, r->timestamp_ms, fingerprint(r)};
	}
	return BROKER_OK;
}

static enum broker_verdict port_scan(void *ctx, const char *topic, int32_t partition, int64_t from,
				     bool whole, broker_seen_fn fn, void *fn_ctx, struct err *err)
{
	struct sink *s = ctx;
	const struct kafka_topic *t = kafka_find(s->kafka, topic);
	const struct kafka_log *log;
	int64_t until = s->sim->now_ms + CALL_MS, high;

	if (!t || !reach(s, CALL_MS) || call_trouble(s))
		return say(s, BROKER_RETRY, "scan", err);
	log = &t->logs[partition];
	high = log->next;
	while (whole && kafka_stable_end(s->kafka, t, partition) < high) {
		if (!wait_busy(s, until))
			return say(s, BROKER_RETRY, "scan: an open transaction hides the end", err);
	}
	for (size_t i = 0; i < log->count; i++) {
		const struct kafka_record *r = &log->items[i];
		struct broker_seen seen = {
			topic, partition, r->offset, slice_str(r->db), slice_str(r->seq), slice_str(r->id)};

		if (r->offset < from || r->offset >= kafka_stable_end(s->kafka, t, partition) ||
		    !kafka_visible(s->kafka, t, partition, r))
			continue;
		if (fn(fn_ctx, &seen, err))
			return BROKER_FATAL;
	}
	return BROKER_OK;
}

struct broker_port sink_port(struct sink *s)
{
	return (struct broker_port){s,
				    port_open,
				    port_close,
				    port_cluster_id,
				    port_begin,
				    port_produce,
				    port_flush,
				    port_send_offsets,
				    port_commit,
				    port_abort,
				    port_delivered,
				    port_committed,
				    port_partitions,
				    port_watermarks,
				    port_probe,
				    port_scan};
}
