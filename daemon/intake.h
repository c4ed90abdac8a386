#ifndef RIVERD_INTAKE_H
#define RIVERD_INTAKE_H

/* The way in: messages from the source, through the decoder, into the
 * pipeline; every one of them ends up in exactly one count.
 *
 * drain() works in batches and is called again while there is more. Its turn ends
 * after a few milliseconds, also in the middle of a batch or of what a watermark
 * that jumped has to decide; the next one goes on there. It stops where the stream
 * must wait: for a writer schema that is not known yet, or for the committer
 * (back-pressure). Loop thread. */

#include "hotels/pipeline.h"
#include "wire/decoder.h"

struct app;

struct input_counts {
	uint64_t consumed, bytes;
	uint64_t dispositions[DISPOSITIONS];
	uint64_t dead[POISON_REASONS];
};

#define INTAKE_BATCH 1000

struct intake {
	struct app *app;
	const struct message *batch[INTAKE_BATCH];
	size_t at, count;    /* messages of the batch done, and in all */
	int64_t turn_end_ms; /* mono */
	bool waiting_schema;
	bool behind; /* the pipeline has more to decide before it needs another record */
	bool busy;   /* the next turn is not far */
	struct input_counts counts[INPUTS];
	int64_t silence_ms;	/* a broker that says nothing for longer is away */
	int64_t answered_ms;	/* mono: last fetch answer of any broker; HEALTH_NEVER */
	const char *last_topic; /* cache: topic pointers of the source repeat */
	enum input last_input;

	/* partition ends seen while a batch was not finished yet: told after it */
	struct {
		enum input input;
		int32_t partition;
		int64_t offset;
	} * ends;
	size_t end_count, end_size;
};

void intake_init(struct intake *i, struct app *app);
void intake_release(struct intake *i);

/* For kafka_wakeup: true when it wants to be called again. */
bool intake_drain(void *ctx);

/* A turn of the loop's begins; whether it was long enough, so that timers and HTTP
 * should have theirs. */
void intake_begin_turn(struct intake *i);
bool intake_turn_over(const struct intake *i);

/* Copies what the source knows of the partitions (fingerprints of the last
 * records, ends of the logs): before an epoch closes, and for health. */
void intake_refresh(struct intake *i);

/* The source's event: a partition was read to its end, everything below `offset`. */
void intake_end(struct intake *i, const char *topic, int32_t partition, int64_t offset);

#endif
