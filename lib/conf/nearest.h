#ifndef RIVER_CONF_NEAREST_H
#define RIVER_CONF_NEAREST_H

/* "Did you mean": the candidate at the smallest edit distance. */

#include <stddef.h>

/* Insertions, deletions, replacements and swaps of neighbours (optimal string
 * alignment), ASCII case ignored. Words longer than 255 bytes are far from
 * everything. */
size_t nearest_distance(const char *a, const char *b);

/* Keeps the best of the candidates offered. */
struct nearest {
	const char *word;
	const char *best; /* NULL while nothing is near enough to be meant */
	size_t distance;
};
void nearest_init(struct nearest *n, const char *word);
void nearest_offer(struct nearest *n, const char *candidate);

#endif
