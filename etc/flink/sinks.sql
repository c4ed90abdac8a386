-- What is written: the topics and, to the letter, the schemas of riverd (schemas/*.avsc),
-- so that consumers need not know who wrote.

CREATE TABLE TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY (
	CUSTOMER_EMAIL STRING NOT NULL,
	HOTEL_ID STRING NOT NULL,
	ACTIVITY_TIME TIMESTAMP(3) NOT NULL,
	HOTEL_NAME STRING NOT NULL,
	HOTEL_CITY STRING NOT NULL,
	SIMILAR_HOTELS ARRAY<STRING>,
	HOTEL_REVIEWS STRING,
	REVIEW_SUMMARY STRING
) WITH (
	'connector' = 'kafka',
	'topic' = '${PREFIX}TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY',
	'properties.bootstrap.servers' = '${KAFKA}',
	'properties.transaction.timeout.ms' = '600000',
	'sink.delivery-guarantee' = 'exactly-once',
	'sink.transactional-id-prefix' = '${GROUP}-${PREFIX}TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY',
	'key.format' = 'avro-confluent',
	'key.fields' = 'CUSTOMER_EMAIL',
	'key.avro-confluent.url' = '${REGISTRY}',
	'key.avro-confluent.schema' = '{"type": "record", "name": "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY_key", "namespace": "org.apache.flink.avro.generated.record", "fields": [{"name": "CUSTOMER_EMAIL", "type": "string"}]}',
	'value.format' = 'avro-confluent',
	'value.fields-include' = 'ALL',
	'value.avro-confluent.url' = '${REGISTRY}',
	'value.avro-confluent.schema' = '{"type": "record", "name": "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY_value", "namespace": "org.apache.flink.avro.generated.record", "fields": [{"name": "CUSTOMER_EMAIL", "type": "string"}, {"name": "HOTEL_ID", "type": "string"}, {"name": "ACTIVITY_TIME", "type": {"type": "long", "logicalType": "timestamp-millis"}}, {"name": "HOTEL_NAME", "type": "string"}, {"name": "HOTEL_CITY", "type": "string"}, {"name": "SIMILAR_HOTELS", "type": ["null", {"type": "array", "items": ["null", "string"]}], "default": null}, {"name": "HOTEL_REVIEWS", "type": ["null", "string"], "default": null}, {"name": "REVIEW_SUMMARY", "type": ["null", "string"], "default": null}]}'
);

CREATE TABLE HOTEL_BOOKINGS (
	BOOKING_ID STRING NOT NULL,
	CUSTOMER_EMAIL STRING NOT NULL,
	HOTEL_ID STRING NOT NULL,
	HOTEL_NAME STRING,
	CITY STRING,
	COUNTRY STRING,
	CHECK_IN ${DATE},
	CHECK_OUT ${DATE},
	PRICE INT
) WITH (
	'connector' = 'kafka',
	'topic' = '${PREFIX}HOTEL_BOOKINGS',
	'properties.bootstrap.servers' = '${KAFKA}',
	'properties.transaction.timeout.ms' = '600000',
	'sink.delivery-guarantee' = 'exactly-once',
	'sink.transactional-id-prefix' = '${GROUP}-${PREFIX}HOTEL_BOOKINGS',
	'key.format' = 'avro-confluent',
	'key.fields' = 'CUSTOMER_EMAIL',
	'key.avro-confluent.url' = '${REGISTRY}',
	'key.avro-confluent.schema' = '{"type": "record", "name": "HOTEL_BOOKINGS_key", "namespace": "org.apache.flink.avro.generated.record", "fields": [{"name": "CUSTOMER_EMAIL", "type": "string"}]}',
	'value.format' = 'avro-confluent',
	'value.fields-include' = 'ALL',
	'value.avro-confluent.url' = '${REGISTRY}',
	'value.avro-confluent.schema' = '{"type": "record", "name": "HOTEL_BOOKINGS_value", "namespace": "org.apache.flink.avro.generated.record", "fields": [{"name": "BOOKING_ID", "type": "string"}, {"name": "CUSTOMER_EMAIL", "type": "string"}, {"name": "HOTEL_ID", "type": "string"}, {"name": "HOTEL_NAME", "type": ["null", "string"], "default": null}, {"name": "CITY", "type": ["null", "string"], "default": null}, {"name": "COUNTRY", "type": ["null", "string"], "default": null}, {"name": "CHECK_IN", "type": ["null", "${DATE_AVRO}"], "default": null}, {"name": "CHECK_OUT", "type": ["null", "${DATE_AVRO}"], "default": null}, {"name": "PRICE", "type": ["null", "int"], "default": null}]}'
);

CREATE TABLE HOTEL_CATALOG (
	HOTEL_ID STRING NOT NULL,
	NAME STRING,
	DESCRIPTION STRING,
	CITY STRING,
	COUNTRY STRING
) WITH (
	'connector' = 'kafka',
	'topic' = '${PREFIX}HOTEL_CATALOG',
	'properties.bootstrap.servers' = '${KAFKA}',
	'properties.transaction.timeout.ms' = '600000',
	'sink.delivery-guarantee' = 'exactly-once',
	'sink.transactional-id-prefix' = '${GROUP}-${PREFIX}HOTEL_CATALOG',
	'key.format' = 'avro-confluent',
	'key.fields' = 'HOTEL_ID',
	'key.avro-confluent.url' = '${REGISTRY}',
	'key.avro-confluent.schema' = '{"type": "record", "name": "HOTEL_CATALOG_key", "namespace": "org.apache.flink.avro.generated.record", "fields": [{"name": "HOTEL_ID", "type": "string"}]}',
	'value.format' = 'avro-confluent',
	'value.fields-include' = 'ALL',
	'value.avro-confluent.url' = '${REGISTRY}',
	'value.avro-confluent.schema' = '{"type": "record", "name": "HOTEL_CATALOG_value", "namespace": "org.apache.flink.avro.generated.record", "fields": [{"name": "HOTEL_ID", "type": "string"}, {"name": "NAME", "type": ["null", "string"], "default": null}, {"name": "DESCRIPTION", "type": ["null", "string"], "default": null}, {"name": "CITY", "type": ["null", "string"], "default": null}, {"name": "COUNTRY", "type": ["null", "string"], "default": null}]}'
);
