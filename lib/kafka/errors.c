#include "kafka/errors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool is_one_of(rd_kafka_resp_err_t code, const rd_kafka_resp_err_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i] == code)
			return true;
	}
	return false;
}

/* Only the operator can change these: rights, passwords, certificates, limits. */
static bool needs_operator(rd_kafka_resp_err_t code)
{
	static const rd_kafka_resp_err_t codes[] = {
		RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
		RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
		RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
		RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
		RD_KAFKA_RESP_ERR__AUTHENTICATION,
		RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
		RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM,
		RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE,
		RD_KAFKA_RESP_ERR__SSL,
		RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT,
		RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE,
		RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION,
		RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT,
		RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
		RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
		RD_KAFKA_RESP_ERR_INVALID_RECORD,
		RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
		RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR,
		RD_KAFKA_RESP_ERR_INVALID_PARTITIONS,
		RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, /* not a valid topic name */
	};

	return is_one_of(code, codes, COUNT(codes));
}

static bool is_fenced(rd_kafka_resp_err_t code)
{
	static const rd_kafka_resp_err_t codes[] = {
		RD_KAFKA_RESP_ERR__FENCED,
		RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
		RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
	};

	return is_one_of(code, codes, COUNT(codes));
}

enum broker_verdict kafka_errors_verdict(const struct kafka_failure *f)
{
	if (f->code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return BROKER_OK;
	/* Reading never says "no offset": it works or is tried again. */
	if (f->call == KAFKA_CALL_READ)
		return needs_operator(f->code) ? BROKER_CONFIG : BROKER_RETRY;
	if (is_fenced(f->code))
		return BROKER_FENCED;
	if (f->fatal)
		return BROKER_FATAL;
	if (f->retriable)
		return BROKER_RETRY;
	/* The EndTxn may have arrived whatever the answer says, even "abort it". */
	if (f->call == KAFKA_CALL_COMMIT)
		return BROKER_INDEFINITE;
	if (needs_operator(f->code))
		return BROKER_CONFIG;
	if (f->abortable || f->call == KAFKA_CALL_DELIVERY)
		return BROKER_ABORT;
	/* Nothing was queued, so nothing is lost by giving the transaction up. */
	if (f->call == KAFKA_CALL_PRODUCE)
		return BROKER_ABORT;
	return BROKER_FATAL;
}

rd_kafka_resp_err_t kafka_errors_any(const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; i < list->cnt; i++) {
		if (list->elems[i].err)
			return list->elems[i].err;
	}
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static enum err_class class_of(enum broker_verdict v)
{
	switch (v) {
	case BROKER_OK: return ERR_NONE;
	case BROKER_RETRY: return ERR_RETRY;
	case BROKER_CONFIG: return ERR_CONFIG;
	default: return ERR_ABORT_TXN;
	}
}

static const char *const call_names[KAFKA_CALLS] = {
	[KAFKA_CALL_INIT] = "init transactions",    [KAFKA_CALL_BEGIN] = "begin transaction",
	[KAFKA_CALL_PRODUCE] = "produce",	    [KAFKA_CALL_DELIVERY] = "deliver",
	[KAFKA_CALL_SEND_OFFSETS] = "send offsets", [KAFKA_CALL_COMMIT] = "commit transaction",
	[KAFKA_CALL_ABORT] = "abort transaction",   [KAFKA_CALL_READ] = "ask kafka",
};

static enum broker_verdict fill(const struct kafka_failure *f, const char *text, struct err *err)
{
	enum broker_verdict v = kafka_errors_verdict(f);

	if (v != BROKER_OK)
		err_set(err, class_of(v), f->code, "%s: %s (%s)", call_names[f->call], text,
			rd_kafka_err2name(f->code));
	return v;
}

enum broker_verdict kafka_errors_take(enum kafka_call call, rd_kafka_error_t *error, struct err *err)
{
	struct kafka_failure f = {.call = call};
	enum broker_verdict v;

	if (!error)
		return BROKER_OK;
	f.code = rd_kafka_error_code(error);
	f.retriable = rd_kafka_error_is_retriable(error);
	f.abortable = rd_kafka_error_txn_requires_abort(error);
	f.fatal = rd_kafka_error_is_fatal(error);
	v = fill(&f, rd_kafka_error_string(error), err);
	rd_kafka_error_destroy(error);
	return v;
}

enum broker_verdict kafka_errors_code(enum kafka_call call, rd_kafka_resp_err_t code, const char *text,
				      struct err *err)
{
	struct kafka_failure f = {.call = call, .code = code, .fatal = code == RD_KAFKA_RESP_ERR__FATAL};

	return fill(&f, text ? text : rd_kafka_err2str(code), err);
}

enum err_class kafka_errors_class(rd_kafka_resp_err_t code)
{
	if (needs_operator(code))
		return ERR_CONFIG;
	switch (code) {
	case RD_KAFKA_RESP_ERR_NO_ERROR: return ERR_NONE;
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE: return ERR_REFUSED;
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: return ERR_NOT_FOUND;
	case RD_KAFKA_RESP_ERR__FATAL: return ERR_FATAL;
	default: return ERR_RETRY;
	}
}
