-- Reviews that may say only which booking they are about (autumn 2025): the booking says which hotel.
-- Every booking is remembered for as long as the job runs, and read from the topic's beginning.

CREATE TABLE booking_ever_records WITH ('scan.startup.mode' = 'earliest-offset')
LIKE booking_records (OVERWRITING OPTIONS);

CREATE VIEW booking_hotel AS
SELECT booking_id, hotel_id
FROM (
	SELECT *, ROW_NUMBER() OVER (PARTITION BY booking_id ORDER BY rt DESC) AS nth
	FROM (
		SELECT COALESCE(`booking_id`, `BOOKING_ID`) AS booking_id, COALESCE(`hotel_id`, `HOTEL_ID`) AS hotel_id,
			CAST(`rt` AS TIMESTAMP(3)) AS rt
		FROM booking_ever_records
	)
) WHERE nth = 1;

CREATE VIEW review AS
SELECT r.review_id, COALESCE(r.hotel_id, b.hotel_id) AS hotel_id, r.review_text, r.created_at
FROM latest_review r
LEFT JOIN booking_hotel b ON b.booking_id = r.booking_id
WHERE r.review_text IS NOT NULL AND COALESCE(r.hotel_id, b.hotel_id) IS NOT NULL;
