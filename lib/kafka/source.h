#ifndef RIVER_KAFKA_SOURCE_H
#define RIVER_KAFKA_SOURCE_H

/* Input topics: a consumer with explicit partitions and explicit offsets.
 *
 * Kafka stores no position of ours that counts: the database does. So there is
 * no group membership, no rebalance, no commit here. Positions are never
 * "earliest" or "latest", and an offset that is out of range is an event, not
 * a silent jump (auto.offset.reset=error).
 *
 * Happy path: librdkafka fetches ahead on its own threads and calls `wake`
 * (any thread) when its queue goes from empty to not empty. The caller then
 * polls on the loop until source_poll() returns 0 and source_more() is false,
 * or arranges to continue by itself: there is no second wake-up while the
 * queue is not empty. Back-pressure is not polling; when a backlog is read,
 * librdkafka is nudged to go on fetching (fetch_nudge.h). Nothing is ever paused,
 * resumed or sought (librdkafka 2.0.2 rewinds a resumed partition that was not
 * paused, without end).
 *
 * Records below the next offset are dropped: librdkafka may redeliver after a
 * new assignment. Gaps are normal: control records, aborted transactions,
 * compaction.
 *
 * When things go wrong: transport trouble is reported and librdkafka goes on by
 * itself; an offset out of range silences that partition until the next
 * source_assign(); missing authorisation is reported again and again by
 * librdkafka's own schedule.
 *
 * Thread: all functions on the loop's thread, `wake` on any. */

#include "base/clock.h"
#include "kafka/config.h"
#include "wire/record.h"

struct source;

struct source_position {
	const char *topic;
	int32_t partition;
	int64_t offset; /* first to be delivered, >= 0 */
};

/* Something that is not a record. topic is NULL when it is about the client. */
struct source_trouble {
	enum err_class class; /* see kafka_errors_class() */
	int code;	      /* rd_kafka_resp_err_t */
	const char *topic;
	int32_t partition;
	int64_t offset; /* next offset of the partition, -1 when it is about the client */
	const char *text;
};

struct source_events {
	void *ctx;
	/* On the loop, from inside source_release(): the partition was read to its
	 * end, and everything below `offset` was delivered and, as the caller
	 * releases, used. */
	void (*end)(void *ctx, const char *topic, int32_t partition, int64_t offset);
	void (*trouble)(void *ctx, const struct source_trouble *trouble);
	/* On any thread: do no more than uv_async_send(). */
	void (*wake)(void *ctx);
};

struct source_options {
	struct kafka_settings settings;
	const char *group; /* group.id, for quotas and ACLs; the group is never joined */
	size_t batch;	   /* records per poll at most; 0 means 1000 */
	struct clock clock;
	struct log *log;
	struct source_events events;
};

/* Strings and settings are copied or not needed after the call. NULL with
 * ERR_CONFIG or ERR_FATAL. */
struct source *source_new(const struct source_options *options, struct err *err);
/* Bounded in time. Messages not yet released are released. */
void source_free(struct source *s);

/* Says that partitions of this topic will be assigned: librdkafka then looks for
 * their leaders meanwhile. It begins with the assignment otherwise, and looks once
 * a second. Whether the topic exists does not matter. */
void source_expect(struct source *s, const char *topic);

/* Sets the partitions that are consumed. A partition that is consumed already
 * goes on at its own next offset, or at `offset` when that is higher (records
 * given up, see verify_inputs); others start at `offset`. Partitions missing
 * from the list are no longer consumed. May be called at any time outside
 * source_poll(), after source_release(). */
int source_assign(struct source *s, const struct source_position *positions, size_t count, struct err *err);

/* Takes at most `max` records (and at most options.batch), without waiting.
 * Returns how many; they are borrowed until source_release(), which is called
 * after every poll, also when there were none: events about partitions are
 * delivered there, after the records that came before them. Events about the
 * client come from inside the poll. */
size_t source_poll(struct source *s, const struct message *out[], size_t max);
void source_release(struct source *s);
/* Whether the last poll took anything from the queue: then poll again. */
bool source_more(const struct source *s);

enum source_partition_state { SOURCE_READING, SOURCE_AT_END, SOURCE_OUT_OF_RANGE };

/* How a partition stands. Nothing here asks the network. */
struct source_partition {
	const char *topic; /* lives as long as the source */
	int32_t partition;
	int state;	     /* enum source_partition_state */
	int64_t next_offset; /* first not yet delivered (released polls only) */
	int64_t last_offset; /* of the last record delivered; -1: none by this source */
	int64_t last_timestamp_ms;
	uint32_t last_crc;
	int64_t low, high;   /* as last heard from the broker, -1: not yet. high: end of what can be read */
	int64_t lag;	     /* high - next, -1: not known */
	int64_t answered_ms; /* clock's mono time of the last fetch answer by its leader, -1: never */
	uint64_t records, bytes, dropped;
};
size_t source_partition_count(const struct source *s);
void source_partition(const struct source *s, size_t index, struct source_partition *out);

/* Bytes and records fetched ahead, waiting in librdkafka's queue; roughly. */
void source_queue(const struct source *s, uint64_t *messages, uint64_t *bytes);

/* Partitions that the cluster has of an expected topic, by the statistics: seconds old. 0: it has
 * none, or nothing is known yet. Costs no request of its own. */
int32_t source_known(const struct source *s, const char *topic);

/* Brokers with a live connection, by the last statistics (every five seconds);
 * -1: none came yet. */
int source_brokers_up(const struct source *s);

#endif
