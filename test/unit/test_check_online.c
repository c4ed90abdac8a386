/* `riverd check --online` against librdkafka's mock cluster and a fake HTTP
 * server. The check blocks, so it has a thread of its own; this one answers. */

#include "daemon/check_online.h"
#include "daemon/cli.h"
#include "kafka/admin.h"
#include "store/database.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/fake_http.h"
#include "test/lib/mock_kafka.h"
#include "test/lib/store_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_SUBJECT "{\"error_code\":40401,\"message\":\"no such subject\"}"
#define NO_SCHEMA  "{\"error_code\":40403,\"message\":\"no such schema\"}"
#define ANSWER	   "{\"choices\":[{\"message\":{\"content\":\"Clean.\"},\"finish_reason\":\"stop\"}]}"
#define OLD_SERVER                                                                                           \
	"{\"error\":{\"message\":\"Unsupported parameter: max_completion_tokens\","                          \
	"\"code\":\"unsupported_parameter\",\"param\":\"max_completion_tokens\"}}"

/* How the registry and the model answer. */
struct answer {
	int status; /* 0: 200 */
	const char *body;
};

struct world {
	struct mock_kafka kafka;
	struct loop loop;
	struct fake_http *http;
	struct store_fixture store;
	struct answer latest, lookup, compatible, model;
	bool old_server; /* the model knows "max_tokens" only */
	int posts;	 /* to /subjects/x/versions, which would change something */

	struct settings settings;
	char *out;
	int code;
	atomic_bool done;
};

static void answer(void *ctx, const struct fake_request *request, struct fake_reply *reply)
{
	struct world *w = ctx;
	bool post = strcmp(request->method, "POST") == 0;
	const struct answer *a = &w->latest;

	if (strstr(request->path, "/chat/completions") != NULL)
		a = &w->model;
	else if (strncmp(request->path, "/compatibility/", 15) == 0)
		a = &w->compatible;
	else if (post)
		a = &w->lookup;
	w->posts += post && strstr(request->path, "/versions") != NULL && a == &w->lookup;
	reply->status = a->status;
	reply->body = a->body;
	if (a == &w->model && w->old_server && strstr(request->body, "max_completion_tokens") != NULL) {
		reply->status = 400;
		reply->body = OLD_SERVER;
	}
}

static const char *const topics[] = {"clickstream",
				     "bookings",
				     "hotel_reviews",
				     "riverhotel.SAMPLE.HOTEL",
				     "riverhotel.SAMPLE.CUSTOMER",
				     "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY",
				     "HOTEL_BOOKINGS",
				     "HOTEL_CATALOG",
				     "riverd.dead-letter"};
#define TOPICS (sizeof(topics) / sizeof(topics[0]))

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct err err;

	*state = w;
	if (mock_kafka_init(&w->kafka, 1) != 0 || loop_init(&w->loop, &err) != 0 ||
	    store_fixture_init(&w->store) != 0)
		return -1;
	w->http = fake_http_new(&w->loop, answer, w);
	w->latest = (struct answer){404, NO_SUBJECT};
	w->lookup = (struct answer){0, "{\"subject\":\"s\",\"id\":3,\"version\":1,\"schema\":\"{}\"}"};
	w->model = (struct answer){0, ANSWER};
	settings_init(&w->settings);
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	struct err err;

	settings_release(&w->settings);
	store_fixture_release(&w->store);
	fake_http_free(w->http);
	assert_int_equal(loop_release(&w->loop, &err), 0);
	mock_kafka_release(&w->kafka);
	free(w->out);
	free(w);
	return 0;
}

static void make_topics(struct world *w)
{
	for (size_t i = 0; i < TOPICS; i++)
		assert_int_equal(rd_kafka_mock_topic_create(w->kafka.cluster, topics[i], 2, 1), 0);
}

