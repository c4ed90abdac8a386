/* The transactional producer against librdkafka's mock cluster: calls, limits
 * and errors. The mock keeps no transactional offsets and shows aborted records, so
 * what a reader sees is judged in test/integration. */

#include "kafka/admin.h"
#include "kafka/sink.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/mock_kafka.h"

#include <dirent.h>
#include <stdlib.h>

struct world {
	struct mock_kafka kafka;
	struct kafka_setting settings[3];
	struct sink *sink;
	struct broker_port port;
	struct err err;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct sink_options o = {.group = "riverd", .transactional_id = "riverd-test"};

	*state = w;
	if (mock_kafka_init(&w->kafka, 1))
		return -1;
	rd_kafka_mock_topic_create(w->kafka.cluster, "out", 2, 1);
	rd_kafka_mock_topic_create(w->kafka.cluster, "in", 1, 1);
	w->settings[0] = (struct kafka_setting){"bootstrap.servers", w->kafka.bootstrap};
	w->settings[1] = (struct kafka_setting){"log_level", "0"};
	o.settings = o.reader_settings = (struct kafka_settings){w->settings, 2};
	w->sink = sink_new(&o, &w->err);
	if (!w->sink)
		fail_msg("%s", w->err.text);
	w->port = sink_port(w->sink);
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	sink_free(w->sink);
	mock_kafka_release(&w->kafka);
	free(w);
	return 0;
}

static void expect(struct world *w, enum broker_verdict got, enum broker_verdict expected)
{
	if (got != expected)
		fail_msg("%s, not %s: %s", broker_verdict_name(got), broker_verdict_name(expected),
			 w->err.text);
}

static enum broker_verdict produce(struct world *w, const char *topic, int32_t partition, const char *seq)
{
	struct broker_header h[] = {{slice_str(BROKER_HEADER_DB), slice_str("db")},
				    {slice_str(BROKER_HEADER_SEQ), slice_str(seq)},
				    {slice_str(BROKER_HEADER_ID), slice_str("id")}};
	struct broker_record r = {.topic = slice_str(topic),
				  .partition = partition,
				  .key = slice_str(""),
				  .value = slice_str("v"),
				  .has_key = true,
				  .has_value = true,
				  .headers = h,
				  .header_count = 3};

	return w->port.produce(w->port.ctx, &r, &w->err);
}

static enum broker_verdict send_offsets(struct world *w)
{
	struct broker_offset o = {"in", 0, 7, slice_str("1;x")};

	return w->port.send_offsets(w->port.ctx, &o, 1, &w->err);
}

static void open_and_produce(struct world *w)
{
	expect(w, w->port.open(w->port.ctx, &w->err), BROKER_OK);
	expect(w, w->port.begin(w->port.ctx, &w->err), BROKER_OK);
	expect(w, produce(w, "out", 1, "1"), BROKER_OK);
	expect(w, produce(w, "out", 1, "2"), BROKER_OK);
}

struct seen {
	int count;
	int64_t last;
	char seqs[16];
};

static int see(void *ctx, const struct broker_seen *seen, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	assert_true(slice_is(seen->db, "db"));
	assert_true(slice_is(seen->id, "id"));
	s->seqs[s->count++] = seen->seq.data[0];
	s->last = seen->offset;
	return 0;
}

static int delivered(void *ctx, const struct broker_offset *last, struct err *err)
{
	(void)err;
	assert_string_equal(last->topic, "out");
	assert_int_equal(last->partition, 1);
	*(int64_t *)ctx = last->offset;
	return 0;
}

static void a_whole_transaction_goes_through(void **state)
{
	struct world *w = *state;
	struct seen seen = {0};
	int64_t last = -1;

	open_and_produce(w);
	expect(w, w->port.flush(w->port.ctx, &w->err), BROKER_OK);
	expect(w, send_offsets(w), BROKER_OK);
	expect(w, w->port.commit(w->port.ctx, &w->err), BROKER_OK);
	assert_int_equal(w->port.delivered(w->port.ctx, delivered, &last, &w->err), 0);
	assert_int_equal(last, 1);
	expect(w, w->port.scan(w->port.ctx, "out", 1, 0, true, see, &seen, &w->err), BROKER_OK);
	assert_string_equal(seen.seqs, "12");
	/* only from there on; and an empty rest is no trouble */
	memset(&seen, 0, sizeof(seen));
	expect(w, w->port.scan(w->port.ctx, "out", 1, 1, true, see, &seen, &w->err), BROKER_OK);
	assert_string_equal(seen.seqs, "2");
	expect(w, w->port.scan(w->port.ctx, "out", 1, 2, true, see, &seen, &w->err), BROKER_OK);
	expect(w, w->port.scan(w->port.ctx, "out", 0, 0, true, see, &seen, &w->err), BROKER_OK);
	assert_int_equal(seen.count, 1);
}

