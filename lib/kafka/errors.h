#ifndef RIVER_KAFKA_ERRORS_H
#define RIVER_KAFKA_ERRORS_H

/* The one table that says what an error of librdkafka means for us. Pure.
 *
 * Transactional calls carry three flags (retriable, abortable, fatal; see
 * rd_kafka_error_t) and a code; what they mean depends on the call: an
 * abortable error of a commit does not prove that nothing was committed. */

#include "base/err.h"
#include "publish/broker.h"

#include <librdkafka/rdkafka.h>

enum kafka_call {
	KAFKA_CALL_INIT,
	KAFKA_CALL_BEGIN,
	KAFKA_CALL_PRODUCE,
	KAFKA_CALL_DELIVERY, /* a delivery report, or a flush that did not end */
	KAFKA_CALL_SEND_OFFSETS,
	KAFKA_CALL_COMMIT,
	KAFKA_CALL_ABORT,
	KAFKA_CALL_READ, /* committed offsets, watermarks, metadata, scan */
	KAFKA_CALLS
};

struct kafka_failure {
	enum kafka_call call;
	rd_kafka_resp_err_t code;
	bool retriable, abortable, fatal;
};

enum broker_verdict kafka_errors_verdict(const struct kafka_failure *failure);

/* Fills err (class, code, "commit: <librdkafka's sentence>") and returns the
 * verdict. Destroys `error`; NULL is BROKER_OK. */
enum broker_verdict kafka_errors_take(enum kafka_call call, rd_kafka_error_t *error, struct err *err);
/* The same for a bare code. */
enum broker_verdict kafka_errors_code(enum kafka_call call, rd_kafka_resp_err_t code, const char *text,
				      struct err *err);

/* What an event of the consumer means: RETRY (librdkafka goes on by itself),
 * CONFIG (not authorised, wrong password or certificate), REFUSED (offset out
 * of range: retention or a recreated topic), NOT_FOUND (no such topic or partition),
 * FATAL. */
enum err_class kafka_errors_class(rd_kafka_resp_err_t code);

/* The first error of a partition in the list, or none. One trouble is all
 * trouble: a partition that could not be read is not one without an offset. */
rd_kafka_resp_err_t kafka_errors_any(const rd_kafka_topic_partition_list_t *list);

#endif
