#include "conf/table.h"

#include "conf/nearest.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The sources of a configuration, merged: each key once, from the one that
 * counts most. */

void conf_init(struct conf *c)
{
	*c = (struct conf){0};
}

static void entry_release(struct conf_entry *e)
{
	if (e->value != NULL)
		explicit_bzero(e->value, strlen(e->value));
	free(e->key);
	free(e->value);
	free(e->where);
}

void conf_release(struct conf *c)
{
	for (size_t i = 0; i < c->count; i++)
		entry_release(&c->entries[i]);
	free(c->entries);
	conf_init(c);
}

const struct conf_entry *conf_get(const struct conf *c, const char *key)
{
	for (size_t i = 0; key != NULL && i < c->count; i++) {
		if (strcmp(c->entries[i].key, key) == 0)
			return &c->entries[i];
	}
	return NULL;
}

struct reading {
	struct conf *c;
	const struct conf_table *t;
	const struct conf_sources *s;
	struct conf_problems *p;
};

static struct conf_entry *place_for(struct conf *c, const char *key)
{
	for (size_t i = 0; i < c->count; i++) {
		if (strcmp(c->entries[i].key, key) == 0) {
			entry_release(&c->entries[i]);
			return &c->entries[i];
		}
	}
	if (c->count == c->capacity) {
		size_t more = c->capacity ? c->capacity * 2 : 32;
		struct conf_entry *grown = realloc(c->entries, more * sizeof(*grown));

		if (grown == NULL)
			return NULL;
		c->entries = grown;
		c->capacity = more;
	}
	return &c->entries[c->count++];
}

int conf_put(struct conf *c, const struct conf_table *t, const char *key, const char *value,
	     enum conf_origin origin, const char *where, bool secret)
{
	struct conf_entry e = {.key = slice_dup(slice_str(key)),
			       .value = slice_dup(slice_str(value)),
			       .origin = origin,
			       .where = slice_dup(slice_str(where)),
			       .secret = secret || conf_key_secret(t, key),
			       .referred = secret};
	struct conf_entry *place = e.key && e.value && e.where ? place_for(c, key) : NULL;

	if (place == NULL) {
		entry_release(&e);
		return -1;
	}
	*place = e;
	return 0;
}

/* Sources are read in ascending order of precedence: what is there is replaced. */
static void put(struct reading *r, const char *key, const char *value, enum conf_origin origin,
		const char *where, bool secret)
{
	if (conf_put(r->c, r->t, key, value, origin, where, secret))
		conf_error(r->p, "%s: %s: out of memory", where, key);
}

/* "xyz" as the end of a known key: people bring kafka names without kafka. */
static bool offer_prefixed(const struct conf_table *t, const char *key, struct buf *hint)
{
	for (size_t i = 0; i < t->row_count; i++) {
		const char *known = t->rows[i].key;
		size_t len = known == NULL ? 0 : strlen(known), tail = strlen(key);

		if (len > tail + 1 && known[len - tail - 1] == '.' && strcmp(known + len - tail, key) == 0) {
			buf_str(hint, known);
			return true;
		}
	}
	for (size_t i = 0; i < t->prefix_count; i++) {
		if (t->prefixes[i].knows != NULL && t->prefixes[i].knows(key)) {
			/* The last prefix that knows it is the shortest, the most general one. */
			buf_clear(hint);
			buf_printf(hint, "%s%s", t->prefixes[i].prefix, key);
		}
	}
	return hint->len > 0;
}

/* What might have been meant, into `hint`; empty when nothing is near. */
static void suggest(const struct conf_table *t, const char *key, struct buf *hint)
{
	struct nearest near;

	if (offer_prefixed(t, key, hint))
		return;
	nearest_init(&near, key);
	for (size_t i = 0; i < t->row_count; i++) {
		if (t->rows[i].type != CONF_SECTION)
			nearest_offer(&near, t->rows[i].key);
	}
	if (near.best != NULL)
		buf_str(hint, near.best);
}

/* A known key, or an error with the nearest one. */
static bool known(struct reading *r, const char *key, const char *where)
{
	struct buf hint;

	if (conf_table_find(r->t, key) != NULL || conf_table_prefix(r->t, key) != NULL)
		return true;
	buf_init(&hint, 1000);
	suggest(r->t, key, &hint);
	if (hint.len > 0)
		conf_error(r->p, "%s: %s: there is no such key; did you mean %s?", where, key,
			   buf_cstr(&hint));
	else
		conf_error(r->p, "%s: %s: there is no such key", where, key);
	buf_release(&hint);
	return false;
}

