-- The job itself, the same in batch and in streaming mode.

-- One click per customer, hotel and millisecond. The window of a millisecond removes
-- duplicates and forgets them when the watermark is past, which DISTINCT would not.
CREATE VIEW booking_click AS
SELECT customer_email, hotel_id, window_time AS activity_time
FROM TABLE(TUMBLE(
	TABLE clickstream,
	DESCRIPTOR(rt), INTERVAL '0.001' SECOND))
WHERE `action` = 'booking-click' AND customer_email <> '' AND hotel_id <> ''
GROUP BY customer_email, hotel_id, window_start, window_end, window_time;

-- No booking by the customer, at any hotel, at t or up to 20 minutes later. From here on
-- the time is a plain timestamp in UTC: what follows joins tables, not streams. The rows are
-- distinct already; DISTINCT tells the planner so, which then knows the key of all that follows.
CREATE VIEW abandoned AS
SELECT DISTINCT c.customer_email, c.hotel_id, CAST(c.activity_time AS TIMESTAMP(3)) AS activity_time
FROM booking_click c
LEFT JOIN bookings b
	ON c.customer_email = b.customer_email
	AND b.rt BETWEEN c.activity_time AND c.activity_time + INTERVAL '20' MINUTE
WHERE b.customer_email IS NULL AND c.activity_time >= TO_TIMESTAMP_LTZ(${SINCE_MS}, 3);

CREATE VIEW similar_hotels AS
SELECT h.HOTEL_ID, ARRAY_AGG(o.NAME) AS NAMES
FROM HOTEL h JOIN HOTEL o ON h.CITY = o.CITY AND h.AMENITIES = o.AMENITIES AND h.HOTEL_ID <> o.HOTEL_ID
GROUP BY h.HOTEL_ID;

-- Addresses of customers who were deleted, unless another customer has them.
CREATE VIEW erased AS
SELECT EMAIL
FROM (
	SELECT COALESCE(`after`.EMAIL, `before`.EMAIL) AS EMAIL, `op`,
		ROW_NUMBER() OVER (
			PARTITION BY COALESCE(`after`.CUSTOMER_ID, `before`.CUSTOMER_ID) ORDER BY `off` DESC) AS nth
	FROM customer_log
) WHERE nth = 1 AND EMAIL IS NOT NULL
GROUP BY EMAIL
HAVING MIN(CASE WHEN `op` = 'd' THEN 1 ELSE 0 END) = 1;

CREATE VIEW reviews_of_target AS
SELECT a.customer_email, a.hotel_id, a.activity_time, ARRAY_JOIN(ARRAY_AGG(r.review_text), '||| ') AS HOTEL_REVIEWS
FROM abandoned a
JOIN review r
	ON r.hotel_id = a.hotel_id
	AND r.created_at BETWEEN a.activity_time - INTERVAL '1' MONTH AND a.activity_time
GROUP BY a.customer_email, a.hotel_id, a.activity_time;

-- Outer joins all the way: a target that is not yet, or no longer, to be written to stays a
-- row, so that a streaming sink sees its last version and no deletion.
CREATE VIEW target AS
SELECT a.customer_email AS CUSTOMER_EMAIL, a.hotel_id AS HOTEL_ID, a.activity_time AS ACTIVITY_TIME,
	COALESCE(h.NAME, 'Unknown') AS HOTEL_NAME, COALESCE(h.CITY, 'Unknown') AS HOTEL_CITY,
	s.NAMES AS SIMILAR_HOTELS, r.HOTEL_REVIEWS AS HOTEL_REVIEWS,
	h.HOTEL_ID IS NOT NULL AND r.HOTEL_REVIEWS IS NOT NULL AND e.EMAIL IS NULL AS WANTED
FROM abandoned a
LEFT JOIN HOTEL h ON h.HOTEL_ID = a.hotel_id
LEFT JOIN similar_hotels s ON s.HOTEL_ID = a.hotel_id
LEFT JOIN erased e ON e.EMAIL = a.customer_email
LEFT JOIN reviews_of_target r
	ON r.customer_email = a.customer_email AND r.hotel_id = a.hotel_id AND r.activity_time = a.activity_time;

CREATE VIEW booking_with_hotel AS
SELECT b.`part`, b.`off`, b.booking_id AS BOOKING_ID, b.customer_email AS CUSTOMER_EMAIL, b.hotel_id AS HOTEL_ID,
	h.NAME AS HOTEL_NAME, h.CITY AS CITY, h.COUNTRY AS COUNTRY,
	b.check_in AS CHECK_IN, b.check_out AS CHECK_OUT, b.price AS PRICE,
	h.HOTEL_ID IS NOT NULL AS WANTED
FROM (
	-- groups of one record: so the planner knows the key of what follows. The hotel is in it
	-- because rows are sent to where their hotel is, and a key must hold what it is sent by.
	SELECT `part`, `off`, hotel_id, MAX(booking_id) AS booking_id, MAX(customer_email) AS customer_email,
		MAX(check_in) AS check_in, MAX(check_out) AS check_out, MAX(price) AS price
	FROM bookings_log
	GROUP BY `part`, `off`, hotel_id
) b
LEFT JOIN HOTEL h ON h.HOTEL_ID = b.hotel_id;

CREATE VIEW hotel_version AS
SELECT `after`.HOTEL_ID AS HOTEL_ID, `after`.NAME AS NAME, `after`.DESCRIPTION AS DESCRIPTION,
	`after`.CITY AS CITY, `after`.COUNTRY AS COUNTRY
FROM hotel_log
WHERE `op` <> 'd' AND `after`.HOTEL_ID IS NOT NULL;
