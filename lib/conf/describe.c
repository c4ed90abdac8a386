#include "conf/describe.h"

#include "conf/value.h"

#include <string.h>

#define MASK "********"

static const char *type_name(const struct conf_row *row)
{
	switch (row->type) {
	case CONF_SECTION: return "";
	case CONF_STRING: return "text";
	case CONF_SECRET: return "secret";
	case CONF_PATH: return "path";
	case CONF_URL: return "URL";
	case CONF_ADDRESS: return "host:port";
	case CONF_BOOL: return "true | false";
	case CONF_INT: return "whole number";
	case CONF_NUMBER: return "number";
	case CONF_DURATION: return "duration";
	case CONF_BYTES: return "size";
	case CONF_ENUM: return "";
	case CONF_LIST: return "list";
	case CONF_URLS: return "list of URLs";
	case CONF_KEPT: return "as librdkafka has it";
	}
	return "";
}

/* `text` in lines of at most `width` columns, each after `margin`. */
static void wrap(struct buf *out, const char *margin, const char *text, size_t width)
{
	size_t column = 0, room = width - strlen(margin);

	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (column > 0 && column + 1 + len > room) {
			buf_str(out, "\n");
			column = 0;
		}
		buf_str(out, column == 0 ? margin : " ");
		column += len + (column > 0);
		buf_append(out, text, len);
		text += len;
		text += strspn(text, " ");
	}
	buf_str(out, "\n");
}

void conf_describe_facts(const struct conf_row *row, struct buf *out)
{
	struct buf range;

	buf_init(&range, 1000);
	conf_value_range(row, &range);
	buf_str(out, type_name(row));
	if (range.len > 0)
		buf_printf(out, "%s%s", *type_name(row) != '\0' ? ", " : "", buf_cstr(&range));
	if (*row->def != '\0')
		buf_printf(out, "; default %s", row->def);
	if ((row->flags & CONF_REQUIRED) && *row->def == '\0')
		buf_str(out, "; required");
	if (row->flags & CONF_RELOADABLE)
		buf_str(out, "; can be reloaded");
	buf_release(&range);
}

static void sample_row(const struct conf_row *row, struct buf *out)
{
	struct buf line;

	buf_init(&line, 2000);
	wrap(out, "# ", row->help, 100);
	conf_describe_facts(row, &line);
	wrap(out, "# ", buf_cstr(&line), 100);
	buf_printf(out, "%s%s =%s%s\n\n", row->flags & CONF_SHOWN ? "" : "#", row->key,
		   *row->def != '\0' ? " " : "", row->def);
	buf_release(&line);
}

void conf_describe_sample(const struct conf_table *t, struct buf *out)
{
	buf_printf(
		out,
		"# %s: every setting, generated from the program's own table.\n"
		"#\n"
		"# key = value. A comment has a line of its own. A line that ends in \\ goes on in the "
		"next.\n"
		"# Values may refer to ${env:NAME}, ${env:NAME:default}, ${file:PATH}, ${file:PATH:key} and\n"
		"# ${credential:NAME} (systemd). Every key can also be set as an environment variable, with\n"
		"# %s in front, in upper case, '.' as '_' and '_' as '__', or as -o key=value.\n"
		"# Lines that are commented out show the default. Check with: %s check -c FILE\n\n",
		t->program, t->env_prefix, t->program);
	for (size_t i = 0; i < t->row_count; i++) {
		const struct conf_row *row = &t->rows[i];

		if (row->type == CONF_SECTION)
			buf_printf(out, "\n# ---- %s ----\n\n", row->help);
		else
			sample_row(row, out);
	}
	buf_str(out, "\n# ---- Passed on ----\n\n");
	for (size_t i = 0; i < t->prefix_count; i++) {
		buf_printf(out, "# %s*\n", t->prefixes[i].prefix);
		wrap(out, "#   ", t->prefixes[i].help, 100);
	}
}

