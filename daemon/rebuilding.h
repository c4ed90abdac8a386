#ifndef RIVERD_REBUILDING_H
#define RIVERD_REBUILDING_H

/* While the state of a lost database is made anew (publish/rebuild.h): what is
 * read again gives its results again, and those that the outputs hold, or that
 * the plan calls settled, are left out. Loop thread. */

#include "daemon/committer.h"

struct app;

struct rebuilding {
	bool expected;	     /* the database has a plan: the state waits until it is taken over */
	struct rebuild plan; /* owned */
	uint64_t left_out;   /* results not emitted, since they were published already */
	bool saving;
	struct facts_job job;
};

void rebuilding_release(struct rebuilding *r);

/* At the start, while the database is still ours. */
int rebuilding_init(struct rebuilding *r, struct database *db, struct err *err);

/* Takes the plan over from the job. */
void rebuilding_take(struct rebuilding *r, struct connect_job *job);

/* Whether the result must not be emitted. `settled_record`: it comes straight
 * from a record that the plan calls settled. */
bool rebuilding_leaves_out(struct rebuilding *r, const struct output *output, bool settled_record);
bool rebuilding_leaves_out_dead_letter(struct rebuilding *r, struct hash_id id, bool settled_record);

/* After a commit: ends the rebuild when nothing that the lost database had read is unsettled. */
void rebuilding_consider(struct app *a);

#endif
