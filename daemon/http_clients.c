#include "daemon/http_clients.h"

#include "base/random.h"

#include <stdlib.h>

struct http_client *http_clients_for_registry(const struct settings *s, struct loop *loop, struct err *err)
{
	struct http_options options = {
		.ca_file = s->registry.ca_location,
		.cert_file = s->registry.certificate_location,
		.key_file = s->registry.key_location,
		.key_password = s->registry.key_password,
		.proxy = s->proxy_url,
	};

	return http_client_new(loop, &options, err);
}

struct http_client *http_clients_for_summary(const struct settings *s, struct loop *loop, struct err *err)
{
	struct http_options options = {.ca_file = s->summary.ca_location, .proxy = s->proxy_url};

	return http_client_new(loop, &options, err);
}

/* Comma list for the client's own failover. */
static char *join_urls(const struct conf_list *urls)
{
	struct buf b;
	char *text;

	buf_init(&b, 64 * 1024);
	for (size_t i = 0; i < urls->count; i++) {
		if (i > 0)
			buf_byte(&b, ',');
		buf_str(&b, urls->items[i]);
	}
	text = slice_dup(slice_str(buf_cstr(&b)));
	buf_release(&b);
	return text;
}

struct schema_registry *http_clients_registry(const struct settings *s, struct loop *loop,
					      struct http_client *http, struct log *log,
					      const struct http_clients_patience *patience, struct err *err)
{
	char *urls = join_urls(&s->registry.urls);
	struct registry_options options = {
		.urls = urls,
		.user_info = s->registry.user_info,
		.bearer_token = s->registry.token,
		.headers = (const char *const *)s->registry.headers.items,
		.header_count = s->registry.headers.count,
		.allow_plaintext_credentials = s->allow_plaintext_credentials,
		.normalize = s->registry.normalize,
		.timeout_ms = s->registry.timeout,
		.seed = random_seed(),
	};
	struct schema_registry *registry;

	if (patience != NULL) {
		options.retries = patience->retries;
		if (options.timeout_ms > patience->timeout_ms)
			options.timeout_ms = patience->timeout_ms;
	}
	registry = schema_registry_new(loop, http, log, &options, err);
	free(urls);
	return registry;
}

void http_clients_summary_options(const struct settings *s, struct summary_client_options *out)
{
	*out = (struct summary_client_options){
		.url = s->summary.url,
		.model = s->summary.model,
		.api_key = s->summary.api_key,
		.headers = (const char *const *)s->summary.headers.items,
		.header_count = s->summary.headers.count,
		.allow_plaintext_credentials = s->allow_plaintext_credentials,
		.concurrency = (int)s->summary.concurrency,
		.timeout_ms = s->summary.timeout,
		.max_input_bytes = (size_t)s->summary.max_review_bytes,
		.max_tokens = (int)s->summary.max_tokens,
		.temperature = s->summary.temperature,
		.seed = random_seed(),
	};
}
