#include "summary/request.h"

#include "async/http_url.h"

#include <stdlib.h>
#include <string.h>

static int add_header(struct chat_endpoint *e, struct slice line, struct err *err)
{
	char *copy;

	if (e->header_count == CHAT_MAX_HEADERS)
		return err_set(err, ERR_CONFIG, 0, "more than %d request headers", CHAT_MAX_HEADERS);
	copy = slice_dup(line);
	if (copy == NULL)
		return err_set(err, ERR_FATAL, 0, "out of memory");
	e->headers[e->header_count++] = copy;
	if (!http_header_valid(copy))
		return err_set(err, ERR_CONFIG, 0, "request header %zu is malformed", e->header_count);
	return 0;
}

static int add_authorization(struct chat_endpoint *e, const char *api_key, const char *user_info,
			     struct err *err)
{
	struct buf line;
	int rc;

	if (api_key == NULL && user_info == NULL)
		return 0;
	buf_init(&line, 16384);
	if (api_key != NULL)
		buf_printf(&line, "Authorization: Bearer %s", api_key);
	else
		http_basic_header(&line, user_info);
	rc = buf_failed(&line) ? err_set(err, ERR_CONFIG, 0, "key is too long")
			       : add_header(e, buf_view(&line), err);
	if (line.data != NULL)
		explicit_bzero(line.data, line.cap);
	buf_release(&line);
	return rc;
}

/* Headers by which endpoints take keys: Authorization, api-key, x-api-key ... */
static bool is_secret(const char *line)
{
	struct slice name = slice_make(line, strcspn(line, ":"));

	for (size_t i = 0; i + 3 <= name.len; i++)
		if (slice_equal_nocase(slice_make(name.data + i, 3), SLICE_LITERAL("key")) ||
		    (i + 4 <= name.len &&
		     slice_equal_nocase(slice_make(name.data + i, 4), SLICE_LITERAL("auth"))) ||
		    (i + 5 <= name.len &&
		     slice_equal_nocase(slice_make(name.data + i, 5), SLICE_LITERAL("token"))))
			return true;
	return false;
}

static bool ends(const char *text, const char *with)
{
	size_t n = strlen(text), m = strlen(with);

	return n >= m && strcmp(text + n - m, with) == 0;
}

static int complete_url(struct chat_endpoint *e, const char *given, struct err *err)
{
	const char *query = given != NULL ? strchr(given, '?') : NULL;
	struct buf b;

	buf_init(&b, 8192);
	buf_str(&b, e->base);
	if (!ends(e->base, "/chat/completions") && !ends(e->base, "/invocations"))
		buf_str(&b, ends(e->base, "/v1") ? "/chat/completions" : "/v1/chat/completions");
	if (query != NULL)
		buf_append(&b, query, strcspn(query, "#"));
	e->url = buf_failed(&b) ? NULL : slice_dup(buf_view(&b));
	buf_release(&b);
	return e->url != NULL ? 0 : err_set(err, ERR_CONFIG, 0, "URL is too long");
}

int chat_endpoint_init(struct chat_endpoint *e, const struct summary_client_options *o, struct err *err)
{
	struct http_url url;
	bool secret = false;
	int rc;

	*e = (struct chat_endpoint){0};
	if (http_url_parse(&url, o->url ? o->url : "", err) != 0)
		return err_wrap(err, "summary.url");
	e->base = url.base;
	url.base = NULL;
	rc = complete_url(e, o->url, err);
	if (rc == 0)
		rc = add_header(e, SLICE_LITERAL("Content-Type: application/json"), err);
	if (rc == 0)
		rc = add_header(e, SLICE_LITERAL("Accept: application/json"), err);
	for (size_t i = 0; rc == 0 && i < o->header_count; i++)
		rc = add_header(e, slice_str(o->headers[i]), err);
	if (rc == 0)
		rc = add_authorization(e, o->api_key, url.user_info, err);
	for (size_t i = 0; i < e->header_count; i++)
		secret = secret || is_secret(e->headers[i]);
	if (rc == 0 && secret && !url.tls && !url.loopback && !o->allow_plaintext_credentials)
		rc = err_set(err, ERR_CONFIG, 0,
			     "%s: the key would be sent in the clear: use https, or allow it explicitly",
			     e->base);
	http_url_release(&url);
	return rc == 0 ? 0 : err_wrap(err, "summary endpoint");
}

void chat_endpoint_release(struct chat_endpoint *e)
{
	for (size_t i = 0; i < e->header_count; i++) {
		explicit_bzero(e->headers[i], strlen(e->headers[i]));
		free(e->headers[i]);
	}
	free(e->url);
	free(e->base);
	*e = (struct chat_endpoint){0};
}

void chat_body(struct buf *body, const struct chat_parameters *p, const struct prompt *prompt)
{
	buf_clear(body);
	buf_str(body, "{\"model\":");
	buf_json_string(body, slice_str(p->model));
	buf_str(body, ",\"messages\":[{\"role\":\"system\",\"content\":");
	buf_json_string(body, buf_view(&prompt->system));
	buf_str(body, "},{\"role\":\"user\",\"content\":");
	buf_json_string(body, buf_view(&prompt->user));
	buf_printf(body, "}],\"%s\":%d", p->old_max_tokens ? "max_tokens" : "max_completion_tokens",
		   p->max_tokens);
	if (p->temperature >= 0)
		buf_printf(body, ",\"temperature\":%.3g", p->temperature);
	buf_str(body, ",\"stream\":false}");
}
