/* One history: a world, a while of trouble, calm, and the questions at the end. */

#include "store/outbox.h"
#include "test/scenario/calendar.h"
#include "test/sim/sim_kafka.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define HEALTHY_MS (400 * 1000)	       /* from the end of trouble: backoffs of 60 s, timeouts of 60 s */
#define QUIET_MS   (8 * CALENDAR_HOUR) /* for windows, grace and memory to pass */
#define STOP_MS	   (120 * 1000)

static void choose_faults(struct sim *s)
{
	static const unsigned few[] = {0, 0, 5, 30};
	struct sim_faults *f = &s->faults;

	if (sim_chance(s, 50))
		return; /* a quiet life */
	f->crash = (unsigned[]){0, 1, 4, 15}[sim_between(s, 0, 3)];
	f->power = (unsigned)sim_between(s, 0, 1000);
	f->freeze = sim_chance(s, 100) ? 1 : 0;
	f->twins = sim_chance(s, 100);
	f->losses = sim_chance(s, 100);
	f->call = few[sim_between(s, 0, 3)];
	f->commit = (unsigned[]){0, 20, 200, 500}[sim_between(s, 0, 3)];
	f->torn = sim_chance(s, 200) ? 50 : 0;
	f->write_error = sim_chance(s, 100) ? 2 : 0;
	f->fsync = sim_chance(s, 200) ? 10 : 0;
	f->strike = (unsigned[]){0, 20, 100, 300}[sim_between(s, 0, 3)];
	f->model = (unsigned)sim_between(s, 0, 300);
	f->registry = few[sim_between(s, 0, 3)];
}

/* Whether it ended before the time. */
static bool run_until(struct sim *s, bool (*done)(struct sim *s), int64_t limit_ms)
{
	int64_t until = s->now_ms + limit_ms;

	while (!s->error[0] && s->now_ms < until) {
		if (done && done(s))
			return true;
		if (!sim_step(s))
			return false;
		for (int i = 0; i < SIM_NODES; i++)
			node_look(&s->nodes[i]);
	}
	return false;
}

static const struct node *survivor(const struct sim *s)
{
	const struct node *a = &s->nodes[0], *b = &s->nodes[1];

	return a->retired || (node_healthy(b) && !node_healthy(a)) ? b : a;
}

static bool healthy(struct sim *s)
{
	return node_healthy(survivor(s));
}

static bool all_read(struct sim *s)
{
	const struct app *a = survivor(s)->app;

	if (!a || a->startup.step != STARTUP_DONE)
		return false;
	for (size_t i = 0; i < a->partitions.count; i++) {
		const struct input_partition *p = &a->partitions.items[i];
		const struct kafka_topic *t = kafka_find(s->kafka, p->position.topic);

		if (p->position.next_offset < t->logs[p->position.partition].next)
			return false;
	}
	return true;
}

static bool quiet(struct sim *s)
{
	const struct app *a = survivor(s)->app;
	struct pipeline_sizes z;

	if (s->nodes[0].app && s->nodes[1].app)
		return false; /* one of two has to notice the other, by its heartbeat at last */
	if (!healthy(s) || a->epochs.view.publisher.acked_seq != a->outbound.next_seq - 1 || !all_read(s) ||
	    !epochs_quiet(&a->epochs) || a->epochs.committing)
		return false;
	pipeline_sizes(a->pipeline, &z);
	return z.clicks_pending + z.targets_waiting_hotel + z.targets_waiting_answer +
		       z.bookings_waiting_hotel ==
	       0;
}

/* What holds the end up, for the message. */
static void not_done(struct sim *s)
{
	const struct app *a = survivor(s)->app;
	struct pipeline_sizes z = {0};

	if (a && a->pipeline)
		pipeline_sizes(a->pipeline, &z);
	sim_broken(s,
		   "not done %lld h after the trouble ended: %s, %s, %s (%llu of %llu), %zu clicks, %zu "
		   "targets without "
		   "hotel, %zu "
		   "without answer, %zu bookings",
		   (long long)(QUIET_MS / CALENDAR_HOUR), healthy(s) ? "healthy" : "not healthy",
		   all_read(s) ? "all read" : "not all read",
		   a && epochs_quiet(&a->epochs) ? "all published" : "not all published",
		   a ? (unsigned long long)a->epochs.view.publisher.acked_seq : 0,
		   a ? (unsigned long long)a->outbound.next_seq - 1 : 0, z.clicks_pending,
		   z.targets_waiting_hotel, z.targets_waiting_answer, z.bookings_waiting_hotel);
}

static bool none_runs(struct sim *s)
{
	return !s->nodes[0].app && !s->nodes[1].app;
}

/* ---- the end ---- */

