/* A target from decision to output.
 *
 *   decided ──► hotel known? ── no ──► waits (hotel_waits) ──► grace over: dropped
 *                   │ yes               │ hotel comes
 *                   ▼◄──────────────────┘
 *               similar hotels, reviews of the month: frozen from here on
 *                   │
 *                   ├─ no review: dropped, or emitted without a question
 *                   ▼
 *               answer known? ── no ──► waits (questions) ──► answered
 *                   │ yes                                       │
 *                   ▼                                           ▼
 *                 emitted                                     emitted */

#include "base/alloc.h"
#include "base/shared_text.h"
#include "hotels/packed.h"
#include "hotels/pipeline_state.h"

#include <stdio.h>

#define NO_REVIEWS SLICE_LITERAL("NO REVIEWS FOUND.")
#define UNKNOWN	   SLICE_LITERAL("Unknown")
#define SEPARATOR  SLICE_LITERAL("||| ")

static struct hash_id target_id(const char *kind, const struct target_view *t)
{
	char digits[24];
	struct slice parts[4] = {slice_str(kind), t->email, t->hotel_id};

	snprintf(digits, sizeof(digits), "%lld", (long long)t->activity_time.ms);
	parts[3] = slice_str(digits);
	return hash_id_of(parts, 4);
}

static void emit(struct pipeline *p, enum output_topic topic, const char *kind, const struct target_view *t)
{
	struct output output;

	if (!p->config.outputs[topic])
		return;
	memset(&output, 0, sizeof(output));
	output.topic = topic;
	output.id = target_id(kind, t);
	output.target = *t;
	if (topic == OUTPUT_SUMMARY)
		p->counters.targets_emitted++;
	p->ports.emit(p->ports.ctx, &output);
}

/* "text||| text": HOTEL_REVIEWS. A text that contains the separator is kept as it is. */
static struct slice join_reviews(struct pipeline *p, const struct slice *texts, size_t count)
{
	buf_clear(&p->joined);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_slice(&p->joined, SEPARATOR);
		buf_slice(&p->joined, texts[i]);
	}
	if (buf_failed(&p->joined))
		abort();
	return buf_view(&p->joined);
}

/* ---- the question ---- */

bool target_ask(struct pipeline *p, struct question_entry *e)
{
	struct question question = {.hash = e->hash, .reviews = e->reviews, .count = e->count};
	bool open;

	p->counters.summaries_asked++;
	e->asking = true;
	p->ports.ask(p->ports.ctx, &question); /* may answer from inside */
	e->asking = false;
	open = !e->closed;
	questions_drop(e);
	return open;
}

static void save_question(struct pipeline *p, const struct question_entry *e)
{
	buf_clear(&p->packed);
	for (size_t i = 0; i < e->count; i++) {
		struct value v = field_string(e->reviews[i]);

		pack_value(&p->packed, &v);
	}
	if (buf_failed(&p->packed))
		abort();
	tables_put_question(&p->changes, e->seq, &e->hash, buf_view(&p->packed));
}

static void save_target(struct pipeline *p, const struct question_entry *e, const struct asked_target *t)
{
	struct target_row row = {
		.seq = t->seq,
		.time = t->time,
		.email = t->email,
		.hotel_id = t->hotel_id,
		.hotel_name = t->hotel_name,
		.hotel_city = t->hotel_city,
		.similar = t->similar,
		.question = e->hash,
	};

	tables_put_target_answer(&p->changes, &row);
}

/* A question that is answered from inside the port leaves no row: it is closed
 * in the step that opened it. */
static void save_open(struct pipeline *p, struct question_entry *e)
{
	struct list *it, *tmp;

	e->saved = true;
	save_question(p, e);
	LIST_EACH_SAFE(it, tmp, &e->targets)
	save_target(p, e, LIST_ENTRY(it, struct asked_target, link));
}

static void wait_for_answer(struct pipeline *p, struct question_entry *e, const struct target_view *t)
{
	struct asked_target target = {
		.seq = p->next_seq++,
		.time = t->activity_time,
		.email = t->email,
		.hotel_id = t->hotel_id,
		.hotel_name = t->hotel_name,
		.hotel_city = t->hotel_city.s,
	};

	buf_clear(&p->packed);
	for (size_t i = 0; i < t->similar_count; i++)
		pack_value(&p->packed, &t->similar[i]);
	if (buf_failed(&p->packed))
		abort();
	target.similar = buf_view(&p->packed);
	questions_wait(&p->questions, e, &target);
	if (e->saved)
		save_target(p, e, &target);
}

