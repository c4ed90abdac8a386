#include "conf/table.h"

#include "conf/value.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PROBLEMS_MAX ((size_t)256 * 1024)

void conf_problems_init(struct conf_problems *p)
{
	*p = (struct conf_problems){0};
	buf_init(&p->errors, PROBLEMS_MAX);
	buf_init(&p->warnings, PROBLEMS_MAX);
}

void conf_problems_release(struct conf_problems *p)
{
	buf_release(&p->errors);
	buf_release(&p->warnings);
}

__attribute__((format(printf, 2, 0))) static void add_line(struct buf *to, const char *fmt, va_list args)
{
	char *line = NULL;

	if (vasprintf(&line, fmt, args) >= 0) {
		buf_str(to, line);
		buf_str(to, "\n");
		free(line);
	}
}

void conf_error(struct conf_problems *p, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_line(&p->errors, fmt, args);
	va_end(args);
	p->error_count++;
}

void conf_warning(struct conf_problems *p, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_line(&p->warnings, fmt, args);
	va_end(args);
	p->warning_count++;
}

const struct conf_row *conf_table_find(const struct conf_table *t, const char *key)
{
	for (size_t i = 0; i < t->row_count; i++) {
		if (t->rows[i].type != CONF_SECTION && strcmp(t->rows[i].key, key) == 0)
			return &t->rows[i];
	}
	return NULL;
}

const struct conf_prefix *conf_table_prefix(const struct conf_table *t, const char *key)
{
	for (size_t i = 0; i < t->prefix_count; i++) {
		size_t len = strlen(t->prefixes[i].prefix);

		if (strncmp(key, t->prefixes[i].prefix, len) == 0 && key[len] != '\0')
			return &t->prefixes[i];
	}
	return NULL;
}

char *conf_env_name(const struct conf_table *t, const char *key)
{
	struct buf name;
	char *owned;

	buf_init(&name, 2 * PROPERTIES_MAX_KEY + 64);
	buf_str(&name, t->env_prefix);
	for (; *key != '\0'; key++) {
		if (*key == '_')
			buf_str(&name, "__");
		else
			buf_byte(&name, (uint8_t)(*key == '.' ? '_' : toupper((unsigned char)*key)));
	}
	owned = buf_failed(&name) ? NULL : slice_dup(buf_view(&name));
	buf_release(&name);
	return owned;
}

bool conf_key_secret(const struct conf_table *t, const char *key)
{
	static const char *const words[] = {"password",	  "secret",
					    "token",	  "jaas",
					    "credential", "api_key",
					    "api.key",	  "key.pem",
					    "user.info",  "oauthbearer.config",
					    "header."};
	const struct conf_row *row = conf_table_find(t, key);

	if (row != NULL && row->type != CONF_KEPT)
		return row->type == CONF_SECRET;
	/* Somebody else's key: by its name, rather too often than too seldom. */
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasestr(key, words[i]) != NULL)
			return true;
	}
	return false;
}

static void apply_row(const struct conf *c, const struct conf_row *row, void *values, struct conf_problems *p)
{
	const struct conf_entry *set = conf_get(c, row->key);
	const char *text = set != NULL ? set->value : row->def;
	struct err err;

	if (row->type == CONF_SECTION)
		return;
	if (row->type != CONF_KEPT && conf_value_parse(row, text, (char *)values + row->offset, &err))
		conf_error(p, "%s: %s: %s", set != NULL ? set->where : "default", row->key, err.text);
}

int conf_apply(const struct conf *c, const struct conf_table *t, void *values, struct conf_problems *p)
{
	size_t before = p->error_count;

	for (size_t i = 0; i < t->row_count; i++)
		apply_row(c, &t->rows[i], values, p);
	return p->error_count == before ? 0 : -1;
}

int conf_check_required(const struct conf *c, const struct conf_table *t, struct conf_problems *p)
{
	size_t before = p->error_count;

	for (size_t i = 0; i < t->row_count; i++) {
		const struct conf_row *row = &t->rows[i];
		const struct conf_entry *set = row->type == CONF_SECTION ? NULL : conf_get(c, row->key);

		if (!(row->flags & CONF_REQUIRED))
			continue;
		if (set != NULL && *set->value == '\0')
			conf_error(p, "%s: %s: must not be empty", set->where, row->key);
		else if (set == NULL && *row->def == '\0')
			conf_error(p, "%s: must be set", row->key);
	}
	return p->error_count == before ? 0 : -1;
}

void conf_values_release(const struct conf_table *t, void *values)
{
	for (size_t i = 0; i < t->row_count; i++)
		conf_value_release(&t->rows[i], (char *)values + t->rows[i].offset);
}

bool conf_row_differs(const struct conf_row *r, const void *a, const void *b)
{
	return !conf_value_equal(r, (const char *)a + r->offset, (const char *)b + r->offset);
}
