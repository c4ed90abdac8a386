#include "conf/value.h"

#include "conf/nearest.h"
#include "conf/units.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_FATAL, ENOMEM, "out of memory");
}

static bool limited(const struct conf_row *row)
{
	return row->min != 0 || row->max != 0;
}

static void limit_text(const struct conf_row *row, int64_t n, char out[UNITS_TEXT_SIZE])
{
	switch (row->type) {
	case CONF_DURATION: units_duration_text(n, out); break;
	case CONF_BYTES: units_bytes_text(n, out); break;
	case CONF_NUMBER: snprintf(out, UNITS_TEXT_SIZE, "%g", (double)n / 1000); break;
	default: snprintf(out, UNITS_TEXT_SIZE, "%lld", (long long)n);
	}
}

void conf_value_range(const struct conf_row *row, struct buf *out)
{
	char min[UNITS_TEXT_SIZE], max[UNITS_TEXT_SIZE];

	if (row->choices != NULL) {
		for (size_t i = 0; row->choices[i] != NULL; i++)
			buf_printf(out, "%s%s", i > 0 ? " | " : "", row->choices[i]);
	} else if (limited(row)) {
		limit_text(row, row->min, min);
		limit_text(row, row->max, max);
		buf_printf(out, "%s to %s", min, max);
	}
}

static int out_of_range(const struct conf_row *row, const char *text, struct err *err)
{
	char min[UNITS_TEXT_SIZE], max[UNITS_TEXT_SIZE];

	limit_text(row, row->min, min);
	limit_text(row, row->max, max);
	return err_set(err, ERR_CONFIG, 0, "%s is out of range, %s to %s", text, min, max);
}

static int parse_whole(const struct conf_row *row, const char *text, int64_t *to, struct err *err)
{
	int rc = row->type == CONF_DURATION ? units_parse_duration(text, to, err)
		 : row->type == CONF_BYTES  ? units_parse_bytes(text, to, err)
					    : units_parse_int(text, to, err);

	if (rc == 0 && limited(row) && (*to < row->min || *to > row->max))
		return out_of_range(row, text, err);
	return rc;
}

static int parse_number(const struct conf_row *row, const char *text, double *to, struct err *err)
{
	*to = NAN;
	if (*text == '\0')
		return 0;
	if (units_parse_number(text, to, err))
		return -1;
	if (limited(row) && (*to < (double)row->min / 1000 || *to > (double)row->max / 1000))
		return out_of_range(row, text, err);
	return 0;
}

static int parse_bool(const char *text, bool *to, struct err *err)
{
	static const char *const yes[] = {"yes", "on", "1"};

	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
		*to = *text == 't';
		return 0;
	}
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcasecmp(text, yes[i]) == 0)
			return err_set(err, ERR_CONFIG, 0, "\"%s\" is neither true nor false; write true",
				       text);
	}
	return err_set(err, ERR_CONFIG, 0, "\"%s\" is neither true nor false", text);
}

static int parse_choice(const struct conf_row *row, const char *text, int *to, struct err *err)
{
	struct nearest near;
	struct buf all;

	nearest_init(&near, text);
	for (size_t i = 0; row->choices[i] != NULL; i++) {
		if (strcmp(text, row->choices[i]) == 0) {
			*to = (int)i;
			return 0;
		}
		nearest_offer(&near, row->choices[i]);
	}
	buf_init(&all, 1000);
	conf_value_range(row, &all);
	if (near.best != NULL)
		err_set(err, ERR_CONFIG, 0, "\"%s\" is not one of %s; did you mean %s?", text, buf_cstr(&all),
			near.best);
	else
		err_set(err, ERR_CONFIG, 0, "\"%s\" is not one of %s", text, buf_cstr(&all));
	buf_release(&all);
	return -1;
}

/* The shape only; who connects finds out the rest. */
static int check_url(const char *text, struct err *err)
{
	const char *rest = strncmp(text, "http://", 7) == 0    ? text + 7
			   : strncmp(text, "https://", 8) == 0 ? text + 8
							       : NULL;

	if (rest == NULL)
		return err_set(err, ERR_CONFIG, 0,
			       "a URL begins with http:// or https://"); /* may hold a password */
	if (strcspn(rest, "/?#") == 0 || strpbrk(rest, " \t\"<>\\") != NULL)
		return err_set(err, ERR_CONFIG, 0, "the URL is malformed; write https://host:port");
	return 0;
}

