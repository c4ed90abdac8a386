#include "hotels/questions.h"

#include "base/alloc.h"
#include "base/shared_text.h"

void questions_init(struct questions *q, size_t answers_max, uint64_t seed)
{
	memset(q, 0, sizeof(*q));
	map_init(&q->open, map_key_hash, seed);
	map_init(&q->answers, map_key_hash, seed);
	list_init(&q->open_list);
	list_init(&q->answer_list);
	q->answers_max = answers_max;
}

static void free_question(struct question_entry *e)
{
	for (size_t i = 0; i < e->count; i++)
		shared_text_drop(e->reviews[i]);
	free(e->reviews);
	free(e);
}

void questions_release(struct questions *q)
{
	struct list *it, *tmp, *target, *next;

	LIST_EACH_SAFE(it, tmp, &q->open_list)
	{
		struct question_entry *e = LIST_ENTRY(it, struct question_entry, all);

		LIST_EACH_SAFE(target, next, &e->targets)
		free(LIST_ENTRY(target, struct asked_target, link));
		free_question(e);
	}
	LIST_EACH_SAFE(it, tmp, &q->answer_list)
	free(LIST_ENTRY(it, struct answer, all));
	map_release(&q->open);
	map_release(&q->answers);
	questions_init(q, 0, 0);
}

const struct answer *questions_answer(const struct questions *q, const struct hash_id *hash)
{
	return map_get(&q->answers, map_key_hash(hash));
}

struct question_entry *questions_find(const struct questions *q, const struct hash_id *hash)
{
	return map_get(&q->open, map_key_hash(hash));
}

struct question_entry *questions_open(struct questions *q, const struct hash_id *hash, uint64_t seq,
				      const struct slice *reviews, size_t count)
{
	struct question_entry *e = alloc_zeroed_or_abort(1, sizeof(*e));

	e->reviews = alloc_or_abort(count * sizeof(*reviews));
	memcpy(e->reviews, reviews, count * sizeof(*reviews));
	e->count = count;
	e->hash = *hash;
	e->seq = seq;
	list_init(&e->targets);
	list_append(&q->open_list, &e->all);
	if (map_put(&q->open, e) != 0)
		abort();
	return e;
}

void questions_wait(struct questions *q, struct question_entry *e, const struct asked_target *target)
{
	struct asked_target *t =
		alloc_or_abort(sizeof(*t) + target->email.len + target->hotel_id.len +
			       target->hotel_name.len + target->hotel_city.len + target->similar.len);
	char *to = (char *)(t + 1);

	*t = *target;
	t->email = alloc_lay(&to, target->email);
	t->hotel_id = alloc_lay(&to, target->hotel_id);
	t->hotel_name = alloc_lay(&to, target->hotel_name);
	t->hotel_city = alloc_lay(&to, target->hotel_city);
	t->similar = alloc_lay(&to, target->similar);
	list_append(&e->targets, &t->link);
	q->target_count++;
}

struct asked_target *questions_first(const struct question_entry *e)
{
	return list_empty(&e->targets) ? NULL : LIST_ENTRY(e->targets.next, struct asked_target, link);
}

void questions_remove(struct questions *q, struct asked_target *t)
{
	list_remove(&t->link);
	q->target_count--;
}

void questions_close(struct questions *q, struct question_entry *e)
{
	map_remove(&q->open, map_key_hash(&e->hash));
	list_remove(&e->all);
	e->closed = true;
}

void questions_drop(struct question_entry *e)
{
	if (e->closed && !e->asking)
		free_question(e);
}

uint64_t questions_keep(struct questions *q, const struct hash_id *hash, struct slice summary, uint64_t seq)
{
	uint64_t evicted = 0;
	struct answer *a;
	char *to;

	if (q->answers_max == 0)
		return 0;
	while (q->answers.count >= q->answers_max) {
		a = LIST_ENTRY(q->answer_list.next, struct answer, all);
		evicted = a->seq;
		list_remove(&a->all);
		map_remove(&q->answers, map_key_hash(&a->hash));
		free(a);
	}
	a = alloc_or_abort(sizeof(*a) + summary.len);
	to = (char *)(a + 1);
	a->hash = *hash;
	a->seq = seq;
	a->summary = alloc_lay(&to, summary);
	list_append(&q->answer_list, &a->all);
	if (map_put(&q->answers, a) != 0)
		abort();
	return evicted;
}
