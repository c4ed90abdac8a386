#include "test/sim/sim_kafka.h"

#include <stdlib.h>
#include <string.h>

#define OFFSETS_BIT (KAFKA_TOPICS * KAFKA_PARTITIONS - 1)

struct sim_kafka *kafka_new(struct sim *s)
{
	struct sim_kafka *k = calloc(1, sizeof(*k));

	if (!k)
		abort();
	k->sim = s;
	k->txn = -1;
	k->last = TXN_ABORT;
	return k;
}

void kafka_free(struct sim_kafka *k)
{
	for (int t = 0; t < k->topic_count; t++) {
		for (int p = 0; p < KAFKA_PARTITIONS; p++) {
			struct kafka_log *log = &k->topics[t].logs[p];

			for (size_t i = 0; i < log->count; i++) {
				free((char *)(uintptr_t)log->items[i].key.data);
				free((char *)(uintptr_t)log->items[i].value.data);
			}
			free(log->items);
		}
	}
	free(k->txns);
	free(k);
}

bool kafka_up(struct sim_kafka *k)
{
	bool up = k->sim->now_ms >= k->down_until_ms;

	if (up)
		k->answered_ms = k->sim->now_ms;
	return up;
}

/* ---- logs ---- */

struct kafka_topic *kafka_find(struct sim_kafka *k, const char *name)
{
	for (int t = 0; t < k->topic_count; t++) {
		if (strcmp(k->topics[t].name, name) == 0)
			return &k->topics[t];
	}
	return NULL;
}

struct kafka_topic *kafka_create(struct sim_kafka *k, const char *name, int32_t partitions)
{
	struct kafka_topic *t = kafka_find(k, name);

	if (t)
		return t;
	if (k->topic_count == KAFKA_TOPICS - 1 || partitions > KAFKA_PARTITIONS)
		abort();
	t = &k->topics[k->topic_count++];
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->partitions = partitions;
	return t;
}

static struct slice keep(struct slice s)
{
	char *copy = malloc(s.len + 1);

	if (!copy)
		abort();
	if (s.len)
		memcpy(copy, s.data, s.len);
	return slice_make(copy, s.len);
}

static struct kafka_record *add(struct kafka_log *log, const struct kafka_record *record)
{
	struct kafka_record *r;

	if (log->count == log->cap) {
		log->cap = log->cap ? log->cap * 2 : 32;
		log->items = realloc(log->items, log->cap * sizeof(*log->items));
		if (!log->items)
			abort();
	}
	r = &log->items[log->count++];
	*r = *record;
	r->offset = log->next++;
	r->key = keep(record->key);
	r->value = keep(record->value);
	return r;
}

void kafka_append(struct sim_kafka *k, struct kafka_topic *t, int32_t partition,
		  const struct kafka_record *record, int64_t gap)
{
	struct kafka_record *r;

	(void)k;
	t->logs[partition].next += gap;
	r = add(&t->logs[partition], record);
	r->txn = -1;
}

static uint64_t bit_of(const struct sim_kafka *k, const struct kafka_topic *t, int32_t partition)
{
	return (uint64_t)1 << ((t - k->topics) * KAFKA_PARTITIONS + partition);
}

/* ---- transactions ---- */

static void pending_to_committed(struct sim_kafka *k)
{
	for (int i = 0; i < k->pending_count; i++) {
		int at = 0;

		while (at < k->committed_count && (k->committed[at].partition != k->pending[i].partition ||
						   strcmp(k->committed[at].topic, k->pending[i].topic) != 0))
			at++;
		if (at == k->committed_count && k->committed_count++ == KAFKA_OFFSETS)
			abort();
		k->committed[at] = k->pending[i];
	}
}

/* One partition, or the group's coordinator, hears of the decision. */
static void mark(void *ctx, uint64_t arg)
{
	struct sim_kafka *k = ctx;
	int txn = (int)(arg >> 8), bit = (int)(arg & 255);
	struct kafka_txn *x = &k->txns[txn];

	if (bit == OFFSETS_BIT) {
		if (x->decision == TXN_COMMIT)
			pending_to_committed(k);
		k->pending_count = 0;
	} else {
		struct kafka_record marker = {.marker = true, .txn = txn};

		add(&k->topics[bit / KAFKA_PARTITIONS].logs[bit % KAFKA_PARTITIONS], &marker);
	}
	x->marked |= (uint64_t)1 << bit;
	if (x->marked == x->touched && k->txn == txn) {
		k->state = COORDINATOR_EMPTY;
		k->last = x->decision;
		k->txn = -1;
	}
}

