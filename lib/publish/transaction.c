/* One transaction: rows first, offsets last.
 *
 * Only one EndTxn is ever sent by a producer whose answer was not plain: any
 * trouble from begin on gives the producer up (publisher_give_up). */

#include "base/crc32c.h"
#include "base/fault.h"
#include "publish/publisher_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_HEADERS 32

struct transaction {
	struct publisher *p;
	uint64_t epoch;
	const struct publish_position *positions;
	size_t position_count;
	size_t rows;
	uint64_t last_seq;
	bool whole;		     /* no row is left behind */
	enum broker_verdict verdict; /* of the call that failed */
};

static int broken(struct transaction *t, enum broker_verdict v)
{
	t->verdict = v;
	return v == BROKER_OK ? 0 : -1;
}

static enum broker_verdict injected(struct err *err)
{
	err_set(err, ERR_ABORT_TXN, 0, "fault injected");
	return BROKER_ABORT;
}

static int begin(struct transaction *t, struct err *err)
{
	struct publisher *p = t->p;

	if (broken(t, evidence_witness(p, t->positions, t->position_count, err)))
		return -1;
	(void)fault_point("publish.before_begin");
	if (broken(t, p->broker.begin(p->broker.ctx, err)))
		return -1;
	publisher_move(p, PUBLISHER_OPEN);
	if (fault_point("publish.after_begin"))
		return broken(t, injected(err));
	return 0;
}

/* Ours, and what the row brings. */
static int headers_of(const struct publisher *p, const struct outbox_row *row, const char *seq,
		      const char *id, struct broker_header out[MAX_HEADERS], size_t *count, struct err *err)
{
	size_t at = 0, n = 3;
	int more;

	out[0] = (struct broker_header){slice_str(BROKER_HEADER_DB), slice_str(database_uuid(p->db))};
	out[1] = (struct broker_header){slice_str(BROKER_HEADER_SEQ), slice_str(seq)};
	out[2] = (struct broker_header){slice_str(BROKER_HEADER_ID), slice_str(id)};
	while ((more = n < MAX_HEADERS ? outbox_headers_next(row->headers, &at, &out[n].name, &out[n].value)
				       : -1) == 1)
		n++;
	if (more < 0)
		return err_set(err, ERR_FATAL, 0, "outbox row %" PRIu64 ": headers are damaged or too many",
			       row->seq);
	*count = n;
	return 0;
}

static int send_row(void *ctx, const struct outbox_row *row, struct err *err)
{
	struct transaction *t = ctx;
	struct publisher *p = t->p;
	struct broker_header headers[MAX_HEADERS];
	char seq[21], id[33];
	struct broker_record record = {.topic = row->topic,
				       .partition = row->partition,
				       .timestamp_ms = row->timestamp_ms,
				       .key = row->key,
				       .value = row->value,
				       .has_key = row->has_key,
				       .has_value = row->has_value,
				       .headers = headers};

	if (t->rows == 0 && begin(t, err))
		return -1;
	snprintf(seq, sizeof(seq), "%" PRIu64, row->seq);
	hash_id_hex(row->id, id);
	if (headers_of(p, row, seq, id, headers, &record.header_count, err)) {
		t->verdict = BROKER_ABORT;
		return -1;
	}
	if (broken(t, p->broker.produce(p->broker.ctx, &record, err)))
		return err_wrap(err, "outbox row %" PRIu64, row->seq);
	t->rows++;
	t->last_seq = row->seq;
	(void)fault_point("publish.after_row");
	return 0;
}

static int take_seq(void *ctx, const struct outbox_row *row, struct err *err)
{
	uint64_t *seq = ctx;

	(void)err;
	*seq = row->seq;
	return 0;
}

/* The promise of the metadata: every row up to *seq is published once this
 * transaction is. Rows that a scan has found are gone from the outbox, also in
 * a later life; they may lie above ones still to be sent. */
static int promised(struct transaction *t, uint64_t *seq, struct err *err)
{
	struct publisher *p = t->p;
	uint64_t known = p->settled_seq > p->acked_seq ? p->settled_seq : p->acked_seq, next = 0;

	if (known < p->held.seq)
		known = p->held.seq;
	*seq = t->rows ? t->last_seq : p->sent_seq;
	if (*seq >= known)
		return 0;
	if (outbox_each(p->db, *seq, 1, SIZE_MAX, take_seq, &next, err))
		return -1;
	*seq = next && next - 1 < known ? next - 1 : known;
	return 0;
}

static int look_behind(struct transaction *t, struct err *err)
{
	uint64_t next = 0;

	if (outbox_each(t->p->db, t->rows ? t->last_seq : t->p->sent_seq, 1, SIZE_MAX, take_seq, &next, err))
		return -1;
	t->whole = next == 0;
	return 0;
}

