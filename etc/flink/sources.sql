-- What is read: the event topics as they are, and the changelogs twice, once as a log of
-- changes (here) and once as a table of hotels (hotel-*.sql).
--
-- Columns must be written as in the registered schemas: Avro's names know upper and lower
-- case. These are those of 2026; for topics of 2025 change the names on the left here and in
-- the four views at the end of this file, nothing else.

CREATE TABLE clickstream (
	`customer_email` STRING,
	`hotel_id` STRING,
	`action` STRING,
	`rt` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
	WATERMARK FOR `rt` AS `rt` - INTERVAL '5' SECOND
) WITH (
	'connector' = 'kafka',
	'topic' = 'clickstream',
	'properties.bootstrap.servers' = '${KAFKA}',
	'properties.group.id' = '${GROUP}',
	'scan.startup.mode' = '${STARTUP}',
	'scan.bounded.mode' = '${BOUNDED}',
	'value.format' = 'avro-confluent',
	'value.avro-confluent.url' = '${REGISTRY}'
);

CREATE TABLE bookings (
	`booking_id` STRING,
	`customer_email` STRING,
	`hotel_id` STRING,
	`check_in` BIGINT,
	`check_out` BIGINT,
	`price` INT,
	`part` INT METADATA FROM 'partition' VIRTUAL,
	`off` BIGINT METADATA FROM 'offset' VIRTUAL,
	`rt` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
	WATERMARK FOR `rt` AS `rt` - INTERVAL '5' SECOND
) WITH (
	'connector' = 'kafka',
	'topic' = 'bookings',
	'properties.bootstrap.servers' = '${KAFKA}',
	'properties.group.id' = '${GROUP}',
	'scan.startup.mode' = '${STARTUP}',
	'scan.bounded.mode' = '${BOUNDED}',
	'value.format' = 'avro-confluent',
	'value.avro-confluent.url' = '${REGISTRY}'
);

CREATE TABLE hotel_reviews (
	`review_id` STRING,
	`hotel_id` STRING,
	`review_text` STRING,
	`created_at` BIGINT,
	`rt` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL
) WITH (
	'connector' = 'kafka',
	'topic' = 'hotel_reviews',
	'properties.bootstrap.servers' = '${KAFKA}',
	'properties.group.id' = '${GROUP}',
	'scan.startup.mode' = 'earliest-offset',
	'scan.bounded.mode' = '${BOUNDED}',
	'value.format' = 'avro-confluent',
	'value.avro-confluent.url' = '${REGISTRY}'
);

CREATE TABLE hotel_log (
	`before` ROW<HOTEL_ID STRING>,
	`after` ROW<HOTEL_ID STRING, NAME STRING, DESCRIPTION STRING, CITY STRING, COUNTRY STRING, AMENITIES STRING>,
	`op` STRING,
	`off` BIGINT METADATA FROM 'offset' VIRTUAL
) WITH (
	'connector' = 'kafka',
	'topic' = 'riverhotel.SAMPLE.HOTEL',
	'properties.bootstrap.servers' = '${KAFKA}',
	'properties.group.id' = '${GROUP}',
	'scan.startup.mode' = 'earliest-offset',
	'scan.bounded.mode' = '${BOUNDED}',
	'value.format' = 'avro-confluent',
	'value.avro-confluent.url' = '${REGISTRY}'
);

CREATE TABLE customer_log (
	`before` ROW<CUSTOMER_ID STRING, EMAIL STRING>,
	`after` ROW<CUSTOMER_ID STRING, EMAIL STRING>,
	`op` STRING,
	`off` BIGINT METADATA FROM 'offset' VIRTUAL
) WITH (
	'connector' = 'kafka',
	'topic' = 'riverhotel.SAMPLE.CUSTOMER',
	'properties.bootstrap.servers' = '${KAFKA}',
	'properties.group.id' = '${GROUP}',
	'scan.startup.mode' = 'earliest-offset',
	'scan.bounded.mode' = '${BOUNDED}',
	'value.format' = 'avro-confluent',
	'value.avro-confluent.url' = '${REGISTRY}'
);
