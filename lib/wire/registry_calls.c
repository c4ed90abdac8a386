/* What can be asked of a registry, as paths and bodies of its REST interface. */

#include "wire/registry_calls.h"

#include "async/http_url.h"

#include <inttypes.h>

int schema_registry_by_id(struct schema_registry *r, struct registry_request *request, int32_t id,
			  struct err *err)
{
	struct buf path, body;

	buf_init(&path, REGISTRY_MAX_PATH);
	buf_init(&body, 0);
	buf_printf(&path, "/schemas/ids/%" PRId32, id);
	return registry_ask(r, request, REGISTRY_BY_ID, &path, &body, err);
}

int schema_registry_by_guid(struct schema_registry *r, struct registry_request *request,
			    const uint8_t guid[16], struct err *err)
{
	struct buf path, body;
	char text[37];

	registry_guid_text(guid, text);
	buf_init(&path, REGISTRY_MAX_PATH);
	buf_init(&body, 0);
	buf_printf(&path, "/schemas/guids/%s", text);
	return registry_ask(r, request, REGISTRY_BY_GUID, &path, &body, err);
}

static int post(struct schema_registry *r, struct registry_request *request, enum registry_call call,
		const char *subject, const char *type, struct slice text, struct err *err)
{
	struct buf path, body;

	if (text.len > REGISTRY_MAX_SCHEMA)
		return err_set(err, ERR_CONFIG, 0, "schema of %zu bytes is over the limit of %d", text.len,
			       REGISTRY_MAX_SCHEMA);
	buf_init(&path, REGISTRY_MAX_PATH);
	buf_init(&body, 3 * REGISTRY_MAX_SCHEMA);
	buf_str(&path, call == REGISTRY_COMPATIBLE ? "/compatibility/subjects/" : "/subjects/");
	http_percent_encode(&path, slice_str(subject));
	if (call == REGISTRY_REGISTER)
		buf_str(&path, "/versions");
	if (call == REGISTRY_COMPATIBLE)
		buf_str(&path, "/versions/latest?verbose=true");
	if (registry_normalizes(r))
		buf_str(&path, call == REGISTRY_COMPATIBLE ? "&normalize=true" : "?normalize=true");
	buf_str(&body, "{\"schema\":");
	buf_json_string(&body, text);
	if (strcmp(type, "AVRO") != 0) { /* old registries know no schemaType */
		buf_str(&body, ",\"schemaType\":");
		buf_json_string(&body, slice_str(type));
	}
	buf_byte(&body, '}');
	return registry_ask(r, request, call, &path, &body, err);
}

int schema_registry_register(struct schema_registry *r, struct registry_request *request, const char *subject,
			     const char *type, struct slice text, struct err *err)
{
	return post(r, request, REGISTRY_REGISTER, subject, type, text, err);
}

int schema_registry_lookup(struct schema_registry *r, struct registry_request *request, const char *subject,
			   const char *type, struct slice text, struct err *err)
{
	return post(r, request, REGISTRY_LOOKUP, subject, type, text, err);
}

int schema_registry_compatible(struct schema_registry *r, struct registry_request *request,
			       const char *subject, const char *type, struct slice text, struct err *err)
{
	return post(r, request, REGISTRY_COMPATIBLE, subject, type, text, err);
}

int schema_registry_latest(struct schema_registry *r, struct registry_request *request, const char *subject,
			   struct err *err)
{
	struct buf path, body;

	buf_init(&path, REGISTRY_MAX_PATH);
	buf_init(&body, 0);
	buf_str(&path, "/subjects/");
	http_percent_encode(&path, slice_str(subject));
	buf_str(&path, "/versions/latest");
	return registry_ask(r, request, REGISTRY_LATEST, &path, &body, err);
}
