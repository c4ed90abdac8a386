#include "hotels/output_text.h"

#include "base/buf.h"

#include <stdlib.h>

#define MAX_SCHEMA_TEXT (256 * 1024)
#define MAX_TOPIC	249 /* Kafka's limit */

char *output_text(const char *a, const char *b, const char *c)
{
	struct buf text;
	char *copy;

	buf_init(&text, MAX_SCHEMA_TEXT);
	buf_str(&text, a);
	buf_str(&text, b);
	buf_str(&text, c);
	copy = buf_failed(&text) ? NULL : slice_dup(buf_view(&text));
	buf_release(&text);
	return copy;
}

/* Replaces every `from` in *text, which is owned, by `to`. */
static int substitute(char **text, const char *from, const char *to)
{
	size_t skip = strlen(from);
	struct buf result;
	char *copy, *at;
	const char *p = *text;

	buf_init(&result, MAX_SCHEMA_TEXT);
	while ((at = strstr(p, from)) != NULL) {
		buf_append(&result, p, (size_t)(at - p));
		buf_str(&result, to);
		p = at + skip;
	}
	buf_str(&result, p);
	copy = buf_failed(&result) ? NULL : slice_dup(buf_view(&result));
	buf_release(&result);
	if (copy == NULL)
		return -1;
	free(*text);
	*text = copy;
	return 0;
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_avro_name(const char *name)
{
	if (!is_letter(*name))
		return false;
	for (const char *p = name; *p != '\0'; p++)
		if (!is_letter(*p) && !is_digit(*p))
			return false;
	return true;
}

bool output_topic_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > MAX_TOPIC || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (const char *p = name; *p != '\0'; p++)
		if (!is_letter(*p) && !is_digit(*p) && *p != '.' && *p != '-')
			return false;
	return true;
}

int output_text_rename(char **text, const char *default_topic, const char *topic)
{
	char *from, *to;
	int rc = -1;

	if (strcmp(topic, default_topic) == 0 || !is_avro_name(topic))
		return 0;
	from = output_text("\"", default_topic, "_");
	to = output_text("\"", topic, "_");
	if (from != NULL && to != NULL)
		rc = substitute(text, from, to);
	free(from);
	free(to);
	return rc;
}

int output_text_set_types(char **text, const struct outputs_options *options)
{
	static const char *const prices[] = {
		[PRICE_INT] = "[\"null\", \"int\"]",
		[PRICE_LONG] = "[\"null\", \"long\"]",
		[PRICE_DOUBLE] = "[\"null\", \"double\"]",
		[PRICE_STRING] = "[\"null\", \"string\"]",
	};

	/* the dates before the price, which may become a long too */
	if (options->date_type == DATE_STRING &&
	    substitute(text, "[\"null\", \"long\"]", "[\"null\", \"string\"]") != 0)
		return -1;
	return substitute(text, prices[PRICE_INT], prices[options->price_type]);
}
