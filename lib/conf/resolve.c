#include "conf/properties.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ${...} in values. One pass: what is put in is never looked at again, so a
 * password may hold anything. */

struct resolver {
	const char *where;
	const struct properties_port *port;
	struct buf *out;
	bool secret;
};

static int fail_wrapped(const struct resolver *r, struct err *err)
{
	char text[ERR_TEXT_MAX];

	snprintf(text, sizeof(text), "%s", err->text);
	return err_set(err, ERR_CONFIG, err->code, "%s: %s", r->where, text);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* "NAME" or "NAME:default" */
static int put_env(struct resolver *r, char *body, struct err *err)
{
	char *colon = strchr(body, ':');
	const char *value;

	if (colon != NULL)
		*colon = '\0';
	if (*body == '\0')
		return err_set(err, ERR_CONFIG, 0, "%s: ${env:NAME}: the name is missing", r->where);
	value = r->port->env(r->port->ctx, body);
	if (value == NULL && colon == NULL)
		return err_set(err, ERR_CONFIG, 0, "%s: environment variable %s is not set", r->where, body);
	buf_str(r->out, value != NULL ? value : colon + 1);
	return 0;
}

/* The whole of a file without blanks around it. */
static int put_whole_file(struct resolver *r, const char *path, struct err *err)
{
	struct buf text;
	struct slice s;
	int result;

	buf_init(&text, PROPERTIES_MAX_BYTES);
	result = r->port->file(r->port->ctx, path, &text, err);
	if (result != 0) {
		fail_wrapped(r, err);
		goto out;
	}
	s = buf_view(&text);
	while (s.len > 0 && blank(s.data[0]))
		s = slice_make(s.data + 1, s.len - 1);
	while (s.len > 0 && blank(s.data[s.len - 1]))
		s.len--;
	if (s.len > 0 && memchr(s.data, '\0', s.len) != NULL)
		result = err_set(err, ERR_CONFIG, 0, "%s: %s holds a zero byte", r->where, path);
	else
		buf_slice(r->out, s);
out:
	if (text.data != NULL)
		explicit_bzero(text.data, text.cap);
	buf_release(&text);
	return result;
}

static int put_file_key(struct resolver *r, const char *path, const char *key, struct err *err)
{
	const struct property *found = NULL;
	struct properties inner;
	struct buf text;
	int result;

	properties_init(&inner);
	buf_init(&text, PROPERTIES_MAX_BYTES);
	result = r->port->file(r->port->ctx, path, &text, err);
	if (result == 0)
		result = properties_parse(&inner, path, buf_view(&text), err);
	if (result == 0 && (found = properties_get(&inner, key)) == NULL)
		result = err_set(err, ERR_CONFIG, 0, "%s: there is no key %s", path, key);
	if (result == 0)
		buf_str(r->out, found->value);
	else
		fail_wrapped(r, err);
	properties_release(&inner);
	if (text.data != NULL)
		explicit_bzero(text.data, text.cap);
	buf_release(&text);
	return result;
}

/* "PATH" or "PATH:key" */
static int put_file(struct resolver *r, char *body, struct err *err)
{
	char *colon = strchr(body, ':');

	if (colon != NULL)
		*colon = '\0';
	if (*body == '\0')
		return err_set(err, ERR_CONFIG, 0, "%s: ${file:PATH}: the path is missing", r->where);
	return colon != NULL ? put_file_key(r, body, colon + 1, err) : put_whole_file(r, body, err);
}

/* systemd's LoadCredential= puts files where only we can read them. */
static int put_credential(struct resolver *r, const char *name, struct err *err)
{
	const char *dir = r->port->env(r->port->ctx, "CREDENTIALS_DIRECTORY");
	char *path = NULL;
	int result;

	if (*name == '\0' || strchr(name, '/') != NULL)
		return err_set(err, ERR_CONFIG, 0, "%s: ${credential:NAME}: a file name expected", r->where);
	if (dir == NULL)
		return err_set(
			err, ERR_CONFIG, 0,
			"%s: ${credential:%s}: there are no credentials; use LoadCredential= in the unit",
			r->where, name);
	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return err_set(err, ERR_FATAL, ENOMEM, "%s: out of memory", r->where);
	result = put_whole_file(r, path, err);
	free(path);
	return result;
}

/* `reference` is what stands between the braces. */
static int put_reference(struct resolver *r, struct slice reference, struct err *err)
{
	char *text = slice_dup(reference);
	int result;

	if (text == NULL)
		return err_set(err, ERR_FATAL, ENOMEM, "%s: out of memory", r->where);
	r->secret = true;
	if (strncmp(text, "env:", 4) == 0)
		result = put_env(r, text + 4, err);
	else if (strncmp(text, "file:", 5) == 0)
		result = put_file(r, text + 5, err);
	else if (strncmp(text, "credential:", 11) == 0)
		result = put_credential(r, text + 11, err);
	else
		result = err_set(
			err, ERR_CONFIG, 0,
			"%s: ${%s}: known are ${env:NAME}, ${file:PATH} and ${credential:NAME}; a literal ${ "
			"is written $${",
			r->where, text);
	free(text);
	return result;
}

static int resolve(struct resolver *r, const char *value, struct err *err)
{
	const char *at = value, *open, *close;

	while ((open = strstr(at, "${")) != NULL) {
		if (open > at && open[-1] == '$') {
			buf_append(r->out, at, (size_t)(open - at) - 1);
			buf_str(r->out, "${");
			at = open + 2;
			continue;
		}
		buf_append(r->out, at, (size_t)(open - at));
		close = strchr(open, '}');
		if (close == NULL)
			return err_set(err, ERR_CONFIG, 0, "%s: ${ without }; a literal ${ is written $${",
				       r->where);
		if (put_reference(r, slice_make(open + 2, (size_t)(close - open) - 2), err))
			return -1;
		at = close + 1;
	}
	buf_str(r->out, at);
	return 0;
}

int properties_resolve_value(const char *where, const char *value, const struct properties_port *port,
			     char **out, bool *secret, struct err *err)
{
	struct buf text;
	struct resolver r = {.where = where, .port = port, .out = &text};
	int result;

	*out = NULL;
	buf_init(&text, 4 * PROPERTIES_MAX_BYTES);
	result = resolve(&r, value, err);
	if (result == 0 && buf_failed(&text))
		result = err_set(err, ERR_CONFIG, 0, "%s: the value is too large", where);
	if (result == 0 && (*out = slice_dup(buf_view(&text))) == NULL)
		result = err_set(err, ERR_FATAL, ENOMEM, "%s: out of memory", where);
	*secret = r.secret;
	if (text.data != NULL)
		explicit_bzero(text.data, text.cap);
	buf_release(&text);
	return result;
}

int properties_resolve(struct properties *p, const struct properties_port *port, struct err *err)
{
	for (size_t i = 0; i < p->count; i++) {
		struct property *item = &p->items[i];
		char *where = NULL, *value;
		bool secret;
		int result;

		if (asprintf(&where, "%s:%d: %s", p->name, item->line, item->key) < 0)
			return err_set(err, ERR_FATAL, ENOMEM, "out of memory");
		result = properties_resolve_value(where, item->value, port, &value, &secret, err);
		free(where);
		if (result != 0)
			return -1;
		free(item->value);
		item->value = value;
		item->secret |= secret;
	}
	return 0;
}