void conf_describe_help(const struct conf_table *t, struct buf *out)
{
	for (size_t i = 0; i < t->row_count; i++) {
		const struct conf_row *row = &t->rows[i];
		struct buf line;

		if (row->type == CONF_SECTION) {
			buf_printf(out, "%s%s\n", i > 0 ? "\n" : "", row->help);
			continue;
		}
		buf_init(&line, 2000);
		conf_describe_facts(row, &line);
		buf_printf(out, "  %s\n", row->key);
		wrap(out, "      ", buf_cstr(&line), 80);
		wrap(out, "      ", row->help, 80);
		buf_release(&line);
	}
	buf_str(out, "\nPassed on\n");
	for (size_t i = 0; i < t->prefix_count; i++) {
		buf_printf(out, "  %s*\n", t->prefixes[i].prefix);
		wrap(out, "      ", t->prefixes[i].help, 80);
	}
}

/* A | would end the cell. */
static void markdown_cell(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '|')
			buf_byte(out, '\\');
		buf_byte(out, (uint8_t)*text);
	}
}

static void markdown_row(const struct conf_row *row, struct buf *out)
{
	struct buf range;

	buf_init(&range, 1000);
	conf_value_range(row, &range);
	buf_printf(out, "| `%s` | ", row->key);
	if (*row->def != '\0')
		buf_printf(out, "`%s`", row->def);
	buf_str(out, " | ");
	markdown_cell(out, type_name(row));
	if (range.len > 0) {
		buf_str(out, *type_name(row) != '\0' ? ", " : "");
		markdown_cell(out, buf_cstr(&range));
	}
	buf_str(out, " | ");
	markdown_cell(out, row->help);
	if ((row->flags & CONF_REQUIRED) && *row->def == '\0')
		buf_str(out, " **Required.**");
	if (row->flags & CONF_RELOADABLE)
		buf_str(out, " Can be reloaded.");
	buf_str(out, " |\n");
	buf_release(&range);
}

void conf_describe_markdown(const struct conf_table *t, struct buf *out)
{
	for (size_t i = 0; i < t->row_count; i++) {
		const struct conf_row *row = &t->rows[i];

		if (row->type == CONF_SECTION)
			buf_printf(out,
				   "%s### %s\n\n| key | default | values | meaning |\n| --- | --- | --- | "
				   "--- |\n",
				   i > 0 ? "\n" : "", row->help);
		else
			markdown_row(row, out);
	}
	buf_str(out, "\n### Passed on\n\n| keys | meaning |\n| --- | --- |\n");
	for (size_t i = 0; i < t->prefix_count; i++) {
		buf_printf(out, "| `%s*` | ", t->prefixes[i].prefix);
		markdown_cell(out, t->prefixes[i].help);
		buf_str(out, " |\n");
	}
}

/* A value without the user and password of URLs: "https://user:pass@host" becomes "https://...@host",
 * with asterisks for the dots. */
static void masked_urls(struct buf *out, const char *value)
{
	const char *scheme;

	while ((scheme = strstr(value, "://")) != NULL) {
		const char *rest = scheme + 3, *at;
		size_t authority = strcspn(rest, "/?#, ");

		buf_append(out, value, (size_t)(rest - value));
		at = memrchr(rest, '@', authority);
		if (at != NULL) {
			buf_str(out, "****");
			rest = at;
		}
		value = rest;
	}
	buf_str(out, value);
}

/* The value as it is: for people to read, not to be read back. */
static void effective_value(struct buf *out, const char *value, bool secret)
{
	if (secret)
		buf_str(out, *value != '\0' ? MASK : "");
	else
		masked_urls(out, value);
}

static void effective_line(struct buf *out, const char *key, const char *value, bool secret,
			   const char *where)
{
	buf_printf(out, "# from %s\n%s = ", where, key);
	effective_value(out, value, secret);
	buf_str(out, "\n");
}

void conf_describe_effective(const struct conf_table *t, const struct conf *c, struct buf *out)
{
	for (size_t i = 0; i < t->row_count; i++) {
		const struct conf_row *row = &t->rows[i];
		const struct conf_entry *set = conf_get(c, row->key);

		if (row->type == CONF_SECTION)
			buf_printf(out, "%s# ---- %s ----\n", i > 0 ? "\n" : "", row->help);
		else if (set != NULL)
			effective_line(out, set->key, set->value, set->secret, set->where);
		else
			effective_line(out, row->key, row->def, false, "default");
	}
	buf_str(out, "\n# ---- Passed on ----\n");
	for (size_t i = 0; i < c->count; i++) {
		const struct conf_entry *e = &c->entries[i];

		if (conf_table_find(t, e->key) == NULL)
			effective_line(out, e->key, e->value, e->secret, e->where);
	}
}
