/* A world's logs as JSON records in the input topics, with gaps in the offsets
 * as transactions and compaction leave them, and some that cannot be read. */

#include "test/sim/sim_kafka.h"

#include <stdlib.h>

static void put_text(struct buf *b, struct slice s)
{
	buf_byte(b, (uint8_t)'"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '"' || s.data[i] == '\\')
			buf_byte(b, (uint8_t)'\\');
		buf_byte(b, (uint8_t)s.data[i]);
	}
	buf_byte(b, (uint8_t)'"');
}

static void put_value(struct buf *b, const struct value *v)
{
	switch (v->kind) {
	case VALUE_STRING: put_text(b, v->s); break;
	case VALUE_LONG: buf_printf(b, "%lld", (long long)v->i); break;
	case VALUE_DOUBLE: buf_printf(b, "%.2f", v->d); break;
	default: buf_str(b, "null");
	}
}

static void put_record(struct buf *b, enum input input, const struct record *r)
{
	const struct layout *layout = &input_layouts[input];
	bool first = true;

	buf_byte(b, (uint8_t)'{');
	for (size_t i = 0; i < layout->count; i++) {
		if (r->fields[i].kind == VALUE_ABSENT)
			continue;
		buf_printf(b, "%s\"%s\":", first ? "" : ",", layout->names[i]);
		put_value(b, &r->fields[i]);
		first = false;
	}
	if (r->change == CHANGE_DELETE)
		buf_str(b, ",\"__deleted\":\"true\"");
	buf_byte(b, (uint8_t)'}');
}

static int64_t gap(struct sim *s)
{
	return sim_chance(s, 100) ? sim_between(s, 1, 3) : 0;
}

static void poison(struct sim *s, struct kafka_topic *t, int p)
{
	struct kafka_record k = {.timestamp_ms = s->world->base,
				 .value = SLICE_LITERAL("{\"broken\":"),
				 .has_value = true};

	kafka_append(s->kafka, t, p, &k, gap(s));
	s->poison++;
}

static void fill_log(struct sim *s, enum input input, int p)
{
	const struct world_log *log = &s->world->logs[input][p];
	struct kafka_topic *t = kafka_find(s->kafka, s->nodes[0].settings.inputs[input].topic);
	struct message message;
	struct record record;
	struct buf json;

	buf_init(&json, 1 << 20);
	if (log->count == 0)
		return;
	for (int i = 0; i < log->count; i++) {
		struct kafka_record k = {.has_value = true};

		world_record(s->world, input, log->items[i], &record, &message);
		if (sim_chance(s, 20))
			poison(s, t, p);
		buf_clear(&json);
		put_record(&json, input, &record);
		k.timestamp_ms = message.timestamp_ms;
		k.value = buf_view(&json);
		kafka_append(s->kafka, t, p, &k, gap(s));
	}
	t->logs[p].next += gap(s); /* markers at the very end */
	buf_release(&json);
}

void sim_input_fill(struct sim *s)
{
	const struct settings *settings = &s->nodes[0].settings;

	for (int input = 0; input < INPUTS; input++) {
		int count = s->world->partitions[input];

		kafka_create(s->kafka, settings->inputs[input].topic, count);
		for (int p = 0; p < count; p++)
			fill_log(s, (enum input)input, p);
	}
}
