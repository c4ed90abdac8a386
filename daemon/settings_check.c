#include "daemon/settings_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What no single row can see: keys that contradict each other, names that
 * clash, secrets that would travel in the clear. */

const char *settings_place(const struct conf *c, const char *key, char *out, size_t size)
{
	const struct conf_entry *e = conf_get(c, key);

	if (e != NULL)
		snprintf(out, size, "%s: %s", e->where, key);
	else
		snprintf(out, size, "%s", key);
	return out;
}

/* Kafka's own rule (org.apache.kafka.common.internals.Topic). */
static bool topic_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= 249 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len;
}

#define TOPICS (INPUTS + OUTPUTS + 1)

static void check_topics(const struct settings *s, const struct conf *c, struct conf_problems *p)
{
	static const char *const keys[TOPICS] = {
		"input.clickstream.topic", "input.bookings.topic", "input.reviews.topic",
		"input.hotel.topic",	   "input.customer.topic", "output.summary.topic",
		"output.similar.topic",	   "output.reviews.topic", "output.bookings.topic",
		"output.catalog.topic",	   "dead_letter.topic",
	};
	const char *names[TOPICS];

	for (int i = 0; i < INPUTS; i++)
		names[i] = s->inputs[i].topic;
	for (int i = 0; i < OUTPUTS; i++)
		names[INPUTS + i] = s->outputs[i].topic;
	names[TOPICS - 1] = s->dead_letter_topic;
	for (int i = 0; i < TOPICS; i++) {
		if (names[i] == NULL)
			continue;
		if (!topic_valid(names[i]))
			conf_error(p,
				   "%s: \"%s\" is not a topic name: at most 249 letters, digits, '.', '_' "
				   "and '-'",
				   PLACE(keys[i]), names[i]);
		for (int j = 0; j < i; j++) {
			if (names[j] != NULL && strcmp(names[i], names[j]) == 0)
				conf_error(p, "%s: %s is already %s", PLACE(keys[i]), names[i], keys[j]);
		}
	}
}

struct slice settings_host_of(const char *url)
{
	const char *scheme = strstr(url, "://"), *rest = scheme != NULL ? scheme + 3 : url, *at;
	size_t len = strcspn(rest, "/?#");

	at = memrchr(rest, '@', len);
	if (at != NULL) {
		len -= (size_t)(at + 1 - rest);
		rest = at + 1;
	}
	if (*rest == '[')
		return slice_make(rest + 1, strcspn(rest + 1, "]"));
	return slice_make(rest, strcspn(rest, ":/?#") < len ? strcspn(rest, ":/?#") : len);
}

bool settings_loopback(struct slice host)
{
	return slice_is(host, "localhost") || slice_is(host, "::1") ||
	       (host.len > 4 && strncmp(host.data, "127.", 4) == 0 &&
		strspn(host.data, "0123456789.") >= host.len); /* not a name such as 127.example.org */
}

static bool userinfo(const char *url)
{
	const char *rest = strstr(url, "://");

	return rest != NULL && memchr(rest + 3, '@', strcspn(rest + 3, "/?#")) != NULL;
}

static bool exposed(const char *url)
{
	return strncasecmp(url, "http://", 7) == 0 && !settings_loopback(settings_host_of(url));
}

/* Headers by which servers take keys: Authorization, api-key, X-Token ... */
static bool header_holds_key(const struct conf_list *headers)
{
	static const char *const words[] = {"auth", "key", "token", "secret", "cookie"};

	for (size_t i = 0; i < headers->count; i++) {
		char name[128];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(headers->items[i], ":"), headers->items[i]);
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			if (strcasestr(name, words[k]) != NULL)
				return true;
	}
	return false;
}

