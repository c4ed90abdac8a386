#ifndef RIVER_DAEMON_WORLD_TOPICS_H
#define RIVER_DAEMON_WORLD_TOPICS_H

/* Creates topics for generated data, blocking. */

#include "base/err.h"

#include <stddef.h>

/* Topics that exist already are left as they are. New ones keep everything
 * (retention.ms=-1: the history is older than the usual week) and accept
 * record timestamps of any time (message.timestamp.after.max.ms: brokers from
 * 4.0 on refuse those more than an hour ahead, which a poisoned record has).
 * ERR_RETRY when brokers cannot be reached, ERR_CONFIG when they refuse. */
int world_topics_create(const char *brokers, const char *const *properties, const char *const *topics,
			size_t count, int partitions, int replication, struct err *err);

#endif
