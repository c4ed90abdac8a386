#include "kafka/request_watch.h"

/* KIP-98: the requests that change a transaction. Produce is not among them:
 * the broker drops repetitions by their sequence numbers. */
static bool of_transaction(int16_t api_key)
{
	return api_key == 24	/* AddPartitionsToTxn */
	       || api_key == 25 /* AddOffsetsToTxn */
	       || api_key == 26 /* EndTxn */
	       || api_key == 28 /* TxnOffsetCommit */;
}

/* `code` is about the transport (broken connection, no answer in time), not
 * what the broker said. Called twice for some requests. */
static rd_kafka_resp_err_t on_response(rd_kafka_t *rk, int sockfd, const char *brokername, int32_t brokerid,
				       int16_t api_key, int16_t api_version, int32_t corr_id, size_t size,
				       int64_t rtt, rd_kafka_resp_err_t code, void *opaque)
{
	struct request_watch *w = opaque;

	(void)rk, (void)sockfd, (void)brokername, (void)brokerid, (void)api_version, (void)corr_id,
		(void)size;
	(void)rtt;
	if (of_transaction(api_key) && code != RD_KAFKA_RESP_ERR_NO_ERROR)
		atomic_store(&w->unanswered, true);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque, char *text,
				  size_t text_size)
{
	(void)conf, (void)text, (void)text_size;
	return rd_kafka_interceptor_add_on_response_received(rk, "request_watch", on_response, opaque);
}

int request_watch_install(struct request_watch *w, rd_kafka_conf_t *conf)
{
	atomic_store(&w->unanswered, false);
	return rd_kafka_conf_interceptor_add_on_new(conf, "request_watch", on_new, w) ? -1 : 0;
}

bool request_watch_unanswered(const struct request_watch *w)
{
	return atomic_load(&w->unanswered);
}
