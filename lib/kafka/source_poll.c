/* The hot path: batches in, borrowed messages out. */

#include "kafka/errors.h"
#include "kafka/fingerprint.h"
#include "kafka/source.h"
#include "kafka/source_internal.h"

#include <stdlib.h>

#define MAX_HEADERS 1000 /* of one record; more are not shown */

/* Room for `count` more headers of this batch. Pointers into the array are
 * set after the batch is complete, because it may move. */
static bool reserve_headers(struct source *s, size_t count)
{
	size_t cap = s->header_cap ? s->header_cap : 64;
	struct message_header *grown;

	while (cap < s->header_count + count)
		cap *= 2;
	if (cap == s->header_cap)
		return true;
	grown = realloc(s->headers, cap * sizeof(*grown));
	if (!grown)
		return false;
	s->headers = grown;
	s->header_cap = cap;
	return true;
}

static void take_headers(struct source *s, const rd_kafka_message_t *raw, struct message *m)
{
	rd_kafka_headers_t *list;
	const char *name;
	const void *value;
	size_t size, count;

	if (rd_kafka_message_headers(raw, &list))
		return; /* none */
	count = rd_kafka_header_cnt(list);
	if (count > MAX_HEADERS)
		count = MAX_HEADERS;
	if (!reserve_headers(s, count)) {
		log_error(s->client.log, "kafka", "source: out of memory for headers");
		abort(); /* a record without its headers would be decoded wrongly */
	}
	for (size_t i = 0; i < count && !rd_kafka_header_get_all(list, i, &name, &value, &size); i++) {
		s->headers[s->header_count++] =
			(struct message_header){slice_str(name), slice_make(value, value ? size : 0)};
		m->header_count++;
	}
}

/* True when it is a record to be delivered. */
static bool take(struct source *s, const rd_kafka_message_t *raw, struct message *m)
{
	struct source_part *p = source_find_part(s, raw->rkt, raw->partition);
	rd_kafka_timestamp_type_t type;

	if (!p)
		return false; /* of an assignment that is no more */
	if (raw->offset < p->next) {
		p->dropped++;
		return false;
	}
	*m = (struct message){.topic = p->topic->name,
			      .partition = raw->partition,
			      .offset = raw->offset,
			      .timestamp_ms = rd_kafka_message_timestamp(raw, &type),
			      .key = slice_make(raw->key, raw->key_len),
			      .value = slice_make(raw->payload, raw->len),
			      .has_key = raw->key != NULL,
			      .has_value = raw->payload != NULL};
	if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE)
		m->timestamp_ms = -1;
	take_headers(s, raw, m);
	p->next = raw->offset + 1;
	p->state = SOURCE_READING;
	p->records++;
	p->bytes += raw->key_len + raw->len;
	p->latest = raw;
	return true;
}

size_t source_poll(struct source *s, const struct message *out[], size_t max)
{
	size_t n = 0, header = 0;
	ssize_t taken;

	source_release(s);
	if (max > s->batch)
		max = s->batch;
	taken = rd_kafka_consume_batch_queue(s->queue, 0, s->raw, max);
	s->taken = taken > 0 ? (size_t)taken : 0;
	s->more = s->taken > 0;
	if (s->taken > 0)
		fetch_nudge_consider(&s->nudge, s->rk, s->queue);
	for (size_t i = 0; i < s->taken; i++) {
		if (!s->raw[i]->err && take(s, s->raw[i], &s->messages[n])) {
			out[n] = &s->messages[n];
			n++;
		}
	}
	for (size_t i = 0; i < n; i++) {
		s->messages[i].headers = s->messages[i].header_count ? s->headers + header : NULL;
		header += s->messages[i].header_count;
	}
	return n;
}

static void end_of_partition(struct source *s, struct source_part *p, int64_t offset)
{
	if (p->next > offset)
		return; /* more came behind it in the same batch */
	/* Control records and aborted ones below the end are behind us as well. */
	p->next = offset;
	p->end = offset;
	p->state = SOURCE_AT_END;
	if (s->events.end)
		s->events.end(s->events.ctx, p->topic->name, p->number, offset);
}

static void event(struct source *s, const rd_kafka_message_t *raw)
{
	struct source_part *p = source_find_part(s, raw->rkt, raw->partition);
	struct source_trouble trouble = {.class = kafka_errors_class(raw->err),
					 .code = raw->err,
					 .partition = -1,
					 .offset = -1};

	if (raw->rkt && !p)
		return; /* of an assignment that is no more */
	if (raw->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && p) {
		end_of_partition(s, p, raw->offset);
		return;
	}
	if (p) {
		trouble.topic = p->topic->name;
		trouble.partition = p->number;
		trouble.offset = p->next;
		if (trouble.class == ERR_REFUSED)
			p->state = SOURCE_OUT_OF_RANGE;
	}
	trouble.text = rd_kafka_message_errstr(raw);
	if (s->events.trouble)
		s->events.trouble(s->events.ctx, &trouble);
}

void source_release(struct source *s)
{
	size_t taken = s->taken;

	s->taken = 0;
	s->header_count = 0;
	for (size_t i = 0; i < taken; i++) {
		const rd_kafka_message_t *raw = s->raw[i];
		struct source_part *p = source_find_part(s, raw->rkt, raw->partition);

		if (p && p->latest == raw) {
			rd_kafka_timestamp_type_t type;

			p->last_offset = raw->offset;
			p->last_timestamp_ms = rd_kafka_message_timestamp(raw, &type);
			p->last_crc = fingerprint_of(raw);
			p->latest = NULL;
		}
	}
	for (size_t i = 0; i < taken; i++) {
		if (s->raw[i]->err)
			event(s, s->raw[i]);
		rd_kafka_message_destroy(s->raw[i]);
	}
}

bool source_more(const struct source *s)
{
	return s->more;
}
