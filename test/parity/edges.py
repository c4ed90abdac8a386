"""Records that a generator hits once in a million years: bookings at the very ends of
the interval, reviews at the ends of a calendar month, names that are null. They come
behind generated history, in order of time, spread over the partitions.

All is said here; no expectation is. What comes of it is for two systems to agree on.
"""

import base64
import io
import json
import random
from datetime import datetime, timezone

import fastavro

CLICKS, BOOKINGS, REVIEWS = "clickstream", "bookings", "hotel_reviews"
HOTEL, CUSTOMER = "riverhotel.SAMPLE.HOTEL", "riverhotel.SAMPLE.CUSTOMER"
MINUTE = 60000
DATES = ("check_in", "check_out")


def ms(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp() * 1000)


def day(at):
    return datetime.fromtimestamp(at / 1000, timezone.utc).date().isoformat()


NOON = ms("2026-03-31T12:00:00")  # a month before is 28 February
SOURCE = {"version": "3.4.0", "connector": "oracle", "name": "riverhotel", "ts_ms": NOON, "db": "X", "schema": "SAMPLE",
          "table": "T"}


class Edges:
    def __init__(self, subject, partitions, seed=0):
        """subject(name) gives (id, schema text) of a subject's newest version."""
        self.subject, self.partitions, self.random = subject, partitions, random.Random(seed)
        self.parsed, self.rows, self.serial = {}, [], 0
        self.delay = 0  # ms that records may come after their time

    def schema(self, subject):
        """(id, parsed, {field: type}) of a subject's newest version."""
        if subject not in self.parsed:
            number, text = self.subject(subject)
            parsed = json.loads(text)
            self.parsed[subject] = number, fastavro.parse_schema(parsed), {f["name"]: f["type"] for f in parsed["fields"]}
        return self.parsed[subject]

    def encode(self, subject, value):
        number, schema, _ = self.schema(subject)
        out = io.BytesIO(b"\0" + number.to_bytes(4, "big"))
        out.seek(5)
        fastavro.schemaless_writer(out, schema, value)
        return out.getvalue()

    def event(self, topic, **values):
        """In the generation of schemas that the topic has: its case, its fields, dates as text where they are."""
        fields = self.schema(f"{topic}-value")[2]
        return self.encode(f"{topic}-value", {
            name: day(values[name.lower()]) if kind == "string" and name.lower() in DATES else values[name.lower()]
            for name, kind in fields.items()})

    def put(self, topic, time, value, key=None, partition=None):
        self.serial += 1
        if partition is None:
            partition = self.serial % self.partitions
        self.rows.append((time + self.random.randint(0, self.delay), self.serial, time, topic, partition, key, value))

    # ---- the five topics ----

    def click(self, email, hotel, time, action="booking-click"):
        self.put(CLICKS, time, self.click_value(email, hotel, time, action))

    def click_value(self, email, hotel, time, action="booking-click"):
        return self.event(CLICKS, activity_id=f"E{self.serial}", customer_email=email, hotel_id=hotel, action=action,
                          event_duration=1, url="/", created_at=time)

    def booking(self, email, hotel, time, booking=None):
        self.put(BOOKINGS, time, self.booking_value(email, hotel, time, booking))

    def booking_value(self, email, hotel, time, booking=None):
        return self.event(BOOKINGS, booking_id=booking or f"EB{self.serial}", customer_email=email, hotel_id=hotel,
                          check_in=time + 1, check_out=time + 2, occupants=2, price=self.serial, created_at=time)

    def review(self, hotel, created, text, review=None, time=None, booking=None):
        """Where a review cannot name its hotel, it has a booking of a guest who does nothing else. Versions of one
        review keep their partition: between partitions there is no order."""
        time = time or NOON
        if booking is None:
            booking = f"EG{self.serial}"
            if self.by_booking:
                self.booking(f"guest-{self.serial}@edge.example", hotel, time, booking)
        self.put(REVIEWS, time, self.event(
            REVIEWS, review_id=review or f"ER{self.serial}", customer_email="guest@edge.example", hotel_id=hotel,
            booking_id=booking, review_rating=5, review_text=text, created_at=created),
            partition=sum(review.encode()) % self.partitions if review else None)

    @property
    def by_booking(self):
        return "hotel_id" not in map(str.lower, self.schema(f"{REVIEWS}-value")[2])

    def change(self, topic, key_name, key, before, after, time):
        """One envelope, and the tombstone behind a delete. A key keeps its partition."""
        key_bytes = self.encode(f"{topic}-key", {key_name: key})
        place = sum(key.encode()) % self.partitions
        op = "d" if after is None else "c" if before is None else "u"
        self.put(topic, time, self.encode(f"{topic}-value", {
            "before": before, "after": after, "source": SOURCE, "op": op, "ts_ms": time}), key_bytes, place)
        if after is None:
            self.put(topic, time, None, key_bytes, place)

    def hotel(self, hotel, name="Edge", city="Edgeville", amenities="edges", before=None, time=NOON):
        row = {"HOTEL_ID": hotel, "NAME": name, "CITY": city, "AMENITIES": amenities, "COUNTRY": "Nowhere",
               "DESCRIPTION": "at the edge"}
        self.change(HOTEL, "HOTEL_ID", hotel, before, row, time)
        return row

    def customer(self, customer, email):
        row = {"CUSTOMER_ID": customer, "EMAIL": email}
        self.change(CUSTOMER, "CUSTOMER_ID", customer, None, row, NOON)
        return row

    def stay(self, hotel, **more):
        """A hotel with a review, so that a click on it can become a target."""
        row = self.hotel(hotel, **more)
        self.review(hotel, NOON - 86400000, f"A fine stay at {hotel}.")
        return row

    # ---- the cases ----

    def interval(self):
        t = NOON
        self.stay("E-INTERVAL")
        for name, offset in (("before", -1), ("at", 0), ("after", 1), ("end", 20 * MINUTE), ("past", 20 * MINUTE + 1)):
            self.click(f"{name}@edge.example", "E-INTERVAL", t)
            self.booking(f"{name}@edge.example", "E-INTERVAL", t + offset)
        self.click("elsewhere@edge.example", "E-INTERVAL", t)
        self.booking("elsewhere@edge.example", "E-OTHER", t + MINUTE)
        self.click("never@edge.example", "E-INTERVAL", t)
        self.booking("Never@edge.example", "E-INTERVAL", t)
        for _ in range(3):
            self.click("thrice@edge.example", "E-INTERVAL", t + 7)
        self.click("thrice@edge.example", "E-INTERVAL", t + 8)
        self.click("two-hotels@edge.example", "E-INTERVAL", t)
        self.click("two-hotels@edge.example", "E-TWIN-1", t)
        self.click("\u00fcn\u00efc\u00f6de \u732b@edge.example", "E-INTERVAL", t)
        for action in ("Booking-Click", "booking-click ", "page-view", ""):
            self.click("other-action@edge.example", "E-INTERVAL", t, action)
        self.click("", "E-INTERVAL", t)
        self.click("nowhere@edge.example", "", t)
        self.click("unknown@edge.example", "E-UNKNOWN", t)
        self.booking("unknown@edge.example", "E-UNKNOWN", t + 40 * MINUTE)

    def months(self):
        """Each with a hotel of its own, so that one review decides whether there is a target."""
        begin = ms("2026-02-28T12:00:00")
        for name, created in (("early", begin - 1), ("begin", begin), ("end", NOON), ("future", NOON + 1)):
            self.hotel(f"E-MONTH-{name}", city=name)
            self.review(f"E-MONTH-{name}", created, f"Reviewed at {name}.")
            self.click("month@edge.example", f"E-MONTH-{name}", NOON)
        april = ms("2026-04-30T12:00:00")  # a month before is the 30th, not the last of March
        for name, created in (("30", ms("2026-03-30T12:00:00")), ("30-early", ms("2026-03-30T11:59:59")),
                              ("31", ms("2026-03-31T12:00:00"))):
            self.hotel(f"E-APRIL-{name}", city="April" + name)
            self.review(f"E-APRIL-{name}", created, f"Reviewed for April, {name}.")
            self.click("april@edge.example", f"E-APRIL-{name}", april)

    def reviews(self):
        self.stay("E-TEXTS", city="Texts")
        self.review("E-TEXTS", NOON - 5, "good||| bad")
        self.review("E-TEXTS", NOON - 5, "")
        self.review("E-TEXTS", NOON - 4, "before", review="E-SAME", time=NOON)
        self.review("E-TEXTS", NOON - 4, "after", review="E-SAME", time=NOON + 10_000)
        self.review("E-TEXTS", NOON - 4, "after", review="E-OTHER", time=NOON + 10)
        self.click("texts@edge.example", "E-TEXTS", NOON)
        self.hotel("E-WORDLESS", city="Wordless")
        self.review("E-WORDLESS", NOON - 5, "")
        self.click("texts@edge.example", "E-WORDLESS", NOON)
        self.hotel("E-SILENT", city="Silence")
        self.click("silent@edge.example", "E-SILENT", NOON)

    def guests(self):
        """Reviews that name only a booking: one that comes later, twice even, and one that never comes."""
        for name in ("later", "never"):
            self.hotel(f"E-GUEST-{name}", city=name)
            self.click("guests@edge.example", f"E-GUEST-{name}", NOON + 5 * MINUTE)
        self.review("E-GUEST-later", NOON, "Booked later.", booking="EG-later")
        for minutes in (1, 2):
            self.booking("booker@edge.example", "E-GUEST-later", NOON + minutes * MINUTE, "EG-later")
        self.review("E-GUEST-never", NOON, "Booked nowhere.", booking="EG-never")

    def disorder(self):
        """A minute of clicks, and of bookings 20 minutes later, that come up to 4.9 seconds after their time."""
        begin, self.delay = NOON + 60 * MINUTE, 4900
        for number in range(120):
            email, at = f"disorder-{number % 60}@edge.example", begin + self.random.randint(0, MINUTE)
            self.click(email, "E-INTERVAL", at)
            if self.random.random() < 0.5:
                self.booking(email, "E-INTERVAL", at + 20 * MINUTE + self.random.choice((-900, -1, 0, 1, 900)))
        self.delay = 0

    def hotels(self):
        for number in (1, 2, 3):
            self.stay(f"E-TWIN-{number}", name="Twin", city="Twins")
        self.stay("E-TWIN-4", name=None, city="Twins")
        self.stay("E-TWIN-5", city="Twins", amenities="other")
        self.stay("E-NOAMENITIES", city="Twins", amenities=None)
        self.stay("E-NOCITY", city=None)
        self.stay("E-EMPTY", name="", city="", amenities="")
        row = self.stay("E-MOVED", name="Old name", city="Old city")
        row = self.hotel("E-MOVED", name="New name", city="Twins", before=row, time=NOON + 1)
        self.hotel("E-MOVED", name="New name", city="Twins", before=row, time=NOON + 2)  # the same again
        row = self.stay("E-CLOSED", city="Twins")
        self.change(HOTEL, "HOTEL_ID", "E-CLOSED", row, None, NOON + 3)
        row = self.stay("E-BACK", city="Twins")
        self.change(HOTEL, "HOTEL_ID", "E-BACK", row, None, NOON + 3)
        self.hotel("E-BACK", name="Back again", city="Twins", time=NOON + 4)
        for hotel in ("E-TWIN-1", "E-TWIN-4", "E-TWIN-5", "E-NOAMENITIES", "E-NOCITY", "E-EMPTY", "E-MOVED", "E-CLOSED",
                      "E-BACK"):
            self.click("hotels@edge.example", hotel, NOON + 1)
            self.booking("books@edge.example", hotel, NOON + 2)

    def customers(self):
        for customer, email, gone, back in (("E1", "gone", True, False), ("E2", "stays", False, False),
                                            ("E3", "shared", True, False), ("E4", "shared", False, False),
                                            ("E5", "returns", True, True)):
            row = self.customer(customer, f"{email}@edge.example")
            if gone:
                self.change(CUSTOMER, "CUSTOMER_ID", customer, row, None, NOON)
            if back:
                self.customer(customer, f"{email}@edge.example")
        for email in ("gone", "stays", "shared", "returns"):
            self.click(f"{email}@edge.example", "E-INTERVAL", NOON + 2)

    def seal(self, time):
        """One last record per partition, so that every window closes."""
        for partition in range(self.partitions):
            self.put(CLICKS, time, self.click_value("seal@edge.example", "E-SEAL", time, "page-view"), partition=partition)
            self.put(BOOKINGS, time, self.booking_value("seal@edge.example", "E-SEAL", time), partition=partition)

    def lines(self):
        """For Writer.java. In order of time, as the topics would have them."""
        for case in (self.interval, self.months, self.reviews, self.hotels, self.customers, self.disorder):
            case()
        if self.by_booking:
            self.guests()
        self.seal(ms("2026-04-30T14:00:00"))
        return self.text()

    def text(self):
        def text(data):
            return "-" if data is None else base64.b64encode(data).decode()

        return "".join(f"{topic}\t{partition}\t{time}\t{text(key)}\t{text(value)}\n"
                       for _, _, time, topic, partition, key, value in sorted(self.rows, key=lambda row: row[:2]))
