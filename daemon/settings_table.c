#include "daemon/settings.h"

#include <librdkafka/rdkafka.h>
#include <stddef.h>

/* The rows. Their help is what people read: say what it does, then when to change it. */

#define AT(member) offsetof(struct settings, member)
#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))

static const char *const formats[] = {"auto", "avro", "json_schema", "json", NULL};
static const char *const event_times[] = {"record", "field", NULL};
static const char *const matches[] = {"customer", "customer_and_hotel", NULL};
static const char *const providers[] = {"extractive", "openai", NULL};
static const char *const credentials[] = {"USER_INFO", "URL", "SASL_INHERIT", NULL};
static const char *const date_types[] = {"auto", "long", "string", NULL};
static const char *const price_types[] = {"auto", "int", "long", "double", "string", NULL};
static const char *const levels[] = {"error", "warning", "notice", "info", "debug", NULL};
static const char *const log_formats[] = {"auto", "text", "json", NULL};

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define MIB    (INT64_C(1) << 20)

#define SECTION(text)                                                                                        \
	{                                                                                                    \
		.type = CONF_SECTION, .help = text                                                           \
	}
#define ROW(k, t, m, d, f, h)                                                                                \
	{                                                                                                    \
		.key = k, .type = t, .offset = AT(m), .def = d, .flags = f, .help = h                        \
	}
#define LIMITED(k, t, m, d, lo, hi, f, h)                                                                    \
	{                                                                                                    \
		.key = k, .type = t, .offset = AT(m), .def = d, .min = lo, .max = hi, .flags = f, .help = h  \
	}
#define CHOICE(k, m, d, c, f, h)                                                                             \
	{                                                                                                    \
		.key = k, .type = CONF_ENUM, .offset = AT(m), .def = d, .choices = c, .flags = f, .help = h  \
	}

#define INPUT_TOPIC(name, which, topic_, h)                                                                  \
	ROW("input." name ".topic", CONF_STRING, inputs[which].topic, topic_, CONF_REQUIRED, h),             \
		CHOICE("input." name ".format", inputs[which].format, "auto", formats, 0,                    \
		       "How its values are written. auto goes by the framing and by what the schema "        \
		       "registry says "                                                                      \
		       "of the schema id; without framing it is JSON.")
#define OUTPUT_TOPIC(name, which, topic_, on, h)                                                             \
	ROW("output." name ".topic", CONF_STRING, outputs[which].topic, topic_, CONF_REQUIRED, h),           \
		ROW("output." name ".enabled", CONF_BOOL, outputs[which].enabled, on, 0,                     \
		    "Whether it is written.")

