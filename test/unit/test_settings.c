/* This daemon's settings: names, derived values, contradictions, reload. */

#include "conf/describe.h"
#include "daemon/settings.h"
#include "test/lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MINIMAL "kafka.bootstrap.servers=b1:9092", "schema.registry.url=https://sr"

struct fixture {
	struct settings s;
	struct conf_problems problems;
	int result;
};

static void load_with(struct fixture *f, enum settings_use use, char *const *environment,
		      const char *const *options)
{
	struct settings_request request = {.use = use, .options = options, .environment = environment};

	while (options[request.option_count] != NULL)
		request.option_count++;
	settings_init(&f->s);
	conf_problems_init(&f->problems);
	f->result = settings_load(&f->s, NULL, &request, &f->problems);
}

#define LOAD(f, ...) load_with(f, SETTINGS_FOR_RUN, NULL, (const char *const[]){__VA_ARGS__, NULL})

static void end(struct fixture *f)
{
	settings_release(&f->s);
	conf_problems_release(&f->problems);
}

static void assert_fine(struct fixture *f)
{
	if (f->result != 0 || f->problems.warning_count > 0)
		fail_msg("%s%s", buf_cstr(&f->problems.errors), buf_cstr(&f->problems.warnings));
}

static void assert_error(const char *const *options, const char *expected)
{
	struct fixture f;

	load_with(&f, SETTINGS_FOR_RUN, NULL, options);
	assert_int_equal(f.result, -1);
	assert_string_equal(buf_cstr(&f.problems.errors), expected);
	end(&f);
}
#define ERROR(expected, ...) assert_error((const char *const[]){MINIMAL, __VA_ARGS__, NULL}, expected)

static void assert_warning(const char *const *options, const char *expected)
{
	struct fixture f;

	load_with(&f, SETTINGS_FOR_RUN, NULL, options);
	assert_int_equal(f.result, 0);
	assert_string_equal(buf_cstr(&f.problems.warnings), expected);
	end(&f);
}
#define WARNING(expected, ...) assert_warning((const char *const[]){MINIMAL, __VA_ARGS__, NULL}, expected)

static void two_keys_are_enough(void **state)
{
	struct fixture f;

	(void)state;
	LOAD(&f, MINIMAL);
	assert_fine(&f);
	assert_string_equal(f.s.brokers, "b1:9092");
	assert_string_equal(f.s.group_id, "riverd");
	assert_string_equal(f.s.transactional_id, "riverd-0");
	assert_string_equal(f.s.inputs[INPUT_REVIEWS].topic, "hotel_reviews");
	assert_string_equal(f.s.outputs[OUTPUT_SUMMARY].topic, "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY");
	assert_true(f.s.outputs[OUTPUT_SUMMARY].enabled);
	assert_false(f.s.outputs[OUTPUT_SIMILAR].enabled);
	assert_string_equal(f.s.dead_letter_topic, "riverd.dead-letter");
	assert_string_equal(f.s.state_path, "/var/lib/riverd/state.db");
	assert_int_equal(f.s.log_level, LOG_INFO);
	assert_int_equal(f.s.topics_partitions, -1);
	assert_int_equal(f.s.topics_replication, -1);
	assert_true(f.s.summary.temperature == -1);
	assert_int_equal(f.s.checkpoint_interval, 1000);
	assert_string_equal(f.s.registry.urls.items[0], "https://sr");
	end(&f);
}

static void without_them_it_says_which(void **state)
{
	struct fixture f;

	(void)state;
	LOAD(&f, "window=20m");
	assert_int_equal(f.result, -1);
	assert_string_equal(buf_cstr(&f.problems.errors),
			    "kafka.bootstrap.servers: must be set\nschema.registry.url: must be set\n");
	end(&f);
	load_with(&f, SETTINGS_FOR_DEMO, NULL, (const char *const[]){"window=20m", NULL});
	assert_fine(&f);
	end(&f);
}

