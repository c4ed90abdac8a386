#include "wire/avro_units.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

struct unit_name {
	const char *name;
	enum value_unit unit;
};

static const struct unit_name connect_names[] = {
	{"io.debezium.time.Timestamp", UNIT_MILLIS},
	{"io.debezium.time.MicroTimestamp", UNIT_MICROS},
	{"io.debezium.time.NanoTimestamp", UNIT_NANOS},
	{"io.debezium.time.Date", UNIT_DAYS},
	{"org.apache.kafka.connect.data.Timestamp", UNIT_MILLIS},
	{"org.apache.kafka.connect.data.Date", UNIT_DAYS},
	{"org.apache.kafka.connect.data.Decimal", UNIT_DECIMAL},
};

static const struct unit_name logical_types[] = {
	{"timestamp-millis", UNIT_MILLIS},
	{"local-timestamp-millis", UNIT_MILLIS},
	{"timestamp-micros", UNIT_MICROS},
	{"local-timestamp-micros", UNIT_MICROS},
	{"timestamp-nanos", UNIT_NANOS},
	{"local-timestamp-nanos", UNIT_NANOS},
	{"date", UNIT_DAYS},
	{"decimal", UNIT_DECIMAL},
};

static enum value_unit unit_named(const struct unit_name *table, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is(name, table[i].name))
			return table[i].unit;
	return UNIT_NONE;
}

enum value_unit unit_of_connect_name(struct slice name)
{
	return unit_named(connect_names, sizeof(connect_names) / sizeof(connect_names[0]), name);
}

static const char *text_of(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsString(item) ? item->valuestring : "";
}

static bool unit_fits(enum value_unit unit, enum avro_type type)
{
	switch (unit) {
	case UNIT_MILLIS:
	case UNIT_MICROS:
	case UNIT_NANOS: return type == AVRO_TYPE_LONG;
	case UNIT_DAYS: return type == AVRO_TYPE_INT;
	case UNIT_DECIMAL: return type == AVRO_TYPE_BYTES || type == AVRO_TYPE_FIXED;
	case UNIT_NONE: return true;
	}
	return false;
}

/* The scale of a decimal: "scale" (0 when missing), else Connect's parameters,
 * which are strings. Connect writes no scale beside logicalType when it is
 * negative. False when it is out of range. */
static bool decimal_scale(const cJSON *declaration, int16_t *scale)
{
	const cJSON *number = cJSON_GetObjectItemCaseSensitive(declaration, "scale");
	const char *text =
		text_of(cJSON_GetObjectItemCaseSensitive(declaration, "connect.parameters"), "scale");
	double value = 0;

	if (cJSON_IsNumber(number))
		value = number->valuedouble;
	else if (*text != '\0')
		value = (double)strtol(text, NULL, 10);
	if (!(value >= -1000 && value <= 1000) || value != (double)(int)value)
		return false;
	*scale = (int16_t)value;
	return true;
}

void avro_annotate(struct avro_node *node, const struct cJSON *declaration)
{
	enum value_unit unit = unit_named(logical_types, sizeof(logical_types) / sizeof(logical_types[0]),
					  slice_str(text_of(declaration, "logicalType")));
	int16_t scale = 0;

	if (unit == UNIT_NONE || !unit_fits(unit, node->type))
		unit = unit_of_connect_name(slice_str(text_of(declaration, "connect.name")));
	if (unit == UNIT_NONE || !unit_fits(unit, node->type))
		return;
	if (unit == UNIT_DECIMAL && !decimal_scale(declaration, &scale))
		return;
	node->unit = (uint8_t)unit;
	node->scale = scale;
}
