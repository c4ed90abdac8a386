#include "serve/metrics.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

void histogram_init(struct histogram *h, const double *bounds, size_t bound_count)
{
	*h = (struct histogram){.bounds = bounds, .bound_count = bound_count};
	if (h->bound_count > HISTOGRAM_MAX_BOUNDS)
		h->bound_count = HISTOGRAM_MAX_BOUNDS;
}

void histogram_add(struct histogram *h, double value)
{
	size_t i = 0;

	while (i < h->bound_count && value > h->bounds[i])
		i++;
	h->buckets[i]++;
	h->sum += value;
	h->count++;
}

double histogram_quantile(const struct histogram *h, double q)
{
	double rank = q * (double)h->count, below = 0;

	if (h->count == 0 || h->bound_count == 0)
		return 0;
	for (size_t i = 0; i < h->bound_count; i++) {
		double in = (double)h->buckets[i], from = i > 0 ? h->bounds[i - 1] : 0;

		if (in > 0 && below + in >= rank)
			return from + (h->bounds[i] - from) * (rank > below ? (rank - below) / in : 0);
		below += in;
	}
	return h->bounds[h->bound_count - 1];
}

void metrics_begin(struct metrics_writer *w, struct buf *out, const struct metric_family *families,
		   size_t count)
{
	*w = (struct metrics_writer){.out = out, .families = families, .family_count = count, .open = -1};
	w->failed = count > METRICS_MAX_FAMILIES;
}

static const char *type_name(enum metric_type type)
{
	switch (type) {
	case METRIC_COUNTER: return "counter";
	case METRIC_GAUGE: return "gauge";
	case METRIC_HISTOGRAM: return "histogram";
	}
	return "untyped";
}

/* Backslash and line feed are escaped everywhere, quotes in label values only. */
static void put_escaped(struct buf *out, struct slice s, bool quotes)
{
	for (size_t i = 0; i < s.len;) {
		size_t n = utf8_sequence(s.data + i, s.len - i);
		char c = s.data[i];

		if (n == 0) {
			buf_str(out, "\xef\xbf\xbd");
			n = 1;
		} else if (c == '\n') {
			buf_str(out, "\\n");
		} else if (c == '\\' || (c == '"' && quotes)) {
			buf_byte(out, '\\');
			buf_byte(out, (uint8_t)c);
		} else {
			buf_append(out, s.data + i, n);
		}
		i += n;
	}
}

void metrics_open(struct metrics_writer *w, size_t family)
{
	const struct metric_family *f;

	if (w->failed || family >= w->family_count || w->seen[family]) {
		w->failed = true;
		return;
	}
	f = &w->families[family];
	w->seen[family] = true;
	w->open = (int)family;
	buf_printf(w->out, "# HELP %s ", f->name);
	put_escaped(w->out, slice_str(f->help), false);
	buf_printf(w->out, "\n# TYPE %s %s\n", f->name, type_name(f->type));
}

/* Name, suffix and labels, up to the blank before the value. `le` may be NULL. */
static bool put_name(struct metrics_writer *w, const char *suffix, const struct metric_label *labels,
		     size_t count, const char *le)
{
	const char *separator = "{";

	if (w->failed || w->open < 0 || count > METRICS_MAX_LABELS) {
		w->failed = true;
		return false;
	}
	buf_str(w->out, w->families[w->open].name);
	buf_str(w->out, suffix);
	for (size_t i = 0; i < count; i++) {
		buf_printf(w->out, "%s%s=\"", separator, labels[i].name);
		put_escaped(w->out, labels[i].value, true);
		buf_byte(w->out, '"');
		separator = ",";
	}
	if (le != NULL) {
		buf_printf(w->out, "%sle=\"%s\"", separator, le);
		separator = ",";
	}
	buf_str(w->out, *separator == ',' ? "} " : " ");
	return true;
}

/* printf's %g with the words of the format for what is not a number. */
static void put_double(struct buf *out, double value)
{
	if (isnan(value))
		buf_str(out, "NaN");
	else if (isinf(value))
		buf_str(out, value > 0 ? "+Inf" : "-Inf");
	else
		buf_printf(out, "%.12g", value);
}

void metrics_u64(struct metrics_writer *w, const struct metric_label *labels, size_t count, uint64_t value)
{
	if (put_name(w, "", labels, count, NULL))
		buf_printf(w->out, "%" PRIu64 "\n", value);
}

void metrics_i64(struct metrics_writer *w, const struct metric_label *labels, size_t count, int64_t value)
{
	if (put_name(w, "", labels, count, NULL))
		buf_printf(w->out, "%" PRId64 "\n", value);
}

void metrics_double(struct metrics_writer *w, const struct metric_label *labels, size_t count, double value)
{
	if (!put_name(w, "", labels, count, NULL))
		return;
	put_double(w->out, value);
	buf_byte(w->out, '\n');
}

void metrics_seconds(struct metrics_writer *w, const struct metric_label *labels, size_t count, int64_t ms)
{
	uint64_t part = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;

	if (put_name(w, "", labels, count, NULL))
		buf_printf(w->out, "%s%" PRIu64 ".%03u\n", ms < 0 ? "-" : "", part / 1000,
			   (unsigned)(part % 1000));
}

void metrics_histogram(struct metrics_writer *w, const struct metric_label *labels, size_t count,
		       const struct histogram *h)
{
	uint64_t total = 0;
	char le[32];

	for (size_t i = 0; i < h->bound_count; i++) {
		total += h->buckets[i];
		snprintf(le, sizeof(le), "%.12g", h->bounds[i]);
		if (put_name(w, "_bucket", labels, count, le))
			buf_printf(w->out, "%" PRIu64 "\n", total);
	}
	if (put_name(w, "_bucket", labels, count, "+Inf"))
		buf_printf(w->out, "%" PRIu64 "\n", h->count);
	if (put_name(w, "_sum", labels, count, NULL)) {
		put_double(w->out, h->sum);
		buf_byte(w->out, '\n');
	}
	if (put_name(w, "_count", labels, count, NULL))
		buf_printf(w->out, "%" PRIu64 "\n", h->count);
}

int metrics_end(struct metrics_writer *w)
{
	return w->failed || buf_failed(w->out) ? -1 : 0;
}

/* A label list in the manual: `input`, `reason`. */
static void put_doc_labels(struct buf *out, const char *labels)
{
	size_t at = 0, len = strlen(labels);

	while (at < len) {
		size_t n = strcspn(labels + at, ",");

		buf_printf(out, "%s`%.*s`", at > 0 ? ", " : "", (int)n, labels + at);
		at += n + 1;
	}
}

void metrics_docs(struct buf *out, const struct metric_family *families, size_t count)
{
	buf_str(out, "| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n");
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "| `%s` | %s | ", families[i].name, type_name(families[i].type));
		put_doc_labels(out, families[i].labels);
		buf_printf(out, " | %s |\n", families[i].help);
	}
}
