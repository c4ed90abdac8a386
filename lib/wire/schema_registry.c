/* See the header for the story. One `registry_work` is one thing asked of the
 * registry, with everybody who waits for it:
 *
 *   begin -> attempt -> answered ---------------------------> finish
 *              ^  |  no answer, other URLs left: next URL      ^
 *              |  '---------------------'                      |
 *              '-- backoff timer <- round over, rounds left    |
 *                                   round over, none left -----'
 */

#include "wire/schema_registry.h"

#include "base/map.h"
#include "base/random.h"
#include "wire/registry_calls.h"
#include "wire/registry_endpoints.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define AREA "registry"

struct schema_registry {
	struct loop *loop;
	struct http_client *http;
	struct log *log;
	struct registry_endpoints endpoints;
	bool normalize, closing, failing;
	int64_t timeout_ms, base_ms, cap_ms, auth_retry_ms;
	int retries;
	size_t preferred; /* the URL that answered last */
	struct random random;
	struct map works; /* by key */
	struct registry_counters counters;
};

struct registry_work {
	struct schema_registry *registry;
	enum registry_call call;
	struct buf key; /* path, and the body after a newline */
	struct buf path, body, url;
	struct list waiters;
	struct http_call http;
	struct loop_timer *timer;
	size_t first; /* URL this round began with */
	size_t tried; /* URLs in this round */
	int round;
};

/* ---- the end ---- */

static struct slice work_key(const void *value)
{
	return buf_view(&((const struct registry_work *)value)->key);
}

static void work_free(struct registry_work *w)
{
	http_call_release(&w->http);
	loop_timer_free(w->timer);
	buf_release(&w->key);
	buf_release(&w->path);
	buf_release(&w->body);
	buf_release(&w->url);
	free(w);
}

static void finish(struct registry_work *w, const struct registry_schema *schema, const struct err *err,
		   int64_t retry_after_ms)
{
	/* First out of the map: done() may ask for the same thing again. */
	map_remove(&w->registry->works, work_key(w));
	while (!list_empty(&w->waiters)) {
		struct registry_request *r = LIST_ENTRY(w->waiters.next, struct registry_request, node);

		list_remove(&r->node);
		r->work = NULL;
		r->schema = schema;
		r->err = *err;
		r->retry_after_ms = retry_after_ms;
		r->done(r);
	}
	work_free(w);
}

/* ---- attempts ---- */

static struct registry_endpoint *endpoint(struct registry_work *w)
{
	struct schema_registry *r = w->registry;

	return &r->endpoints.list[(w->first + w->tried) % r->endpoints.count];
}

static void give_up(struct registry_work *w, struct err *err, int64_t retry_after_ms)
{
	struct schema_registry *r = w->registry;

	err->class = ERR_RETRY;
	r->failing = true;
	log_warn(r->log, AREA, "%s; asking again in %" PRId64 " s at the earliest", err->text,
		 retry_after_ms / 1000);
	finish(w, NULL, err, retry_after_ms);
}

/* No answer from this URL: the next one, or a pause, or the end. */
static void failed(struct registry_work *w, struct err *err)
{
	struct schema_registry *r = w->registry;
	int64_t ceiling = r->base_ms;

	r->counters.failures++;
	log_info(r->log, AREA, "%s", err->text);
	w->tried++;
	if (w->tried < r->endpoints.count) {
		r->counters.failovers++;
		loop_timer_start(w->timer, 0);
		return;
	}
	if (w->round >= r->retries) {
		give_up(w, err, r->cap_ms);
		return;
	}
	for (int i = 0; i < w->round && ceiling < r->cap_ms; i++)
		ceiling *= 2;
	if (ceiling > r->cap_ms)
		ceiling = r->cap_ms;
	w->round++;
	w->tried = 0;
	w->first = r->preferred;
	r->counters.retries++;
	loop_timer_start(w->timer, (int64_t)random_below(&r->random, (uint64_t)ceiling + 1));
}

static void answered(struct registry_work *w)
{
	struct schema_registry *r = w->registry;
	struct registry_schema schema;
	struct err err = {0};
	int rc;

	registry_schema_init(&schema);
	rc = registry_reply_parse(w->call, w->http.status, buf_view(&w->http.response), &schema, &err);
	if (rc != 0)
		err_wrap(&err, "%s", endpoint(w)->base);
	if (rc != 0 && err.class == ERR_RETRY) {
		registry_schema_release(&schema);
		if (registry_status_retriable(w->http.status))
			failed(w, &err);
		else
			give_up(w, &err, r->auth_retry_ms);
		return;
	}
	r->preferred = (size_t)(endpoint(w) - r->endpoints.list);
	if (r->failing)
		log_notice(r->log, AREA, "%s answers again", r->endpoints.list[r->preferred].base);
	r->failing = false;
	finish(w, rc == 0 ? &schema : NULL, &err, 0);
	registry_schema_release(&schema);
}

static void on_http(struct http_call *http)
{
	struct registry_work *w = http->ctx;
	struct err err;

	if (http->result == HTTP_CANCELLED)
		return; /* the client or the registry is closing, and says so itself */
	if (http->result == HTTP_OK) {
		answered(w);
		return;
	}
	err = http->err;
	err_wrap(&err, "%s", endpoint(w)->base);
	if (http->result == HTTP_TOO_LARGE) { /* no other URL would send less */
		err.class = ERR_POISON;
		finish(w, NULL, &err, 0);
		return;
	}
	failed(w, &err);
}

