#include "async/kafka_wakeup.h"

#include "base/list.h"

#include <stdlib.h>

struct kafka_wakeup {
	uv_async_t async;
	uv_idle_t idle;
	bool (*drain)(void *ctx);
	void *ctx;
	bool closing;
	int open_handles;
};

static void on_idle(uv_idle_t *idle);

static void drain_once(struct kafka_wakeup *w)
{
	bool more = w->drain(w->ctx);

	if (w->closing) /* freed from inside */
		return;
	if (more)
		uv_idle_start(&w->idle, on_idle);
	else
		uv_idle_stop(&w->idle);
}

static void on_idle(uv_idle_t *idle)
{
	drain_once(LIST_ENTRY(idle, struct kafka_wakeup, idle));
}

static void on_async(uv_async_t *async)
{
	struct kafka_wakeup *w = LIST_ENTRY(async, struct kafka_wakeup, async);

	/* While the idle handle runs, it will see what this wake-up is about. */
	if (!uv_is_active((uv_handle_t *)&w->idle))
		drain_once(w);
}

static void handle_closed(uv_handle_t *handle)
{
	struct kafka_wakeup *w = handle->data;

	if (--w->open_handles == 0)
		free(w);
}

struct kafka_wakeup *kafka_wakeup_new(struct loop *loop, bool (*drain)(void *ctx), void *ctx)
{
	struct kafka_wakeup *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	if (uv_async_init(&loop->uv, &w->async, on_async) != 0) {
		free(w);
		return NULL;
	}
	uv_idle_init(&loop->uv, &w->idle);
	w->async.data = w->idle.data = w;
	w->open_handles = 2;
	w->drain = drain;
	w->ctx = ctx;
	return w;
}

/* On a thread of librdkafka, under the queue's lock. */
static void on_queue_event(rd_kafka_t *rk, void *opaque)
{
	struct kafka_wakeup *w = opaque;

	(void)rk;
	uv_async_send(&w->async);
}

void kafka_wakeup_attach(struct kafka_wakeup *w, rd_kafka_queue_t *queue)
{
	rd_kafka_queue_cb_event_enable(queue, on_queue_event, w);
	kafka_wakeup_kick(w);
}

void kafka_wakeup_detach(struct kafka_wakeup *w, rd_kafka_queue_t *queue)
{
	(void)w;
	rd_kafka_queue_cb_event_enable(queue, NULL, NULL);
}

void kafka_wakeup_kick(struct kafka_wakeup *w)
{
	uv_async_send(&w->async);
}

void kafka_wakeup_free(struct kafka_wakeup *w)
{
	if (w == NULL || w->closing)
		return;
	w->closing = true;
	uv_close((uv_handle_t *)&w->async, handle_closed);
	uv_close((uv_handle_t *)&w->idle, handle_closed);
}
