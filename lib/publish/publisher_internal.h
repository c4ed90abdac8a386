#ifndef RIVER_PUBLISH_PUBLISHER_INTERNAL_H
#define RIVER_PUBLISH_PUBLISHER_INTERNAL_H

/* What publisher.c (life, the step), transaction.c, evidence.c and recover.c
 * share. */

#include "publish/life.h"
#include "publish/metadata.h"
#include "publish/publisher.h"
#include "publish/resolve.h"
#include "store/outbox.h"

/* A pair that names one committed transaction of ours; epoch 0: none. */
struct publish_mark {
	uint64_t epoch, seq;
};

struct publisher {
	struct database *db;
	struct broker_port broker;
	struct publisher_options options;
	int state; /* enum publisher_state */
	struct err refusal;

	bool running;		     /* resolved once in this process */
	bool rested;		     /* nothing was sent since Kafka has shown all that was */
	bool dirty;		     /* an outcome was indefinite; also a fact in the database */
	struct publish_mark held;    /* what Kafka holds, as far as we know */
	struct publish_mark shown;   /* the last that Kafka itself has shown */
	struct publish_mark attempt; /* of the transaction under way */
	struct publish_life life;
	bool unwitnessed;   /* `held` is what a commit returned; Kafka has not shown it yet */
	uint64_t sent_seq;  /* rows above are to be sent; 0 after a resolve: all that are left */
	uint64_t acked_seq; /* proven, and confirmed in the database or about to be */
	uint64_t
		settled_seq; /* given out as of the last resolve: of these, what does not wait is published */
	unsigned fenced_in_a_row;

	int64_t last_offsets_ms; /* mono */
	int64_t used_ms;	 /* mono: when the producer was opened, or the last transaction committed */
	bool offsets_wanted;	 /* Kafka lacks our metadata: send them now */
	uint32_t offsets_sum;	 /* of the positions last sent */

	/* Output positions acknowledged by transactions not yet confirmed. */
	struct outbox_sent *sent; /* topics owned */
	size_t sent_count;

	/* What was said when nothing was left to be sent: true whatever comes later. */
	struct publish_position *settled; /* topics owned */
	size_t settled_count;

	struct publisher_view view;
};

int64_t publisher_now(const struct publisher *p);
void publisher_move(struct publisher *p, int state);

/* Ends whatever is open and leaves the publisher UNRESOLVED. Returns -1 with the class of err
 * that the caller of publisher_step() is to see. `committing`: an EndTxn may be on
 * its way, so the outcome is unknown. */
int publisher_give_up(struct publisher *p, enum broker_verdict verdict, bool committing, struct err *err);
/* The class for the outside world, without touching the state. */
int publisher_trouble(enum broker_verdict verdict, struct err *err);

/* recover.c: remembers in the database that an outcome is unknown. */
int publisher_mark_dirty(struct publisher *p, bool dirty, struct err *err);

/* transaction.c: one transaction with rows above sent_seq, or, with
 * offsets_only, none. *rows says how many. Nothing is begun when there are none. */
int transaction_run(struct publisher *p, uint64_t epoch, const struct publish_position *positions,
		    size_t count, bool offsets_only, size_t *rows, struct err *err);
uint32_t transaction_offsets_sum(const struct publish_position *positions, size_t count);

/* evidence.c: the committed metadata of all partitions, parsed. *out is
 * owned by the caller (free); count entries. */
enum broker_verdict evidence_read(struct publisher *p, const struct publish_position *positions, size_t count,
				  struct resolve_partition **out, struct err *err);
/* The commit before must be seen before the next one writes over its metadata:
 * else a transaction that was torn, though its commit succeeded, would be
 * covered up by the next one, and its rows deleted. Costs nothing when it was. */
enum broker_verdict evidence_witness(struct publisher *p, const struct publish_position *positions,
				     size_t count, struct err *err);
int evidence_confirm(struct publisher *p, const struct publish_position *positions, size_t count,
		     struct err *err);
/* Remembers what the transaction just committed wrote where. */
int evidence_note_delivered(struct publisher *p, struct err *err);
void evidence_forget_delivered(struct publisher *p);

/* settled.c: keeps what a transaction says that leaves no row behind. */
int settled_keep(struct publisher *p, const struct publish_position *positions, size_t count,
		 struct err *err);
/* The same, from the committed metadata that our database wrote. */
int settled_take(struct publisher *p, const struct publish_position *positions,
		 const struct resolve_partition *partitions, size_t count, struct err *err);
void settled_release(struct publisher *p);

#endif
