#ifndef RIVERD_CHECK_ONLINE_H
#define RIVERD_CHECK_ONLINE_H

/* `riverd check --online`: is what the configuration names there, and may we
 * use it? Blocks, for at most a few timeouts; changes nothing anywhere.
 *
 * Kafka: brokers, topics, group; who may write and use the transactional id
 * cannot be asked without writing, or without fencing a riverd that runs, and
 * shows at the start. Registry: the subjects of our outputs. Model: one small
 * completion. Here: the state's place and the address of the page. */

#include "daemon/check_report.h"
#include "daemon/settings.h"

struct check_online_options {
	int64_t timeout_ms;	  /* of each question to Kafka and the registry; 0: 5 s */
	int64_t model_timeout_ms; /* 0: 30 s, or summary.timeout when that is less */
};

/* Prints the table; EXIT_OK, EXIT_UNAVAILABLE or EXIT_CONFIG. `options` may be NULL. */
int check_online(const struct settings *s, const struct check_online_options *options, FILE *out);

/* The parts. */
void check_online_kafka(const struct settings *s, int64_t timeout_ms, struct check_report *r);
void check_online_registry(const struct settings *s, int64_t timeout_ms, struct check_report *r);
void check_online_model(const struct settings *s, int64_t timeout_ms, struct check_report *r);
void check_online_local(const struct settings *s, struct check_report *r);

#endif
