#include "registry_post.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <stdlib.h>

#define ANSWER_MAX (4u << 20)
#define TIMEOUT_S  10L

static size_t take(char *data, size_t size, size_t count, void *ctx)
{
	struct buf *answer = ctx;

	buf_append(answer, data, size * count);
	return buf_failed(answer) ? 0 : size * count;
}

/* One request; `body` NULL for GET. Fills the answer and the HTTP status. */
static int perform(const char *url, const char *body, struct buf *answer, long *status, struct err *err)
{
	struct curl_slist *headers =
		curl_slist_append(NULL, "Content-Type: application/vnd.schemaregistry.v1+json");
	CURL *curl = curl_easy_init();
	CURLcode code;

	if (curl == NULL || headers == NULL)
		abort();
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (body != NULL)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	if (code != CURLE_OK)
		return err_set(err, ERR_RETRY, (int)code, "schema registry: %s", curl_easy_strerror(code));
	return 0;
}

static int check_status(long status, struct buf *answer, struct err *err)
{
	enum err_class class = ERR_CONFIG;

	if (status >= 200 && status < 300)
		return 0;
	if (status == 404)
		class = ERR_NOT_FOUND;
	else if (status == 408 || status == 429 || status >= 500)
		class = ERR_RETRY;
	return err_set(err, class, (int)status, "schema registry: HTTP %ld: %.200s", status,
		       buf_cstr(answer));
}

/* Base, path, and a subject with everything but letters, digits and -._~ escaped. */
static void make_url(struct buf *out, const char *base, const char *before, const char *subject,
		     const char *after)
{
	size_t len = strlen(base);
	char *escaped = curl_easy_escape(NULL, subject, 0);

	while (len > 0 && base[len - 1] == '/')
		len--;
	buf_append(out, base, len);
	buf_str(out, before);
	buf_str(out, escaped ? escaped : "");
	buf_str(out, after);
	curl_free(escaped);
}

int registry_post_schema(const char *url, const char *subject, const char *text, int32_t *id, struct err *err)
{
	struct buf full, body, answer;
	const cJSON *number;
	cJSON *json = NULL;
	long status = 0;
	int rc = -1;

	buf_init(&full, 8192);
	buf_init(&body, ANSWER_MAX);
	buf_init(&answer, ANSWER_MAX);
	make_url(&full, url, "/subjects/", subject, "/versions");
	buf_str(&body, "{\"schemaType\":\"AVRO\",\"schema\":");
	buf_json_string(&body, slice_str(text));
	buf_byte(&body, '}');
	if (perform(buf_cstr(&full), buf_cstr(&body), &answer, &status, err) != 0 ||
	    check_status(status, &answer, err) != 0)
		goto out;
	json = cJSON_ParseWithLength(answer.data, answer.len);
	number = cJSON_GetObjectItemCaseSensitive(json, "id");
	if (!cJSON_IsNumber(number)) {
		err_set(err, ERR_CONFIG, 0, "schema registry: the answer has no id: is this its URL?");
		goto out;
	}
	*id = (int32_t)number->valuedouble;
	rc = 0;
out:
	cJSON_Delete(json);
	buf_release(&full);
	buf_release(&body);
	buf_release(&answer);
	return rc == 0 ? 0 : err_wrap(err, "register %s", subject);
}

int registry_get_schema(const char *url, int32_t id, struct buf *text, struct err *err)
{
	struct buf full, answer;
	const cJSON *schema;
	cJSON *json = NULL;
	char number[16];
	long status = 0;
	int rc = -1;

	buf_init(&full, 8192);
	buf_init(&answer, ANSWER_MAX);
	snprintf(number, sizeof(number), "%d", id);
	make_url(&full, url, "/schemas/ids/", number, "");
	if (perform(buf_cstr(&full), NULL, &answer, &status, err) != 0 ||
	    check_status(status, &answer, err) != 0)
		goto out;
	json = cJSON_ParseWithLength(answer.data, answer.len);
	schema = cJSON_GetObjectItemCaseSensitive(json, "schema");
	if (!cJSON_IsString(schema)) {
		err_set(err, ERR_CONFIG, 0, "schema registry: the answer has no schema");
		goto out;
	}
	buf_str(text, schema->valuestring);
	rc = 0;
out:
	cJSON_Delete(json);
	buf_release(&full);
	buf_release(&answer);
	return rc == 0 ? 0 : err_wrap(err, "schema %d", id);
}
