#include "conf/nearest.h"

#include <string.h>

#define WORD_MAX 255

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

size_t nearest_distance(const char *a, const char *b)
{
	/* Rows i-2, i-1 and i of the table of distances between prefixes. */
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2], *spare;
	size_t n = strlen(a), m = strlen(b);

	if (n > WORD_MAX || m > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= m; j++)
		above[j] = j;
	for (size_t i = 1; i <= n; i++) {
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t differs = lower(a[i - 1]) != lower(b[j - 1]);

			row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + differs);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[m];
}

void nearest_init(struct nearest *n, const char *word)
{
	/* At most two letters may be wrong, in long words more. */
	*n = (struct nearest){.word = word, .distance = 3 + strlen(word) / 4};
}

void nearest_offer(struct nearest *n, const char *candidate)
{
	size_t d = nearest_distance(n->word, candidate);

	if (d < n->distance && d < strlen(candidate)) {
		n->distance = d;
		n->best = candidate;
	}
}
