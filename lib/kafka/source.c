#include "kafka/source.h"

#include "kafka/errors.h"
#include "kafka/source_internal.h"

#include <stdlib.h>

#define CLOSE_MS      10000
#define DEFAULT_BATCH 1000
#define SETTLE_TURNS  4
#define MAX_PARTITION 100000 /* more in one topic is not believed */

struct source_topic *source_find_topic(const struct source *s, const char *name)
{
	for (size_t i = 0; i < s->topic_count; i++) {
		if (strcmp(s->topics[i]->name, name) == 0)
			return s->topics[i];
	}
	return NULL;
}

struct source_part *source_find_part(const struct source *s, const rd_kafka_topic_t *handle, int32_t number)
{
	struct source_topic *t = NULL;

	if (!handle)
		return NULL;
	for (size_t i = 0; i < s->topic_count && !t; i++) {
		if (s->topics[i]->handle == handle)
			t = s->topics[i];
	}
	if (!t) {
		t = source_find_topic(s, rd_kafka_topic_name(handle));
		if (!t)
			return NULL;
		t->handle = handle;
	}
	if (number < 0 || number >= t->part_count || !t->parts[number].assigned)
		return NULL;
	return &t->parts[number];
}

static struct source_topic *add_topic(struct source *s, const char *name)
{
	struct source_topic *t = source_find_topic(s, name);
	struct source_topic **grown;

	if (t)
		return t;
	grown = realloc(s->topics, (s->topic_count + 1) * sizeof(struct source_topic *));
	if (!grown)
		return NULL;
	s->topics = grown;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->name = slice_dup(slice_str(name));
	if (!t->name) {
		free(t);
		return NULL;
	}
	s->topics[s->topic_count++] = t;
	return t;
}

static struct source_part *add_part(struct source *s, const char *topic, int32_t number)
{
	struct source_topic *t = number >= 0 && number < MAX_PARTITION ? add_topic(s, topic) : NULL;
	struct source_part *grown;

	if (!t)
		return NULL;
	if (number >= t->part_count) {
		grown = realloc(t->parts, (size_t)(number + 1) * sizeof(*grown));
		if (!grown)
			return NULL;
		t->parts = grown;
		for (int32_t i = t->part_count; i <= number; i++)
			grown[i] = (struct source_part){.topic = t,
							.number = i,
							.leader = -1,
							.next = -1,
							.end = -1,
							.last_offset = -1};
		t->part_count = number + 1;
	}
	return &t->parts[number];
}

void source_expect(struct source *s, const char *topic)
{
	struct source_topic *t = add_topic(s, topic);

	if (t && !t->expected)
		t->expected = rd_kafka_topic_new(s->rk, topic, NULL);
}

static void on_error(rd_kafka_t *rk, int code, const char *text, void *opaque)
{
	struct source *s = opaque;
	struct source_trouble trouble = {
		.class = kafka_errors_class(code), .code = code, .partition = -1, .offset = -1, .text = text};

	(void)rk;
	if (s->events.trouble)
		s->events.trouble(s->events.ctx, &trouble);
}

static int on_stats(rd_kafka_t *rk, char *json, size_t len, void *opaque)
{
	(void)rk;
	source_stats(opaque, json, len);
	return 0; /* the library frees it */
}

static void on_queue(rd_kafka_t *rk, void *opaque)
{
	struct source *s = opaque;

	(void)rk;
	s->events.wake(s->events.ctx);
}

static int open_client(struct source *s, const struct source_options *o, struct err *err)
{
	rd_kafka_conf_t *conf = kafka_config_new(KAFKA_SOURCE, &o->settings, o->group, NULL, &s->client, err);

	if (!conf)
		return -1;
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_stats_cb(conf, on_stats);
	if (fetch_watch_install(&s->watch, o->clock, conf)) {
		rd_kafka_conf_destroy(conf);
		return err_set(err, ERR_FATAL, 0, "kafka source: no interceptor");
	}
	s->rk = kafka_client_open(KAFKA_SOURCE, conf, err);
	if (!s->rk)
		return -1;
	rd_kafka_poll_set_consumer(s->rk);
	s->queue = rd_kafka_queue_get_consumer(s->rk);
	if (s->events.wake)
		rd_kafka_queue_cb_event_enable(s->queue, on_queue, s);
	return 0;
}

