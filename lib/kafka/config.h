#ifndef RIVER_KAFKA_CONFIG_H
#define RIVER_KAFKA_CONFIG_H

/* From the operator's kafka.* settings to a librdkafka configuration.
 *
 * Three layers, later wins: riverd's defaults, what the operator set, what the
 * protocol needs. The last layer is not negotiable: setting one of those names
 * to another value is an error that says so. Texts about wrong names and
 * values are librdkafka's own. */

#include "base/err.h"
#include "base/log.h"

#include <librdkafka/rdkafka.h>
#include <stddef.h>

/* One property by its librdkafka name, without "kafka." in front. Borrowed. */
struct kafka_setting {
	const char *name, *value;
};

struct kafka_settings {
	const struct kafka_setting *items;
	size_t count;
};

enum kafka_client_kind {
	KAFKA_SOURCE, /* consumer on the loop */
	KAFKA_SINK,   /* transactional producer */
	KAFKA_READER, /* committed offsets and scans of outputs, read_committed */
	KAFKA_ADMIN,  /* metadata, watermarks, topics; read_uncommitted */
};

/* Who logs: given to librdkafka as the opaque of every callback, so it must
 * outlive the client; embedded as the first member of each client here. */
struct kafka_client {
	struct log *log;
	const char *name; /* "source", "sink", ... in front of each line */
};

/* A new configuration, or NULL with ERR_CONFIG. `group` and `transactional`
 * are the ids; NULL where the kind has none. The caller owns it until
 * rd_kafka_new() succeeds. log_cb is set; other callbacks are the caller's. */
rd_kafka_conf_t *kafka_config_new(enum kafka_client_kind kind, const struct kafka_settings *settings,
				  const char *group, const char *transactional, struct kafka_client *client,
				  struct err *err);

/* Only tries the settings, for `riverd check`. */
int kafka_config_check(enum kafka_client_kind kind, const struct kafka_settings *settings, struct err *err);

/* What is used unless the operator says otherwise; NULL: librdkafka's own default. */
const char *kafka_config_default(enum kafka_client_kind kind, const char *name);

/* rd_kafka_new() and its error text (bad TLS files, missing mechanism): frees
 * `conf` either way. */
rd_kafka_t *kafka_client_open(enum kafka_client_kind kind, rd_kafka_conf_t *conf, struct err *err);

/* Ends a client. rd_kafka_destroy() has no time limit, so it runs beside us:
 * -1 with ERR_FATAL when it did not end within `ms`; then the client and its
 * kafka_client must never be freed, and the process had better exit. NULL is
 * fine. */
int kafka_client_close(rd_kafka_t *rk, int ms, struct err *err);

#endif
