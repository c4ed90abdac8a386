#include "kafka/fetch_watch.h"

#include <string.h>

#define API_FETCH 1

static void note(struct fetch_watch *w, int32_t broker, int64_t now)
{
	for (int i = 0; i < FETCH_WATCH_BROKERS; i++) {
		int32_t id = atomic_load_explicit(&w->brokers[i].id, memory_order_acquire);

		if (id == 0) {
			/* Two brokers may race for the place; the loser goes on to the next. */
			if (!atomic_compare_exchange_strong(&w->brokers[i].id, &id, broker + 1) &&
			    id != broker + 1)
				continue;
			id = broker + 1;
		}
		if (id == broker + 1) {
			atomic_store_explicit(&w->brokers[i].answered_ms, now, memory_order_release);
			return;
		}
	}
}

static rd_kafka_resp_err_t on_response(rd_kafka_t *rk, int sockfd, const char *brokername, int32_t brokerid,
				       int16_t api_key, int16_t api_version, int32_t corr_id, size_t size,
				       int64_t rtt, rd_kafka_resp_err_t code, void *opaque)
{
	struct fetch_watch *w = opaque;

	(void)rk, (void)sockfd, (void)brokername, (void)api_version, (void)corr_id, (void)size, (void)rtt;
	if (api_key == API_FETCH && code == RD_KAFKA_RESP_ERR_NO_ERROR && brokerid >= 0)
		note(w, brokerid, clock_mono_ms(&w->clock));
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque, char *text,
				  size_t text_size)
{
	(void)conf, (void)text, (void)text_size;
	return rd_kafka_interceptor_add_on_response_received(rk, "fetch_watch", on_response, opaque);
}

int fetch_watch_install(struct fetch_watch *w, struct clock clock, rd_kafka_conf_t *conf)
{
	memset(w, 0, sizeof(*w));
	w->clock = clock;
	return rd_kafka_conf_interceptor_add_on_new(conf, "fetch_watch", on_new, w) ? -1 : 0;
}

int64_t fetch_watch_answered(const struct fetch_watch *w, int32_t broker)
{
	int64_t oldest = -1;

	for (int i = 0; i < FETCH_WATCH_BROKERS; i++) {
		int32_t id = atomic_load_explicit(&w->brokers[i].id, memory_order_acquire);
		int64_t at;

		if (id == 0)
			break;
		at = atomic_load_explicit(&w->brokers[i].answered_ms, memory_order_acquire);
		if (at == 0)
			continue; /* just claimed */
		if (broker >= 0 && id == broker + 1)
			return at;
		if (broker < 0 && (oldest < 0 || at < oldest))
			oldest = at;
	}
	return oldest;
}
