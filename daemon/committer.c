#include "daemon/committer.h"

#include "base/fault.h"

#include <stdlib.h>
#include <sys/statvfs.h>

#define WAL_LIMIT ((int64_t)32 << 20)
#define QUIET_MS  60000 /* a client not needed for so long is closed */

static void collect_outputs(struct committer *c)
{
	for (int i = 0; i < OUTPUTS; i++)
		if (c->settings->outputs[i].enabled)
			c->outputs[c->output_count++] = c->settings->outputs[i].topic;
	c->outputs[c->output_count++] = c->settings->dead_letter_topic;
}

static int open_clients(struct committer *c, const struct committer_options *options, struct err *err)
{
	struct sink_options sink = {
		.settings = options->producer,
		.reader_settings = options->consumer,
		.group = c->settings->group_id,
		.transactional_id = c->settings->transactional_id,
		.log = c->log,
	};
	struct publisher_options publisher = {
		.transactional_id = c->settings->transactional_id,
		.group_id = c->settings->group_id,
		.outputs = c->outputs,
		.output_count = c->output_count,
		.evidence = options->evidence,
		.rebuild = options->rebuild,
		.clock = clock_system(),
		.log = c->log,
	};

	c->sink = sink_new(&sink, err);
	if (c->sink == NULL)
		return -1;
	c->admin = sink_admin(c->sink);
	c->port = sink_port(c->sink);
	c->publisher = publisher_new(c->db, &c->port, &publisher, err);
	return c->publisher != NULL ? 0 : -1;
}

int committer_init(struct committer *c, struct loop *loop, struct database *db,
		   const struct settings *settings, const struct committer_options *options, struct log *log,
		   struct clock clock, struct err *err)
{
	*c = (struct committer){
		.db = db, .log = log, .clock = clock, .settings = settings, .wal_limit = WAL_LIMIT};
	for (int i = 0; i < INPUTS; i++)
		c->topics[i] = settings->inputs[i].topic;
	collect_outputs(c);
	if (open_clients(c, options, err) != 0)
		return -1;
	c->worker = worker_new(loop, "committer", err);
	return c->worker != NULL ? 0 : -1;
}

void committer_cancel(struct committer *c)
{
	sink_cancel(c->sink);
}

void committer_release(struct committer *c)
{
	if (c->publisher != NULL)
		publisher_free(c->publisher);
	if (c->sink != NULL)
		sink_free(c->sink);
	*c = (struct committer){0};
}

/* ---- survey ---- */

/* Outputs only: an input that riverd made would hide a mistyped name. */
static int create_topics(struct committer *c, struct err *err)
{
	struct admin_topic topics[OUTPUTS + 1];

	for (size_t i = 0; i < c->output_count; i++)
		topics[i] = (struct admin_topic){.name = c->outputs[i],
						 .partitions = (int32_t)c->settings->topics_partitions,
						 .replication = (int32_t)c->settings->topics_replication};
	return admin_create_topics(c->admin, topics, c->output_count, err);
}

/* Without a topic to write to, publishing would fail much later and less clearly. */
static int require_outputs(struct committer *c, struct err *err)
{
	int32_t counts[OUTPUTS + 1];

	if (admin_partitions(c->admin, c->outputs, c->output_count, counts, err) != 0)
		return -1;
	for (size_t i = 0; i < c->output_count; i++)
		if (counts[i] == 0)
			return err_set(
				err, ERR_RETRY, 0,
				"output topic %s does not exist: create it, or set topics.create = true",
				c->outputs[i]);
	return 0;
}

static void survey_run(struct job *job)
{
	struct survey_job *s = (struct survey_job *)job;
	struct committer *c = s->committer;

	err_clear(&s->err);
	if (c->settings->topics_create && create_topics(c, &s->err) != 0)
		return;
	if (require_outputs(c, &s->err) != 0)
		return;
	if (admin_partitions(c->admin, c->topics, INPUTS, s->counts, &s->err) == 0)
		err_clear(&s->err);
}

static void survey_done(struct job *job)
{
	struct survey_job *s = (struct survey_job *)job;

	s->done(s);
}

int committer_survey(struct committer *c, struct survey_job *job)
{
	job->committer = c;
	job->job.run = survey_run;
	job->job.done = survey_done;
	return worker_submit(c->worker, &job->job);
}

/* ---- connect ---- */

