#include "summary/sanitise.h"

#include "base/utf8.h"
#include "summary/characters.h"
#include "summary/phrases.h"

#include <string.h>

#define MAX_INPUT (64 * 1024)
#define MAX_MARKS 2 /* accents on one letter; more are there to deface the text */

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[VERDICTS] = {
		[VERDICT_FINE] = "fine",
		[VERDICT_SENTENCES] = "sentences",
		[VERDICT_EMPTY] = "empty",
		[VERDICT_LONG] = "long",
		[VERDICT_LINK] = "link",
		[VERDICT_MARKUP] = "markup",
		[VERDICT_CHARACTERS] = "characters",
		[VERDICT_META] = "meta",
		[VERDICT_ECHO] = "echo",
		[VERDICT_VOICE] = "voice",
		[VERDICT_COPIED] = "copied",
	};

	return (unsigned)verdict < VERDICTS ? names[verdict] : "unknown";
}

/* ---- taking wrappers off; everything here shrinks a slice ---- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct slice skip(struct slice s, size_t n)
{
	return slice_make(s.data + n, s.len - n);
}

static struct slice trim(struct slice s)
{
	while (s.len > 0 && is_space(s.data[0]))
		s = skip(s, 1);
	while (s.len > 0 && is_space(s.data[s.len - 1]))
		s.len--;
	return s;
}

static bool starts(struct slice s, const char *with)
{
	size_t n = strlen(with);

	return s.len >= n && slice_equal_nocase(slice_make(s.data, n), slice_make(with, n));
}

static bool ends(struct slice s, const char *with)
{
	size_t n = strlen(with);

	return s.len >= n && memcmp(s.data + s.len - n, with, n) == 0;
}

/* Models that think aloud put it before the answer. */
static struct slice drop_thoughts(struct slice s)
{
	static const char *const tags[][2] = {{"<think>", "</think>"}, {"<reasoning>", "</reasoning>"}};

	s = trim(s);
	for (size_t t = 0; t < sizeof(tags) / sizeof(tags[0]); t++) {
		const char *end;

		if (!starts(s, tags[t][0]))
			continue;
		end = memmem(s.data, s.len, tags[t][1], strlen(tags[t][1]));
		if (end == NULL)
			return slice_make(s.data, 0); /* cut while thinking */
		return trim(skip(s, (size_t)(end - s.data) + strlen(tags[t][1])));
	}
	return s;
}

static struct slice drop_fence(struct slice s)
{
	const char *line;

	s = trim(s);
	if (!starts(s, "```"))
		return s;
	line = memchr(s.data, '\n', s.len);
	s = line ? skip(s, (size_t)(line - s.data) + 1) : skip(s, 3);
	s = trim(s);
	return ends(s, "```") ? trim(slice_make(s.data, s.len - 3)) : s;
}

/* "Summary:", "Based on the reviews," and the like at the start. */
static struct slice drop_lead(struct slice s)
{
	static const char *const leads[] = {
		"summary:",
		"answer:",
		"response:",
		"output:",
		"one-sentence summary:",
		"based on the reviews,",
		"based on guest reviews,",
		"based on the reviews provided,",
		"according to the reviews,",
		"according to guest reviews,",
		"sure!",
		"sure,",
		"certainly!",
		"of course!",
		"here is the summary:",
		"here's the summary:",
		"here is a summary:",
		"here's a summary:",
		"here is the sentence:",
		"here is a one-sentence summary:",
		"here's a one-sentence summary:",
	};

	struct slice inner = starts(s, "**") ? skip(s, 2) : s; /* "**Summary:** ..." */

	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		if (!starts(inner, leads[i]))
			continue;
		inner = trim(skip(inner, strlen(leads[i])));
		return starts(inner, "**") ? trim(skip(inner, 2)) : inner;
	}
	return s;
}

static struct slice drop_quotes(struct slice s)
{
	static const char *const pairs[][2] = {
		{"\"", "\""},
		{"'", "'"},
		{"**", "**"},
		{"__", "__"},
		{"*", "*"},
		{"_", "_"},
		{"`", "`"},
		{"\xe2\x80\x9c", "\xe2\x80\x9d"}, /* curly double */
		{"\xe2\x80\x98", "\xe2\x80\x99"}, /* curly single */
		{"\xe2\x80\x9e", "\xe2\x80\x9c"}, /* German */
		{"\xc2\xab", "\xc2\xbb"},	  /* guillemets */
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		size_t open = strlen(pairs[i][0]), close = strlen(pairs[i][1]);

		if (s.len >= open + close && starts(s, pairs[i][0]) && ends(s, pairs[i][1]))
			return trim(slice_make(s.data + open, s.len - open - close));
	}
	return s;
}

static struct slice drop_mark(struct slice s)
{
	static const char *const marks[] = {"- ", "* ", "> ", "# ", "## ", "### ", "1. ", "\xe2\x80\xa2 "};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (starts(s, marks[i]))
			return trim(skip(s, strlen(marks[i])));
	return s;
}

static struct slice unwrap(struct slice s)
{
	size_t before;

	s = drop_fence(drop_thoughts(s));
	do {
		before = s.len;
		s = drop_quotes(drop_lead(drop_mark(s)));
	} while (s.len != before);
	return s;
}

/* ---- one line, without emphasis ---- */

/* False on characters that must not be there. A line end before a new item or
 * paragraph becomes '\n', any other white space one blank. */
