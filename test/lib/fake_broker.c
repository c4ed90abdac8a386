#include "test/lib/fake_broker.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy(char *to, size_t size, struct slice s)
{
	snprintf(to, size, SLICE_FMT, SLICE_ARG(s));
}

/* Counts the call, and says what the script wants. */
static enum broker_verdict scripted(struct fake_broker *f, enum fake_call call, struct err *err)
{
	static const char letters[] = "obpfscamx";
	size_t len = strlen(f->trace);

	f->calls[call]++;
	if (len + 1 < FAKE_TRACE)
		f->trace[len] = letters[call];
	if (f->script[call].countdown == 0 || --f->script[call].countdown > 0)
		return BROKER_OK;
	err_set(err, f->script[call].verdict == BROKER_CONFIG ? ERR_CONFIG : ERR_ABORT_TXN, 0, "scripted %s",
		broker_verdict_name(f->script[call].verdict));
	return f->script[call].verdict;
}

void fake_broker_init(struct fake_broker *f)
{
	memset(f, 0, sizeof(*f));
	f->cluster_id = "cluster-1";
	f->input_partitions = 2;
	f->input_high = 1000;
}

void fake_broker_fail(struct fake_broker *f, enum fake_call call, int nth, enum broker_verdict verdict)
{
	memset(&f->script[call], 0, sizeof(f->script[call]));
	f->script[call].countdown = nth;
	f->script[call].verdict = verdict;
}

static void put_offset(struct fake_broker *f, const struct fake_offset *o)
{
	for (size_t i = 0; i < f->offset_count; i++) {
		if (strcmp(f->offsets[i].topic, o->topic) == 0 && f->offsets[i].partition == o->partition) {
			f->offsets[i] = *o;
			return;
		}
	}
	if (f->offset_count < FAKE_OFFSETS)
		f->offsets[f->offset_count++] = *o;
}

#define ALL INT_MAX

/* The first `limit` records (negative: the last ones), or ALL and the offsets. */
static void end_transaction(struct fake_broker *f, bool commit, int limit)
{
	for (size_t i = f->txn_start; i < f->record_count; i++) {
		int nth = (int)(i - f->txn_start), left = (int)(f->record_count - i);
		bool in = commit && (limit < 0 ? left <= -limit : nth < limit);

		if (f->records[i].committed || f->records[i].aborted)
			continue;
		f->records[i].committed = in;
		f->records[i].aborted = !in;
	}
	for (size_t i = 0; commit && limit == ALL && i < f->pending_count; i++)
		put_offset(f, &f->pending[i]);
	f->pending_count = 0;
	f->open = false;
	f->txn_start = f->record_count;
}

static enum broker_verdict fake_open(void *ctx, struct err *err)
{
	struct fake_broker *f = ctx;
	enum broker_verdict v = scripted(f, FAKE_OPEN, err);

	if (v != BROKER_OK)
		return v;
	end_transaction(f, f->delayed_commit, ALL);
	f->delayed_commit = false;
	f->producer = true;
	return BROKER_OK;
}

static void fake_close(void *ctx)
{
	struct fake_broker *f = ctx;

	f->producer = false; /* the transaction stays open until someone ends it */
}

static enum broker_verdict fake_cluster_id(void *ctx, char **out, struct err *err)
{
	struct fake_broker *f = ctx;

	*out = slice_dup(slice_str(f->cluster_id));
	if (*out)
		return BROKER_OK;
	err_set(err, ERR_FATAL, 0, "fake broker: out of memory");
	return BROKER_RETRY;
}

static enum broker_verdict need_producer(const struct fake_broker *f, bool open, struct err *err)
{
	if (f->producer && f->open == open)
		return BROKER_OK;
	fprintf(stderr, "fake broker: call out of order (trace %s)\n", f->trace);
	err_set(err, ERR_ABORT_TXN, 0, "out of order");
	abort();
}

static enum broker_verdict fake_begin(void *ctx, struct err *err)
{
	struct fake_broker *f = ctx;
	enum broker_verdict v = scripted(f, FAKE_BEGIN, err);

	need_producer(f, false, err);
	if (v != BROKER_OK)
		return v;
	f->open = true;
	f->txn_start = f->record_count;
	return BROKER_OK;
}