static void decide(struct sim_kafka *k, bool commit)
{
	struct kafka_txn *x = &k->txns[k->txn];

	x->decision = commit ? TXN_COMMIT : TXN_ABORT;
	k->state = COORDINATOR_PREPARED;
	sim_trace(k->sim, "kafka: transaction %d %s", k->txn, commit ? "COMMITS" : "aborts");
	if (!x->touched) {
		k->state = COORDINATOR_EMPTY;
		k->last = x->decision;
		k->txn = -1;
		return;
	}
	for (int bit = 0; bit <= OFFSETS_BIT; bit++) {
		int64_t delay = sim_between(k->sim, 0, sim_chance(k->sim, 50) ? 8000 : 20);

		if (x->touched & ((uint64_t)1 << bit))
			sim_post(NULL, delay, mark, k, (uint64_t)k->txn << 8 | (uint64_t)bit);
	}
}

static void timed_out(void *ctx, uint64_t arg)
{
	struct sim_kafka *k = ctx;

	if (k->txn != (int)arg || k->state != COORDINATOR_ONGOING)
		return;
	sim_trace(k->sim, "kafka: transaction %d took too long", k->txn);
	k->epoch++;
	decide(k, false);
}

static enum kafka_answer ensure_open(struct sim_kafka *k, int epoch)
{
	if (epoch != k->epoch)
		return KAFKA_FENCED;
	if (k->state == COORDINATOR_PREPARED)
		return KAFKA_BUSY;
	if (k->state == COORDINATOR_ONGOING)
		return KAFKA_OK;
	if (k->txn_count == k->txn_cap) {
		k->txn_cap = k->txn_cap ? k->txn_cap * 2 : 64;
		k->txns = realloc(k->txns, (size_t)k->txn_cap * sizeof(*k->txns));
		if (!k->txns)
			abort();
	}
	k->txn = k->txn_count++;
	k->txns[k->txn] = (struct kafka_txn){0};
	k->state = COORDINATOR_ONGOING;
	sim_post(NULL, KAFKA_TXN_TIMEOUT, timed_out, k, (uint64_t)k->txn);
	return KAFKA_OK;
}

enum kafka_answer kafka_init_producer(struct sim_kafka *k, int *epoch)
{
	if (k->state == COORDINATOR_PREPARED)
		return KAFKA_BUSY;
	if (k->state == COORDINATOR_ONGOING) {
		k->epoch++; /* the open one is aborted first; ask again */
		decide(k, false);
		if (k->state == COORDINATOR_PREPARED)
			return KAFKA_BUSY;
	}
	*epoch = ++k->epoch;
	return KAFKA_OK;
}

enum kafka_answer kafka_produce(struct sim_kafka *k, int epoch, struct kafka_topic *t, int32_t partition,
				const struct kafka_record *record, int64_t *offset)
{
	enum kafka_answer a = ensure_open(k, epoch);
	struct kafka_record *r;

	if (a != KAFKA_OK)
		return a;
	r = add(&t->logs[partition], record);
	r->txn = k->txn;
	*offset = r->offset;
	k->txns[k->txn].touched |= bit_of(k, t, partition);
	return KAFKA_OK;
}

enum kafka_answer kafka_add_offsets(struct sim_kafka *k, int epoch, const struct kafka_offset *offsets,
				    size_t count)
{
	enum kafka_answer a = ensure_open(k, epoch);

	if (a != KAFKA_OK)
		return a;
	for (size_t i = 0; i < count; i++) {
		if (k->pending_count == KAFKA_OFFSETS)
			abort();
		k->pending[k->pending_count++] = offsets[i];
	}
	k->txns[k->txn].touched |= (uint64_t)1 << OFFSETS_BIT;
	return KAFKA_OK;
}

