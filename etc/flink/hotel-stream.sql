-- HOTEL as a changelog: Debezium's envelopes, inserted, updated and deleted as they say.
-- For flattened rows (ExtractNewRecordState) use 'connector' = 'upsert-kafka' with
-- 'key.format' and 'value.format' = 'avro-confluent' instead; tombstones then delete.

CREATE TABLE HOTEL (
	HOTEL_ID STRING NOT NULL,
	NAME STRING,
	DESCRIPTION STRING,
	CITY STRING,
	COUNTRY STRING,
	AMENITIES STRING,
	PRIMARY KEY (HOTEL_ID) NOT ENFORCED
) WITH (
	'connector' = 'kafka',
	'topic' = 'riverhotel.SAMPLE.HOTEL',
	'properties.bootstrap.servers' = '${KAFKA}',
	'properties.group.id' = '${GROUP}',
	'scan.startup.mode' = 'earliest-offset',
	'scan.bounded.mode' = '${BOUNDED}',
	'value.format' = 'debezium-avro-confluent',
	'value.debezium-avro-confluent.url' = '${REGISTRY}'
);
