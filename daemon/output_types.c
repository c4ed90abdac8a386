#include "daemon/output_types.h"

#include "base/json_read.h"
#include "wire/registry_reply.h"

#include <string.h>
#include <strings.h>

static const char *const date_words[] = {"auto", "long", "string"};
static const char *const price_words[] = {"auto", "int", "long", "double", "string"};

static int word_index(const char *word, const char *const *words, int count)
{
	for (int i = 0; i < count; i++)
		if (word != NULL && strcmp(word, words[i]) == 0)
			return i;
	return -1;
}

const char *output_types_date_word(int date_type)
{
	return date_words[date_type];
}

const char *output_types_price_word(int price_type)
{
	return price_words[price_type];
}

int output_types_date(const char *word)
{
	return word_index(word, date_words, 3);
}

int output_types_price(const char *word)
{
	return word_index(word, price_words, 5);
}

/* The Avro type of a field: "string", "long", ...; of a nullable union its other branch. */
static const char *type_name(const cJSON *type)
{
	const cJSON *branch;

	if (cJSON_IsString(type))
		return type->valuestring;
	if (cJSON_IsObject(type))
		return type_name(json_member(type, "type"));
	cJSON_ArrayForEach(branch, type)
	{
		const char *name = type_name(branch);

		if (name != NULL && strcmp(name, "null") != 0)
			return name;
	}
	return NULL;
}

static const char *field_type(const cJSON *schema, const char *field)
{
	const cJSON *item, *fields = json_member(schema, "fields");

	cJSON_ArrayForEach(item, fields)
	{
		const char *name = json_member_string(item, "name");

		if (name != NULL && strcasecmp(name, field) == 0)
			return type_name(json_member(item, "type"));
	}
	return NULL;
}

void output_types_learn(struct slice text, int *date_type, int *price_type)
{
	struct err ignored;
	cJSON *schema = json_read(text, REGISTRY_MAX_SCHEMA, &ignored);
	const char *date = field_type(schema, "CHECK_IN"), *price = field_type(schema, "PRICE");

	if (*date_type == SETTINGS_DATE_AUTO && date != NULL)
		*date_type = strcmp(date, "string") == 0 ? SETTINGS_DATE_STRING : SETTINGS_DATE_LONG;
	if (*price_type == SETTINGS_PRICE_AUTO && price != NULL) {
		if (strcmp(price, "float") == 0 || strcmp(price, "bytes") == 0)
			price = "double"; /* widened; decimals have no better match here */
		if (output_types_price(price) > 0)
			*price_type = output_types_price(price);
	}
	cJSON_Delete(schema);
}

void output_types_settle(int *date_type, int *price_type)
{
	if (*date_type == SETTINGS_DATE_AUTO)
		*date_type = SETTINGS_DATE_LONG;
	if (*price_type == SETTINGS_PRICE_AUTO)
		*price_type = SETTINGS_PRICE_INT;
}

struct outputs *output_types_outputs(const struct settings *s, int date_type, int price_type, struct err *err)
{
	struct outputs_options options = {
		.date_type = date_type == SETTINGS_DATE_STRING ? DATE_STRING : DATE_LONG,
		.price_type = (enum price_type)(price_type - SETTINGS_PRICE_INT),
	};

	for (int i = 0; i < OUTPUTS; i++)
		options.topics[i] = s->outputs[i].topic;
	return outputs_new(&options, err);
}
