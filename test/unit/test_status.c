/* /status: JSON that a parser accepts, with the numbers of the snapshot. */

#include "daemon/status.h"
#include "test/lib/cmocka_all.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>

struct fixture {
	struct buf out;
	struct metrics_snapshot snapshot;
	struct health_verdict verdict;
	struct recent_targets recent;
	struct metrics_partition partition;
	struct status_options options;
};

static void fill(struct fixture *f)
{
	const struct value similar = {.kind = VALUE_STRING, .s = SLICE_LITERAL("</script>\"\\\xff")};
	const struct target_view t = {.email = SLICE_LITERAL("anna@example.org"),
				      .hotel_id = SLICE_LITERAL("H1"),
				      .activity_time = event_time_at(1772359200000),
				      .hotel_name = SLICE_LITERAL("Inn <b>"),
				      .hotel_city = {.kind = VALUE_NULL},
				      .similar = &similar,
				      .similar_count = 1,
				      .reviews = SLICE_LITERAL("x"),
				      .summary = SLICE_LITERAL("Nice.")};

	f->partition = (struct metrics_partition){.input = INPUT_CLICKSTREAM,
						  .partition = 2,
						  .position = 5,
						  .end = -1,
						  .lag = -1,
						  .watermark_ms = METRICS_NO_TIME};
	f->snapshot.partitions = &f->partition;
	f->snapshot.partition_count = 1;
	f->snapshot.inputs[INPUT_CLICKSTREAM].topic = "clickstream";
	f->snapshot.inputs[INPUT_CLICKSTREAM].consumed = 12;
	f->snapshot.inputs[INPUT_CLICKSTREAM].used = 10;
	f->snapshot.inputs[INPUT_CLICKSTREAM].dead[POISON_SCHEMA] = 2;
	f->snapshot.pipeline.clicks_abandoned = 7;
	f->snapshot.sizes.clicks_pending = 3;
	f->snapshot.cpu_seconds = NAN;
	f->verdict.checks[0] = (struct health_check){HEALTH_WARN, "model \"x\" failing"};
	f->verdict.count = 1;
	recent_targets_add(&f->recent, &t, 1772360400000);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	buf_init(&f->out, 1 << 20);
	metrics_init(&f->snapshot);
	recent_targets_init(&f->recent);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	buf_release(&f->out);
	recent_targets_release(&f->recent);
	free(f);
	return 0;
}

static cJSON *written(struct fixture *f)
{
	cJSON *json;

	buf_clear(&f->out);
	assert_int_equal(status_write(&f->out, &f->snapshot, &f->verdict, &f->recent, &f->options), 0);
	json = cJSON_ParseWithLengthOpts(buf_cstr(&f->out), f->out.len + 1, NULL, 1);
	assert_non_null(json);
	return json;
}

static cJSON *at(cJSON *json, const char *name, int index)
{
	cJSON *item = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(json, name), index);

	assert_non_null(item);
	return item;
}

static double number(cJSON *json, const char *name)
{
	return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(json, name));
}

static const char *text(cJSON *json, const char *name)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

	return s != NULL ? s : "(none)";
}

static void an_empty_snapshot_is_valid_json(void **state)
{
	struct fixture *f = *state;
	cJSON *json = written(f);

	assert_string_equal(text(json, "service"), "riverd");
	assert_string_equal(text(json, "state"), "starting");
	assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(json, "watermark_ms")));
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "latest")), 0);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "flow")), 5);
	cJSON_Delete(json);
}

static void the_numbers_are_those_of_the_snapshot(void **state)
{
	struct fixture *f = *state;
	cJSON *json, *input, *partition;

	fill(f);
	json = written(f);
	input = at(json, "inputs", 0);
	assert_true(number(input, "consumed") == 12);
	assert_true(number(input, "dead") == 2);
	assert_true(number(input, "unaccounted") == 0);
	assert_string_equal(text(at(json, "dead_letters", 0), "reason"), "schema");
	assert_string_equal(text(at(json, "dead_letters", 0), "help"), poison_help(POISON_SCHEMA));
	for (int r = 0; r < POISON_REASONS; r++)
		assert_true(strlen(poison_help((enum poison)r)) > 10);
	partition = at(json, "partitions", 0);
	assert_string_equal(text(partition, "topic"), "clickstream");
	assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(partition, "lag")));
	assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(partition, "watermark_ms")));
	assert_string_equal(text(at(json, "flow", 1), "name"), "abandoned");
	assert_true(number(at(json, "flow", 1), "count") == 7);
	assert_true(number(at(json, "flow", 0), "waiting") == 3);
	assert_string_equal(text(at(json, "health", 0), "text"), "model \"x\" failing");
	cJSON_Delete(json);
}

