#include "demo_registry.h"

#include "base/buf.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#define BODY_MAX    (1u << 20)
#define SCHEMAS_MAX 10000

struct version {
	char *subject;
	int schema; /* id */
	int version;
};

/* Touched by the server's one thread only. */
struct demo_registry {
	struct MHD_Daemon *daemon;
	char **schemas; /* id - 1 */
	int schema_count;
	struct version *versions;
	size_t version_count;
};

static void *grown(void *items, size_t count, size_t size)
{
	void *p = realloc(items, count * size);

	if (p == NULL)
		abort();
	return p;
}

static int error_json(struct buf *out, int status, int code, const char *message)
{
	buf_printf(out, "{\"error_code\":%d,\"message\":\"%s\"}", code, message);
	return status;
}

static void version_json(const struct demo_registry *r, const struct version *v, struct buf *out)
{
	buf_str(out, "{\"subject\":");
	buf_json_string(out, slice_str(v->subject));
	buf_printf(out, ",\"id\":%d,\"version\":%d,\"schema\":", v->schema, v->version);
	buf_json_string(out, slice_str(r->schemas[v->schema - 1]));
	buf_byte(out, '}');
}

/* The schema of a request in canonical spacing (free() it), or NULL. */
static char *schema_of(struct slice body)
{
	cJSON *request = cJSON_ParseWithLength(body.data, body.len), *schema = NULL;
	const cJSON *text = cJSON_GetObjectItemCaseSensitive(request, "schema");
	char *out = NULL;

	if (cJSON_IsString(text))
		schema = cJSON_Parse(text->valuestring);
	if (schema != NULL)
		out = cJSON_PrintUnformatted(schema);
	cJSON_Delete(schema);
	cJSON_Delete(request);
	return out;
}

static int find_schema(const struct demo_registry *r, const char *text)
{
	for (int i = 0; i < r->schema_count; i++) {
		if (strcmp(r->schemas[i], text) == 0)
			return i + 1;
	}
	return 0;
}

/* The version of a subject that has this schema; any schema when `schema` is 0 gives the latest. */
static const struct version *find_version(const struct demo_registry *r, const char *subject, int schema,
					  int version)
{
	for (size_t i = r->version_count; i-- > 0;) {
		const struct version *v = &r->versions[i];

		if (strcmp(v->subject, subject) == 0 && (schema == 0 || v->schema == schema) &&
		    (version == 0 || v->version == version))
			return v;
	}
	return NULL;
}

static int post_version(struct demo_registry *r, const char *subject, struct slice body, struct buf *out)
{
	char *text = schema_of(body);
	const struct version *latest = find_version(r, subject, 0, 0);
	int next_version = latest != NULL ? latest->version + 1 : 1; /* `latest` moves when the list grows */
	int id;

	if (text == NULL)
		return error_json(out, 422, 42201, "Invalid schema");
	id = find_schema(r, text);
	if (id == 0 && r->schema_count < SCHEMAS_MAX) {
		r->schemas = grown(r->schemas, (size_t)r->schema_count + 1, sizeof(*r->schemas));
		r->schemas[r->schema_count] = text;
		id = ++r->schema_count;
	} else {
		free(text);
	}
	if (id == 0)
		return error_json(out, 507, 50701, "Too many schemas for a demo");
	if (find_version(r, subject, id, 0) == NULL) {
		r->versions = grown(r->versions, r->version_count + 1, sizeof(*r->versions));
		r->versions[r->version_count] =
			(struct version){slice_dup(slice_str(subject)), id, next_version};
		r->version_count++;
	}
	buf_printf(out, "{\"id\":%d}", id);
	return MHD_HTTP_OK;
}

static int post_lookup(struct demo_registry *r, const char *subject, struct slice body, struct buf *out)
{
	char *text = schema_of(body);
	int id = text != NULL ? find_schema(r, text) : 0;
	const struct version *v = id != 0 ? find_version(r, subject, id, 0) : NULL;

	free(text);
	if (find_version(r, subject, 0, 0) == NULL)
		return error_json(out, 404, 40401, "Subject not found");
	if (v == NULL)
		return error_json(out, 404, 40403, "Schema not found");
	version_json(r, v, out);
	return MHD_HTTP_OK;
}

static int get_schema(const struct demo_registry *r, const char *number, struct buf *out)
{
	long id = strtol(number, NULL, 10);

	if (id < 1 || id > r->schema_count)
		return error_json(out, 404, 40403, "Schema not found");
	buf_str(out, "{\"schema\":");
	buf_json_string(out, slice_str(r->schemas[id - 1]));
	buf_byte(out, '}');
	return MHD_HTTP_OK;
}

