/* The consumer on the simulated cluster, and the admin client. Records come
 * in pieces, from one partition and then another; the wake-up comes when the
 * queue was empty, and not again. */

#include "kafka/source.h"

#include "base/crc32c.h"
#include "kafka/admin.h"
#include "test/sim/sim_kafka.h"

#include <stdlib.h>
#include <string.h>

#define PARTS 32
#define ITEMS 512

struct part {
	const struct kafka_topic *topic;
	int32_t partition;
	size_t fetch; /* index of the next record to be fetched */
	bool assigned, ended, at_end;
	int64_t next, last_offset, last_timestamp_ms;
	uint32_t last_crc;
};

struct item {
	int part;
	const struct kafka_record *record; /* NULL: the end */
	int64_t offset;
};

struct source {
	struct node *node;
	struct sim *sim;
	struct sim_kafka *kafka;
	struct source_options options;
	struct part parts[PARTS];
	int part_count;
	struct item items[ITEMS];
	size_t item_count;
	struct item taken[ITEMS];
	struct message messages[ITEMS];
	size_t taken_count;
	bool more, fetching;
};

static void fetch(void *ctx, uint64_t arg);

struct source *source_new(const struct source_options *options, struct err *err)
{
	struct source *s = calloc(1, sizeof(*s));

	(void)err;
	if (!s)
		abort();
	s->sim = sim_current();
	s->node = s->sim->node;
	s->kafka = s->sim->kafka;
	s->options = *options;
	return s;
}

void source_free(struct source *s)
{
	sim_forget(s);
	free(s);
}

static void arm(struct source *s)
{
	if (s->fetching)
		return;
	s->fetching = true;
	sim_post(s->node, sim_between(s->sim, 1, sim_chance(s->sim, 50) ? 2000 : 200), fetch, s, 0);
}

static void add(struct source *s, struct item item)
{
	s->items[s->item_count++] = item;
	if (s->item_count == 1)
		s->options.events.wake(s->options.events.ctx);
}

static bool wants(const struct part *p)
{
	return p->assigned && !p->ended;
}

static void fetch_part(struct source *s, int index)
{
	struct part *p = &s->parts[index];
	const struct kafka_log *log = &p->topic->logs[p->partition];
	int64_t count = sim_between(s->sim, 1, sim_chance(s->sim, 300) ? 40 : 4);

	while (count-- > 0 && p->fetch < log->count && s->item_count < ITEMS - 1) {
		const struct kafka_record *r = &log->items[p->fetch++];

		if (r->offset >= p->next)
			add(s, (struct item){index, r, r->offset});
	}
	if (p->fetch == log->count && s->item_count < ITEMS) {
		p->ended = true;
		add(s, (struct item){index, NULL, log->next});
	}
}

static void fetch(void *ctx, uint64_t arg)
{
	struct source *s = ctx;
	int wanted[PARTS], count = 0;

	(void)arg;
	s->fetching = false;
	for (int i = 0; i < s->part_count; i++) {
		if (wants(&s->parts[i]))
			wanted[count++] = i;
	}
	if (count == 0)
		return;
	if (kafka_up(s->kafka))
		fetch_part(s, wanted[sim_between(s->sim, 0, count - 1)]);
	arm(s);
}

static struct part *part_of(struct source *s, const struct source_position *at)
{
	struct part *p;

	for (int i = 0; i < s->part_count; i++) {
		p = &s->parts[i];
		if (p->partition == at->partition && strcmp(p->topic->name, at->topic) == 0)
			return p;
	}
	if (s->part_count == PARTS)
		abort();
	p = &s->parts[s->part_count++];
	*p = (struct part){.topic = kafka_find(s->kafka, at->topic),
			   .partition = at->partition,
			   .next = at->offset,
			   .last_offset = -1};
	return p;
}

int source_assign(struct source *s, const struct source_position *positions, size_t count, struct err *err)
{
	(void)err;
	for (int i = 0; i < s->part_count; i++)
		s->parts[i].assigned = false;
	for (size_t i = 0; i < count; i++) {
		struct part *p = part_of(s, &positions[i]);

		p->assigned = true;
		if (positions[i].offset > p->next)
			p->next = positions[i].offset;
		if (p->next < p->topic->logs[p->partition].low)
			sim_broken(s->sim, "%s [%d] is read from %lld, below what is kept", p->topic->name,
				   p->partition, (long long)p->next);
	}
	arm(s);
	return 0;
}

