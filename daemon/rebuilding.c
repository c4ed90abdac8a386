#include "daemon/rebuilding.h"

#include "daemon/app.h"

int rebuilding_init(struct rebuilding *r, struct database *db, struct err *err)
{
	struct rebuild plan;

	if (rebuild_load(db, &plan, err) != 0)
		return -1;
	r->expected = plan.active;
	return 0;
}

void rebuilding_release(struct rebuilding *r)
{
	rebuild_release(&r->plan);
}

void rebuilding_take(struct rebuilding *r, struct connect_job *job)
{
	if (!job->rebuild.active)
		return;
	rebuild_release(&r->plan);
	r->plan = job->rebuild;
	job->rebuild = (struct rebuild){0};
}

bool rebuilding_leaves_out(struct rebuilding *r, const struct output *output, bool settled_record)
{
	bool out = false;

	if (!r->plan.active)
		return false;
	switch (output->topic) {
	case OUTPUT_SUMMARY:
	case OUTPUT_SIMILAR:
	case OUTPUT_REVIEWS: out = output->target.activity_time.ms < r->plan.settled_ms; break;
	case OUTPUT_BOOKINGS:
	case OUTPUT_CATALOG: out = settled_record; break;
	case OUTPUTS: break;
	}
	out = out || rebuild_holds(&r->plan, output->id);
	r->left_out += out;
	return out;
}

bool rebuilding_leaves_out_dead_letter(struct rebuilding *r, struct hash_id id, bool settled_record)
{
	bool out = r->plan.active && (settled_record || rebuild_holds(&r->plan, id));

	r->left_out += out;
	return out;
}

static void saved(struct facts_job *job)
{
	struct app *a = job->ctx;
	struct rebuilding *r = &a->rebuilding;

	r->saving = false;
	if (job->job.abandoned || job->err.class != ERR_NONE)
		return; /* the next commit tries again, or the next start */
	log_notice(a->log, "start",
		   "rebuilt: everything the lost database had read is settled, %llu results "
		   "were published already",
		   (unsigned long long)r->left_out);
	rebuild_release(&r->plan);
}

void rebuilding_consider(struct app *a)
{
	static const char *const done[1][2] = {{REBUILD_DONE, "1"}};
	struct rebuilding *r = &a->rebuilding;

	if (!r->plan.active || r->saving || a->startup.step != STARTUP_DONE)
		return;
	for (size_t i = 0; i < a->partitions.count; i++)
		if (a->partitions.items[i].settled_from < a->partitions.items[i].rebuilt_until)
			return;
	r->saving = true;
	r->job = (struct facts_job){.done = saved, .ctx = a, .facts = done, .count = 1};
	if (committer_facts(&a->committer, &r->job) != 0)
		r->saving = false;
}
