#ifndef RIVER_TEST_SIM_H
#define RIVER_TEST_SIM_H

/* The simulator: riverd's own daemon, pipeline, store and publisher in a world
 * where time, disk, Kafka, registry and model are made of one seed.
 *
 * What is real: everything in daemon/ that decides anything (app, startup,
 * intake, outbound, epochs, committer), lib/hotels, lib/store on SQLite,
 * lib/publish, the decoders. What is not: the floors that meet the world. The
 * loop and the worker (sim_loop.c), SQLite's VFS (sim_disk.c), the consumer
 * (sim_source.c), the producer (sim_sink.c) and the cluster behind both
 * (sim_kafka.c), registry and model (sim_clients.c) are replaced when the
 * program is linked.
 *
 * Time is virtual and jumps from event to event. The committer's job is a
 * coroutine: it gives way in every call that would block, so that crashes,
 * delayed requests and another process fall between any two of its steps. */

#include "base/random.h"
#include "daemon/app.h"
#include "test/scenario/world.h"
#include "test/sim/sim_disk.h"

#include <stdio.h>

#define SIM_NODES 2 /* a second one only when the first one's disk was copied */

struct sim;
struct sim_kafka;

/* A process, or the place where one will be started. */
struct node {
	int number;
	struct app *app; /* NULL: not running */
	struct settings settings;
	struct log *log;
	struct disk disk;
	char path[96];	  /* of the database */
	unsigned life;	  /* events of earlier lives never fire */
	bool dead;	  /* killed: what its code still does has no effect */
	bool stopped;	  /* its loop ended */
	bool retired;	  /* is not started any more */
	bool refused;	  /* by its last start */
	bool sync_failed; /* in this life */
	bool rebuild;	  /* its next start is with --rebuild */
	bool created;	  /* its database was opened once: there is something to back up */
	bool lost;	  /* its database was lost once */
	bool announced;	  /* and the operator said --rebuild, once */
	bool restored;	  /* runs, or tries to, on an older copy of its database */
	int exits;
	int64_t thaw_ms; /* frozen until then */
};

/* How likely each trouble is, in a thousandth per opportunity. */
struct sim_faults {
	unsigned crash;		     /* per step of the committer */
	unsigned freeze;	     /* per step of the committer */
	bool losses;		     /* the database may be lost, for --rebuild */
	bool twins;		     /* somebody copies the disk and starts a second process */
	unsigned power;		     /* of crashes: as power loss */
	unsigned call;		     /* per broker call */
	unsigned commit, torn;	     /* per commit */
	unsigned write_error, fsync; /* per write, per sync */
	unsigned strike;	     /* per second: something from outside, see sim_strike.c */
	unsigned model;		     /* per question: an answer that takes its time */
	unsigned registry;	     /* per request */
};

struct sim_counts {
	uint64_t lives, crashes, power_losses, freezes, outages, stops, expiries, restores, twins, losses;
	uint64_t refused, disk_full, fsync_errors, indefinite, delayed, torn, events, fenced;
	uint64_t targets, bookings, dead_letters;
};

struct sim {
	uint64_t seed;
	uint64_t steps;	       /* events fired; a history that needs too many has failed */
	struct random random;  /* the course of events */
	struct random entropy; /* what the program takes for random bytes */
	int64_t now_ms;	       /* mono */
	int64_t wall_ms;       /* wall clock at now_ms 0 */
	struct sim_faults faults;
	bool calm; /* no new trouble */
	bool tracing;
	bool slow; /* timers come late: nothing is going on */
	struct world *world;
	struct sim_kafka *kafka;
	struct node nodes[SIM_NODES];
	struct node *node;  /* whose code runs; NULL: the world's */
	struct disk newest; /* while an older copy is in place */
	struct disk backup;
	bool has_backup, has_newest, disk_was_full;
	int64_t model_away_ms; /* until then no answers */
	bool cloned;	       /* two processes were started on copies of one database */
	unsigned poison;       /* records that must become dead letters */
	struct sim_counts *counts;
	char error[600]; /* the first thing that broke; empty: none */
};

/* The one that runs. Programs linked against the replaced floors find it here. */
struct sim *sim_current(void);
void sim_set_current(struct sim *s);

bool sim_chance(struct sim *s, unsigned thousandth);
int64_t sim_between(struct sim *s, int64_t low, int64_t high);
void sim_trace(struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sim_broken(struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct clock sim_clock(void);

/* ---- events (sim_loop.c) ---- */

typedef void (*sim_fire)(void *ctx, uint64_t arg);

/* For a node: it fires only in this life and while it is not frozen. */
void sim_post(struct node *node, int64_t delay_ms, sim_fire fire, void *ctx, uint64_t arg);
/* Takes back every event with that ctx. */
void sim_forget(const void *ctx);
/* Fires the next event. False when there is none. One event too many breaks the history. */
bool sim_step(struct sim *s);
void sim_events_clear(void);

/* From the committer's job: lets time pass. Elsewhere, and in the dead, it returns at once. */
void sim_sleep(int64_t ms);
/* Ends the committer's job of a node that was killed. */
void sim_worker_reap(struct node *n);

/* ---- processes (sim_node.c) ---- */

void node_init(struct sim *s, int number, const char *dir);
void node_release(struct node *n);
void node_start(struct node *n);
/* SIGKILL, or the plug. */
void node_kill(struct node *n, bool power);
/* After each event: a loop that ended, a process to be started again. */
void node_look(struct node *n);
/* The disk is gone; the operator puts an empty one in and starts with --rebuild. */
void node_lose(struct node *n);
bool node_healthy(const struct node *n);

/* ---- the world ---- */

void sim_input_fill(struct sim *s); /* the world's logs into Kafka's inputs */
/* Something from outside, chosen by the seed (sim_strike.c). */
void sim_strike_begin(struct sim *s);
void sim_strike_end(struct sim *s);
/* Clones the database of the first process. */
void sim_strike_twin(void *sim, uint64_t unused);
/* Its disk is lost. */
void sim_strike_loss(void *sim, uint64_t unused);
void sim_check(struct sim *s); /* what a reader of the outputs sees (sim_check.c) */

struct sim_options {
	bool tracing;
	bool losses;	 /* in every history the database is lost */
	bool twins;	 /* in every history the database is cloned, if there is trouble at all */
	const char *dir; /* for the placeholder and lock files of the databases */
};
/* One history. Returns whether everything held; the reason is printed. */
bool sim_history(uint64_t seed, const struct sim_options *options, struct sim_counts *counts);

#endif
