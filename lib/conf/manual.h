#ifndef RIVER_CONF_MANUAL_H
#define RIVER_CONF_MANUAL_H

/* Text for manual pages, in the language of man(7). */

#include "conf/table.h"

/* Appends `text` so that it is shown as it is: backslashes and hyphens are
 * escaped, and no line of it is taken for a request. Its line breaks stay. */
void manual_text(struct buf *out, const char *text);

/* The keys of a table, a section each: type, range, default, flags, environment
 * variable and help; then the prefixes. */
void manual_settings(const struct conf_table *t, struct buf *out);

#endif