static const struct conf_row rows[] = {
	SECTION("Kafka"),
	{.key = "kafka.bootstrap.servers",
	 .type = CONF_KEPT,
	 .def = "",
	 .flags = CONF_REQUIRED | CONF_SHOWN,
	 .help = "Brokers to start from, host:port separated by commas. Like every kafka.* key it goes to "
		 "librdkafka "
		 "as it is: kafka.security.protocol, kafka.sasl.mechanisms, kafka.sasl.username, "
		 "kafka.sasl.password, kafka.ssl.ca.location and all others."},
	ROW("group.id", CONF_STRING, group_id, "riverd", CONF_REQUIRED,
	    "Consumer group under which progress is committed. It belongs to the state: do not change it "
	    "later."),
	ROW("transactional.id", CONF_STRING, transactional_id, "", 0,
	    "Identity of the transactional producer. Empty means group.id with -0 behind it. It belongs to "
	    "the state, "
	    "and two instances must never share it."),
	ROW("allow_plaintext_credentials", CONF_BOOL, allow_plaintext_credentials, "false", 0,
	    "Let passwords, keys and tokens travel over connections without TLS to other machines."),

	SECTION("Input topics"),
	INPUT_TOPIC("clickstream", INPUT_CLICKSTREAM, "clickstream",
		    "Topic of page views and booking clicks."),
	CHOICE("input.clickstream.event_time", inputs[INPUT_CLICKSTREAM].event_time, "record", event_times, 0,
	       "When a click happened: the timestamp of the Kafka record, or the field CREATED_AT."),
	INPUT_TOPIC("bookings", INPUT_BOOKINGS, "bookings", "Topic of bookings."),
	CHOICE("input.bookings.event_time", inputs[INPUT_BOOKINGS].event_time, "record", event_times, 0,
	       "When a booking happened: the timestamp of the Kafka record, or the field CREATED_AT."),
	INPUT_TOPIC("reviews", INPUT_REVIEWS, "hotel_reviews",
		    "Topic of reviews. Their time is the field CREATED_AT."),
	INPUT_TOPIC("hotel", INPUT_HOTEL, "riverhotel.SAMPLE.HOTEL",
		    "Changelog of hotels (Debezium or Oracle CDC)."),
	INPUT_TOPIC("customer", INPUT_CUSTOMER, "riverhotel.SAMPLE.CUSTOMER",
		    "Changelog of customers. A delete erases what is kept and not yet delivered about the "
		    "customer."),
	LIMITED("input.max_message", CONF_BYTES, max_message, "1MiB", 1024, 64 * MIB, 0,
		"Larger records are dead letters."),

	SECTION("Output topics"),
	OUTPUT_TOPIC("summary", OUTPUT_SUMMARY, "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY", "true",
		     "Topic of abandoned booking clicks with similar hotels, reviews and their summary."),
	OUTPUT_TOPIC("similar", OUTPUT_SIMILAR, "TARGET_CUSTOMERS_WITH_SIMILAR_HOTELS", "false",
		     "Topic of the step before: clicks with their hotel and similar hotels."),
	OUTPUT_TOPIC("reviews", OUTPUT_REVIEWS, "TARGET_CUSTOMERS_WITH_REVIEWS_AND_HOTELS", "false",
		     "Topic of the step after that: the reviews of the month joined as well."),
	OUTPUT_TOPIC("bookings", OUTPUT_BOOKINGS, "HOTEL_BOOKINGS", "true",
		     "Topic of bookings with their hotel."),
	OUTPUT_TOPIC("catalog", OUTPUT_CATALOG, "HOTEL_CATALOG", "true",
		     "Topic of the versions of each hotel."),
	ROW("dead_letter.topic", CONF_STRING, dead_letter_topic, "riverd.dead-letter", CONF_REQUIRED,
	    "Topic for records that cannot be used, as they came, with the reason and their origin in "
	    "headers."),
	ROW("topics.create", CONF_BOOL, topics_create, "true", 0,
	    "Create missing output topics at start. Input topics are never created."),
	LIMITED("topics.partitions", CONF_INT, topics_partitions, "0", 0, 10000, 0,
		"Partitions of topics created; 0 leaves it to the cluster."),
	LIMITED("topics.replication", CONF_INT, topics_replication, "0", 0, 100, 0,
		"Replication factor of topics created; 0 leaves it to the cluster."),
	CHOICE("hotel_bookings.date_type", date_type, "auto", date_types, 0,
	       "Type of CHECK_IN and CHECK_OUT in HOTEL_BOOKINGS. auto takes that of the first booking, and "
	       "keeps to it."),
	CHOICE("hotel_bookings.price_type", price_type, "auto", price_types, 0,
	       "Type of PRICE in HOTEL_BOOKINGS. auto takes that of the first booking, and keeps to it."),

	SECTION("Schema registry"),
	ROW("schema.registry.url", CONF_URLS, registry.urls, "", CONF_REQUIRED | CONF_SHOWN,
	    "Where schemas are. More than one, separated by commas, are tried in turn."),
	CHOICE("schema.registry.basic.auth.credentials.source", registry.credentials_source, "USER_INFO",
	       credentials, 0,
	       "Where user and password come from: the key below, the URL, or kafka.sasl.username and "
	       "kafka.sasl.password."),
	ROW("schema.registry.basic.auth.user.info", CONF_SECRET, registry.user_info, "", 0,
	    "user:password, in Confluent Cloud key:secret."),
	ROW("schema.registry.bearer.auth.token", CONF_SECRET, registry.token, "", 0,
	    "Token sent instead of user and password."),
	ROW("schema.registry.bearer.auth.logical.cluster", CONF_STRING, registry.logical_cluster, "", 0,
	    "Confluent Cloud: logical cluster of the registry (lsrc-...), sent with a bearer token."),
	ROW("schema.registry.bearer.auth.identity.pool.id", CONF_STRING, registry.identity_pool, "", 0,
	    "Confluent Cloud: identity pool (pool-...), sent with a bearer token."),
	ROW("schema.registry.ssl.ca.location", CONF_PATH, registry.ca_location, "", 0,
	    "PEM file of trusted certificates instead of the system's."),
	ROW("schema.registry.ssl.certificate.location", CONF_PATH, registry.certificate_location, "", 0,
	    "PEM file of our certificate, for mutual TLS."),
	ROW("schema.registry.ssl.key.location", CONF_PATH, registry.key_location, "", 0,
	    "PEM file of the key that belongs to it."),
	ROW("schema.registry.ssl.key.password", CONF_SECRET, registry.key_password, "", 0,
	    "Password of that key."),
	LIMITED("schema.registry.request.timeout", CONF_DURATION, registry.timeout, "10s", 100, 5 * MINUTE, 0,
		"Limit of one request. After that the next URL is tried, then the same again after a while."),
	ROW("schema.registry.auto.register.schemas", CONF_BOOL, registry.auto_register, "true", 0,
	    "Register the schemas of the outputs. When false they must be there."),
	ROW("schema.registry.use.latest.version", CONF_BOOL, registry.use_latest, "false", 0,
	    "Write with the newest version of each output's subject if it fits; needs auto.register.schemas "
	    "= false."),
	ROW("schema.registry.normalize.schemas", CONF_BOOL, registry.normalize, "false", 0,
	    "Ask the registry to normalise schemas when they are registered or looked up."),

	SECTION("Time and state of the pipeline"),
	LIMITED("window", CONF_DURATION, window, "20m", 1000, 7 * DAY, 0,
		"A click is abandoned when no booking follows within this time, both ends included."),
	LIMITED("out_of_orderness", CONF_DURATION, out_of_orderness, "5s", 0, DAY, 0,
		"How far events of a partition may come out of order without being late. Results wait for "
		"it."),
	LIMITED("allowed_lateness", CONF_DURATION, allowed_lateness, "10m", 0, 7 * DAY, 0,
		"How late a click may still be used; bookings are kept so much longer."),
	LIMITED("idle_timeout", CONF_DURATION, idle_timeout, "30s", 1000, DAY, 0,
		"A partition that was read to its end and stays silent for this long does not hold the "
		"others back."),
	LIMITED("max_future_skew", CONF_DURATION, max_future_skew, "1h", 0, 365 * DAY, 0,
		"An event that claims to be further in the future is a dead letter, so that one wrong clock "
		"does not make "
		"everyone else late."),
	LIMITED("hotel.grace", CONF_DURATION, hotel_grace, "5m", 0, 7 * DAY, 0,
		"How long a click or booking waits for a hotel that is not known yet, in event time."),
	LIMITED("booking.memory", CONF_DURATION, booking_memory, "120d", 0, 3650 * DAY, 0,
		"How long the hotel of a booking is remembered, for reviews that name the booking alone."),
	CHOICE("booking.match", booking_match, "customer", matches, 0,
	       "Which bookings clear a click: any of the same customer, or only those of the same hotel."),
	ROW("customer.case_insensitive", CONF_BOOL, case_insensitive, "false", 0,
	    "Compare e-mail addresses without regard to ASCII case."),
	ROW("reviews.required", CONF_BOOL, reviews_required, "true", 0,
	    "Without a review in the last month there is no result. When false there is one that says so."),

	SECTION("Summaries"),
	CHOICE("summary.provider", summary.provider, "extractive", providers, 0,
	       "Who writes them: extractive composes a sentence itself, offline; openai asks a model at "
	       "summary.url."),
	ROW("summary.url", CONF_URL, summary.url, "", 0,
	    "Any endpoint that speaks OpenAI's chat completions: https://api.openai.com, .../v1, or the full "
	    "path ending "
	    "in /chat/completions (Azure, Databricks, Bedrock, vLLM, llama.cpp, Ollama)."),
	ROW("summary.model", CONF_STRING, summary.model, "", 0, "Name of the model."),
	ROW("summary.api_key", CONF_SECRET, summary.api_key, "", 0,
	    "Sent as a bearer token. Better a reference than the key: ${file:/run/secrets/model-key} or "
	    "${env:OPENAI_API_KEY}."),
	ROW("summary.ca.location", CONF_PATH, summary.ca_location, "", 0,
	    "PEM file of trusted certificates instead of the system's."),
	LIMITED("summary.concurrency", CONF_INT, summary.concurrency, "8", 1, 1000, 0,
		"Calls at the same time."),
	LIMITED("summary.timeout", CONF_DURATION, summary.timeout, "60s", 100, HOUR, 0,
		"Limit of one call. Calls that fail are repeated; the customers wait durably meanwhile."),
	LIMITED("summary.max_tokens", CONF_INT, summary.max_tokens, "200", 16, 100000, 0,
		"Longest answer, in tokens."),
	LIMITED("summary.temperature", CONF_NUMBER, summary.temperature, "", 0, 2000, 0,
		"Randomness of the answer; empty leaves it to the model (some accept nothing else)."),
	LIMITED("summary.max_review_bytes", CONF_BYTES, summary.max_review_bytes, "24KiB", 1024, 4 * MIB, 0,
		"How much review text goes into one call; the oldest reviews are left out first."),
	LIMITED("summary.cache.size", CONF_INT, summary.cache_size, "100000", 0, 10000000, 0,
		"Answers kept, so that the same reviews are not summarised twice."),
	ROW("proxy.url", CONF_URL, proxy_url, "", 0,
	    "HTTP proxy for the schema registry and the model. The usual environment variables are not "
	    "looked at."),

	SECTION("State and checkpoints"),
	ROW("state.path", CONF_PATH, state_path, "/var/lib/riverd/state.db", CONF_REQUIRED,
	    "The database, on a local disk. By default in $STATE_DIRECTORY when systemd sets it."),
	LIMITED("checkpoint.interval", CONF_DURATION, checkpoint_interval, "1s", 10, MINUTE, CONF_RELOADABLE,
		"How often state is written and results are published. Part of the delay of every result."),
	LIMITED("checkpoint.max_events", CONF_INT, checkpoint_max_events, "250000", 1, 100000000,
		CONF_RELOADABLE, "Write earlier after so many records."),
	LIMITED("checkpoint.max_bytes", CONF_BYTES, checkpoint_max_bytes, "2MiB", MIB, 1024 * MIB,
		CONF_RELOADABLE, "Write earlier when changes need so much memory."),
	LIMITED("outbox.max_rows", CONF_INT, outbox_max_rows, "1000000", 1000, 1000000000, CONF_RELOADABLE,
		"When so many results wait for Kafka, no more input is read."),
	LIMITED("state.min_free_percent", CONF_INT, min_free_percent, "5", 0, 50, CONF_RELOADABLE,
		"When less of the disk is free, no more input is read and riverd is not ready."),

	SECTION("Running"),
	ROW("http.listen", CONF_ADDRESS, http_listen, "127.0.0.1:8080", CONF_REQUIRED,
	    "Address of the page, /metrics, /livez, /readyz and /status."),
	ROW("http.allow_remote", CONF_BOOL, http_allow_remote, "false", 0,
	    "Allow http.listen on an address that other machines reach. There is no password."),
	ROW("http.show_addresses", CONF_BOOL, http_show_addresses, "false", CONF_RELOADABLE,
	    "Show whole e-mail addresses among the latest targets of the page, /status and riverd top, not "
	    "a***@example.org."),
	CHOICE("log.level", log_level, "info", levels, CONF_RELOADABLE, "How much is logged."),
	CHOICE("log.format", log_format, "auto", log_formats, 0,
	       "Lines of text, or of JSON. auto is text, with priorities under the systemd journal."),
	LIMITED("drain.timeout", CONF_DURATION, drain_timeout, "20s", 0, 10 * MINUTE, CONF_RELOADABLE,
		"How long a stop may take to write and publish what is at hand. Nothing is lost when it is "
		"too short."),
	LIMITED("stuck.timeout", CONF_DURATION, stuck_timeout, "60s", 1000, HOUR, CONF_RELOADABLE,
		"A partition with unread records, the committer or Kafka without progress for this long "
		"makes riverd not "
		"ready."),
};

