#ifndef RIVERD_SCREEN_H
#define RIVERD_SCREEN_H

/* Text for a terminal, column by column. What other people wrote cannot do
 * anything to the terminal: control characters, escape sequences, characters
 * that turn the direction of writing and invalid bytes become '?'. Wide characters take two
 * columns, combining ones none. Pure. */

#include "base/buf.h"

enum screen_colour {
	SCREEN_PLAIN,
	SCREEN_DIM,
	SCREEN_BOLD,
	SCREEN_GOOD,
	SCREEN_WARN,
	SCREEN_BAD,
	SCREEN_ACCENT
};

struct screen {
	struct buf *out;
	size_t columns; /* of a line; what goes beyond is cut */
	bool colour;
	size_t at; /* column in the line being written */
	size_t lines;
};

/* `columns` at least 20. */
void screen_init(struct screen *s, struct buf *out, size_t columns, bool colour);

/* As much as fits into the line. */
void screen_put(struct screen *s, enum screen_colour colour, struct slice text);
void screen_str(struct screen *s, enum screen_colour colour, const char *text);

/* At most `width` columns, cut with an ellipsis. */
void screen_fit(struct screen *s, enum screen_colour colour, struct slice text, size_t width);

/* Exactly `width` columns: cut with an ellipsis, or padded; to the right when
 * `right`. Two blanks follow. */
void screen_cell(struct screen *s, enum screen_colour colour, struct slice text, size_t width, bool right);

/* Ends the line. */
void screen_line(struct screen *s);

/* Columns that a text takes. */
size_t screen_width(struct slice text);

#endif
