/* The decision table, row by row. */

#include "base/crc32c.h"
#include "kafka/errors.h"
#include "test/lib/cmocka_all.h"

#define NO	  0
#define RETRIABLE 1
#define ABORTABLE 2
#define FATAL	  4

struct row {
	enum kafka_call call;
	rd_kafka_resp_err_t code;
	int flags;
	enum broker_verdict expected;
};

/* clang-format off */
static const struct row rows[] = {
	/* no error is no error, whatever was called */
	{KAFKA_CALL_COMMIT,       RD_KAFKA_RESP_ERR_NO_ERROR,                 NO,        BROKER_OK},
	{KAFKA_CALL_READ,         RD_KAFKA_RESP_ERR_NO_ERROR,                 NO,        BROKER_OK},
	/* still at it: the same call again */
	{KAFKA_CALL_INIT,         RD_KAFKA_RESP_ERR__TIMED_OUT,               RETRIABLE, BROKER_RETRY},
	{KAFKA_CALL_COMMIT,       RD_KAFKA_RESP_ERR__TIMED_OUT,               RETRIABLE, BROKER_RETRY},
	{KAFKA_CALL_COMMIT,       RD_KAFKA_RESP_ERR__CONFLICT,                RETRIABLE, BROKER_RETRY},
	{KAFKA_CALL_SEND_OFFSETS, RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS,        RETRIABLE, BROKER_RETRY},
	{KAFKA_CALL_ABORT,        RD_KAFKA_RESP_ERR__TIMED_OUT,               RETRIABLE, BROKER_RETRY},
	/* before the EndTxn was sent, abortable means what it says */
	{KAFKA_CALL_SEND_OFFSETS, RD_KAFKA_RESP_ERR__INCONSISTENT,            ABORTABLE, BROKER_ABORT},
	{KAFKA_CALL_SEND_OFFSETS, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,       ABORTABLE, BROKER_ABORT},
	{KAFKA_CALL_SEND_OFFSETS, RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, ABORTABLE, BROKER_ABORT},
	{KAFKA_CALL_DELIVERY,     RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,           NO,        BROKER_ABORT},
	{KAFKA_CALL_DELIVERY,     RD_KAFKA_RESP_ERR__TIMED_OUT,               NO,        BROKER_ABORT},
	{KAFKA_CALL_DELIVERY,     RD_KAFKA_RESP_ERR__PURGE_QUEUE,             NO,        BROKER_ABORT},
	{KAFKA_CALL_PRODUCE,      RD_KAFKA_RESP_ERR__QUEUE_FULL,              NO,        BROKER_ABORT},
	{KAFKA_CALL_PRODUCE,      RD_KAFKA_RESP_ERR__STATE,                   NO,        BROKER_ABORT},
	/* after it, nothing but silence or success is believed */
	{KAFKA_CALL_COMMIT,       RD_KAFKA_RESP_ERR__INCONSISTENT,            ABORTABLE, BROKER_INDEFINITE},
	{KAFKA_CALL_COMMIT,       RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, ABORTABLE, BROKER_INDEFINITE},
	{KAFKA_CALL_COMMIT,       RD_KAFKA_RESP_ERR_UNKNOWN,                  NO,        BROKER_INDEFINITE},
	{KAFKA_CALL_COMMIT,       RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, NO,      BROKER_INDEFINITE},
	/* somebody else has our id */
	{KAFKA_CALL_COMMIT,       RD_KAFKA_RESP_ERR__FENCED,                  FATAL,     BROKER_FENCED},
	{KAFKA_CALL_SEND_OFFSETS, RD_KAFKA_RESP_ERR_PRODUCER_FENCED,          FATAL,     BROKER_FENCED},
	{KAFKA_CALL_DELIVERY,     RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,   FATAL,     BROKER_FENCED},
	/* the producer is done for */
	{KAFKA_CALL_COMMIT,       RD_KAFKA_RESP_ERR_INVALID_TXN_STATE,        FATAL,     BROKER_FATAL},
	{KAFKA_CALL_BEGIN,        RD_KAFKA_RESP_ERR__STATE,                   NO,        BROKER_FATAL},
	{KAFKA_CALL_ABORT,        RD_KAFKA_RESP_ERR_UNKNOWN,                  NO,        BROKER_FATAL},
	{KAFKA_CALL_SEND_OFFSETS, RD_KAFKA_RESP_ERR_UNKNOWN,                  NO,        BROKER_FATAL},
	{KAFKA_CALL_INIT,         RD_KAFKA_RESP_ERR_UNKNOWN,                  NO,        BROKER_FATAL},
	/* only the operator can help */
	{KAFKA_CALL_INIT,         RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, NO, BROKER_CONFIG},
	{KAFKA_CALL_INIT,         RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT, NO,     BROKER_CONFIG},
	{KAFKA_CALL_SEND_OFFSETS, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, ABORTABLE, BROKER_CONFIG},
	{KAFKA_CALL_DELIVERY,     RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, NO,      BROKER_CONFIG},
	{KAFKA_CALL_PRODUCE,      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,       NO,        BROKER_CONFIG},
	{KAFKA_CALL_READ,         RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, NO,      BROKER_CONFIG},
	{KAFKA_CALL_READ,         RD_KAFKA_RESP_ERR__AUTHENTICATION,          NO,        BROKER_CONFIG},
	/* a question without an answer is asked again, never answered by ourselves */
	{KAFKA_CALL_READ,         RD_KAFKA_RESP_ERR__TIMED_OUT,               NO,        BROKER_RETRY},
	{KAFKA_CALL_READ,         RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,   NO,        BROKER_RETRY},
	{KAFKA_CALL_READ,         RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,    NO,        BROKER_RETRY},
	{KAFKA_CALL_READ,         RD_KAFKA_RESP_ERR__FATAL,                   FATAL,     BROKER_RETRY},
};
/* clang-format on */

