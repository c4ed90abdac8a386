#include "test/scenario/words.h"

#include "test/scenario/calendar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Where the word that starts at `from` ends; 0 when it stays open. */
static size_t word_end(struct slice line, size_t from)
{
	bool quoted = false;
	int depth = 0;
	size_t at;

	for (at = from; at < line.len; at++) {
		char c = line.data[at];

		if (quoted && c == '\\')
			at++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && c == '[')
			depth++;
		else if (!quoted && c == ']')
			depth--;
		else if (!quoted && depth == 0 && is_blank(c))
			break;
	}
	return quoted || depth != 0 ? 0 : (at < line.len ? at : line.len);
}

int words_cut(struct words *w, struct slice line, int64_t day)
{
	size_t at = 0, end;

	*w = (struct words){.day = day, .size = line.len * 2 + 1};
	w->text = malloc(w->size);
	if (!w->text)
		return -1;
	for (;;) {
		while (at < line.len && is_blank(line.data[at]))
			at++;
		if (at == line.len || line.data[at] == '#')
			return 0;
		end = word_end(line, at);
		if (end == 0 || w->count == WORDS_MAX)
			return -1;
		w->items[w->count++] = slice_make(line.data + at, end - at);
		at = end;
	}
}

void words_release(struct words *w)
{
	free(w->text);
	w->text = NULL;
}

struct slice words_peek(const struct words *w)
{
	return w->at < w->count ? w->items[w->at] : slice_make(NULL, 0);
}

struct slice words_next(struct words *w)
{
	struct slice word = words_peek(w);

	if (w->at < w->count)
		w->at++;
	return word;
}

bool words_take(struct words *w, const char *word)
{
	if (!slice_is(words_peek(w), word))
		return false;
	w->at++;
	return true;
}

int word_pair(struct slice word, struct slice *key, struct slice *value)
{
	for (size_t i = 0; i < word.len; i++) {
		if (word.data[i] == '"' || word.data[i] == '[')
			return -1;
		if (word.data[i] == '=') {
			*key = slice_make(word.data, i);
			*value = slice_make(word.data + i + 1, word.len - i - 1);
			return i > 0 ? 0 : -1;
		}
	}
	return -1;
}

/* Moves a prefix off the word when it is there. */
static bool take_prefix(struct slice *word, const char *prefix)
{
	size_t len = strlen(prefix);

	if (word->len < len || memcmp(word->data, prefix, len) != 0)
		return false;
	*word = slice_make(word->data + len, word->len - len);
	return true;
}

static char *scratch(struct words *w, size_t len)
{
	char *at = w->text + w->used;

	if (w->used + len > w->size)
		abort(); /* unquoting never makes text longer than its line */
	w->used += len;
	return at;
}