size_t source_poll(struct source *s, const struct message *out[], size_t max)
{
	size_t count = 0, limit = (size_t)sim_between(s->sim, 1, 60);

	s->taken_count = 0;
	while (s->taken_count < s->item_count && count < max && s->taken_count < limit) {
		const struct item *item = &s->items[s->taken_count];
		const struct kafka_record *r = item->record;

		if (r) {
			struct message *m = &s->messages[count];

			*m = (struct message){.topic = s->parts[item->part].topic->name,
					      .partition = s->parts[item->part].partition,
					      .offset = r->offset,
					      .timestamp_ms = r->timestamp_ms,
					      .key = r->key,
					      .value = r->value,
					      .has_key = r->has_key,
					      .has_value = r->has_value};
			out[count++] = m;
		}
		s->taken[s->taken_count++] = *item;
	}
	memmove(s->items, s->items + s->taken_count, (s->item_count - s->taken_count) * sizeof(*s->items));
	s->item_count -= s->taken_count;
	s->more = s->taken_count > 0;
	return count;
}

void source_release(struct source *s)
{
	for (size_t i = 0; i < s->taken_count; i++) {
		const struct item *item = &s->taken[i];
		struct part *p = &s->parts[item->part];

		if (item->record) {
			p->next = item->offset + 1;
			p->last_offset = item->offset;
			p->last_timestamp_ms = item->record->timestamp_ms;
			p->last_crc = crc32c(crc32c(0, item->record->key), item->record->value);
		} else {
			p->next = item->offset;
			p->at_end = true;
			s->options.events.end(s->options.events.ctx, p->topic->name, p->partition,
					      item->offset);
		}
	}
	s->taken_count = 0;
}

bool source_more(const struct source *s)
{
	return s->more;
}

size_t source_partition_count(const struct source *s)
{
	return (size_t)s->part_count;
}

void source_partition(const struct source *s, size_t index, struct source_partition *out)
{
	const struct part *p = &s->parts[index];
	const struct kafka_log *log = &p->topic->logs[p->partition];

	kafka_up(s->kafka);
	*out = (struct source_partition){.topic = p->topic->name,
					 .partition = p->partition,
					 .state = p->at_end ? SOURCE_AT_END : SOURCE_READING,
					 .next_offset = p->next,
					 .last_offset = p->last_offset,
					 .last_timestamp_ms = p->last_timestamp_ms,
					 .last_crc = p->last_crc,
					 .low = log->low,
					 .high = log->next,
					 .lag = log->next - p->next,
					 .answered_ms = s->kafka->answered_ms};
}

void source_queue(const struct source *s, uint64_t *messages, uint64_t *bytes)
{
	*messages = s->item_count;
	*bytes = 0;
}

/* As if statistics came every moment. */
int32_t source_known(const struct source *s, const char *topic)
{
	const struct kafka_topic *t = kafka_find(s->kafka, topic);

	return t ? t->partitions : 0;
}

/* ---- the admin client ---- */

struct admin {
	struct sim *sim;
	struct node *node;
	bool cancelled;
};

struct admin *admin_new(const struct kafka_settings *settings, int timeout_ms, struct log *log,
			struct err *err)
{
	struct admin *a = calloc(1, sizeof(*a));

	(void)settings, (void)timeout_ms, (void)log, (void)err;
	if (!a)
		abort();
	a->sim = sim_current();
	a->node = a->sim->node;
	return a;
}

void admin_cancel(struct admin *a)
{
	a->cancelled = true;
}

void admin_free(struct admin *a)
{
	free(a);
}

static int ask(struct admin *a, struct err *err)
{
	sim_sleep(sim_between(a->sim, 1, 30));
	if (!a->node->dead && !a->cancelled && kafka_up(a->sim->kafka) &&
	    (a->sim->calm || !sim_chance(a->sim, a->sim->faults.call)))
		return 0;
	return err_set(err, ERR_RETRY, 0, "the cluster does not answer");
}

int admin_partitions(struct admin *a, const char *const *topics, size_t count, int32_t *counts,
		     struct err *err)
{
	if (ask(a, err))
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct kafka_topic *t = kafka_find(a->sim->kafka, topics[i]);

		counts[i] = t ? t->partitions : 0;
	}
	return 0;
}

int admin_create_topics(struct admin *a, const struct admin_topic *topics, size_t count, struct err *err)
{
	if (ask(a, err))
		return -1;
	for (size_t i = 0; i < count; i++)
		if (!kafka_find(a->sim->kafka, topics[i].name))
			kafka_create(a->sim->kafka, topics[i].name, (int32_t)sim_between(a->sim, 1, 3));
	return 0;
}
