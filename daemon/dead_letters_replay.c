#include "daemon/dead_letters_replay.h"

#include "kafka/sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH	    500 /* records of a transaction */
#define HEADERS_MAX 64

/* ---- marks ---- */

void dead_letters_marks_release(struct dead_letters_marks *m)
{
	free(m->items);
	*m = (struct dead_letters_marks){0};
}

int dead_letters_marks_add(struct dead_letters_marks *m, int32_t partition, int64_t offset)
{
	if (m->count == m->size) {
		size_t size = m->size > 0 ? 2 * m->size : 64;
		struct dead_letters_place *grown = realloc(m->items, size * sizeof(*grown));

		if (grown == NULL)
			return -1;
		m->items = grown;
		m->size = size;
	}
	m->items[m->count++] = (struct dead_letters_place){partition, offset};
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct dead_letters_place *x = a, *y = b;

	if (x->partition != y->partition)
		return x->partition < y->partition ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

void dead_letters_marks_sort(struct dead_letters_marks *m)
{
	if (m->count > 1)
		qsort(m->items, m->count, sizeof(*m->items), compare);
}

bool dead_letters_marked(const struct dead_letters_marks *m, int32_t partition, int64_t offset)
{
	const struct dead_letters_place key = {partition, offset};

	return m->count > 0 && bsearch(&key, m->items, m->count, sizeof(*m->items), compare) != NULL;
}

bool dead_letters_selected(const struct dead_letters_selection *s, const struct message *m,
			   const struct dead_letter_view *v)
{
	bool meant = s->place_count == 0;

	if (v->kind != DEAD_LETTER_RECORD || (s->reason != NULL && !slice_is(v->reason, s->reason)) ||
	    (s->topic != NULL && !slice_is(v->topic, s->topic)))
		return false;
	for (size_t i = 0; i < s->place_count && !meant; i++)
		meant = s->places[i].partition == m->partition && s->places[i].offset == m->offset;
	return meant;
}

/* ---- the replay ---- */

struct replay {
	const struct dead_letters_selection *selection;
	struct dead_letters_marks marks;
	struct broker_port port;
	const char *topic; /* of the dead letters */
	size_t open;	   /* records in the open transaction */
	uint64_t done;
};

static int collect_mark(void *ctx, const struct message *m, struct err *err)
{
	struct replay *r = ctx;
	struct dead_letter_view v;

	dead_letter_view(m, &v);
	if (v.kind == DEAD_LETTER_MARK && dead_letters_marks_add(&r->marks, v.partition, v.offset) != 0)
		return err_set(err, ERR_FATAL, 0, "out of memory");
	return 0;
}

static int commit(struct replay *r, struct err *err)
{
	struct err ignored;

	if (r->open == 0)
		return 0;
	if (r->port.flush(r->port.ctx, err) != BROKER_OK) {
		r->port.abort(r->port.ctx, &ignored);
		return -1;
	}
	if (r->port.commit(r->port.ctx, err) != BROKER_OK)
		return -1; /* perhaps it was committed: the marks will tell */
	r->done += r->open;
	r->open = 0;
	return 0;
}

/* The record as it was, and from which dead letter it is. */
static int produce_original(struct replay *r, const struct message *m, const struct dead_letter_view *v,
			    const char *from, struct err *err)
{
	struct broker_header headers[HEADERS_MAX];
	struct broker_record record = {.topic = v->topic,
				       .partition = v->partition,
				       .timestamp_ms =
					       r->selection->now || v->timestamp_ms < 0 ? 0 : v->timestamp_ms,
				       .key = m->key,
				       .value = m->value,
				       .has_key = m->has_key,
				       .has_value = m->has_value,
				       .headers = headers};

	for (size_t i = 0; i < v->header_count; i++) {
		if (dead_letter_publishers_header(m, i) ||
		    slice_is(m->headers[i].name, DEAD_LETTER_FROM_HEADER))
			continue;
		if (record.header_count == HEADERS_MAX - 1)
			return err_set(err, ERR_REFUSED, 0, "%d/%" PRId64 " has too many headers",
				       m->partition, m->offset);
		headers[record.header_count++] =
			(struct broker_header){m->headers[i].name, m->headers[i].value};
	}
	headers[record.header_count++] =
		(struct broker_header){SLICE_LITERAL(DEAD_LETTER_FROM_HEADER), slice_str(from)};
	return r->port.produce(r->port.ctx, &record, err) == BROKER_OK ? 0 : -1;
}

static int produce_mark(struct replay *r, const struct message *m, const char *place, struct err *err)
{
	const struct broker_header header = {SLICE_LITERAL(DEAD_LETTER_MARK_HEADER), slice_str(place)};
	const struct broker_record record = {.topic = slice_str(r->topic),
					     .partition = m->partition,
					     .headers = &header,
					     .header_count = 1};

	return r->port.produce(r->port.ctx, &record, err) == BROKER_OK ? 0 : -1;
}

static int replay_one(void *ctx, const struct message *m, struct err *err)
{
	struct replay *r = ctx;
	struct dead_letter_view v;
	struct err ignored;
	char from[320], *place;

	dead_letter_view(m, &v);
	if (!dead_letters_selected(r->selection, m, &v) ||
	    (!r->selection->again && dead_letters_marked(&r->marks, m->partition, m->offset)))
		return 0;
	if (r->open == 0 && r->port.begin(r->port.ctx, err) != BROKER_OK)
		return -1;
	snprintf(from, sizeof(from), "%s/%d/%" PRId64, r->topic, m->partition, m->offset);
	place = from + strlen(r->topic) + 1;
	if (produce_original(r, m, &v, from, err) != 0 || produce_mark(r, m, place, err) != 0) {
		r->port.abort(r->port.ctx, &ignored);
		return err_wrap(err, "dead letter %s", place);
	}
	return ++r->open >= BATCH ? commit(r, err) : 0;
}

static int run(struct replay *r, struct dead_letters_reader *reader, struct err *err)
{
	/* From here on an earlier replay can commit nothing more. */
	if (r->port.open(r->port.ctx, err) != BROKER_OK)
		return -1;
	if (dead_letters_scan(reader, collect_mark, r, err) != 0)
		return -1;
	dead_letters_marks_sort(&r->marks);
	if (dead_letters_scan(reader, replay_one, r, err) != 0)
		return -1;
	return commit(r, err);
}

static struct kafka_settings view_of(const struct kafka_properties *p, struct kafka_setting **items)
{
	*items = calloc(p->count + 1, sizeof(**items));
	for (size_t i = 0; *items != NULL && i < p->count; i++)
		(*items)[i] = (struct kafka_setting){p->items[i].name, p->items[i].value};
	return (struct kafka_settings){*items, *items != NULL ? p->count : 0};
}

int dead_letters_replay(const struct settings *s, struct log *log, struct dead_letters_reader *reader,
			const struct dead_letters_selection *selection, uint64_t *done, struct err *err)
{
	struct replay r = {.selection = selection, .topic = s->dead_letter_topic};
	struct kafka_setting *producer, *consumer;
	struct sink_options options = {.group = s->group_id, .log = log};
	struct sink *sink;
	char id[300];
	int rc = -1;

	snprintf(id, sizeof(id), "%s-replay", s->transactional_id);
	options.transactional_id = id;
	options.settings = view_of(&s->producer, &producer);
	options.reader_settings = view_of(&s->consumer, &consumer);
	sink = sink_new(&options, err);
	if (sink != NULL) {
		r.port = sink_port(sink);
		rc = run(&r, reader, err);
		r.port.close(r.port.ctx);
		sink_free(sink);
	}
	*done = r.done;
	dead_letters_marks_release(&r.marks);
	free(producer);
	free(consumer);
	return rc;
}
