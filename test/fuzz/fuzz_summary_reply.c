/* Any bytes as a model's answer, read and judged, and as a review. */

#include "base/utf8.h"
#include "summary/characters.h"
#include "summary/echo.h"
#include "summary/extractive.h"
#include "summary/prompt.h"
#include "summary/reply.h"
#include "summary/sanitise.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(struct slice text)
{
	struct buf out;
	enum verdict verdict;

	buf_init(&out, 1 << 20);
	verdict = summary_sanitise(text, &out);
	if (verdict == VERDICT_FINE || verdict == VERDICT_SENTENCES) {
		struct slice s = buf_view(&out);

		if (s.len == 0 || !utf8_valid(s) || character_count(s) > SUMMARY_MAX_CHARS)
			abort();
		for (size_t i = 0; i < s.len; i++)
			if ((unsigned char)s.data[i] < 0x20 || strchr("<>@|", s.data[i]) != NULL)
				abort();
	}
	buf_release(&out);
}

static void review(struct slice text)
{
	struct summary_question question = {.reviews = &text, .count = 1};
	struct prompt prompt;
	struct buf out;

	prompt_init(&prompt);
	if (prompt_build(&prompt, &question, 200, "n0nce", NULL) < 0 || prompt.user.len > 200 + 100)
		abort();
	prompt_release(&prompt);
	buf_init(&out, 4096);
	extractive_summarise(&text, 1, &out);
	(void)summary_echoes(slice_make(text.data, text.len / 2), &text, 1, 4096);
	if (summary_echoes(text, &text, 0, 4096) || summary_echoes(text, &text, 1, 0))
		abort();
	for (size_t i = 0; i < out.len; i++)
		if ((unsigned char)out.data[i] < 0x20 || (unsigned char)out.data[i] > 0x7e)
			abort();
	if (out.len == 0 || out.len > 200)
		abort();
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = {200, 200, 200, 400, 404, 429, 500, 503};
	struct chat_reply reply;
	struct slice body;

	if (size < 1)
		return 0;
	body = slice_make(data + 1, size - 1);
	chat_reply_init(&reply);
	chat_reply_parse(&reply, statuses[data[0] % 8], body);
	if (reply.tokens_in < 0 || reply.tokens_out < 0)
		abort();
	judge(buf_view(&reply.text));
	chat_reply_release(&reply);
	judge(body);
	review(body);
	return 0;
}