static enum broker_verdict fake_produce(void *ctx, const struct broker_record *r, struct err *err)
{
	struct fake_broker *f = ctx;
	enum broker_verdict v = scripted(f, FAKE_PRODUCE, err);
	struct fake_record *out;

	need_producer(f, true, err);
	if (v != BROKER_OK)
		return v;
	if (f->record_count == FAKE_RECORDS)
		abort();
	out = &f->records[f->record_count++];
	memset(out, 0, sizeof(*out));
	copy(out->topic, sizeof(out->topic), r->topic);
	copy(out->value, sizeof(out->value), r->value);
	for (size_t i = 0; i < r->header_count; i++) {
		if (slice_is(r->headers[i].name, BROKER_HEADER_DB))
			copy(out->db, sizeof(out->db), r->headers[i].value);
		if (slice_is(r->headers[i].name, BROKER_HEADER_SEQ))
			copy(out->seq, sizeof(out->seq), r->headers[i].value);
		if (slice_is(r->headers[i].name, BROKER_HEADER_ID))
			copy(out->id, sizeof(out->id), r->headers[i].value);
	}
	return BROKER_OK;
}

static enum broker_verdict fake_flush(void *ctx, struct err *err)
{
	struct fake_broker *f = ctx;
	enum broker_verdict v = scripted(f, FAKE_FLUSH, err);

	need_producer(f, true, err);
	return v;
}

static enum broker_verdict fake_send_offsets(void *ctx, const struct broker_offset *offsets, size_t count,
					     struct err *err)
{
	struct fake_broker *f = ctx;
	enum broker_verdict v = scripted(f, FAKE_SEND_OFFSETS, err);

	need_producer(f, true, err);
	if (v != BROKER_OK)
		return v;
	for (size_t i = 0; i < count && i < FAKE_OFFSETS; i++) {
		struct fake_offset *o = &f->pending[f->pending_count++];

		snprintf(o->topic, sizeof(o->topic), "%s", offsets[i].topic);
		o->partition = offsets[i].partition;
		o->offset = offsets[i].offset;
		copy(o->metadata, sizeof(o->metadata), offsets[i].metadata);
	}
	return BROKER_OK;
}

static enum broker_verdict fake_commit(void *ctx, struct err *err)
{
	struct fake_broker *f = ctx;
	enum broker_verdict v = scripted(f, FAKE_COMMIT, err);

	need_producer(f, true, err);
	if (v == BROKER_OK && f->torn_unnoticed) {
		end_transaction(f, true, f->torn_unnoticed);
		f->torn_unnoticed = 0;
	} else if (v == BROKER_OK || f->script[FAKE_COMMIT].applied)
		end_transaction(f, true, ALL);
	else if (f->script[FAKE_COMMIT].torn)
		end_transaction(f, true, f->script[FAKE_COMMIT].torn);
	else
		f->delayed_commit = f->script[FAKE_COMMIT].delayed;
	return v;
}

static enum broker_verdict fake_abort(void *ctx, struct err *err)
{
	struct fake_broker *f = ctx;
	enum broker_verdict v = scripted(f, FAKE_ABORT, err);

	if (v == BROKER_OK)
		end_transaction(f, false, ALL);
	return v;
}

static int fake_delivered(void *ctx, broker_delivered_fn fn, void *fn_ctx, struct err *err)
{
	struct fake_broker *f = ctx;
	struct broker_offset o = {.topic = "out", .offset = (int64_t)f->record_count - 1};

	return f->record_count ? fn(fn_ctx, &o, err) : 0;
}

static enum broker_verdict fake_committed(void *ctx, const struct broker_partition *partitions, size_t count,
					  broker_committed_fn fn, void *fn_ctx, struct err *err)
{
	struct fake_broker *f = ctx;
	enum broker_verdict v = scripted(f, FAKE_COMMITTED, err);

	for (size_t i = 0; v == BROKER_OK && i < count; i++) {
		struct broker_offset o = {.topic = partitions[i].topic,
					  .partition = partitions[i].partition,
					  .offset = -1};
		char unterminated[256];

		for (size_t k = 0; k < f->offset_count; k++) {
			if (strcmp(f->offsets[k].topic, o.topic) == 0 &&
			    f->offsets[k].partition == o.partition) {
				o.offset = f->offsets[k].offset;
				memset(unterminated, 'z', sizeof(unterminated));
				o.metadata = slice_make(unterminated, strlen(f->offsets[k].metadata));
				memcpy(unterminated, f->offsets[k].metadata, o.metadata.len);
			}
		}
		if (fn(fn_ctx, &o, err))
			v = BROKER_FATAL;
	}
	return v;
}