struct source *source_new(const struct source_options *o, struct err *err)
{
	struct source *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(err, ERR_FATAL, 0, "kafka source: out of memory");
		return NULL;
	}
	s->client = (struct kafka_client){.log = o->log, .name = "source"};
	s->events = o->events;
	s->brokers_up = -1;
	fetch_nudge_init(&s->nudge, o->clock);
	s->batch = o->batch ? o->batch : DEFAULT_BATCH;
	s->raw = calloc(s->batch, sizeof(rd_kafka_message_t *));
	s->messages = calloc(s->batch, sizeof(*s->messages));
	if (!s->raw || !s->messages) {
		err_set(err, ERR_FATAL, 0, "kafka source: out of memory");
		goto fail;
	}
	if (open_client(s, o, err))
		goto fail;
	return s;
fail:
	free(s->raw);
	free(s->messages);
	free(s);
	return NULL;
}

void source_free(struct source *s)
{
	struct err err;

	if (!s)
		return;
	s->events.end = NULL;
	s->events.trouble = NULL;
	source_release(s);
	rd_kafka_queue_cb_event_enable(s->queue, NULL, NULL);
	rd_kafka_queue_destroy(s->queue);
	for (size_t i = 0; i < s->topic_count; i++) {
		if (s->topics[i]->expected)
			rd_kafka_topic_destroy(s->topics[i]->expected);
	}
	if (kafka_client_close(s->rk, CLOSE_MS, &err)) {
		log_error(s->client.log, "kafka", "source: %s", err.text);
		return; /* its threads may still use what we would free */
	}
	for (size_t i = 0; i < s->topic_count; i++) {
		free(s->topics[i]->name);
		free(s->topics[i]->parts);
		free(s->topics[i]);
	}
	free(s->topics);
	free(s->headers);
	free(s->messages);
	free(s->raw);
	free(s);
}

/* Marks what is wanted. Positions given twice or below 0 are the caller's bug. */
static int mark(struct source *s, const struct source_position *positions, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct source_position *p = &positions[i];

		if (p->offset < 0 || !add_part(s, p->topic, p->partition))
			return err_set(err, ERR_FATAL, 0, "assign %s [%d] at %lld: not possible", p->topic,
				       (int)p->partition, (long long)p->offset);
	}
	for (size_t i = 0; i < s->topic_count; i++) {
		for (int32_t k = 0; k < s->topics[i]->part_count; k++)
			s->topics[i]->parts[k].assigned = false;
	}
	for (size_t i = 0; i < count; i++) {
		struct source_part *part = add_part(s, positions[i].topic, positions[i].partition);

		part->assigned = true;
		if (part->state == SOURCE_OUT_OF_RANGE || part->next < positions[i].offset)
			part->fetching = false; /* it must start anew, at the offset given */
		if (!part->fetching)		/* who goes on as before is not told again where its end is */
			part->state = SOURCE_READING;
		if (part->next < positions[i].offset)
			part->next = positions[i].offset;
	}
	return 0;
}

/* The partitions librdkafka is to be told of: all that are wanted, or only those it does not have yet. */
static rd_kafka_topic_partition_list_t *wanted(const struct source *s, bool only_new)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(64);

	for (size_t i = 0; i < s->topic_count; i++) {
		const struct source_topic *t = s->topics[i];

		for (int32_t k = 0; k < t->part_count; k++) {
			const struct source_part *p = &t->parts[k];

			if (p->assigned && !(only_new && p->fetching))
				rd_kafka_topic_partition_list_add(list, t->name, k)->offset = p->next;
		}
	}
	return list;
}

/* Whether something that librdkafka has must stop, or start anew elsewhere. */
static bool must_stop(const struct source *s, size_t had)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->topic_count; i++)
		for (int32_t k = 0; k < s->topics[i]->part_count; k++)
			kept += s->topics[i]->parts[k].assigned && s->topics[i]->parts[k].fetching;
	return kept < had;
}

static size_t fetching(const struct source *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->topic_count; i++)
		for (int32_t k = 0; k < s->topics[i]->part_count; k++)
			count += s->topics[i]->parts[k].fetching;
	return count;
}