/* Asks librdkafka, so that hints know what this version knows. */
static bool kafka_knows(const char *name)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[512];
	/* No value means the default, so that only the name is judged. */
	bool knows = rd_kafka_conf_set(conf, name, NULL, text, sizeof(text)) != RD_KAFKA_CONF_UNKNOWN;

	rd_kafka_conf_destroy(conf);
	return knows;
}

static const struct conf_prefix prefixes[] = {
	{"kafka.consumer.",
	 "For the consumer alone; counts more than kafka.*. For example kafka.consumer.fetch.wait.max.ms.",
	 kafka_knows},
	{"kafka.producer.",
	 "For the producer alone; counts more than kafka.*. For example kafka.producer.compression.codec.",
	 kafka_knows},
	{"kafka.",
	 "Configuration properties of librdkafka for both, by their own names and with their own checks.",
	 kafka_knows},
	{"schema.registry.request.header.", "A header for every request to the schema registry, by name.",
	 NULL},
	{"summary.header.", "A header for every call of the model, by name. Azure: summary.header.api-key.",
	 NULL},
};

/* RIVERD_FAULT is for crash tests, RIVERD_HTTP_URL for `riverd health`; the
 * others are what Kubernetes gives to every container beside a service of the
 * name riverd. */
static const char *const foreign[] = {"FAULT", "HTTP_URL", "SERVICE_", "PORT", NULL};

const struct conf_table settings_table = {
	.program = "riverd",
	.env_prefix = "RIVERD_",
	.rows = rows,
	.row_count = COUNT(rows),
	.prefixes = prefixes,
	.prefix_count = COUNT(prefixes),
	.foreign_variables = foreign,
};
