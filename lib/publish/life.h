#ifndef RIVER_PUBLISH_LIFE_H
#define RIVER_PUBLISH_LIFE_H

/* Which process published.
 *
 * Epoch and seq tell a database from an older copy of itself, but not from one
 * that went another way and counted as far. So every process draws a number, its
 * life, leaves it in the database before it publishes anything, and in the metadata
 * beside the offsets. What Kafka holds must then come from a life that the
 * database knows: the one that published last as of the last resolve(), or
 * the one that resolved. All before these are fenced.
 *
 * As long as no epoch was committed since, metadata keep the life that they
 * had: a database that was put back unchanged is no stranger. */

#include "publish/metadata.h"
#include "store/database.h"

struct publish_life {
	char own[METADATA_LIFE + 1]; /* empty until the first resolve */
	char held[METADATA_LIFE +
		  1];	     /* of what Kafka held at the last resolve; empty: nothing, or version 1 */
	uint64_t held_epoch; /* 0: nothing */
};

/* The lives that the database knows, owned by the caller. NULL: none recorded
 * yet, or err is set. */
char *life_known(struct database *db, struct err *err);

/* After a resolve, before anything is published: `held` is what Kafka holds
 * (NULL: nothing), `known` what life_known() said. 0, or -1 with err. */
int life_keep(struct publish_life *life, struct database *db, const struct metadata *held, const char *known,
	      struct err *err);

/* The life to be named beside offsets of that epoch; empty when lives are not kept. */
const char *life_of(const struct publish_life *life, uint64_t epoch);

#endif
