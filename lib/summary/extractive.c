/* How a review is read: text -> clauses (ended by punctuation and by "but") ->
 * known words. In a clause, each good or bad word belongs to the nearest thing
 * it speaks of; things left over share the mood of the clause when it has only
 * one. A clause after a comma without a mood of its own inherits the last one:
 * "great staff, pool and bar". A review votes once for or against each thing.
 *
 * One pass over the bytes: a word is folded and hashed while it is read, and
 * one probe says whether it is known. */

#include "summary/extractive.h"

#include "summary/lexicon.h"

#define MAX_CLAUSE     40 /* known words of a clause; the rest is not read */
#define MAX_WORD       20
#define NEGATION_REACH 4 /* words between "not" and what it negates */
#define NAMED	       3 /* things in the sentence */

_Static_assert(MAX_CLAUSE <= 64, "a bit for each known word of a clause");
_Static_assert(ASPECTS <= 32 && ADJECTIVES <= 32, "a bit for each aspect, for each adjective");

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

	/* this review; votes and adjectives are 0 where it is silent */
	uint32_t spoken_of; /* bit n: enum aspect n */
	int votes[ASPECTS];
	uint32_t adjectives[ASPECTS]; /* bit n: enum adjective n was said of it */
	int mood;

	/* all reviews */
	int liked[ASPECTS], disliked[ASPECTS];
	int adjective_count[ASPECTS][ADJECTIVES];
	int happy, unhappy, read;
};

/* ---- clauses ---- */

static bool is_aspect(const struct reading *r, int index)
{
	return r->clause[index].word->kind == WORD_ASPECT;
}

