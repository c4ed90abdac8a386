"""riverd's targets and HOTEL_BOOKINGS by Bytewax, in its own words: what one customer
does with no pause of more than 20 minutes is a session; a click with a booking within
20 minutes has it in its session. Dimensions are read into memory before anything else.

    python -m bytewax.run bytewax_flow:flow     BENCH_* in the environment say where

It reads to the end of the topics and ends. No recovery is configured, which is in its favour;
HOTEL_CATALOG is not made.
"""

import io
import json
import os
import urllib.request
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

import bytewax.operators as op
import fastavro
import requests
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators import windowing as win
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

BROKERS, REGISTRY, MODEL = (os.environ["BENCH_" + n] for n in ("BROKERS", "REGISTRY", "MODEL"))
TARGETS, BOOKINGS = os.environ["BENCH_TARGETS"], os.environ["BENCH_BOOKINGS"]
SCHEMAS = Path(__file__).resolve().parent.parent.parent / "schemas"
WINDOW = timedelta(minutes=20)
GRACE = timedelta(days=8)  # topics of a backlog are not read in step: nothing may be late
CLICK, BOOKING = 0, 1


# ---- Avro and the registry ----

class Avro:
    def __init__(self):
        self.schemas = {}

    def of(self, number):
        if number not in self.schemas:
            with urllib.request.urlopen(f"{REGISTRY}/schemas/ids/{number}") as answer:
                self.schemas[number] = fastavro.parse_schema(json.loads(json.load(answer)["schema"]))
        return self.schemas[number]

    def read(self, value):
        return fastavro.schemaless_reader(io.BytesIO(value[5:]), self.of(int.from_bytes(value[1:5], "big")), None)

    @staticmethod
    def writer(topic, file):
        text = (SCHEMAS / file).read_text()
        answer = requests.post(f"{REGISTRY}/subjects/{topic}-value/versions", json={"schema": text}, timeout=30)
        head, schema = b"\0" + answer.json()["id"].to_bytes(4, "big"), fastavro.parse_schema(json.loads(text))

        def write(row):
            out = io.BytesIO()
            out.write(head)
            fastavro.schemaless_writer(out, schema, row)
            return out.getvalue()

        return write


avro = Avro()
write_target = Avro.writer(TARGETS, "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY-value.avsc")
write_booking = Avro.writer(BOOKINGS, "HOTEL_BOOKINGS-value.avsc")


# ---- dimensions ----

def table(topic):
    """The values of a topic up to its present end."""
    consumer = Consumer({"bootstrap.servers": BROKERS, "group.id": "bytewax", "enable.partition.eof": True})
    parts = consumer.list_topics(topic).topics[topic].partitions
    consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in parts])
    left = len(parts)
    while left:
        for message in consumer.consume(1000, 1.0):
            if message.error() is None:
                if message.value() is not None:
                    yield avro.read(message.value())
            elif message.error().code() == KafkaError._PARTITION_EOF:
                left -= 1
    consumer.close()


class Dimensions:
    def __init__(self):
        self.hotels, self.alike, self.reviews = {}, defaultdict(list), defaultdict(list)
        for change in table("riverhotel.SAMPLE.HOTEL"):
            if change["op"] == "d":
                self.hotels.pop(change["before"]["HOTEL_ID"], None)
            else:
                self.hotels[change["after"]["HOTEL_ID"]] = change["after"]
        for hotel in self.hotels.values():
            if hotel["CITY"] is not None and hotel["AMENITIES"] is not None:
                self.alike[hotel["CITY"], hotel["AMENITIES"]].append(hotel)
        latest = {r["review_id"]: r for r in table("hotel_reviews")}
        for r in latest.values():
            self.reviews[r["hotel_id"]].append((millis(r["created_at"]), r["review_text"]))
        for reviews in self.reviews.values():
            reviews.sort()
        self.customers, self.deleted = {}, set()
        for change in table("riverhotel.SAMPLE.CUSTOMER"):
            if change["op"] == "d":
                email = self.customers.pop(change["before"]["CUSTOMER_ID"], None)
                if email not in self.customers.values():
                    self.deleted.add(email)
            else:
                self.customers[change["after"]["CUSTOMER_ID"]] = change["after"]["EMAIL"]
                self.deleted.discard(change["after"]["EMAIL"])


def millis(at):
    return int(at.timestamp() * 1000 + 0.5) if isinstance(at, datetime) else at


