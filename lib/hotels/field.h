#ifndef RIVER_HOTELS_FIELD_H
#define RIVER_HOTELS_FIELD_H

/* Decoded fields made into what the pipeline compares and writes.
 *
 * Producers disagree about types: an identifier comes as text, as a number,
 * or as Oracle's NUMBER in decimal bytes; a date as milliseconds or as text.
 * The readers here return FIELD_OK, FIELD_NULL (null, or no such field) or
 * FIELD_WRONG (cannot be that). Results point into the value or into the
 * caller's scratch memory. */

#include "event_time/event_time.h"
#include "hotels/pipeline.h"

enum field_state { FIELD_OK, FIELD_NULL, FIELD_WRONG };

#define FIELD_SCRATCH 64
#define FIELD_ID_MAX  1024 /* bytes; longer identifiers and addresses are refused */

/* Text; integral numbers become decimal digits. */
enum field_state field_text(const struct value *v, char scratch[FIELD_SCRATCH], struct slice *out);

/* A key: as text, and FIELD_NULL when empty, FIELD_WRONG when longer than FIELD_ID_MAX. */
enum field_state field_id(const struct value *v, char scratch[FIELD_SCRATCH], struct slice *out);

/* CHECK_IN, CHECK_OUT as configured; *out is VALUE_NULL for null. */
enum field_state field_date(const struct value *v, enum date_type type, char scratch[FIELD_SCRATCH],
			    struct value *out);

/* PRICE as configured; *out is VALUE_NULL for null. Never rounds: 99.5 is no integer. */
enum field_state field_price(const struct value *v, enum price_type type, char scratch[FIELD_SCRATCH],
			     struct value *out);

/* VALUE_STRING of `s`. */
static inline struct value field_string(struct slice s)
{
	return (struct value){.kind = VALUE_STRING, .s = s};
}
static inline struct value field_null(void)
{
	return (struct value){.kind = VALUE_NULL};
}

#endif