static void the_partition_that_holds_the_watermark_back_is_marked(void **state)
{
	struct fixture *f = *state;
	struct metrics_partition p[] = {
		{.input = INPUT_HOTEL, .watermark_ms = 1},
		{.input = INPUT_CLICKSTREAM, .partition = 0, .watermark_ms = 900},
		{.input = INPUT_CLICKSTREAM, .partition = 1, .watermark_ms = 500},
		{.input = INPUT_BOOKINGS, .partition = 0, .watermark_ms = 100, .idle = true},
	};
	cJSON *json;

	fill(f);
	f->snapshot.partitions = p;
	f->snapshot.partition_count = 4;
	json = written(f);
	for (int i = 0; i < 4; i++)
		assert_int_equal(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(at(json, "partitions", i),
									       "slowest")),
				 i == 2);
	assert_non_null(strstr(text(at(json, "waiting", 0), "why"), "it follows clickstream / 1"));
	cJSON_Delete(json);
	p[2].idle = true; /* one that nobody is compared with holds nothing back */
	json = written(f);
	for (int i = 0; i < 4; i++)
		assert_true(cJSON_IsFalse(
			cJSON_GetObjectItemCaseSensitive(at(json, "partitions", i), "slowest")));
	cJSON_Delete(json);
}

static void targets_wait_for_a_reason(void **state)
{
	struct fixture *f = *state;
	cJSON *json;

	fill(f);
	json = written(f);
	assert_string_equal(text(at(json, "waiting", 2), "name"), "targets_waiting_answer");
	assert_string_equal(text(at(json, "waiting", 2), "why"), "");
	cJSON_Delete(json);
	f->snapshot.sizes.targets_waiting_answer = 7;
	f->snapshot.summary_in_flight = 3;
	f->snapshot.summary_queued = 2;
	json = written(f);
	assert_string_equal(text(at(json, "waiting", 2), "why"),
			    "3 at the model, 2 queued or to be tried again");
	cJSON_Delete(json);
	f->snapshot.summary_circuit_open = true;
	json = written(f);
	assert_non_null(strstr(text(at(json, "waiting", 2), "why"), "left alone"));
	cJSON_Delete(json);
}

static void addresses_are_masked_unless_allowed(void **state)
{
	struct fixture *f = *state;
	cJSON *json;

	fill(f);
	json = written(f);
	assert_string_equal(text(at(json, "latest", 0), "who"), "a***@example.org");
	assert_null(strstr(buf_cstr(&f->out), "anna"));
	cJSON_Delete(json);
	f->options.show_addresses = true;
	json = written(f);
	assert_string_equal(text(at(json, "latest", 0), "who"), "anna@example.org");
	cJSON_Delete(json);
}

static void other_peoples_text_cannot_leave_its_string(void **state)
{
	struct fixture *f = *state;
	cJSON *json;

	fill(f);
	json = written(f);
	assert_null(strchr(buf_cstr(&f->out), '<'));
	assert_string_equal(text(at(json, "latest", 0), "what"), "Inn <b>");
	assert_string_equal(cJSON_GetStringValue(at(at(json, "latest", 0), "similar", 0)),
			    "</script>\"\\\xef\xbf\xbd");
	cJSON_Delete(json);
}

static void masks(void **state)
{
	static const char *const cases[][2] = {
		{"anna@example.org", "a***@example.org"},
		{"a@b", "a***@b"},
		{"@b", "***"},
		{"", "***"},
		{"anna", "***"},
		{"\"a@b\"@c.de", "\"***@c.de"},
		{"\xc3\xa4nne@x.org", "***@x.org"},
	};
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&out);
		status_mask(&out, slice_str(cases[i][0]));
		assert_string_equal(buf_cstr(&out), cases[i][1]);
	}
	buf_release(&out);
}

static void a_buffer_that_is_too_small_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct buf small;

	fill(f);
	buf_init(&small, 500);
	assert_int_equal(status_write(&small, &f->snapshot, &f->verdict, &f->recent, &f->options), -1);
	buf_release(&small);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_snapshot_is_valid_json),
		TEST(the_numbers_are_those_of_the_snapshot),
		TEST(the_partition_that_holds_the_watermark_back_is_marked),
		TEST(targets_wait_for_a_reason),
		TEST(addresses_are_masked_unless_allowed),
		TEST(other_peoples_text_cannot_leave_its_string),
		TEST(masks),
		TEST(a_buffer_that_is_too_small_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
