#include "daemon/metrics.h"

#include <stdio.h>
#include <string.h>

/* ---- the families: an index and a row for each entry of each list ---- */

#define ROW_NAME_COUNT(name)   "riverd_" name "_total"
#define ROW_NAME_SECONDS(name) "riverd_" name "_total"
#define ROW_NAME_SIZE(name)    "riverd_" name
#define ROW_NAME_TIME(name)    "riverd_" name
#define ROW_NAME_FLAG(name)    "riverd_" name
#define ROW_TYPE_COUNT	       METRIC_COUNTER
#define ROW_TYPE_SECONDS       METRIC_COUNTER
#define ROW_TYPE_SIZE	       METRIC_GAUGE
#define ROW_TYPE_TIME	       METRIC_GAUGE
#define ROW_TYPE_FLAG	       METRIC_GAUGE

/* Families that are not a plain field: X(index, name, type, labels, help). */
#define FAMILIES_SPECIAL(X)                                                                                  \
	X(BUILD_INFO, "riverd_build_info", METRIC_GAUGE, "version,revision,librdkafka",                      \
	  "1; what is running")                                                                              \
	X(STATE, "riverd_state", METRIC_GAUGE, "state", "1 for the state that the daemon is in")             \
	X(DEAD, "riverd_input_records_dead_total", METRIC_COUNTER, "input",                                  \
	  "records that could not be used and went to the dead letters")                                     \
	X(UNACCOUNTED, "riverd_input_records_unaccounted", METRIC_GAUGE, "input",                            \
	  "consumed, less used, filtered, late and dead: always 0")                                          \
	X(DEAD_LETTERS, "riverd_dead_letters_total", METRIC_COUNTER, "input,reason",                         \
	  "records in the dead-letter topic by reason")                                                      \
	X(COMMIT, "riverd_commit_duration_seconds", METRIC_HISTOGRAM, "",                                    \
	  "time to commit an epoch to the database")                                                         \
	X(PUBLISH, "riverd_transaction_duration_seconds", METRIC_HISTOGRAM, "",                              \
	  "time of a Kafka transaction, from begin to committed")                                            \
	X(SUMMARY, "riverd_model_duration_seconds", METRIC_HISTOGRAM, "", "time of a request to the model")  \
	X(CPU, "process_cpu_seconds_total", METRIC_COUNTER, "", "CPU time used, user and system")            \
	X(RESIDENT, "process_resident_memory_bytes", METRIC_GAUGE, "", "memory in RAM")                      \
	X(VIRTUAL, "process_virtual_memory_bytes", METRIC_GAUGE, "", "address space")                        \
	X(OPEN_FDS, "process_open_fds", METRIC_GAUGE, "", "open file descriptors")                           \
	X(MAX_FDS, "process_max_fds", METRIC_GAUGE, "", "limit of open file descriptors")

enum family {
#define X(kind, field, name, help) FAMILY_process_##field,
	METRICS_PROCESS(X)
#undef X
#define X(kind, field, name, help) FAMILY_input_##field,
		METRICS_INPUT(X)
#undef X
#define X(kind, field, name, help) FAMILY_partition_##field,
			METRICS_PARTITION(X)
#undef X
#define X(field, help) FAMILY_pipeline_##field,
				PIPELINE_COUNTERS(X) METRICS_PIPELINE_SIZES(X)
#undef X
#define X(index, name, type, labels, help) FAMILY_##index,
					FAMILIES_SPECIAL(X)
#undef X
						FAMILIES
};

static const struct metric_family families[FAMILIES] = {
#define X(kind, field, name, help) {ROW_NAME_##kind(name), ROW_TYPE_##kind, "", help},
	METRICS_PROCESS(X)
#undef X
#define X(kind, field, name, help) {ROW_NAME_##kind(name), ROW_TYPE_##kind, "input", help},
		METRICS_INPUT(X)
#undef X
#define X(kind, field, name, help) {ROW_NAME_##kind(name), ROW_TYPE_##kind, "input,partition", help},
			METRICS_PARTITION(X)
#undef X
#define X(field, help) {"riverd_pipeline_" #field "_total", METRIC_COUNTER, "", help},
				PIPELINE_COUNTERS(X)
#undef X
#define X(field, help) {"riverd_pipeline_" #field, METRIC_GAUGE, "", help},
					METRICS_PIPELINE_SIZES(X)
#undef X
#define X(index, name, type, labels, help) {name, type, labels, help},
						FAMILIES_SPECIAL(X)
#undef X
};

