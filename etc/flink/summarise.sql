-- Second half of the streaming job: what has come to rest is final. Each version of a row is
-- read as a row; of a burst of versions only the last counts, and of all bursts only the first. So each target has one record and one call of the model, and the output is
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
	-- one column that says which row this is; the length keeps address and hotel apart
	`id` AS CAST(CHAR_LENGTH(CUSTOMER_EMAIL) AS STRING) || ':' || CUSTOMER_EMAIL || HOTEL_ID || ' ' || CAST(ACTIVITY_TIME AS STRING),
	`seq` BIGINT METADATA FROM 'offset' VIRTUAL,
	`rt` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
	`pt` AS PROCTIME(),
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
	CHECK_IN ${DATE},
	CHECK_OUT ${DATE},
	PRICE INT,
	WANTED BOOLEAN,
	`id` AS CAST(`part` AS STRING) || ' ' || CAST(`off` AS STRING),
	`seq` BIGINT METADATA FROM 'offset' VIRTUAL,
	`rt` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
	`pt` AS PROCTIME(),
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

-- The last version of a burst is the one that no other follows: the same pattern as clicks and bookings.
CREATE VIEW settled_target AS
SELECT CUSTOMER_EMAIL, HOTEL_ID, ACTIVITY_TIME, HOTEL_NAME, HOTEL_CITY, SIMILAR_HOTELS, HOTEL_REVIEWS
FROM (
	SELECT v.*, ROW_NUMBER() OVER (PARTITION BY v.id ORDER BY v.pt) AS nth
	FROM targets_settling v
	LEFT JOIN targets_settling w
		ON v.id = w.id AND w.rt BETWEEN v.rt AND v.rt + INTERVAL '${SETTLE}' HOUR TO SECOND AND w.seq > v.seq
	WHERE w.id IS NULL AND v.WANTED
) WHERE nth = 1;

CREATE VIEW settled_booking AS
SELECT BOOKING_ID, CUSTOMER_EMAIL, HOTEL_ID, HOTEL_NAME, CITY, COUNTRY, CHECK_IN, CHECK_OUT, PRICE
FROM (
	SELECT v.*, ROW_NUMBER() OVER (PARTITION BY v.id ORDER BY v.pt) AS nth
	FROM bookings_settling v
	LEFT JOIN bookings_settling w
		ON v.id = w.id AND w.rt BETWEEN v.rt AND v.rt + INTERVAL '${SETTLE}' HOUR TO SECOND AND w.seq > v.seq
	WHERE w.id IS NULL AND v.WANTED
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
