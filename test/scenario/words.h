#ifndef RIVER_TEST_WORDS_H
#define RIVER_TEST_WORDS_H

/* A line of a story, cut into words.
 *
 * Words are separated by blanks; blanks within double quotes or square
 * brackets do not separate. '#' at the start of a word begins a comment.
 * A value is written
 *
 *     Lisbon  "Sea View"           text; in quotes \" \\ \n and \t are known
 *     null  absent                 the field is null; the writer has no such field
 *     long:42  double:1.5  bool:true
 *     millis:T  micros:T  days:T   numbers with a unit; T an instant or a number
 *     bytes:00ff                   hex
 *     decimal:2:30d4               hex, two digits after the point
 *     [a,"b c",null]               a list, where one is expected
 */

#include "wire/record.h"

#include <stdint.h>

#define WORDS_MAX 40

struct words {
	char *text;  /* owned: scratch for unquoted values */
	size_t used; /* of text */
	size_t size;
	struct slice items[WORDS_MAX];
	size_t count;
	size_t at;   /* the next word that nobody has taken */
	int64_t day; /* where a bare time of day falls */
};

/* Cuts the line; -1 when a quote or bracket stays open or there are too many. */
int words_cut(struct words *w, struct slice line, int64_t day);
void words_release(struct words *w);

/* Takes the next word; an empty slice with data NULL at the end. */
struct slice words_next(struct words *w);
struct slice words_peek(const struct words *w);
/* Takes it when it is exactly this. */
bool words_take(struct words *w, const char *word);

/* "key=value": 0 and both parts, or -1 when the word has no such form. */
int word_pair(struct slice word, struct slice *key, struct slice *value);

/* The value that the word stands for. Text borrows from `w` or from the line. */
int word_value(struct words *w, struct slice word, struct value *out);
/* A list: up to `max` values. Returns how many, or -1. */
int word_list(struct words *w, struct slice word, struct value *out, int max);
int word_instant(const struct words *w, struct slice word, int64_t *ms);
/* A whole number of milliseconds: "20min", "5s", "10ms", "120d", "1h", "0". */
int word_duration(struct slice word, int64_t *ms);
int word_number(struct slice word, int64_t *number);

#endif
