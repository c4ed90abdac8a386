/* What a question costs besides the way to the model and back.
 *
 *   bench_summary TIMES
 *
 * summary.ask      twenty reviews of 300 bytes into the body of a request
 * summary.judge    the answer: cleaned, and compared with what the guests wrote */

#include "summary/echo.h"
#include "summary/request.h"
#include "summary/sanitise.h"
#include "test/bench/measure.h"

#include <stdio.h>
#include <stdlib.h>

#define REVIEWS	   20
#define REVIEW_LEN 300
#define MAX_BYTES  (1 << 20)

static const char *const sentences[] = {
	"The staff were friendly and so helpful when we arrived late in the evening. ",
	"Breakfast was delicious, fresh fruit, warm bread & good coffee every day. ",
	"Our room wasn't very big but it was spotless, \"quiet\" and had a view over the sea. ",
	"Parking is expensive and the lift was out of order, nobody told us about it. ",
	"Great location, a short walk to the old town and to the bus from the airport. ",
	"The caf\xc3\xa9 next door is lovely; the beds are comfortable and the shower works well. ",
};

#define SENTENCES (sizeof(sentences) / sizeof(sentences[0]))

static void fill(char *text, size_t from)
{
	size_t at = 0;

	for (size_t s = from; at < REVIEW_LEN; s++) {
		const char *sentence = sentences[s % SENTENCES];
		size_t n = strlen(sentence);

		n = n < REVIEW_LEN - at ? n : REVIEW_LEN - at;
		memcpy(text + at, sentence, n);
		at += n;
	}
	text[REVIEW_LEN - 1] = '.';
}

static int ask(const struct summary_question *q, size_t times)
{
	const struct chat_parameters parameters = {.model = "a-model", .max_tokens = 120, .temperature = 0.2};
	int64_t begun = measure_begin();
	int rc = 0;

	for (size_t i = 0; i < times; i++) {
		struct prompt prompt;
		struct buf body;
		struct err err;

		prompt_init(&prompt);
		buf_init(&body, MAX_BYTES);
		rc |= prompt_build(&prompt, q, MAX_BYTES, "5ecre7", &err);
		chat_body(&body, &parameters, &prompt);
		rc |= buf_failed(&body);
		prompt_release(&prompt);
		buf_release(&body);
	}
	measure_end(begun, "summary.ask", times);
	return rc;
}

static int judge(const struct summary_question *q, size_t times)
{
	static const char answer[] =
		"Guests praised the kind team, the fresh morning buffet and the comfortable beds.";
	int64_t begun = measure_begin();
	int rc = 0;

	for (size_t i = 0; i < times; i++) {
		struct buf out;

		buf_init(&out, MAX_BYTES);
		rc |= summary_sanitise(slice_str(answer), &out) != VERDICT_FINE;
		rc |= summary_echoes(buf_view(&out), q->reviews, q->count, MAX_BYTES);
		rc |= summary_is_copied(buf_view(&out), q->reviews, q->count);
		buf_release(&out);
	}
	measure_end(begun, "summary.judge", times);
	return rc;
}

int main(int argc, char **argv)
{
	size_t times = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	static char texts[REVIEWS][REVIEW_LEN];
	struct slice reviews[REVIEWS];
	struct summary_question q = {.reviews = reviews, .count = REVIEWS};

	for (size_t i = 0; i < REVIEWS; i++) {
		fill(texts[i], i);
		reviews[i] = slice_make(texts[i], REVIEW_LEN);
	}
	if (ask(&q, times) != 0 || judge(&q, times) != 0) {
		fprintf(stderr, "bench_summary: the answer was refused\n");
		return 1;
	}
	return 0;
}
