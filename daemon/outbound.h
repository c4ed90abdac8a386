#ifndef RIVERD_OUTBOUND_H
#define RIVERD_OUTBOUND_H

/* Where results leave the pipeline: encoded, numbered, put into the epoch that
 * is being filled. Also dead letters, and the erasure of what was not yet
 * delivered. Loop thread. */

#include "base/clock.h"
#include "daemon/recent_targets.h"
#include "hotels/outputs.h"
#include "store/checkpoint.h"
#include "wire/dead_letter.h"

struct rebuilding;

struct outbound {
	struct outputs *outputs;       /* borrowed; NULL until the schemas are known */
	struct epoch *epoch;	       /* borrowed; the one being filled */
	const char *dead_letter_topic; /* borrowed */
	struct clock clock;
	uint64_t next_seq;
	uint64_t rows; /* put into epochs since the start */
	struct recent_targets recent;
	struct err failure; /* class ERR_NONE, or why riverd must stop: a result could not be kept */
	struct buf key, value, headers;
	struct dead_letter dead;
	struct rebuilding *rebuilding; /* borrowed; NULL: none */
	enum input handling;	       /* in a rebuild: which input's record the pipeline has */
	bool settled_record;	       /* and whether the lost database had settled it */
};

void outbound_init(struct outbound *o, struct clock clock, const char *dead_letter_topic);
void outbound_release(struct outbound *o);

/* The pipeline's ports (ctx is the struct outbound). */
void outbound_emit(void *ctx, const struct output *output);
void outbound_erase(void *ctx, struct slice email);

/* The message as it came, with the reason in headers. */
void outbound_dead_letter(struct outbound *o, const struct message *m, enum dead_letter_stage stage,
			  const struct err *why);

#endif