static int get_version(const struct demo_registry *r, const char *subject, const char *version,
		       struct buf *out)
{
	long number = strcmp(version, "latest") == 0 ? 0 : strtol(version, NULL, 10);
	const struct version *v = find_version(r, subject, 0, (int)number);

	if (v == NULL)
		return error_json(out, 404, 40401, "Subject not found");
	version_json(r, v, out);
	return MHD_HTTP_OK;
}

static int list(const struct demo_registry *r, const char *subject, struct buf *out)
{
	bool first = true;

	buf_byte(out, '[');
	for (size_t i = 0; i < r->version_count; i++) {
		const struct version *v = &r->versions[i];

		if (subject != NULL ? strcmp(v->subject, subject) != 0 : v->version != 1)
			continue;
		if (!first)
			buf_byte(out, ',');
		first = false;
		if (subject != NULL)
			buf_printf(out, "%d", v->version);
		else
			buf_json_string(out, slice_str(v->subject));
	}
	buf_byte(out, ']');
	return MHD_HTTP_OK;
}

/* Subjects never hold a slash here. */
static int route(struct demo_registry *r, const char *method, const char *url, struct slice body,
		 struct buf *out)
{
	bool post = strcmp(method, "POST") == 0;
	char subject[256] = "", *end;
	const char *rest;

	if (!post && strncmp(url, "/schemas/ids/", 13) == 0)
		return get_schema(r, url + 13, out);
	if (!post && strcmp(url, "/subjects") == 0)
		return list(r, NULL, out);
	if (strncmp(url, "/subjects/", 10) != 0)
		return error_json(out, 404, 404, "Not found");
	snprintf(subject, sizeof(subject), "%s", url + 10);
	end = strchr(subject, '/');
	rest = end != NULL ? url + 10 + (end - subject) : "";
	if (end != NULL)
		*end = '\0';
	if (post && strcmp(rest, "/versions") == 0)
		return post_version(r, subject, body, out);
	if (post && *rest == '\0')
		return post_lookup(r, subject, body, out);
	if (!post && strcmp(rest, "/versions") == 0)
		return list(r, subject, out);
	if (!post && strncmp(rest, "/versions/", 10) == 0)
		return get_version(r, subject, rest + 10, out);
	return error_json(out, 404, 404, "Not found");
}

/* Called once for the headers, then for each piece of the body, then to answer. */
static enum MHD_Result handle(void *ctx, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data, size_t *len,
			      void **request)
{
	struct buf *body = *request, answer;
	struct MHD_Response *response;
	enum MHD_Result rc;
	int status;

	(void)version;
	if (body == NULL) {
		body = malloc(sizeof(*body));
		if (body == NULL)
			return MHD_NO;
		buf_init(body, BODY_MAX);
		*request = body;
		return MHD_YES;
	}
	if (*len != 0) {
		buf_append(body, data, *len);
		*len = 0;
		return MHD_YES;
	}
	buf_init(&answer, 4 * BODY_MAX);
	status = route(ctx, method, url, buf_view(body), &answer);
	response = MHD_create_response_from_buffer(answer.len, answer.data, MHD_RESPMEM_MUST_COPY);
	buf_release(&answer);
	MHD_add_response_header(response, "Content-Type", "application/vnd.schemaregistry.v1+json");
	rc = MHD_queue_response(connection, (unsigned)status, response);
	MHD_destroy_response(response);
	return rc;
}

static void completed(void *ctx, struct MHD_Connection *connection, void **request,
		      enum MHD_RequestTerminationCode code)
{
	(void)ctx, (void)connection, (void)code;
	if (*request != NULL)
		buf_release(*request);
	free(*request);
	*request = NULL;
}

struct demo_registry *demo_registry_new(uint16_t *port, struct err *err)
{
	struct demo_registry *r = calloc(1, sizeof(*r));
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const union MHD_DaemonInfo *info;

	if (r == NULL)
		abort();
	r->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL, 0, NULL, NULL, handle,
				     r, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED,
				     completed, NULL, MHD_OPTION_CONNECTION_LIMIT, 32u, MHD_OPTION_END);
	if (r->daemon == NULL) {
		err_set(err, ERR_FATAL, errno, "cannot listen on loopback for the registry");
		demo_registry_free(r);
		return NULL;
	}
	info = MHD_get_daemon_info(r->daemon, MHD_DAEMON_INFO_BIND_PORT);
	*port = info->port;
	return r;
}

void demo_registry_free(struct demo_registry *r)
{
	if (r == NULL)
		return;
	if (r->daemon != NULL)
		MHD_stop_daemon(r->daemon);
	for (int i = 0; i < r->schema_count; i++)
		free(r->schemas[i]);
	for (size_t i = 0; i < r->version_count; i++)
		free(r->versions[i].subject);
	free(r->schemas);
	free(r->versions);
	free(r);
}