static size_t fill_offset(const struct publisher *p, const struct publish_position *pos, uint64_t epoch,
			  uint64_t seq, bool whole, char text[METADATA_MAX], struct broker_offset *out)
{
	struct metadata m = {.epoch = epoch,
			     .seq = seq,
			     .consumed = pos->consumed,
			     .replay_from = pos->replay_from < 0 ? pos->consumed : pos->replay_from,
			     .watermark_ms = pos->watermark_ms};
	size_t len;

	/* Results that still wait were made from records that would count as settled. */
	if (!whole)
		publisher_settled(p, pos->topic, pos->partition, &m.replay_from, &m.watermark_ms);

	snprintf(m.uuid, sizeof(m.uuid), "%s", database_uuid(p->db));
	snprintf(m.life, sizeof(m.life), "%s", life_of(&p->life, epoch));
	len = metadata_format(&m, text);
	/* The low mark is what Kafka itself gets to see: lag is then true from
	 * end to end, and whoever starts there without our database repeats rather than loses. */
	*out = (struct broker_offset){pos->topic, pos->partition,
				      m.replay_from < m.consumed ? m.replay_from : m.consumed,
				      slice_make(text, len)};
	return len;
}

static int send_offsets(struct transaction *t, const struct publish_position *positions, size_t count,
			uint64_t seq, struct err *err)
{
	struct publisher *p = t->p;
	struct broker_offset *offsets = calloc(count, sizeof(*offsets));
	char(*texts)[METADATA_MAX] = calloc(count, sizeof(*texts));
	size_t n = 0;
	int ret = -1;

	if (!offsets || !texts) {
		err_set(err, ERR_ABORT_TXN, 0, "send offsets: out of memory");
		t->verdict = BROKER_ABORT;
		goto out;
	}
	for (size_t i = 0; i < count; i++) {
		if (positions[i].consumed < 0)
			continue; /* nothing known of it yet */
		fill_offset(p, &positions[i], t->epoch, seq, t->whole, texts[n], &offsets[n]);
		n++;
	}
	if (n == 0 && p->options.evidence == EVIDENCE_OFFSETS) {
		err_set(err, ERR_FATAL, 0,
			"send offsets: no input position is known, so there would be no evidence");
		t->verdict = BROKER_ABORT;
		goto out;
	}
	ret = broken(t, p->broker.send_offsets(p->broker.ctx, offsets, n, err));
out:
	free(texts);
	free(offsets);
	return ret;
}

static int commit(struct transaction *t, struct err *err)
{
	struct publisher *p = t->p;
	int64_t started = publisher_now(p);
	enum broker_verdict v;

	publisher_move(p, PUBLISHER_SENT);
	if (fault_point("publish.before_commit"))
		return publisher_give_up(p, injected(err), false, err);
	v = p->broker.commit(p->broker.ctx, err);
	if (v != BROKER_OK)
		return publisher_give_up(p, v, true, err);
	if (fault_point("publish.after_commit")) {
		injected(err);
		return publisher_give_up(p, BROKER_INDEFINITE, true, err);
	}
	p->held = p->attempt;
	p->unwitnessed = true;
	if (t->rows)
		p->sent_seq = t->last_seq;
	p->fenced_in_a_row = 0;
	p->used_ms = p->last_offsets_ms = p->view.last_commit_mono_ms = publisher_now(p);
	p->view.last_commit_took_ms = p->view.last_commit_mono_ms - started;
	p->view.transactions++;
	p->view.records += t->rows;
	publisher_move(p, PUBLISHER_READY);
	return 0;
}

uint32_t transaction_offsets_sum(const struct publish_position *positions, size_t count)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		int64_t numbers[3] = {positions[i].partition, positions[i].consumed,
				      positions[i].replay_from};

		sum ^= crc32c(crc32c(0, slice_str(positions[i].topic)), slice_make(numbers, sizeof(numbers)));
	}
	return sum;
}

int transaction_run(struct publisher *p, uint64_t epoch, const struct publish_position *positions,
		    size_t count, bool offsets_only, size_t *rows, struct err *err)
{
	struct transaction t = {.p = p, .epoch = epoch, .positions = positions, .position_count = count};
	uint64_t seq;
	int failed;

	if (offsets_only)
		failed = begin(&t, err);
	else
		failed = outbox_each(p->db, p->sent_seq, p->options.max_rows, p->options.max_bytes, send_row,
				     &t, err);
	*rows = t.rows;
	if (failed) /* before the first record: by what is known of the commit before */
		return publisher_give_up(p, t.verdict, t.verdict == BROKER_INDEFINITE && p->unwitnessed, err);
	if (!offsets_only && t.rows == 0)
		return 0;
	if (fault_point("publish.after_rows"))
		return publisher_give_up(p, injected(err), false, err);
	if (broken(&t, p->broker.flush(p->broker.ctx, err)) || promised(&t, &seq, err) ||
	    look_behind(&t, err))
		return publisher_give_up(p, t.verdict, false, err);
	if (fault_point("publish.after_flush"))
		return publisher_give_up(p, injected(err), false, err);
	p->attempt = (struct publish_mark){epoch, seq};
	if (send_offsets(&t, positions, count, seq, err))
		return publisher_give_up(p, t.verdict, false, err);
	if (commit(&t, err))
		return -1;
	if (t.whole && settled_keep(p, positions, count, err))
		return -1;
	p->offsets_wanted = false;
	p->offsets_sum = transaction_offsets_sum(positions, count);
	return evidence_note_delivered(p, err);
}
