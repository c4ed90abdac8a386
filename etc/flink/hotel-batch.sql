-- HOTEL in batch mode, which reads no changelogs: the last change of each key.
-- A key stays in its partition, so the offset orders its changes.

CREATE VIEW HOTEL AS
SELECT `after`.HOTEL_ID AS HOTEL_ID, `after`.NAME AS NAME, `after`.DESCRIPTION AS DESCRIPTION,
	`after`.CITY AS CITY, `after`.COUNTRY AS COUNTRY, `after`.AMENITIES AS AMENITIES
FROM (
	SELECT *, ROW_NUMBER() OVER (PARTITION BY COALESCE(`after`.HOTEL_ID, `before`.HOTEL_ID) ORDER BY `off` DESC) AS nth
	FROM hotel_log
) WHERE nth = 1 AND `op` <> 'd';
