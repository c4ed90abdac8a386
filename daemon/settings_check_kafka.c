#include "daemon/settings_internal.h"

#include "kafka/config.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What kafka.* says about who reads along. librdkafka checks the rest itself. */

/* The first with the fixed SCRAM: its older ones repeat the client's nonce,
 * which Apache Kafka 4.0 and later refuse. */
#define SCRAM_FIXED 0x02060100

/* One of the two clients, and how the operator's keys for it begin. */
struct side {
	const struct kafka_properties *list;
	const char *prefix;
};

static const char *get(const struct side *side, const char *name)
{
	return settings_kafka_get(side->list, name);
}

/* The key by which `name` was set for this side. */
static const char *key_of(const struct side *side, const struct conf *c, const char *name, char *out,
			  size_t size)
{
	snprintf(out, size, "%s%s", side->prefix, name);
	if (conf_get(c, out) == NULL)
		snprintf(out, size, "kafka.%s", name);
	return out;
}

#define KEY(side, name) PLACE(key_of(side, c, name, (char[300]){0}, 300))

static const char *mechanism_of(const struct side *side)
{
	const char *one = get(side, "sasl.mechanism"), *many = get(side, "sasl.mechanisms");

	return one != NULL ? one : many != NULL ? many : "GSSAPI";
}

static bool brokers_local(const char *brokers)
{
	while (*brokers != '\0') {
		size_t len = strcspn(brokers, ","), blank = strspn(brokers, " ");
		char one[256];

		if (blank < len) {
			snprintf(one, sizeof(one), "%.*s", (int)(len - blank), brokers + blank);
			if (!settings_loopback(settings_host_of(one)))
				return false;
		}
		brokers += len + (brokers[len] == ',');
	}
	return true;
}

/* Whether something is sent from which the secret can be had. Kerberos sends none. */
static bool sends_secret(const struct side *side)
{
	return get(side, "sasl.password") != NULL || strcasecmp(mechanism_of(side), "OAUTHBEARER") == 0;
}

static bool check_clear(const struct side *side, const struct settings *s, const struct conf *c,
			struct conf_problems *p)
{
	const char *protocol = get(side, "security.protocol");
	const char *brokers = get(side, "bootstrap.servers");

	if (protocol == NULL || strcasecmp(protocol, "sasl_plaintext") != 0 || !sends_secret(side) ||
	    brokers == NULL || brokers_local(brokers) || s->allow_plaintext_credentials)
		return true;
	conf_error(p,
		   "%s: the password would travel in the clear; use SASL_SSL, or set "
		   "allow_plaintext_credentials = true",
		   KEY(side, "security.protocol"));
	return false;
}

/* The client's secret goes there in the clear as well. */
static bool check_token_url(const struct side *side, const struct settings *s, const struct conf *c,
			    struct conf_problems *p)
{
	const char *url = get(side, "sasl.oauthbearer.token.endpoint.url");

	if (url == NULL || strncasecmp(url, "http://", 7) != 0 || settings_loopback(settings_host_of(url)) ||
	    s->allow_plaintext_credentials)
		return true;
	conf_error(p,
		   "%s: the client's secret would travel in the clear; use https://, or set "
		   "allow_plaintext_credentials = true",
		   KEY(side, "sasl.oauthbearer.token.endpoint.url"));
	return false;
}

static bool is_off(const char *value)
{
	return value != NULL && (strcasecmp(value, "false") == 0 || strcmp(value, "0") == 0 ||
				 strcasecmp(value, "f") == 0 || strcasecmp(value, "none") == 0);
}

static bool warn_unverified(const struct side *side, const struct conf *c, struct conf_problems *p)
{
	static const char *const names[] = {"enable.ssl.certificate.verification",
					    "ssl.endpoint.identification.algorithm"};
	bool fine = true;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!is_off(get(side, names[i])))
			continue;
		conf_warning(p, "%s: anybody on the way to the brokers can pretend to be one",
			     KEY(side, names[i]));
		fine = false;
	}
	return fine;
}