/* Waits until the library's main thread has done what the assignment asked for.
 * A partition's fetcher stops some turns of that thread later, and the assertion
 * below fails also when the end comes in between. Its queue is served in order,
 * so each question is answered behind what was queued before it. */
static void settle(struct source *s)
{
	for (int i = 0; i < SETTLE_TURNS; i++) {
		rd_kafka_topic_partition_list_t *list = NULL;

		if (rd_kafka_assignment(s->rk, &list) == RD_KAFKA_RESP_ERR_NO_ERROR)
			rd_kafka_topic_partition_list_destroy(list);
	}
}

/* Additions are told as additions: librdkafka then leaves the others alone. A
 * whole new assignment stops and starts all of them, and up to 2.15 an
 * assertion fails when the next change comes before the stops are through
 * (its issue 5573). Incremental calls are fine without a group's protocol. */
static int tell(struct source *s, bool only_new, struct err *err)
{
	rd_kafka_topic_partition_list_t *list = wanted(s, only_new);
	rd_kafka_error_t *error = NULL;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	int rc = 0;

	if (!only_new)
		code = rd_kafka_assign(s->rk, list);
	else if (list->cnt > 0)
		error = rd_kafka_incremental_assign(s->rk, list);
	if (error != NULL)
		code = rd_kafka_error_code(error);
	if (code)
		rc = err_set(err, kafka_errors_class(code), code, "assign: %s",
			     error != NULL ? rd_kafka_error_string(error) : rd_kafka_err2str(code));
	if (error != NULL)
		rd_kafka_error_destroy(error);
	rd_kafka_topic_partition_list_destroy(list);
	settle(s);
	return rc;
}

int source_assign(struct source *s, const struct source_position *positions, size_t count, struct err *err)
{
	size_t had = fetching(s);
	bool anew;

	source_release(s);
	if (mark(s, positions, count, err))
		return -1;
	anew = must_stop(s, had);
	if (tell(s, !anew, err))
		return -1;
	for (size_t i = 0; i < s->topic_count; i++) {
		for (int32_t k = 0; k < s->topics[i]->part_count; k++) {
			struct source_part *p = &s->topics[i]->parts[k];

			p->fetching = p->assigned;
			if (anew && p->assigned)
				p->state = SOURCE_READING; /* its end will be told again */
		}
	}
	return 0;
}

size_t source_partition_count(const struct source *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->topic_count; i++) {
		for (int32_t k = 0; k < s->topics[i]->part_count; k++)
			n += s->topics[i]->parts[k].assigned;
	}
	return n;
}

static void view(const struct source *s, const struct source_part *p, struct source_partition *out)
{
	int64_t low = -1, high = -1, reached = p->next > p->end ? p->next : p->end;

	if (rd_kafka_get_watermark_offsets(s->rk, p->topic->name, p->number, &low, &high))
		low = high = -1;
	*out = (struct source_partition){.topic = p->topic->name,
					 .partition = p->number,
					 .state = p->state,
					 .next_offset = p->next,
					 .last_offset = p->last_offset,
					 .last_timestamp_ms = p->last_timestamp_ms,
					 .last_crc = p->last_crc,
					 .low = low < 0 ? -1 : low,
					 .high = high < 0 ? -1 : high,
					 .lag = high < 0 ? -1 : (high > reached ? high - reached : 0),
					 .answered_ms = fetch_watch_answered(&s->watch, p->leader),
					 .records = p->records,
					 .bytes = p->bytes,
					 .dropped = p->dropped};
}

void source_partition(const struct source *s, size_t index, struct source_partition *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < s->topic_count; i++) {
		for (int32_t k = 0; k < s->topics[i]->part_count; k++) {
			const struct source_part *p = &s->topics[i]->parts[k];

			if (p->assigned && index-- == 0) {
				view(s, p, out);
				return;
			}
		}
	}
}

void source_queue(const struct source *s, uint64_t *messages, uint64_t *bytes)
{
	*messages = s->queued_messages;
	*bytes = s->queued_bytes;
}

int32_t source_known(const struct source *s, const char *topic)
{
	const struct source_topic *t = source_find_topic(s, topic);

	return t ? t->known : 0;
}

int source_brokers_up(const struct source *s)
{
	return s->brokers_up;
}