static int attempt(struct registry_work *w, struct err *err)
{
	struct schema_registry *r = w->registry;
	struct registry_endpoint *e = endpoint(w);
	bool post = w->body.len > 0;

	buf_clear(&w->url);
	buf_str(&w->url, e->base);
	buf_slice(&w->url, buf_view(&w->path));
	http_call_release(&w->http);
	w->http = (struct http_call){.method = post ? "POST" : "GET",
				     .url = buf_cstr(&w->url),
				     .headers = (const char *const *)e->headers,
				     .header_count = e->header_count,
				     .body = buf_view(&w->body),
				     .timeout_ms = r->timeout_ms,
				     .max_response = REGISTRY_MAX_RESPONSE,
				     .done = on_http,
				     .ctx = w};
	if (buf_failed(&w->url))
		return err_set(err, ERR_RETRY, 0, "out of memory");
	r->counters.calls++;
	return http_submit(r->http, &w->http, err);
}

static void on_timer(void *ctx)
{
	struct registry_work *w = ctx;
	struct err err;

	if (attempt(w, &err) != 0)
		failed(w, &err);
}

/* ---- asking ---- */

/* Takes over what path and body hold. NULL when out of memory. */
static struct registry_work *work_new(struct schema_registry *r, enum registry_call call, struct buf *path,
				      struct buf *body, struct buf *key)
{
	struct registry_work *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->registry = r;
	w->call = call;
	w->first = r->preferred;
	w->path = *path;
	w->body = *body;
	w->key = *key;
	buf_init(path, 0);
	buf_init(body, 0);
	buf_init(key, 0);
	buf_init(&w->url, 2 * REGISTRY_MAX_PATH);
	list_init(&w->waiters);
	w->timer = loop_timer_new(r->loop, on_timer, w);
	if (w->timer == NULL || map_put(&r->works, w) != 0) {
		work_free(w);
		return NULL;
	}
	return w;
}

static void join(struct registry_work *w, struct registry_request *request)
{
	request->work = w;
	request->schema = NULL;
	list_append(&w->waiters, &request->node);
}

int registry_ask(struct schema_registry *r, struct registry_request *request, enum registry_call call,
		 struct buf *path, struct buf *body, struct err *err)
{
	struct registry_work *w;
	struct buf key;
	int rc = -1;

	buf_init(&key, REGISTRY_MAX_PATH + 4 * REGISTRY_MAX_SCHEMA);
	buf_printf(&key, "%d ", (int)call);
	buf_slice(&key, buf_view(path));
	buf_byte(&key, '\n');
	buf_slice(&key, buf_view(body));
	if (r->closing || buf_failed(path) || buf_failed(body) || buf_failed(&key)) {
		err_set(err, ERR_RETRY, 0, "schema registry: %s",
			r->closing ? "closing" : "request too large");
		goto out;
	}
	rc = 0;
	w = map_get(&r->works, buf_view(&key));
	if (w != NULL) {
		r->counters.shared++;
		join(w, request);
		goto out;
	}
	w = work_new(r, call, path, body, &key);
	if (w == NULL) {
		rc = err_set(err, ERR_RETRY, 0, "schema registry: out of memory");
		goto out;
	}
	join(w, request);
	loop_timer_start(w->timer, 0);
out:
	buf_release(&key);
	buf_release(path);
	buf_release(body);
	return rc;
}

void schema_registry_cancel(struct registry_request *request)
{
	if (request->work == NULL)
		return;
	list_remove(&request->node);
	request->work = NULL;
}

/* ---- the client ---- */

static int64_t or_default(int64_t value, int64_t fallback)
{
	return value > 0 ? value : fallback;
}

struct schema_registry *schema_registry_new(struct loop *loop, struct http_client *http, struct log *log,
					    const struct registry_options *o, struct err *err)
{
	struct schema_registry *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		err_set(err, ERR_FATAL, 0, "schema registry: out of memory");
		return NULL;
	}
	r->loop = loop;
	r->http = http;
	r->log = log;
	r->normalize = o->normalize;
	r->timeout_ms = or_default(o->timeout_ms, 10000);
	r->retries = o->retries < 0 ? 0 : o->retries ? o->retries : 3;
	r->base_ms = or_default(o->backoff_base_ms, 1000);
	r->cap_ms = or_default(o->backoff_cap_ms, 20000);
	r->auth_retry_ms = or_default(o->auth_retry_ms, 60000);
	random_init(&r->random, o->seed);
	map_init(&r->works, work_key, random_seed());
	if (registry_endpoints_init(&r->endpoints, o, err) != 0) {
		schema_registry_free(r);
		return NULL;
	}
	return r;
}

void schema_registry_free(struct schema_registry *r)
{
	struct registry_work *w;
	struct err closing;
	size_t at;

	if (r == NULL)
		return;
	r->closing = true;
	err_set(&closing, ERR_RETRY, 0, "schema registry client is closing");
	while (at = 0, (w = map_next(&r->works, &at)) != NULL) {
		http_cancel(&w->http);
		finish(w, NULL, &closing, 0);
	}
	map_release(&r->works);
	registry_endpoints_release(&r->endpoints);
	free(r);
}

bool registry_normalizes(const struct schema_registry *r)
{
	return r->normalize;
}

const struct registry_counters *schema_registry_counters(const struct schema_registry *r)
{
	return &r->counters;
}
