#ifndef RIVER_SUMMARY_LEXICON_H
#define RIVER_SUMMARY_LEXICON_H

/* The words that the extractive summary knows and the words it may say: data,
 * no rules. A change of the lists is a change of EXTRACTIVE_VERSION, and of
 * lexicon_index.c: `make lexicon-index` writes it anew. */

#include "base/slice.h"

#include <stdint.h>

/* What guests speak of, in the order of preference at equal score. */
enum aspect {
	ASPECT_STAFF,
	ASPECT_SERVICE,
	ASPECT_BREAKFAST,
	ASPECT_FOOD,
	ASPECT_LOCATION,
	ASPECT_SEA_VIEW,
	ASPECT_MOUNTAIN_VIEW,
	ASPECT_LAKE_VIEW,
	ASPECT_CITY_VIEW,
	ASPECT_VIEW,
	ASPECT_ROOM,
	ASPECT_BED,
	ASPECT_BATHROOM,
	ASPECT_POOL,
	ASPECT_BEACH,
	ASPECT_SPA,
	ASPECT_GYM,
	ASPECT_BAR,
	ASPECT_GARDEN,
	ASPECT_TERRACE,
	ASPECT_ROOFTOP,
	ASPECT_BALCONY,
	ASPECT_ATMOSPHERE,
	ASPECT_DECOR,
	ASPECT_WIFI,
	ASPECT_PARKING,
	ASPECT_CHECK_IN,
	ASPECT_VALUE,
	ASPECT_CLEANLINESS,
	ASPECT_CALM,
	ASPECT_COMFORT,
	ASPECTS
};

/* How they found it. NONE: good, but in no way that is worth a word. */
enum adjective {
	ADJECTIVE_NONE,
	ADJECTIVE_FRIENDLY,
	ADJECTIVE_HELPFUL,
	ADJECTIVE_KIND,
	ADJECTIVE_ATTENTIVE,
	ADJECTIVE_WELCOMING,
	ADJECTIVE_PROFESSIONAL,
	ADJECTIVE_CLEAN,
	ADJECTIVE_SPACIOUS,
	ADJECTIVE_COMFORTABLE,
	ADJECTIVE_COSY,
	ADJECTIVE_QUIET,
	ADJECTIVE_MODERN,
	ADJECTIVE_STYLISH,
	ADJECTIVE_DELICIOUS,
	ADJECTIVE_FRESH,
	ADJECTIVE_GENEROUS,
	ADJECTIVE_VARIED,
	ADJECTIVE_CENTRAL,
	ADJECTIVE_CONVENIENT,
	ADJECTIVE_BEAUTIFUL,
	ADJECTIVE_STUNNING,
	ADJECTIVE_RELAXING,
	ADJECTIVE_FAST,
	ADJECTIVE_WARM,
	ADJECTIVES
};

enum word_kind {
	WORD_UNKNOWN,
	WORD_ASPECT,   /* value: enum aspect */
	WORD_POSITIVE, /* value: enum adjective */
	WORD_NEGATIVE,
	WORD_NEGATION, /* turns the next good or bad word around */
	WORD_CONTRAST, /* ends a clause: but, however */
	WORD_VIEW_OF,  /* value: the aspect that "view" becomes beside it */
};

struct lexicon_word {
	const char *word; /* lower case */
	uint32_t len;	  /* of it, in bytes */
	enum word_kind kind;
	int value;
};

/* Sorted, so that a word is found by people as well; no word twice. */
extern const struct lexicon_word lexicon_words[];
extern const size_t lexicon_word_count;

/* A perfect hash of the words (Fox, Chen and Heath, 1992: each bucket has a
 * shift that moves its words to free slots): one probe finds a word or shows
 * that it is unknown. */
#define LEXICON_BUCKETS 128u
#define LEXICON_SLOTS	1024u
extern const uint8_t lexicon_shifts[LEXICON_BUCKETS];
extern const uint16_t lexicon_slots[LEXICON_SLOTS]; /* 1 + index in lexicon_words; 0: none */

/* FNV-1a, 32 bits, one byte at a time, so that whoever reads a word has its
 * hash when the word ends. */
#define LEXICON_HASH_START 0x811c9dc5u

static inline uint32_t lexicon_hash_add(uint32_t hash, unsigned char c)
{
	return (hash ^ c) * 0x01000193u;
}

/* NULL when unknown. `word` is in lower case, `hash` that of all its bytes. */
static inline const struct lexicon_word *lexicon_find(struct slice word, uint32_t hash)
{
	uint32_t shift = lexicon_shifts[hash % LEXICON_BUCKETS];
	uint32_t place = lexicon_slots[((hash >> 7) + shift * (hash >> 17 | 1)) % LEXICON_SLOTS];
	const struct lexicon_word *found = &lexicon_words[place == 0 ? 0 : place - 1];

	if (place == 0 || found->len != word.len || memcmp(found->word, word.data, word.len) != 0)
		return NULL;
	return found;
}

struct lexicon_aspect {
	const char *name;    /* as it stands after "the" */
	uint32_t adjectives; /* bit n: enum adjective n may stand before it */
};
extern const struct lexicon_aspect lexicon_aspects[ASPECTS];
extern const char *const lexicon_adjectives[ADJECTIVES];

#endif
