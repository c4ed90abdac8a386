"""What the tests of the live daemon share: the servers, and for each test topics, records and daemons of its own."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import live
from live import avro_string, now_ms, wait_for

TESTS = []
INPUTS = {"clickstream": "clicks", "bookings": "bookings", "reviews": "reviews", "hotel": "hotels", "customer": "customers"}
OUTPUTS = {"summary": "targets", "bookings": "booked", "catalog": "catalog"}
CLICK_SCHEMA = {"type": "record", "name": "click", "fields": [
    {"name": n, "type": "string"} for n in ("CUSTOMER_EMAIL", "HOTEL_ID", "ACTION")]}


def test(function):
    TESTS.append(function)
    return function


class World:
    """The servers that tests share."""

    def __init__(self, directory):
        self.directory = Path(directory)
        with ThreadPoolExecutor(2) as both:
            kafka = both.submit(live.Server, "kafka", self.directory / "shared")
            registry = both.submit(live.Server, "registry", self.directory / "shared")
            self.kafka, self.registry = kafka.result(), registry.result()
        self.brokers, self.registry_url = self.kafka.env["BOOTSTRAP"], self.registry.env["URL"]
        self.admin = live.Admin(self.brokers)

    def stop(self):
        self.registry.stop()
        self.kafka.stop()


class Case:
    """One test's topics, records and daemons."""

    def __init__(self, world, name):
        self.world, self.name, self.daemons, self.closing = world, name, [], []
        self.brokers, self.registry = world.brokers, world.registry_url
        self.directory = world.directory / name
        self.directory.mkdir()

    def topic(self, short):
        return f"{self.name}.{short}"

    def create(self, *shorts, partitions=1):
        """Topics of this test; without names, the five inputs."""
        live.Admin(self.brokers).create(*(self.topic(s) for s in shorts or INPUTS.values()), partitions=partitions)

    def settings(self, name="one"):
        out = {"kafka.bootstrap.servers": self.brokers, "schema.registry.url": self.registry,
               "group.id": f"{self.name}-{name}", "http.listen": f"127.0.0.1:{live.free_port()}",
               "state.path": self.directory / name / "state.db", "dead_letter.topic": self.topic(f"{name}.dead"),
               "window": "5s", "out_of_orderness": "0s", "idle_timeout": "1s", "checkpoint.interval": "100ms",
               "topics.partitions": 1}
        out.update({f"input.{i}.topic": self.topic(short) for i, short in INPUTS.items()})
        out.update({f"output.{o}.topic": self.topic(f"{name}.{short}") for o, short in OUTPUTS.items()})
        return out

    def riverd(self, name="one", **changes):
        """Not started yet. Settings by keyword, '.' as '__'."""
        settings = self.settings(name)
        settings.update({key.replace("__", "."): value for key, value in changes.items()})
        daemon = live.Riverd(self.directory / name, settings)
        self.daemons.append(daemon)
        return daemon

    def close(self):
        for daemon in self.daemons:
            daemon.kill()
        for thing in self.closing:
            thing()

    # ---- records ----

    def put(self, short, value, key=None, partition=0):
        live.produce(self.brokers, self.topic(short), value, key, partition)

    def hotel(self, number=1):
        self.put("hotels", {"HOTEL_ID": f"H{number}", "NAME": f"Hotel {number}", "CITY": "Ulm", "COUNTRY": "DE",
                            "AMENITIES": "pool", "DESCRIPTION": "by the river"}, key=f"H{number}")

    def review(self, number=1, hotel=1, text="Quiet rooms and a good breakfast."):
        self.put("reviews", {"REVIEW_ID": f"R{number}", "HOTEL_ID": f"H{hotel}", "REVIEW_TEXT": text,
                             "REVIEW_RATING": 5, "CREATED_AT": now_ms() - 3600000})

    @staticmethod
    def click_of(who, hotel=1, action="booking-click"):
        return {"CUSTOMER_EMAIL": f"{who}@example.org", "HOTEL_ID": f"H{hotel}", "ACTION": action}

    def click(self, who, hotel=1, partition=0):
        self.put("clicks", self.click_of(who, hotel), partition=partition)

    def booking(self, who, number=1, hotel=1):
        self.put("bookings", {"BOOKING_ID": f"B{number}", "CUSTOMER_EMAIL": f"{who}@example.org", "HOTEL_ID": f"H{hotel}",
                              "CHECK_IN": 1790000000000, "CHECK_OUT": 1790100000000, "PRICE": 120})

    def dimensions(self, hotels=1):
        for i in range(1, hotels + 1):
            self.hotel(i)
            self.review(i, i)

    # ---- results ----

    def targets(self, name="one"):
        records = live.consume(self.brokers, self.topic(f"{name}.targets"))
        return [{**live.decode(r, "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY"), "record": r} for r in records]

    def customers(self, name="one"):
        return sorted(t["CUSTOMER_EMAIL"].split("@")[0] for t in self.targets(name))

    def dead(self, name="one"):
        return live.consume(self.brokers, self.topic(f"{name}.dead"))

    def expect(self, *who, name="one", timeout=25.0):
        """Exactly these customers, and half a second later still no more."""
        wait_for(f"targets {who}", lambda: len(self.customers(name)) >= len(who), timeout, 0.3)
        time.sleep(0.5)
        got = self.customers(name)
        assert got == sorted(who), f"targets of {got}, expected {sorted(who)}"

    def register(self, subject, schema, kind="AVRO"):
        """schema: its text, or an object."""
        text = schema if isinstance(schema, str) else json.dumps(schema)
        body = json.dumps({"schema": text, "schemaType": kind}).encode()
        status, text = live.http(f"{self.world.registry_url}/subjects/{subject}/versions", body)
        assert status == 200, text
        return json.loads(text)["id"]

    def registry_proxy(self):
        port = re.search(r":(\d+)/(.*)", self.world.registry_url)
        proxy = live.Proxy("127.0.0.1", int(port.group(1)))
        self.closing.append(proxy.down)
        self.registry = f"http://127.0.0.1:{proxy.port}/{port.group(2)}"
        return proxy


def framed(number, body):
    return b"\0" + number.to_bytes(4, "big") + body


def avro_click(number, who, hotel=1):
    fields = Case.click_of(who, hotel)
    return framed(number, b"".join(avro_string(fields[f["name"]]) for f in CLICK_SCHEMA["fields"]))
