/* The command line of `riverd generate`, and that the schemas it registers are
 * those of schemas/input/. */

#include "generate.h"
#include "generate_options.h"
#include "test/lib/cmocka_all.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARGC(argv) ((int)(sizeof(argv) / sizeof(argv[0])) - 1)

/* Complaints are wanted here, but not in the log of the tests. */
static enum generate_parse parse(struct generate_options *o, int argc, const char **argv)
{
	int kept = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);
	enum generate_parse rc;

	fflush(stderr);
	dup2(null, STDERR_FILENO);
	rc = generate_options_parse(o, argc, (char **)argv);
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(null);
	return rc;
}

static void options_are_understood(void **state)
{
	const char *argv[] = {"generate",
			      "-b",
			      "k:9092",
			      "--registry",
			      "http://r",
			      "--generation",
			      "mixed",
			      "--format",
			      "avro",
			      "--cdc",
			      "flat",
			      "--history",
			      "12h",
			      "--start",
			      "2026-03-01T00:00:00Z",
			      "--events",
			      "1000",
			      "--rate",
			      "max",
			      "--poison",
			      "0.01",
			      "--topic",
			      "reviews=reviews",
			      "--continue",
			      "77",
			      "-X",
			      "a=b",
			      "--seal",
			      "45m",
			      NULL};
	struct generate_options o;

	(void)state;
	assert_int_equal(parse(&o, ARGC(argv), argv), GENERATE_GO);
	assert_string_equal(o.brokers, "k:9092");
	assert_int_equal(o.generator.generation, GENERATION_MIXED);
	assert_int_equal(o.encoding.cdc, GENERATED_FLAT);
	assert_int_equal(o.history_ms, 12 * 3600000);
	assert_int_equal(o.start_ms, 1772323200000);
	assert_int_equal(o.events, 1000);
	assert_true(o.rate == 0 && o.generator.poison == 0.01);
	assert_string_equal(o.topics[INPUT_REVIEWS], "reviews");
	assert_string_equal(o.topics[INPUT_BOOKINGS], "bookings");
	assert_false(o.generator.prelude);
	assert_int_equal(o.generator.first_number, 77);
	assert_string_equal(o.properties[0], "a=b");
	assert_int_equal(o.seal_ms, 45 * 60000);
}

static void wrong_usage_is_refused(void **state)
{
	const char *wrong[][8] = {
		{"generate", "--registry", "http://r", NULL},
		{"generate", "-b", "k", NULL},
		{"generate", "-b", "k", "--format", "xml", NULL},
		{"generate", "-b", "k", "--format", "json", "extra", NULL},
		{"generate", "-b", "k", "--format", "json", "--rate", "-1", NULL},
		{"generate", "-b", "k", "--format", "json", "--history", "0", NULL},
		{"generate", "-b", "k", "--format", "json", "--topic", "nowhere=x", NULL},
		{"generate", "-b", "k", "--format", "json", "--poison", "2", NULL},
		{"generate", "-b", "k", "--format", "json", "--events", "12x", NULL},
	};
	struct generate_options o;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int argc = 0;

		while (wrong[i][argc] != NULL)
			argc++;
		assert_int_equal(parse(&o, argc, wrong[i]), GENERATE_USAGE);
	}
}

static void spans_and_instants_are_read_strictly(void **state)
{
	(void)state;
	assert_int_equal(generate_duration("250ms"), 250);
	assert_int_equal(generate_duration("30d"), 30 * 86400000LL);
	assert_int_equal(generate_duration("0"), 0);
	assert_int_equal(generate_duration("5"), -1);
	assert_int_equal(generate_duration("5 m"), -1);
	assert_int_equal(generate_duration("-5m"), -1);
	assert_int_equal(generate_duration("99999999999d"), -1);
	assert_int_equal(generate_instant("1772323200000"), 1772323200000);
	assert_int_equal(generate_instant("2026-03-01"), 1772323200000);
	assert_int_equal(generate_instant("2026-03-01T00:00:00Z"), 1772323200000);
	assert_true(generate_instant("yesterday") == INT64_MIN);
	assert_true(generate_instant("2026-03-01T00:00:00Z!") == INT64_MIN);
}

/* The file as one line of JSON without blanks. */
static char *file_json(const char *path)
{
	static char text[1 << 16];
	FILE *file = fopen(path, "r");
	cJSON *json;
	size_t n;
	char *out;

	if (file == NULL)
		fail_msg("%s is missing (run from the top of the tree)", path);
	n = fread(text, 1, sizeof(text), file);
	fclose(file);
	json = cJSON_ParseWithLength(text, n);
	assert_non_null(json);
	out = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	return out;
}

static void event_schemas_are_those_of_the_samples(void **state)
{
	static const char *const names[3] = {"clickstream", "bookings", "hotel_reviews"};
	char path[128];

	(void)state;
	for (int i = 0; i < SCHEMA_HOTEL_KEY; i++) {
		enum generation generation = (enum generation)(i % GENERATIONS);
		const char *name = names[i / GENERATIONS];
		cJSON *ours = cJSON_Parse(generator_schema_text((enum generator_schema)i));
		char *expected, *actual = cJSON_PrintUnformatted(ours);

		if (generation == GENERATION_2026 && i / GENERATIONS == 2)
			name = "reviews";
		snprintf(path, sizeof(path), "schemas/input/%s/%s-value.avsc", generation_name(generation),
			 name);
		expected = file_json(path);
		assert_string_equal(actual, expected);
		cJSON_Delete(ours);
		cJSON_free(actual);
		cJSON_free(expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_understood),
		cmocka_unit_test(wrong_usage_is_refused),
		cmocka_unit_test(spans_and_instants_are_read_strictly),
		cmocka_unit_test(event_schemas_are_those_of_the_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
