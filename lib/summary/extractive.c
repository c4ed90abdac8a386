/* How a review is read: text -> clauses (ended by punctuation and by "but") ->
 * known words. In a clause, each good or bad word belongs to the nearest thing
 * it speaks of; things left over share the mood of the clause when it has only
 * one. A clause after a comma without a mood of its own inherits the last one:
 * "great staff, pool and bar". A review votes once for or against each thing. */

#include "summary/extractive.h"

#include "summary/lexicon.h"

#include <stdlib.h>

#define MAX_REVIEW     8192	    /* bytes of one review that are read */
#define MAX_TOTAL      (256 * 1024) /* bytes of the newest reviews */
#define MAX_CLAUSE     40	    /* known words of a clause; the rest is not read */
#define MAX_WORD       20
#define NEGATION_REACH 4 /* words between "not" and what it negates */
#define NAMED	       3 /* things in the sentence */

struct known {
	const struct lexicon_word *word;
	int position; /* of all words of the clause */
	int mood;     /* of a good or bad word: 1, -1, 0 */
};

struct reading {
	struct known clause[MAX_CLAUSE];
	int known, words;
	int last_negation; /* position, or -1 */
	bool negated;	   /* an odd number of negations since */
	int inherited;	   /* mood of the clause before a comma */

	/* this review */
	int votes[ASPECTS];
	int adjectives[ASPECTS][ADJECTIVES];
	int mood;

	/* all reviews */
	int liked[ASPECTS], disliked[ASPECTS];
	int adjective_count[ASPECTS][ADJECTIVES];
	int happy, unhappy, read;
};

/* ---- clauses ---- */

static int nearest_aspect(const struct reading *r, int of)
{
	int best = -1, best_distance = 1 << 20;

	for (int i = 0; i < r->known; i++) {
		int distance = abs(r->clause[i].position - r->clause[of].position);

		if (r->clause[i].word->kind == WORD_ASPECT && distance < best_distance) {
			best = i;
			best_distance = distance;
		}
	}
	return best;
}

/* "view" beside "sea" is the sea view. */
static int aspect_of(const struct reading *r, int index)
{
	int aspect = r->clause[index].word->value;

	if (aspect != ASPECT_VIEW)
		return aspect;
	for (int i = 0; i < r->known; i++)
		if (r->clause[i].word->kind == WORD_VIEW_OF)
			return r->clause[i].word->value;
	return aspect;
}

static void vote(struct reading *r, int aspect, int mood, int adjective)
{
	r->votes[aspect] += mood;
	if (mood > 0)
		r->adjectives[aspect][adjective]++;
}

/* A good word alone still says something when it is that kind of word. */
static void vote_without_aspect(struct reading *r, const struct known *k)
{
	if (k->mood == 0 || k->word->kind != WORD_POSITIVE)
		return;
	if (k->word->value == ADJECTIVE_CLEAN)
		vote(r, ASPECT_CLEANLINESS, k->mood, ADJECTIVE_NONE);
	else if (k->word->value == ADJECTIVE_QUIET)
		vote(r, ASPECT_CALM, k->mood, ADJECTIVE_NONE);
	else if (k->word->value == ADJECTIVE_COMFORTABLE)
		vote(r, ASPECT_COMFORT, k->mood, ADJECTIVE_NONE);
}

static void end_clause(struct reading *r, bool comma)
{
	bool voted[MAX_CLAUSE] = {false};
	int good = 0, bad = 0, mood;

	for (int i = 0; i < r->known; i++) {
		const struct known *k = &r->clause[i];
		int at = k->mood ? nearest_aspect(r, i) : -1;

		good += k->mood > 0;
		bad += k->mood < 0;
		if (at >= 0) {
			voted[at] = true;
			vote(r, aspect_of(r, at), k->mood,
			     k->word->kind == WORD_POSITIVE ? k->word->value : ADJECTIVE_NONE);
		} else {
			vote_without_aspect(r, k);
		}
	}
	mood = good && !bad ? 1 : bad && !good ? -1 : good ? 0 : r->inherited;
	for (int i = 0; mood != 0 && i < r->known; i++)
		if (r->clause[i].word->kind == WORD_ASPECT && !voted[i])
			vote(r, aspect_of(r, i), mood, ADJECTIVE_NONE);
	r->mood += good - bad;
	r->inherited = comma ? mood : 0;
	r->known = r->words = 0;
	r->last_negation = -1;
	r->negated = false;
}

static void add_word(struct reading *r, struct slice text)
{
	const struct lexicon_word *word = lexicon_find(text);
	struct known *k;

	r->words++;
	/* "couldn't be better" is praise, "could be better" is not. */
	if (text.len > 3 && memcmp(text.data + text.len - 3, "n't", 3) == 0 && !slice_is(text, "couldn't")) {
		r->negated = !r->negated;
		r->last_negation = r->words;
		return;
	}
	if (word == NULL) {
		if (slice_is(text, "only") && r->last_negation == r->words - 1)
			r->negated = false; /* not only ... */
		return;
	}
	if (word->kind == WORD_CONTRAST) {
		end_clause(r, false);
		return;
	}
	if (word->kind == WORD_NEGATION) {
		r->negated = !r->negated;
		r->last_negation = r->words;
		return;
	}
	if (r->known == MAX_CLAUSE)
		return;
	k = &r->clause[r->known++];
	*k = (struct known){.word = word, .position = r->words};
	if (word->kind != WORD_POSITIVE && word->kind != WORD_NEGATIVE)
		return;
	k->mood = word->kind == WORD_POSITIVE ? 1 : -1;
	if (r->negated && r->words - r->last_negation <= NEGATION_REACH)
		k->mood = k->mood > 0 ? -1 : 0; /* "not bad" is no praise */
	r->negated = r->negated && r->words - r->last_negation <= NEGATION_REACH;
}

