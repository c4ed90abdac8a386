#include "wire/dead_letter.h"

#include "base/utf8.h"
#include "wire/decoder.h"

#include <stdlib.h>

#define OUR_HEADERS 10
#define MAX_TEXT    4096

static const char *const stages[] = {
	[STAGE_KEY] = "KEY_CONVERTER",
	[STAGE_VALUE] = "VALUE_CONVERTER",
	[STAGE_PIPELINE] = "TASK_PUT",
};

void dead_letter_init(struct dead_letter *d)
{
	*d = (struct dead_letter){0};
	buf_init(&d->text, MAX_TEXT);
}

void dead_letter_release(struct dead_letter *d)
{
	free(d->headers);
	buf_release(&d->text);
	*d = (struct dead_letter){0};
}

static void add(struct dead_letter *d, const char *name, struct slice value)
{
	d->headers[d->count++] = (struct message_header){slice_str(name), value};
}

/* The text buffer was reserved at once, so earlier values do not move. */
static void add_number(struct dead_letter *d, const char *name, int64_t number)
{
	size_t at = d->text.len;

	buf_printf(&d->text, "%lld", (long long)number);
	add(d, name, slice_make(d->text.data + at, d->text.len - at));
}

static void add_text(struct dead_letter *d, const char *name, const char *prefix, struct slice text)
{
	size_t at = d->text.len;

	buf_str(&d->text, prefix);
	buf_slice(&d->text, text);
	add(d, name, slice_make(d->text.data + at, d->text.len - at));
}

/* A sentence may have been cut in the middle of a character. */
static struct slice valid_prefix(const char *text)
{
	struct slice s = slice_str(text);
	size_t len = 0, n;

	while (len < s.len && (n = utf8_sequence(s.data + len, s.len - len)) > 0)
		len += n;
	return slice_make(s.data, len);
}

static int reserve(struct dead_letter *d, size_t count)
{
	struct message_header *headers;

	buf_clear(&d->text);
	if (buf_reserve(&d->text, MAX_TEXT) == NULL)
		return -1;
	if (count <= d->cap)
		return 0;
	headers = realloc(d->headers, count * sizeof(*headers));
	if (headers == NULL)
		return -1;
	d->headers = headers;
	d->cap = count;
	return 0;
}

int dead_letter_headers(struct dead_letter *d, const struct message *m, enum dead_letter_stage stage,
			const struct err *why, struct err *err)
{
	const char *reason = poison_name((enum poison)why->code);

	if (reserve(d, m->header_count + OUR_HEADERS) != 0)
		return err_set(err, ERR_RETRY, 0, "out of memory for the headers of a dead letter");
	d->count = m->header_count;
	if (m->header_count > 0)
		memcpy(d->headers, m->headers, m->header_count * sizeof(*d->headers));
	add(d, "__connect.errors.topic", slice_str(m->topic));
	add_number(d, "__connect.errors.partition", m->partition);
	add_number(d, "__connect.errors.offset", m->offset);
	add(d, "__connect.errors.stage", slice_str(stages[stage]));
	add(d, "__connect.errors.class.name", SLICE_LITERAL("riverd"));
	add_text(d, "__connect.errors.exception.class.name", "riverd.poison.", slice_str(reason));
	add_text(d, "__connect.errors.exception.message", "", valid_prefix(why->text));
	add(d, "riverd.error.code", slice_str(reason));
	if (m->timestamp_ms >= 0)
		add_number(d, "riverd.error.timestamp", m->timestamp_ms);
	add(d, "riverd.version", SLICE_LITERAL(RIVERD_VERSION));
	return 0;
}
