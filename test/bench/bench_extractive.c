/* Summarises made-up reviews once: what callgrind counts, and how long it takes.
 *
 *   bench_extractive REVIEWS BYTES     that many reviews of that length */

#include "summary/extractive.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TIMES 200

static const char *const sentences[] = {
	"The staff were friendly and so helpful when we arrived late in the evening. ",
	"Breakfast was delicious, fresh fruit, warm bread and good coffee every day. ",
	"Our room wasn't very big but it was spotless, quiet and had a view over the sea. ",
	"We came for three nights with the children and would come back next summer. ",
	"Parking is expensive and the lift was out of order, nobody told us about it. ",
	"Great location, a short walk to the old town and to the bus from the airport. ",
	"The pool area is lovely; the beds are comfortable and the shower works well. ",
};

#define SENTENCES (sizeof(sentences) / sizeof(sentences[0]))

/* Reviews begin at different sentences, so that they differ. */
static void fill(char *text, size_t len, size_t from)
{
	size_t at = 0;

	for (size_t s = from; at < len; s++) {
		const char *sentence = sentences[s % SENTENCES];
		size_t n = strlen(sentence);

		n = n < len - at ? n : len - at;
		memcpy(text + at, sentence, n);
		at += n;
	}
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
	size_t count = argc == 3 ? strtoul(argv[1], NULL, 10) : 0,
	       len = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	struct slice *reviews = calloc(count + 1, sizeof(*reviews));
	char *text = malloc(count * len + 1);
	struct buf out;
	double best = 1e9;
	bool counted = getenv("BENCH_ONCE") != NULL;

	if (count == 0 || len == 0 || reviews == NULL || text == NULL)
		return 64;
	buf_init(&out, 1000);
	for (size_t i = 0; i < count; i++) {
		fill(text + i * len, len, i);
		reviews[i] = slice_make(text + i * len, len);
	}
	for (int i = 0; i < (counted ? 1 : TIMES); i++) {
		double start = now_us(), took;

		extractive_summarise(reviews, count, &out);
		took = now_us() - start;
		best = took < best ? took : best;
	}
	printf("%zu reviews of %zu bytes: best of %d %.1f us: %s\n", count, len, TIMES, best, buf_cstr(&out));
	buf_release(&out);
	free(text);
	free(reviews);
	return 0;
}
