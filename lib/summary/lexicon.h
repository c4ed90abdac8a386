#ifndef RIVER_SUMMARY_LEXICON_H
#define RIVER_SUMMARY_LEXICON_H

/* The words that the extractive summary knows and the words it may say: data,
 * no rules. A change of the lists is a change of EXTRACTIVE_VERSION. */

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
	enum word_kind kind;
	int value;
};

/* Sorted by word, for binary search. */
extern const struct lexicon_word lexicon_words[];
extern const size_t lexicon_word_count;

/* NULL when unknown. `word` is in lower case. */
const struct lexicon_word *lexicon_find(struct slice word);

struct lexicon_aspect {
	const char *name;    /* as it stands after "the" */
	uint32_t adjectives; /* bit n: enum adjective n may stand before it */
};
extern const struct lexicon_aspect lexicon_aspects[ASPECTS];
extern const char *const lexicon_adjectives[ADJECTIVES];

#endif
