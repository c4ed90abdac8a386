#include "wire/registry_endpoints.h"

#include "async/http_url.h"

#include <stdlib.h>
#include <string.h>

static int add_header(struct registry_endpoint *e, struct slice line, struct err *err)
{
	char *copy;

	if (e->header_count == REGISTRY_MAX_HEADERS)
		return err_set(err, ERR_CONFIG, 0, "more than %d request headers", REGISTRY_MAX_HEADERS);
	copy = slice_dup(line);
	if (copy == NULL)
		return err_set(err, ERR_FATAL, 0, "out of memory");
	e->headers[e->header_count++] = copy;
	if (!http_header_valid(copy))
		return err_set(err, ERR_CONFIG, 0, "request header %zu is malformed", e->header_count);
	return 0;
}

static bool is_authorization(const char *line)
{
	return slice_equal_nocase(slice_make(line, strcspn(line, ":")), SLICE_LITERAL("authorization"));
}

static int add_credentials(struct registry_endpoint *e, const struct registry_options *o,
			   const char *url_info, struct err *err)
{
	const char *user_info = o->user_info ? o->user_info : url_info;
	struct buf line;
	int rc;

	if (user_info != NULL && o->bearer_token != NULL)
		return err_set(err, ERR_CONFIG, 0, "basic and bearer credentials exclude each other");
	if (user_info == NULL && o->bearer_token == NULL)
		return 0;
	buf_init(&line, 16384);
	if (user_info != NULL)
		http_basic_header(&line, user_info);
	else
		buf_printf(&line, "Authorization: Bearer %s", o->bearer_token);
	rc = buf_failed(&line) ? err_set(err, ERR_CONFIG, 0, "credentials are too long")
			       : add_header(e, buf_view(&line), err);
	if (line.data != NULL)
		explicit_bzero(line.data, line.cap);
	buf_release(&line);
	return rc;
}

static int add_all_headers(struct registry_endpoint *e, const struct registry_options *o,
			   const char *url_info, struct err *err)
{
	if (add_header(e,
		       SLICE_LITERAL("Accept: application/vnd.schemaregistry.v1+json, "
				     "application/vnd.schemaregistry+json, application/json"),
		       err) != 0 ||
	    add_header(e, SLICE_LITERAL("Content-Type: application/vnd.schemaregistry.v1+json"), err) != 0 ||
	    add_header(e, SLICE_LITERAL("Confluent-Accept-Unknown-Properties: true"), err) != 0)
		return -1;
	for (size_t i = 0; i < o->header_count; i++)
		if (add_header(e, slice_str(o->headers[i]), err) != 0)
			return -1;
	return add_credentials(e, o, url_info, err);
}

static int add_endpoint(struct registry_endpoints *all, const struct registry_options *o, const char *text,
			struct err *err)
{
	struct registry_endpoint *e;
	struct http_url url;
	bool secret = false;
	int rc;

	if (all->count == REGISTRY_MAX_ENDPOINTS)
		return err_set(err, ERR_CONFIG, 0, "more than %d URLs", REGISTRY_MAX_ENDPOINTS);
	if (http_url_parse(&url, text, err) != 0)
		return err_wrap(err, "URL %zu", all->count + 1);
	e = &all->list[all->count++];
	*e = (struct registry_endpoint){.base = url.base};
	url.base = NULL;
	rc = add_all_headers(e, o, url.user_info, err);
	for (size_t i = 0; i < e->header_count; i++)
		secret = secret || is_authorization(e->headers[i]);
	if (rc == 0 && secret && !url.tls && !url.loopback && !o->allow_plaintext_credentials)
		rc = err_set(err, ERR_CONFIG, 0,
			     "%s: credentials would be sent in the clear: use https, or allow it explicitly",
			     e->base);
	http_url_release(&url);
	return rc;
}

int registry_endpoints_init(struct registry_endpoints *e, const struct registry_options *o, struct err *err)
{
	const char *at = o->urls ? o->urls : "";

	*e = (struct registry_endpoints){0};
	while (*at != '\0') {
		size_t len = strcspn(at, ","), blank = strspn(at, " \t");
		struct slice one =
			slice_make(at + (blank < len ? blank : len), len - (blank < len ? blank : len));
		char *text = slice_dup(slice_trim_right(one));
		int rc;

		at += len + (at[len] == ',');
		if (text == NULL)
			return err_set(err, ERR_FATAL, 0, "schema.registry.url: out of memory");
		rc = text[0] != '\0' ? add_endpoint(e, o, text, err) : 0;
		explicit_bzero(text, strlen(text));
		free(text);
		if (rc != 0)
			return err_wrap(err, "schema.registry.url");
	}
	if (e->count == 0)
		return err_set(err, ERR_CONFIG, 0, "schema.registry.url: no URL given");
	return 0;
}

void registry_endpoints_release(struct registry_endpoints *e)
{
	for (size_t i = 0; i < e->count; i++) {
		for (size_t k = 0; k < e->list[i].header_count; k++) {
			explicit_bzero(e->list[i].headers[k], strlen(e->list[i].headers[k]));
			free(e->list[i].headers[k]);
		}
		free(e->list[i].base);
	}
	e->count = 0;
}
