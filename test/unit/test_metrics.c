/* The Prometheus writer, and this daemon's list. */

#include "daemon/metrics.h"
#include "serve/metrics.h"
#include "test/lib/cmocka_all.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct metric_family families[] = {
	{"things_total", METRIC_COUNTER, "kind", "things \\ seen\nso far"},
	{"depth", METRIC_GAUGE, "", "how deep"},
	{"wait_seconds", METRIC_HISTOGRAM, "kind", "how long"},
};
static const double bounds[] = {0.1, 1, 10};

struct fixture {
	struct buf out;
	struct metrics_writer w;
	struct metrics_snapshot snapshot;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	buf_init(&f->out, 1 << 20);
	metrics_begin(&f->w, &f->out, families, 3);
	metrics_init(&f->snapshot);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	buf_release(&f->out);
	free(f);
	return 0;
}

static void a_family_has_help_type_and_samples(void **state)
{
	struct fixture *f = *state;
	const struct metric_label kind = {"kind", SLICE_LITERAL("a\"b\\c\nd\xff")};

	metrics_open(&f->w, 0);
	metrics_u64(&f->w, &kind, 1, UINT64_MAX);
	metrics_open(&f->w, 1);
	metrics_seconds(&f->w, NULL, 0, -1500);
	assert_int_equal(metrics_end(&f->w), 0);
	assert_string_equal(buf_cstr(&f->out),
			    "# HELP things_total things \\\\ seen\\nso far\n"
			    "# TYPE things_total counter\n"
			    "things_total{kind=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\"} 18446744073709551615\n"
			    "# HELP depth how deep\n# TYPE depth gauge\ndepth -1.500\n");
}

static void a_histogram_is_cumulative_and_ends_with_infinity(void **state)
{
	struct fixture *f = *state;
	const struct metric_label kind = {"kind", SLICE_LITERAL("x")};
	struct histogram h;

	histogram_init(&h, bounds, 3);
	histogram_add(&h, 0.1); /* a bound belongs to its bucket */
	histogram_add(&h, 0.5);
	histogram_add(&h, 99);
	metrics_open(&f->w, 2);
	metrics_histogram(&f->w, &kind, 1, &h);
	assert_int_equal(metrics_end(&f->w), 0);
	assert_non_null(strstr(buf_cstr(&f->out), "wait_seconds_bucket{kind=\"x\",le=\"0.1\"} 1\n"
						  "wait_seconds_bucket{kind=\"x\",le=\"1\"} 2\n"
						  "wait_seconds_bucket{kind=\"x\",le=\"10\"} 2\n"
						  "wait_seconds_bucket{kind=\"x\",le=\"+Inf\"} 3\n"
						  "wait_seconds_sum{kind=\"x\"} 99.6\n"
						  "wait_seconds_count{kind=\"x\"} 3\n"));
}

static void quantiles_are_linear_within_a_bucket(void **state)
{
	struct histogram h;

	(void)state;
	histogram_init(&h, bounds, 3);
	assert_true(histogram_quantile(&h, 0.5) == 0);
	for (int i = 0; i < 10; i++)
		histogram_add(&h, 0.5);
	assert_true(fabs(histogram_quantile(&h, 0.5) - 0.55) < 1e-9);
	histogram_add(&h, 1e9);
	assert_true(histogram_quantile(&h, 1) == 10);
}

static void a_family_cannot_be_opened_twice(void **state)
{
	struct fixture *f = *state;

	metrics_open(&f->w, 0);
	metrics_open(&f->w, 1);
	assert_int_equal(metrics_end(&f->w), 0);
	metrics_open(&f->w, 0);
	assert_int_equal(metrics_end(&f->w), -1);
}

static void a_sample_without_a_family_fails(void **state)
{
	struct fixture *f = *state;

	metrics_u64(&f->w, NULL, 0, 1);
	assert_int_equal(metrics_end(&f->w), -1);
}