def month_before(ms):
    at = datetime.fromtimestamp(ms / 1000, timezone.utc)
    year, month = (at.year, at.month - 1) if at.month > 1 else (at.year - 1, 12)
    for day in range(at.day, 27, -1):
        try:
            return at.replace(year=year, month=month, day=day).timestamp() * 1000
        except ValueError:
            continue
    return at.replace(year=year, month=month).timestamp() * 1000


dimensions = Dimensions()


# ---- the flow ----

def clicks_of(batch):
    out = []
    for m in batch:
        r = avro.read(m.value)
        if r["action"] == "booking-click" and r["customer_email"] and r["hotel_id"]:
            out.append((r["customer_email"], (m.timestamp[1], CLICK, r["hotel_id"])))
    return out


def bookings_of(batch):
    return [(m.timestamp[1], avro.read(m.value)) for m in batch]


def event_of(booking):
    at, r = booking
    return r["customer_email"], (at, BOOKING, r["hotel_id"])


def with_hotel(booking):
    _, r = booking
    hotel = dimensions.hotels.get(r["hotel_id"])
    if hotel is None:
        return None
    row = {name.upper(): value for name, value in r.items()}
    row.update(HOTEL_NAME=hotel["NAME"], CITY=hotel["CITY"], COUNTRY=hotel["COUNTRY"],
               CHECK_IN=millis(r["check_in"]), CHECK_OUT=millis(r["check_out"]))
    return KafkaSinkMessage(r["customer_email"].encode(), write_booking(row))


def abandoned(item):
    """The clicks of a session that no booking follows."""
    email, (_, events) = item
    booked = [at for at, kind, _ in events if kind == BOOKING]
    clicks = {(at, hotel) for at, kind, hotel in events if kind == CLICK}
    return [(email, at, hotel) for at, hotel in clicks if not any(at <= b <= at + 1200000 for b in booked)]


session, known = requests.Session(), {}


def summary(text):
    if text not in known:
        answer = session.post(MODEL + "/v1/chat/completions", json={"model": "bench", "messages": [
            {"role": "system", "content": "Answer with one sentence that says what guests liked most."},
            {"role": "user", "content": text}]}, timeout=60)
        known[text] = answer.json()["choices"][0]["message"]["content"]
    return known[text]


def target(click):
    email, at, hotel_id = click
    hotel = dimensions.hotels.get(hotel_id)
    if hotel is None or email in dimensions.deleted:
        return None
    since = month_before(at)
    reviews = [text for created, text in dimensions.reviews.get(hotel_id, ()) if since <= created <= at]
    if not reviews:
        return None
    text = "||| ".join(reviews)
    return KafkaSinkMessage(email.encode(), write_target({
        "CUSTOMER_EMAIL": email, "HOTEL_ID": hotel_id, "ACTIVITY_TIME": at, "HOTEL_NAME": hotel["NAME"] or "Unknown",
        "HOTEL_CITY": hotel["CITY"] or "Unknown",
        "SIMILAR_HOTELS": [h["NAME"] for h in dimensions.alike[hotel["CITY"], hotel["AMENITIES"]] if h is not hotel],
        "HOTEL_REVIEWS": text, "REVIEW_SUMMARY": summary(text)}))


def time_of(event):
    return datetime.fromtimestamp(event[0] / 1000, timezone.utc)


def source(topic):
    return KafkaSource([BROKERS], [topic], tail=False, batch_size=5000)


flow = Dataflow("abandoned")
booked = op.flat_map_batch("bookings", op.input("read_bookings", flow, source("bookings")), bookings_of)
clicked = op.flat_map_batch("clicks", op.input("read_clicks", flow, source("clickstream")), clicks_of)
op.output("write_bookings", op.filter_map("with_hotel", booked, with_hotel), KafkaSink([BROKERS], BOOKINGS))
events = op.merge("events", clicked, op.map("event", booked, event_of))
# no wake-ups by the wall clock: in a backlog all of them would be due at once, for ever
clock = win.EventClock(time_of, GRACE, to_system_utc=lambda at: None)
sessions = win.collect_window("sessions", events, clock, win.SessionWindower(WINDOW), ordered=False)
targets = op.filter_map("target", op.flat_map("abandoned", sessions.down, abandoned), target)
op.output("write_targets", targets, KafkaSink([BROKERS], TARGETS))
print("READY", flush=True)