static int resolve(struct connect_job *k)
{
	struct publish_position *positions = calloc(k->count + 1, sizeof(*positions));
	int rc;

	if (positions == NULL)
		return err_set(&k->err, ERR_FATAL, 0, "out of memory");
	for (size_t i = 0; i < k->count; i++)
		positions[i] = (struct publish_position){
			.topic = k->positions[i].topic,
			.partition = k->positions[i].partition,
			.consumed = k->positions[i].next_offset,
			.replay_from = -1,
		};
	rc = publisher_resolve(k->committer->publisher, positions, k->count, &k->err);
	free(positions);
	return rc;
}

/* What the lost database can have read at most. */
static int end_of(struct committer *c, const struct position *p, int64_t *end, struct err *err)
{
	int64_t low;
	enum broker_verdict v = c->port.watermarks(c->port.ctx, p->topic, p->partition, &low, end, err);

	if (v == BROKER_OK)
		return 0;
	if (err->class != ERR_CONFIG && err->class != ERR_FATAL)
		err->class = ERR_RETRY;
	return -1;
}

/* Clicks are read again from where the lost database was
 * settled; everything else (hotels, customers, reviews, and the bookings that
 * reviews may name) from the first record kept. */
static int plan_replay(struct connect_job *k)
{
	struct committer *c = k->committer;

	for (size_t i = 0; i < k->count; i++) {
		struct position *p = &k->positions[i];
		struct connect_extra *x = &k->extras[i];

		if (rebuild_partition(c->db, p->topic, p->partition, &x->rebuilt_from, &k->err) != 0 ||
		    end_of(c, p, &x->rebuilt_until, &k->err) != 0)
			return -1;
		if (p->next_offset < 0 && x->rebuilt_from > 0 &&
		    strcmp(p->topic, c->topics[INPUT_CLICKSTREAM]) == 0)
			p->next_offset = x->rebuilt_from;
	}
	log_notice(c->log, "start", "rebuilding: looking through the output topics for what is published");
	if (rebuild_scan(&c->port, c->outputs, c->output_count, &k->rebuild, &k->err) != 0)
		return -1;
	log_notice(c->log, "start", "rebuilding: %zu results are published already", k->rebuild.held_count);
	if (k->rebuild.guided || k->rebuild.held_count == 0 || k->accept_loss)
		return 0;
	return err_set(&k->err, ERR_REFUSED, 0,
		       "rebuild: the group %s has no committed offsets of a lost database, but the outputs "
		       "hold results: targets at the edge of what the inputs still hold could be wrong. Name "
		       "the right group.id, or add --accept-loss to go on",
		       c->settings->group_id);
}

/* A booking that is gone could have cleared a click that is read again. */
static int verify_replay(struct connect_job *k)
{
	struct committer *c = k->committer;

	for (size_t i = 0; i < k->count; i++) {
		const struct position *p = &k->positions[i];

		if (p->last_offset >= 0 || p->next_offset <= k->extras[i].rebuilt_from || k->accept_loss ||
		    strcmp(p->topic, c->topics[INPUT_BOOKINGS]) != 0)
			continue;
		return err_set(&k->err, ERR_REFUSED, 0,
			       "rebuild: %s [%d] is needed from offset %lld and begins at %lld: retention "
			       "was shorter than the time without riverd. Add --accept-loss to go on without "
			       "those bookings: who made them may be written to",
			       p->topic, (int)p->partition, (long long)k->extras[i].rebuilt_from,
			       (long long)p->next_offset);
	}
	return 0;
}

static void look_up_settled(struct connect_job *k)
{
	k->settled_ms = k->rebuild.settled_ms;
	for (size_t i = 0; i < k->count; i++) {
		struct connect_extra *x = &k->extras[i];
		int64_t ms;

		publisher_settled(k->committer->publisher, k->positions[i].topic, k->positions[i].partition,
				  &x->settled_from, &ms);
		if (x->settled_from == 0)
			x->settled_from = x->rebuilt_from;
		if (ms > k->settled_ms)
			k->settled_ms = ms;
	}
}

static void connect_run(struct job *job)
{
	struct connect_job *k = (struct connect_job *)job;

	err_clear(&k->err);
	(void)fault_point("start.before_connect");
	if (k->resolve && resolve(k) != 0)
		return;
	if (k->resolve && rebuild_load(k->committer->db, &k->rebuild, &k->err) != 0)
		return;
	if (k->rebuild.active && plan_replay(k) != 0) {
		rebuild_release(&k->rebuild);
		return;
	}
	look_up_settled(k);
	if (verify_inputs(&k->committer->port, k->positions, k->count, k->accept_loss, k->committer->log,
			  &k->report, &k->err) == 0 &&
	    (!k->rebuild.active || verify_replay(k) == 0))
		err_clear(&k->err);
	else
		rebuild_release(&k->rebuild);
	(void)fault_point("start.after_verify");
}