/* The mock cluster makes whatever topic is asked for, unless told to deny it. */
static void deny_topic(struct world *w, const char *topic)
{
	rd_kafka_mock_topic_set_error(w->kafka.cluster, topic, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
}

static int64_t high_offset(struct world *w, const char *topic)
{
	const struct kafka_setting brokers = {"bootstrap.servers", w->kafka.bootstrap};
	const struct kafka_settings settings = {&brokers, 1};
	struct err err;
	struct admin *admin = admin_new(&settings, 5000, NULL, &err);
	int64_t low, high = -1;

	assert_non_null(admin);
	assert_int_equal(admin_offsets(admin, topic, 0, &low, &high, &err), 0);
	admin_free(admin);
	return high;
}

static void *check_thread(void *ctx)
{
	const struct check_online_options options = {.timeout_ms = 2000, .model_timeout_ms = 2000};
	struct world *w = ctx;
	size_t len;
	FILE *out = open_memstream(&w->out, &len);

	w->code = check_online(&w->settings, &options, out);
	fclose(out);
	atomic_store(&w->done, true);
	return NULL;
}

static void load(struct world *w, const char *const *more)
{
	char brokers[200], registry[200], model[200], path[200];
	const char *options[16] = {brokers,	     registry, model, path, "http.listen=127.0.0.1:0",
				   "summary.model=m"};
	struct settings_request request = {.use = SETTINGS_FOR_RUN, .options = options, .option_count = 6};
	struct conf_problems problems;

	snprintf(brokers, sizeof(brokers), "kafka.bootstrap.servers=%s", w->kafka.bootstrap);
	snprintf(registry, sizeof(registry), "schema.registry.url=%s", fake_http_url(w->http));
	snprintf(model, sizeof(model), "summary.url=%s/v1", fake_http_url(w->http));
	snprintf(path, sizeof(path), "state.path=%s", w->store.path);
	for (; *more != NULL; more++)
		options[request.option_count++] = *more;
	conf_problems_init(&problems);
	if (settings_load(&w->settings, NULL, &request, &problems) != 0)
		fail_msg("%s", buf_cstr(&problems.errors));
	conf_problems_release(&problems);
}

/* Runs the check with these settings on top. */
static void check(struct world *w, const char *const *more)
{
	pthread_t thread;

	settings_release(&w->settings);
	free(w->out);
	w->out = NULL;
	atomic_store(&w->done, false);
	load(w, more);
	assert_int_equal(pthread_create(&thread, NULL, check_thread, w), 0);
	while (!atomic_load(&w->done))
		fake_sleep(&w->loop, 5);
	pthread_join(thread, NULL);
	assert_int_equal(w->posts, 0); /* nothing is registered by a check */
}
#define CHECK(w, ...)	  check(w, (const char *const[]){__VA_ARGS__, NULL})
#define CHECK_AS_IT_IS(w) check(w, (const char *const[]){NULL})

/* Some line begins so, and holds `part`. */
static void assert_row(struct world *w, const char *verdict, const char *what, const char *part)
{
	char start[120];
	const char *line;

	snprintf(start, sizeof(start), "%-8s %s ", verdict, what);
	for (line = w->out; *line != '\0'; line += strcspn(line, "\n") + 1) {
		const char *found = strncmp(line, start, strlen(start)) == 0 ? strstr(line, part) : NULL;

		if (found != NULL && found < line + strcspn(line, "\n"))
			return;
	}
	fail_msg("no row \"%s...%s\" in:\n%s", start, part, w->out);
}

static void all_is_well_when_all_is_there(void **state)
{
	struct world *w = *state;

	make_topics(w);
	assert_int_equal(mock_kafka_write(&w->kafka, "bookings", 0, 0, 3), 0);
	CHECK(w, "summary.provider=openai");
	if (w->code != EXIT_OK || strstr(w->out, "warn") != NULL)
		fail_msg("%d\n%s", w->code, w->out);
	assert_row(w, "ok", "read bookings", "2 partitions");
	assert_row(w, "ok", "write riverd.dead-letter", "2 partitions");
	assert_row(w, "ok", "group riverd", "may be used");
	assert_row(w, "ok", "HOTEL_CATALOG-value", "our schema is registered, id 3");
	assert_row(w, "ok", "model m", "HTTP 200 after ");
	assert_row(w, "ok", "listen 127.0.0.1:0", "is free");
	assert_non_null(strstr(w->out, "ok       everything that riverd needs is there\n"));
}

static void a_missing_input_is_a_warning_a_missing_output_is_not(void **state)
{
	struct world *w = *state;

	make_topics(w);
	deny_topic(w, "hotel_reviews");
	deny_topic(w, "TARGET_CUSTOMERS_WITH_SIMILAR_HOTELS");
	CHECK(w, "topics.create=false");
	assert_int_equal(w->code, EXIT_OK);
	assert_row(w, "warn", "read hotel_reviews", "it is read when it appears");
	CHECK(w, "topics.create=false", "output.similar.enabled=true");
	assert_int_equal(w->code, EXIT_CONFIG);
	assert_row(w, "FAIL", "write TARGET_CUSTOMERS_WITH_SIMILAR_HOTELS", "set topics.create = true");
}

static void missing_rights_are_named(void **state)
{
	struct world *w = *state;

	make_topics(w);
	rd_kafka_mock_topic_set_error(w->kafka.cluster, "bookings",
				      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	rd_kafka_mock_topic_set_error(w->kafka.cluster, "HOTEL_CATALOG",
				      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	rd_kafka_mock_push_request_errors(w->kafka.cluster, 9 /* OffsetFetch */, 1,
					  RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
	CHECK_AS_IT_IS(w);
	assert_int_equal(w->code, EXIT_CONFIG);
	assert_row(w, "FAIL", "read bookings", "grant this user READ and DESCRIBE on the topic");
	assert_row(w, "FAIL", "write HOTEL_CATALOG", "grant this user WRITE");
	assert_row(w, "FAIL", "group riverd", "grant this user READ on the group");
	assert_row(w, "ok", "read clickstream", "2 partitions");
}

/* The mock cluster takes two acknowledgements for an answer, as no real broker does. */
static void a_broker_that_takes_every_record_is_asked_once_to_write(void **state)
{
	struct world *w = *state;
	static const char *const none[] = {"HOTEL_BOOKINGS", "HOTEL_CATALOG",
					   "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY"};

	make_topics(w);
	CHECK_AS_IT_IS(w);
	assert_int_equal(w->code, EXIT_OK);
	assert_row(w, "ok", "write HOTEL_CATALOG", "2 partitions");
	assert_null(strstr(w->out, "may be written to"));
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(high_offset(w, none[i]), 0);
	assert_int_equal(high_offset(w, "riverd.dead-letter"), 1);
}

static void what_cannot_be_reached_is_not_a_wrong_configuration(void **state)
{
	struct world *w = *state;

	CHECK(w, "kafka.bootstrap.servers=127.0.0.1:1", "schema.registry.url=http://127.0.0.1:1",
	      "summary.provider=openai", "summary.url=http://127.0.0.1:1");
	assert_int_equal(w->code, EXIT_UNAVAILABLE);
	assert_row(w, "FAIL", "kafka 127.0.0.1:1", "check kafka.bootstrap.servers");
	assert_row(w, "FAIL", "registry http://127.0.0.1:1", "check schema.registry.url");
	assert_row(w, "FAIL", "model m", "check summary.url");
	assert_null(strstr(w->out, "clickstream"));
	assert_non_null(strstr(w->out, "failed   0 wrong, 3 out of reach\n"));
}

static void registering_is_tried_without_registering(void **state)
{
	struct world *w = *state;

	make_topics(w);
	w->lookup = (struct answer){404, NO_SCHEMA};
	w->compatible = (struct answer){404, NO_SUBJECT};
	CHECK_AS_IT_IS(w);
	assert_int_equal(w->code, EXIT_OK);
	assert_row(w, "ok", "HOTEL_BOOKINGS-value", "is registered at the start");
	w->compatible = (struct answer){0, "{\"is_compatible\":true}"};
	CHECK_AS_IT_IS(w);
	assert_row(w, "ok", "HOTEL_BOOKINGS-value", "our schema fits and is registered at the start");
	w->compatible = (struct answer){0, "{\"is_compatible\":false,\"messages\":[\"MISSING FIELD\"]}"};
	CHECK_AS_IT_IS(w);
	assert_int_equal(w->code, EXIT_CONFIG);
	assert_row(w, "FAIL", "HOTEL_BOOKINGS-value", "MISSING FIELD");
	CHECK(w, "schema.registry.auto.register.schemas=false");
	assert_int_equal(w->code, EXIT_CONFIG);
	assert_row(w, "FAIL", "HOTEL_BOOKINGS-key", "our schema is not registered: register it");
}

static void the_latest_version_must_fit(void **state)
{
	struct world *w = *state;
	const char *const latest[] = {"schema.registry.auto.register.schemas=false",
				      "schema.registry.use.latest.version=true", NULL};

	make_topics(w);
	check(w, latest);
	assert_int_equal(w->code, EXIT_CONFIG);
	assert_row(w, "FAIL", "HOTEL_CATALOG-value", "nothing is registered");
	w->latest = (struct answer){
		0, "{\"id\":7,\"version\":2,\"schema\":\"{\\\"type\\\":\\\"record\\\",\\\"name\\\":\\\"x\\\","
		   "\\\"fields\\\":[{\\\"name\\\":\\\"HOTEL_ID\\\",\\\"type\\\":\\\"long\\\"}]}\"}"};
	check(w, latest);
	assert_int_equal(w->code, EXIT_CONFIG);
	assert_row(w, "FAIL", "HOTEL_CATALOG-value", "version 2 (id 7) cannot be written with: ");
}

static void credentials_that_are_refused_are_wrong_and_not_shown(void **state)
{
	struct world *w = *state;
	char url[200];

	w->latest = (struct answer){401, "Unauthorized"};
	snprintf(url, sizeof(url), "schema.registry.url=http://me:hush@%s", fake_http_url(w->http) + 7);
	make_topics(w);
	CHECK(w, url);
	assert_int_equal(w->code, EXIT_CONFIG);
	assert_non_null(strstr(w->out, "Check schema.registry.basic.auth.user.info"));
	assert_null(strstr(w->out, "hush"));
	w->latest = (struct answer){503, ""};
	CHECK_AS_IT_IS(w);
	assert_int_equal(w->code, EXIT_UNAVAILABLE);
}

static void the_model_says_its_status(void **state)
{
	struct world *w = *state;

	make_topics(w);
	w->old_server = true;
	CHECK(w, "summary.provider=openai");
	assert_int_equal(w->code, EXIT_OK);
	assert_row(w, "ok", "model m", "HTTP 200 after ");
	w->old_server = false;
	w->model = (struct answer){401, "{\"error\":{\"message\":\"bad key\"}}"};
	CHECK(w, "summary.provider=openai", "summary.api_key=hush");
	assert_int_equal(w->code, EXIT_CONFIG);
	assert_row(w, "FAIL", "model m", "bad key; check summary.api_key");
	assert_null(strstr(w->out, "hush"));
	w->model = (struct answer){503, "<html>"};
	CHECK(w, "summary.provider=openai");
	assert_int_equal(w->code, EXIT_UNAVAILABLE);
	assert_row(w, "FAIL", "model m", "HTTP 503 after ");
	w->model = (struct answer){
		0, "{\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":\"length\"}]}"};
	CHECK(w, "summary.provider=openai");
	assert_int_equal(w->code, EXIT_OK);
	assert_row(w, "warn", "model m", "raise summary.max_tokens");
}

static void the_place_of_the_state_is_looked_at(void **state)
{
	struct world *w = *state;
	struct database *db;
	char what[120];
	struct err err;

	make_topics(w);
	CHECK_AS_IT_IS(w);
	assert_int_equal(w->code, EXIT_OK);
	assert_int_equal(access(w->store.path, F_OK), -1); /* nothing was made */
	snprintf(what, sizeof(what), "%s.lock", w->store.path);
	assert_int_equal(access(what, F_OK), -1);
	db = store_fixture_open(&w->store, &err);
	assert_non_null(db);
	snprintf(what, sizeof(what), "state %s", w->store.path);
	CHECK_AS_IT_IS(w);
	assert_int_equal(w->code, EXIT_OK);
	assert_row(w, "warn", what, "is in use by another riverd, process ");
	database_close(db);
	CHECK_AS_IT_IS(w);
	assert_row(w, "ok", what, "can be written and is not in use");
	CHECK(w, "state.path=/nonexistent/state.db");
	assert_int_equal(w->code, EXIT_CONFIG);
	assert_row(w, "FAIL", "state /nonexistent/state.db", "there is no such directory");
}

static void an_address_in_use_is_found(void **state)
{
	struct world *w = *state;
	char option[200], what[200];

	make_topics(w);
	snprintf(option, sizeof(option), "http.listen=%s", fake_http_url(w->http) + 7);
	snprintf(what, sizeof(what), "listen %s", fake_http_url(w->http) + 7);
	CHECK(w, option);
	assert_int_equal(w->code, EXIT_CONFIG);
	assert_row(w, "FAIL", what, "choose another http.listen");
}

#define WORLD(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(all_is_well_when_all_is_there),
		WORLD(a_missing_input_is_a_warning_a_missing_output_is_not),
		WORLD(missing_rights_are_named),
		WORLD(a_broker_that_takes_every_record_is_asked_once_to_write),
		WORLD(what_cannot_be_reached_is_not_a_wrong_configuration),
		WORLD(registering_is_tried_without_registering),
		WORLD(the_latest_version_must_fit),
		WORLD(credentials_that_are_refused_are_wrong_and_not_shown),
		WORLD(the_model_says_its_status),
		WORLD(the_place_of_the_state_is_looked_at),
		WORLD(an_address_in_use_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
