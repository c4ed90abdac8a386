#include "summary/reply.h"

#include "base/json_read.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *reply_kind_name(enum reply_kind kind)
{
	static const char *const names[REPLY_KINDS] = {
		[REPLY_TEXT] = "text",	     [REPLY_EMPTY] = "empty",	    [REPLY_CUT] = "cut",
		[REPLY_REFUSED] = "refused", [REPLY_FILTERED] = "filtered", [REPLY_ERROR] = "error",
		[REPLY_GARBAGE] = "garbage",
	};

	return (unsigned)kind < REPLY_KINDS ? names[kind] : "unknown";
}

void chat_reply_init(struct chat_reply *r)
{
	*r = (struct chat_reply){0};
	buf_init(&r->text, CHAT_REPLY_MAX);
}

void chat_reply_release(struct chat_reply *r)
{
	buf_release(&r->text);
}

/* ---- errors ---- */

static bool says(const char *text, const char *part)
{
	return text != NULL && strcasestr(text, part) != NULL;
}

static bool is(const char *text, const char *word)
{
	return text != NULL && strcasecmp(text, word) == 0;
}

/* Providers agree on few codes, so the sentence is read as well. */
static enum reply_reason reason_of(int status, const char *code, const char *type, const char *message)
{
	if (is(code, "context_length_exceeded") || is(type, "exceed_context_size_error") ||
	    says(message, "maximum context length") || says(message, "context size") ||
	    says(message, "context window") || says(message, "input is too long") ||
	    says(message, "prompt is too long") || says(message, "exceeds the context length") ||
	    says(message, "request too large for"))
		return REASON_CONTEXT_LENGTH;
	if (is(code, "insufficient_quota") || is(type, "insufficient_quota") ||
	    says(message, "exceeded your current quota"))
		return REASON_QUOTA;
	if (status >= 400 && status < 500 && status != 429 && says(message, "max_completion_tokens") &&
	    !says(message, "'max_tokens' is not supported"))
		return REASON_MAX_TOKENS_FIELD;
	if (status >= 400 && status < 500 && status != 429 && says(message, "temperature"))
		return REASON_TEMPERATURE;
	if (is(code, "model_not_found") || is(code, "DeploymentNotFound") ||
	    is(code, "RESOURCE_DOES_NOT_EXIST") || says(message, "model identifier is invalid") ||
	    (status == 404 && says(message, "model")))
		return REASON_MODEL;
	return REASON_OTHER;
}

static bool is_filter(const char *code, const char *type, const char *message)
{
	return is(code, "content_filter") || is(code, "content_policy_violation") ||
	       is(type, "content_filter") || says(message, "content management policy") ||
	       says(message, "guardrail");
}

/* Code may be a string or a number. */
static const char *code_text(const cJSON *item, char *number, size_t size)
{
	if (cJSON_IsString(item))
		return item->valuestring;
	if (!cJSON_IsNumber(item))
		return NULL;
	snprintf(number, size, "%.0f", item->valuedouble);
	return number;
}

/* FastAPI's validation errors: {"detail": [{"msg": "..."}]}. */
static const char *detail_text(const cJSON *detail)
{
	if (cJSON_IsArray(detail))
		return json_member_string(cJSON_GetArrayItem(detail, 0), "msg");
	return cJSON_GetStringValue(detail);
}

static const char *first_string(const cJSON *json, const char *const *names)
{
	for (; *names != NULL; names++) {
		const char *text = json_member_string(json, *names);

		if (text != NULL)
			return text;
	}
	return NULL;
}

/* False when the object is no error that we know. */
static bool read_error(struct chat_reply *r, int status, const cJSON *json)
{
	static const char *const messages[] = {"message", "Message", "error_message", NULL};
	const cJSON *error = json_member(json, "error"), *at = cJSON_IsObject(error) ? error : json;
	const char *message = first_string(at, messages), *type = json_member_string(at, "type"), *code;
	char number[32];

	code = code_text(json_member(at, "code"), number, sizeof(number));
	if (code == NULL)
		code = code_text(json_member(at, "error_code"), number, sizeof(number));
	if (message == NULL && cJSON_IsString(error))
		message = error->valuestring;
	if (message == NULL)
		message = detail_text(json_member(json, "detail"));
	if (message == NULL && code == NULL && type == NULL)
		return false;
	r->kind = is_filter(code, type, message) ? REPLY_FILTERED : REPLY_ERROR;
	r->reason = reason_of(status, code, type, message);
	buf_clear(&r->text);
	buf_str(&r->text, message ? message : code ? code : type);
	return true;
}

/* ---- completions ---- */

static void read_usage(struct chat_reply *r, const cJSON *json)
{
	const cJSON *usage = json_member(json, "usage");
	int64_t in = 0, out = 0;
	bool has_in = json_member_integer(usage, "prompt_tokens", &in);
	bool has_out = json_member_integer(usage, "completion_tokens", &out);

	r->has_usage = has_in || has_out;
	r->tokens_in = in > 0 ? in : 0;
	r->tokens_out = out > 0 ? out : 0;
}

/* Text, or an array of parts of which the ones of type text count. */
static void read_content(struct chat_reply *r, const cJSON *content)
{
	const cJSON *part;

	if (cJSON_IsString(content)) {
		buf_str(&r->text, content->valuestring);
		return;
	}
	if (!cJSON_IsArray(content))
		return;
	cJSON_ArrayForEach(part, content)
	{
		const char *type = json_member_string(part, "type"), *text = json_member_string(part, "text");

		if (text != NULL && (type == NULL || strcmp(type, "text") == 0))
			buf_str(&r->text, text);
	}
}

static bool is_blank(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (strchr(" \t\r\n", s.data[i]) == NULL)
			return false;
	return true;
}

static bool read_choice(struct chat_reply *r, const cJSON *json)
{
	const cJSON *choice = cJSON_GetArrayItem(json_member(json, "choices"), 0), *message, *refusal;
	const char *finish = json_member_string(choice, "finish_reason");

	message = json_member(choice, "message");
	if (!cJSON_IsObject(message))
		return false;
	refusal = json_member(message, "refusal");
	read_content(r, json_member(message, "content"));
	read_usage(r, json);
	if (cJSON_IsString(refusal) && refusal->valuestring[0] != '\0')
		r->kind = REPLY_REFUSED;
	else if (is(finish, "content_filter") || is(finish, "guardrail_intervened"))
		r->kind = REPLY_FILTERED;
	else if (is(finish, "length") || is(finish, "max_tokens"))
		r->kind = REPLY_CUT;
	else if (is_blank(buf_view(&r->text)))
		r->kind = REPLY_EMPTY;
	else
		r->kind = REPLY_TEXT;
	return true;
}

void chat_reply_parse(struct chat_reply *r, int status, struct slice body)
{
	cJSON *json = json_read(body, CHAT_REPLY_MAX, NULL);
	bool good = status >= 200 && status <= 299, known;

	buf_clear(&r->text);
	r->kind = REPLY_GARBAGE;
	r->reason = REASON_OTHER;
	r->has_usage = false;
	r->tokens_in = r->tokens_out = 0;
	/* Some answer 200 with an error inside. */
	known = cJSON_IsObject(json) && ((good && read_choice(r, json)) || read_error(r, status, json));
	if (!known || buf_failed(&r->text)) {
		buf_clear(&r->text);
		r->kind = REPLY_GARBAGE;
	}
	cJSON_Delete(json);
}
