#ifndef RIVER_BASE_JSON_READ_H
#define RIVER_BASE_JSON_READ_H

/* cJSON behind a guard, for documents that come from other machines.
 *
 * cJSON alone takes trailing garbage, recurses a thousand deep, cuts strings
 * at \u0000 without a word, lets invalid UTF-8 through and finds members
 * whatever their case. These calls do not. */

#include "base/err.h"
#include "base/slice.h"

#include <cjson/cJSON.h>
#include <stdint.h>

#define JSON_READ_MAX_DEPTH 32

/* The whole of `text` as one value, or NULL with ERR_POISON: longer than `max`
 * bytes, not UTF-8, nested too deep, holds \u0000, or not JSON. Free it with
 * cJSON_Delete(). */
cJSON *json_read(struct slice text, size_t max, struct err *err);

/* A member by exact name; NULL when absent, or when `object` is no object. */
const cJSON *json_member(const cJSON *object, const char *name);

/* Its string, borrowed from the tree; NULL when absent or not a string. */
const char *json_member_string(const cJSON *object, const char *name);

/* Its whole number; false when absent, not a number, fractional or beyond 2^53. */
bool json_member_integer(const cJSON *object, const char *name, int64_t *out);

/* Whether two members of the object have the same name. */
bool json_has_duplicates(const cJSON *object);

#endif
