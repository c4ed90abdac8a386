#include "async/http_url.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

static bool is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
	       (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}

/* One part of a curl URL as our own copy; NULL when the URL has no such part. */
static char *part(CURLU *url, CURLUPart what, unsigned flags)
{
	char *text = NULL, *copy;

	if (curl_url_get(url, what, &text, flags) != CURLUE_OK)
		return NULL;
	copy = slice_dup(slice_str(text));
	curl_free(text);
	return copy;
}

static int take_user_info(struct http_url *u, CURLU *url, struct err *err)
{
	char *user = part(url, CURLUPART_USER, CURLU_URLDECODE);
	char *password = part(url, CURLUPART_PASSWORD, CURLU_URLDECODE);
	int rc = 0;

	if (user != NULL) {
		struct buf b;

		buf_init(&b, 4096);
		buf_str(&b, user);
		buf_byte(&b, ':');
		buf_str(&b, password ? password : "");
		u->user_info = buf_failed(&b) ? NULL : slice_dup(buf_view(&b));
		if (u->user_info == NULL)
			rc = err_set(err, ERR_CONFIG, 0, "user name and password in the URL are too long");
		if (b.data != NULL)
			explicit_bzero(b.data, b.cap);
		buf_release(&b);
	}
	if (password != NULL)
		explicit_bzero(password, strlen(password));
	free(user);
	free(password);
	return rc;
}

static int take_base(struct http_url *u, CURLU *url, struct err *err)
{
	char *scheme = part(url, CURLUPART_SCHEME, 0);
	size_t len;

	u->host = part(url, CURLUPART_HOST, 0);
	if (scheme == NULL || u->host == NULL) {
		free(scheme);
		return err_set(err, ERR_CONFIG, 0, "URL has no scheme or no host");
	}
	u->tls = strcmp(scheme, "https") == 0;
	if (!u->tls && strcmp(scheme, "http") != 0) {
		free(scheme);
		return err_set(err, ERR_CONFIG, 0, "URL must start with http:// or https://");
	}
	free(scheme);
	len = strlen(u->host);
	if (len > 2 && u->host[0] == '[') { /* IPv6 literal */
		memmove(u->host, u->host + 1, len - 2);
		u->host[len - 2] = '\0';
	}
	u->loopback = is_loopback(u->host);
	curl_url_set(url, CURLUPART_USER, NULL, 0);
	curl_url_set(url, CURLUPART_PASSWORD, NULL, 0);
	curl_url_set(url, CURLUPART_QUERY, NULL, 0);
	curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
	u->base = part(url, CURLUPART_URL, 0);
	if (u->base == NULL)
		return err_set(err, ERR_CONFIG, 0, "URL cannot be used");
	for (len = strlen(u->base); len > 0 && u->base[len - 1] == '/'; len--)
		u->base[len - 1] = '\0';
	return 0;
}

int http_url_parse(struct http_url *u, const char *text, struct err *err)
{
	CURLU *url = curl_url();
	int rc = -1;

	*u = (struct http_url){0};
	if (url == NULL)
		return err_set(err, ERR_FATAL, 0, "URL: out of memory");
	if (strstr(text, "://") == NULL)
		err_set(err, ERR_CONFIG, 0, "URL must start with http:// or https://");
	else if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK)
		err_set(err, ERR_CONFIG, 0, "URL is malformed");
	else if (take_user_info(u, url, err) == 0)
		rc = take_base(u, url, err);
	curl_url_cleanup(url);
	if (rc != 0)
		http_url_release(u);
	return rc;
}

void http_url_release(struct http_url *u)
{
	if (u->user_info != NULL)
		explicit_bzero(u->user_info, strlen(u->user_info));
	free(u->user_info);
	free(u->base);
	free(u->host);
	*u = (struct http_url){0};
}

void http_percent_encode(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			     c == '-' || c == '.' || c == '_' || c == '~';

		if (plain)
			buf_byte(b, c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

void http_basic_header(struct buf *b, const char *user_info)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)user_info;
	size_t len = strlen(user_info);

	buf_str(b, "Authorization: Basic ");
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)p[i] << 16;

		v |= n > 1 ? (uint32_t)p[i + 1] << 8 : 0;
		v |= n > 2 ? p[i + 2] : 0;
		buf_byte(b, (uint8_t)digits[v >> 18]);
		buf_byte(b, (uint8_t)digits[v >> 12 & 63]);
		buf_byte(b, n > 1 ? (uint8_t)digits[v >> 6 & 63] : '=');
		buf_byte(b, n > 2 ? (uint8_t)digits[v & 63] : '=');
	}
}

bool http_header_valid(const char *line)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t name = strspn(line, token);

	if (name == 0 || line[name] != ':')
		return false;
	for (const char *p = line + name + 1; *p != '\0'; p++)
		if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
			return false;
	return true;
}
