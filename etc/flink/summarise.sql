-- Second half of the streaming job: what has come to rest is final. Each version of a row is
-- read as a row; of a burst of versions (a session) only the last counts, and of all bursts
-- only the first. So each target has one record and one call of the model, and the output is
-- append-only, which is what ML_PREDICT asks for, and Tableflow as well.

CREATE TABLE targets_settling (
	CUSTOMER_EMAIL STRING,
	HOTEL_ID STRING,
	ACTIVITY_TIME TIMESTAMP(3),
	HOTEL_NAME STRING,
	HOTEL_CITY STRING,
	SIMILAR_HOTELS ARRAY<STRING>,
	HOTEL_REVIEWS STRING,
	WANTED BOOLEAN,
	`rt` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
	WATERMARK FOR `rt` AS `rt` - INTERVAL '1' SECOND
) WITH (
	'connector' = 'kafka',
	'topic' = '${PREFIX}targets-settling',
	'properties.bootstrap.servers' = '${KAFKA}',
	'properties.group.id' = '${GROUP}-settled',
	'properties.isolation.level' = 'read_committed',
	'scan.startup.mode' = 'earliest-offset',
	'scan.bounded.mode' = '${BOUNDED}',
	'value.format' = 'avro-confluent',
	'value.avro-confluent.url' = '${REGISTRY}'
);

CREATE TABLE bookings_settling (
	`part` INT,
	`off` BIGINT,
	BOOKING_ID STRING,
	CUSTOMER_EMAIL STRING,
	HOTEL_ID STRING,
	HOTEL_NAME STRING,
	CITY STRING,
	COUNTRY STRING,
	CHECK_IN BIGINT,
	CHECK_OUT BIGINT,
	PRICE INT,
	WANTED BOOLEAN,
	`rt` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
	WATERMARK FOR `rt` AS `rt` - INTERVAL '1' SECOND
) WITH (
	'connector' = 'kafka',
	'topic' = '${PREFIX}bookings-settling',
	'properties.bootstrap.servers' = '${KAFKA}',
	'properties.group.id' = '${GROUP}-settled',
	'properties.isolation.level' = 'read_committed',
	'scan.startup.mode' = 'earliest-offset',
	'scan.bounded.mode' = '${BOUNDED}',
	'value.format' = 'avro-confluent',
	'value.avro-confluent.url' = '${REGISTRY}'
);

CREATE VIEW settled_target AS
SELECT CUSTOMER_EMAIL, HOTEL_ID, ACTIVITY_TIME, HOTEL_NAME, HOTEL_CITY, SIMILAR_HOTELS, HOTEL_REVIEWS
FROM (
	SELECT *, ROW_NUMBER() OVER (PARTITION BY CUSTOMER_EMAIL, HOTEL_ID, ACTIVITY_TIME ORDER BY settled_at) AS nth
	FROM (
		SELECT CUSTOMER_EMAIL, HOTEL_ID, ACTIVITY_TIME, LAST_VALUE(HOTEL_NAME) AS HOTEL_NAME,
			LAST_VALUE(HOTEL_CITY) AS HOTEL_CITY, LAST_VALUE(SIMILAR_HOTELS) AS SIMILAR_HOTELS,
			LAST_VALUE(HOTEL_REVIEWS) AS HOTEL_REVIEWS, LAST_VALUE(WANTED) AS WANTED, window_time AS settled_at
		FROM TABLE(SESSION(
			TABLE targets_settling PARTITION BY (CUSTOMER_EMAIL, HOTEL_ID, ACTIVITY_TIME),
			DESCRIPTOR(rt), INTERVAL ${SETTLE}))
		GROUP BY CUSTOMER_EMAIL, HOTEL_ID, ACTIVITY_TIME, window_start, window_end, window_time
	)
	WHERE WANTED
) WHERE nth = 1;

CREATE VIEW settled_booking AS
SELECT BOOKING_ID, CUSTOMER_EMAIL, HOTEL_ID, HOTEL_NAME, CITY, COUNTRY, CHECK_IN, CHECK_OUT, PRICE
FROM (
	SELECT *, ROW_NUMBER() OVER (PARTITION BY `part`, `off` ORDER BY settled_at) AS nth
	FROM (
		SELECT `part`, `off`, BOOKING_ID, CUSTOMER_EMAIL, HOTEL_ID, LAST_VALUE(HOTEL_NAME) AS HOTEL_NAME,
			LAST_VALUE(CITY) AS CITY, LAST_VALUE(COUNTRY) AS COUNTRY, LAST_VALUE(WANTED) AS WANTED,
			CHECK_IN, CHECK_OUT, PRICE, window_time AS settled_at
		FROM TABLE(SESSION(
			TABLE bookings_settling PARTITION BY (`part`, `off`), DESCRIPTOR(rt), INTERVAL ${SETTLE}))
		GROUP BY `part`, `off`, BOOKING_ID, CUSTOMER_EMAIL, HOTEL_ID, CHECK_IN, CHECK_OUT, PRICE,
			window_start, window_end, window_time
	)
	WHERE WANTED
) WHERE nth = 1;

-- How long a target is remembered after it was written. Nothing changes that late.
SET 'table.exec.state.ttl' = '2 d';

EXECUTE STATEMENT SET BEGIN
INSERT INTO TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY
SELECT CUSTOMER_EMAIL, HOTEL_ID, ACTIVITY_TIME, HOTEL_NAME, HOTEL_CITY, SIMILAR_HOTELS, HOTEL_REVIEWS, summary
FROM ML_PREDICT(
	TABLE settled_target,
	MODEL summariser,
	DESCRIPTOR(HOTEL_REVIEWS),
	MAP['async', 'true', 'timeout', '60s']);

INSERT INTO HOTEL_BOOKINGS
SELECT BOOKING_ID, CUSTOMER_EMAIL, HOTEL_ID, HOTEL_NAME, CITY, COUNTRY, CHECK_IN, CHECK_OUT, PRICE
FROM settled_booking;
END;
