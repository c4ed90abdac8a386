#include "daemon/screen.h"

#include "base/utf8.h"

static const char *const codes[] = {
	[SCREEN_PLAIN] = "",	      [SCREEN_DIM] = "\033[2m",	  [SCREEN_BOLD] = "\033[1m",
	[SCREEN_GOOD] = "\033[32m",   [SCREEN_WARN] = "\033[33m", [SCREEN_BAD] = "\033[1;31m",
	[SCREEN_ACCENT] = "\033[36m",
};

/* A character as it may be shown. */
struct glyph {
	struct slice bytes;
	size_t columns;
	size_t taken; /* bytes of the text */
};

static uint32_t code_point(const char *p, size_t len)
{
	const unsigned char *b = (const unsigned char *)p;

	switch (len) {
	case 2: return (uint32_t)(b[0] & 0x1f) << 6 | (b[1] & 0x3f);
	case 3: return (uint32_t)(b[0] & 0x0f) << 12 | (uint32_t)(b[1] & 0x3f) << 6 | (b[2] & 0x3f);
	case 4:
		return (uint32_t)(b[0] & 0x07) << 18 | (uint32_t)(b[1] & 0x3f) << 12 |
		       (uint32_t)(b[2] & 0x3f) << 6 | (b[3] & 0x3f);
	default: return b[0];
	}
}

/* C0, DEL, C1, direction marks and overrides, line separators, invisible tags. */
static bool harmful(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c >= 0xe0000;
}

static size_t columns_of(uint32_t c)
{
	if ((c >= 0x0300 && c <= 0x036f) || (c >= 0x1ab0 && c <= 0x1aff) || (c >= 0x20d0 && c <= 0x20ff) ||
	    (c >= 0xfe00 && c <= 0xfe0f))
		return 0;
	if ((c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
	    (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
	    (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd))
		return 2;
	return 1;
}

static struct glyph next_glyph(struct slice text)
{
	size_t len = utf8_sequence(text.data, text.len);
	uint32_t c = len > 0 ? code_point(text.data, len) : 0;

	if (len == 0 || harmful(c))
		return (struct glyph){SLICE_LITERAL("?"), 1, len > 0 ? len : 1};
	return (struct glyph){slice_make(text.data, len), columns_of(c), len};
}

void screen_init(struct screen *s, struct buf *out, size_t columns, bool colour)
{
	*s = (struct screen){.out = out, .columns = columns < 20 ? 20 : columns, .colour = colour};
}

size_t screen_width(struct slice text)
{
	size_t width = 0;

	for (size_t at = 0; at < text.len;) {
		struct glyph g = next_glyph(slice_make(text.data + at, text.len - at));

		width += g.columns;
		at += g.taken;
	}
	return width;
}

/* At most `columns`, the last one an ellipsis when it was cut. */
static void put_cut(struct screen *s, struct slice text, size_t columns)
{
	bool cut = screen_width(text) > columns;
	size_t used = 0, limit = columns - (cut && columns > 0);

	for (size_t at = 0; at < text.len;) {
		struct glyph g = next_glyph(slice_make(text.data + at, text.len - at));

		if (used + g.columns > limit)
			break;
		buf_slice(s->out, g.bytes);
		used += g.columns;
		at += g.taken;
	}
	if (cut && columns > 0) {
		buf_str(s->out, "…");
		used++;
	}
	s->at += used;
}

static void blanks(struct screen *s, size_t count)
{
	for (; count > 0 && s->at < s->columns; count--, s->at++)
		buf_byte(s->out, ' ');
}

void screen_put(struct screen *s, enum screen_colour colour, struct slice text)
{
	bool coloured = s->colour && colour != SCREEN_PLAIN && text.len > 0;

	if (coloured)
		buf_str(s->out, codes[colour]);
	put_cut(s, text, s->columns - s->at);
	if (coloured)
		buf_str(s->out, "\033[0m");
}

void screen_str(struct screen *s, enum screen_colour colour, const char *text)
{
	screen_put(s, colour, slice_str(text));
}

void screen_fit(struct screen *s, enum screen_colour colour, struct slice text, size_t width)
{
	size_t full = s->columns;

	s->columns = s->at + width < full ? s->at + width : full;
	screen_put(s, colour, text);
	s->columns = full;
}

void screen_cell(struct screen *s, enum screen_colour colour, struct slice text, size_t width, bool right)
{
	size_t full = s->columns, end, has;

	end = s->at + width < full ? s->at + width : full;
	has = screen_width(text);
	if (right && has < width)
		blanks(s, width - has);
	s->columns = end;
	screen_put(s, colour, text);
	blanks(s, end - s->at);
	s->columns = full;
	blanks(s, 2);
}

void screen_line(struct screen *s)
{
	while (s->out->len > 0 && s->out->data[s->out->len - 1] == ' ')
		s->out->len--;
	buf_byte(s->out, '\n');
	s->at = 0;
	s->lines++;
}