static void the_defaults_are_the_contract(void **state)
{
	struct pipeline_config c = {.date_type = DATE_STRING, .price_type = PRICE_DOUBLE};
	struct fixture f;

	(void)state;
	LOAD(&f, MINIMAL);
	settings_pipeline(&f.s, slice_str("extractive"), &c);
	assert_int_equal(c.window, 20 * 60000);
	assert_int_equal(c.out_of_orderness, 5000);
	assert_int_equal(c.idle_timeout, 30000);
	assert_int_equal(c.allowed_lateness, 10 * 60000);
	assert_int_equal(c.max_future_skew, 3600000);
	assert_int_equal(c.hotel_grace, 5 * 60000);
	assert_int_equal(c.booking_memory, 120LL * 24 * 3600000);
	assert_int_equal(c.match, MATCH_CUSTOMER);
	assert_false(c.case_insensitive);
	assert_true(c.reviews_required);
	assert_true(c.outputs[OUTPUT_SUMMARY] && c.outputs[OUTPUT_BOOKINGS] && c.outputs[OUTPUT_CATALOG]);
	assert_false(c.outputs[OUTPUT_SIMILAR] || c.outputs[OUTPUT_REVIEWS]);
	assert_false(c.click_time_from_field || c.booking_time_from_field);
	assert_int_equal(c.date_type, DATE_STRING); /* auto: left alone */
	assert_int_equal(c.price_type, PRICE_DOUBLE);
	assert_int_equal(c.answer_cache, 100000);
	assert_true(slice_is(c.summary_identity, "extractive"));
	end(&f);
}

static void the_pipeline_gets_what_was_set(void **state)
{
	struct pipeline_config c = {.window = 0};
	struct fixture f;

	(void)state;
	LOAD(&f, MINIMAL, "window=30m", "booking.match=customer_and_hotel", "customer.case_insensitive=true",
	     "reviews.required=false", "output.similar.enabled=true", "input.clickstream.event_time=field",
	     "hotel_bookings.date_type=string", "hotel_bookings.price_type=long");
	settings_pipeline(&f.s, slice_str(""), &c);
	assert_int_equal(c.window, 30 * 60000);
	assert_int_equal(c.match, MATCH_CUSTOMER_AND_HOTEL);
	assert_true(c.case_insensitive);
	assert_false(c.reviews_required);
	assert_true(c.outputs[OUTPUT_SIMILAR]);
	assert_true(c.click_time_from_field);
	assert_false(c.booking_time_from_field);
	assert_int_equal(c.date_type, DATE_STRING);
	assert_int_equal(c.price_type, PRICE_LONG);
	end(&f);
}

static const char *value_of(const struct kafka_properties *list, const char *name)
{
	const char *value = "(none)";

	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i].name, name) == 0)
			value = list->items[i].value;
	}
	return value;
}

static void kafka_keys_go_to_both_sides_and_their_own_come_last(void **state)
{
	struct fixture f;

	(void)state;
	LOAD(&f, "kafka.consumer.client.id=reader", MINIMAL, "kafka.client.id=both",
	     "kafka.producer.linger.ms=7");
	assert_fine(&f);
	assert_string_equal(value_of(&f.s.consumer, "bootstrap.servers"), "b1:9092");
	assert_string_equal(value_of(&f.s.producer, "bootstrap.servers"), "b1:9092");
	assert_string_equal(value_of(&f.s.consumer, "client.id"), "reader");
	assert_string_equal(value_of(&f.s.producer, "client.id"), "both");
	assert_string_equal(value_of(&f.s.producer, "linger.ms"), "7");
	assert_string_equal(value_of(&f.s.consumer, "linger.ms"), "(none)");
	end(&f);
}

static void headers_are_collected(void **state)
{
	struct fixture f;

	(void)state;
	LOAD(&f, MINIMAL, "schema.registry.request.header.X-Tenant=7", "schema.registry.bearer.auth.token=t",
	     "schema.registry.bearer.auth.logical.cluster=lsrc-1",
	     "schema.registry.bearer.auth.identity.pool.id=pool-1", "summary.header.api-key=k");
	assert_fine(&f);
	assert_int_equal(f.s.registry.headers.count, 3);
	assert_string_equal(f.s.registry.headers.items[0], "X-Tenant: 7");
	assert_string_equal(f.s.registry.headers.items[1], "target-sr-cluster: lsrc-1");
	assert_string_equal(f.s.registry.headers.items[2], "Confluent-Identity-Pool-Id: pool-1");
	assert_int_equal(f.s.summary.headers.count, 1);
	assert_string_equal(f.s.summary.headers.items[0], "api-key: k");
	end(&f);
}

