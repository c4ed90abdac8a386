#ifndef RIVER_DAEMON_SETTINGS_H
#define RIVER_DAEMON_SETTINGS_H

/* This daemon's configuration: the table of its keys and the struct they are
 * read into. The help texts of the table are the reference documentation;
 * `riverd --help`, etc/riverd.conf and the manual are generated from it. */

#include "base/log.h"
#include "conf/table.h"
#include "hotels/pipeline.h"
#include "wire/decoder.h"

enum settings_event_time { SETTINGS_TIME_RECORD, SETTINGS_TIME_FIELD };
enum settings_provider { SETTINGS_EXTRACTIVE, SETTINGS_OPENAI };
enum settings_credentials { SETTINGS_USER_INFO, SETTINGS_URL, SETTINGS_SASL_INHERIT };
/* AUTO: found out once, from the first booking, and remembered in the state. */
enum settings_date_type { SETTINGS_DATE_AUTO, SETTINGS_DATE_LONG, SETTINGS_DATE_STRING };
enum settings_price_type {
	SETTINGS_PRICE_AUTO,
	SETTINGS_PRICE_INT,
	SETTINGS_PRICE_LONG,
	SETTINGS_PRICE_DOUBLE,
	SETTINGS_PRICE_STRING
};

/* A librdkafka property, without the prefix kafka., kafka.consumer. or
 * kafka.producer. */
struct kafka_property {
	char *name, *value; /* owned */
	bool secret;
	char *where; /* for error texts; owned */
};
struct kafka_properties {
	struct kafka_property *items;
	size_t count;
};

struct settings_input {
	char *topic;
	int format;	/* enum value_format */
	int event_time; /* enum settings_event_time; CLICKSTREAM and BOOKINGS only */
};

struct settings_output {
	char *topic;
	bool enabled;
};

/* Strings are owned and NULL when unset; durations in milliseconds, sizes in bytes. */
struct settings {
	/* Kafka. consumer and producer: kafka.* first, then the side's own, which
	 * overrides; to be set in this order on an rd_kafka_conf_t. */
	struct kafka_properties consumer, producer;
	char *brokers; /* kafka.bootstrap.servers, also in both lists above */
	char *group_id, *transactional_id;
	bool allow_plaintext_credentials;

	struct settings_input inputs[INPUTS];
	struct settings_output outputs[OUTPUTS];
	char *dead_letter_topic;
	bool topics_create;
	int64_t topics_partitions, topics_replication; /* -1: the cluster's default */

	struct {
		struct conf_list urls;
		int credentials_source; /* enum settings_credentials */
		char *user_info;	/* secret, "user:password"; of Kafka's SASL when SASL_INHERIT */
		char *token;		/* secret */
		char *logical_cluster, *identity_pool;
		char *ca_location, *certificate_location, *key_location;
		char *key_password;	  /* secret */
		struct conf_list headers; /* "Name: value": secret; those of cluster and pool as well */
		int64_t timeout;
		bool auto_register, use_latest, normalize;
	} registry;
	char *proxy_url; /* for registry and model */

	/* The pipeline. */
	int64_t window, out_of_orderness, idle_timeout, allowed_lateness, max_future_skew;
	int64_t hotel_grace, booking_memory;
	int booking_match; /* enum booking_match */
	bool case_insensitive, reviews_required;
	int date_type, price_type; /* enum settings_date_type, settings_price_type */
	int64_t max_message;

	struct {
		int provider; /* enum settings_provider */
		char *url, *model;
		char *api_key;		  /* secret */
		struct conf_list headers; /* "Name: value": secret */
		char *ca_location;
		int64_t concurrency, timeout, max_tokens, max_review_bytes, cache_size;
		double temperature; /* -1: not sent */
	} summary;

	char *state_path;
	int64_t checkpoint_interval, checkpoint_max_events, checkpoint_max_bytes;
	int64_t outbox_max_rows;
	int64_t min_free_percent; /* of the disk with the state */

	char *http_listen;
	bool http_allow_remote, http_show_addresses;
	int log_level;	/* enum log_level */
	int log_format; /* enum log_format */
	int64_t drain_timeout, stuck_timeout;
};

extern const struct conf_table settings_table;

enum settings_use {
	SETTINGS_FOR_RUN,  /* everything that a live daemon needs must be there */
	SETTINGS_FOR_DEMO, /* brokers and registry are provided */
};

struct settings_request {
	enum settings_use use;
	const char *path;	    /* of the file, or NULL */
	const char *const *options; /* "key=value" */
	size_t option_count;
	char *const *environment; /* usually `environ` */
};

/* The file that is read when none is named, if it exists. */
#define SETTINGS_DEFAULT_PATH "/etc/riverd/riverd.conf"
/* `named` (from -c), or the default path if there is a file, or NULL. */
const char *settings_find_path(const char *named);

/* Reads, merges, checks. 0, or -1 with at least one error in `problems`; what
 * can be read is in `s` either way (release it). `conf` may be NULL, else it
 * keeps the merged keys, for --print-config. */
int settings_load(struct settings *s, struct conf *conf, const struct settings_request *request,
		  struct conf_problems *problems);
void settings_init(struct settings *s);
void settings_release(struct settings *s);

/* Overwrites what the settings say in a config that pipeline_defaults() has
 * filled. date_type and price_type are only written when not AUTO;
 * summary_identity borrows `identity`; hash_seed is random. */
void settings_pipeline(const struct settings *s, struct slice identity, struct pipeline_config *out);

/* For SIGHUP: appends to `applied` the keys, one a line, that differ and may
 * change while running, and to `restart` those that may not. The values of the
 * former are copied from `next` into `now`; `next` stays the caller's. */
void settings_reload(struct settings *now, const struct settings *next, struct buf *applied,
		     struct buf *restart);

#endif
