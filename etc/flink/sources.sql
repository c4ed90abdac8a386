-- The inputs. Avro's names know upper and lower case: records of 2025 are in upper case, those of
-- 2026 in lower case. Each column is declared in both; what a record's schema lacks is null, so the
-- same table reads either, and both in one topic.

CREATE TABLE clickstream_records (
	`customer_email` STRING,
	`CUSTOMER_EMAIL` STRING,
	`hotel_id` STRING,
	`HOTEL_ID` STRING,
	`action` STRING,
	`ACTION` STRING,
	`rt` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
	WATERMARK FOR `rt` AS `rt` - INTERVAL '5' SECOND
) WITH (
	'connector' = 'kafka',
	'topic' = 'clickstream',
	'properties.bootstrap.servers' = '${KAFKA}',
	'properties.group.id' = '${GROUP}',
	'scan.startup.mode' = '${STARTUP}',
	'scan.startup.timestamp-millis' = '${STARTUP_MS}',
	'scan.bounded.mode' = '${BOUNDED}',
	'value.format' = 'avro-confluent',
	'value.avro-confluent.url' = '${REGISTRY}'
);

CREATE VIEW clickstream AS
SELECT COALESCE(`customer_email`, `CUSTOMER_EMAIL`) AS customer_email, COALESCE(`hotel_id`, `HOTEL_ID`) AS hotel_id,
	COALESCE(`action`, `ACTION`) AS `action`, `rt`
FROM clickstream_records;

CREATE TABLE booking_records (
	`booking_id` STRING,
	`BOOKING_ID` STRING,
	`customer_email` STRING,
	`CUSTOMER_EMAIL` STRING,
	`hotel_id` STRING,
	`HOTEL_ID` STRING,
	`check_in` ${DATE},
	`CHECK_IN` ${DATE},
	`check_out` ${DATE},
	`CHECK_OUT` ${DATE},
	`price` INT,
	`PRICE` INT,
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
	'scan.startup.timestamp-millis' = '${STARTUP_MS}',
	'scan.bounded.mode' = '${BOUNDED}',
	'value.format' = 'avro-confluent',
	'value.avro-confluent.url' = '${REGISTRY}'
);

CREATE VIEW bookings AS
SELECT COALESCE(`customer_email`, `CUSTOMER_EMAIL`) AS customer_email, `rt`
FROM booking_records;

-- The same topic once more, for HOTEL_BOOKINGS: it may begin elsewhere than the join's.
CREATE TABLE booking_log_records WITH (
	'scan.startup.mode' = '${BOOKINGS_STARTUP}',
	'scan.startup.specific-offsets' = '${BOOKINGS_FROM}'
) LIKE booking_records (OVERWRITING OPTIONS);

CREATE VIEW bookings_log AS
SELECT `part`, `off`, COALESCE(`booking_id`, `BOOKING_ID`) AS booking_id,
	COALESCE(`customer_email`, `CUSTOMER_EMAIL`) AS customer_email, COALESCE(`hotel_id`, `HOTEL_ID`) AS hotel_id,
	COALESCE(`check_in`, `CHECK_IN`) AS check_in, COALESCE(`check_out`, `CHECK_OUT`) AS check_out,
	COALESCE(`price`, `PRICE`) AS price
FROM booking_log_records;

CREATE TABLE review_records (
	`review_id` STRING,
	`REVIEW_ID` STRING,
	`hotel_id` STRING,
	`HOTEL_ID` STRING,
	`booking_id` STRING,
	`BOOKING_ID` STRING,
	`review_text` STRING,
	`REVIEW_TEXT` STRING,
	`created_at` BIGINT,
	`CREATED_AT` BIGINT,
	`rt` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL
) WITH (
	'connector' = 'kafka',
	'topic' = '${REVIEWS}',
	'properties.bootstrap.servers' = '${KAFKA}',
	'properties.group.id' = '${GROUP}',
	'scan.startup.mode' = 'earliest-offset',
	'scan.bounded.mode' = '${BOUNDED}',
	'value.format' = 'avro-confluent',
	'value.avro-confluent.url' = '${REGISTRY}'
);

-- The same review again replaces what it said before.
CREATE VIEW latest_review AS
SELECT review_id, hotel_id, booking_id, review_text, CAST(TO_TIMESTAMP_LTZ(created_at, 3) AS TIMESTAMP(3)) AS created_at
FROM (
	SELECT *, ROW_NUMBER() OVER (PARTITION BY review_id ORDER BY rt DESC) AS nth
	FROM (
		SELECT COALESCE(`review_id`, `REVIEW_ID`) AS review_id, COALESCE(`hotel_id`, `HOTEL_ID`) AS hotel_id,
			COALESCE(`booking_id`, `BOOKING_ID`) AS booking_id,
			COALESCE(`review_text`, `REVIEW_TEXT`) AS review_text,
			COALESCE(`created_at`, `CREATED_AT`) AS created_at, CAST(`rt` AS TIMESTAMP(3)) AS rt
		FROM review_records
	)
) WHERE nth = 1;

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
	'scan.startup.mode' = '${HOTELS_STARTUP}',
	'scan.startup.specific-offsets' = '${HOTELS_FROM}',
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
