#ifndef RIVERD_PARTITIONS_H
#define RIVERD_PARTITIONS_H

/* The input partitions and where each stands: what the next epoch will say of
 * them. The source reads ahead of this; only a record that the pipeline has
 * taken moves a position. Loop thread. */

#include "daemon/replay.h"
#include "hotels/pipeline.h"
#include "store/checkpoint.h"

struct input_partition {
	enum input input;
	struct position position;
	int64_t end;	     /* high watermark as last heard, -1: not yet */
	int64_t low;	     /* low watermark as last heard, -1: not yet */
	int64_t seen_offset; /* position at the last look, to notice progress */
	int64_t progress_ms; /* mono: when the position last moved, or it was last seen without lag */
	struct replay replay;
	int64_t settled_from;  /* as of the last epoch closed: records before it are settled */
	int64_t rebuilt_from;  /* in a rebuild: settled by the lost database */
	int64_t rebuilt_until; /* in a rebuild: where it ended as of this start */
	bool assigned;	       /* handed to the source */
	bool reached_end;      /* read to its end at least once since the start */
	bool at_end; /* the pipeline was told that it is read to its end, and not that it is behind */
};

struct partitions {
	struct input_partition *items; /* by input, then by partition number */
	size_t count;
	int *index[INPUTS]; /* partition number -> place in items, -1: none */
	int32_t index_size[INPUTS];
	const char *topics[INPUTS]; /* borrowed from the settings */
};

void partitions_init(struct partitions *p, const char *const topics[INPUTS]);
void partitions_release(struct partitions *p);

/* The input that reads `topic`, or -1. */
int partitions_input(const struct partitions *p, const char *topic);

/* The partition, or NULL when it is not known. */
struct input_partition *partitions_find(const struct partitions *p, enum input input, int32_t partition);

/* Adds one (next_offset as given); harmless when known. NULL when out of
 * memory. Pointers into `items` are invalid afterwards. */
struct input_partition *partitions_add(struct partitions *p, enum input input, int32_t partition,
				       int64_t next_offset);

/* From the last checkpoint. Positions of topics that are no longer an input
 * are left out. */
int partitions_restore(struct partitions *p, const struct position *positions, size_t count, struct err *err);

/* Records still to be read, -1 when that is not known. What was last heard of the end may be older
 * than the position. */
int64_t partition_lag(const struct input_partition *p);

/* Whether every assigned partition of the changelog and review topics was read to its end. */
bool partitions_dimensions_at_end(const struct partitions *p);
bool partitions_is_dimension(enum input input);

#endif
