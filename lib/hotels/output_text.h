#ifndef RIVER_HOTELS_OUTPUT_TEXT_H
#define RIVER_HOTELS_OUTPUT_TEXT_H

/* Names of topics and subjects, and the literal schema texts made to fit the
 * options. Private to outputs.c. Texts are owned by the caller; failures (NULL or -1)
 * are out of memory. */

#include "hotels/outputs.h"

/* The three, one behind the other. */
char *output_text(const char *a, const char *b, const char *c);

/* A name that Kafka takes for a topic. */
bool output_topic_valid(const char *name);

/* "HOTEL_CATALOG_value" with its quotes becomes "<topic>_value", unless the topic
 * is no Avro name. *text may be replaced. */
int output_text_rename(char **text, const char *default_topic, const char *topic);

/* The types of CHECK_IN, CHECK_OUT and PRICE in the schema of HOTEL_BOOKINGS. */
int output_text_set_types(char **text, const struct outputs_options *options);

#endif
