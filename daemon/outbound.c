#include "daemon/outbound.h"

#include "daemon/rebuilding.h"

#include <stdio.h>
#include <stdlib.h>

#define ENCODED_MAX ((size_t)64 << 20)

void outbound_init(struct outbound *o, struct clock clock, const char *dead_letter_topic)
{
	*o = (struct outbound){.clock = clock, .dead_letter_topic = dead_letter_topic, .next_seq = 1};
	recent_targets_init(&o->recent);
	buf_init(&o->key, ENCODED_MAX);
	buf_init(&o->value, ENCODED_MAX);
	buf_init(&o->headers, ENCODED_MAX);
	dead_letter_init(&o->dead);
}

void outbound_release(struct outbound *o)
{
	recent_targets_release(&o->recent);
	buf_release(&o->key);
	buf_release(&o->value);
	buf_release(&o->headers);
	dead_letter_release(&o->dead);
}

static struct slice subject_of(const struct output *output)
{
	switch (output->topic) {
	case OUTPUT_SUMMARY:
	case OUTPUT_SIMILAR:
	case OUTPUT_REVIEWS: return output->target.email;
	case OUTPUT_BOOKINGS: return output->booking.email;
	default: return (struct slice){NULL, 0};
	}
}

/* Whether the result is the very record's that is being handled, and that is settled. */
static bool straight(const struct outbound *o, enum output_topic topic)
{
	return o->settled_record && ((topic == OUTPUT_BOOKINGS && o->handling == INPUT_BOOKINGS) ||
				     (topic == OUTPUT_CATALOG && o->handling == INPUT_HOTEL));
}

void outbound_emit(void *ctx, const struct output *output)
{
	struct outbound *o = ctx;
	struct outbox_row row = {.partition = -1, .has_key = true, .has_value = true, .id = output->id};

	if (o->failure.class != ERR_NONE)
		return;
	if (o->rebuilding != NULL && rebuilding_leaves_out(o->rebuilding, output, straight(o, output->topic)))
		return;
	if (outputs_encode(o->outputs, output, &o->key, &o->value, &o->failure) != 0)
		return;
	row.seq = o->next_seq++;
	row.topic = slice_str(outputs_topic(o->outputs, output->topic));
	row.key = buf_view(&o->key);
	row.value = buf_view(&o->value);
	row.subject = subject_of(output);
	epoch_output(o->epoch, &row);
	o->rows++;
	if (output->topic == OUTPUT_SUMMARY)
		recent_targets_add(&o->recent, &output->target, clock_wall_ms(&o->clock));
}

void outbound_erase(void *ctx, struct slice email)
{
	struct outbound *o = ctx;

	recent_targets_erase(&o->recent, email);
	epoch_erase(o->epoch, email);
}

/* The same record gives the same id however often it is read again. */
static struct hash_id dead_letter_id(const struct message *m)
{
	char where[64];
	int n = snprintf(where, sizeof(where), "%d/%lld", m->partition, (long long)m->offset);
	struct slice parts[] = {SLICE_LITERAL("dead-letter"), slice_str(m->topic),
				slice_make(where, (size_t)n)};

	return hash_id_of(parts, 3);
}

/* The record's time is when it was written: with its own, the topic's retention
 * would soon eat what came from an old record, and brokers refuse one from the
 * future. A header keeps the original, and a replay gives it back. */
void outbound_dead_letter(struct outbound *o, const struct message *m, enum dead_letter_stage stage,
			  const struct err *why)
{
	struct outbox_row row = {
		.partition = -1,
		.timestamp_ms = 0,
		.key = m->key,
		.value = m->value,
		.has_key = m->has_key,
		.has_value = m->has_value,
		.topic = slice_str(o->dead_letter_topic),
	};

	row.id = dead_letter_id(m);
	if (o->failure.class != ERR_NONE)
		return;
	if (o->rebuilding != NULL &&
	    rebuilding_leaves_out_dead_letter(o->rebuilding, row.id, o->settled_record))
		return;
	if (dead_letter_headers(&o->dead, m, stage, why, &o->failure) != 0)
		return;
	buf_clear(&o->headers);
	for (size_t i = 0; i < o->dead.count; i++) {
		char *name = slice_dup(o->dead.headers[i].name);

		if (name != NULL)
			outbox_headers_add(&o->headers, name, o->dead.headers[i].value);
		free(name);
	}
	row.headers = buf_view(&o->headers);
	row.seq = o->next_seq++;
	epoch_output(o->epoch, &row);
	o->rows++;
}