/* Of model, prompt and the reviews in their order. A text is hashed once, and not
 * again for every customer who meets it. */
static struct hash_id question_hash(struct pipeline *p, struct review *const *reviews, size_t count)
{
	struct slice parts[2] = {p->config.summary_identity};

	buf_clear(&p->packed);
	for (size_t i = 0; i < count; i++)
		buf_append(&p->packed, review_digest(reviews[i])->bytes, sizeof(struct hash_id));
	if (buf_failed(&p->packed))
		abort();
	parts[1] = buf_view(&p->packed);
	return hash_id_of(parts, 2);
}

static void summarise(struct pipeline *p, struct target_view *t, struct review *const *reviews, size_t count)
{
	struct hash_id hash = question_hash(p, reviews, count);
	const struct answer *answer = questions_answer(&p->questions, &hash);
	const struct slice *texts = p->texts;
	struct question_entry *e;

	if (answer != NULL) {
		p->counters.summaries_reused++;
		t->reviews = join_reviews(p, texts, count);
		t->summary = answer->summary;
		emit(p, OUTPUT_SUMMARY, "target", t);
		return;
	}
	e = questions_find(&p->questions, &hash);
	if (e != NULL) {
		p->counters.summaries_reused++;
		wait_for_answer(p, e, t);
		return;
	}
	for (size_t i = 0; i < count; i++)
		shared_text_hold(texts[i]); /* for the question */
	e = questions_open(&p->questions, &hash, p->next_seq++, texts, count);
	wait_for_answer(p, e, t);
	if (target_ask(p, e))
		save_open(p, e);
}

/* ---- enrichment ---- */

/* The reviews of the calendar month before `t`, their texts also in p->texts; returns how many. */
static size_t gather_reviews(struct pipeline *p, struct slice hotel_id, struct event_time t,
			     struct review *const **reviews)
{
	size_t n = review_store_between(&p->reviews, hotel_id, event_time_month_before(t), t, reviews);

	p->texts = alloc_grown(p->texts, &p->texts_cap, n, sizeof(*p->texts));
	for (size_t i = 0; i < n; i++)
		p->texts[i] = (*reviews)[i]->text;
	return n;
}

static void enrich(struct pipeline *p, struct slice email, struct slice hotel_id, struct event_time t,
		   const struct hotel *hotel)
{
	struct target_view view = {
		.email = email,
		.hotel_id = hotel_id,
		.activity_time = t,
		.hotel_name = value_present(&hotel->name) ? hotel->name.s : UNKNOWN,
		.hotel_city = hotel->city,
		.hotel_amenities = hotel->amenities,
	};
	struct review *const *reviews;
	size_t count;

	view.similar_count = hotel_table_similar(&p->hotels, hotel, &view.similar);
	emit(p, OUTPUT_SIMILAR, "similar", &view);
	if (!value_present(&view.hotel_city)) /* the second step of the SQL says so, the first does not */
		view.hotel_city = field_string(UNKNOWN);
	count = gather_reviews(p, hotel_id, t, &reviews);
	if (count == 0 && p->config.reviews_required) {
		p->counters.targets_dropped_no_reviews++;
		return;
	}
	if (count == 0) {
		view.summary = NO_REVIEWS;
		emit(p, OUTPUT_SUMMARY, "target", &view);
		return;
	}
	view.review_count = count;
	if (p->config.outputs[OUTPUT_REVIEWS]) { /* joined only where it is written: they can be many */
		view.reviews = join_reviews(p, p->texts, count);
		emit(p, OUTPUT_REVIEWS, "reviews", &view);
	}
	if (p->config.outputs[OUTPUT_SUMMARY])
		summarise(p, &view, reviews, count);
}

/* ---- waiting for the hotel ---- */

void target_decided(struct pipeline *p, struct slice email, struct slice hotel_id, struct event_time t)
{
	const struct hotel *hotel = hotel_table_get(&p->hotels, hotel_id);
	struct target_row row;

	p->counters.clicks_abandoned++;
	if (hotel != NULL) {
		enrich(p, email, hotel_id, t, hotel);
		return;
	}
	row = (struct target_row){.seq = p->next_seq++, .time = t, .email = email, .hotel_id = hotel_id};
	hotel_waits_add_target(&p->waits, &row, event_time_plus(t, p->config.window + p->config.hotel_grace));
	tables_put_target_hotel(&p->changes, &row);
}

static void end_wait(struct pipeline *p, struct waiting_target *t)
{
	hotel_waits_remove_target(&p->waits, t);
	tables_delete_seq(&p->changes, TABLE_TARGET_HOTEL, t->seq);
}