static bool flatten(struct slice s, struct buf *out)
{
	bool blank = false, edge = false;
	size_t marks = 0;

	for (size_t i = 0; i < s.len;) {
		size_t n = utf8_sequence(s.data + i, s.len - i);
		enum character class;
		uint32_t code;

		if (n == 0)
			return false;
		code = character_code(s.data + i, n);
		class = character_class(code);
		marks = code >= 0x300 && code < 0x370 ? marks + 1 : 0;
		if (class == CHARACTER_HIDDEN || marks > MAX_MARKS)
			return false;
		if (class == CHARACTER_BLANK) {
			edge = edge ||
			       (s.data[i] == '\n' && i + 1 < s.len && strchr("\n\r-*#>", s.data[i + 1]));
			blank = true;
		} else if (class == CHARACTER_PLAIN) {
			if (s.len - i >= 2 && memcmp(s.data + i, "**", 2) == 0) {
				i += 2;
				continue;
			}
			if (blank && out->len > 0)
				buf_byte(out, edge ? '\n' : ' ');
			blank = edge = false;
			buf_append(out, s.data + i, n);
		}
		i += n;
	}
	return true;
}

/* ---- sentences ---- */

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether the full stop at `at` belongs to a word such as "St." or "a.m." */
static bool is_abbreviation(struct slice s, size_t at)
{
	static const char *const words[] = {"st",  "mr",  "mrs", "ms",	"dr",  "no",	"e.g",
					    "i.e", "etc", "vs",	 "a.m", "p.m", "approx"};
	size_t from = at;

	while (from > 0 && (is_alnum(s.data[from - 1]) || s.data[from - 1] == '.'))
		from--;
	if (at - from == 1)
		return true; /* an initial */
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_equal_nocase(slice_make(s.data + from, at - from), slice_str(words[i])))
			return true;
	return false;
}

/* Length of the first sentence, its mark included; s.len when it is the only one. */
static size_t first_sentence(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		size_t end = i + 1;
		char next;

		if (s.data[i] == '\n')
			return i;
		if (strchr(".!?", s.data[i]) == NULL)
			continue;
		while (end < s.len && strchr(".!?\"')", s.data[end]) != NULL)
			end++;
		if (end == s.len)
			return s.len;
		if (s.data[end] != ' ' && s.data[end] != '\n')
			continue; /* 4.5, a.m. */
		next = s.data[end + 1];
		if (s.data[i] == '.' && s.data[end] == ' ' &&
		    (is_abbreviation(s, i) || (next >= 'a' && next <= 'z')))
			continue;
		return end;
	}
	return s.len;
}

/* ---- what must not be in it ---- */

static bool has_markup(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (strchr("<>[]{}|`\\*#~^=_", s.data[i]) != NULL)
			return true;
		if (s.data[i] == '&') { /* &lt; &#60; */
			size_t k = i + 1;

			while (k < s.len && (is_alnum(s.data[k]) || s.data[k] == '#'))
				k++;
			if (k > i + 1 && k < s.len && s.data[k] == ';')
				return true;
		}
	}
	return false;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || ((unsigned char)c & 0x80) != 0;
}

/* "name.tld": two or more letters or digits, a dot, two or more letters. */
static bool is_domain(struct slice s, size_t dot)
{
	return dot >= 2 && dot + 2 < s.len && (is_alnum(s.data[dot - 1]) || is_letter(s.data[dot - 1])) &&
	       (is_alnum(s.data[dot - 2]) || is_letter(s.data[dot - 2])) && is_letter(s.data[dot + 1]) &&
	       is_letter(s.data[dot + 2]);
}

static bool has_link(struct slice s)
{
	size_t digits = 0;

	if (phrases_find(s, phrases_link))
		return true;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (c == '@' || (c == '.' && is_domain(s, i)))
			return true;
		if (c >= '0' && c <= '9')
			digits++;
		else if (strchr(" +-()./", c) == NULL)
			digits = 0;
		if (digits >= 7) /* a telephone number, however it is grouped */
			return true;
	}
	return false;
}

static bool ends_well(struct slice s)
{
	return s.len > 0 && strchr(".!?\"')", s.data[s.len - 1]) != NULL;
}

static enum verdict inspect(struct slice s)
{
	if (s.len < 3 || memchr(s.data, ' ', s.len) == NULL)
		return VERDICT_EMPTY; /* a word is no sentence */
	if (character_count(s) + !ends_well(s) > SUMMARY_MAX_CHARS)
		return VERDICT_LONG;
	if (has_link(s))
		return VERDICT_LINK;
	if (has_markup(s))
		return VERDICT_MARKUP;
	if (phrases_find(s, phrases_meta))
		return VERDICT_META;
	return phrases_find(s, phrases_voice) ? VERDICT_VOICE : VERDICT_FINE;
}

enum verdict summary_sanitise(struct slice text, struct buf *out)
{
	enum verdict verdict;
	struct slice s;
	size_t first;

	buf_clear(out);
	if (text.len > MAX_INPUT)
		return VERDICT_LONG;
	s = unwrap(text);
	if (s.len == 0)
		return VERDICT_EMPTY;
	if (!flatten(s, out))
		return VERDICT_CHARACTERS;
	first = first_sentence(buf_view(out));
	verdict = inspect(slice_make(out->data, first));
	if (verdict == VERDICT_FINE && first < out->len)
		verdict = VERDICT_SENTENCES;
	out->len = first;
	while (out->len > 0 && is_space(out->data[out->len - 1]))
		out->len--;
	if (!ends_well(buf_view(out)))
		buf_byte(out, '.');
	return buf_failed(out) ? VERDICT_LONG : verdict;
}