/* host:port or [v6]:port; 0 is a port: any free one. */
static int check_address(const char *text, struct err *err)
{
	const char *colon = strrchr(text, ':');
	char *end;
	long port;

	if (colon == NULL || colon == text || colon[1] < '0' || colon[1] > '9')
		return err_set(err, ERR_CONFIG, 0, "\"%s\" is not an address; write host:port", text);
	port = strtol(colon + 1, &end, 10);
	if (*end != '\0' || port > 65535)
		return err_set(err, ERR_CONFIG, 0, "\"%s\": the port is a number up to 65535", text);
	if (memchr(text, ':', (size_t)(colon - text)) != NULL && (text[0] != '[' || colon[-1] != ']'))
		return err_set(err, ERR_CONFIG, 0, "\"%s\" is not an address; write [v6-address]:port", text);
	return 0;
}

static int parse_text(const struct conf_row *row, const char *text, char **to, struct err *err)
{
	*to = NULL;
	if (*text == '\0')
		return 0;
	if ((row->type == CONF_URL && check_url(text, err)) ||
	    (row->type == CONF_ADDRESS && check_address(text, err)))
		return -1;
	*to = slice_dup(slice_str(text));
	return *to == NULL ? out_of_memory(err) : 0;
}

static int add_item(struct conf_list *list, struct slice item, struct err *err)
{
	char **grown = realloc(list->items, (list->count + 1) * sizeof(*grown));

	if (grown == NULL)
		return out_of_memory(err);
	list->items = grown;
	list->items[list->count] = slice_dup(item);
	if (list->items[list->count] == NULL)
		return out_of_memory(err);
	list->count++;
	return 0;
}

/* Comma-separated; blanks around items do not count, empty items are errors. */
static int parse_list(const struct conf_row *row, const char *text, struct conf_list *to, struct err *err)
{
	*to = (struct conf_list){0};
	if (*text == '\0')
		return 0;
	for (;;) {
		size_t len = strcspn(text, ",");
		struct slice item;
		bool last = text[len] == '\0';

		while (len > 0 && (*text == ' ' || *text == '\t')) {
			text++;
			len--;
		}
		item = slice_trim_right(slice_make(text, len));
		if (item.len == 0)
			return err_set(err, ERR_CONFIG, 0, "an item of the list is empty");
		if (add_item(to, item, err))
			return -1;
		if (row->type == CONF_URLS && check_url(to->items[to->count - 1], err))
			return -1;
		if (last)
			return 0;
		text += len + 1;
	}
}

int conf_value_parse(const struct conf_row *row, const char *text, void *to, struct err *err)
{
	switch (row->type) {
	case CONF_SECTION:
	case CONF_KEPT: return 0;
	case CONF_STRING:
	case CONF_SECRET:
	case CONF_PATH:
	case CONF_URL:
	case CONF_ADDRESS: return parse_text(row, text, to, err);
	case CONF_BOOL: return parse_bool(text, to, err);
	case CONF_INT:
	case CONF_DURATION:
	case CONF_BYTES: return parse_whole(row, text, to, err);
	case CONF_NUMBER: return parse_number(row, text, to, err);
	case CONF_ENUM: return parse_choice(row, text, to, err);
	case CONF_LIST:
	case CONF_URLS: return parse_list(row, text, to, err);
	}
	return 0;
}

void conf_value_release(const struct conf_row *row, void *member)
{
	struct conf_list *list = member;
	char **text = member;

	switch (row->type) {
	case CONF_STRING:
	case CONF_SECRET:
	case CONF_PATH:
	case CONF_URL:
	case CONF_ADDRESS:
		if (*text != NULL)
			explicit_bzero(*text, strlen(*text));
		free(*text);
		*text = NULL;
		break;
	case CONF_LIST:
	case CONF_URLS:
		for (size_t i = 0; i < list->count; i++)
			free(list->items[i]);
		free(list->items);
		*list = (struct conf_list){0};
		break;
	default: break;
	}
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_list(const struct conf_list *a, const struct conf_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return true;
}

bool conf_value_equal(const struct conf_row *row, const void *a, const void *b)
{
	const double *x = a, *y = b;

	switch (row->type) {
	case CONF_SECTION:
	case CONF_KEPT: return true;
	case CONF_STRING:
	case CONF_SECRET:
	case CONF_PATH:
	case CONF_URL:
	case CONF_ADDRESS: return same_text(*(char *const *)a, *(char *const *)b);
	case CONF_BOOL: return *(const bool *)a == *(const bool *)b;
	case CONF_INT:
	case CONF_DURATION:
	case CONF_BYTES: return *(const int64_t *)a == *(const int64_t *)b;
	case CONF_NUMBER: return (isnan(*x) && isnan(*y)) || !(*x < *y || *x > *y || isnan(*x) || isnan(*y));
	case CONF_ENUM: return *(const int *)a == *(const int *)b;
	case CONF_LIST:
	case CONF_URLS: return same_list(a, b);
	}
	return true;
}
