/* See the header for the story. In here:
 *
 *   curl -> us   on_socket (watch this descriptor), on_timer (call me in n ms)
 *   uv   -> us   on_poll, on_timeout; both pass it to curl_multi_socket_action
 *   then         collect(): transfers that ended are taken out of curl first,
 *                and only then is done() called, so that done() may submit,
 *                cancel and free as it likes.
 *
 * Requests are on `active` while curl has them. `finished` holds those that
 * curl is rid of and whose done() is due. */

#include "async/http_client.h"

#include "async/http_transfer.h"

#include <stdlib.h>

#define DEFAULT_MAX_CONNECTIONS 16

struct http_client {
	struct loop *loop;
	CURLM *multi;
	struct loop_timer *timer;
	struct list active, finished;
	size_t in_flight;
	bool closing;
	struct http_settings settings;
};

/* One descriptor that curl wants watched. */
struct watch {
	uv_poll_t poll;
	struct http_client *client;
	curl_socket_t fd;
};

/* ---- the end of a request ---- */

static int64_t now_ms(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

/* Out of curl, onto `finished`. */
static void detach(struct http_call *r)
{
	struct http_client *c = r->client;

	curl_multi_remove_handle(c->multi, r->easy);
	http_transfer_end(r);
	r->elapsed_ms = now_ms() - r->elapsed_ms;
	list_remove(&r->node);
	list_append(&c->finished, &r->node);
}

static void deliver(struct http_client *c, struct http_call *r)
{
	list_remove(&r->node);
	c->in_flight--;
	r->client = NULL;
	r->done(r);
}

static void collect(struct http_client *c)
{
	CURLMsg *message;
	int left;

	do {
		while ((message = curl_multi_info_read(c->multi, &left)) != NULL) {
			struct http_call *r = NULL;

			if (message->msg != CURLMSG_DONE)
				continue;
			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&r);
			http_transfer_judge(r, message->data.result);
			detach(r);
		}
		if (!list_empty(&c->finished))
			deliver(c, LIST_ENTRY(c->finished.next, struct http_call, node));
	} while (!list_empty(&c->finished));
}

/* ---- libuv and curl, each calling the other ---- */

static void on_timeout(void *ctx)
{
	struct http_client *c = ctx;
	int running;

	curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(c);
}

static int on_timer(CURLM *multi, long timeout_ms, void *ctx)
{
	struct http_client *c = ctx;

	(void)multi;
	if (timeout_ms < 0)
		loop_timer_stop(c->timer);
	else /* 0 as well: curl must not be called from inside this */
		loop_timer_start(c->timer, timeout_ms);
	return 0;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct watch *w = LIST_ENTRY(poll, struct watch, poll);
	struct http_client *c = w->client;
	int flags = 0, running;

	if (status < 0)
		flags = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(c->multi, w->fd, flags, &running); /* may close w */
	collect(c);
}

static void watch_closed(uv_handle_t *handle)
{
	free(LIST_ENTRY(handle, struct watch, poll));
}

static struct watch *watch_new(struct http_client *c, curl_socket_t fd)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	if (uv_poll_init_socket(&c->loop->uv, &w->poll, fd) != 0) {
		free(w);
		return NULL;
	}
	w->client = c;
	w->fd = fd;
	curl_multi_assign(c->multi, fd, w);
	return w;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct http_client *c = ctx;
	struct watch *w = socket_ctx;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w != NULL) {
			curl_multi_assign(c->multi, fd, NULL);
			uv_close((uv_handle_t *)&w->poll, watch_closed);
		}
		return 0;
	}
	if (w == NULL)
		w = watch_new(c, fd);
	if (w == NULL)
		return -1; /* curl ends the transfer */
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	return uv_poll_start(&w->poll, events, on_poll) == 0 ? 0 : -1;
}

/* ---- submitting ---- */

int http_submit(struct http_client *c, struct http_call *r, struct err *err)
{
	CURLMcode rc;

	if (c->closing)
		return err_set(err, ERR_RETRY, 0, "HTTP client is closing");
	if (http_transfer_begin(&c->settings, r, err) != 0)
		return -1;
	r->elapsed_ms = now_ms(); /* the start, until it ends */
	rc = curl_multi_add_handle(c->multi, r->easy);
	if (rc != CURLM_OK) {
		http_transfer_end(r);
		return err_set(err, ERR_RETRY, (int)rc, "%s", curl_multi_strerror(rc));
	}
	r->client = c;
	list_append(&c->active, &r->node);
	c->in_flight++;
	return 0;
}

void http_cancel(struct http_call *r)
{
	struct http_client *c = r->client;

	if (c == NULL)
		return;
	if (r->easy != NULL) /* else: it ended, and its done() was due anyway */
		detach(r);
	r->result = HTTP_CANCELLED;
	err_set(&r->err, ERR_RETRY, 0, "cancelled");
	deliver(c, r);
}

size_t http_in_flight(const struct http_client *c)
{
	return c->in_flight;
}

/* ---- the client ---- */

static void set_multi(struct http_client *c, long max_connections)
{
	if (max_connections <= 0)
		max_connections = DEFAULT_MAX_CONNECTIONS;
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, max_connections);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, max_connections);
}

struct http_client *http_client_new(struct loop *loop, const struct http_options *options, struct err *err)
{
	static const struct http_options defaults;
	struct http_client *c;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		err_set(err, ERR_FATAL, 0, "libcurl does not start");
		return NULL;
	}
	if (!(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS)) {
		err_set(err, ERR_FATAL, 0,
			"libcurl was built without a threaded resolver: names would block");
		curl_global_cleanup();
		return NULL;
	}
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		goto no_memory;
	list_init(&c->active);
	list_init(&c->finished);
	c->loop = loop;
	c->multi = curl_multi_init();
	c->timer = loop_timer_new(loop, on_timeout, c);
	options = options ? options : &defaults;
	if (http_settings_copy(&c->settings, options) != 0 || c->multi == NULL || c->timer == NULL)
		goto no_memory;
	set_multi(c, options->max_connections);
	return c;
no_memory:
	err_set(err, ERR_FATAL, 0, "HTTP client: out of memory");
	if (c == NULL)
		curl_global_cleanup();
	http_client_free(c);
	return NULL;
}

void http_client_free(struct http_client *c)
{
	if (c == NULL)
		return;
	c->closing = true;
	while (!list_empty(&c->finished))
		deliver(c, LIST_ENTRY(c->finished.next, struct http_call, node));
	while (!list_empty(&c->active))
		http_cancel(LIST_ENTRY(c->active.next, struct http_call, node));
	if (c->multi != NULL)
		curl_multi_cleanup(c->multi); /* takes the last watches away through on_socket */
	loop_timer_free(c->timer);
	http_settings_release(&c->settings);
	free(c);
	curl_global_cleanup();
}
