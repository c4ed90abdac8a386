#ifndef RIVER_CONF_DESCRIBE_H
#define RIVER_CONF_DESCRIBE_H

/* A table explains itself. All of these append to `out`. */

#include "conf/table.h"

/* The sample file: every key with its help, default, unit and range. */
void conf_describe_sample(const struct conf_table *t, struct buf *out);
/* For a terminal of 80 columns. */
void conf_describe_help(const struct conf_table *t, struct buf *out);
/* Tables in Markdown, one a section. */
void conf_describe_markdown(const struct conf_table *t, struct buf *out);
/* One key in a line: "duration, 1s to 1h; default 20m; can be reloaded". */
void conf_describe_facts(const struct conf_row *row, struct buf *out);
/* Every key with the value in force and where it came from, in the syntax of
 * the file; secrets are masked, and so are user names and passwords in URLs. */
void conf_describe_effective(const struct conf_table *t, const struct conf *c, struct buf *out);

#endif