static void check_database(struct sim *s, struct database *db)
{
	uint64_t waiting, lowest, highest;
	sqlite3_stmt *stmt = NULL;
	struct err err;

	if (outbox_waiting(db, &waiting, &lowest, &highest, &err) != 0 || waiting > 0)
		sim_broken(s, "rows are left in the outbox");
	if (sqlite3_prepare_v2(database_handle(db), "PRAGMA integrity_check", -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW || strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") != 0)
		sim_broken(s, "integrity_check: %s",
			   stmt ? (const char *)sqlite3_column_text(stmt, 0) : "impossible");
	sqlite3_finalize(stmt);
}

/* A transaction carries the offsets of all partitions, or none is worth anything. */
static void check_offsets(struct sim *s, const struct app *a)
{
	for (size_t i = 0; i < a->partitions.count && s->kafka->committed_count > 0; i++) {
		const struct position *p = &a->partitions.items[i].position;
		const struct kafka_offset *o = kafka_committed(s->kafka, p->topic, p->partition);

		if (!o)
			sim_broken(s, "the group has no offset for %s [%d]", p->topic, p->partition);
		else if (o->offset > p->next_offset)
			sim_broken(s, "the group's offset for %s [%d] is beyond what was read", p->topic,
				   p->partition);
	}
}

static void trace_counters(struct sim *s, const struct app *a)
{
	const struct pipeline_counters *c = pipeline_counters(a->pipeline);

#define X(name, help) sim_trace(s, "  %-28s %llu", #name, (unsigned long long)c->name);
	if (s->tracing) {
		PIPELINE_COUNTERS(X)
	}
#undef X
}

static void finish(struct sim *s)
{
	struct app *a;

	sim_strike_end(s);
	if (!run_until(s, healthy, HEALTHY_MS)) {
		sim_broken(s, "not healthy %d s after the trouble ended", HEALTHY_MS / 1000);
		return;
	}
	s->slow = true;
	if (!run_until(s, quiet, QUIET_MS)) {
		not_done(s);
		return;
	}
	a = survivor(s)->app;
	s->node = (struct node *)survivor(s);
	trace_counters(s, a);
	check_database(s, a->db);
	check_offsets(s, a);
	for (int i = 0; i < SIM_NODES; i++)
		s->nodes[i].retired = true; /* not started again */
	app_drain(a, 0);
	s->node = NULL;
	s->slow = false;
	if (!run_until(s, none_runs, STOP_MS))
		sim_broken(s, "does not stop");
	run_until(s, NULL, STOP_MS); /* what is still on its way in Kafka */
	if (!kafka_offsets_stable(s->kafka))
		sim_broken(s, "offsets are pending");
}

static void make(struct sim *s, struct world *world, uint64_t seed, const struct sim_options *options,
		 struct sim_counts *counts)
{
	*s = (struct sim){.seed = seed, .world = world, .tracing = options->tracing, .counts = counts};
	random_init(&s->random, seed);
	random_init(&s->entropy, ~seed);
	sim_set_current(s);
	sqlite3_randomness(0, NULL); /* begins anew, from the seed */
	sim_events_clear();
	world_make(world, seed, WORLD_IN_BOUNDS);
	/* Reviews may be younger than the clicks, never in the future. */
	s->wall_ms = world->highest - sim_between(s, 0, 1) * CALENDAR_MINUTE;
	s->kafka = kafka_new(s);
	for (int i = 0; i < SIM_NODES; i++)
		node_init(s, i, options->dir);
	s->nodes[1].retired = true;
	sim_input_fill(s);
	choose_faults(s);
	if (options->losses) {
		s->faults.losses = true;
		s->faults.model = 500; /* questions are open when it is killed in the rebuild */
		s->faults.crash += 4;
		sim_post(NULL, sim_between(s, 100, 30000), sim_strike_loss, s, 0);
	}
	if (options->twins) {
		s->faults.twins = true;
		s->faults.strike = 500;
		sim_post(NULL, sim_between(s, 100, 5000), sim_strike_twin, s, 0);
	}
}

bool sim_history(uint64_t seed, const struct sim_options *options, struct sim_counts *counts)
{
	static struct world world; /* large */
	static struct sim s;
	bool fine;

	make(&s, &world, seed, options, counts);
	node_start(&s.nodes[0]);
	sim_strike_begin(&s);
	run_until(&s, NULL, sim_between(&s, 1000, 40000));
	if (!s.error[0])
		finish(&s);
	if (!s.error[0])
		sim_check(&s);
	fine = !s.error[0];
	if (!fine)
		printf("seed %llu: %s\n", (unsigned long long)seed, s.error);
	for (int i = 0; i < SIM_NODES; i++)
		node_release(&s.nodes[i]);
	disk_release(&s.newest);
	disk_release(&s.backup);
	kafka_free(s.kafka);
	sim_set_current(NULL);
	return fine;
}