static void numbers_that_are_none_have_words(void **state)
{
	struct fixture *f = *state;

	metrics_open(&f->w, 1);
	metrics_double(&f->w, NULL, 0, NAN);
	metrics_double(&f->w, NULL, 0, -INFINITY);
	assert_non_null(strstr(buf_cstr(&f->out), "depth NaN\ndepth -Inf\n"));
}

/* ---- riverd's own ---- */

static void fill(struct metrics_snapshot *s, struct metrics_partition *p)
{
	struct metrics_input *in = &s->inputs[INPUT_BOOKINGS];

	*p = (struct metrics_partition){.input = INPUT_BOOKINGS,
					.partition = 3,
					.position = 10,
					.end = -1,
					.lag = 7,
					.watermark_ms = 1772359200123,
					.max_event_time_ms = METRICS_NO_TIME};
	s->partitions = p;
	s->partition_count = 1;
	in->consumed = 100;
	in->used = 60;
	in->filtered = 25;
	in->late = 5;
	in->dead[POISON_BYTES] = 7;
	in->dead[POISON_FIELD] = 3;
	s->pipeline.clicks_abandoned = 42;
	s->sizes.questions_open = 9;
	histogram_add(&s->commit_seconds, 0.004);
	metrics_process(s);
}

static void assert_line(struct fixture *f, const char *line)
{
	if (strstr(buf_cstr(&f->out), line) == NULL)
		fail_msg("no line %s", line);
}

static void everything_of_the_snapshot_is_on_the_page(void **state)
{
	struct fixture *f = *state;
	struct metrics_partition p;

	fill(&f->snapshot, &p);
	assert_int_equal(metrics_write(&f->out, &f->snapshot), 0);
	assert_line(f, "\nriverd_input_records_consumed_total{input=\"bookings\"} 100\n");
	assert_line(f, "\nriverd_input_records_dead_total{input=\"bookings\"} 10\n");
	assert_line(f, "\nriverd_input_records_unaccounted{input=\"bookings\"} 0\n");
	assert_line(f, "\nriverd_dead_letters_total{input=\"bookings\",reason=\"bytes\"} 7\n");
	assert_line(f, "\nriverd_partition_lag_records{input=\"bookings\",partition=\"3\"} 7\n");
	assert_line(f, "\nriverd_partition_watermark_timestamp_seconds{input=\"bookings\",partition=\"3\"} "
		       "1772359200.123\n");
	assert_line(f, "\nriverd_pipeline_clicks_abandoned_total 42\n");
	assert_line(f, "\nriverd_pipeline_questions_open 9\n");
	assert_line(f, "\nriverd_commit_duration_seconds_bucket{le=\"0.005\"} 1\n");
	assert_line(f, "\nriverd_build_info{version=\"" RIVERD_VERSION "\"");
	assert_line(f, "\nriverd_state{state=\"starting\"} 1\n");
	assert_line(f, "\nprocess_resident_memory_bytes ");
}

static void what_is_unknown_is_left_out(void **state)
{
	struct fixture *f = *state;
	struct metrics_partition p;
	const char *page;

	fill(&f->snapshot, &p);
	assert_int_equal(metrics_write(&f->out, &f->snapshot), 0);
	page = buf_cstr(&f->out);
	assert_null(strstr(page, "riverd_partition_end_offset{"));
	assert_null(strstr(page, "\nriverd_watermark_timestamp_seconds "));
	assert_null(strstr(page, " -"));
}

static void records_that_vanish_are_seen(void **state)
{
	struct fixture *f = *state;
	struct metrics_partition p;

	fill(&f->snapshot, &p);
	f->snapshot.inputs[INPUT_BOOKINGS].consumed += 2;
	assert_int_equal(metrics_unaccounted(&f->snapshot.inputs[INPUT_BOOKINGS]), 2);
	assert_int_equal(metrics_write(&f->out, &f->snapshot), 0);
	assert_line(f, "\nriverd_input_records_unaccounted{input=\"bookings\"} 2\n");
}

