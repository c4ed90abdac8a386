#include "summary/echo.h"

#include "base/buf.h"
#include "summary/phrases.h"

#include <string.h>

#define MAX_NORMAL (8 * 1024 * 1024)

static bool in_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       ((unsigned char)c & 0x80) != 0;
}

/* " word word word ": lower case, one blank around each. The number of words. */
static size_t normalise(struct slice text, struct buf *out)
{
	size_t words = 0;

	buf_clear(out);
	buf_byte(out, ' ');
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (in_word(c)) {
			words += out->len > 0 && out->data[out->len - 1] == ' ';
			buf_byte(out, c >= 'A' && c <= 'Z' ? c + 32 : c);
		} else if (out->len > 0 && out->data[out->len - 1] != ' ') {
			buf_byte(out, ' ');
		}
	}
	if (out->len > 0 && out->data[out->len - 1] != ' ')
		buf_byte(out, ' ');
	return words;
}

/* The blank behind the word that begins at `at`; the end when there is none. */
static size_t behind_word(struct slice s, size_t at)
{
	const char *blank = at < s.len ? memchr(s.data + at, ' ', s.len - at) : NULL;

	return blank != NULL ? (size_t)(blank - s.data) : s.len;
}

/* Whether `words` words in a row of the one stand in the other. */
static bool shares(struct slice answer, struct slice review, size_t words)
{
	size_t from = 0, to = 0;

	for (size_t i = 0; i < words; i++)
		to = behind_word(answer, to + 1);
	while (to < answer.len) {
		if (memmem(review.data, review.len, answer.data + from, to + 1 - from) != NULL)
			return true;
		from = behind_word(answer, from + 1);
		to = behind_word(answer, to + 1);
	}
	return false;
}

bool summary_echoes(struct slice answer, const struct slice *reviews, size_t count, size_t max_bytes)
{
	struct buf ours, theirs;
	bool echo = false;
	size_t words;

	buf_init(&ours, MAX_NORMAL);
	buf_init(&theirs, MAX_NORMAL);
	words = normalise(answer, &ours);
	for (size_t i = count; i-- > 0 && words > 0 && max_bytes > 0 && !echo;) {
		normalise(slice_make(reviews[i].data,
				     reviews[i].len < max_bytes ? reviews[i].len : max_bytes),
			  &theirs);
		max_bytes -= reviews[i].len < max_bytes ? reviews[i].len : max_bytes;
		echo = buf_failed(&ours) || buf_failed(&theirs) ||
		       (shares(buf_view(&ours), buf_view(&theirs), words < ECHO_WORDS ? words : ECHO_WORDS) &&
			phrases_find(reviews[i], phrases_orders));
	}
	buf_release(&ours);
	buf_release(&theirs);
	return echo;
}
