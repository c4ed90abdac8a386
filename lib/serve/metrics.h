#ifndef RIVER_SERVE_METRICS_H
#define RIVER_SERVE_METRICS_H

/* Writes metrics in the Prometheus text format 0.0.4.
 *
 * A program describes its families once, as a table; that table is the
 * documentation as well (metrics_docs). The writer goes through the table: it
 * opens a family, writes its samples, opens the next. Opening a family twice,
 * or writing a sample of one that is not open, makes the whole page fail, so
 * that families are contiguous by construction and never repeated.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * Thread: any, one at a time. */

#include "base/buf.h"
#include "base/slice.h"

#include <stdint.h>

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_MAX_FAMILIES 256
#define METRICS_MAX_LABELS   8

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_family {
	const char *name; /* whole name with unit and _total: "riverd_epochs_total" */
	enum metric_type type;
	const char *labels; /* label names for the documentation: "input,reason"; "" for none */
	const char *help;   /* one sentence */
};

struct metric_label {
	const char *name;
	struct slice value; /* any bytes; escaped, invalid UTF-8 becomes U+FFFD */
};

/* A histogram with fixed upper bounds, ascending, in the family's unit. */
#define HISTOGRAM_MAX_BOUNDS 20

struct histogram {
	const double *bounds; /* borrowed constant */
	size_t bound_count;
	uint64_t buckets[HISTOGRAM_MAX_BOUNDS + 1]; /* not cumulative; the last is beyond all bounds */
	double sum;
	uint64_t count;
};

/* `bound_count` is at most HISTOGRAM_MAX_BOUNDS; more are left out. */
void histogram_init(struct histogram *h, const double *bounds, size_t bound_count);
void histogram_add(struct histogram *h, double value);

/* The value below which a share `q` (0..1) of what was added lies, linear
 * within a bucket; 0 when empty. Beyond the last bound gives that bound. */
double histogram_quantile(const struct histogram *h, double q);

struct metrics_writer {
	struct buf *out; /* borrowed */
	const struct metric_family *families;
	size_t family_count;
	int open; /* index of the family being written, -1: none */
	bool seen[METRICS_MAX_FAMILIES];
	bool failed;
};

/* `families` is borrowed; at most METRICS_MAX_FAMILIES. */
void metrics_begin(struct metrics_writer *w, struct buf *out, const struct metric_family *families,
		   size_t count);

/* Opens a family: HELP and TYPE. */
void metrics_open(struct metrics_writer *w, size_t family);

/* Samples of the open family. */
void metrics_u64(struct metrics_writer *w, const struct metric_label *labels, size_t count, uint64_t value);
void metrics_i64(struct metrics_writer *w, const struct metric_label *labels, size_t count, int64_t value);
void metrics_double(struct metrics_writer *w, const struct metric_label *labels, size_t count, double value);
/* Milliseconds, written as seconds with three decimals. */
void metrics_seconds(struct metrics_writer *w, const struct metric_label *labels, size_t count, int64_t ms);
void metrics_histogram(struct metrics_writer *w, const struct metric_label *labels, size_t count,
		       const struct histogram *h);

/* 0, or -1 when the order was wrong or the buffer is full. Families that were
 * not opened are simply not on the page. */
int metrics_end(struct metrics_writer *w);

/* The table as Markdown: name, type, labels, meaning. */
void metrics_docs(struct buf *out, const struct metric_family *families, size_t count);

#endif
