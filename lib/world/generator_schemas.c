#include "world/generator_encode.h"

/* Literal texts, as producers in the wild registered them. The event schemas
 * are those of schemas/input/; the changelog schemas are what Debezium's Oracle
 * connector and the Avro converter make of the two tables. */
static const char *const texts[GENERATOR_SCHEMAS] = {
	[SCHEMA_CLICK + GENERATION_2025_SPRING] = "{\"type\":\"record\",\"name\":\"recordValue\",\"fields\":["
						  "{\"name\":\"ACTIVITY_ID\",\"type\":\"string\"},"
						  "{\"name\":\"CUSTOMER_EMAIL\",\"type\":\"string\"},"
						  "{\"name\":\"HOTEL_ID\",\"type\":\"string\"},"
						  "{\"name\":\"ACTION\",\"type\":\"string\"},"
						  "{\"name\":\"EVENT_DURATION\",\"type\":\"int\"},"
						  "{\"name\":\"URL\",\"type\":\"string\"},"
						  "{\"name\":\"CREATED_AT\",\"type\":{\"type\":\"long\","
						  "\"flink.precision\":3,\"flink.version\":1,\"logicalTyp"
						  "e\":\"local-timestamp-millis\"}}]}",
	[SCHEMA_CLICK + GENERATION_2025_AUTUMN] =
		"{\"type\":\"record\",\"name\":\"ClickstreamEvent\",\"fields\":[{\"name\":\"ACTIVITY_ID\","
		"\"type\":\"string\"},"
		"{\"name\":\"CUSTOMER_EMAIL\",\"type\":\"string\"},"
		"{\"name\":\"HOTEL_ID\",\"type\":\"string\"},"
		"{\"name\":\"ACTION\",\"type\":\"string\"},"
		"{\"name\":\"EVENT_DURATION\",\"type\":\"int\"},"
		"{\"name\":\"URL\",\"type\":\"string\"},"
		"{\"name\":\"CREATED_AT\",\"type\":{\"type\":\"long\",\"flink.precision\":3,\"flink."
		"version\":1,\"logicalTyp"
		"e\":\"local-timestamp-millis\"}}]}",
	[SCHEMA_CLICK + GENERATION_2026] = "{\"type\":\"record\",\"name\":\"ClickstreamEvent\",\"fields\":[{"
					   "\"name\":\"activity_id\",\"type\":\"string\"},"
					   "{\"name\":\"customer_email\",\"type\":\"string\"},"
					   "{\"name\":\"hotel_id\",\"type\":\"string\"},"
					   "{\"name\":\"action\",\"type\":\"string\"},"
					   "{\"name\":\"event_duration\",\"type\":\"int\"},"
					   "{\"name\":\"url\",\"type\":\"string\"},"
					   "{\"name\":\"created_at\",\"type\":{\"type\":\"long\",\"flink."
					   "precision\":3,\"flink.version\":1,\"logicalTyp"
					   "e\":\"timestamp-millis\"}}]}",
	[SCHEMA_BOOKING + GENERATION_2025_SPRING] =
		"{\"type\":\"record\",\"name\":\"recordValue\",\"fields\":[{\"name\":\"BOOKING_ID\",\"type\":"
		"\"string\"},"
		"{\"name\":\"CUSTOMER_EMAIL\",\"type\":\"string\"},"
		"{\"name\":\"HOTEL_ID\",\"type\":\"string\"},"
		"{\"name\":\"CHECK_IN\",\"type\":\"string\"},"
		"{\"name\":\"CHECK_OUT\",\"type\":\"string\"},"
		"{\"name\":\"OCCUPANTS\",\"type\":\"int\"},"
		"{\"name\":\"PRICE\",\"type\":\"int\"},"
		"{\"name\":\"CREATED_AT\",\"type\":{\"type\":\"long\",\"flink.precision\":3,\"flink."
		"version\":1,\"logicalTyp"
		"e\":\"local-timestamp-millis\"}}]}",
	[SCHEMA_BOOKING + GENERATION_2025_AUTUMN] =
		"{\"type\":\"record\",\"name\":\"BookingEvent\",\"fields\":[{\"name\":\"BOOKING_ID\","
		"\"type\":\"string\"},"
		"{\"name\":\"CUSTOMER_EMAIL\",\"type\":\"string\"},"
		"{\"name\":\"HOTEL_ID\",\"type\":\"string\"},"
		"{\"name\":\"CHECK_IN\",\"type\":\"long\"},"
		"{\"name\":\"CHECK_OUT\",\"type\":\"long\"},"
		"{\"name\":\"OCCUPANTS\",\"type\":\"int\"},"
		"{\"name\":\"PRICE\",\"type\":\"int\"},"
		"{\"name\":\"CREATED_AT\",\"type\":{\"type\":\"long\",\"flink.precision\":3,\"flink."
		"version\":1,\"logicalTyp"
		"e\":\"local-timestamp-millis\"}}]}",
	[SCHEMA_BOOKING + GENERATION_2026] = "{\"type\":\"record\",\"name\":\"BookingEvent\",\"fields\":[{"
					     "\"name\":\"booking_id\",\"type\":\"string\"},"
					     "{\"name\":\"customer_email\",\"type\":\"string\"},"
					     "{\"name\":\"hotel_id\",\"type\":\"string\"},"
					     "{\"name\":\"check_in\",\"type\":\"long\"},"
					     "{\"name\":\"check_out\",\"type\":\"long\"},"
					     "{\"name\":\"occupants\",\"type\":\"int\"},"
					     "{\"name\":\"price\",\"type\":\"int\"},"
					     "{\"name\":\"created_at\",\"type\":{\"type\":\"long\",\"flink."
					     "precision\":3,\"flink.version\":1,\"logicalTyp"
					     "e\":\"timestamp-millis\"}}]}",
	[SCHEMA_REVIEW + GENERATION_2025_SPRING] = "{\"type\":\"record\",\"name\":\"recordValue\",\"fields\":"
						   "[{\"name\":\"REVIEW_ID\",\"type\":\"string\"},"
						   "{\"name\":\"CUSTOMER_EMAIL\",\"type\":\"string\"},"
						   "{\"name\":\"HOTEL_ID\",\"type\":\"string\"},"
						   "{\"name\":\"BOOKING_ID\",\"type\":\"string\"},"
						   "{\"name\":\"REVIEW_RATING\",\"type\":\"int\"},"
						   "{\"name\":\"REVIEW_TEXT\",\"type\":\"string\"},"
						   "{\"name\":\"CREATED_AT\",\"type\":{\"type\":\"long\","
						   "\"flink.precision\":3,\"flink.version\":1,\"logicalTyp"
						   "e\":\"local-timestamp-millis\"}}]}",
	[SCHEMA_REVIEW + GENERATION_2025_AUTUMN] = "{\"type\":\"record\",\"name\":\"HotelReviewEvent\","
						   "\"fields\":[{\"name\":\"REVIEW_ID\",\"type\":\"string\"},"
						   "{\"name\":\"BOOKING_ID\",\"type\":\"string\"},"
						   "{\"name\":\"REVIEW_RATING\",\"type\":\"int\"},"
						   "{\"name\":\"REVIEW_TEXT\",\"type\":\"string\"},"
						   "{\"name\":\"CREATED_AT\",\"type\":{\"type\":\"long\","
						   "\"flink.precision\":3,\"flink.version\":1,\"logicalTyp"
						   "e\":\"local-timestamp-millis\"}}]}",
	[SCHEMA_REVIEW + GENERATION_2026] = "{\"type\":\"record\",\"name\":\"ReviewEvent\",\"fields\":[{"
					    "\"name\":\"review_id\",\"type\":\"string\"},"
					    "{\"name\":\"hotel_id\",\"type\":\"string\"},"
					    "{\"name\":\"review_rating\",\"type\":\"int\"},"
					    "{\"name\":\"review_text\",\"type\":\"string\"},"
					    "{\"name\":\"created_at\",\"type\":{\"type\":\"long\",\"flink."
					    "precision\":3,\"flink.version\":1,\"logicalTyp"
					    "e\":\"timestamp-millis\"}}]}",
	[SCHEMA_HOTEL_KEY] = "{\"type\":\"record\",\"name\":\"Key\",\"namespace\":\"riverhotel.SAMPLE."
			     "HOTEL\",\"fields\":[{\"name\":\"HOTEL"
			     "_ID\",\"type\":\"string\"}],\"connect.name\":\"riverhotel.SAMPLE.HOTEL.Key\"}",
	[SCHEMA_HOTEL_ENVELOPE] =
		"{\"type\":\"record\",\"name\":\"Envelope\",\"namespace\":\"riverhotel.SAMPLE.HOTEL\","
		"\"fields\":[{\"name\":\""
		"before\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"Value\",\"fields\":[{\"name\":"
		"\"HOTEL_ID\",\"type\":\""
		"string\"},"
		"{\"name\":\"NAME\",\"type\":[\"null\",\"string\"],\"default\":null},"
		"{\"name\":\"CLASS\",\"type\":[\"null\",{\"type\":\"int\",\"connect.type\":\"int16\"}],"
		"\"default\":null},"
		"{\"name\":\"DESCRIPTION\",\"type\":[\"null\",\"string\"],\"default\":null},"
		"{\"name\":\"CITY\",\"type\":[\"null\",\"string\"],\"default\":null},"
		"{\"name\":\"COUNTRY\",\"type\":[\"null\",\"string\"],\"default\":null},"
		"{\"name\":\"ROOM_CAPACITY\",\"type\":[\"null\",\"int\"],\"default\":null},"
		"{\"name\":\"AMENITIES\",\"type\":[\"null\",\"string\"],\"default\":null},"
		"{\"name\":\"CREATED_AT\",\"type\":[\"null\",{\"type\":\"long\",\"connect.version\":1,"
		"\"connect.name\":\"io.de"
		"bezium.time.MicroTimestamp\"}],\"default\":null}],\"connect.name\":\"riverhotel.SAMPLE."
		"HOTEL.Value"
		"\"}],\"default\":null},"
		"{\"name\":\"after\",\"type\":[\"null\",\"Value\"],\"default\":null},"
		"{\"name\":\"source\",\"type\":{\"type\":\"record\",\"name\":\"Source\",\"namespace\":\"io."
		"debezium.connector."
		"oracle\",\"fields\":[{\"name\":\"version\",\"type\":\"string\"},"
		"{\"name\":\"connector\",\"type\":\"string\"},"
		"{\"name\":\"name\",\"type\":\"string\"},"
		"{\"name\":\"ts_ms\",\"type\":\"long\"},"
		"{\"name\":\"snapshot\",\"type\":[{\"type\":\"string\",\"connect.version\":1,\"connect."
		"parameters\":{\"allow"
		"ed\":\"true,first,first_in_data_collection,last_in_data_collection,last,false,incremental\"}"
		",\"c"
		"onnect.default\":\"false\",\"connect.name\":\"io.debezium.data.Enum\"},\"null\"],"
		"\"default\":\"false\"},"
		"{\"name\":\"db\",\"type\":\"string\"},"
		"{\"name\":\"schema\",\"type\":\"string\"},"
		"{\"name\":\"table\",\"type\":\"string\"}],\"connect.name\":\"io.debezium.connector.oracle."
		"Source\"}},"
		"{\"name\":\"op\",\"type\":\"string\"},"
		"{\"name\":\"ts_ms\",\"type\":[\"null\",\"long\"],\"default\":null}],\"connect.version\":1,"
		"\"connect.name\":\""
		"riverhotel.SAMPLE.HOTEL.Envelope\"}",
	[SCHEMA_HOTEL_FLAT] = "{\"type\":\"record\",\"name\":\"Value\",\"namespace\":\"riverhotel.SAMPLE."
			      "HOTEL\",\"fields\":[{\"name\":\"HOT"
			      "EL_ID\",\"type\":\"string\"},"
			      "{\"name\":\"NAME\",\"type\":[\"null\",\"string\"],\"default\":null},"
			      "{\"name\":\"CLASS\",\"type\":[\"null\",{\"type\":\"int\",\"connect.type\":"
			      "\"int16\"}],\"default\":null},"
			      "{\"name\":\"DESCRIPTION\",\"type\":[\"null\",\"string\"],\"default\":null},"
			      "{\"name\":\"CITY\",\"type\":[\"null\",\"string\"],\"default\":null},"
			      "{\"name\":\"COUNTRY\",\"type\":[\"null\",\"string\"],\"default\":null},"
			      "{\"name\":\"ROOM_CAPACITY\",\"type\":[\"null\",\"int\"],\"default\":null},"
			      "{\"name\":\"AMENITIES\",\"type\":[\"null\",\"string\"],\"default\":null},"
			      "{\"name\":\"CREATED_AT\",\"type\":[\"null\",{\"type\":\"long\",\"connect."
			      "version\":1,\"connect.name\":\"io.de"
			      "bezium.time.MicroTimestamp\"}],\"default\":null}],\"connect.name\":"
			      "\"riverhotel.SAMPLE.HOTEL.Value"
			      "\"}",
	[SCHEMA_CUSTOMER_KEY] =
		"{\"type\":\"record\",\"name\":\"Key\",\"namespace\":\"riverhotel.SAMPLE.CUSTOMER\","
		"\"fields\":[{\"name\":\"CU"
		"STOMER_ID\",\"type\":\"string\"}],\"connect.name\":\"riverhotel.SAMPLE.CUSTOMER.Key\"}",
	[SCHEMA_CUSTOMER_ENVELOPE] =
		"{\"type\":\"record\",\"name\":\"Envelope\",\"namespace\":\"riverhotel.SAMPLE.CUSTOMER\","
		"\"fields\":[{\"name"
		"\":\"before\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"Value\",\"fields\":[{"
		"\"name\":\"CUSTOMER_ID\",\"t"
		"ype\":\"string\"},"
		"{\"name\":\"EMAIL\",\"type\":[\"null\",\"string\"],\"default\":null},"
		"{\"name\":\"FIRST_NAME\",\"type\":[\"null\",\"string\"],\"default\":null},"
		"{\"name\":\"LAST_NAME\",\"type\":[\"null\",\"string\"],\"default\":null},"
		"{\"name\":\"CREATED_AT\",\"type\":[\"null\",{\"type\":\"long\",\"connect.version\":1,"
		"\"connect.name\":\"io.de"
		"bezium.time.MicroTimestamp\"}],\"default\":null}],\"connect.name\":\"riverhotel.SAMPLE."
		"CUSTOMER.Va"
		"lue\"}],\"default\":null},"
		"{\"name\":\"after\",\"type\":[\"null\",\"Value\"],\"default\":null},"
		"{\"name\":\"source\",\"type\":{\"type\":\"record\",\"name\":\"Source\",\"namespace\":\"io."
		"debezium.connector."
		"oracle\",\"fields\":[{\"name\":\"version\",\"type\":\"string\"},"
		"{\"name\":\"connector\",\"type\":\"string\"},"
		"{\"name\":\"name\",\"type\":\"string\"},"
		"{\"name\":\"ts_ms\",\"type\":\"long\"},"
		"{\"name\":\"snapshot\",\"type\":[{\"type\":\"string\",\"connect.version\":1,\"connect."
		"parameters\":{\"allow"
		"ed\":\"true,first,first_in_data_collection,last_in_data_collection,last,false,incremental\"}"
		",\"c"
		"onnect.default\":\"false\",\"connect.name\":\"io.debezium.data.Enum\"},\"null\"],"
		"\"default\":\"false\"},"
		"{\"name\":\"db\",\"type\":\"string\"},"
		"{\"name\":\"schema\",\"type\":\"string\"},"
		"{\"name\":\"table\",\"type\":\"string\"}],\"connect.name\":\"io.debezium.connector.oracle."
		"Source\"}},"
		"{\"name\":\"op\",\"type\":\"string\"},"
		"{\"name\":\"ts_ms\",\"type\":[\"null\",\"long\"],\"default\":null}],\"connect.version\":1,"
		"\"connect.name\":\""
		"riverhotel.SAMPLE.CUSTOMER.Envelope\"}",
	[SCHEMA_CUSTOMER_FLAT] = "{\"type\":\"record\",\"name\":\"Value\",\"namespace\":\"riverhotel.SAMPLE."
				 "CUSTOMER\",\"fields\":[{\"name\":\""
				 "CUSTOMER_ID\",\"type\":\"string\"},"
				 "{\"name\":\"EMAIL\",\"type\":[\"null\",\"string\"],\"default\":null},"
				 "{\"name\":\"FIRST_NAME\",\"type\":[\"null\",\"string\"],\"default\":null},"
				 "{\"name\":\"LAST_NAME\",\"type\":[\"null\",\"string\"],\"default\":null},"
				 "{\"name\":\"CREATED_AT\",\"type\":[\"null\",{\"type\":\"long\",\"connect."
				 "version\":1,\"connect.name\":\"io.de"
				 "bezium.time.MicroTimestamp\"}],\"default\":null}],\"connect.name\":"
				 "\"riverhotel.SAMPLE.CUSTOMER.Va"
				 "lue\"}",
};

