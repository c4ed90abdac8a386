#include "base/shared_text.h"

#include "base/alloc.h"

#include <stddef.h>

struct shared {
	size_t owners;
	char text[];
};

static struct shared *of(struct slice text)
{
	return (struct shared *)(void *)((char *)text.data - offsetof(struct shared, text));
}

struct slice shared_text(struct slice text)
{
	struct shared *s = alloc_or_abort(sizeof(*s) + text.len);

	s->owners = 1;
	if (text.len > 0)
		memcpy(s->text, text.data, text.len);
	return slice_make(s->text, text.len);
}

struct slice shared_text_hold(struct slice text)
{
	of(text)->owners++;
	return text;
}

void shared_text_drop(struct slice text)
{
	struct shared *s = of(text);

	if (--s->owners == 0)
		free(s);
}
