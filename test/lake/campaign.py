"""The questions of a campaign: in SQL for the lake, and in Python from the input topics."""

from collections import Counter, defaultdict

SALES_PER_CITY = """
SELECT "CITY", sum("PRICE"), count(*) FROM "HOTEL_BOOKINGS" GROUP BY "CITY" ORDER BY 2 DESC, 1"""

# the newest version of each hotel
HOTELS = """
SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY "HOTEL_ID" ORDER BY "$$timestamp" DESC, "$$offset" DESC) AS nr
               FROM "HOTEL_CATALOG") versions WHERE nr = 1"""

MOST_REVIEWS = f"""
SELECT h."HOTEL_ID", h."NAME", h."CITY", count(*) AS reviews FROM hotel_reviews r
JOIN ({HOTELS}) h ON h."HOTEL_ID" = r.hotel_id GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1 LIMIT 10"""

LOWEST_SELLING = f"""
SELECT h."HOTEL_ID", h."NAME", r.rating, coalesce(b.sales, 0) AS sales FROM ({HOTELS}) h
JOIN (SELECT hotel_id, avg(review_rating) AS rating, count(*) AS reviews FROM hotel_reviews GROUP BY hotel_id) r
  ON r.hotel_id = h."HOTEL_ID" AND r.rating >= 3.5 AND r.reviews >= 3
LEFT JOIN (SELECT "HOTEL_ID", sum("PRICE") AS sales FROM "HOTEL_BOOKINGS" GROUP BY "HOTEL_ID") b
  ON b."HOTEL_ID" = h."HOTEL_ID" ORDER BY 4, 1 LIMIT 1"""

AUDIENCE = """
SELECT DISTINCT "CUSTOMER_EMAIL", "REVIEW_SUMMARY" FROM "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY"
WHERE "HOTEL_ID" = '{}' ORDER BY 1, 2"""


class Inputs:
    """hotels: id -> row; bookings, reviews: rows. Field names in lower case."""

    def __init__(self, hotels, bookings, reviews):
        self.hotels, self.bookings, self.reviews = hotels, bookings, reviews

    def sales_per_city(self):
        sales, count = Counter(), Counter()
        for b in self.bookings:
            if b["hotel_id"] in self.hotels:
                city = self.hotels[b["hotel_id"]]["city"]
                sales[city] += b["price"]
                count[city] += 1
        return sorted(([city, sales[city], count[city]] for city in sales), key=lambda row: (-row[1], row[0]))

    def most_reviews(self):
        count = Counter(r["hotel_id"] for r in self.reviews)
        best = sorted((h for h in count if h in self.hotels), key=lambda h: (-count[h], h))[:10]
        return [[h, self.hotels[h]["name"], self.hotels[h]["city"], count[h]] for h in best]

    def lowest_selling(self):
        ratings, sales = defaultdict(list), Counter()
        for r in self.reviews:
            ratings[r["hotel_id"]].append(r["review_rating"])
        for b in self.bookings:
            sales[b["hotel_id"]] += b["price"]
        good = [h for h, all_of in ratings.items() if h in self.hotels and len(all_of) >= 3 and sum(all_of) / len(all_of) >= 3.5]
        h = min(good, key=lambda h: (sales[h], h))
        return [[h, self.hotels[h]["name"], sum(ratings[h]) / len(ratings[h]), sales[h]]]
