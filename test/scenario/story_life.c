/* Start, checkpoint, restart, crash. */

#include "test/scenario/story.h"

#include <stdlib.h>

static void add_partitions(struct story *s)
{
	for (int input = 0; input < INPUTS; input++) {
		for (int n = 0; n < s->partitions[input]; n++)
			pipeline_add_partition(s->pipeline, (enum input)input, n, s->now);
	}
}

int story_begin(struct story *s)
{
	if (s->pipeline)
		return 0;
	if (s->now == INT64_MIN)
		return story_fail(s, "say what time it is first: at TIME");
	s->pipeline = pipeline_new(&s->config, &s->ports);
	if (!s->pipeline)
		return story_fail(s, "pipeline_new gave nothing");
	image_init(&s->image, pipeline_tables, pipeline_table_count);
	pipeline_restored(s->pipeline);
	add_partitions(s);
	return 0;
}

void story_advance(struct story *s)
{
	if (!s->pipeline || s->held)
		return;
	pipeline_advance(s->pipeline, s->now);
	if (s->model != MODEL_DOWN)
		story_answer_all(s);
}

static void commit_heard(struct story *s)
{
	for (int t = 0; t < OUTPUTS; t++) {
		for (size_t i = 0; i < s->heard[t].count; i++)
			s->heard[t].items[i].committed = true;
	}
	for (size_t i = 0; i < s->seen_count; i++)
		s->seen[i].committed = true;
}

int story_checkpoint(struct story *s)
{
	if (story_begin(s) < 0)
		return -1;
	image_checkpoint(&s->image, s->pipeline);
	commit_heard(s);
	return 0;
}

static void forget_uncommitted(struct story *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->seen_count; i++) {
		if (s->seen[i].committed)
			s->seen[kept++] = s->seen[i];
	}
	s->seen_count = kept;
	for (int t = 0; t < OUTPUTS; t++) {
		for (size_t i = s->heard[t].count; i > 0; i--) {
			if (!s->heard[t].items[i - 1].committed)
				heard_remove(&s->heard[t], i - 1);
		}
	}
}

static void remember_counters(struct story *s)
{
	const struct pipeline_counters *now = pipeline_counters(s->pipeline);

#define X(name, help) s->before.name += now->name;
	PIPELINE_COUNTERS(X)
#undef X
}

/* A new process: nothing but the image is known. */
static int next_life(struct story *s)
{
	struct err err = {0};

	remember_counters(s);
	pipeline_free(s->pipeline);
	for (size_t i = 0; i < s->asked_count; i++)
		s->asked[i].this_life = false;
	s->pipeline = pipeline_new(&s->config, &s->ports);
	if (!s->pipeline)
		return story_fail(s, "pipeline_new gave nothing");
	if (image_restore(&s->image, s->pipeline, &err) < 0)
		return story_fail(s, "the image was refused: %s", err.text);
	add_partitions(s);
	if (s->ready)
		pipeline_dimensions_ready(s->pipeline);
	return 0;
}

int story_restart(struct story *s)
{
	if (story_checkpoint(s) < 0)
		return -1;
	return next_life(s);
}

int story_crash(struct story *s)
{
	if (story_begin(s) < 0)
		return -1;
	forget_uncommitted(s);
	return next_life(s);
}