const char *generator_schema_text(enum generator_schema schema)
{
	return texts[schema];
}

enum input generator_schema_input(enum generator_schema schema)
{
	if (schema < SCHEMA_HOTEL_KEY)
		return (enum input)(schema / GENERATIONS);
	return schema < SCHEMA_CUSTOMER_KEY ? INPUT_HOTEL : INPUT_CUSTOMER;
}

bool generator_schema_is_key(enum generator_schema schema)
{
	return schema == SCHEMA_HOTEL_KEY || schema == SCHEMA_CUSTOMER_KEY;
}

bool generator_schema_needed(const struct generator_encoding *e, enum generation generation,
			     enum generator_schema schema)
{
	if (e->format != GENERATED_AVRO)
		return false;
	if (schema < SCHEMA_HOTEL_KEY)
		return generation == GENERATION_MIXED ||
		       (unsigned)schema % GENERATIONS == (unsigned)generation;
	if (generator_schema_is_key(schema))
		return true;
	return (e->cdc == GENERATED_DEBEZIUM) ==
	       (schema == SCHEMA_HOTEL_ENVELOPE || schema == SCHEMA_CUSTOMER_ENVELOPE);
}

static const char *const generation_names[] = {"2025-spring", "2025-autumn", "2026", "mixed"};

const char *generation_name(enum generation generation)
{
	return generation_names[generation];
}

int generation_parse(const char *word)
{
	for (int i = 0; i <= GENERATION_MIXED; i++) {
		if (strcmp(word, generation_names[i]) == 0)
			return i;
	}
	return -1;
}
