#ifndef RIVER_CONF_UNITS_H
#define RIVER_CONF_UNITS_H

/* Quantities with units, as people write them.
 *
 * Durations: a whole number and ms, s, m, h or d; the unit may only be left
 * out of 0. Sizes: a whole number, alone or with B, KiB, MiB, GiB or TiB. The
 * texts of errors say what would be right. */

#include "base/err.h"

#include <stdint.h>

int units_parse_int(const char *text, int64_t *out, struct err *err);
int units_parse_number(const char *text, double *out, struct err *err); /* finite decimal, C locale or not */
int units_parse_duration(const char *text, int64_t *ms, struct err *err);
int units_parse_bytes(const char *text, int64_t *bytes, struct err *err);

/* The shortest exact form, "20m" or "64MiB". */
#define UNITS_TEXT_SIZE 32
void units_duration_text(int64_t ms, char out[UNITS_TEXT_SIZE]);
void units_bytes_text(int64_t bytes, char out[UNITS_TEXT_SIZE]);

#endif
