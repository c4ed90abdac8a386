#ifndef RIVER_PUBLISH_REBUILD_H
#define RIVER_PUBLISH_REBUILD_H

/* A new database in place of one that is lost (`riverd run --rebuild`).
 *
 * What the lost one left in Kafka says where to begin: the metadata beside the
 * committed offsets name, per partition, the first offset that was not settled
 * yet (everything in front of it has been published, as far as it gave
 * anything), and a time before which every target is settled. The output topics
 * say which results exist, by their riverd-id. So:
 *
 *   plan    read from the metadata, kept as facts of the new database
 *   replay  the inputs again, through the same pipeline
 *   emit    what is not settled by the plan and not in the outputs
 *
 *   no plan ──begin──► active ──(nothing that was there is unsettled)──► done
 *
 * While it is active every start looks through the outputs again. */

#include "base/hash.h"
#include "publish/broker.h"
#include "publish/publisher.h"
#include "publish/resolve.h"

struct rebuild {
	bool active;
	bool guided;	      /* the lost database left metadata */
	int64_t settled_ms;   /* event time: targets of clicks before it are settled */
	struct hash_id *held; /* owned; sorted: ids that the outputs hold */
	size_t held_count, held_cap;
};

/* Makes the plan from what Kafka holds and writes it into the database.
 * `partitions` are those of `positions`. */
int rebuild_begin(struct database *db, const struct publish_position *positions,
		  const struct resolve_partition *partitions, size_t count, struct err *err);

/* Whose place the database takes: their uuids, one after the other ("" when
 * they left nothing); NULL when it takes nobody's. Owned. */
char *rebuild_replaced(struct database *db, struct err *err);

/* The plan, without `held`. Not active when there is none or it is done. */
int rebuild_load(struct database *db, struct rebuild *out, struct err *err);

/* What the plan says of a partition: records before *settled are settled. 0 when
 * it says nothing. */
int rebuild_partition(struct database *db, const char *topic, int32_t partition, int64_t *settled,
		      struct err *err);

/* Fills `held` from the output topics, whole. ERR_RETRY, ERR_CONFIG, ERR_FATAL. */
int rebuild_scan(const struct broker_port *broker, const char *const *outputs, size_t count,
		 struct rebuild *rebuild, struct err *err);

bool rebuild_holds(const struct rebuild *rebuild, struct hash_id id);

void rebuild_release(struct rebuild *rebuild);

/* The name of the fact that says "1" when the plan is done. */
#define REBUILD_DONE "rebuild.done"

#endif