/* At equal distance the one before. */
static int nearest_aspect(const struct reading *r, int of)
{
	int before = of - 1, after = of + 1, here = r->clause[of].position;

	while (before >= 0 && !is_aspect(r, before))
		before--;
	while (after < r->known && !is_aspect(r, after))
		after++;
	if (after == r->known)
		return before; /* -1: there is none at all */
	if (before < 0)
		return after;
	return here - r->clause[before].position <= r->clause[after].position - here ? before : after;
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
	r->spoken_of |= 1u << aspect;
	r->votes[aspect] += mood;
	if (mood > 0)
		r->adjectives[aspect] |= 1u << adjective;
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

/* Gives the known words of the clause their votes; returns its mood. */
static int judge_clause(struct reading *r)
{
	uint64_t voted = 0;
	int good = 0, bad = 0, mood;

	for (int i = 0; i < r->known; i++) {
		const struct known *k = &r->clause[i];
		int at = k->mood ? nearest_aspect(r, i) : -1;

		good += k->mood > 0;
		bad += k->mood < 0;
		if (at >= 0) {
			voted |= UINT64_C(1) << at;
			vote(r, aspect_of(r, at), k->mood,
			     k->word->kind == WORD_POSITIVE ? k->word->value : ADJECTIVE_NONE);
		} else {
			vote_without_aspect(r, k);
		}
	}
	mood = good && !bad ? 1 : bad && !good ? -1 : good ? 0 : r->inherited;
	for (int i = 0; mood != 0 && i < r->known; i++)
		if (is_aspect(r, i) && !(voted & UINT64_C(1) << i))
			vote(r, aspect_of(r, i), mood, ADJECTIVE_NONE);
	r->mood += good - bad;
	return mood;
}

static void end_clause(struct reading *r, bool comma)
{
	int mood = r->known > 0 ? judge_clause(r) : r->inherited;

	r->inherited = comma ? mood : 0;
	r->known = r->words = 0;
	r->last_negation = -1;
	r->negated = false;
}

/* A word as it was read: in lower case, apostrophes straight. */
struct token {
	char text[MAX_WORD];
	size_t len;
	uint32_t hash;
	bool apostrophe; /* has one */
};

static void add_word(struct reading *r, const struct token *t)
{
	struct slice text = slice_make(t->text, t->len);
	const struct lexicon_word *word;
	struct known *k;

	r->words++;
	/* "couldn't be better" is praise, "could be better" is not. */
	if (t->apostrophe && t->len > 3 && memcmp(t->text + t->len - 3, "n't", 3) == 0 &&
	    !slice_equal(text, SLICE_LITERAL("couldn't"))) {
		r->negated = !r->negated;
		r->last_negation = r->words;
		return;
	}
	word = lexicon_find(text, t->hash);
	if (word == NULL) {
		if (r->last_negation == r->words - 1 && slice_equal(text, SLICE_LITERAL("only")))
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
	unsigned char low = c | 0x20; /* bytes from 0x80 on stay there */

	return (low >= 'a' && low <= 'z') || c >= 0x80 || (c >= '0' && c <= '9');
}

/* Length of an apostrophe at p, straight or curly; 0 when there is none. */
static size_t apostrophe(const char *p, size_t left)
{
	if (*p == '\'')
		return 1;
	return left >= 3 && memcmp(p, "\xe2\x80\x99", 3) == 0 ? 3 : 0;
}

/* What else a word is made of at p, *c: how many bytes, 0 at its end. */
static size_t no_letter(struct token *t, const char *p, size_t left, unsigned char *c)
{
	size_t mark = apostrophe(p, left);

	if (mark == 0)
		return is_word_byte(*c) ? 1 : 0;
	*c = '\'';
	t->apostrophe = true;
	return mark;
}

/* Reads one word from the start of s and returns how many bytes it took. */
static size_t read_word(struct reading *r, struct slice s)
{
	struct token t = {.hash = LEXICON_HASH_START};
	size_t i = 0, n;

	for (; i < s.len; i += n) {
		unsigned char c = (unsigned char)s.data[i], low = c | 0x20;

		n = 1;
		if (low >= 'a' && low <= 'z')
			c = low;
		else if ((n = no_letter(&t, s.data + i, s.len - i, &c)) == 0)
			break;
		if (t.len < sizeof(t.text))
			t.text[t.len] = (char)c;
		t.len++;
		t.hash = lexicon_hash_add(t.hash, c);
	}
	if (t.len < sizeof(t.text))
		add_word(r, &t);
	else
		r->words++;
	return i;
}

static void read_text(struct reading *r, struct slice s)
{
	for (size_t i = 0; i < s.len;) {
		if (is_word_byte((unsigned char)s.data[i])) {
			i += read_word(r, slice_make(s.data + i, s.len - i));
			continue;
		}
		switch (s.data[i++]) {
		case ',': end_clause(r, true); break;
		case '.':
		case '!':
		case '?':
		case ';':
		case ':':
		case '|':
		case '\n':
		case '\r':
		case '(':
		case ')': end_clause(r, false); break;
		default: break;
		}
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

static void count_votes(struct reading *r)
{
	for (; r->spoken_of != 0; r->spoken_of &= r->spoken_of - 1) {
		int a = __builtin_ctz(r->spoken_of);
		uint32_t said = r->votes[a] > 0 ? r->adjectives[a] : 0;

		r->liked[a] += r->votes[a] > 0;
		r->disliked[a] += r->votes[a] < 0;
		for (; said != 0; said &= said - 1)
			r->adjective_count[a][__builtin_ctz(said)]++;
		r->votes[a] = 0;
		r->adjectives[a] = 0;
	}
}

static void read_review(struct reading *r, struct slice text)
{
	r->mood = r->inherited = 0;
	read_text(r, text);
	r->read++;
	r->happy += r->mood > 0;
	r->unhappy += r->mood < 0;
	count_votes(r);
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
	size_t left = EXTRACTIVE_MAX_BYTES, blank_left = EXTRACTIVE_MAX_BLANK;

	buf_clear(out);
	for (size_t i = count; i-- > 0;) { /* the newest first */
		struct slice text = reviews[i];

		if (text.len > EXTRACTIVE_MAX_REVIEW)
			text.len = EXTRACTIVE_MAX_REVIEW;
		if (is_blank(text)) {
			if (text.len + 1 > blank_left) /* empty ones cost something as well */
				break;
			blank_left -= text.len + 1;
			continue;
		}
		if (text.len > left)
			break;
		read_review(&r, text);
		left -= text.len;
	}
	if (r.read == 0)
		buf_str(out, SUMMARY_NO_REVIEWS);
	else
		write_sentence(&r, out);
}
