#ifndef RIVERD_OUTPUT_TYPES_H
#define RIVERD_OUTPUT_TYPES_H

/* The types that CHECK_IN, CHECK_OUT and PRICE have in HOTEL_BOOKINGS: as set,
 * or found in a schema that is registered. Dates are enum settings_date_type,
 * prices enum settings_price_type; AUTO means not known yet. Pure. */

#include "daemon/settings.h"
#include "hotels/outputs.h"

/* Takes from the text of a schema what is not known yet. */
void output_types_learn(struct slice schema, int *date_type, int *price_type);
/* What is still not known becomes long and int. */
void output_types_settle(int *date_type, int *price_type);

/* "long", "string", ... and back; -1 for NULL and what is none of them. */
const char *output_types_date_word(int date_type);
const char *output_types_price_word(int price_type);
int output_types_date(const char *word);
int output_types_price(const char *word);

/* The outputs under the topics of the settings; see outputs_new(). */
struct outputs *output_types_outputs(const struct settings *s, int date_type, int price_type,
				     struct err *err);

#endif
