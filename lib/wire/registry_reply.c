#include "wire/registry_reply.h"

#include "base/json_read.h"

#include <stdio.h>
#include <string.h>

void registry_schema_init(struct registry_schema *s)
{
	*s = (struct registry_schema){0};
	buf_init(&s->text, REGISTRY_MAX_SCHEMA);
}

void registry_schema_release(struct registry_schema *s)
{
	buf_release(&s->text);
}

/* ---- GUIDs ---- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int registry_guid_parse(struct slice text, uint8_t guid[16])
{
	size_t at = 0;

	if (text.len != 36)
		return -1;
	for (size_t i = 0; i < 16; i++) {
		int high, low;

		if ((at == 8 || at == 13 || at == 18 || at == 23) && text.data[at++] != '-')
			return -1;
		high = hex(text.data[at]);
		low = hex(text.data[at + 1]);
		if (high < 0 || low < 0)
			return -1;
		guid[i] = (uint8_t)(high << 4 | low);
		at += 2;
	}
	return 0;
}

void registry_guid_text(const uint8_t guid[16], char out[37])
{
	size_t at = 0;

	for (size_t i = 0; i < 16; i++) {
		if (at == 8 || at == 13 || at == 18 || at == 23)
			out[at++] = '-';
		snprintf(out + at, 3, "%02x", guid[i]);
		at += 2;
	}
}

/* ---- errors ---- */

bool registry_status_retriable(int status)
{
	return status == 200 || status == 408 || status == 429 || (status >= 500 && status <= 599);
}

