#include "kafka_properties.h"

#include <stdio.h>
#include <string.h>

int kafka_property_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *err)
{
	char text[256];

	if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) != RD_KAFKA_CONF_OK)
		return err_set(err, ERR_CONFIG, 0, "%s", text);
	return 0;
}

int kafka_properties_set(rd_kafka_conf_t *conf, const char *const *properties, struct err *err)
{
	for (; properties != NULL && *properties != NULL; properties++) {
		const char *equals = strchr(*properties, '=');
		char name[128];

		if (equals == NULL || (size_t)(equals - *properties) >= sizeof(name))
			return err_set(err, ERR_CONFIG, 0, "%s: expected name=value", *properties);
		snprintf(name, sizeof(name), "%.*s", (int)(equals - *properties), *properties);
		if (kafka_property_set(conf, name, equals + 1, err) != 0)
			return -1;
	}
	return 0;
}
