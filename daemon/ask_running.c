#include "daemon/ask_running.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

static size_t on_data(char *data, size_t size, size_t count, void *ctx)
{
	struct buf *answer = ctx;

	buf_append(answer, data, size * count);
	return buf_failed(answer) ? 0 : size * count;
}

static long get(const char *url, long timeout_ms, struct buf *answer, const char **why)
{
	CURL *curl = curl_easy_init();
	long status = 0;
	CURLcode rc;

	if (curl == NULL) {
		*why = "no memory";
		return 0;
	}
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	rc = curl_easy_perform(curl);
	if (rc == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	else
		*why = curl_easy_strerror(rc);
	curl_easy_cleanup(curl);
	return status;
}

void ask_running_default_url(struct buf *url)
{
	const char *listen = getenv("RIVERD_HTTP_LISTEN");
	const char *told = getenv("RIVERD_HTTP_URL");
	const char *colon = listen != NULL ? strrchr(listen, ':') : NULL;
	struct slice host;

	if (told != NULL && *told != '\0') {
		buf_str(url, told);
		return;
	}
	if (colon == NULL || colon[1] == '\0') {
		buf_str(url, "http://127.0.0.1:8080");
		return;
	}
	host = slice_make(listen, (size_t)(colon - listen));
	if (host.len == 0 || slice_is(host, "0.0.0.0") || slice_is(host, "*"))
		host = SLICE_LITERAL("127.0.0.1");
	else if (slice_is(host, "[::]"))
		host = SLICE_LITERAL("[::1]");
	buf_printf(url, "http://" SLICE_FMT "%s", SLICE_ARG(host), colon);
}

long ask_running(const char *url, const char *path, long timeout_ms, struct buf *answer, struct buf *asked,
		 const char **why)
{
	struct buf whole;
	long status;

	buf_init(&whole, 4096);
	if (url != NULL)
		buf_str(&whole, url);
	else
		ask_running_default_url(&whole);
	while (whole.len > 0 && whole.data[whole.len - 1] == '/')
		whole.len--;
	buf_str(&whole, path);
	if (asked != NULL)
		buf_slice(asked, buf_view(&whole));
	*why = "no answer";
	status = get(buf_cstr(&whole), timeout_ms, answer, why);
	buf_release(&whole);
	return status;
}