/* ---- words ---- */

static bool is_word_byte(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Length of an apostrophe at p, straight or curly; 0 when there is none. */
static size_t apostrophe(const char *p, size_t left)
{
	if (*p == '\'')
		return 1;
	return left >= 3 && memcmp(p, "\xe2\x80\x99", 3) == 0 ? 3 : 0;
}

/* Reads one word from the start of s and returns how many bytes it took. */
static size_t read_word(struct reading *r, struct slice s)
{
	char word[MAX_WORD];
	size_t len = 0, i = 0;

	while (i < s.len) {
		size_t mark = apostrophe(s.data + i, s.len - i);
		char c = mark ? '\'' : lower(s.data[i]);

		if (!mark && !is_word_byte((unsigned char)c))
			break;
		if (len < sizeof(word))
			word[len] = c;
		len++;
		i += mark ? mark : 1;
	}
	if (len < sizeof(word))
		add_word(r, slice_make(word, len));
	else
		r->words++;
	return i;
}

static void read_text(struct reading *r, struct slice s)
{
	for (size_t i = 0; i < s.len;) {
		char c = s.data[i];

		if (is_word_byte((unsigned char)c)) {
			i += read_word(r, slice_make(s.data + i, s.len - i));
			continue;
		}
		if (c == ',')
			end_clause(r, true);
		else if (c != '\0' && strchr(".!?;:|\n\r()", c) != NULL)
			end_clause(r, false);
		i++;
	}
	end_clause(r, false);
}

static bool is_blank(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] > ' ')
			return false;
	return true;
}

static void read_review(struct reading *r, struct slice text)
{
	memset(r->votes, 0, sizeof(r->votes));
	memset(r->adjectives, 0, sizeof(r->adjectives));
	r->mood = r->inherited = 0;
	read_text(r, slice_make(text.data, text.len < MAX_REVIEW ? text.len : MAX_REVIEW));
	r->read++;
	r->happy += r->mood > 0;
	r->unhappy += r->mood < 0;
	for (int a = 0; a < ASPECTS; a++) {
		r->liked[a] += r->votes[a] > 0;
		r->disliked[a] += r->votes[a] < 0;
		for (int k = 0; r->votes[a] > 0 && k < ADJECTIVES; k++)
			r->adjective_count[a][k] += r->adjectives[a][k] > 0;
	}
}

/* ---- the sentence ---- */

/* Up to NAMED aspects that more reviews like than dislike, the best first. */
static int choose(struct reading *r, int chosen[NAMED])
{
	int count = 0;

	for (int a = ASPECT_SEA_VIEW; a < ASPECT_VIEW; a++)
		if (r->liked[a] > 0)
			r->liked[ASPECT_VIEW] = 0; /* the kind of view says it better */
	while (count < NAMED) {
		int best = -1, best_score = 0;

		for (int a = 0; a < ASPECTS; a++) {
			if (r->liked[a] - r->disliked[a] > best_score) {
				best_score = r->liked[a] - r->disliked[a];
				best = a;
			}
		}
		if (best < 0)
			break;
		chosen[count++] = best;
		r->liked[best] = 0;
	}
	return count;
}

static void write_aspect(const struct reading *r, struct buf *out, int aspect)
{
	int best = ADJECTIVE_NONE, best_count = 0;

	for (int k = 1; k < ADJECTIVES; k++) {
		if (!(lexicon_aspects[aspect].adjectives & 1u << k) ||
		    r->adjective_count[aspect][k] <= best_count)
			continue;
		best = k;
		best_count = r->adjective_count[aspect][k];
	}
	buf_str(out, "the ");
	if (best != ADJECTIVE_NONE)
		buf_printf(out, "%s ", lexicon_adjectives[best]);
	buf_str(out, lexicon_aspects[aspect].name);
}

static void write_sentence(struct reading *r, struct buf *out)
{
	int chosen[NAMED], count = choose(r, chosen);
	bool one = r->read == 1;

	if (count == 0) {
		if (r->happy > r->unhappy)
			buf_str(out, one ? "A guest enjoyed the stay." : "Guests enjoyed their stay.");
		else
			buf_str(out, "Guests have shared their impressions of this hotel.");
		return;
	}
	buf_str(out, one ? "A guest loved " : "Guests loved ");
	for (int i = 0; i < count; i++) {
		if (i > 0)
			buf_str(out, i == count - 1 ? " and " : ", ");
		write_aspect(r, out, chosen[i]);
	}
	buf_byte(out, '.');
}

void extractive_summarise(const struct slice *reviews, size_t count, struct buf *out)
{
	struct reading r = {.last_negation = -1};
	size_t left = MAX_TOTAL;

	buf_clear(out);
	for (size_t i = count; i-- > 0 && left > 0;) { /* the newest first */
		size_t len = reviews[i].len < MAX_REVIEW ? reviews[i].len : MAX_REVIEW;

		if (is_blank(reviews[i]))
			continue;
		read_review(&r, reviews[i]);
		left -= len < left ? len : left;
	}
	if (r.read == 0)
		buf_str(out, SUMMARY_NO_REVIEWS);
	else
		write_sentence(&r, out);
}
