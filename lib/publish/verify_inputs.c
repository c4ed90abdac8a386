#include "publish/verify_inputs.h"

#include "store/database.h"

#include <inttypes.h>

struct check {
	const struct broker_port *broker;
	bool accept_loss;
	struct log *log;
	struct verify_report *report;
};

static int from_verdict(enum broker_verdict v, struct err *err)
{
	if (v == BROKER_OK)
		return 0;
	if (err && err->class != ERR_CONFIG && err->class != ERR_FATAL)
		err->class = ERR_RETRY;
	return -1;
}

static int refuse_recreated(const struct position *p, const char *evidence, struct err *err)
{
	return err_set(err, ERR_REFUSED, 0,
		       "%s: it is not the log that was read up to offset %" PRId64
		       " (topic recreated, truncated, or an unclean leader election). Read the right topic, "
		       "or " DATABASE_START_OVER,
		       evidence, p->next_offset);
}

static int check_exists(const struct check *c, const struct position *p, struct err *err)
{
	int32_t partitions;

	if (from_verdict(c->broker->partitions(c->broker->ctx, p->topic, &partitions, err), err))
		return -1;
	if (p->partition < partitions)
		return 0;
	if (p->next_offset > 0)
		return refuse_recreated(p, "the partition is gone", err);
	return err_set(err, ERR_RETRY, 0, "the partition does not exist yet");
}

static int below_first_kept(const struct check *c, struct position *p, int64_t low, struct err *err)
{
	uint64_t lost = (uint64_t)(low - p->next_offset);

	if (!c->accept_loss)
		return err_set(err, ERR_REFUSED, 0,
			       "retention deleted up to %" PRIu64
			       " records before they were read (next offset %" PRId64 ", first kept %" PRId64
			       "). Start with --accept-loss to go on without them",
			       lost, p->next_offset, low);
	log_error(c->log, "publish",
		  "%s [%d]: up to %" PRIu64 " records lost to retention, going on at offset %" PRId64
		  " as --accept-loss says",
		  p->topic, (int)p->partition, lost, low);
	c->report->lost += lost;
	p->next_offset = low;
	return 0;
}

/* The last record that was read must still be the one that was read. */
static int compare_last(const struct check *c, const struct position *p, int64_t low, struct err *err)
{
	struct broker_probe probe;

	if (p->last_offset < 0)
		return 0;
	if (p->last_offset < low) {
		c->report->unprobed++;
		return 0;
	}
	if (from_verdict(c->broker->probe(c->broker->ctx, p->topic, p->partition, p->last_offset, &probe,
					  err),
			 err))
		return -1;
	if (!probe.found) {
		log_warn(c->log, "publish", "%s [%d]: record %" PRId64 " is not there any more (compacted?)",
			 p->topic, (int)p->partition, p->last_offset);
		c->report->unprobed++;
		return 0;
	}
	if (probe.timestamp_ms != p->last_timestamp_ms || probe.crc != p->last_crc)
		return refuse_recreated(p, "another record stands where the last one was", err);
	return 0;
}

static int check_partition(const struct check *c, struct position *p, struct err *err)
{
	int64_t low, high;

	if (check_exists(c, p, err))
		return -1;
	if (from_verdict(c->broker->watermarks(c->broker->ctx, p->topic, p->partition, &low, &high, err),
			 err))
		return -1;
	c->report->partitions++;
	if (p->next_offset < 0) {
		p->next_offset = low;
		return 0;
	}
	if (p->next_offset > high)
		return refuse_recreated(p, "the partition ends before what was read", err);
	/* First whose log it is, then what of it is left. */
	if (compare_last(c, p, low, err))
		return -1;
	if (p->next_offset < low)
		return below_first_kept(c, p, low, err);
	return 0;
}

int verify_inputs(const struct broker_port *broker, struct position *positions, size_t count,
		  bool accept_loss, struct log *log, struct verify_report *report, struct err *err)
{
	struct check c = {broker, accept_loss, log, report};

	*report = (struct verify_report){0};
	for (size_t i = 0; i < count; i++) {
		if (check_partition(&c, &positions[i], err))
			return err_wrap(err, "input %s [%d]", positions[i].topic,
					(int)positions[i].partition);
	}
	return 0;
}