static void every_row_of_the_table_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kafka_failure f = {.call = rows[i].call,
					  .code = rows[i].code,
					  .retriable = rows[i].flags & RETRIABLE,
					  .abortable = rows[i].flags & ABORTABLE,
					  .fatal = rows[i].flags & FATAL};

		if (kafka_errors_verdict(&f) != rows[i].expected)
			fail_msg("row %zu: %s, not %s", i, broker_verdict_name(kafka_errors_verdict(&f)),
				 broker_verdict_name(rows[i].expected));
	}
}

static void a_commit_is_never_called_failed(void **state)
{
	(void)state;
	/* whatever code comes with whatever flags: not OK, not ABORT, not CONFIG */
	for (int code = -200; code < 120; code++) {
		for (int flags = 0; flags < 8; flags++) {
			struct kafka_failure f = {KAFKA_CALL_COMMIT, code, flags & 1, flags & 2, flags & 4};
			enum broker_verdict v = kafka_errors_verdict(&f);

			if (code != 0)
				assert_true(v == BROKER_RETRY || v == BROKER_INDEFINITE ||
					    v == BROKER_FENCED || v == BROKER_FATAL);
		}
	}
}

static void a_bare_code_becomes_a_sentence(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(kafka_errors_code(KAFKA_CALL_READ, RD_KAFKA_RESP_ERR__TIMED_OUT, NULL, &err),
			 BROKER_RETRY);
	assert_int_equal(err.class, ERR_RETRY);
	assert_string_equal(err.text, "ask kafka: Local: Timed out (_TIMED_OUT)");
	assert_int_equal(kafka_errors_take(KAFKA_CALL_COMMIT, NULL, &err), BROKER_OK);
}

static void events_of_the_consumer_have_classes(void **state)
{
	(void)state;
	assert_int_equal(kafka_errors_class(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN), ERR_RETRY);
	assert_int_equal(kafka_errors_class(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET), ERR_REFUSED);
	assert_int_equal(kafka_errors_class(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED), ERR_CONFIG);
	assert_int_equal(kafka_errors_class(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART), ERR_NOT_FOUND);
}

static void crc32c_gives_the_numbers_of_rfc_3720(void **state)
{
	char bytes[32];

	(void)state;
	assert_int_equal(crc32c(0, slice_str("123456789")), 0xe3069283);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(crc32c(0, slice_make(bytes, 32)), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(crc32c(0, slice_make(bytes, 32)), 0x62a8ab43);
	assert_int_equal(crc32c(crc32c(0, slice_str("1234")), slice_str("56789")), 0xe3069283);
	assert_int_equal(crc32c(0, slice_make(NULL, 0)), 0);
}

static void one_partition_that_failed_is_enough(void **state)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(3);

	(void)state;
	for (int i = 0; i < 3; i++)
		rd_kafka_topic_partition_list_add(list, "in", i)->offset = RD_KAFKA_OFFSET_INVALID;
	assert_int_equal(kafka_errors_any(list), RD_KAFKA_RESP_ERR_NO_ERROR);
	list->elems[2].err = RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT;
	assert_int_equal(kafka_errors_any(list), RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT);
	rd_kafka_topic_partition_list_destroy(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_of_the_table_holds),
		cmocka_unit_test(a_commit_is_never_called_failed),
		cmocka_unit_test(one_partition_that_failed_is_enough),
		cmocka_unit_test(a_bare_code_becomes_a_sentence),
		cmocka_unit_test(events_of_the_consumer_have_classes),
		cmocka_unit_test(crc32c_gives_the_numbers_of_rfc_3720),
	};

	return cmocka_run_group_tests_name("kafka errors", tests, NULL, NULL);
}
