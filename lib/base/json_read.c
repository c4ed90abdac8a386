#include "base/json_read.h"

#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>

/* One pass over the text outside the parser: depth, and strings with NUL. */
static int scan(struct slice text, struct err *err)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '\0')
			return err_set(err, ERR_POISON, 0, "NUL byte in JSON");
		if (in_string && c == '\\') {
			if (text.len - i >= 6 && memcmp(text.data + i, "\\u0000", 6) == 0)
				return err_set(err, ERR_POISON, 0, "JSON string holds a NUL character");
			i++;
		} else if (c == '"') {
			in_string = !in_string;
		} else if (!in_string && (c == '[' || c == '{')) {
			if (++depth > JSON_READ_MAX_DEPTH)
				return err_set(err, ERR_POISON, 0, "JSON nested deeper than %d",
					       JSON_READ_MAX_DEPTH);
		} else if (!in_string && (c == ']' || c == '}')) {
			depth--;
		}
	}
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

cJSON *json_read(struct slice text, size_t max, struct err *err)
{
	const char *end = NULL;
	cJSON *value;

	if (text.len > max) {
		err_set(err, ERR_POISON, 0, "JSON of %zu bytes is over the limit of %zu", text.len, max);
		return NULL;
	}
	if (!utf8_valid(text)) {
		err_set(err, ERR_POISON, 0, "JSON is not valid UTF-8");
		return NULL;
	}
	if (scan(text, err) != 0)
		return NULL;
	value = text.len ? cJSON_ParseWithLengthOpts(text.data, text.len, &end, 0) : NULL;
	if (value == NULL) {
		err_set(err, ERR_POISON, 0, "not JSON");
		return NULL;
	}
	while (end < text.data + text.len && is_blank(*end))
		end++;
	if (end != text.data + text.len) {
		cJSON_Delete(value);
		err_set(err, ERR_POISON, 0, "text after the end of the JSON value");
		return NULL;
	}
	return value;
}

const cJSON *json_member(const cJSON *object, const char *name)
{
	return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

const char *json_member_string(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(json_member(object, name));
}

bool json_member_integer(const cJSON *object, const char *name, int64_t *out)
{
	const cJSON *item = json_member(object, name);
	double d;

	if (!cJSON_IsNumber(item))
		return false;
	d = item->valuedouble;
	if (!isfinite(d) || d != floor(d) || fabs(d) > 9007199254740992.0)
		return false;
	*out = (int64_t)d;
	return true;
}

bool json_has_duplicates(const cJSON *object)
{
	if (!cJSON_IsObject(object))
		return false;
	for (const cJSON *a = object->child; a != NULL; a = a->next)
		if (a->string == NULL || cJSON_GetObjectItemCaseSensitive(object, a->string) != a)
			return true;
	return false;
}