static void connect_done(struct job *job)
{
	struct connect_job *k = (struct connect_job *)job;

	k->done(k);
}

int committer_connect(struct committer *c, struct connect_job *job)
{
	job->committer = c;
	job->job.run = connect_run;
	job->job.done = connect_done;
	return worker_submit(c->worker, &job->job);
}

/* ---- facts ---- */

static void facts_run(struct job *job)
{
	struct facts_job *f = (struct facts_job *)job;

	err_clear(&f->err);
	for (size_t i = 0; i < f->count; i++)
		if (database_fact_set(f->committer->db, f->facts[i][0], f->facts[i][1], &f->err) != 0)
			return;
}

static void facts_done(struct job *job)
{
	struct facts_job *f = (struct facts_job *)job;

	f->done(f);
}

int committer_facts(struct committer *c, struct facts_job *job)
{
	job->committer = c;
	job->job.run = facts_run;
	job->job.done = facts_done;
	return worker_submit(c->worker, &job->job);
}

/* ---- epochs ---- */

static void look(struct committer *c, struct committer_view *view)
{
	struct statvfs fs;
	uint64_t lowest, highest;
	struct err ignored;

	publisher_view(c->publisher, &view->publisher);
	if (outbox_waiting(c->db, &view->outbox_rows, &lowest, &highest, &ignored) != 0)
		view->outbox_rows = 0;
	database_size(c->db, &view->database_bytes, &view->wal_bytes);
	view->disk_free = view->disk_total = 0;
	if (statvfs(c->settings->state_path, &fs) == 0) {
		view->disk_free = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
		view->disk_total = (int64_t)fs.f_blocks * (int64_t)fs.f_frsize;
	}
}

/* "Stop at 5 % free disk": a full disk is a place one does not come back from by itself. */
static int check_space(const struct committer *c, struct err *err)
{
	struct statvfs fs;
	uint64_t percent;

	if (statvfs(c->settings->state_path, &fs) != 0 || fs.f_blocks == 0)
		return 0;
	percent = (uint64_t)fs.f_bavail * 100 / fs.f_blocks;
	if (percent >= (uint64_t)c->settings->min_free_percent)
		return 0;
	return err_set(
		err, ERR_RETRY, 0,
		"%llu %% of the disk of %s is free, state.min_free_percent asks for %lld %%: make room; "
		"nothing is lost meanwhile",
		(unsigned long long)percent, c->settings->state_path,
		(long long)c->settings->min_free_percent);
}

static int commit(struct epoch_job *e)
{
	struct committer *c = e->committer;
	int64_t start = clock_mono_ms(&c->clock);
	struct err err;

	if (check_space(c, &e->commit_err) != 0)
		return -1;
	if (checkpoint_commit(c->db, e->epoch, &e->commit_err) != 0)
		return -1;
	err_clear(&e->commit_err);
	e->commit_ms = clock_mono_ms(&c->clock) - start;
	if (checkpoint_wal(c->db, c->wal_limit, &err) != 0)
		log_warn(c->log, "store", "%s", err.text);
	return 0;
}

static void publish(struct epoch_job *e)
{
	struct committer *c = e->committer;
	int64_t start = clock_mono_ms(&c->clock);
	uint64_t number = e->epoch != NULL ? e->epoch->number : e->last_epoch;
	int rc = publisher_step(c->publisher, number, e->positions, e->position_count, &e->publish_err);

	if (rc == 0 && e->confirm)
		rc = publisher_confirm(c->publisher, e->positions, e->position_count, &e->publish_err);
	if (rc == 0 && e->rest)
		rc = publisher_rest(c->publisher, e->positions, e->position_count, &e->publish_err);
	if (rc == 0)
		err_clear(&e->publish_err);
	e->publish_ms = clock_mono_ms(&c->clock) - start;
}

static void epoch_run(struct job *job)
{
	struct epoch_job *e = (struct epoch_job *)job;

	err_clear(&e->commit_err);
	err_clear(&e->publish_err);
	e->commit_ms = e->publish_ms = 0;
	if (e->epoch == NULL || commit(e) == 0)
		if (e->publish)
			publish(e);
	sink_rest(e->committer->sink, QUIET_MS);
	look(e->committer, &e->view);
}

static void epoch_done(struct job *job)
{
	struct epoch_job *e = (struct epoch_job *)job;

	e->done(e);
}

int committer_epoch(struct committer *c, struct epoch_job *job)
{
	job->committer = c;
	job->job.run = epoch_run;
	job->job.done = epoch_done;
	return worker_submit(c->worker, &job->job);
}
