"""Clients that are not ours, on both sides of riverd.

    clients_test.py [--keep DIR]

Each writer (Java with Avro, kafka-console-producer, Python with Avro and with JSON Schema,
kcat) writes a hotel, a review, two clicks and a booking. riverd must answer the click of each
that was not booked. Each reader (Java with Avro, kafka-console-consumer, Python with Avro,
kcat) reads every output, and every field must be what was written. Last line: N passed, N
failed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from confluent_kafka import Producer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))
import live  # noqa: E402
from readers import READERS  # noqa: E402
from writers import TOPICS, WRITERS  # noqa: E402

SUMMARY, BOOKINGS, CATALOG = "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY", "HOTEL_BOOKINGS", "HOTEL_CATALOG"
CHECK_IN = 1790000000000
TEXT = "Sehr ruhig, \"great\" breakfast; 素晴らしい 😀"


def hotel_of(writer):
    return {"HOTEL_ID": f"H-{writer}", "NAME": f"Hôtel {writer}", "CLASS": "4 Stars", "DESCRIPTION": "by the river",
            "CITY": "Köln", "COUNTRY": "DE", "AMENITIES": "pool"}


class World:
    def __init__(self, directory):
        self.kafka, self.registry_server = live.Server("kafka", directory), live.Server("registry", directory)
        self.brokers, self.registry = self.kafka.env["BOOTSTRAP"], self.registry_server.env["URL"]
        self.core_registry = self.registry.replace("ccompat/v7", "registry/v2")
        live.Admin(self.brokers).create(*TOPICS.values(), "riverhotel.SAMPLE.CUSTOMER", partitions=2)
        self.passed = self.failed = 0
        self.rows = len(WRITERS)  # of every output
        self.riverd = live.Riverd(Path(directory) / "riverd", {
            "kafka.bootstrap.servers": self.brokers, "schema.registry.url": self.registry, "idle_timeout": "1h",
            "checkpoint.interval": "200ms", "topics.partitions": 2,
            "hotel_bookings.date_type": "long", "hotel_bookings.price_type": "int",
            "http.listen": f"127.0.0.1:{live.free_port()}", "state.path": Path(directory) / "riverd" / "state.db"})

    def check(self, name, good, detail=""):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        print(f"{'ok  ' if good else 'FAIL'} {name}" + ("" if good else f": {str(detail)[:800]}"), flush=True)

    def stop(self):
        self.riverd.kill()
        self.registry_server.stop()
        self.kafka.stop()


def event(writer, name, **fields):
    common = {"activity_id": "A", "event_duration": 1, "url": "/", "created_at": live.now_ms()}
    if name == "clickstream":
        fields = {**common, "action": "booking-click", **fields}
    return name, None, {"hotel_id": f"H-{writer}", **fields}


def dimensions(writer):
    hotel = hotel_of(writer)
    return [("hotel", {"HOTEL_ID": hotel["HOTEL_ID"]}, hotel),
            event(writer, "reviews", review_id=f"R-{writer}", review_rating=5, review_text=f"{writer}: {TEXT}",
                  created_at=live.now_ms() - 3600000)]


def visit(writer):
    return [event(writer, "clickstream", customer_email=f"left@{writer}.example"),
            event(writer, "clickstream", customer_email=f"booked@{writer}.example"),
            event(writer, "clickstream", customer_email=f"looked@{writer}.example", action="page-view"),
            event(writer, "bookings", booking_id=f"B-{writer}", customer_email=f"booked@{writer}.example", check_in=CHECK_IN,
                  check_out=CHECK_IN + 86400000, occupants=2, price=140, created_at=live.now_ms())]


def everyone(function, names):
    """At the same time: most of it is waiting for virtual machines to start."""
    with ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(function, names))


def write(world):
    """The time before the first click and after the last one."""
    everyone(lambda name: attempt(world, name, lambda: WRITERS[name](world, dimensions(name))), WRITERS)
    world.riverd.start().ready()
    live.wait_for("the hotels are written", lambda: len(live.consume(world.brokers, CATALOG)) >= len(WRITERS), 30, 0.3)
    start = live.now_ms()
    everyone(lambda name: attempt(world, name, lambda: WRITERS[name](world, visit(name))), WRITERS)
    end = live.now_ms()
    seal(world)
    live.wait_for("every target", lambda: len(live.consume(world.brokers, SUMMARY)) >= len(WRITERS), 60, 0.5)
    code, _ = world.riverd.stop()
    world.check("riverd ends well", code == 0, code)
    dead = live.consume(world.brokers, "riverd.dead-letter")
    world.check("nothing that the clients wrote is a dead letter", not dead, [(d["headers"], d["value"]) for d in dead])
    return start, end


def seal(world):
    """Half an hour later in every partition: only event time closes the windows, however slow the machine is."""
    producer = Producer({"bootstrap.servers": world.brokers})
    late = {"CUSTOMER_EMAIL": "seal@example.org", "HOTEL_ID": "nowhere", "ACTION": "seal", "BOOKING_ID": "seal"}
    for topic in (TOPICS["clickstream"], TOPICS["bookings"]):
        for partition in (0, 1):
            producer.produce(topic, json.dumps(late), partition=partition, timestamp=live.now_ms() + 30 * 60000)
    assert producer.flush(30) == 0


def attempt(world, name, write_it):
    try:
        write_it()
    except (AssertionError, subprocess.SubprocessError) as error:
        world.check(f"{name} can write", False, error)


def expected():
    """{topic: {key of the row: fields}} of what is known beforehand."""
    out = {SUMMARY: {}, BOOKINGS: {}, CATALOG: {}}
    names = sorted(WRITERS, key=lambda w: f"H-{w}")
    for w in WRITERS:
        hotel = hotel_of(w)
        out[SUMMARY][f"left@{w}.example"] = {
            "CUSTOMER_EMAIL": f"left@{w}.example", "HOTEL_ID": f"H-{w}", "HOTEL_NAME": hotel["NAME"], "HOTEL_CITY": "Köln",
            "SIMILAR_HOTELS": [hotel_of(o)["NAME"] for o in names if o != w], "HOTEL_REVIEWS": f"{w}: {TEXT}"}
        out[BOOKINGS][f"booked@{w}.example"] = {
            "BOOKING_ID": f"B-{w}", "CUSTOMER_EMAIL": f"booked@{w}.example", "HOTEL_ID": f"H-{w}", "HOTEL_NAME": hotel["NAME"],
            "CITY": "Köln", "COUNTRY": "DE", "CHECK_IN": CHECK_IN, "CHECK_OUT": CHECK_IN + 86400000, "PRICE": 140}
        out[CATALOG][f"H-{w}"] = {n: hotel[n] for n in ("HOTEL_ID", "NAME", "DESCRIPTION", "CITY", "COUNTRY")}
    return out


def judge(world, reader, seen, start, end):
    keys = {SUMMARY: "CUSTOMER_EMAIL", BOOKINGS: "CUSTOMER_EMAIL", CATALOG: "HOTEL_ID"}
    free = {SUMMARY: ("ACTIVITY_TIME", "REVIEW_SUMMARY")}
    for topic, rows in expected().items():
        got = {key[keys[topic]]: value for key, value in seen[topic]}
        known = {k: {n: v for n, v in value.items() if n not in free.get(topic, ())} for k, value in got.items()}
        wrong = [(known.get(k), rows.get(k)) for k in rows.keys() | known.keys() if known.get(k) != rows.get(k)]
        world.check(f"{reader} reads {topic}: {len(seen[topic])} records, every field as written",
                    not wrong and len(seen[topic]) == len(rows), wrong[:2])
        if topic == SUMMARY:
            good = all(start <= v["ACTIVITY_TIME"] <= end and v["REVIEW_SUMMARY"] for v in got.values())
            world.check(f"{reader}: times and summaries of the targets", good, list(got.values())[:2])


def read(world, start, end):
    first = None
    for name, seen in zip(READERS, everyone(lambda name: look(world, name), READERS)):
        if seen is None:
            continue
        judge(world, name, seen, start, end)
        flat = {topic: sorted(map(str, rows)) for topic, rows in seen.items()}
        first = first or flat
        world.check(f"{name} reads the same as the others", flat == first)


def look(world, name):
    try:
        return READERS[name](world, [SUMMARY, BOOKINGS, CATALOG])
    except (AssertionError, subprocess.SubprocessError, ValueError) as error:
        world.check(f"{name} can read", False, error)
        return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", help="keep logs and states in this directory")
    args = parser.parse_args()
    directory = args.keep or tempfile.mkdtemp(prefix="riverd-clients.")
    os.makedirs(directory, exist_ok=True)
    os.environ["BEHAVIOUR_SCRATCH"] = directory
    world = World(directory)
    try:
        read(world, *write(world))
    except (AssertionError, OSError) as error:
        world.check("the test ran to its end", False, error)
    finally:
        world.stop()
        if not args.keep:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"{world.passed} passed, {world.failed} failed")
    return 1 if world.failed else 0


if __name__ == "__main__":
    sys.exit(main())