static int nothing(void *ctx, const struct broker_offset *o, struct err *err)
{
	(void)err;
	assert_int_equal(o->offset, -1);
	++*(int *)ctx;
	return 0;
}

static void reading_offsets_after_a_scan_with_leftovers_is_safe(void **state)
{
	struct world *w = *state;
	struct broker_partition p = {"in", 0};
	struct seen seen = {0};
	int calls = 0;

	assert_int_equal(mock_kafka_write(&w->kafka, "in", 0, 0, 1), 0);
	open_and_produce(w);
	expect(w, w->port.flush(w->port.ctx, &w->err), BROKER_OK);
	expect(w, w->port.commit(w->port.ctx, &w->err), BROKER_OK);
	for (int i = 0; i < 10; i++) {
		seen.count = 0;
		expect(w, w->port.scan(w->port.ctx, "out", 1, 0, true, see, &seen, &w->err), BROKER_OK);
		expect(w, w->port.committed(w->port.ctx, &p, 1, nothing, &calls, &w->err), BROKER_OK);
	}
	assert_int_equal(calls, 10);
}

static void no_offset_is_not_the_same_as_no_answer(void **state)
{
	struct world *w = *state;
	struct broker_partition p = {"in", 0};
	int calls = 0;

	expect(w, w->port.committed(w->port.ctx, &p, 1, nothing, &calls, &w->err), BROKER_OK);
	assert_int_equal(calls, 1);
	rd_kafka_mock_push_request_errors(w->kafka.cluster, 9 /* OffsetFetch */, 1,
					  RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
	expect(w, w->port.committed(w->port.ctx, &p, 1, nothing, &calls, &w->err), BROKER_CONFIG);
	assert_int_equal(calls, 1);
	sink_cancel(w->sink); /* so that it does not try for 30 s */
	rd_kafka_mock_push_request_errors(w->kafka.cluster, 9, 4, RD_KAFKA_RESP_ERR_INVALID_GROUP_ID,
					  RD_KAFKA_RESP_ERR_INVALID_GROUP_ID,
					  RD_KAFKA_RESP_ERR_INVALID_GROUP_ID,
					  RD_KAFKA_RESP_ERR_INVALID_GROUP_ID);
	expect(w, w->port.committed(w->port.ctx, &p, 1, nothing, &calls, &w->err), BROKER_RETRY);
	assert_int_equal(calls, 1);
}

static void a_refused_record_fails_the_flush(void **state)
{
	struct world *w = *state;

	open_and_produce(w);
	expect(w, w->port.abort(w->port.ctx, &w->err), BROKER_OK);
	expect(w, w->port.begin(w->port.ctx, &w->err), BROKER_OK);
	rd_kafka_mock_push_request_errors(w->kafka.cluster, 0 /* Produce */, 1,
					  RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	expect(w, produce(w, "out", 0, "3"), BROKER_OK);
	expect(w, w->port.flush(w->port.ctx, &w->err), BROKER_CONFIG);
	assert_int_equal(w->err.class, ERR_CONFIG);
	expect(w, w->port.abort(w->port.ctx, &w->err), BROKER_OK);
}

static void a_topic_or_partition_that_is_not_there_aborts(void **state)
{
	struct world *w = *state;

	open_and_produce(w);
	expect(w, produce(w, "out", 2, "3"), BROKER_ABORT);
	assert_non_null(strstr(w->err.text, "only 2 partitions"));
}

static void a_commit_whose_answer_is_lost_is_indefinite(void **state)
{
	struct world *w = *state;

	open_and_produce(w);
	expect(w, w->port.flush(w->port.ctx, &w->err), BROKER_OK);
	/* handled, then cut: the library sends it again by itself and is told OK */
	rd_kafka_mock_push_request_errors(w->kafka.cluster, 26 /* EndTxn */, 1, RD_KAFKA_RESP_ERR__TRANSPORT);
	expect(w, w->port.commit(w->port.ctx, &w->err), BROKER_INDEFINITE);
	expect(w, w->port.open(w->port.ctx, &w->err), BROKER_OK);
}

static void a_fenced_commit_says_so(void **state)
{
	struct world *w = *state;

	open_and_produce(w);
	expect(w, w->port.flush(w->port.ctx, &w->err), BROKER_OK);
	rd_kafka_mock_push_request_errors(w->kafka.cluster, 26, 1, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
	expect(w, w->port.commit(w->port.ctx, &w->err), BROKER_FENCED);
	expect(w, w->port.open(w->port.ctx, &w->err), BROKER_OK);
	expect(w, w->port.begin(w->port.ctx, &w->err), BROKER_OK);
}

static void offsets_that_are_refused_abort(void **state)
{
	struct world *w = *state;

	open_and_produce(w);
	rd_kafka_mock_push_request_errors(w->kafka.cluster, 28 /* TxnOffsetCommit */, 1,
					  RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
	expect(w, send_offsets(w), BROKER_ABORT);
	expect(w, w->port.abort(w->port.ctx, &w->err), BROKER_OK);
}

static void without_a_producer_nothing_crashes(void **state)
{
	struct world *w = *state;

	expect(w, w->port.begin(w->port.ctx, &w->err), BROKER_FATAL);
	expect(w, produce(w, "out", 0, "1"), BROKER_FATAL);
	expect(w, w->port.commit(w->port.ctx, &w->err), BROKER_FATAL);
	w->port.close(w->port.ctx);
	w->port.close(w->port.ctx);
}

static void partitions_offsets_and_records_can_be_asked_for(void **state)
{
	struct world *w = *state;
	struct broker_probe probe;
	int32_t count;
	int64_t low, high;
	char *cluster;

	assert_int_equal(mock_kafka_write(&w->kafka, "in", 0, 0, 5), 0);
	expect(w, w->port.partitions(w->port.ctx, "out", &count, &w->err), BROKER_OK);
	assert_int_equal(count, 2);
	expect(w, w->port.watermarks(w->port.ctx, "in", 0, &low, &high, &w->err), BROKER_OK);
	assert_true(low == 0 && high == 5);
	expect(w, w->port.probe(w->port.ctx, "in", 0, 3, &probe, &w->err), BROKER_OK);
	assert_true(probe.found);
	assert_int_equal(probe.timestamp_ms, 1700000000003);
	expect(w, w->port.probe(w->port.ctx, "in", 0, 5, &probe, &w->err), BROKER_OK);
	assert_false(probe.found);
	expect(w, w->port.cluster_id(w->port.ctx, &cluster, &w->err), BROKER_OK);
	assert_non_null(strstr(cluster, "mock"));
	free(cluster);
}

static int ignore_offset(void *ctx, const struct broker_offset *o, struct err *err)
{
	(void)ctx, (void)o, (void)err;
	return 0;
}

/* librdkafka's threads are our children's: /proc knows them by name. */
static int threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count - 2; /* . and .. */
}

static void clients_at_rest_have_no_threads_and_come_back_when_asked(void **state)
{
	struct world *w = *state;
	struct broker_partition p = {"in", 0};
	int32_t count;
	int before;

	expect(w, w->port.partitions(w->port.ctx, "out", &count, &w->err), BROKER_OK);
	expect(w, w->port.committed(w->port.ctx, &p, 1, ignore_offset, NULL, &w->err), BROKER_OK);
	before = threads();
	sink_rest(w->sink, 60000); /* they were needed a moment ago */
	assert_int_equal(threads(), before);
	sink_rest(w->sink, 0);
	assert_true(threads() <= before - 6); /* two clients of three threads at least */
	sink_rest(w->sink, 0);
	expect(w, w->port.partitions(w->port.ctx, "out", &count, &w->err), BROKER_OK);
	assert_int_equal(count, 2);
	expect(w, w->port.committed(w->port.ctx, &p, 1, ignore_offset, NULL, &w->err), BROKER_OK);
}

static void one_may_be_freed_at_rest(void **state)
{
	struct world *w = *state;

	sink_rest(w->sink, 0);
	sink_rest(NULL, 0);
}

#define WORLD(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(a_whole_transaction_goes_through),
		WORLD(reading_offsets_after_a_scan_with_leftovers_is_safe),
		WORLD(no_offset_is_not_the_same_as_no_answer),
		WORLD(a_refused_record_fails_the_flush),
		WORLD(a_topic_or_partition_that_is_not_there_aborts),
		WORLD(a_commit_whose_answer_is_lost_is_indefinite),
		WORLD(a_fenced_commit_says_so),
		WORLD(offsets_that_are_refused_abort),
		WORLD(without_a_producer_nothing_crashes),
		WORLD(partitions_offsets_and_records_can_be_asked_for),
		WORLD(clients_at_rest_have_no_threads_and_come_back_when_asked),
		WORLD(one_may_be_freed_at_rest),
	};

	return cmocka_run_group_tests_name("sink", tests, NULL, NULL);
}
