#include "async/http_transfer.h"

#include "async/http_url.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TIMEOUT_MS   60000
#define DEFAULT_CONNECT_MS   5000
#define DEFAULT_MAX_RESPONSE (1024 * 1024)
#define DEFAULT_MAX_HEADERS  (64 * 1024)

const char *http_result_name(enum http_result result)
{
	static const char *const names[HTTP_RESULTS] = {
		[HTTP_OK] = "ok",
		[HTTP_IO] = "io",
		[HTTP_TIMEOUT] = "timeout",
		[HTTP_TOO_LARGE] = "too_large",
		[HTTP_TLS] = "tls",
		[HTTP_REFUSED] = "refused",
		[HTTP_CANCELLED] = "cancelled",
	};

	return (unsigned)result < HTTP_RESULTS ? names[result] : "unknown";
}

static int copy(char **to, const char *text)
{
	*to = text ? slice_dup(slice_str(text)) : NULL;
	return text == NULL || *to != NULL ? 0 : -1;
}

int http_settings_copy(struct http_settings *s, const struct http_options *o)
{
	*s = (struct http_settings){0};
	s->connect_timeout_ms = o->connect_timeout_ms > 0 ? o->connect_timeout_ms : DEFAULT_CONNECT_MS;
	s->max_header_bytes = o->max_header_bytes ? o->max_header_bytes : DEFAULT_MAX_HEADERS;
	return copy(&s->ca_file, o->ca_file) | copy(&s->cert_file, o->cert_file) |
	       copy(&s->key_file, o->key_file) | copy(&s->key_password, o->key_password) |
	       copy(&s->proxy, o->proxy);
}

void http_settings_release(struct http_settings *s)
{
	if (s->key_password != NULL)
		explicit_bzero(s->key_password, strlen(s->key_password));
	free(s->ca_file);
	free(s->cert_file);
	free(s->key_file);
	free(s->key_password);
	free(s->proxy);
}

/* ---- the answer as it comes ---- */

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct http_call *r = ctx;
	size_t len = size * count;

	buf_append(&r->response, data, len);
	if (!buf_failed(&r->response))
		return len;
	r->too_large = true;
	return 0;
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
	struct http_call *r = ctx;
	size_t len = size * count;

	if (len >= 5 && memcmp(data, "HTTP/", 5) == 0)
		buf_clear(&r->header_block); /* what came before belonged to a 1xx */
	buf_append(&r->header_block, data, len);
	if (!buf_failed(&r->header_block))
		return len;
	r->too_large = true;
	return 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static struct slice trim(struct slice s)
{
	while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = slice_make(s.data + 1, s.len - 1);
	while (s.len > 0 && strchr(" \t\r\n", s.data[s.len - 1]) != NULL)
		s.len--;
	return s;
}

struct slice http_header(const struct http_call *r, const char *name)
{
	struct slice block = buf_view(&r->header_block);
	size_t name_len = strlen(name), at = 0;

	while (at < block.len) {
		const char *line = block.data + at;
		const char *end = memchr(line, '\n', block.len - at);
		size_t len = end ? (size_t)(end - line) : block.len - at, i = 0;

		while (i < name_len && i < len && lower(line[i]) == lower(name[i]))
			i++;
		if (i == name_len && i < len && line[i] == ':')
			return trim(slice_make(line + i + 1, len - i - 1));
		at += len + 1;
	}
	return slice_make(NULL, 0);
}

/* ---- the request ---- */

static int add_header(struct http_call *r, const char *line)
{
	struct curl_slist *more = curl_slist_append(r->header_list, line);

	if (more == NULL)
		return -1;
	r->header_list = more;
	return 0;
}

static int set_headers(struct http_call *r, struct err *err)
{
	for (size_t i = 0; i < r->header_count; i++) {
		if (!http_header_valid(r->headers[i]))
			return err_set(err, ERR_CONFIG, 0, "request header %zu is malformed", i + 1);
		if (add_header(r, r->headers[i]) != 0)
			return err_set(err, ERR_RETRY, 0, "out of memory");
	}
	/* curl would wait for "100 Continue" before larger bodies. */
	if (add_header(r, "Expect:") != 0)
		return err_set(err, ERR_RETRY, 0, "out of memory");
	return 0;
}

