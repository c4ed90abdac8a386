#ifndef RIVERD_TOP_VIEW_H
#define RIVERD_TOP_VIEW_H

/* What `riverd top` shows: the JSON of /status as lines of text. Pure: two
 * answers in (the second gives the rates), one screen out. */

#include "base/buf.h"

#include <cjson/cJSON.h>

struct top_style {
	size_t columns;
	size_t rows; /* of the terminal; 0: everything, however long */
	bool colour;
	double seconds; /* between the two answers, by the clock on the wall */
};

/* Appends at most style->rows lines, each ending with a newline. `before` is an
 * earlier answer, or NULL: then there are no rates. */
void top_draw(struct buf *out, const cJSON *status, const cJSON *before, const struct top_style *style);

#endif
