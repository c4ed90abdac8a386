/* One event through decoder and pipeline, in memory: what the generated world
 * sends, in the proportions in which it sends it.
 *
 *   bench_pipeline EVENTS
 *
 * pipeline.event      decode, record, advance once in a thousand
 * pipeline.checkpoint the changes of all of them, as an epoch, per event
 * pipeline.restore    a pipeline from that epoch, per row */

#include "hotels/pipeline.h"
#include "test/bench/measure.h"
#include "wire/decoder.h"
#include "world/generator.h"
#include "world/generator_encode.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH 1000
#define START 1772355600000LL

struct stored {
	enum input input;
	struct message message;
};

struct bench {
	struct pipeline *pipeline;
	struct decoder *decoders[INPUTS];
	struct stored *events;
	size_t count, prelude;
	struct buf bytes;
	uint64_t outputs, bad;
};

static void emit(void *ctx, const struct output *output)
{
	(void)output;
	((struct bench *)ctx)->outputs++;
}

static void ask(void *ctx, const struct question *question)
{
	pipeline_answer(((struct bench *)ctx)->pipeline, question->hash, SLICE_LITERAL("Quiet rooms."));
}

static void erase(void *ctx, struct slice email)
{
	(void)ctx;
	(void)email;
}

static void fail(const char *what)
{
	fprintf(stderr, "bench_pipeline: %s\n", what);
	exit(1);
}

static void learn(struct bench *b, struct generator_encoding *encoding)
{
	struct err err;

	for (int s = 0; s < GENERATOR_SCHEMAS; s++) {
		struct schema_ref ref = {.id = 100 + s};
		struct slice text = slice_str(generator_schema_text((enum generator_schema)s));

		encoding->schema_ids[s] = ref.id;
		if (decoder_learn(b->decoders[generator_schema_input((enum generator_schema)s)], &ref, "AVRO",
				  text, &err) != 0)
			fail(err.text);
	}
}

static void open_decoders(struct bench *b)
{
	struct err err;

	for (int i = 0; i < INPUTS; i++) {
		struct decoder_options options = {.layout = input_layouts[i],
						  .changelog = i == INPUT_HOTEL || i == INPUT_CUSTOMER};

		b->decoders[i] = decoder_new(&options, &err);
		if (b->decoders[i] == NULL)
			fail(err.text);
	}
}

static void store(struct bench *b, const struct generator_encoding *encoding, const struct generated *g)
{
	static const char *const topics[INPUTS] = {"clickstream", "bookings", "reviews", "hotel", "customer"};
	struct stored *to = &b->events[b->count];
	struct buf key, value;

	buf_init(&key, 1 << 16);
	buf_init(&value, 1 << 16);
	*to = (struct stored){.input = g->input,
			      .message = {.topic = topics[g->input],
					  .offset = (int64_t)b->count,
					  .timestamp_ms = g->time_ms}};
	generator_encode(encoding, g, &key, &to->message.has_key, &value, &to->message.has_value);
	to->message.key = slice_make(key.data, key.len); /* kept to the end */
	to->message.value = slice_make(value.data, value.len);
	b->prelude += g->prelude;
	b->count++;
}

static void make_events(struct bench *b, size_t events)
{
	struct generator_encoding encoding = {.format = GENERATED_AVRO, .cdc = GENERATED_DEBEZIUM};
	struct generator_options o;
	struct generator *g;
	struct generated event;
	struct err err;

	learn(b, &encoding);
	generator_defaults(&o);
	o.events = events;
	o.rate = 5; /* hours of event time: most clicks are decided */
	o.start_ms = START;
	o.past_ms = 30LL * 86400000;
	g = generator_new(&o, &err);
	if (g == NULL)
		fail(err.text);
	b->events = calloc(events + 10000, sizeof(*b->events));
	while (b->events != NULL && b->count < events + 10000 && generator_next(g, &event))
		store(b, &encoding, &event);
	generator_free(g);
}

static void feed(struct bench *b, size_t from, size_t to)
{
	const int64_t wall = START + 1000 * 86400000LL;
	struct schema_ref needed;
	struct record r;
	struct err err;

	for (size_t i = from; i < to; i++) {
		const struct stored *e = &b->events[i];

		if (decoder_decode(b->decoders[e->input], &e->message, &r, &needed, &err) != DECODE_OK ||
		    pipeline_record(b->pipeline, e->input, &r, wall, &err) == DISPOSITION_DEAD)
			b->bad++;
		if (i % BATCH == 0)
			pipeline_advance(b->pipeline, wall);
	}
}

static struct pipeline *fresh(struct bench *b)
{
	struct pipeline_ports ports = {.ctx = b, .emit = emit, .ask = ask, .erase = erase};
	struct pipeline_config config;

	pipeline_defaults(&config);
	config.summary_identity = SLICE_LITERAL("bench");
	config.hash_seed = 7;
	return pipeline_new(&config, &ports);
}

/* Only what was put: deletes came before and concern rows that are not there. */
static size_t restore(struct bench *b, const struct delta *d)
{
	struct pipeline *p = fresh(b);
	struct delta_operation op;
	size_t at = 0, rows = 0;
	struct err err;

	for (int table = 0; table < pipeline_table_count; table++, at = 0)
		while (delta_next(d, &at, &op) == 1)
			if (op.op == ROW_PUT && op.table == table)
				rows += pipeline_restore(p, table, op.cells, op.count, &err) == 0;
	pipeline_restored(p);
	pipeline_free(p);
	return rows;
}

int main(int argc, char **argv)
{
	size_t events = argc == 2 ? strtoul(argv[1], NULL, 10) : 0, rows;
	struct bench b = {0};
	struct delta delta;
	int64_t begun;

	if (events < 1000)
		return 64;
	open_decoders(&b);
	make_events(&b, events);
	b.pipeline = fresh(&b);
	pipeline_add_partition(b.pipeline, INPUT_CLICKSTREAM, 0, START);
	pipeline_add_partition(b.pipeline, INPUT_BOOKINGS, 0, START);
	delta_init(&delta, SIZE_MAX / 4);
	feed(&b, 0, b.prelude);
	pipeline_dimensions_ready(b.pipeline);
	pipeline_checkpoint(b.pipeline, &delta);
	delta_clear(&delta);
	begun = measure_begin();
	feed(&b, b.prelude, b.count);
	measure_end(begun, "pipeline.event", b.count - b.prelude);
	begun = measure_begin();
	pipeline_checkpoint(b.pipeline, &delta);
	measure_end(begun, "pipeline.checkpoint", b.count - b.prelude);
	rows = delta.operations;
	begun = measure_begin();
	restore(&b, &delta);
	measure_end(begun, "pipeline.restore", rows);
	printf("# %zu events: %llu outputs, %zu row operations\n", b.count - b.prelude,
	       (unsigned long long)b.outputs, rows);
	return b.bad > 0 || b.outputs == 0;
}