static void containers_can_do_without_a_file(void **state)
{
	char *const environment[] = {(char *)"RIVERD_KAFKA_BOOTSTRAP_SERVERS=kafka:9092",
				     (char *)"RIVERD_SCHEMA_REGISTRY_URL=http://registry:8081",
				     (char *)"RIVERD_OUT__OF__ORDERNESS=9s",
				     (char *)"RIVERD_KAFKA_SECURITY_PROTOCOL=SASL_SSL",
				     (char *)"RIVERD_FAULT=x:crash",
				     (char *)"RIVERD_PORT_8080_TCP_ADDR=10.0.0.1",
				     (char *)"STATE_DIRECTORY=/var/lib/private/riverd:/other",
				     NULL};
	struct fixture f;

	(void)state;
	load_with(&f, SETTINGS_FOR_RUN, environment, (const char *const[]){NULL});
	assert_fine(&f);
	assert_string_equal(f.s.brokers, "kafka:9092");
	assert_string_equal(value_of(&f.s.producer, "security.protocol"), "SASL_SSL");
	assert_int_equal(f.s.out_of_orderness, 9000);
	assert_string_equal(f.s.state_path, "/var/lib/private/riverd/state.db");
	end(&f);
	load_with(&f, SETTINGS_FOR_RUN, environment, (const char *const[]){"state.path=/data/s.db", NULL});
	assert_string_equal(f.s.state_path, "/data/s.db");
	end(&f);
}

static void the_registry_can_use_kafkas_password(void **state)
{
	struct fixture f;

	(void)state;
	LOAD(&f, MINIMAL, "schema.registry.basic.auth.credentials.source=SASL_INHERIT",
	     "kafka.sasl.username=u", "kafka.sasl.password=p", "kafka.security.protocol=SASL_SSL");
	assert_fine(&f);
	assert_string_equal(f.s.registry.user_info, "u:p");
	end(&f);
}

static void topics_must_be_names_and_different(void **state)
{
	(void)state;
	ERROR("-o: output.bookings.topic: bookings is already input.bookings.topic\n",
	      "output.bookings.topic=bookings");
	ERROR("-o: dead_letter.topic: \"a/b\" is not a topic name: at most 249 letters, digits, '.', '_' and "
	      "'-'\n",
	      "dead_letter.topic=a/b");
	ERROR("-o: input.hotel.topic: must not be empty\n", "input.hotel.topic=");
}

static void contradictions_are_errors(void **state)
{
	(void)state;
	ERROR("summary.url: must be set when summary.provider = openai\n"
	      "summary.model: must be set when summary.provider = openai\n",
	      "summary.provider=openai");
	ERROR("-o: schema.registry.bearer.auth.token: either a token or user and password, not both\n",
	      "schema.registry.bearer.auth.token=t", "schema.registry.basic.auth.user.info=a:b");
	ERROR("-o: schema.registry.basic.auth.user.info: user:password expected\n",
	      "schema.registry.basic.auth.user.info=nocolon");
	ERROR("-o: schema.registry.use.latest.version: needs schema.registry.auto.register.schemas = false\n",
	      "schema.registry.use.latest.version=true");
	ERROR("-o: schema.registry.basic.auth.credentials.source: the URL holds no user and password\n",
	      "schema.registry.basic.auth.credentials.source=URL");
	ERROR("output.summary.enabled: all outputs are off; riverd would do nothing\n",
	      "output.summary.enabled=false", "output.bookings.enabled=false",
	      "output.catalog.enabled=false");
	ERROR("-o: http.listen: 0.0.0.0:8080 can be reached by other machines, and there is no password; set "
	      "http.allow_remote = true if that is meant\n",
	      "http.listen=0.0.0.0:8080");
}

static void secrets_do_not_travel_in_the_clear(void **state)
{
	static const char registry[] =
		"-o: schema.registry.url: credentials would travel in the clear; use https://, "
		"or set allow_plaintext_credentials = true\n";
	struct fixture f;

	(void)state;
	ERROR(registry, "schema.registry.url=http://sr", "schema.registry.basic.auth.user.info=a:b");
	ERROR(registry, "schema.registry.url=http://a:b@sr");
	ERROR("-o: summary.url: the key would travel in the clear; use https://, or set "
	      "allow_plaintext_credentials = "
	      "true\n",
	      "summary.provider=openai", "summary.model=m", "summary.url=http://model", "summary.api_key=k");
	ERROR("-o: kafka.security.protocol: the password would travel in the clear; use SASL_SSL, or set "
	      "allow_plaintext_credentials = true\n",
	      "kafka.security.protocol=sasl_plaintext", "kafka.sasl.username=u", "kafka.sasl.password=p");
	ERROR(registry, "schema.registry.url=http://sr", "schema.registry.request.header.Authorization=x");
	ERROR(registry, "schema.registry.url=http://127.evil.example", "schema.registry.bearer.auth.token=t");
	ERROR("-o: summary.url: the key would travel in the clear; use https://, or set "
	      "allow_plaintext_credentials = "
	      "true\n",
	      "summary.provider=openai", "summary.model=m", "summary.url=http://u:p@model");
	ERROR("-o: proxy.url: its password would travel in the clear; use https://, or set "
	      "allow_plaintext_credentials = true\n",
	      "proxy.url=http://u:p@proxy:3128");
	LOAD(&f, MINIMAL, "schema.registry.url=http://localhost:8081",
	     "schema.registry.basic.auth.user.info=a:b", "summary.provider=openai", "summary.model=m",
	     "summary.url=http://127.0.0.1:1/v1", "summary.api_key=k");
	assert_fine(&f);
	end(&f);
	LOAD(&f, MINIMAL, "schema.registry.url=http://a:b@sr", "allow_plaintext_credentials=true");
	assert_fine(&f);
	end(&f);
}

