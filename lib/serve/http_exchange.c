#include "serve/http_private.h"

#include <stdlib.h>
#include <strings.h>

/* One request and its answer.
 *
 * MHD calls http_exchange_step() first when the headers are complete: there we
 * refuse, or remember the request. It calls again with each piece of the body
 * and once more, with none, at its end: there the handler answers. MHD closes
 * the connection after an answer to the first call, which is right for a
 * refusal (a body may follow) and would cost a keep-alive otherwise. */

#define NOTHING_ALLOWED "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* A request that was admitted. The URL lives in MHD's pool until completion. */
struct exchange {
	const struct http_route *route;
	struct http_request request;
	struct buf body;
};

void http_exchange_free(void **exchange)
{
	struct exchange *e = *exchange;

	if (e == NULL)
		return;
	buf_release(&e->body);
	free(e);
	*exchange = NULL;
}

/* ---- what handlers ask ---- */

bool http_request_query(const struct http_request *request, const char *name, struct slice *value)
{
	const char *text = NULL;
	size_t len = 0;

	if (MHD_lookup_connection_value_n(request->connection, MHD_GET_ARGUMENT_KIND, name, strlen(name),
					  &text, &len) != MHD_YES)
		return false;
	if (value != NULL)
		*value = slice_make(text, text ? len : 0);
	return true;
}

static struct slice header(struct MHD_Connection *connection, const char *name)
{
	return slice_str(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name));
}

struct slice http_request_header(const struct http_request *request, const char *name)
{
	return header(request->connection, name);
}

/* ---- answers ---- */

struct head {
	int status;
	const char *type;
	const char *policy; /* NULL: nothing is allowed */
	const char *allow;  /* methods, for 405; else NULL */
};

