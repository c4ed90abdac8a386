/* One question while it is open: its memory and its place. */

#include "base/shared_text.h"
#include "summary/client_state.h"

#include <stdlib.h>

#define MAX_BODY (32 * 1024 * 1024)

void asked_free(struct asked *q)
{
	list_remove(&q->node);
	loop_timer_free(q->timer);
	http_call_release(&q->http);
	buf_release(&q->body);
	buf_release(&q->second_best);
	for (size_t i = 0; i < q->count; i++)
		shared_text_drop(q->reviews[i]);
	free(q->reviews);
	free(q);
}

void asked_move(struct asked *q, struct list *to)
{
	list_remove(&q->node);
	list_append(to, &q->node);
}

void asked_move_to_front(struct asked *q, struct list *to)
{
	list_remove(&q->node);
	list_append(to->next, &q->node); /* before the first is the front */
}

struct asked *asked_new(struct summary_client *c, const struct summary_question *question,
			void (*wake)(void *ctx))
{
	struct asked *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	list_init(&q->node);
	buf_init(&q->body, MAX_BODY);
	buf_init(&q->second_best, 8192);
	q->reviews = malloc((question->count + 1) * sizeof(*q->reviews));
	q->timer = loop_timer_new(c->loop, wake, q);
	if (q->reviews == NULL || q->timer == NULL) {
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
