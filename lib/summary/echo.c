#include "summary/echo.h"

#include "base/buf.h"
#include "summary/phrases.h"

#include <string.h>

#define MAX_NORMAL (8 * 1024 * 1024)

/* What a character of a word becomes; all others are blanks. */
static char word_character(unsigned char c)
{
	static const char becomes[] = "                                "
				      "                0123456789      "
				      " abcdefghijklmnopqrstuvwxyz     "
				      " abcdefghijklmnopqrstuvwxyz     ";

	_Static_assert(sizeof(becomes) == 128 + 1, "one for each ASCII character");
	return c < 128 ? becomes[c] : (char)c;
}

/* " word word word ": lower case, one blank around each. */
static void normalise(struct slice text, struct buf *out)
{
	char *to, *begin;

	buf_clear(out);
	begin = to = buf_reserve(out, text.len + 2); /* never longer */
	if (begin == NULL)
		return;
	*to++ = ' ';
	for (size_t i = 0; i < text.len; i++) {
		*to = word_character((unsigned char)text.data[i]);
		to += *to != ' ' || to[-1] != ' ';
	}
	if (to[-1] != ' ')
		*to++ = ' ';
	out->len = (size_t)(to - begin);
}

static size_t count_words(struct slice normal)
{
	size_t blanks = 0;

	for (size_t i = 0; i < normal.len; i++)
		blanks += normal.data[i] == ' ';
	return blanks > 0 ? blanks - 1 : 0;
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
	normalise(answer, &ours);
	words = count_words(buf_view(&ours));
	echo = buf_failed(&ours);
	for (size_t i = count; i-- > 0 && words > 0 && max_bytes > 0 && !echo;) {
		normalise(slice_make(reviews[i].data,
				     reviews[i].len < max_bytes ? reviews[i].len : max_bytes),
			  &theirs);
		max_bytes -= reviews[i].len < max_bytes ? reviews[i].len : max_bytes;
		echo = buf_failed(&theirs) ||
		       (shares(buf_view(&ours), buf_view(&theirs), words < ECHO_WORDS ? words : ECHO_WORDS) &&
			phrases_find(reviews[i], phrases_orders));
	}
	buf_release(&ours);
	buf_release(&theirs);
	return echo;
}