/* Resolves and keeps one key of the file or the command line. */
static void put_resolved(struct reading *r, const char *key, const char *value, enum conf_origin origin,
			 const char *where)
{
	struct err err;
	char *context = NULL, *resolved;
	bool secret;

	if (!known(r, key, where) || asprintf(&context, "%s: %s", where, key) < 0)
		return;
	if (properties_resolve_value(context, value, &r->s->port, &resolved, &secret, &err) == 0)
		put(r, key, resolved, origin, where, secret);
	else
		conf_error(r->p, "%s", err.text);
	if (resolved != NULL)
		explicit_bzero(resolved, strlen(resolved));
	free(resolved);
	free(context);
}

static void read_file(struct reading *r)
{
	struct properties file;
	struct err err;
	char *where;

	if (r->s->path == NULL)
		return;
	properties_init(&file);
	if (properties_load(&file, r->s->path, &err))
		conf_error(r->p, "%s", err.text);
	for (size_t i = 0; i < file.count; i++) {
		if (asprintf(&where, "%s:%d", file.name, file.items[i].line) < 0)
			continue;
		put_resolved(r, file.items[i].key, file.items[i].value, CONF_FROM_FILE, where);
		free(where);
	}
	properties_release(&file);
}

/* RIVERD_KAFKA_SASL_PASSWORD -> kafka.sasl.password; NULL when it cannot be one. */
static char *key_of_env(const struct conf_table *t, struct slice name)
{
	struct buf key;
	char *owned;

	buf_init(&key, PROPERTIES_MAX_KEY);
	for (size_t i = strlen(t->env_prefix); i < name.len; i++) {
		bool twice = name.data[i] == '_' && i + 1 < name.len && name.data[i + 1] == '_';

		if (name.data[i] == '_')
			buf_str(&key, twice ? "_" : ".");
		else
			buf_byte(&key, (uint8_t)tolower((unsigned char)name.data[i]));
		i += twice;
	}
	owned = buf_failed(&key) || key.len == 0 ? NULL : slice_dup(buf_view(&key));
	buf_release(&key);
	return owned;
}

/* Variables that begin like ours and are something else. */
static bool foreign_variable(const struct conf_table *t, struct slice name)
{
	const char *rest = name.data + strlen(t->env_prefix);

	for (size_t i = 0; t->foreign_variables != NULL && t->foreign_variables[i] != NULL; i++) {
		if (strncmp(rest, t->foreign_variables[i], strlen(t->foreign_variables[i])) == 0)
			return true;
	}
	return false;
}

static void read_variable(struct reading *r, struct slice name, const char *value)
{
	char *key = key_of_env(r->t, name);
	char *where = slice_dup(name);
	struct buf hint;

	if (key == NULL || where == NULL)
		goto out;
	if (conf_table_find(r->t, key) != NULL || conf_table_prefix(r->t, key) != NULL) {
		put(r, key, value, CONF_FROM_ENVIRONMENT, where, false);
	} else if (!foreign_variable(r->t, name)) {
		/* Not an error: the environment is not ours alone. */
		buf_init(&hint, 1000);
		suggest(r->t, key, &hint);
		if (hint.len > 0) {
			char *right = conf_env_name(r->t, buf_cstr(&hint));

			conf_warning(r->p, "%s: ignored, there is no key %s; did you mean %s?", where, key,
				     right != NULL ? right : buf_cstr(&hint));
			free(right);
		} else {
			conf_warning(r->p, "%s: ignored, there is no key %s", where, key);
		}
		buf_release(&hint);
	}
out:
	free(where);
	free(key);
}

static void read_environment(struct reading *r)
{
	size_t prefix = strlen(r->t->env_prefix);

	for (size_t i = 0; r->s->environment != NULL && r->s->environment[i] != NULL; i++) {
		const char *variable = r->s->environment[i], *equals = strchr(variable, '=');

		if (equals != NULL && strncmp(variable, r->t->env_prefix, prefix) == 0)
			read_variable(r, slice_make(variable, (size_t)(equals - variable)), equals + 1);
	}
}

static void read_options(struct reading *r)
{
	for (size_t i = 0; i < r->s->option_count; i++) {
		const char *option = r->s->options[i], *equals = strchr(option, '=');
		struct slice key =
			slice_trim_right(slice_make(option, equals ? (size_t)(equals - option) : 0));
		char *name;

		if (key.len == 0) {
			conf_error(r->p, "-o %s: key=value expected", option);
			continue;
		}
		name = slice_dup(key);
		if (name != NULL)
			put_resolved(r, name, equals + 1 + strspn(equals + 1, " \t"), CONF_FROM_COMMAND_LINE,
				     "-o");
		free(name);
	}
}

int conf_read(struct conf *c, const struct conf_table *t, const struct conf_sources *s,
	      struct conf_problems *p)
{
	struct reading r = {c, t, s, p};
	size_t before = p->error_count;

	read_file(&r);
	read_environment(&r);
	read_options(&r);
	return p->error_count == before ? 0 : -1;
}