enum kafka_answer kafka_end_txn(struct sim_kafka *k, int epoch, bool commit)
{
	if (epoch != k->epoch)
		return KAFKA_FENCED;
	if (k->state == COORDINATOR_PREPARED)
		return (k->txns[k->txn].decision == TXN_COMMIT) == commit ? KAFKA_BUSY : KAFKA_INVALID;
	if (k->state == COORDINATOR_EMPTY)
		return (k->last == TXN_COMMIT) == commit ? KAFKA_OK : KAFKA_INVALID;
	decide(k, commit);
	return KAFKA_OK;
}

/* The rest goes into a transaction of its own, which aborts. */
void kafka_tear_txn(struct sim_kafka *k, int epoch)
{
	uint64_t offsets = (uint64_t)1 << OFFSETS_BIT;
	int whole = k->txn, rest;

	if (k->state != COORDINATOR_ONGOING || epoch != k->epoch)
		return;
	k->state = COORDINATOR_EMPTY;
	k->last = TXN_COMMIT;
	ensure_open(k, epoch);
	rest = k->txn;
	k->txns[rest].touched = k->txns[whole].touched;
	k->txns[whole].touched &= ~offsets;
	for (int i = 0; i < k->topic_count * KAFKA_PARTITIONS; i++) {
		struct kafka_log *log = &k->topics[i / KAFKA_PARTITIONS].logs[i % KAFKA_PARTITIONS];
		size_t from = log->count;

		while (from > 0 && log->items[from - 1].txn == whole && sim_chance(k->sim, 600))
			from--;
		for (; from < log->count; from++)
			log->items[from].txn = rest;
	}
	sim_trace(k->sim, "kafka: transaction %d is TORN", whole);
	k->sim->counts->torn++;
	decide(k, false);
	for (int bit = 0; bit < OFFSETS_BIT; bit++) { /* at once, so that nothing hides it */
		if (k->txns[whole].touched & ((uint64_t)1 << bit))
			mark(k, (uint64_t)whole << 8 | (uint64_t)bit);
	}
	k->txns[whole].decision = TXN_COMMIT;
}

static void end_txn_arrives(void *ctx, uint64_t arg)
{
	struct sim_kafka *k = ctx;
	enum kafka_answer a = kafka_end_txn(k, (int)(arg >> 1), arg & 1);

	sim_trace(k->sim, "kafka: a delayed EndTxn of epoch %d arrives (%s)", (int)(arg >> 1),
		  a == KAFKA_OK ? "taken" : "refused");
	k->sim->counts->delayed += a == KAFKA_OK;
}

void kafka_end_txn_later(struct sim_kafka *k, int epoch, bool commit, int64_t delay_ms)
{
	sim_post(NULL, delay_ms, end_txn_arrives, k, (uint64_t)epoch << 1 | commit);
}

/* ---- reading ---- */

bool kafka_offsets_stable(const struct sim_kafka *k)
{
	return k->pending_count == 0;
}

const struct kafka_offset *kafka_committed(const struct sim_kafka *k, const char *topic, int32_t partition)
{
	for (int i = 0; i < k->committed_count; i++) {
		if (k->committed[i].partition == partition && strcmp(k->committed[i].topic, topic) == 0)
			return &k->committed[i];
	}
	return NULL;
}

int64_t kafka_stable_end(const struct sim_kafka *k, const struct kafka_topic *t, int32_t partition)
{
	const struct kafka_log *log = &t->logs[partition];
	uint64_t bit = bit_of(k, t, partition);

	for (size_t i = 0; i < log->count; i++) {
		const struct kafka_record *r = &log->items[i];

		if (r->txn >= 0 && !(k->txns[r->txn].marked & bit))
			return r->offset;
	}
	return log->next;
}

bool kafka_visible(const struct sim_kafka *k, const struct kafka_topic *t, int32_t partition,
		   const struct kafka_record *r)
{
	if (r->marker)
		return false;
	if (r->txn < 0)
		return true;
	return k->txns[r->txn].decision == TXN_COMMIT && (k->txns[r->txn].marked & bit_of(k, t, partition));
}
