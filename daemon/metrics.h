#ifndef RIVERD_METRICS_H
#define RIVERD_METRICS_H

/* What riverd measures: one list that makes the field of the snapshot, the
 * line of /metrics and the row of the manual.
 *
 * The loop fills a struct metrics_snapshot whenever somebody asks (about once
 * a second); /metrics and /status are both written from it, so that they never
 * disagree. Names are riverd_<name>, plus _total for counters; the counters
 * and sizes of the pipeline become riverd_pipeline_*.
 *
 * Row: X(kind, field, name, help). Kinds:
 *   COUNT    uint64_t, counter
 *   SECONDS  double, counter of seconds
 *   SIZE     int64_t, gauge; negative means unknown and is left out
 *   TIME     int64_t milliseconds, gauge in seconds; METRICS_NO_TIME is left out
 *   FLAG     bool, gauge 0 or 1 */

#include "hotels/pipeline.h"
#include "serve/metrics.h"
#include "summary/client.h"
#include "wire/decoder.h"

/* Also what an unknown event time (EVENT_TIME_MIN) is. */
#define METRICS_NO_TIME (INT64_MIN / 4)

/* One value in the whole process. */
#define METRICS_PROCESS(X)                                                                                   \
	X(FLAG, ready, "ready", "1 when /readyz answers 200")                                                \
	X(FLAG, dimensions_ready, "dimensions_ready",                                                        \
	  "1 when the hotel, customer and review topics were read to the end they had at start")             \
	X(TIME, start_time_ms, "start_time_seconds", "when this process started, Unix time")                 \
	X(TIME, watermark_ms, "watermark_timestamp_seconds", "watermark of the join, event time")            \
	X(TIME, oldest_pending_ms, "oldest_pending_click_timestamp_seconds",                                 \
	  "event time of the oldest click still pending")                                                    \
	X(COUNT, epochs, "epochs", "epochs committed to the database")                                       \
	X(COUNT, epoch_failures, "epoch_failures", "commits that failed and are tried again")                \
	X(TIME, last_commit_ms, "last_commit_timestamp_seconds",                                             \
	  "when the last epoch was committed, Unix time")                                                    \
	X(SIZE, epoch_bytes, "epoch_pending_bytes", "bytes that the next epoch would write")                 \
	X(FLAG, rebuilding, "rebuilding", "1 while the state of a lost database is made anew (--rebuild)")   \
	X(COUNT, rebuild_left_out, "rebuild_left_out",                                                       \
	  "results not written again in a rebuild, since they were published already")                       \
	X(SIZE, outbox_rows, "outbox_rows", "results that are durable and not yet confirmed in Kafka")       \
	X(TIME, outbox_oldest_ms, "outbox_oldest_timestamp_seconds",                                         \
	  "when the oldest such result was made, Unix time")                                                 \
	X(COUNT, records_produced, "records_produced", "records in committed Kafka transactions")            \
	X(COUNT, transactions_committed, "transactions_committed", "Kafka transactions committed")           \
	X(COUNT, transactions_aborted, "transactions_aborted", "Kafka transactions aborted")                 \
	X(COUNT, transactions_resolved, "transactions_resolved",                                             \
	  "Kafka transactions whose fate was unknown and was read back from Kafka")                          \
	X(COUNT, kafka_errors, "kafka_errors", "errors told by the Kafka client")                            \
	X(SIZE, brokers_up, "brokers_up", "brokers with a live connection")                                  \
	X(COUNT, summary_requests, "model_requests", "requests sent to the model, retries included")         \
	X(COUNT, summary_answers, "model_answers", "answers accepted from the model")                        \
	X(COUNT, summary_failures, "model_failures", "requests to the model that failed")                    \
	X(COUNT, summary_retries, "model_retries", "requests to the model that were retries")                \
	X(COUNT, summary_rejected, "model_rejected", "answers of the model that broke the rules")            \
	X(COUNT, summary_fallbacks, "model_fallbacks", "summaries made without the model")                   \
	X(COUNT, summary_input_tokens, "model_input_tokens", "tokens sent, as the model counts them")        \
	X(COUNT, summary_output_tokens, "model_output_tokens", "tokens received, as the model counts them")  \
	X(SIZE, summary_in_flight, "model_in_flight", "requests at the model now")                           \
	X(SIZE, summary_queued, "model_queued", "questions waiting for a free place at the model")           \
	X(FLAG, summary_circuit_open, "model_circuit_open",                                                  \
	  "1 while the model is left alone after failures")                                                  \
	X(COUNT, registry_requests, "registry_requests", "requests to the schema registry")                  \
	X(COUNT, registry_failures, "registry_failures", "requests to the schema registry that failed")      \
	X(SIZE, registry_schemas, "registry_schemas", "schemas known")                                       \
	X(COUNT, http_requests, "http_requests", "requests to this server")                                  \
	X(COUNT, http_refused, "http_refused", "requests that this server refused")                          \
	X(COUNT, config_reloads, "config_reloads", "successful reloads of the configuration")                \
	X(COUNT, config_reload_failures, "config_reload_failures",                                           \
	  "reloads refused, the old configuration kept")                                                     \
	X(SIZE, database_bytes, "database_bytes", "size of the database file")                               \
	X(SIZE, wal_bytes, "database_wal_bytes", "size of its write-ahead log")                              \
	X(SIZE, disk_free_bytes, "disk_free_bytes", "free space where the database is")

