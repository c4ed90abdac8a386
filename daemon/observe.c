#include "daemon/observe.h"

#include "daemon/listen.h"
#include "daemon/observe_internal.h"
#include "serve/page.h"

#include <stdio.h>
#include <stdlib.h>

#define EVENT_MS 1000

/* ---- routes ---- */

static bool verbose(const struct http_request *request)
{
	return http_request_query(request, "verbose", NULL);
}

static void on_livez(void *ctx, const struct http_request *request, struct http_response *response)
{
	struct observe *o = ctx;

	observe_look(o);
	response->status = o->verdict.live ? 200 : 503;
	health_text_live(&response->body, &o->verdict, verbose(request));
}

static void on_readyz(void *ctx, const struct http_request *request, struct http_response *response)
{
	struct observe *o = ctx;

	observe_look(o);
	response->status = o->verdict.ready ? 200 : 503;
	health_text_ready(&response->body, &o->verdict, verbose(request));
}

static void on_metrics(void *ctx, const struct http_request *request, struct http_response *response)
{
	struct observe *o = ctx;

	(void)request;
	observe_look(o);
	metrics_process(&o->snapshot);
	response->content_type = "text/plain; version=0.0.4; charset=utf-8";
	if (metrics_write(&response->body, &o->snapshot) != 0)
		response->status = 500;
}

static int write_status(struct observe *o, struct buf *to)
{
	struct status_options options = {.show_addresses = o->app->settings->http_show_addresses};

	observe_look(o);
	metrics_process(&o->snapshot);
	return status_write(to, &o->snapshot, &o->verdict, &o->app->outbound.recent, &options);
}

static void on_status(void *ctx, const struct http_request *request, struct http_response *response)
{
	struct observe *o = ctx;

	(void)request;
	response->content_type = "application/json";
	if (write_status(o, &response->body) != 0)
		response->status = 500;
}

/* The page: /status now, and again every second for as long as somebody looks. */
static void on_events(void *ctx, const struct http_request *request, struct http_response *response)
{
	struct observe *o = ctx;

	(void)request;
	response->stream = true;
	write_status(o, &response->body);
	if (!loop_timer_active(o->timer))
		loop_timer_repeat(o->timer, EVENT_MS);
}

static void on_event_due(void *ctx)
{
	struct observe *o = ctx;
	struct http_server_stats stats;

	http_server_stats(o->server, &stats);
	if (stats.streams == 0) {
		loop_timer_stop(o->timer);
		return;
	}
	buf_clear(&o->event);
	if (write_status(o, &o->event) == 0)
		http_server_publish(o->server, buf_view(&o->event));
}

/* ---- life ---- */

static int listen_on(struct observe *o, struct err *err)
{
	const struct http_route routes[] = {
		{"/livez", on_livez, o, false},
		{"/readyz", on_readyz, o, false},
		{"/healthz", on_readyz, o, false},
		{"/metrics", on_metrics, o, false},
		{"/status", on_status, o, false},
		{"/events", on_events, o, false},
		PAGE_ROUTES,
	};
	struct http_server_options options;
	char host[256];

	http_server_defaults(&options);
	if (listen_parse(o->app->settings->http_listen, host, sizeof(host), &options.port, err) != 0)
		return -1;
	o->routes = malloc(sizeof(routes));
	if (o->routes == NULL)
		return err_set(err, ERR_FATAL, 0, "out of memory");
	memcpy(o->routes, routes, sizeof(routes));
	options.address = host;
	options.allow_remote = o->app->settings->http_allow_remote;
	options.routes = o->routes;
	options.route_count = sizeof(routes) / sizeof(routes[0]);
	o->server = http_server_new(&o->app->loop.uv, &options, err);
	if (o->server == NULL)
		return err_wrap(err, "http.listen = %s", o->app->settings->http_listen);
	log_info(o->app->log, "http", "listening on http://%s:%u/", host, http_server_port(o->server));
	return 0;
}

static void closed(void *ctx)
{
	struct observe *o = ctx;

	buf_release(&o->event);
	free(o->routes);
	free(o->partitions);
	free(o->health_partitions);
	free(o);
}

struct observe *observe_new(struct app *app, struct err *err)
{
	struct observe *o = calloc(1, sizeof(*o));

	if (o == NULL) {
		err_set(err, ERR_FATAL, 0, "out of memory");
		return NULL;
	}
	o->app = app;
	metrics_init(&o->snapshot);
	o->snapshot.librdkafka = rd_kafka_version_str();
	buf_init(&o->event, HTTP_RESPONSE_MAX);
	o->timer = loop_timer_new(&app->loop, on_event_due, o);
	if (o->timer == NULL || listen_on(o, err) != 0) {
		loop_timer_free(o->timer);
		closed(o);
		return NULL;
	}
	return o;
}

void observe_close(struct observe *o)
{
	if (o == NULL)
		return;
	loop_timer_free(o->timer);
	http_server_close(o->server, closed, o);
}

uint16_t observe_port(const struct observe *o)
{
	return http_server_port(o->server);
}
