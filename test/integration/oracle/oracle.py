"""What riverd must have written, computed from its inputs in one go.

A direct transcription of the contract's SQL over everything that lies in the
topics: no watermarks, no state, no incremental anything. It is right for
inputs whose events are within the lateness bounds.

Inputs may come in phases (riverd was stopped and started again between them):
dimensions are the latest known when a click is decided, so each phase sees the
dimensions as they were at its end.
"""

import hashlib
from bisect import bisect_left
from calendar import monthrange
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone

from decode import Poison, append, changelog, millis

MINUTE = 60000
WINDOW = 20 * MINUTE
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
TOPICS = {
    "clickstream": "clickstream",
    "bookings": "bookings",
    "reviews": "hotel_reviews",
    "hotel": "riverhotel.SAMPLE.HOTEL",
    "customer": "riverhotel.SAMPLE.CUSTOMER",
}


def month_before(ms):
    """The same time of day one calendar month earlier in UTC, clamped."""
    moment = EPOCH + timedelta(milliseconds=ms)
    year, month = (moment.year, moment.month - 1) if moment.month > 1 else (moment.year - 1, 12)
    day = min(moment.day, monthrange(year, month)[1])
    return (moment.replace(year=year, month=month, day=day) - EPOCH) // timedelta(milliseconds=1)


def canonical(texts):
    """What of the reviews survives any cleaning by a prompt writer."""
    kept = ["".join(c for c in text.lower() if c.isascii() and c.isalnum()) for text in texts]
    return "\n".join(text for text in kept if text)


def fake_summary(texts):
    """The fake model's answer: a pure function of the ordered reviews. Words
    without digits or marks, so that no rule about answers is touched."""
    digest = hashlib.sha256(canonical(texts).encode()).digest()
    syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
    words = ["".join(syllables[byte % len(syllables)] for byte in digest[i:i + 4]) for i in (0, 4, 8, 12)]
    return "Guests liked " + ", ".join(words[:3]) + " and " + words[3] + "."


