/* Plays stories against the pipeline, in virtual time.
 *
 *     player STORY.scn...       each story twice: as written, and with a
 *                               restart of the pipeline after every line
 *     player --plain STORY...   only as written
 *     player --restarts STORY.. only with restarts
 *
 * There is no clock, socket or thread: a story is a list of events, and what it
 * expects is compared word by word. Exit 1 when any story failed. */

#include "test/scenario/story.h"

#include <stdarg.h>
#include <stdlib.h>

#define STORY_MAX_BYTES (1 << 20)

int story_fail(struct story *s, const char *fmt, ...)
{
	va_list args;

	s->failed = true;
	printf("%s:%d:%s ", s->path, s->line, s->restart_everywhere ? " (with restarts)" : "");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	return -1;
}

static void story_init(struct story *s, const char *path, bool restart_everywhere)
{
	*s = (struct story){.path = path, .restart_everywhere = restart_everywhere, .now = INT64_MIN};
	pipeline_defaults(&s->config);
	s->config.summary_identity = SLICE_LITERAL("story-model");
	s->config.hash_seed = 7;
	story_ports_init(s);
	for (int input = 0; input < INPUTS; input++) {
		s->partitions[input] = 1;
		for (int n = 0; n < STORY_MAX_PARTITIONS; n++)
			s->max_time[input][n] = INT64_MIN;
	}
}

static void story_release(struct story *s)
{
	if (s->pipeline) {
		pipeline_free(s->pipeline);
		image_release(&s->image);
	}
	story_ports_release(s);
}

/* Events let the pipeline decide, and in the second way of playing are followed
 * by a restart. Expectations and settings are not events. */
static int after_event(struct story *s)
{
	if (!s->pipeline || s->held)
		return 0;
	story_advance(s);
	if (!s->restart_everywhere)
		return 0;
	if (story_restart(s) < 0)
		return -1;
	story_advance(s);
	return 0;
}

static int play_line(struct story *s, struct slice line)
{
	struct words w;
	int done = 0;

	if (words_cut(&w, line, s->day) < 0) {
		words_release(&w);
		return story_fail(s, "a quote or bracket stays open");
	}
	if (w.count > 0) {
		done = story_setup(s, &w);
		if (done == 0)
			done = story_expect(s, &w);
		if (done == 0) {
			done = story_input(s, &w);
			if (done == 1)
				done = after_event(s) < 0 ? -1 : 1;
		}
		if (done == 0)
			done = story_fail(s, "no such line: " SLICE_FMT, SLICE_ARG(line));
		if (done > 0 && words_peek(&w).data)
			done = story_fail(s, "too many words: " SLICE_FMT, SLICE_ARG(words_peek(&w)));
	}
	words_release(&w);
	return done < 0 || s->failed ? -1 : 0;
}

static char *read_story(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *text = f ? malloc(STORY_MAX_BYTES) : NULL;

	*len = text ? fread(text, 1, STORY_MAX_BYTES, f) : 0;
	if (f)
		fclose(f);
	return text;
}

/* 1 passed, 0 failed, -1 not to be played this way. */
static int play(const char *path, bool restart_everywhere)
{
	struct story s;
	size_t len, from = 0;
	char *text = read_story(path, &len);
	int result;

	if (!text || len == 0) {
		printf("%s: cannot be read\n", path);
		free(text);
		return 0;
	}
	story_init(&s, path, restart_everywhere);
	while (from < len && !s.failed && !(s.once && restart_everywhere)) {
		const char *end = memchr(text + from, '\n', len - from);
		size_t to = end ? (size_t)(end - text) : len;

		s.line++;
		if (play_line(&s, slice_make(text + from, to - from)) < 0)
			break;
		from = to + 1;
	}
	if (s.once && restart_everywhere)
		result = -1;
	else if (!s.failed && !s.pipeline)
		result = story_fail(&s, "nothing happens in this story") + 1;
	else
		result = !s.failed && story_finish(&s) == 0 && !s.failed;
	story_release(&s);
	free(text);
	return result;
}

int main(int argc, char **argv)
{
	bool plain = true, restarts = true;
	int passed = 0, failed = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--plain") == 0) {
			restarts = false;
			continue;
		}
		if (strcmp(argv[i], "--restarts") == 0) {
			plain = false;
			continue;
		}
		for (int way = 0; way < 2; way++) {
			int result = (way == 0 ? plain : restarts) ? play(argv[i], way == 1) : -1;

			passed += result == 1;
			failed += result == 0;
		}
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed > 0 || passed == 0;
}
