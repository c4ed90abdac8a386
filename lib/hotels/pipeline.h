#ifndef RIVER_HOTELS_PIPELINE_H
#define RIVER_HOTELS_PIPELINE_H

/* The River Hotels pipeline: a value, not a place.
 *
 * Events go in (a decoded record, the end of a partition, the passing of time,
 * a model's answer), actions come out through the ports (emit an output, ask
 * for a summary), and every change of durable state is appended to a delta.
 * There is no clock, socket, thread or global in here: the live daemon, the
 * scenario player, the randomised comparison, the simulator and the fuzzer
 * drive the same code.
 *
 * Flow of a click:
 *
 *   record -> watermark of its partition -> late? -> interval join (pending)
 *     -> watermark past t + window: decided
 *     -> hotel known? else wait until hotel.grace
 *     -> reviews of the month -> question (hash of model, prompt, texts)
 *     -> answer known? else ask, and wait
 *     -> emit TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY
 *
 * Thread: the one that made it. Memory: record fields are borrowed for the
 * call; whatever is kept is copied. Out of memory aborts the process (the
 * durable state is safe, a restart resumes). */

#include "base/err.h"
#include "base/hash.h"
#include "event_time/event_time.h"
#include "store/delta.h"
#include "wire/record.h"

enum input { INPUT_CLICKSTREAM, INPUT_BOOKINGS, INPUT_REVIEWS, INPUT_HOTEL, INPUT_CUSTOMER, INPUTS };

/* The fields each input is decoded to (hotels/inputs.c holds the names). */
extern const struct layout input_layouts[INPUTS];

/* Slots of the layouts. */
enum { CLICK_EMAIL, CLICK_HOTEL_ID, CLICK_ACTION, CLICK_CREATED_AT, CLICK_FIELDS };
enum {
	BOOKING_ID,
	BOOKING_EMAIL,
	BOOKING_HOTEL_ID,
	BOOKING_CHECK_IN,
	BOOKING_CHECK_OUT,
	BOOKING_PRICE,
	BOOKING_CREATED_AT,
	BOOKING_FIELDS
};
enum {
	REVIEW_ID,
	REVIEW_HOTEL_ID,
	REVIEW_BOOKING_ID,
	REVIEW_TEXT,
	REVIEW_RATING,
	REVIEW_CREATED_AT,
	REVIEW_FIELDS
};
enum { HOTEL_ID, HOTEL_NAME, HOTEL_AMENITIES, HOTEL_DESCRIPTION, HOTEL_CITY, HOTEL_COUNTRY, HOTEL_FIELDS };
enum { CUSTOMER_ID, CUSTOMER_EMAIL, CUSTOMER_FIELDS };

enum booking_match { MATCH_CUSTOMER, MATCH_CUSTOMER_AND_HOTEL };

/* The column types of CHECK_IN, CHECK_OUT and PRICE in HOTEL_BOOKINGS. They
 * keep the type they came with: the daemon finds it out once, at first start.
 * A booking of another generation is converted (long <-> ISO-8601 string); one
 * that cannot be is a dead letter. */
enum date_type { DATE_LONG, DATE_STRING };
enum price_type { PRICE_INT, PRICE_LONG, PRICE_DOUBLE, PRICE_STRING };

enum output_topic {
	OUTPUT_SUMMARY,	 /* TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY */
	OUTPUT_SIMILAR,	 /* TARGET_CUSTOMERS_WITH_SIMILAR_HOTELS, off by default */
	OUTPUT_REVIEWS,	 /* TARGET_CUSTOMERS_WITH_REVIEWS_AND_HOTELS, off by default */
	OUTPUT_BOOKINGS, /* HOTEL_BOOKINGS */
	OUTPUT_CATALOG,	 /* HOTEL_CATALOG */
	OUTPUTS
};

/* All durations in milliseconds. pipeline_defaults() gives the contract's. */
struct pipeline_config {
	int64_t window;		  /* 20 min: booking within [t, t + window] clears the click */
	int64_t out_of_orderness; /* 5 s */
	int64_t idle_timeout;	  /* 30 s of wall time */
	int64_t allowed_lateness; /* 10 min */
	int64_t max_future_skew;  /* 1 h */
	int64_t hotel_grace;	  /* 5 min of event time */
	int64_t booking_memory;	  /* 120 days: BOOKING_ID -> HOTEL_ID; 0 remembers nothing */
	enum booking_match match;
	bool case_insensitive;	    /* fold ASCII case of e-mail addresses */
	bool reviews_required;	    /* default true: no review in the month, no output */
	bool outputs[OUTPUTS];	    /* which are produced */
	bool click_time_from_field; /* CREATED_AT instead of the Kafka timestamp */
	bool booking_time_from_field;
	enum date_type date_type;
	enum price_type price_type;
	struct slice summary_identity; /* model and prompt version; part of a question's hash. Copied */
	size_t answer_cache;	       /* answers kept, default 100,000 */
	uint64_t hash_seed;	       /* fixed in tests */
};
void pipeline_defaults(struct pipeline_config *c);

