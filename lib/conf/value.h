#ifndef RIVER_CONF_VALUE_H
#define RIVER_CONF_VALUE_H

/* One typed value: from text into its member, and released. For table.c. */

#include "conf/table.h"

/* Parses `text` by the row's type and checks its range; `to` is the member and
 * released by conf_value_release in either case. The error is a sentence
 * without key and place. */
int conf_value_parse(const struct conf_row *row, const char *text, void *to, struct err *err);
void conf_value_release(const struct conf_row *row, void *member);
bool conf_value_equal(const struct conf_row *row, const void *a, const void *b);

/* "1s to 1h", "1 to 100", "one of a, b"; empty when there is no limit. */
void conf_value_range(const struct conf_row *row, struct buf *out);

#endif
