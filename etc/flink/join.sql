-- First half of the streaming job. Its results change while hotels and reviews come in, so
-- they go to two topics that keep the last version of each row; summarise.sql takes them on
-- when they have come to rest.

CREATE TABLE targets_settling (
	CUSTOMER_EMAIL STRING NOT NULL,
	HOTEL_ID STRING NOT NULL,
	ACTIVITY_TIME TIMESTAMP(3) NOT NULL,
	HOTEL_NAME STRING NOT NULL,
	HOTEL_CITY STRING NOT NULL,
	SIMILAR_HOTELS ARRAY<STRING>,
	HOTEL_REVIEWS STRING,
	WANTED BOOLEAN NOT NULL,
	PRIMARY KEY (CUSTOMER_EMAIL, HOTEL_ID, ACTIVITY_TIME) NOT ENFORCED
) WITH (
	'connector' = 'upsert-kafka',
	'topic' = '${PREFIX}targets-settling',
	'properties.bootstrap.servers' = '${KAFKA}',
	'key.format' = 'avro-confluent',
	'key.avro-confluent.url' = '${REGISTRY}',
	'value.format' = 'avro-confluent',
	'value.avro-confluent.url' = '${REGISTRY}'
);

-- A booking is known by where it lies: one that was sent twice is two, as in riverd.
CREATE TABLE bookings_settling (
	`part` INT NOT NULL,
	`off` BIGINT NOT NULL,
	BOOKING_ID STRING NOT NULL,
	CUSTOMER_EMAIL STRING NOT NULL,
	HOTEL_ID STRING NOT NULL,
	HOTEL_NAME STRING,
	CITY STRING,
	COUNTRY STRING,
	CHECK_IN ${DATE},
	CHECK_OUT ${DATE},
	PRICE INT,
	WANTED BOOLEAN NOT NULL,
	PRIMARY KEY (`part`, `off`, HOTEL_ID) NOT ENFORCED
) WITH (
	'connector' = 'upsert-kafka',
	'topic' = '${PREFIX}bookings-settling',
	'properties.bootstrap.servers' = '${KAFKA}',
	'key.format' = 'avro-confluent',
	'key.avro-confluent.url' = '${REGISTRY}',
	'value.format' = 'avro-confluent',
	'value.avro-confluent.url' = '${REGISTRY}'
);

-- Several changes of one result within a second leave as one.
SET 'table.exec.mini-batch.enabled' = 'true';
SET 'table.exec.mini-batch.allow-latency' = '1 s';
SET 'table.exec.mini-batch.size' = '10000';

EXECUTE STATEMENT SET BEGIN
INSERT INTO targets_settling
SELECT CUSTOMER_EMAIL, HOTEL_ID, ACTIVITY_TIME, HOTEL_NAME, HOTEL_CITY, SIMILAR_HOTELS, HOTEL_REVIEWS, WANTED
FROM target;

INSERT INTO bookings_settling
SELECT `part`, `off`, BOOKING_ID, CUSTOMER_EMAIL, HOTEL_ID, HOTEL_NAME, CITY, COUNTRY, CHECK_IN, CHECK_OUT, PRICE,
	WANTED
FROM booking_with_hotel;

INSERT INTO HOTEL_CATALOG
SELECT HOTEL_ID, NAME, DESCRIPTION, CITY, COUNTRY FROM hotel_version;
END;