static enum broker_verdict fake_partitions(void *ctx, const char *topic, int32_t *count, struct err *err)
{
	struct fake_broker *f = ctx;

	(void)err;
	*count = strncmp(topic, "in", 2) == 0 ? f->input_partitions
					      : strcmp(topic, "out") == 0 || strcmp(topic, "elsewhere") == 0;
	return BROKER_OK;
}

static enum broker_verdict fake_watermarks(void *ctx, const char *topic, int32_t partition, int64_t *low,
					   int64_t *high, struct err *err)
{
	struct fake_broker *f = ctx;

	(void)partition, (void)err;
	*low = strncmp(topic, "in", 2) == 0 ? f->input_low : 0;
	*high = strncmp(topic, "in", 2) == 0 ? f->input_high : (int64_t)f->record_count;
	return BROKER_OK;
}

static enum broker_verdict fake_probe(void *ctx, const char *topic, int32_t partition, int64_t offset,
				      struct broker_probe *out, struct err *err)
{
	struct fake_broker *f = ctx;

	(void)topic, (void)partition, (void)offset, (void)err;
	*out = f->input_last;
	return BROKER_OK;
}

static enum broker_verdict fake_scan(void *ctx, const char *topic, int32_t partition, int64_t from,
				     bool whole, broker_seen_fn fn, void *fn_ctx, struct err *err)
{
	struct fake_broker *f = ctx;
	enum broker_verdict v = scripted(f, FAKE_SCAN, err);

	if (f->hidden && v == BROKER_OK && whole) {
		err_set(err, ERR_RETRY, 0, "an open transaction hides the rest");
		v = BROKER_RETRY;
	}
	for (size_t i = (size_t)from; !f->hidden && v == BROKER_OK && i < f->record_count; i++) {
		const struct fake_record *r = &f->records[i];
		struct broker_seen seen = {
			topic, partition, (int64_t)i, slice_str(r->db), slice_str(r->seq), slice_str(r->id)};

		if (r->committed && strcmp(r->topic, topic) == 0 && fn(fn_ctx, &seen, err))
			v = BROKER_FATAL;
	}
	return v;
}

struct broker_port fake_broker_port(struct fake_broker *f)
{
	return (struct broker_port){f,
				    fake_open,
				    fake_close,
				    fake_cluster_id,
				    fake_begin,
				    fake_produce,
				    fake_flush,
				    fake_send_offsets,
				    fake_commit,
				    fake_abort,
				    fake_delivered,
				    fake_committed,
				    fake_partitions,
				    fake_watermarks,
				    fake_probe,
				    fake_scan};
}

int fake_broker_visible(const struct fake_broker *f, const char *seq)
{
	int n = 0;

	for (size_t i = 0; i < f->record_count; i++)
		n += f->records[i].committed && strcmp(f->records[i].seq, seq) == 0;
	return n;
}

size_t fake_broker_visible_count(const struct fake_broker *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->record_count; i++)
		n += f->records[i].committed;
	return n;
}

const char *fake_broker_metadata(const struct fake_broker *f, const char *topic, int32_t partition)
{
	for (size_t i = 0; i < f->offset_count; i++) {
		if (strcmp(f->offsets[i].topic, topic) == 0 && f->offsets[i].partition == partition)
			return f->offsets[i].metadata;
	}
	return "";
}

void fake_broker_set_offset(struct fake_broker *f, const char *topic, int32_t partition, int64_t offset,
			    const char *metadata)
{
	struct fake_offset o = {.partition = partition, .offset = offset};

	snprintf(o.topic, sizeof(o.topic), "%s", topic);
	snprintf(o.metadata, sizeof(o.metadata), "%s", metadata);
	put_offset(f, &o);
}

void fake_broker_forget_offsets(struct fake_broker *f)
{
	f->offset_count = 0;
}