#define X(field, help) +1
_Static_assert(sizeof(struct pipeline_sizes) == (0 METRICS_PIPELINE_SIZES(X)) * sizeof(size_t),
	       "METRICS_PIPELINE_SIZES must name every field of struct pipeline_sizes");
#undef X

_Static_assert(FAMILIES <= METRICS_MAX_FAMILIES, "the writer remembers too few families");

static const double commit_bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
				       0.25,  0.5,    1,     2.5,  5,	  10,	30};
/* summary_latency_bounds_ms in seconds; a test compares them. */
static const double summary_bounds[SUMMARY_LATENCY_BUCKETS] = {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- filling ---- */

#define UNKNOWN_COUNT(to)   (void)0
#define UNKNOWN_SECONDS(to) (void)0
#define UNKNOWN_SIZE(to)    ((to) = -1)
#define UNKNOWN_TIME(to)    ((to) = METRICS_NO_TIME)
#define UNKNOWN_FLAG(to)    (void)0

void metrics_init(struct metrics_snapshot *s)
{
	memset(s, 0, sizeof(*s));
#define X(kind, field, name, help) UNKNOWN_##kind(s->field);
	METRICS_PROCESS(X)
#undef X
	s->version = RIVERD_VERSION;
	s->revision = RIVERD_REVISION;
	s->librdkafka = "";
	s->state = "starting";
	s->model = "";
	s->now_ms = METRICS_NO_TIME;
	for (size_t i = 0; i < INPUTS; i++)
		s->inputs[i].topic = "";
	histogram_init(&s->commit_seconds, commit_bounds, COUNT_OF(commit_bounds));
	histogram_init(&s->publish_seconds, commit_bounds, COUNT_OF(commit_bounds));
	histogram_init(&s->summary_seconds, summary_bounds, COUNT_OF(summary_bounds));
	s->resident_bytes = s->virtual_bytes = s->open_fds = s->max_fds = -1;
}

void metrics_latency(struct metrics_snapshot *s, const struct summary_stats *stats)
{
	struct histogram *h = &s->summary_seconds;

	h->count = 0;
	for (size_t i = 0; i <= SUMMARY_LATENCY_BUCKETS; i++) {
		h->buckets[i] = stats->latency[i];
		h->count += stats->latency[i];
	}
	h->sum = (double)stats->latency_sum_ms / 1000;
}

uint64_t metrics_dead(const struct metrics_input *input)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < POISON_REASONS; i++)
		sum += input->dead[i];
	return sum;
}

int64_t metrics_unaccounted(const struct metrics_input *input)
{
	return (int64_t)(input->consumed - input->used - input->filtered - input->late - metrics_dead(input));
}

const char *metrics_input_name(enum input input)
{
	static const char *const names[INPUTS] = {
		[INPUT_CLICKSTREAM] = "clickstream", [INPUT_BOOKINGS] = "bookings",
		[INPUT_REVIEWS] = "reviews",	     [INPUT_HOTEL] = "hotel",
		[INPUT_CUSTOMER] = "customer",
	};

	return input < INPUTS ? names[input] : "unknown";
}

/* ---- writing ---- */

static void put_SIZE(struct metrics_writer *w, const struct metric_label *labels, size_t n, int64_t value)
{
	if (value >= 0)
		metrics_i64(w, labels, n, value);
}

static void put_TIME(struct metrics_writer *w, const struct metric_label *labels, size_t n, int64_t ms)
{
	if (ms != METRICS_NO_TIME)
		metrics_seconds(w, labels, n, ms);
}

static void put_FLAG(struct metrics_writer *w, const struct metric_label *labels, size_t n, bool value)
{
	metrics_u64(w, labels, n, value);
}

#define put_COUNT   metrics_u64
#define put_SECONDS metrics_double

