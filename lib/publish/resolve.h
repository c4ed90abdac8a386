#ifndef RIVER_PUBLISH_RESOLVE_H
#define RIVER_PUBLISH_RESOLVE_H

/* The decision in the middle of the recovery path, as a pure function.
 *
 * publisher.c gathers what both stores say, after a new producer has fenced
 * every older one; this decides. Each refusal says in a sentence what happened and
 * what the operator can do. */

#include "base/err.h"
#include "publish/metadata.h"

#include <stdbool.h>
#include <stddef.h>

/* What the committed metadata of one input partition looked like. */
enum resolve_committed { COMMITTED_NONE, COMMITTED_OURS_TO_PARSE, COMMITTED_UNREADABLE };

struct resolve_partition {
	enum resolve_committed kind;
	struct metadata metadata; /* when OURS_TO_PARSE */
};

struct resolve_input {
	/* the database */
	const char *uuid;
	bool virgin; /* no epoch was ever committed */
	bool dirty;  /* an outcome was indefinite and has not been resolved since */
	uint64_t epoch, next_seq, acked_seq;
	const char *replaced; /* uuids of databases whose place it takes; NULL: nobody's */
	const char *lives;    /* those that may have published for it (publish/life.h); NULL: not recorded */
	/* Kafka */
	const struct resolve_partition *partitions;
	size_t partition_count;
	/* When this process has published already: nobody else may have. */
	bool running;
	uint64_t published_epoch, published_seq; /* last known committed; epoch 0: none */
	uint64_t attempt_epoch, attempt_seq;	 /* in flight when trouble came; epoch 0: none was */
	uint64_t shown_epoch, shown_seq;	 /* the last that Kafka itself showed: a commit that
						  * succeeded and was torn leaves it in place; epoch 0: none */
};

enum resolve_answer {
	RESOLVE_FRESH,	 /* nothing was ever published */
	RESOLVE_CONFIRM, /* rows up to held->seq are published; scan as a precaution when more wait */
	RESOLVE_SCAN,	 /* the outputs must be scanned to their end */
	RESOLVE_REFUSE,	 /* err says why; class ERR_REFUSED */
};

/* *held is the furthest metadata that Kafka holds, into `in`, or NULL. */
enum resolve_answer resolve_decide(const struct resolve_input *in, const struct metadata **held,
				   struct err *err);

/* A fact recorded at first start must be the same ever after. `stored` may be
 * NULL (first start). 0, or -1 with ERR_REFUSED. */
int resolve_identity(const char *name, const char *stored, const char *now, struct err *err);

#endif
