#ifndef RIVERD_STARTUP_H
#define RIVERD_STARTUP_H

/* From "the loop runs" to "all topics are read", step by step. Each step may
 * have to wait for somebody (registry, brokers): it says so at a sane rate and
 * tries again; nothing is lost by waiting.
 *
 *   TYPES      how HOTEL_BOOKINGS writes dates and prices: from the facts, the
 *              registry, or the default
 *   OUTPUTS    output schemas registered or looked up; their ids
 *   SURVEY     topics created if allowed, partitions of the inputs counted
 *   CONNECT    outbox resolved with Kafka, inputs verified
 *   DIMENSIONS hotel, customer and review topics read to their end
 *   DONE       all topics are read; new partitions are looked for from now on
 */

#include "daemon/committer.h"
#include "wire/schema_registry.h"

struct app;

enum startup_step {
	STARTUP_TYPES,
	STARTUP_OUTPUTS,
	STARTUP_SURVEY,
	STARTUP_CONNECT,
	STARTUP_DIMENSIONS,
	STARTUP_DONE,
	STARTUP_STEPS
};
const char *startup_step_text(enum startup_step step);

#define STARTUP_FACTS_MAX 64

struct startup {
	struct app *app;
	int step; /* enum startup_step */
	struct loop_timer *again;
	int64_t pause_ms;
	char waiting_for[160]; /* what the step waits for; empty when it does not */

	/* TYPES, OUTPUTS */
	struct registry_request request;
	int asking; /* which subject of TYPES; output * OUTPUT_PARTS + part in OUTPUTS */
	int date_type, price_type;
	bool registry_away; /* it did not answer in this start: remembered ids are taken without asking */
	int32_t ids[OUTPUTS][2];
	char *facts[STARTUP_FACTS_MAX][2]; /* owned; known from the database, and new ones */
	size_t fact_count, facts_saved;
	const char *to_save[STARTUP_FACTS_MAX][2];
	struct facts_job facts_job;

	struct survey_job survey;
	bool surveying;
	bool assign_later;
	struct connect_job connect;
	int64_t look_after_ms; /* mono: no survey of a running daemon before */
};

/* Reads the remembered facts; before the committer has the database. */
int startup_init(struct startup *s, struct app *app, struct err *err);
void startup_release(struct startup *s);

void startup_begin(struct startup *s);

/* After each batch: are the dimension topics at their end? */
void startup_progress(struct startup *s);

/* Now and then: have partitions or topics come? */
void startup_look(struct startup *s);

/* ---- for the steps themselves ---- */

void startup_next(struct startup *s);
/* The step could not be done: says why and tries again after a pause. Errors
 * that waiting cannot mend end the daemon. */
void startup_wait(struct startup *s, const struct err *err, int64_t at_least_ms);

/* Remembered facts (startup_facts.c). get: borrowed or NULL. put: kept, and
 * written to the database by startup_facts_save. */
int startup_facts_load(struct startup *s, struct err *err);
const char *startup_fact(const struct startup *s, const char *name);
int startup_fact_put(struct startup *s, const char *name, const char *value);
void startup_facts_save(struct startup *s);

/* Whether the types of HOTEL_BOOKINGS are known, so that the pipeline can be made. */
bool startup_types_known(const struct startup *s);

#endif
