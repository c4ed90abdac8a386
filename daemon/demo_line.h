#ifndef RIVER_DAEMON_DEMO_LINE_H
#define RIVER_DAEMON_DEMO_LINE_H

/* A target of TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY as text for people, and as
 * JSON for programs. Pure. */

#include "base/buf.h"

#include <avro.h>

/* Any Avro value as JSON, fields in the order of the schema; a union is its
 * branch. timestamp-millis is ISO-8601 for a field named ACTIVITY_TIME, since
 * avro-c does not keep logical types. */
void demo_line_json(avro_value_t *value, struct buf *out);

struct demo_line_style {
	bool colour;
	int columns; /* width of the terminal; 0: do not cut */
};

struct demo_target {
	struct slice email, hotel_name, city, summary; /* empty when missing */
	int64_t activity_time_ms;
	size_t similar_hotels;
};

/* Takes the fields out of a decoded record; slices are borrowed from it. */
void demo_target_read(avro_value_t *record, struct demo_target *out);

/* "ada.adler17@mail.example" becomes "ad***@mail.example". */
void demo_line_mask(struct slice email, struct buf *out);

/* One line with its newline. */
void demo_line_text(const struct demo_target *t, const struct demo_line_style *style, struct buf *out);

#endif
