#ifndef RIVER_TEST_PIPELINE_FIXTURE_H
#define RIVER_TEST_PIPELINE_FIXTURE_H

/* A pipeline in a test: short calls that feed it, its outputs as lines of
 * text, and its durable image in memory, so that it can be stopped and
 * restored at any moment. Times are milliseconds from BASE. */

#include "hotels/pipeline.h"

#define BASE   1772355600000LL /* 2026-03-01T09:00:00Z */
#define MINUTE 60000LL
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

struct image_row {
	struct delta row; /* one ROW_PUT */
	int table;
};

struct fixture {
	struct pipeline_config config;
	struct pipeline *pipeline;
	int64_t wall; /* absolute; what every call says the time is */
	int64_t offset;
	struct err err;	      /* of the last record */
	struct buf lines;     /* outputs, one line each */
	struct buf questions; /* "hash text|text\n" */
	struct buf erased;
	struct hash_id asked[256]; /* not answered yet */
	int asked_count;
	bool answers; /* every question is answered at once, from inside the port */
	bool hurried; /* each turn ends as soon as it may */
	bool ready;
	struct image_row *image;
	size_t image_count, image_cap;
	uint64_t dispositions[DISPOSITIONS];
};

/* One partition of clickstream and bookings, dimensions ready, wall far ahead of BASE. */
void fixture_init(struct fixture *f);
void fixture_release(struct fixture *f);
/* Makes the pipeline (again) after the configuration was changed. */
void fixture_begin(struct fixture *f);

/* What a call feeds. NULL strings are null fields. */
enum disposition fixture_record(struct fixture *f, enum input input, int partition, int64_t timestamp_ms,
				const struct value *fields, int count, enum change change);
enum disposition fixture_click(struct fixture *f, const char *email, const char *hotel, int64_t at);
enum disposition fixture_booking(struct fixture *f, const char *id, const char *email, const char *hotel,
				 int64_t at);
enum disposition fixture_hotel(struct fixture *f, const char *id, const char *name, const char *city,
			       const char *amenities);
enum disposition fixture_hotel_gone(struct fixture *f, const char *id);
enum disposition fixture_review(struct fixture *f, const char *id, const char *hotel, const char *booking,
				const char *text, int64_t at);
enum disposition fixture_customer(struct fixture *f, const char *id, const char *email);
enum disposition fixture_customer_gone(struct fixture *f, const char *id, const char *email);

/* Other people's records move the watermark just past this time. */
void fixture_pass(struct fixture *f, int64_t at);
void fixture_advance(struct fixture *f);

/* Answers all open questions with the texts' number and first letters. */
void fixture_answer_all(struct fixture *f);

/* The outputs since the last call, "" when none. Borrowed until the next event. */
const char *fixture_heard(struct fixture *f);

void fixture_checkpoint(struct fixture *f);
/* A new pipeline from the image; what was not saved is lost. */
void fixture_restore(struct fixture *f);
size_t fixture_rows(const struct fixture *f, const char *table);

struct value fixture_text(const char *text);
struct value fixture_long(int64_t n);

#endif
