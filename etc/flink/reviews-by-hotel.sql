-- Reviews that say which hotel they are about (spring 2025, 2026).

CREATE VIEW review AS
SELECT review_id, hotel_id, review_text, created_at
FROM latest_review
WHERE review_text IS NOT NULL AND hotel_id IS NOT NULL;
