/* One question while it is open: its memory and its place. */

#include "base/shared_text.h"
#include "summary/client_state.h"

#include <stdlib.h>

#define MAX_BODY (32 * 1024 * 1024)

struct slice asked_key(const void *q)
{
	return map_key_hash(&((const struct asked *)q)->hash);
}

static void land(struct asked *q)
{
	if (q->flight == NULL)
		return;
	http_call_release(&q->flight->http);
	buf_release(&q->flight->body);
	free(q->flight);
	q->flight = NULL;
}

void asked_free(struct asked *q)
{
	list_remove(&q->node);
	loop_timer_free(q->timer);
	land(q);
	buf_release(&q->second_best);
	for (size_t i = 0; i < q->count; i++)
		shared_text_drop(q->reviews[i]);
	free(q->reviews);
	free(q);
}

struct flight *asked_flight(struct asked *q)
{
	land(q);
	q->flight = calloc(1, sizeof(*q->flight));
	if (q->flight != NULL)
		buf_init(&q->flight->body, MAX_BODY);
	return q->flight;
}

static void leave(struct asked *q, const struct list *to)
{
	list_remove(&q->node);
	if (to != &q->client->flying)
		land(q);
}

void asked_move(struct asked *q, struct list *to)
{
	leave(q, to);
	list_append(to, &q->node);
}

void asked_move_to_front(struct asked *q, struct list *to)
{
	leave(q, to);
	list_append(to->next, &q->node); /* before the first is the front */
}

static void wake(void *ctx)
{
	struct asked *q = ctx;

	asked_move(q, &q->client->waiting);
	client_pump_soon(q->client);
}

void asked_sleep(struct asked *q, int64_t ms)
{
	if (q->timer == NULL)
		q->timer = loop_timer_new(q->client->loop, wake, q);
	if (q->timer == NULL) {
		wake(q);
		return;
	}
	asked_move(q, &q->client->sleeping);
	loop_timer_start(q->timer, ms);
}

struct asked *asked_new(struct summary_client *c, const struct summary_question *question)
{
	struct asked *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	list_init(&q->node);
	buf_init(&q->second_best, 8192);
	q->reviews = malloc((question->count + 1) * sizeof(*q->reviews));
	if (q->reviews == NULL) {
		asked_free(q);
		return NULL;
	}
	for (q->count = 0; q->count < question->count; q->count++) {
		struct slice text = question->reviews[q->count];

		q->reviews[q->count] = question->shared ? shared_text_hold(text) : shared_text(text);
	}
	q->client = c;
	q->hash = question->hash;
	q->max_bytes = c->max_input_bytes;
	q->max_tokens = c->parameters.max_tokens;
	return q;
}