/* One value an input: label input. */
#define METRICS_INPUT(X)                                                                                     \
	X(COUNT, consumed, "input_records_consumed", "records consumed: used + filtered + late + dead")      \
	X(COUNT, bytes, "input_bytes_consumed", "bytes of key and value consumed")                           \
	X(COUNT, used, "input_records_used", "records that the pipeline used")                               \
	X(COUNT, filtered, "input_records_filtered", "records that do not concern the pipeline")             \
	X(COUNT, late, "input_records_late", "records dropped because they came too late")

/* One value a partition: labels input, partition. */
#define METRICS_PARTITION(X)                                                                                 \
	X(SIZE, position, "partition_position_offset", "next offset to consume")                             \
	X(SIZE, end, "partition_end_offset", "high watermark: offset after the last record of the log")      \
	X(SIZE, begin, "partition_begin_offset", "first offset that Kafka still keeps")                      \
	X(SIZE, settled, "partition_settled_offset",                                                         \
	  "records before it are done with: where a rebuild would begin")                                    \
	X(SIZE, lag, "partition_lag_records", "records between position and end")                            \
	X(TIME, watermark_ms, "partition_watermark_timestamp_seconds",                                       \
	  "watermark of the partition, event time")                                                          \
	X(TIME, max_event_time_ms, "partition_max_event_timestamp_seconds", "highest event time seen")       \
	X(FLAG, at_end, "partition_at_end", "1 when read to its end")                                        \
	X(FLAG, idle, "partition_idle", "1 when it does not hold the watermark back")

/* Sizes of the pipeline, as in struct pipeline_sizes (checked when compiled). */
#define METRICS_PIPELINE_SIZES(X)                                                                            \
	X(clicks_pending, "clicks that wait for a booking")                                                  \
	X(clicks_decided_kept, "decided clicks kept so that a repetition is recognised")                     \
	X(bookings_kept, "bookings kept for clicks still to come")                                           \
	X(targets_waiting_hotel, "targets that wait for their hotel")                                        \
	X(targets_waiting_answer, "targets that wait for their summary")                                     \
	X(bookings_waiting_hotel, "bookings that wait for their hotel")                                      \
	X(hotels, "hotels known")                                                                            \
	X(customers, "customers known")                                                                      \
	X(reviews, "reviews kept")                                                                           \
	X(reviews_waiting_booking, "reviews that wait for their booking")                                    \
	X(booking_hotels, "bookings whose hotel is remembered")                                              \
	X(answers, "summaries kept for reuse")                                                               \
	X(questions_open, "questions asked and not yet answered")

#define METRICS_FIELD_COUNT(field)	       uint64_t field;
#define METRICS_FIELD_SECONDS(field)	       double field;
#define METRICS_FIELD_SIZE(field)	       int64_t field;
#define METRICS_FIELD_TIME(field)	       int64_t field;
#define METRICS_FIELD_FLAG(field)	       bool field;
#define METRICS_FIELD(kind, field, name, help) METRICS_FIELD_##kind(field)

struct metrics_input {
	const char *topic; /* borrowed */
	METRICS_INPUT(METRICS_FIELD)
	uint64_t dead[POISON_REASONS]; /* dead letters by reason */
};

struct metrics_partition {
	enum input input;
	int32_t partition;
	METRICS_PARTITION(METRICS_FIELD)
};

struct metrics_snapshot {
	METRICS_PROCESS(METRICS_FIELD)
	const char *version, *revision, *librdkafka; /* borrowed */
	const char *state;			     /* "starting", "running", ...; borrowed */
	const char *model;			     /* what makes the summaries, for people; borrowed */
	int64_t now_ms;				     /* the pipeline's wall clock, for ages */
	struct metrics_input inputs[INPUTS];
	const struct metrics_partition *partitions; /* borrowed */
	size_t partition_count;
	struct pipeline_counters pipeline;
	struct pipeline_sizes sizes;
	struct histogram commit_seconds;  /* duration of a commit to the database */
	struct histogram publish_seconds; /* duration of a Kafka transaction */
	struct histogram summary_seconds; /* duration of a request to the model */
	/* Of the process, by metrics_process(): */
	double cpu_seconds;
	int64_t resident_bytes, virtual_bytes, open_fds, max_fds;
};

/* Zeroes, unknown sizes and times, empty histograms, version of this build. */
void metrics_init(struct metrics_snapshot *s);

/* Fills CPU time, memory and descriptors from /proc/self; what cannot be read
 * is -1 and left out. */
void metrics_process(struct metrics_snapshot *s);

/* The model client's latencies as summary_seconds. */
void metrics_latency(struct metrics_snapshot *s, const struct summary_stats *stats);

/* Dead letters of an input, all reasons. */
uint64_t metrics_dead(const struct metrics_input *input);

/* consumed - (used + filtered + late + dead): 0 unless riverd has a bug. */
int64_t metrics_unaccounted(const struct metrics_input *input);

/* "clickstream", "bookings", "reviews", "hotel", "customer". */
const char *metrics_input_name(enum input input);

/* Writes /metrics. 0, or -1 when the buffer's maximum was hit. */
int metrics_write(struct buf *out, const struct metrics_snapshot *s);

/* The Markdown table of the manual. */
void metrics_manual(struct buf *out);

#endif
