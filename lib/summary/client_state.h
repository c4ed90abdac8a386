#ifndef RIVER_SUMMARY_CLIENT_STATE_H
#define RIVER_SUMMARY_CLIENT_STATE_H

/* What client.c (asking and sending) and outcome.c (what comes back) share.
 * Private to them.
 *
 * A question is in one of three places:
 *
 *   waiting   wants to be sent; the pump takes from its front
 *   sleeping  backs off after a failure; its timer moves it to waiting
 *   flying    its call is under way
 *
 * and leaves through outcome_answer(), the only place that calls answered(). */

#include "base/map.h"
#include "base/random.h"
#include "summary/circuit.h"
#include "summary/reply.h"
#include "summary/request.h"

#define SUMMARY_LOG "summary"

struct summary_client {
	struct loop *loop;
	struct http_client *http;
	struct log *log;
	summary_answered *answered;
	void *ctx;

	struct chat_endpoint endpoint;
	struct chat_parameters parameters;
	char *model;
	int concurrency;
	int64_t timeout_ms;
	size_t max_input_bytes;
	double backoff_scale;
	double temperature; /* as configured: for the identity */

	struct map questions; /* by hash */
	struct list waiting, sleeping, flying;
	struct loop_timer *pump_timer, *probe_timer;
	struct circuit_breaker circuit;
	struct random random;
	struct summary_stats stats;
	bool held; /* nothing is sent */
	bool closing;
};

/* A call that is under way. Thousands may wait; few fly. */
struct flight {
	struct http_call http;
	struct buf body;
};

struct asked {
	struct summary_client *client;
	struct list node;
	struct hash_id hash;
	struct slice *reviews; /* owned; the texts are shared (base/shared_text.h) */
	size_t count;
	struct flight *flight;	  /* from its sending until it leaves the list `flying` */
	struct buf second_best;	  /* first sentence of an answer that had several */
	struct loop_timer *timer; /* NULL until it sleeps for the first time */
	size_t max_bytes;	  /* of input */
	size_t input_bytes;	  /* as last sent */
	int max_tokens;
	int attempt;  /* failures in a row */
	int rejected; /* answers that were of no use */
	bool halved, sent_before;
	int lonely;
	uint64_t answered_before; /* by the model, when this question first failed */
};

/* Brings the gauges up to date. */
void client_gauges(struct summary_client *c);

/* Has the pump run on the next turn. */
void client_pump_soon(struct summary_client *c);

/* An asked question, its texts held or copied; NULL when out of memory. */
struct asked *asked_new(struct summary_client *c, const struct summary_question *question);
void asked_free(struct asked *q);
struct slice asked_key(const void *q); /* its hash: see map_init */
/* Room for a call; NULL when out of memory. */
struct flight *asked_flight(struct asked *q);

/* To the end, or the front, of a list; its call, when it had one, is over then. */
void asked_move(struct asked *q, struct list *to);
void asked_move_to_front(struct asked *q, struct list *to);

/* Sleeps before it waits again; when out of memory it waits at once. */
void asked_sleep(struct asked *q, int64_t ms);

/* Tells whoever asked, and frees the question. */
void outcome_answer(struct asked *q, struct slice summary);

/* The call of q->flight came to an end other than by cancelling. */
void outcome_of_call(struct asked *q);

/* The call could not even be made. */
void outcome_not_sent(struct asked *q, const char *why);

#endif
