#include "daemon/recent_targets.h"

#include "base/utf8.h"

#define NAME_MAX_BYTES	  200
#define SUMMARY_MAX_BYTES 1000
#define ITEM_MAX_BYTES	  ((size_t)4096 + (size_t)NAME_MAX_BYTES * RECENT_SIMILAR_MAX)

void recent_targets_init(struct recent_targets *r)
{
	memset(r, 0, sizeof(*r));
	for (size_t i = 0; i < RECENT_TARGETS; i++)
		buf_init(&r->items[i].text, ITEM_MAX_BYTES);
}

void recent_targets_release(struct recent_targets *r)
{
	for (size_t i = 0; i < RECENT_TARGETS; i++)
		buf_release(&r->items[i].text);
	r->count = r->next = 0;
}

/* Room for the whole item is reserved first, so that slices stay where they are. */
static struct slice keep(struct buf *text, struct slice s, size_t max)
{
	size_t at = text->len;

	s = utf8_prefix(s, max);
	buf_slice(text, s);
	return buf_failed(text) ? (struct slice){0} : slice_make(text->data + at, s.len);
}

static struct slice text_of(const struct value *v)
{
	return v->kind == VALUE_STRING ? v->s : (struct slice){0};
}

static void keep_similar(struct recent_target *item, const struct target_view *target)
{
	item->similar_count = target->similar_count;
	item->similar_kept = 0;
	for (size_t i = 0; i < target->similar_count && item->similar_kept < RECENT_SIMILAR_MAX; i++) {
		struct slice name = text_of(&target->similar[i]);

		if (name.len > 0)
			item->similar[item->similar_kept++] = keep(&item->text, name, NAME_MAX_BYTES);
	}
}

void recent_targets_add(struct recent_targets *r, const struct target_view *target, int64_t emitted_ms)
{
	struct recent_target *item = &r->items[r->next];

	buf_clear(&item->text);
	if (buf_reserve(&item->text, ITEM_MAX_BYTES) == NULL)
		return;
	item->email = keep(&item->text, target->email, 320); /* RFC 5321: 64 + 1 + 255 */
	item->hotel_id = keep(&item->text, target->hotel_id, NAME_MAX_BYTES);
	item->hotel_name = keep(&item->text, target->hotel_name, NAME_MAX_BYTES);
	item->hotel_city = keep(&item->text, text_of(&target->hotel_city), NAME_MAX_BYTES);
	item->summary = keep(&item->text, target->summary, SUMMARY_MAX_BYTES);
	keep_similar(item, target);
	item->review_count = target->review_count;
	item->activity_ms = target->activity_time.ms;
	item->emitted_ms = emitted_ms;
	r->next = (r->next + 1) % RECENT_TARGETS;
	r->count += r->count < RECENT_TARGETS;
}

static size_t index_of(const struct recent_targets *r, size_t i)
{
	return (r->next + 2 * RECENT_TARGETS - 1 - i) % RECENT_TARGETS;
}

const struct recent_target *recent_targets_get(const struct recent_targets *r, size_t i)
{
	return &r->items[index_of(r, i)];
}

/* Exchanging keeps the memory of both for reuse. */
static void exchange(struct recent_target *a, struct recent_target *b)
{
	struct recent_target t = *a;

	*a = *b;
	*b = t;
}

void recent_targets_erase(struct recent_targets *r, struct slice email)
{
	size_t kept = 0;

	/* From the oldest on: those that stay move to the front of the ring. */
	for (size_t k = 0, first = r->next + RECENT_TARGETS - r->count; k < r->count; k++) {
		struct recent_target *item = &r->items[(first + k) % RECENT_TARGETS];

		if (slice_equal(item->email, email)) {
			if (item->text.data != NULL)
				explicit_bzero(item->text.data, item->text.cap);
			continue;
		}
		if (kept != k)
			exchange(&r->items[(first + kept) % RECENT_TARGETS], item);
		kept++;
	}
	r->next = (r->next + RECENT_TARGETS - (r->count - kept)) % RECENT_TARGETS;
	r->count = kept;
}