static void set_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static void set_safety(const struct http_settings *s, CURL *easy)
{
	set_protocols(easy);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* "" also keeps curl from reading http_proxy and its like. */
	curl_easy_setopt(easy, CURLOPT_PROXY, s->proxy ? s->proxy : "");
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (s->ca_file != NULL) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, s->ca_file);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	if (s->cert_file != NULL)
		curl_easy_setopt(easy, CURLOPT_SSLCERT, s->cert_file);
	if (s->key_file != NULL)
		curl_easy_setopt(easy, CURLOPT_SSLKEY, s->key_file);
	if (s->key_password != NULL)
		curl_easy_setopt(easy, CURLOPT_KEYPASSWD, s->key_password);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "riverd/" RIVERD_VERSION);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Giving up while a name is being resolved must not wait for the
	 * resolver's thread: that would block the loop. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
}

static void set_request(const struct http_settings *s, struct http_call *r)
{
	CURL *easy = r->easy;
	bool has_body = strcmp(r->method, "POST") == 0 || strcmp(r->method, "PUT") == 0;

	curl_easy_setopt(easy, CURLOPT_URL, r->url);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, r);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, r->curl_text);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)s->connect_timeout_ms);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)r->max_response);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, r->header_list);
	if (has_body) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, r->body.len ? r->body.data : "");
	}
	if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "POST") != 0)
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r->method);
}

static void prepare(const struct http_settings *s, struct http_call *r)
{
	http_call_release(r);
	if (r->timeout_ms <= 0 || r->timeout_ms > INT_MAX)
		r->timeout_ms = DEFAULT_TIMEOUT_MS;
	if (r->max_response == 0)
		r->max_response = DEFAULT_MAX_RESPONSE;
	buf_init(&r->response, r->max_response);
	buf_init(&r->header_block, s->max_header_bytes);
	r->status = 0;
	r->too_large = false;
	r->curl_text[0] = '\0';
	r->header_list = NULL;
	err_clear(&r->err);
}

int http_transfer_begin(const struct http_settings *s, struct http_call *r, struct err *err)
{
	prepare(s, r);
	r->easy = curl_easy_init();
	if (r->easy == NULL)
		return err_set(err, ERR_RETRY, 0, "out of memory");
	if (set_headers(r, err) != 0) {
		http_transfer_end(r);
		return -1;
	}
	set_safety(s, r->easy);
	set_request(s, r);
	return 0;
}

void http_transfer_end(struct http_call *r)
{
	curl_easy_cleanup(r->easy);
	curl_slist_free_all(r->header_list);
	r->easy = NULL;
	r->header_list = NULL;
}

void http_call_release(struct http_call *r)
{
	buf_release(&r->response);
	buf_release(&r->header_block);
}

/* ---- the verdict ---- */

static bool connected(const struct http_call *r)
{
	char *peer = NULL;

	return curl_easy_getinfo(r->easy, CURLINFO_PRIMARY_IP, &peer) == CURLE_OK && peer != NULL &&
	       peer[0] != '\0';
}

static enum http_result judge(const struct http_call *r, CURLcode code)
{
	if (r->too_large)
		return HTTP_TOO_LARGE;
	switch (code) {
	case CURLE_OK: return HTTP_OK;
	case CURLE_OPERATION_TIMEDOUT: return HTTP_TIMEOUT;
	case CURLE_FILESIZE_EXCEEDED: return HTTP_TOO_LARGE;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CIPHER: return HTTP_TLS;
	case CURLE_URL_MALFORMAT: return HTTP_REFUSED;
	case CURLE_UNSUPPORTED_PROTOCOL: /* also: a server that does not speak HTTP */
		return connected(r) ? HTTP_IO : HTTP_REFUSED;
	default: return HTTP_IO;
	}
}

static void describe(struct http_call *r, CURLcode code)
{
	const char *why = r->curl_text[0] ? r->curl_text : curl_easy_strerror(code);

	switch (r->result) {
	case HTTP_OK: err_clear(&r->err); break;
	case HTTP_TIMEOUT: err_set(&r->err, ERR_RETRY, code, "timeout: %s", why); break;
	case HTTP_TOO_LARGE:
		err_set(&r->err, ERR_RETRY, code, "answer is over the limit of %zu bytes", r->max_response);
		break;
	case HTTP_TLS: err_set(&r->err, ERR_CONFIG, code, "TLS: %s", why); break;
	case HTTP_REFUSED: err_set(&r->err, ERR_CONFIG, code, "%s", why); break;
	default: err_set(&r->err, ERR_RETRY, code, "%s", why); break;
	}
}

void http_transfer_judge(struct http_call *r, CURLcode code)
{
	long status = 0;

	if (code == CURLE_OK)
		curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	r->status = (int)status;
	r->result = judge(r, code);
	describe(r, code);
}