/* A target with all that is known of it at the stage it is emitted. Borrowed. */
struct target_view {
	struct slice email, hotel_id;
	struct event_time activity_time;
	struct slice hotel_name; /* 'Unknown' when null */
	struct value hotel_city; /* SUMMARY: never null ('Unknown') */
	struct value hotel_amenities;
	const struct value *similar; /* names ordered by HOTEL_ID; an item may be null */
	size_t similar_count;
	struct slice reviews; /* joined by "||| ", oldest first; empty in SIMILAR */
	size_t review_count;  /* how many those are: a text may hold the separator */
	struct slice summary;
};
struct booking_view {
	struct slice booking_id, email, hotel_id;
	struct value hotel_name, city, country;
	struct value check_in, check_out, price; /* already of date_type and price_type, or null */
};
struct catalog_view {
	struct slice hotel_id;
	struct value name, description, city, country;
};

struct output {
	enum output_topic topic;
	struct hash_id id; /* riverd-id: deterministic from what it is about, never from when */
	union {
		struct target_view target; /* SUMMARY, SIMILAR, REVIEWS */
		struct booking_view booking;
		struct catalog_view catalog;
	};
};

/* A distinct input for the model: the ordered review texts. Borrowed; who needs
 * them for longer holds them (base/shared_text.h). */
struct question {
	struct hash_id hash;
	const struct slice *reviews; /* oldest first */
	size_t count;		     /* at least 1 */
};

struct pipeline_ports {
	void *ctx;
	/* A result. Called in the order of decision. */
	void (*emit)(void *ctx, const struct output *output);
	/* Answer later (or at once, from inside) by pipeline_answer(). Each hash is
	 * asked once per process life; asked again after a restart while still open. */
	void (*ask)(void *ctx, const struct question *question);
	/* Undelivered outputs keyed by this address must not be delivered any more. */
	void (*erase)(void *ctx, struct slice email);
	/* May be NULL. Whether pipeline_advance has used up its turn; asked between any two
	 * decisions for different moments. */
	bool (*enough)(void *ctx);
};

/* Where a record went; every record has exactly one. */
enum disposition {
	DISPOSITION_USED,
	DISPOSITION_FILTERED, /* not for us: another action, empty address, nothing changed */
	DISPOSITION_LATE,     /* a click beyond allowed lateness: dropped */
	DISPOSITION_DEAD,     /* dead letter: `err` says why, err->code is an enum poison */
	DISPOSITIONS
};

/* Things counted that are not dispositions (each is a metric). */
#define PIPELINE_COUNTERS(X)                                                                                 \
	X(clicks_pending_added, "booking clicks that began to wait for a booking")                           \
	X(clicks_duplicate, "clicks equal in customer, hotel and time to one already known")                 \
	X(clicks_booked, "clicks cleared by a booking")                                                      \
	X(clicks_abandoned, "clicks decided as targets")                                                     \
	X(clicks_empty, "booking clicks without an address or hotel")                                        \
	X(clicks_suppressed, "clicks of erased customers")                                                   \
	X(bookings_late_cleared, "late bookings that still cleared a click")                                 \
	X(bookings_late_ineffective, "late bookings that changed nothing")                                   \
	X(targets_dropped_no_hotel, "targets whose hotel stayed unknown beyond hotel.grace")                 \
	X(targets_dropped_no_reviews, "targets without a review in the month")                               \
	X(targets_emitted, "records for TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY")                               \
	X(targets_erased, "targets dropped because their customer was erased")                               \
	X(bookings_dropped_no_hotel, "bookings whose hotel stayed unknown beyond hotel.grace")               \
	X(bookings_emitted, "records for HOTEL_BOOKINGS")                                                    \
	X(catalog_emitted, "records for HOTEL_CATALOG")                                                      \
	X(customers_erased, "customers deleted")                                                             \
	X(reviews_replaced, "reviews that replaced an earlier one of the same REVIEW_ID")                    \
	X(reviews_expired, "reviews purged: too old to join anything")                                       \
	X(reviews_unresolved_expired, "reviews purged while waiting for their booking")                      \
	X(summaries_asked, "questions asked")                                                                \
	X(summaries_reused, "targets that shared an answer or a call in flight")