static void kafka_credentials_in_the_clear_are_refused_for_either_client(void **state)
{
	static const char rest[] = "the password would travel in the clear; use SASL_SSL, or set "
				   "allow_plaintext_credentials = true\n";
	char text[300];
	struct fixture f;

	(void)state;
	snprintf(text, sizeof(text), "-o: kafka.producer.security.protocol: %s", rest);
	ERROR(text, "kafka.producer.security.protocol=SASL_PLAINTEXT", "kafka.producer.sasl.password=p");
	snprintf(text, sizeof(text), "-o: kafka.security.protocol: %s", rest);
	ERROR(text, "kafka.security.protocol=sasl_plaintext", "kafka.sasl.password=p",
	      "kafka.bootstrap.servers=127.0.0.1:9092, 127.evil.example:9092");
	ERROR(text, "kafka.security.protocol=sasl_plaintext", "kafka.sasl.mechanisms=OAUTHBEARER");
	ERROR("-o: kafka.sasl.oauthbearer.token.endpoint.url: the client's secret would travel in the clear; "
	      "use https://, or set allow_plaintext_credentials = true\n",
	      "kafka.sasl.oauthbearer.token.endpoint.url=http://login/token");
	LOAD(&f, MINIMAL, "kafka.security.protocol=sasl_plaintext", "kafka.sasl.mechanism=PLAIN",
	     "kafka.sasl.password=p", "kafka.bootstrap.servers=127.0.0.1:9092,localhost:9093,[::1]:9094");
	assert_fine(&f);
	end(&f);
}

static void waiting_longer_than_a_transaction_may_take_is_an_error(void **state)
{
	struct fixture f;

	(void)state;
	ERROR("-o: kafka.producer.socket.timeout.ms: socket.timeout.ms 60001 is more than "
	      "transaction.timeout.ms 60000; it has to fit into a transaction\n",
	      "kafka.producer.socket.timeout.ms=60001");
	ERROR("-o: kafka.socket.timeout.ms: socket.timeout.ms 70000 is more than transaction.timeout.ms "
	      "60000; it has to fit into a transaction\n",
	      "kafka.socket.timeout.ms=70000");
	/* riverd's own defaults do not fit either */
	ERROR("-o: kafka.producer.transaction.timeout.ms: message.timeout.ms 45000 is more than "
	      "transaction.timeout.ms 40000; it has to fit into a transaction\n",
	      "kafka.producer.transaction.timeout.ms=40000");
	LOAD(&f, MINIMAL, "kafka.producer.transaction.timeout.ms=5000",
	     "kafka.producer.message.timeout.ms=5000", "kafka.producer.socket.timeout.ms=5000",
	     "kafka.consumer.socket.timeout.ms=100000");
	assert_fine(&f);
	end(&f);
}

static void verification_switched_off_is_warned_of(void **state)
{
	(void)state;
	WARNING("-o: kafka.enable.ssl.certificate.verification: anybody on the way to the brokers can "
		"pretend to be one\n",
		"kafka.enable.ssl.certificate.verification=false");
	WARNING("-o: kafka.producer.ssl.endpoint.identification.algorithm: anybody on the way to the brokers "
		"can pretend to be one\n",
		"kafka.producer.ssl.endpoint.identification.algorithm=none");
}

static void what_is_probably_a_mistake_is_warned_of(void **state)
{
	(void)state;
	WARNING("-o: kafka.sasl.username: not used, because kafka.security.protocol is plaintext; Confluent "
		"Cloud needs "
		"SASL_SSL\n",
		"kafka.sasl.username=u", "kafka.sasl.password=p");
	WARNING("-o: summary.url: not used, because summary.provider = extractive\n",
		"summary.url=https://x");
	WARNING("-o: state.path: state.db is relative to wherever riverd is started\n",
		"state.path=state.db");
}