class Oracle:
    def __init__(self, schemas, now_ms, topics=None, skew_ms=60 * MINUTE, out_of_orderness_ms=5000,
                 hotel_grace_ms=5 * MINUTE, match_hotel=False, reviews_required=True, summary=fake_summary):
        self.schemas, self.now_ms, self.skew_ms, self.summary = schemas, now_ms, skew_ms, summary
        self.topics = {name: role for role, name in (topics or TOPICS).items()}
        self.out_of_orderness_ms, self.hotel_grace_ms = out_of_orderness_ms, hotel_grace_ms
        self.match_hotel, self.reviews_required = match_hotel, reviews_required
        self.hotels, self.customers, self.suppressed = {}, {}, set()
        self.reviews, self.booking_hotel = {}, {}
        self.times = defaultdict(list)  # e-mail (and hotel) -> times of bookings
        self.clicks, self.waiting_bookings = set(), []
        self.watermarks = defaultdict(lambda: None)  # partition -> highest event time
        # results
        self.targets, self.optional_targets = Counter(), Counter()
        self.bookings, self.optional_bookings = Counter(), Counter()
        self.catalog, self.dead, self.counts = Counter(), [], Counter()
        self.erased = set()  # addresses deleted in this phase, whether or not they came back

    # ---- one record ----

    def event_time(self, ms):
        if ms is None or ms < 0 or ms > self.now_ms + self.skew_ms:
            raise Poison("event_time")
        return ms

    def observe(self, record, ms):
        at = record["topic"], record["partition"]
        self.watermarks[at] = max(ms, self.watermarks[at] or ms)

    def click(self, record):
        f = append(record, self.schemas)
        if "action" not in f:
            raise Poison("field")
        wanted = f["action"] == "booking-click"
        if wanted and ("customer_email" not in f or "hotel_id" not in f):
            raise Poison("field")
        ms = self.event_time(record["timestamp"])
        self.observe(record, ms)
        if wanted and f["customer_email"] and f["hotel_id"]:
            self.fresh_clicks.add((f["customer_email"], f["hotel_id"], ms))

    def booking(self, record):
        f = append(record, self.schemas)
        if not (f.get("booking_id") and f.get("customer_email") and f.get("hotel_id")):
            raise Poison("field")
        ms = self.event_time(record["timestamp"])
        self.observe(record, ms)
        email, hotel = f["customer_email"], f["hotel_id"]
        self.times[email, hotel if self.match_hotel else None].append(ms)
        self.booking_hotel[f["booking_id"]] = hotel
        self.waiting_bookings.append({
            "time": ms, "BOOKING_ID": f["booking_id"], "CUSTOMER_EMAIL": email, "HOTEL_ID": hotel,
            "CHECK_IN": millis(f.get("check_in")), "CHECK_OUT": millis(f.get("check_out")), "PRICE": f.get("price")})

    def review(self, record):
        f = append(record, self.schemas)
        if not f.get("review_id") or not (f.get("hotel_id") or f.get("booking_id")) or "review_text" not in f:
            raise Poison("field")
        created = self.event_time(millis(f.get("created_at")))
        if f["review_text"] is not None:
            self.reviews[f["review_id"]] = (created, f["review_id"], f.get("hotel_id"), f.get("booking_id"),
                                            f["review_text"])

    def hotel(self, record):
        key, row = changelog(record, self.schemas, "hotel_id")
        if row is None:
            self.hotels.pop(key, None)
            return
        fresh = {n.upper(): row.get(n) for n in ("hotel_id", "name", "description", "city", "country", "amenities")}
        if self.hotels.get(key) != fresh:
            self.catalog[tuple(fresh[n] for n in CATALOG_FIELDS)] += 1
        self.hotels[key] = fresh

    def customer(self, record):
        key, row = changelog(record, self.schemas, "customer_id")
        if row is not None:
            self.customers[key] = row.get("email")
            self.suppressed.discard(row.get("email"))
            return
        email = self.customers.pop(key, None)
        if email:
            self.erased.add(email)
            if email not in self.customers.values():
                self.suppressed.add(email)

    # ---- a phase ----

    def phase(self, records):
        """Everything that came since the last phase, in any order that keeps
        the order within each partition."""
        self.fresh_clicks, self.erased = set(), set()
        for record in records:
            role = self.topics[record["topic"]]
            self.counts[role, "consumed"] += 1
            try:
                {"clickstream": self.click, "bookings": self.booking, "reviews": self.review, "hotel": self.hotel,
                 "customer": self.customer}[role](record)
            except Poison as poison:
                self.dead.append((record, poison.reason))
        self.join_bookings()
        self.decide()

    def join_bookings(self):
        horizon = self.watermark()
        left = []
        for b in self.waiting_bookings:
            hotel = self.hotels.get(b["HOTEL_ID"])
            if hotel is None:
                if horizon is None or b["time"] + self.hotel_grace_ms >= horizon:
                    left.append(b)
                continue
            row = dict(b, HOTEL_NAME=hotel["NAME"], CITY=hotel["CITY"], COUNTRY=hotel["COUNTRY"])
            where = self.optional_bookings if b["CUSTOMER_EMAIL"] in self.erased else self.bookings
            where[tuple(row[n] for n in BOOKING_FIELDS)] += 1
        self.waiting_bookings = left

    def watermark(self):
        known = [ms for (topic, _), ms in self.watermarks.items() if self.topics[topic] in ("clickstream", "bookings")]
        return min(known) - self.out_of_orderness_ms if known else None

    def booked(self, email, hotel, t):
        times = self.times.get((email, hotel if self.match_hotel else None), [])
        at = bisect_left(times, t)
        return at < len(times) and times[at] <= t + WINDOW

    def decide(self):
        """Every click of this phase must be past its deadline by now."""
        for times in self.times.values():
            times.sort()
        by_hotel = defaultdict(list)
        for created, review_id, hotel, booking, text in self.reviews.values():
            by_hotel[hotel or self.booking_hotel.get(booking)].append((created, review_id, text))
        for reviews in by_hotel.values():
            reviews.sort(key=lambda r: (r[0], r[1].encode()))
        similar = defaultdict(list)
        for hotel in self.hotels.values():
            if hotel["CITY"] is not None and hotel["AMENITIES"] is not None:
                similar[hotel["CITY"], hotel["AMENITIES"]].append(hotel)
        for click in sorted(self.fresh_clicks - self.clicks):
            self.clicks.add(click)
            self.target(click, by_hotel, similar)

    def target(self, click, by_hotel, similar):
        email, hotel_id, t = click
        if t + WINDOW >= self.watermark():
            raise AssertionError("a click of this phase is not past its deadline: the input is not sealed")
        if self.booked(email, hotel_id, t):
            self.counts["booked"] += 1
            return
        hotel = self.hotels.get(hotel_id)
        if email in self.suppressed or hotel is None:
            self.counts["suppressed" if email in self.suppressed else "no hotel"] += 1
            return
        texts = [text for created, _, text in by_hotel[hotel_id] if month_before(t) <= created <= t]
        if not texts and self.reviews_required:
            self.counts["no reviews"] += 1
            return
        twins = sorted(similar[hotel["CITY"], hotel["AMENITIES"]], key=lambda h: h["HOTEL_ID"].encode())
        row = (email, hotel_id, t, hotel["NAME"] if hotel["NAME"] is not None else "Unknown",
               hotel["CITY"] if hotel["CITY"] is not None else "Unknown",
               tuple(h["NAME"] for h in twins if h is not hotel), "||| ".join(texts),
               self.summary(texts) if texts else "NO REVIEWS FOUND.")
        # an address erased and back within a phase: depends on when the erasure was seen
        where = self.optional_targets if email in self.erased else self.targets
        where[row] += 1


TARGET_FIELDS = ("CUSTOMER_EMAIL", "HOTEL_ID", "ACTIVITY_TIME", "HOTEL_NAME", "HOTEL_CITY", "SIMILAR_HOTELS",
                 "HOTEL_REVIEWS", "REVIEW_SUMMARY")
BOOKING_FIELDS = ("BOOKING_ID", "CUSTOMER_EMAIL", "HOTEL_ID", "HOTEL_NAME", "CITY", "COUNTRY", "CHECK_IN", "CHECK_OUT",
                  "PRICE")
CATALOG_FIELDS = ("HOTEL_ID", "NAME", "DESCRIPTION", "CITY", "COUNTRY")


def row_of(value, fields):
    """An output record, decoded by fastavro, in the shape of the rows above."""
    out = []
    for name in fields:
        item = value[name]
        if name in ("ACTIVITY_TIME",):
            item = millis(item)
        elif isinstance(item, list):
            item = tuple(item)
        out.append(item)
    return tuple(out)


def differences(actual, expected, optional=None):
    """(missing, unexpected) of multisets; optional rows may be there or not."""
    missing = expected - actual
    unexpected = actual - expected
    if optional:
        unexpected = unexpected - optional
    return missing, unexpected