static enum MHD_Result send_response(struct MHD_Connection *connection, const struct head *head,
				     struct MHD_Response *response)
{
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", head->type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Content-Security-Policy",
				head->policy != NULL ? head->policy : NOTHING_ALLOWED);
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
	if (head->allow != NULL)
		MHD_add_response_header(response, "Allow", head->allow);
	result = MHD_queue_response(connection, (unsigned)head->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(struct http_server *server, struct MHD_Connection *connection, int status,
			      bool post)
{
	struct head head = {.status = status, .type = "text/plain; charset=utf-8"};
	const char *text;

	switch (status) {
	case 403: text = "this host name is not served\n"; break;
	case 404: text = "not found\n"; break;
	case 405:
		text = "method not allowed\n";
		head.allow = post ? "GET, HEAD, POST" : "GET, HEAD";
		break;
	case 413: text = "request body too large\n"; break;
	case 431: text = "request header too large\n"; break;
	case 503: text = "too many live streams\n"; break;
	default: text = "internal error\n";
	}
	server->stats.refused++;
	return send_response(connection, &head,
			     MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
							     MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result answer_stream(struct http_server *server, struct MHD_Connection *connection,
				     struct http_response *response)
{
	const struct head head = {.status = 200, .type = "text/event-stream"};
	struct MHD_Response *out = NULL;
	int refusal = http_stream_open(server, connection, buf_view(&response->body), &out);

	buf_release(&response->body);
	if (refusal != 0)
		return refuse(server, connection, refusal, false);
	server->stats.requests++;
	return send_response(connection, &head, out);
}

static enum MHD_Result answer(struct http_server *server, struct MHD_Connection *connection,
			      const struct http_route *route, const struct http_request *request)
{
	struct http_response response = {.status = 200, .content_type = "text/plain; charset=utf-8"};
	struct head head;
	struct MHD_Response *out;

	buf_init(&response.body, HTTP_RESPONSE_MAX);
	route->handler(route->ctx, request, &response);
	if (buf_failed(&response.body)) {
		buf_release(&response.body);
		return refuse(server, connection, 500, false);
	}
	if (response.stream && !request->head)
		return answer_stream(server, connection, &response);
	server->stats.requests++;
	if (response.fixed.len > 0) {
		buf_release(&response.body);
		out = MHD_create_response_from_buffer(response.fixed.len,
						      (void *)(uintptr_t)response.fixed.data,
						      MHD_RESPMEM_PERSISTENT);
	} else {
		out = MHD_create_response_from_buffer(response.body.len, response.body.data,
						      MHD_RESPMEM_MUST_FREE);
		if (out == NULL)
			buf_release(&response.body);
	}
	head = (struct head){response.status, response.content_type, response.policy, NULL};
	return send_response(connection, &head, out);
}

/* ---- admission ---- */

static const struct http_route *find_route(const struct http_server_options *o, const char *url,
					   struct slice *rest)
{
	*rest = (struct slice){0};
	for (size_t i = 0; i < o->route_count; i++) {
		const struct http_route *route = &o->routes[i];
		size_t len = strlen(route->path);

		if (len >= 2 && strcmp(route->path + len - 2, "/*") == 0) {
			if (strncmp(url, route->path, len - 1) != 0)
				continue;
			*rest = slice_str(url + len - 1);
			return route;
		}
		if (strcmp(url, route->path) == 0)
			return route;
	}
	return NULL;
}

/* The name in a Host header, without port and brackets. */
static struct slice host_name(struct slice host)
{
	const char *end;

	if (host.len > 0 && host.data[0] == '[') {
		end = memchr(host.data, ']', host.len);
		return end ? slice_make(host.data + 1, (size_t)(end - host.data - 1)) : host;
	}
	end = host.len > 0 ? memchr(host.data, ':', host.len) : NULL;
	return end ? slice_make(host.data, (size_t)(end - host.data)) : host;
}

static bool host_allowed(const struct http_server *server, struct MHD_Connection *connection)
{
	struct slice name = host_name(header(connection, "Host"));

	return !server->loopback || name.len == 0 || slice_equal_nocase(name, SLICE_LITERAL("localhost")) ||
	       slice_is(name, "::1") ||
	       (name.len > 4 && memcmp(name.data, "127.", 4) == 0 &&
		strspn(name.data, "0123456789.") >= name.len);
}

/* Content-Length as far as it matters: larger than any limit when absurd. */
static size_t declared_body(struct MHD_Connection *connection)
{
	struct slice length = header(connection, "Content-Length");
	size_t n = 0;

	for (size_t i = 0; i < length.len; i++) {
		if (length.data[i] < '0' || length.data[i] > '9' || n > SIZE_MAX / 20)
			return SIZE_MAX;
		n = n * 10 + (size_t)(length.data[i] - '0');
	}
	return n;
}

static bool header_too_large(const struct http_server *server, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return info != NULL && info->header_size > server->options.max_header;
}

/* 0, or the status to refuse with. */
static int admit(const struct http_server *server, struct MHD_Connection *connection,
		 const struct http_route *route, const char *method, bool post_allowed)
{
	bool chunked = header(connection, "Transfer-Encoding").len > 0;
	size_t body = declared_body(connection);

	if (header_too_large(server, connection))
		return 431;
	if (!host_allowed(server, connection))
		return 403;
	if (route == NULL)
		return 404;
	if (strcmp(method, "POST") == 0)
		return !post_allowed ? 405 : body > server->options.max_body ? 413 : 0;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return 405;
	return body > 0 || chunked ? 413 : 0;
}

static enum MHD_Result begin(struct http_server *server, struct MHD_Connection *connection, const char *url,
			     const char *method, void **exchange)
{
	struct slice rest;
	const struct http_route *route = find_route(&server->options, url, &rest);
	bool post_allowed = server->options.allow_post && route != NULL && route->post;
	int refusal = admit(server, connection, route, method, post_allowed);
	struct exchange *e;

	if (refusal != 0)
		return refuse(server, connection, refusal, post_allowed);
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return MHD_NO;
	e->route = route;
	e->request = (struct http_request){.head = strcmp(method, "HEAD") == 0,
					   .post = strcmp(method, "POST") == 0,
					   .path = slice_str(url),
					   .rest = rest,
					   .connection = connection};
	buf_init(&e->body, server->options.max_body);
	*exchange = e;
	return MHD_YES;
}

enum MHD_Result http_exchange_step(void *cls, struct MHD_Connection *connection, const char *url,
				   const char *method, const char *version, const char *data,
				   size_t *data_size, void **exchange)
{
	struct http_server *server = cls;
	struct exchange *e = *exchange;

	(void)version;
	if (e == NULL)
		return begin(server, connection, url, method, exchange);
	if (*data_size > 0) { /* a chunked body over the limit is read on, but not kept, until the deadline */
		buf_append(&e->body, data, *data_size);
		*data_size = 0;
		return MHD_YES;
	}
	if (buf_failed(&e->body))
		return refuse(server, connection, 413, true);
	e->request.body = buf_view(&e->body);
	return answer(server, connection, e->route, &e->request);
}