struct pipeline_counters {
#define X(name, help) uint64_t name;
	PIPELINE_COUNTERS(X)
#undef X
};

/* Sizes of everything that waits or is kept (each is a gauge). */
struct pipeline_sizes {
	size_t clicks_pending, clicks_decided_kept, bookings_kept;
	size_t targets_waiting_hotel, targets_waiting_answer, bookings_waiting_hotel;
	size_t hotels, customers, reviews, reviews_waiting_booking, booking_hotels, answers, questions_open;
};

struct pipeline;

/* The durable tables, in the order of the table index used in deltas. */
extern const struct table pipeline_tables[];
extern const int pipeline_table_count;

struct pipeline *pipeline_new(const struct pipeline_config *config, const struct pipeline_ports *ports);
void pipeline_free(struct pipeline *p);

/* ---- start: rows of the durable image, table by table in index order ---- */

/* -1 when the row cannot be understood (err class ERR_REFUSED). */
int pipeline_restore(struct pipeline *p, int table, const struct cell *cells, int count, struct err *err);
/* After the last row and before the first event: asks the open questions again. */
void pipeline_restored(struct pipeline *p);

/* ---- events ---- */

/* A partition exists. Its watermark holds the join back (for CLICKSTREAM and
 * BOOKINGS) until it is idle. Harmless when already known. */
void pipeline_add_partition(struct pipeline *p, enum input input, int32_t partition, int64_t wall_ms);

/* One decoded record. Does not decide anything: pipeline_advance does. */
enum disposition pipeline_record(struct pipeline *p, enum input input, const struct record *record,
				 int64_t wall_ms, struct err *err);

/* The partition was read to its end (again), and the broker said so just now. */
void pipeline_partition_end(struct pipeline *p, enum input input, int32_t partition, int64_t wall_ms);

/* There is more of the partition than was read, or nobody knows (no broker has
 * answered for a while): it is not idle, and holds the join back again until
 * pipeline_partition_end(). */
void pipeline_partition_behind(struct pipeline *p, enum input input, int32_t partition, int64_t wall_ms);

/* The dimension topics (HOTEL, CUSTOMER, REVIEWS) were read to the end they
 * had at start-up. Until then nothing is decided. */
void pipeline_dimensions_ready(struct pipeline *p);

/* Recomputes the watermark and decides what it passed. Call after each batch
 * and on each tick; results do not depend on how often (within lateness). False
 * when it was enough before all was decided: the watermark has come as far as
 * that, and the next call goes on. */
bool pipeline_advance(struct pipeline *p, int64_t wall_ms);

/* The model's answer to a question. Unknown hashes are ignored. */
void pipeline_answer(struct pipeline *p, struct hash_id hash, struct slice summary);

/* ---- checkpoint ---- */

/* Closes the epoch: appends every change since the last call to `delta`, which
 * may already hold something. The pipeline keeps no reference to it. */
void pipeline_checkpoint(struct pipeline *p, struct delta *delta);

/* Roughly how many bytes the next checkpoint would add: memory back-pressure.
 * 0: nothing but the watermark moved (it follows the clock when all is quiet),
 * and nothing was decided by that; such an epoch need not be written. */
size_t pipeline_dirty_bytes(const struct pipeline *p);

/* ---- reading ---- */

/* The join's watermark; EVENT_TIME_MIN before the first. */
struct event_time pipeline_watermark(const struct pipeline *p);

struct partition_view {
	enum input input;
	int32_t partition;
	struct event_time max_event_time; /* EVENT_TIME_MIN before the first record */
	bool at_end, idle;
};
size_t pipeline_partition_count(const struct pipeline *p);
void pipeline_partition(const struct pipeline *p, size_t index, struct partition_view *out);

const struct pipeline_counters *pipeline_counters(const struct pipeline *p);
void pipeline_sizes(const struct pipeline *p, struct pipeline_sizes *out);

/* Everything about clicks and bookings before this time is done with: emitted,
 * cleared or dropped, and a click that came now with such a time would be
 * refused. It stays true. EVENT_TIME_MIN or less: of nothing. Looks at all that
 * waits. */
struct event_time pipeline_settled(const struct pipeline *p);

/* The event time of the oldest click still pending, or EVENT_TIME_MIN. */
struct event_time pipeline_oldest_pending(const struct pipeline *p);

#endif
