#ifndef RIVERD_TOP_WORDS_H
#define RIVERD_TOP_WORDS_H

/* What `riverd top` reads out of /status, and numbers and times in words. The
 * answer may be anybody's: what is missing or of another type reads as nothing. Pure. */

#include "base/slice.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* NAN when there is no such number. */
double status_number(const cJSON *object, const char *name);
/* Empty when there is no such text; borrowed from the object. */
struct slice status_text(const cJSON *object, const char *name);
bool status_true(const cJSON *object, const char *name);

/* The element of an array whose members have the same values as those of `like`: the text `name`, and
 * the number `second` unless it is NULL. NULL when there is none. */
const cJSON *status_same(const cJSON *array, const cJSON *like, const char *name, const char *second);

/* All of these write into `to` (64 bytes are enough) and return what is there, or a constant: "-" for
 * what is not known. With a comma between thousands: */
struct slice words_grouped(char *to, size_t size, double n);
/* Per second: */
struct slice words_rate(char *to, size_t size, double r);
/* Milliseconds, in the unit that fits: */
struct slice words_span(char *to, size_t size, double ms);
/* Milliseconds since 1970, as the time of day in UTC: */
struct slice words_clock(char *to, size_t size, double ms);

#endif