static void enrich_waiting(struct pipeline *p, struct waiting_target *t, const struct hotel *hotel)
{
	end_wait(p, t);
	enrich(p, t->email, t->hotel_id, t->time, hotel);
	free(t);
}

void target_hotel_known(struct pipeline *p, const struct hotel *hotel)
{
	struct waiting_target *t;

	while ((t = hotel_waits_target_of(&p->waits, hotel->id)) != NULL)
		enrich_waiting(p, t, hotel);
}

void target_retry_all(struct pipeline *p)
{
	struct list *it, *tmp;

	LIST_EACH_SAFE(it, tmp, &p->waits.targets)
	{
		struct waiting_target *t = LIST_ENTRY(it, struct waiting_target, all);
		const struct hotel *hotel = hotel_table_get(&p->hotels, t->hotel_id);

		if (hotel != NULL)
			enrich_waiting(p, t, hotel);
	}
}

void target_expire(struct pipeline *p)
{
	struct waiting_target *t;

	while ((t = hotel_waits_expired_target(&p->waits, pipeline_now(p))) != NULL) {
		end_wait(p, t);
		free(t);
		p->counters.targets_dropped_no_hotel++;
	}
}

/* ---- the answer ---- */

/* The frozen target as it is emitted. `names` is scratch of the pipeline. */
static void thaw(struct pipeline *p, const struct asked_target *t, struct target_view *view)
{
	struct value name;
	size_t at = 0, n = 0;

	while (unpack_value(t->similar, &at, &name) == 1) {
		p->names = alloc_grown(p->names, &p->names_cap, n + 1, sizeof(*p->names));
		p->names[n++] = name;
	}
	*view = (struct target_view){
		.email = t->email,
		.hotel_id = t->hotel_id,
		.activity_time = t->time,
		.hotel_name = t->hotel_name,
		.hotel_city = field_string(t->hotel_city),
		.similar = p->names,
		.similar_count = n,
	};
}

/* ---- the public call: here because everything it touches is ---- */

void pipeline_answer(struct pipeline *p, struct hash_id hash, struct slice summary)
{
	struct question_entry *e = questions_find(&p->questions, &hash);
	struct asked_target *t;
	struct target_view view;
	struct slice joined = {0};
	uint64_t seq, evicted;

	if (e == NULL)
		return;
	questions_close(&p->questions, e);
	if (e->saved)
		tables_delete_seq(&p->changes, TABLE_QUESTION, e->seq);
	if (p->config.answer_cache > 0) {
		seq = p->next_seq++;
		evicted = questions_keep(&p->questions, &hash, summary, seq);
		tables_put_answer(&p->changes, seq, &hash, summary);
		if (evicted > 0)
			delta_delete_below(&p->changes, TABLE_ANSWER, (int64_t)evicted + 1);
	}
	if (questions_first(e) != NULL)
		joined = join_reviews(p, e->reviews, e->count);
	while ((t = questions_first(e)) != NULL) {
		questions_remove(&p->questions, t);
		if (e->saved)
			tables_delete_seq(&p->changes, TABLE_TARGET_ANSWER, t->seq);
		thaw(p, t, &view);
		view.reviews = joined;
		view.review_count = e->count;
		view.summary = summary;
		emit(p, OUTPUT_SUMMARY, "target", &view);
		free(t);
	}
	questions_drop(e);
}

/* ---- erasure ---- */

/* Looks at everything that waits: deletes of customers are rare, and an index
 * by address would cost every target. */
void target_erase(struct pipeline *p, struct slice email)
{
	struct list *it, *tmp, *target, *next;

	LIST_EACH_SAFE(it, tmp, &p->waits.targets)
	{
		struct waiting_target *t = LIST_ENTRY(it, struct waiting_target, all);

		if (!slice_equal(t->email, email))
			continue;
		end_wait(p, t);
		free(t);
		p->counters.targets_erased++;
	}
	LIST_EACH_SAFE(it, tmp, &p->questions.open_list)
	{
		struct question_entry *e = LIST_ENTRY(it, struct question_entry, all);

		LIST_EACH_SAFE(target, next, &e->targets)
		{
			struct asked_target *t = LIST_ENTRY(target, struct asked_target, link);

			if (!slice_equal(t->email, email))
				continue;
			questions_remove(&p->questions, t);
			tables_delete_seq(&p->changes, TABLE_TARGET_ANSWER, t->seq);
			free(t);
			p->counters.targets_erased++;
		}
	}
}