static void write_process(struct metrics_writer *w, const struct metrics_snapshot *s)
{
#define X(kind, field, name, help)                                                                           \
	metrics_open(w, FAMILY_process_##field);                                                             \
	put_##kind(w, NULL, 0, s->field);
	METRICS_PROCESS(X)
#undef X
}

static struct metric_label input_label(size_t input)
{
	return (struct metric_label){"input", slice_str(metrics_input_name((enum input)input))};
}

static void write_inputs(struct metrics_writer *w, const struct metrics_snapshot *s)
{
	struct metric_label label;

#define X(kind, field, name, help)                                                                           \
	metrics_open(w, FAMILY_input_##field);                                                               \
	for (size_t i = 0; i < INPUTS; i++) {                                                                \
		label = input_label(i);                                                                      \
		put_##kind(w, &label, 1, s->inputs[i].field);                                                \
	}
	METRICS_INPUT(X)
#undef X
	metrics_open(w, FAMILY_DEAD);
	for (size_t i = 0; i < INPUTS; i++) {
		label = input_label(i);
		metrics_u64(w, &label, 1, metrics_dead(&s->inputs[i]));
	}
	metrics_open(w, FAMILY_UNACCOUNTED);
	for (size_t i = 0; i < INPUTS; i++) {
		label = input_label(i);
		metrics_i64(w, &label, 1, metrics_unaccounted(&s->inputs[i]));
	}
}

static void write_dead_letters(struct metrics_writer *w, const struct metrics_snapshot *s)
{
	metrics_open(w, FAMILY_DEAD_LETTERS);
	for (size_t i = 0; i < INPUTS; i++)
		for (size_t r = 0; r < POISON_REASONS; r++) {
			struct metric_label labels[2] = {input_label(i),
							 {"reason", slice_str(poison_name((enum poison)r))}};

			metrics_u64(w, labels, 2, s->inputs[i].dead[r]);
		}
}

static struct slice decimal(char *to, size_t size, int32_t value)
{
	return slice_make(to, (size_t)snprintf(to, size, "%d", (int)value));
}

static void write_partitions(struct metrics_writer *w, const struct metrics_snapshot *s)
{
	char number[16];

#define X(kind, field, name, help)                                                                           \
	metrics_open(w, FAMILY_partition_##field);                                                           \
	for (size_t i = 0; i < s->partition_count; i++) {                                                    \
		const struct metrics_partition *p = &s->partitions[i];                                       \
		struct metric_label labels[2] = {input_label(p->input),                                      \
						 {"partition",                                               \
						  decimal(number, sizeof(number), p->partition)}};           \
                                                                                                             \
		put_##kind(w, labels, 2, p->field);                                                          \
	}
	METRICS_PARTITION(X)
#undef X
}

static void write_pipeline(struct metrics_writer *w, const struct metrics_snapshot *s)
{
#define X(field, help)                                                                                       \
	metrics_open(w, FAMILY_pipeline_##field);                                                            \
	metrics_u64(w, NULL, 0, s->pipeline.field);
	PIPELINE_COUNTERS(X)
#undef X
#define X(field, help)                                                                                       \
	metrics_open(w, FAMILY_pipeline_##field);                                                            \
	metrics_u64(w, NULL, 0, s->sizes.field);
	METRICS_PIPELINE_SIZES(X)
#undef X
}

static void write_build(struct metrics_writer *w, const struct metrics_snapshot *s)
{
	const struct metric_label build[3] = {
		{"version", slice_str(s->version)},
		{"revision", slice_str(s->revision)},
		{"librdkafka", slice_str(s->librdkafka)},
	};
	const struct metric_label state = {"state", slice_str(s->state)};

	metrics_open(w, FAMILY_BUILD_INFO);
	metrics_u64(w, build, 3, 1);
	metrics_open(w, FAMILY_STATE);
	metrics_u64(w, &state, 1, 1);
}

static void write_system(struct metrics_writer *w, const struct metrics_snapshot *s)
{
	metrics_open(w, FAMILY_COMMIT);
	metrics_histogram(w, NULL, 0, &s->commit_seconds);
	metrics_open(w, FAMILY_PUBLISH);
	metrics_histogram(w, NULL, 0, &s->publish_seconds);
	metrics_open(w, FAMILY_SUMMARY);
	metrics_histogram(w, NULL, 0, &s->summary_seconds);
	metrics_open(w, FAMILY_CPU);
	metrics_double(w, NULL, 0, s->cpu_seconds);
	metrics_open(w, FAMILY_RESIDENT);
	put_SIZE(w, NULL, 0, s->resident_bytes);
	metrics_open(w, FAMILY_VIRTUAL);
	put_SIZE(w, NULL, 0, s->virtual_bytes);
	metrics_open(w, FAMILY_OPEN_FDS);
	put_SIZE(w, NULL, 0, s->open_fds);
	metrics_open(w, FAMILY_MAX_FDS);
	put_SIZE(w, NULL, 0, s->max_fds);
}

int metrics_write(struct buf *out, const struct metrics_snapshot *s)
{
	struct metrics_writer w;

	metrics_begin(&w, out, families, FAMILIES);
	write_build(&w, s);
	write_process(&w, s);
	write_inputs(&w, s);
	write_dead_letters(&w, s);
	write_partitions(&w, s);
	write_pipeline(&w, s);
	write_system(&w, s);
	return metrics_end(&w);
}

void metrics_manual(struct buf *out)
{
	metrics_docs(out, families, FAMILIES);
}