static void the_process_measures_itself(void **state)
{
	struct fixture *f = *state;

	metrics_process(&f->snapshot);
	assert_true(f->snapshot.resident_bytes > 100000);
	assert_true(f->snapshot.virtual_bytes >= f->snapshot.resident_bytes);
	assert_in_range(f->snapshot.open_fds, 3, 100000);
	assert_true(f->snapshot.cpu_seconds >= 0);
}

static void promtool_finds_nothing_to_say(void **state)
{
	struct fixture *f = *state;
	struct metrics_partition p;
	FILE *pipe;

	if (system("command -v promtool >/dev/null 2>&1") != 0)
		skip();
	fill(&f->snapshot, &p);
	assert_int_equal(metrics_write(&f->out, &f->snapshot), 0);
	pipe = popen("promtool check metrics", "w");
	assert_non_null(pipe);
	assert_int_equal(fwrite(f->out.data, 1, f->out.len, pipe), f->out.len);
	assert_int_equal(pclose(pipe), 0);
}

static void the_manual_has_a_row_for_each_family(void **state)
{
	struct fixture *f = *state;
	struct buf page;
	struct metrics_partition p;
	size_t rows = 0, helps = 0;

	buf_init(&page, 1 << 20);
	fill(&f->snapshot, &p);
	metrics_manual(&f->out);
	assert_int_equal(metrics_write(&page, &f->snapshot), 0);
	for (const char *at = strstr(buf_cstr(&f->out), "\n| `"); at != NULL; at = strstr(at + 1, "\n| `"))
		rows++;
	for (const char *at = strstr(buf_cstr(&page), "# HELP "); at != NULL; at = strstr(at + 1, "# HELP "))
		helps++;
	assert_int_equal(rows, helps);
	assert_line(f, "| `riverd_dead_letters_total` | counter | `input`, `reason` |");
	buf_release(&page);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void the_latency_of_the_model_is_shown_as_its_client_measured_it(void **state)
{
	struct fixture *f = *state;
	struct summary_stats stats = {.latency_sum_ms = 61500};

	assert_int_equal(f->snapshot.summary_seconds.bound_count, SUMMARY_LATENCY_BUCKETS);
	for (size_t i = 0; i < SUMMARY_LATENCY_BUCKETS; i++)
		assert_true(f->snapshot.summary_seconds.bounds[i] * 1000 ==
			    (double)summary_latency_bounds_ms[i]);
	stats.latency[4] = 3;
	stats.latency[SUMMARY_LATENCY_BUCKETS] = 1;
	metrics_latency(&f->snapshot, &stats);
	assert_int_equal(metrics_write(&f->out, &f->snapshot), 0);
	assert_non_null(strstr(buf_cstr(&f->out), "riverd_model_duration_seconds_bucket{le=\"0.5\"} 0\n"));
	assert_non_null(strstr(buf_cstr(&f->out), "riverd_model_duration_seconds_bucket{le=\"1\"} 3\n"));
	assert_non_null(strstr(buf_cstr(&f->out), "riverd_model_duration_seconds_count 4\n"));
	assert_non_null(strstr(buf_cstr(&f->out), "riverd_model_duration_seconds_sum 61.5\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_family_has_help_type_and_samples),
		TEST(a_histogram_is_cumulative_and_ends_with_infinity),
		TEST(quantiles_are_linear_within_a_bucket),
		TEST(a_family_cannot_be_opened_twice),
		TEST(a_sample_without_a_family_fails),
		TEST(numbers_that_are_none_have_words),
		TEST(everything_of_the_snapshot_is_on_the_page),
		TEST(what_is_unknown_is_left_out),
		TEST(the_latency_of_the_model_is_shown_as_its_client_measured_it),
		TEST(records_that_vanish_are_seen),
		TEST(the_process_measures_itself),
		TEST(promtool_finds_nothing_to_say),
		TEST(the_manual_has_a_row_for_each_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