static void check_registry(const struct settings *s, const struct conf *c, struct conf_problems *p)
{
	bool inherits = s->registry.credentials_source == SETTINGS_SASL_INHERIT;
	bool in_url = false;

	for (size_t i = 0; i < s->registry.urls.count; i++) {
		const char *url = s->registry.urls.items[i];
		bool credentials = s->registry.user_info != NULL || s->registry.token != NULL ||
				   userinfo(url) || header_holds_key(&s->registry.headers);

		in_url |= userinfo(url);
		if (credentials && exposed(url) && !s->allow_plaintext_credentials)
			conf_error(p,
				   "%s: credentials would travel in the clear; use https://, or set "
				   "allow_plaintext_credentials = true",
				   PLACE("schema.registry.url"));
	}
	if (s->registry.token != NULL && (s->registry.user_info != NULL || in_url))
		conf_error(p, "%s: either a token or user and password, not both",
			   PLACE("schema.registry.bearer.auth.token"));
	if (s->registry.user_info != NULL && strchr(s->registry.user_info, ':') == NULL)
		conf_error(p, "%s: user:password expected", PLACE("schema.registry.basic.auth.user.info"));
	if (inherits && s->registry.user_info == NULL)
		conf_error(p, "%s: SASL_INHERIT needs kafka.sasl.username and kafka.sasl.password",
			   PLACE("schema.registry.basic.auth.credentials.source"));
	if (s->registry.credentials_source == SETTINGS_URL && !in_url)
		conf_error(p, "%s: the URL holds no user and password",
			   PLACE("schema.registry.basic.auth.credentials.source"));
	if (s->registry.use_latest && s->registry.auto_register)
		conf_error(p, "%s: needs schema.registry.auto.register.schemas = false",
			   PLACE("schema.registry.use.latest.version"));
	if ((s->registry.certificate_location == NULL) != (s->registry.key_location == NULL))
		conf_error(p, "%s: certificate and key belong together",
			   PLACE("schema.registry.ssl.certificate.location"));
}

static void check_summary(const struct settings *s, const struct conf *c, struct conf_problems *p)
{
	if (s->summary.provider == SETTINGS_OPENAI) {
		if (s->summary.url == NULL)
			conf_error(p, "summary.url: must be set when summary.provider = openai");
		if (s->summary.model == NULL)
			conf_error(p, "summary.model: must be set when summary.provider = openai");
	} else if (s->summary.url != NULL || s->summary.model != NULL) {
		conf_warning(p, "%s: not used, because summary.provider = extractive",
			     PLACE(s->summary.url != NULL ? "summary.url" : "summary.model"));
	}
	if (s->summary.provider == SETTINGS_OPENAI && s->summary.url != NULL && exposed(s->summary.url) &&
	    (s->summary.api_key != NULL || userinfo(s->summary.url) || s->summary.headers.count > 0) &&
	    !s->allow_plaintext_credentials)
		conf_error(p,
			   "%s: the key would travel in the clear; use https://, or set "
			   "allow_plaintext_credentials = true",
			   PLACE("summary.url"));
}

/* A proxy sees its password, and whoever listens on the way to it. */
static void check_proxy(const struct settings *s, const struct conf *c, struct conf_problems *p)
{
	if (s->proxy_url != NULL && userinfo(s->proxy_url) && exposed(s->proxy_url) &&
	    !s->allow_plaintext_credentials)
		conf_error(p,
			   "%s: its password would travel in the clear; use https://, or set "
			   "allow_plaintext_credentials = true",
			   PLACE("proxy.url"));
}

static void check_local(const struct settings *s, const struct conf *c, struct conf_problems *p)
{
	bool any = false;

	for (int i = 0; i < OUTPUTS; i++)
		any |= s->outputs[i].enabled;
	if (!any)
		conf_error(p, "output.summary.enabled: all outputs are off; riverd would do nothing");
	if (s->state_path != NULL && s->state_path[0] != '/')
		conf_warning(p, "%s: %s is relative to wherever riverd is started", PLACE("state.path"),
			     s->state_path);
	if (s->http_listen != NULL && !s->http_allow_remote &&
	    !settings_loopback(settings_host_of(s->http_listen)))
		conf_error(p,
			   "%s: %s can be reached by other machines, and there is no password; set "
			   "http.allow_remote = true if that is meant",
			   PLACE("http.listen"), s->http_listen);
	if (s->http_listen != NULL && s->http_show_addresses &&
	    !settings_loopback(settings_host_of(s->http_listen)))
		conf_warning(p, "%s: everyone who reaches %s reads the addresses of customers",
			     PLACE("http.show_addresses"), s->http_listen);
	if (s->out_of_orderness > s->window + s->allowed_lateness)
		conf_warning(
			p, "%s: larger than window and allowed_lateness together; results will be very late",
			PLACE("out_of_orderness"));
}

void settings_check(const struct settings *s, const struct conf *c, struct conf_problems *p)
{
	check_topics(s, c, p);
	settings_check_kafka(s, c, p);
	check_registry(s, c, p);
	check_summary(s, c, p);
	check_proxy(s, c, p);
	check_local(s, c, p);
}