static bool warn_scram(const struct side *side, const struct conf *c, struct conf_problems *p)
{
	const char *protocol = get(side, "security.protocol");

	if (protocol == NULL || strncasecmp(protocol, "sasl_", 5) != 0 ||
	    strncasecmp(mechanism_of(side), "SCRAM", 5) != 0 || rd_kafka_version() >= SCRAM_FIXED)
		return true;
	conf_warning(
		p,
		"%s: Apache Kafka 4.0 and later refuse the SCRAM of librdkafka %s as a wrong password; use "
		"librdkafka 2.6.1 or later, PLAIN over TLS, or a certificate",
		KEY(side, get(side, "sasl.mechanism") != NULL ? "sasl.mechanism" : "sasl.mechanisms"),
		rd_kafka_version_str());
	return false;
}

/* In effect for the producer. false: not a number, about which librdkafka has words of its own. */
static bool producer_ms(const struct side *side, const char *name, long *ms)
{
	const char *text = get(side, name);
	char *end;

	if (text == NULL)
		text = kafka_config_default(KAFKA_SINK, name);
	*ms = text != NULL ? strtol(text, &end, 10) : 0;
	return text != NULL && end != text && *end == '\0';
}

/* librdkafka says so only when the producer is made. */
static void check_timeouts(const struct side *side, const struct conf *c, struct conf_problems *p)
{
	static const char transaction[] = "transaction.timeout.ms";
	static const char *const within[] = {"message.timeout.ms", "socket.timeout.ms"};
	long limit, ms;

	for (size_t i = 0; i < sizeof(within) / sizeof(within[0]); i++) {
		bool set = get(side, within[i]) != NULL;

		if (!producer_ms(side, transaction, &limit) || !producer_ms(side, within[i], &ms) ||
		    ms <= limit)
			continue;
		conf_error(p, "%s: %s %ld is more than %s %ld; it has to fit into a transaction",
			   KEY(side, set ? within[i] : transaction), within[i], ms, transaction, limit);
	}
}

static bool warn_unused(const struct side *side, const struct conf *c, struct conf_problems *p)
{
	const char *protocol = get(side, "security.protocol");
	bool user = get(side, "sasl.username") != NULL, password = get(side, "sasl.password") != NULL;

	if ((protocol != NULL && strncasecmp(protocol, "sasl_", 5) == 0) || (!user && !password))
		return true;
	conf_warning(p, "%s: not used, because kafka.security.protocol is %s; Confluent Cloud needs SASL_SSL",
		     KEY(side, user ? "sasl.username" : "sasl.password"),
		     protocol != NULL ? protocol : "plaintext");
	return false;
}

void settings_check_kafka(const struct settings *s, const struct conf *c, struct conf_problems *p)
{
	const struct side sides[] = {{&s->consumer, "kafka.consumer."}, {&s->producer, "kafka.producer."}};
	bool fine[5] = {true, true, true, true, true};

	/* What is said of the one need not be said of the other. */
	for (int i = 0; i < 2; i++) {
		fine[0] = fine[0] && warn_unused(&sides[i], c, p);
		fine[1] = fine[1] && check_clear(&sides[i], s, c, p);
		fine[2] = fine[2] && check_token_url(&sides[i], s, c, p);
		fine[3] = fine[3] && warn_unverified(&sides[i], c, p);
		fine[4] = fine[4] && warn_scram(&sides[i], c, p);
	}
	check_timeouts(&sides[1], c, p);
	if (s->group_id != NULL &&
	    strspn(s->group_id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
		    strlen(s->group_id))
		conf_warning(
			p,
			"%s: \"%s\" holds more than letters, digits, '.', '_' and '-'; ACLs may trip over it",
			PLACE("group.id"), s->group_id);
}
