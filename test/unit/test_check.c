/* `riverd check` and --print-config, as the operator sees them. */

#include "daemon/check.h"
#include "daemon/cli.h"
#include "test/lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct run {
	char path[32];
	char *out, *complaints;
	int code;
};

static void write_config(struct run *r, const char *text, mode_t mode)
{
	int fd;

	snprintf(r->path, sizeof(r->path), "/tmp/riverd-test-XXXXXX");
	fd = mkstemp(r->path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void check(struct run *r, const char *text, mode_t mode)
{
	struct settings_request request = {.use = SETTINGS_FOR_RUN, .path = r->path};
	struct settings s;
	size_t len;
	FILE *out = open_memstream(&r->out, &len);

	r->complaints = NULL;
	write_config(r, text, mode);
	settings_init(&s);
	r->code = check_offline(&request, &s, out);
	settings_release(&s);
	fclose(out);
	unlink(r->path);
}

static void end(struct run *r)
{
	free(r->out);
	free(r->complaints);
}

static void a_good_configuration_is_summed_up(void **state)
{
	struct run r;

	(void)state;
	check(&r, "kafka.bootstrap.servers = b1:9092,b2:9092\nschema.registry.url = https://sr\n", 0644);
	assert_int_equal(r.code, EXIT_OK);
	assert_non_null(strstr(r.out, "kafka    b1:9092,b2:9092\n"));
	assert_non_null(strstr(r.out, "group    riverd, transactions riverd-0\n"));
	assert_non_null(strstr(r.out, "read     reviews      hotel_reviews\n"));
	assert_non_null(strstr(r.out, "write    TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY\n"));
	assert_null(strstr(r.out, "TARGET_CUSTOMERS_WITH_SIMILAR_HOTELS"));
	assert_non_null(strstr(r.out, "ok       the configuration can be used\n"));
	assert_null(strstr(r.out, "warning"));
	end(&r);
}

static void all_errors_are_shown_with_their_lines(void **state)
{
	struct run r;
	char expected[128];

	(void)state;
	check(&r,
	      "kafka.bootstrap.servers = b1:9092\nwindwo = 20m\nlog.level = loud\nschema.registry.url = "
	      "https://sr\n",
	      0644);
	assert_int_equal(r.code, EXIT_CONFIG);
	snprintf(expected, sizeof(expected),
		 "error    %s:2: windwo: there is no such key; did you mean window?\n", r.path);
	assert_non_null(strstr(r.out, expected));
	assert_non_null(
		strstr(r.out,
		       ":3: log.level: \"loud\" is not one of error | warning | notice | info | debug\n"));
	assert_non_null(strstr(r.out, "failed   2 errors\n"));
	end(&r);
}

static void librdkafka_judges_its_own_properties(void **state)
{
	struct run r;

	(void)state;
	check(&r,
	      "kafka.bootstrap.servers = b1:9092\nschema.registry.url = https://sr\nkafka.sasl.usrname = u\n"
	      "kafka.consumer.fetch.wait.max.ms = soon\nkafka.group.id = g\nkafka.producer.acks = 1\n",
	      0644);
	assert_int_equal(r.code, EXIT_CONFIG);
	assert_non_null(
		strstr(r.out, ":3: kafka.sasl.usrname: No such configuration property: \"sasl.usrname\"\n"));
	assert_non_null(strstr(r.out, ":4: kafka.fetch.wait.max.ms: "));
	assert_non_null(strstr(r.out, ":5: kafka.group.id: write group.id without kafka. in front\n"));
	assert_non_null(strstr(r.out, ":6: kafka.acks: must be all, exactly-once rests on it\n"));
	assert_non_null(strstr(r.out, "failed   4 errors\n")); /* one in both lists counts once */
	end(&r);
}

static void what_the_protocol_rests_on_cannot_be_set(void **state)
{
	struct run r;

	(void)state;
	check(&r,
	      "kafka.bootstrap.servers = b1:9092\nschema.registry.url = https://sr\n"
	      "kafka.isolation.level = read_uncommitted\nkafka.acks = 1\nkafka.enable.auto.commit = true\n"
	      "kafka.producer.enable.idempotence = false\n",
	      0644);
	assert_int_equal(r.code, EXIT_CONFIG);
	assert_non_null(
		strstr(r.out, ":3: kafka.isolation.level: must be read_committed, exactly-once rests"));
	assert_non_null(strstr(r.out, ":4: kafka.acks: must be all, "));
	assert_non_null(strstr(r.out, ":5: kafka.enable.auto.commit: must be false, "));
	assert_non_null(strstr(r.out, ":6: kafka.enable.idempotence: must be true, "));
	assert_non_null(strstr(r.out, "failed   4 errors\n"));
	end(&r);
	check(&r,
	      "kafka.bootstrap.servers = b1:9092\nschema.registry.url = https://sr\n"
	      "kafka.isolation.level = read_committed\nkafka.producer.acks = -1\n",
	      0644);
	assert_int_equal(r.code, EXIT_OK);
	end(&r);
}

/* Each value is fine by itself. */
static void what_does_not_go_together_is_found(void **state)
{
	static const char start[] = "kafka.bootstrap.servers = b1:9092\nschema.registry.url = https://sr\n";
	char text[400];
	struct run r;

	(void)state;
	snprintf(text, sizeof(text),
		 "%skafka.security.protocol = SSL\nkafka.ssl.ca.location = /nonexistent/ca.pem\n", start);
	check(&r, text, 0644);
	assert_int_equal(r.code, EXIT_CONFIG);
	assert_non_null(strstr(r.out, "ssl.ca.location failed"));
	end(&r);
	snprintf(text, sizeof(text),
		 "%skafka.producer.transaction.timeout.ms = 10000\nkafka.producer.message.timeout.ms = "
		 "60000\n",
		 start);
	check(&r, text, 0644);
	assert_int_equal(r.code, EXIT_CONFIG);
	assert_non_null(strstr(r.out, "transaction.timeout.ms"));
	end(&r);
}

static void a_refused_secret_is_not_repeated(void **state)
{
	struct run r;

	(void)state;
	check(&r,
	      "kafka.bootstrap.servers = b1:9092\nschema.registry.url = https://sr\n"
	      "kafka.sasl.oauthbearer.client.secretx = hush\n",
	      0600);
	assert_int_equal(r.code, EXIT_CONFIG);
	assert_non_null(
		strstr(r.out, "kafka.sasl.oauthbearer.client.secretx: No such configuration property"));
	assert_null(strstr(r.out, "hush"));
	end(&r);
}

static void files_that_give_secrets_away_are_warned_of(void **state)
{
	static const char text[] = "kafka.bootstrap.servers = b1:9092\nschema.registry.url = https://sr\n"
				   "schema.registry.basic.auth.user.info = a:hush\n";
	struct run r;

	(void)state;
	check(&r, text, 0646);
	assert_int_equal(r.code, EXIT_OK);
	assert_non_null(strstr(r.out, ": everyone may change it; chmod o-w "));
	assert_non_null(strstr(r.out, ": holds secrets and everyone may read it; chmod o-r "));
	assert_null(strstr(r.out, "hush"));
	end(&r);
	check(&r, text, 0640);
	assert_null(strstr(r.out, "warning"));
	end(&r);
	/* a reference gives nothing away */
	check(&r,
	      "kafka.bootstrap.servers = b1:9092\nschema.registry.url = https://sr\n"
	      "schema.registry.basic.auth.user.info = ${env:NOT_SET_ANYWHERE:a:hush}\n",
	      0644);
	assert_int_equal(r.code, EXIT_OK);
	assert_null(strstr(r.out, "warning"));
	end(&r);
}

static void a_missing_file_is_an_error(void **state)
{
	struct settings_request request = {.use = SETTINGS_FOR_RUN, .path = "/nonexistent/riverd.conf"};
	struct settings s;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	settings_init(&s);
	assert_int_equal(check_offline(&request, &s, out), EXIT_CONFIG);
	fclose(out);
	assert_non_null(strstr(text, "error    /nonexistent/riverd.conf: No such file or directory\n"));
	settings_release(&s);
	free(text);
}

static void the_configuration_in_force_is_printed_without_secrets(void **state)
{
	struct settings_request request = {.use = SETTINGS_FOR_RUN};
	struct run r;
	size_t out_len, complaints_len;
	FILE *out = open_memstream(&r.out, &out_len),
	     *complaints = open_memstream(&r.complaints, &complaints_len);

	(void)state;
	write_config(&r,
		     "kafka.bootstrap.servers = b1:9092\nkafka.sasl.password = hush\nsummary.api_key = hush\n"
		     "summary.header.api-key = hush\nwindow = 10m\n",
		     0600);
	request.path = r.path;
	r.code = check_print_config(&request, out, complaints);
	fclose(out);
	fclose(complaints);
	unlink(r.path);
	assert_int_equal(r.code, EXIT_CONFIG); /* the registry is missing */
	assert_non_null(strstr(r.complaints, "error    schema.registry.url: must be set\n"));
	assert_non_null(strstr(r.out, ":5\nwindow = 10m\n"));
	assert_non_null(strstr(r.out, "# from default\nidle_timeout = 30s\n"));
	assert_non_null(strstr(r.out, "kafka.sasl.password = ********\n"));
	assert_null(strstr(r.out, "hush"));
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_configuration_is_summed_up),
		cmocka_unit_test(all_errors_are_shown_with_their_lines),
		cmocka_unit_test(librdkafka_judges_its_own_properties),
		cmocka_unit_test(what_the_protocol_rests_on_cannot_be_set),
		cmocka_unit_test(what_does_not_go_together_is_found),
		cmocka_unit_test(a_refused_secret_is_not_repeated),
		cmocka_unit_test(files_that_give_secrets_away_are_warned_of),
		cmocka_unit_test(a_missing_file_is_an_error),
		cmocka_unit_test(the_configuration_in_force_is_printed_without_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