static int unquote(struct words *w, struct slice word, struct slice *out)
{
	char *to = scratch(w, word.len);
	size_t len = 0;

	if (word.len < 2 || word.data[word.len - 1] != '"')
		return -1;
	for (size_t i = 1; i + 1 < word.len; i++) {
		char c = word.data[i];

		if (c == '\\' && i + 2 < word.len) {
			c = word.data[++i];
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		to[len++] = c;
	}
	*out = slice_make(to, len);
	return 0;
}

static int unhex(struct words *w, struct slice word, struct slice *out)
{
	char *to = scratch(w, word.len / 2);

	if (word.len % 2 != 0)
		return -1;
	for (size_t i = 0; i < word.len; i += 2) {
		unsigned byte;
		char pair[3] = {word.data[i], word.data[i + 1], 0};

		if (sscanf(pair, "%2x", &byte) != 1)
			return -1;
		to[i / 2] = (char)byte;
	}
	*out = slice_make(to, word.len / 2);
	return 0;
}

int word_number(struct slice word, int64_t *number)
{
	char text[32];
	char *end;

	if (word.len == 0 || word.len >= sizeof(text))
		return -1;
	memcpy(text, word.data, word.len);
	text[word.len] = 0;
	errno = 0;
	*number = strtoll(text, &end, 10);
	return errno != 0 || *end != 0 ? -1 : 0;
}

int word_instant(const struct words *w, struct slice word, int64_t *ms)
{
	return calendar_parse(word, w->day, ms);
}

static int number_or_instant(const struct words *w, struct slice word, int64_t *ms)
{
	return word_number(word, ms) == 0 ? 0 : word_instant(w, word, ms);
}

static int double_of(struct slice word, double *out)
{
	char text[64];
	char *end;

	if (word.len == 0 || word.len >= sizeof(text))
		return -1;
	memcpy(text, word.data, word.len);
	text[word.len] = 0;
	*out = strtod(text, &end);
	return *end != 0 ? -1 : 0;
}

static int time_value(const struct words *w, struct slice word, enum value_unit unit, struct value *out)
{
	int64_t ms;

	if (number_or_instant(w, word, &ms) < 0)
		return -1;
	out->kind = VALUE_LONG;
	out->unit = (uint8_t)unit;
	out->i = ms;
	if (unit == UNIT_MICROS)
		out->i = ms * 1000;
	if (unit == UNIT_DAYS)
		out->i = ms / CALENDAR_DAY;
	return 0;
}

static int decimal_value(struct words *w, struct slice word, struct value *out)
{
	if (word.len < 2 || word.data[0] < '0' || word.data[0] > '9' || word.data[1] != ':')
		return -1;
	out->kind = VALUE_BYTES;
	out->unit = UNIT_DECIMAL;
	out->scale = (int16_t)(word.data[0] - '0');
	return unhex(w, slice_make(word.data + 2, word.len - 2), &out->s);
}

int word_value(struct words *w, struct slice word, struct value *out)
{
	*out = (struct value){.kind = VALUE_STRING};
	if (word.len > 0 && word.data[0] == '"')
		return unquote(w, word, &out->s);
	if (slice_is(word, "null")) {
		out->kind = VALUE_NULL;
		return 0;
	}
	if (slice_is(word, "absent")) {
		out->kind = VALUE_ABSENT;
		return 0;
	}
	if (take_prefix(&word, "long:")) {
		out->kind = VALUE_LONG;
		return word_number(word, &out->i);
	}
	if (take_prefix(&word, "double:")) {
		out->kind = VALUE_DOUBLE;
		return double_of(word, &out->d);
	}
	if (take_prefix(&word, "bool:")) {
		out->kind = VALUE_BOOL;
		out->i = slice_is(word, "true");
		return 0;
	}
	if (take_prefix(&word, "millis:"))
		return time_value(w, word, UNIT_MILLIS, out);
	if (take_prefix(&word, "micros:"))
		return time_value(w, word, UNIT_MICROS, out);
	if (take_prefix(&word, "days:"))
		return time_value(w, word, UNIT_DAYS, out);
	if (take_prefix(&word, "decimal:"))
		return decimal_value(w, word, out);
	if (take_prefix(&word, "bytes:")) {
		out->kind = VALUE_BYTES;
		return unhex(w, word, &out->s);
	}
	out->s = word;
	return 0;
}

int word_list(struct words *w, struct slice word, struct value *out, int max)
{
	size_t from = 1;
	int count = 0;
	bool quoted = false;

	if (word.len < 2 || word.data[0] != '[' || word.data[word.len - 1] != ']')
		return -1;
	if (word.len == 2)
		return 0;
	for (size_t i = 1; i < word.len; i++) {
		if (quoted && word.data[i] == '\\') {
			i++;
			continue;
		}
		if (word.data[i] == '"')
			quoted = !quoted;
		if (quoted || (word.data[i] != ',' && i != word.len - 1))
			continue;
		while (from < i && is_blank(word.data[from]))
			from++;
		if (count == max || word_value(w, slice_make(word.data + from, i - from), &out[count++]) < 0)
			return -1;
		from = i + 1;
	}
	return count;
}

int word_duration(struct slice word, int64_t *ms)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {{"ms", 1},
		     {"min", CALENDAR_MINUTE},
		     {"s", CALENDAR_SECOND},
		     {"h", CALENDAR_HOUR},
		     {"d", CALENDAR_DAY},
		     {"", 1}};
	size_t digits = 0;

	while (digits < word.len && word.data[digits] >= '0' && word.data[digits] <= '9')
		digits++;
	if (word_number(slice_make(word.data, digits), ms) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (slice_is(slice_make(word.data + digits, word.len - digits), units[i].name)) {
			*ms *= units[i].ms;
			return 0;
		}
	}
	return -1;
}
