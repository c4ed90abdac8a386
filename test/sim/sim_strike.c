/* Trouble from outside: now and then, until the history is calm. */

#include "test/sim/sim_kafka.h"

#include <string.h>

static void space_again(void *ctx, uint64_t arg)
{
	(void)arg;
	((struct node *)ctx)->disk.full = false;
}

static void stop(struct sim *s, struct node *n)
{
	if (!n->app)
		return;
	sim_trace(s, "SIGTERM to %c", "AB"[n->number]);
	s->counts->stops++;
	s->node = n;
	app_drain(n->app, 0);
	s->node = NULL;
}

static void freeze(struct sim *s, struct node *n)
{
	int64_t ms = sim_between(s, 100, sim_chance(s, 500) ? 3000 : 90000);

	sim_trace(s, "%c is frozen for %lld ms", "AB"[n->number], (long long)ms);
	s->counts->freezes++;
	n->thaw_ms = s->now_ms + ms;
}

static void outage(struct sim *s)
{
	int64_t ms = sim_between(s, 100, sim_chance(s, 700) ? 5000 : 120000);

	sim_trace(s, "Kafka is away for %lld ms", (long long)ms);
	s->counts->outages++;
	s->kafka->down_until_ms = s->now_ms + ms;
}

static void expire(struct sim *s)
{
	sim_trace(s, "the group's offsets are gone");
	s->counts->expiries++;
	s->kafka->committed_count = 0;
}

static void fill_disk(struct sim *s, struct node *n)
{
	sim_trace(s, "the disk of %c is full", "AB"[n->number]);
	s->counts->disk_full++;
	s->disk_was_full = true;
	n->disk.full = true;
	sim_post(NULL, sim_between(s, 500, 20000), space_again, n, 0);
}

/* A backup is what a snapshot of the disk holds. One without a database in it would be
 * the database lost, unannounced: with the group's offsets gone as well, nobody can know. */
static void back_up(struct sim *s, struct node *n)
{
	if (!n->created || s->has_newest || n->restored || n->lost || s->cloned)
		return;
	sim_trace(s, "backup");
	disk_copy(&s->backup, &n->disk, n->path, n->path);
	s->has_backup = true;
}

static void restore(struct sim *s, struct node *n)
{
	if (!s->has_backup || s->has_newest || n->restored || n->lost || s->cloned)
		return;
	node_kill(n, false);
	sim_trace(s, "an older copy of the database is put back");
	s->counts->restores++;
	disk_copy(&s->newest, &n->disk, n->path, n->path);
	disk_copy(&n->disk, &s->backup, n->path, n->path);
	n->restored = s->has_newest = true;
}

/* Retention takes what every copy of the database has read already. */
static void retention(struct sim *s)
{
	for (int i = 0; i < s->kafka->committed_count && !s->has_backup && !s->cloned && !s->faults.losses;
	     i++) {
		const struct kafka_offset *o = &s->kafka->committed[i];
		struct kafka_log *log = &kafka_find(s->kafka, o->topic)->logs[o->partition];

		if (sim_chance(s, 500) && o->offset > log->low)
			log->low = sim_between(s, log->low, o->offset);
	}
}

void sim_strike_loss(void *sim, uint64_t unused)
{
	struct sim *s = sim;
	struct node *n = &s->nodes[0];

	(void)unused;
	if (s->calm || !s->faults.losses || s->cloned || n->restored || s->has_newest)
		return;
	sim_trace(s, "the database of A is lost");
	s->counts->losses++;
	s->has_backup = false;
	node_lose(n);
}

/* A virtual machine is cloned, and the clone is started as well. */
void sim_strike_twin(void *sim, uint64_t unused)
{
	struct sim *s = sim;
	struct node *a = &s->nodes[0], *b = &s->nodes[1];

	(void)unused;
	if (s->calm || s->nodes[0].lost || !s->faults.twins || s->cloned || a->restored || s->has_newest)
		return;
	sim_trace(s, "the disk of A is copied, and B started from it");
	s->counts->twins++;
	s->cloned = true;
	s->has_backup = false;
	disk_copy(&b->disk, &a->disk, a->path, b->path);
	b->retired = false;
	node_start(b);
}

static void strike(struct sim *s)
{
	struct node *n = &s->nodes[s->cloned ? sim_between(s, 0, 1) : 0];

	if (n->retired)
		return;
	switch (sim_between(s, 0, 15)) {
	case 0:
	case 1:
	case 2: node_kill(n, false); break;
	case 3:
	case 4: node_kill(n, true); break;
	case 5: stop(s, n); break;
	case 6: freeze(s, n); break;
	case 7: outage(s); break;
	case 8: expire(s); break;
	case 9: fill_disk(s, n); break;
	case 10: back_up(s, n); break;
	case 11: restore(s, n); break;
	case 12: retention(s); break;
	case 14: sim_strike_loss(s, 0); break;
	case 13: sim_strike_twin(s, 0); break;
	default: s->model_away_ms = s->now_ms + sim_between(s, 1000, 100000);
	}
}

static void second(void *ctx, uint64_t arg)
{
	struct sim *s = ctx;

	(void)arg;
	if (s->calm)
		return;
	if (sim_chance(s, s->faults.strike))
		strike(s);
	sim_post(NULL, sim_between(s, 1, 1000), second, s, 0);
}

void sim_strike_begin(struct sim *s)
{
	sim_post(NULL, sim_between(s, 1, 1000), second, s, 0);
}

/* The world is kind from now on; what is under way goes its way. */
void sim_strike_end(struct sim *s)
{
	s->calm = true;
	s->kafka->down_until_ms = 0;
	s->model_away_ms = 0;
	for (int i = 0; i < SIM_NODES; i++) {
		s->nodes[i].disk.full = false;
		if (s->nodes[i].thaw_ms > s->now_ms)
			s->nodes[i].thaw_ms = s->now_ms;
	}
	sim_trace(s, "calm");
}