/* The registry's own code and words, as far as it sent any. */
static int64_t error_body(struct slice body, char *message, size_t size)
{
	cJSON *json = json_read(body, REGISTRY_MAX_RESPONSE, NULL);
	const char *text = json_member_string(json, "message");
	int64_t code = 0;

	json_member_integer(json, "error_code", &code);
	snprintf(message, size, "%.300s", text ? text : "no message");
	for (char *p = message; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	cJSON_Delete(json);
	return code;
}

static int refuse(int status, struct slice body, struct err *err)
{
	char message[320];
	int64_t code = error_body(body, message, sizeof(message));

	switch (status) {
	case 401:
		return err_set(err, ERR_RETRY, status,
			       "schema registry does not accept our credentials (401): %s. Check "
			       "schema.registry.basic.auth.user.info or the bearer token",
			       message);
	case 403:
		return err_set(err, ERR_RETRY, status,
			       "schema registry forbids this (403): %s. Grant this user read (and, to "
			       "register, write) "
			       "on the subject",
			       message);
	case 404:
		if (code / 100 == 404)
			return err_set(err, ERR_NOT_FOUND, (int)code, "schema registry: %s (%d)", message,
				       (int)code);
		return err_set(err, ERR_RETRY, status,
			       "answered 404 but not as a schema registry would: check the path in "
			       "schema.registry.url");
	case 409:
		return err_set(err, ERR_CONFIG, status,
			       "schema is incompatible with the versions registered: %s. Register a "
			       "compatible schema "
			       "by hand, relax the subject's compatibility, or use another topic",
			       message);
	case 422:
		return err_set(err, ERR_CONFIG, (int)code, "schema registry refuses the schema: %s (%d)",
			       message, (int)code);
	default: break;
	}
	if (status >= 300 && status < 400)
		return err_set(
			err, ERR_RETRY, status,
			"schema registry redirects (%d), which is not followed: set schema.registry.url to "
			"where it really is",
			status);
	return err_set(err, ERR_RETRY, status, "schema registry answers %d: %s", status, message);
}

/* ---- schemas ---- */

static int take_number(const cJSON *json, const char *name, bool required, int32_t *out, struct err *err)
{
	int64_t n;

	if (json_member(json, name) == NULL && !required)
		return 0;
	if (!json_member_integer(json, name, &n) || n < 0 || n > INT32_MAX)
		return err_set(err, ERR_RETRY, 200, "schema registry's answer has no usable \"%s\"", name);
	*out = (int32_t)n;
	return 0;
}

static int take_type(const cJSON *json, struct registry_schema *out, struct err *err)
{
	const cJSON *item = json_member(json, "schemaType");
	const char *type = cJSON_GetStringValue(item);

	if (item == NULL || cJSON_IsNull(item))
		type = "AVRO";
	if (type == NULL || type[0] == '\0' || strlen(type) >= sizeof(out->type))
		return err_set(err, ERR_RETRY, 200,
			       "schema registry's answer has an unusable \"schemaType\"");
	snprintf(out->type, sizeof(out->type), "%s", type);
	return 0;
}

static int take_text(const cJSON *json, bool required, struct registry_schema *out, struct err *err)
{
	const char *text = json_member_string(json, "schema");

	if (text == NULL) {
		if (required)
			return err_set(err, ERR_RETRY, 200, "schema registry's answer has no \"schema\"");
		return 0;
	}
	buf_str(&out->text, text);
	if (buf_failed(&out->text))
		return err_set(err, ERR_POISON, 0, "schema of %zu bytes is over the limit of %d",
			       strlen(text), REGISTRY_MAX_SCHEMA);
	return 0;
}

/* An Avro schema with references is no schema without the schemas it names.
 * A JSON Schema says nothing that we need to read the value. */
static int check_references(const cJSON *json, const struct registry_schema *out, struct err *err)
{
	const cJSON *references = json_member(json, "references");

	if (references == NULL || cJSON_IsNull(references) || strcmp(out->type, "AVRO") != 0)
		return 0;
	if (!cJSON_IsArray(references) || cJSON_GetArraySize(references) > 0)
		return err_set(err, ERR_POISON, 0,
			       "Avro schema uses references to other subjects, which riverd does not "
			       "resolve: register "
			       "it with the named types written out");
	return 0;
}

/* The reasons come with `verbose`, from registries that give any. */
static int take_verdict(const cJSON *json, struct err *err)
{
	const cJSON *verdict = json_member(json, "is_compatible");
	const char *reason = cJSON_GetStringValue(cJSON_GetArrayItem(json_member(json, "messages"), 0));
	char message[300];

	if (!cJSON_IsBool(verdict))
		return err_set(err, ERR_RETRY, 200,
			       "schema registry's answer has no usable \"is_compatible\"");
	if (cJSON_IsTrue(verdict))
		return 0;
	snprintf(message, sizeof(message), "%.290s", reason ? reason : "no reason given");
	for (char *p = message; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	return err_set(err, ERR_CONFIG, 409, "not compatible with the latest version registered: %s",
		       message);
}

static int take_all(enum registry_call call, const cJSON *json, struct registry_schema *out, struct err *err)
{
	bool has_id = call == REGISTRY_REGISTER || call == REGISTRY_LOOKUP || call == REGISTRY_LATEST;
	const char *guid = json_member_string(json, "guid");

	if (!cJSON_IsObject(json) || json_has_duplicates(json))
		return err_set(err, ERR_RETRY, 200, "schema registry's answer is not a plain JSON object");
	if (call == REGISTRY_COMPATIBLE)
		return take_verdict(json, err);
	if (take_number(json, "id", has_id, &out->id, err) != 0 ||
	    take_number(json, "version", call == REGISTRY_LATEST, &out->version, err) != 0 ||
	    take_type(json, out, err) != 0)
		return -1;
	out->has_guid = guid != NULL && registry_guid_parse(slice_str(guid), out->guid) == 0;
	/* A look-up that succeeds found the text we sent. */
	if (take_text(json, call != REGISTRY_REGISTER && call != REGISTRY_LOOKUP, out, err) != 0)
		return -1;
	return call == REGISTRY_REGISTER ? 0 : check_references(json, out, err);
}

int registry_reply_parse(enum registry_call call, int status, struct slice body, struct registry_schema *out,
			 struct err *err)
{
	struct err why = {0};
	cJSON *json;
	int rc;

	registry_schema_release(out);
	registry_schema_init(out);
	if (status != 200)
		return refuse(status, body, err);
	json = json_read(body, REGISTRY_MAX_RESPONSE, &why);
	if (json == NULL)
		return err_set(err, ERR_RETRY, status, "schema registry's answer cannot be read: %s",
			       why.text);
	rc = take_all(call, json, out, err);
	cJSON_Delete(json);
	return rc;
}