static void names_without_kafka_in_front_are_recognised(void **state)
{
	(void)state;
	ERROR("-o: sasl.username: there is no such key; did you mean kafka.sasl.username?\n",
	      "sasl.username=u");
	ERROR("-o: bootstrap.servers: there is no such key; did you mean kafka.bootstrap.servers?\n",
	      "bootstrap.servers=b");
	ERROR("-o: outputs.summary.topic: there is no such key; did you mean output.summary.topic?\n",
	      "outputs.summary.topic=x");
}

static void reload_takes_what_may_change_and_names_the_rest(void **state)
{
	struct buf applied, restart;
	struct fixture a, b;

	(void)state;
	buf_init(&applied, 1000);
	buf_init(&restart, 1000);
	LOAD(&a, MINIMAL);
	LOAD(&b, MINIMAL, "log.level=debug", "checkpoint.interval=2s", "window=10m", "kafka.client.id=x",
	     "summary.header.a=b");
	settings_reload(&a.s, &b.s, &applied, &restart);
	assert_string_equal(buf_cstr(&applied), "checkpoint.interval\nlog.level\n");
	assert_string_equal(buf_cstr(&restart), "window\nkafka.*\nsummary.header.*\n");
	assert_int_equal(a.s.log_level, LOG_DEBUG);
	assert_int_equal(a.s.checkpoint_interval, 2000);
	assert_int_equal(a.s.window, 20 * 60000);
	buf_clear(&applied);
	buf_clear(&restart);
	settings_reload(&a.s, &a.s, &applied, &restart);
	assert_int_equal(applied.len + restart.len, 0);
	end(&a);
	end(&b);
	buf_release(&applied);
	buf_release(&restart);
}

/* Runs where the source is. */
static void the_sample_file_in_etc_is_up_to_date(void **state)
{
	FILE *file = fopen("etc/riverd.conf", "r");
	struct buf now, committed;
	char chunk[4096];
	size_t n;

	(void)state;
	assert_non_null(file);
	buf_init(&now, 1000000);
	buf_init(&committed, 1000000);
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_append(&committed, chunk, n);
	fclose(file);
	conf_describe_sample(&settings_table, &now);
	if (!slice_equal(buf_view(&now), buf_view(&committed)))
		fail_msg("the table of settings has changed: make etc/riverd.conf");
	buf_release(&now);
	buf_release(&committed);
}

static void the_sample_file_lacks_only_what_must_be_set(void **state)
{
	struct settings_request request = {.use = SETTINGS_FOR_RUN, .path = "etc/riverd.conf"};
	struct conf_problems problems;
	struct settings s;

	(void)state;
	conf_problems_init(&problems);
	settings_init(&s);
	assert_int_equal(settings_load(&s, NULL, &request, &problems), -1);
	assert_non_null(strstr(buf_cstr(&problems.errors), "kafka.bootstrap.servers: must not be empty"));
	assert_non_null(strstr(buf_cstr(&problems.errors), "schema.registry.url: must not be empty"));
	assert_int_equal(problems.error_count, 2);
	settings_release(&s);
	conf_problems_release(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_keys_are_enough),
		cmocka_unit_test(without_them_it_says_which),
		cmocka_unit_test(the_defaults_are_the_contract),
		cmocka_unit_test(the_pipeline_gets_what_was_set),
		cmocka_unit_test(kafka_keys_go_to_both_sides_and_their_own_come_last),
		cmocka_unit_test(headers_are_collected),
		cmocka_unit_test(containers_can_do_without_a_file),
		cmocka_unit_test(the_registry_can_use_kafkas_password),
		cmocka_unit_test(topics_must_be_names_and_different),
		cmocka_unit_test(contradictions_are_errors),
		cmocka_unit_test(secrets_do_not_travel_in_the_clear),
		cmocka_unit_test(kafka_credentials_in_the_clear_are_refused_for_either_client),
		cmocka_unit_test(waiting_longer_than_a_transaction_may_take_is_an_error),
		cmocka_unit_test(verification_switched_off_is_warned_of),
		cmocka_unit_test(what_is_probably_a_mistake_is_warned_of),
		cmocka_unit_test(names_without_kafka_in_front_are_recognised),
		cmocka_unit_test(reload_takes_what_may_change_and_names_the_rest),
		cmocka_unit_test(the_sample_file_in_etc_is_up_to_date),
		cmocka_unit_test(the_sample_file_lacks_only_what_must_be_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
