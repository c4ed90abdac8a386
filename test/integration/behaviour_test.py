"""How the live daemon behaves, on a real Kafka and a real schema registry.

    behaviour_test.py [-j N] [--keep DIR] [NAME ...]     only tests with NAME in their name

Each test has topics, a consumer group and a state of its own; several run at a time. Needs
Python's standard library, kcat and a built riverd. Last line: N passed, N failed.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import live
from live import RIVERD, avro_string, now_ms, wait_for

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


# ---- 1, 2: what comes in ----

@test
def a_lone_click_comes_out_within_two_seconds_of_its_deadline(t):
    t.create()
    t.dimensions()
    t.riverd().start().ready()
    time.sleep(1.5)  # every partition is idle
    t.click("lone")
    t.expect("lone")
    target = t.targets()[0]
    after = target["record"]["time_ms"] - (target["ACTIVITY_TIME"] + 5000)
    assert 0 < after <= 2000, f"{after} ms after the deadline"
    assert (target["HOTEL_NAME"], target["HOTEL_CITY"]) == ("Hotel 1", "Ulm"), target
    assert target["REVIEW_SUMMARY"], target


@test
def a_booking_in_time_clears_the_click_and_is_joined_with_its_hotel(t):
    t.create()
    t.dimensions()
    t.riverd().start().ready()
    t.click("booked")
    t.click("gone")
    t.booking("booked")
    t.expect("gone")
    booked = [live.decode(r, "HOTEL_BOOKINGS") for r in live.consume(t.brokers, t.topic("one.booked"))]
    assert [(b["BOOKING_ID"], b["HOTEL_NAME"], b["PRICE"]) for b in booked] == [("B1", "Hotel 1", 120)], booked
    catalog = live.consume(t.brokers, t.topic("one.catalog"))
    assert len(catalog) == 1 and live.decode(catalog[0], "HOTEL_CATALOG")["NAME"] == "Hotel 1"


@test
def json_json_schema_and_avro_may_share_a_topic(t):
    t.create()
    t.dimensions()
    fields = {n: {"type": "string"} for n in ("CUSTOMER_EMAIL", "HOTEL_ID", "ACTION")}
    json_id = t.register(t.topic("json"), {"type": "object", "properties": fields}, "JSON")
    avro_id = t.register(t.topic("clicks-value"), CLICK_SCHEMA)
    t.click("plain")
    t.put("clicks", framed(json_id, json.dumps(t.click_of("schema")).encode()))
    t.put("clicks", avro_click(avro_id, "avro"))
    t.put("clicks", b"neither of them")
    t.click("plain2")
    t.riverd().start().ready()
    t.expect("avro", "plain", "plain2", "schema")
    dead = t.dead()
    assert [d["value"] for d in dead] == [b"neither of them"], dead
    assert dead[0]["headers"]["riverd.error.code"] == "framing", dead[0]["headers"]


# ---- 3: brokers ----

def own_kafka(t, *options):
    kafka = live.Server("kafka", t.directory / "kafka", *options)
    t.closing.append(lambda: kafka.stop("KILL"))
    t.brokers = kafka.env["BOOTSTRAP"]
    return kafka


def lines_between(daemon, seconds):
    before = len(daemon.log().splitlines())
    time.sleep(seconds)
    return daemon.log().splitlines()[before:]


@test
def brokers_may_be_away_at_the_start_and_go_away_later(t):
    kafka = own_kafka(t)
    t.create()
    t.dimensions()
    kafka.stop()
    daemon = t.riverd(drain__timeout="3s").start()
    time.sleep(15)
    assert len(daemon.log().splitlines()) < 30, f"chatty:\n{daemon.log()}"
    assert (daemon.get("/livez")[0], daemon.get("/readyz")[0]) == (200, 503)
    code, seconds = daemon.stop()
    assert code == 0 and seconds < 6, f"a stop while it waits: exit {code} after {seconds:.1f} s\n{daemon.log()}"
    daemon.start()
    time.sleep(1)
    kafka.start()
    daemon.ready()
    t.click("first")
    t.expect("first")
    t.click("second")
    wait_for("second was read", lambda: daemon.metric("riverd_pipeline_clicks_pending") == 1)
    kafka.stop("KILL")
    chatter = lines_between(daemon, 10)
    assert len(chatter) < 40, "chatty:\n" + "\n".join(chatter)
    assert daemon.get("/livez")[0] == 200
    kafka.start()
    t.click("third")
    t.expect("first", "second", "third", timeout=60)
    assert daemon.stop()[0] == 0


def kafka_behind_a_cable(t):
    """A broker with two addresses: t.brokers, and one for riverd that can be cut."""
    direct, inner, controller = live.free_port(), live.free_port(), live.free_port()
    proxy = live.Proxy("127.0.0.1", inner)
    (t.directory / "kafka").mkdir()
    (t.directory / "kafka" / "kafka.env").write_text(f"PORT={direct}\nCONTROLLER_PORT={controller}\n")
    own_kafka(t, f"listeners=PLAINTEXT://127.0.0.1:{direct},CABLE://127.0.0.1:{inner},CONTROLLER://127.0.0.1:{controller}",
              f"advertised.listeners=PLAINTEXT://127.0.0.1:{direct},CABLE://127.0.0.1:{proxy.port}",
              "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,CABLE:PLAINTEXT",
              "auto.create.topics.enable=true")
    t.closing.append(proxy.down)
    return proxy


@test
def a_booking_made_while_kafka_was_out_of_reach_still_counts(t):
    proxy = kafka_behind_a_cable(t)
    t.create("clicks", "bookings", "reviews", "hotels")
    t.dimensions()
    daemon = t.riverd(kafka__bootstrap__servers=f"127.0.0.1:{proxy.port}", out_of_orderness="3s").start().ready()
    t.click("booked")
    t.click("gone")
    wait_for("both were read", lambda: daemon.metric("riverd_pipeline_clicks_pending") == 2)
    proxy.down()
    t.booking("booked")
    time.sleep(12)  # window and idle_timeout are over, and riverd knows of nothing
    assert daemon.metric("riverd_pipeline_clicks_pending") == 2, "nobody knows who booked, so nothing is decided"
    proxy.up()
    t.expect("gone", timeout=40)
    names = subprocess.run(["kcat", "-L", "-J", "-b", t.brokers], check=True, capture_output=True).stdout
    names = {x["topic"] for x in json.loads(names)["topics"]}
    assert t.topic("customers") not in names, "looking for a topic must not create it"


@test
def the_end_of_a_transaction_is_no_lag(t):
    t.create()
    t.dimensions()
    first = t.riverd("first", **{"output__summary__enabled": "true"}).start().ready()
    t.put("clicks", b"no click")
    wait_for("a dead letter", lambda: t.dead("first"), 20, 0.3)
    assert first.stop()[0] == 0
    daemon = t.riverd(**{"stuck__timeout": "2s", "input__clickstream__topic": t.topic("first.dead")}).start().ready()
    time.sleep(5)
    status, text = daemon.get("/readyz?verbose")
    assert status == 200, text
    lag = re.findall(r"^riverd_partition_lag_records\{.*\} (\S+)$", daemon.get("/metrics")[1], re.M)
    assert len(lag) == 5 and not any(float(x) for x in lag), lag


# ---- 4, 9: the registry ----

@test
def a_registry_that_is_down_holds_up_the_first_start_but_not_a_later_one(t):
    proxy = t.registry_proxy()
    proxy.down()
    t.create()
    t.dimensions()
    daemon = t.riverd().start()
    daemon.says("trying again")
    assert (daemon.get("/livez")[0], daemon.get("/readyz")[0]) == (200, 503)
    proxy.up()
    daemon.ready()
    t.click("first")
    t.expect("first")
    assert daemon.stop()[0] == 0
    proxy.down()
    daemon.start().ready(30)
    assert "known from before" in daemon.log()
    t.click("second")
    t.expect("first", "second")


@test
def records_of_an_unknown_schema_wait_for_the_registry(t):
    proxy = t.registry_proxy()
    t.create()
    t.dimensions()
    daemon = t.riverd().start().ready()
    number = t.register(t.topic("clicks-value"), CLICK_SCHEMA)
    proxy.down()
    t.put("clicks", avro_click(number, "waits"))
    t.click("behind")
    daemon.says("records wait")
    time.sleep(8)
    assert t.customers() == [] and t.dead() == [], "nothing comes out, and nothing is a dead letter"
    assert "schema registry failing" in daemon.get("/readyz?verbose")[1]
    assert len(re.findall("records wait", daemon.log())) < 15, daemon.log()
    proxy.up()
    t.expect("behind", "waits", timeout=60)
    assert t.dead() == []


@test
def records_of_a_schema_that_does_not_exist_are_dead_letters(t):
    t.create()
    t.dimensions()
    daemon = t.riverd().start().ready()
    t.put("clicks", avro_click(987654, "nobody"))
    t.click("somebody")
    t.expect("somebody")
    dead = wait_for("a dead letter", t.dead)
    assert len(dead) == 1 and dead[0]["value"] == avro_click(987654, "nobody")
    headers = dead[0]["headers"]
    assert headers["riverd.error.code"] == "schema" and "987654" in " ".join(headers.values()), headers
    assert daemon.metric("riverd_input_dead_letters_total") is not None or "dead" in daemon.get("/metrics")[1]


def shipped_schemas(t, topics, change=None):
    """Registers what schemas/ holds under this test's subjects."""
    for short, file in topics.items():
        for part in ("key", "value"):
            schema = (live.ROOT / "schemas" / f"{file}-{part}.avsc").read_text()
            if part == "value" and change is not None:
                schema = json.loads(schema)
                change(schema)
            t.register(f"{t.topic('one.' + short)}-{part}", schema)


SHIPPED = {"targets": "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY", "booked": "HOTEL_BOOKINGS", "catalog": "HOTEL_CATALOG"}


@test
def without_auto_register_the_schemas_must_be_there(t):
    t.create()
    t.dimensions()
    daemon = t.riverd(schema__registry__auto__register__schemas="false").start()
    daemon.says("is not registered under")
    assert daemon.get("/readyz")[0] == 503
    shipped_schemas(t, SHIPPED)
    daemon.ready(60)  # it looks again every 30 s
    t.click("one")
    t.expect("one")
    number = int.from_bytes(t.targets()[0]["record"]["value"][1:5], "big")
    text = json.loads(live.http(f"{t.registry}/subjects/{t.topic('one.targets')}-value/versions/latest")[1])
    assert text["id"] == number, (text, number)


@test
def use_latest_version_writes_with_the_subjects_own_schema(t):
    t.create()
    t.dimensions()

    def other_name(schema):
        schema["doc"] = "registered by somebody else"

    shipped_schemas(t, SHIPPED, other_name)
    daemon = t.riverd(schema__registry__auto__register__schemas="false", schema__registry__use__latest__version="true")
    daemon.start().ready()
    t.click("one")
    t.expect("one")
    number = int.from_bytes(t.targets()[0]["record"]["value"][1:5], "big")
    assert "somebody else" in live.http(f"{t.registry}/schemas/ids/{number}")[1]


# ---- 5: the model ----

@test
def targets_wait_for_the_model_and_everything_else_goes_on(t):
    t.create()
    t.dimensions(2)
    port = live.free_port()
    daemon = t.riverd(summary__provider="openai", summary__url=f"http://127.0.0.1:{port}", summary__model="fake")
    daemon.start().ready()
    for i, who in enumerate(("ada", "bob", "cleo", "dan")):
        t.click(who, 1 + i % 2)
    t.booking("eve")
    wait_for("HOTEL_BOOKINGS", lambda: live.consume(t.brokers, t.topic("one.booked")), 15, 0.3)
    wait_for("targets that wait", lambda: daemon.metric("riverd_pipeline_targets_waiting_answer") == 4, 20)
    time.sleep(3)
    status, text = daemon.get("/readyz?verbose")
    assert status == 200, text
    assert re.search(r"model failing for \d+ s", text), text
    assert t.customers() == []
    assert len(daemon.log().splitlines()) < 60, daemon.log()
    assert daemon.stop()[0] == 0
    daemon.start().ready()
    wait_for("they wait again", lambda: daemon.metric("riverd_pipeline_targets_waiting_answer") == 4, 20)
    model = live.Model(port)
    t.closing.append(model.stop)
    t.expect("ada", "bob", "cleo", "dan", timeout=90)
    assert {x["REVIEW_SUMMARY"] for x in t.targets()} == {"Guests liked the quiet rooms most."}
    assert len(model.asked) == 1, f"both hotels have the same review, so one call: {len(model.asked)}"


@test
def the_model_is_asked_once_for_each_distinct_input(t):
    t.create()
    t.hotel(1)
    t.hotel(2)
    t.review(1, 1, "A lovely pool.")
    t.review(2, 2, "The breakfast was rich.")
    model = live.Model(live.free_port())
    t.closing.append(model.stop)
    daemon = t.riverd(summary__provider="openai", summary__model="fake",
                      summary__url=f"http://127.0.0.1:{model.server.server_address[1]}").start().ready()
    for who in ("ada", "bob", "cleo"):
        t.click(who, 1)
        t.click(who, 2)
    t.expect("ada", "ada", "bob", "bob", "cleo", "cleo")
    assert len(model.asked) == 2, len(model.asked)
    assert daemon.stop()[0] == 0
    daemon.start().ready()
    t.click("dan", 1)
    t.expect("ada", "ada", "bob", "bob", "cleo", "cleo", "dan")
    assert len(model.asked) == 2, f"{len(model.asked)}: the answer of before the restart is kept"


# ---- 6: stopping ----

def generate(t, *more):
    topics = [x for i, short in INPUTS.items() for x in ("--topic", f"{i}={t.topic(short)}")]
    return subprocess.Popen([RIVERD, "generate", "--brokers", t.brokers, "--registry", t.registry, "--quiet", "--seed",
                             "5", "--hotels", "40", "--customers", "300", "--past-bookings", "200", "--changes", "0",
                             *topics, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ids(t, name):
    """riverd-id of everything written, dead letters too."""
    out = []
    for short in ("targets", "booked", "catalog", "dead"):
        out += [r["headers"]["riverd-id"] for r in live.consume(t.brokers, t.topic(f"{name}.{short}"))]
    return out


def quiet(daemon, partitions):
    """Everything read and written, for some seconds: what was read counts only after the next epoch, which is a
    second away and longer on a busy disk. A partition whose end is not known yet has no lag."""
    calm = []

    def look():
        text = daemon.get("/metrics")[1]
        lag = [float(x) for x in re.findall(r"^riverd_partition_lag_records\{.*\} (\S+)$", text, re.M)]
        rows = re.search(r"^riverd_outbox_rows (\S+)$", text, re.M)
        calm.append(len(lag) == partitions and not any(lag) and rows is not None and float(rows.group(1)) == 0)
        return len(calm) >= 15 and all(calm[-15:])

    wait_for("riverd is quiet", look, 90, 0.3)


def assert_same(t, one, other):
    if one == other:
        return
    rows = [f"{name}.{short} {r['partition']}:{r['offset']} at {r['time_ms']} key {r['key']} {r['headers']}"
            for name, missing in (("whole", one - other), ("parts", other - one))
            for short in ("targets", "booked", "catalog", "dead")
            for r in live.consume(t.brokers, t.topic(f"{name}.{short}")) if r["headers"]["riverd-id"] in missing]
    raise AssertionError(f"{len(one - other)} missing, {len(other - one)} too many\n" + "\n".join(rows[:20]))


@test
def sigterm_under_load_loses_and_doubles_nothing(t):
    t.create(partitions=3)
    assert generate(t, "--events", "8000", "--history", "2d").wait(60) == 0
    more = {"idle_timeout": "1h", "window": "20m", "out_of_orderness": "5s", "hotel_bookings__date_type": "long",
            "hotel_bookings__price_type": "int",
            "reviews__required": "false"}  # some reviews come long after their date: whoever decides earlier has fewer
    parts = t.riverd("parts", **more)
    load = generate(t, "--history", "0", "--live", "--rate", "1500", "--for", "90s", "--continue", "100000")
    t.closing.append(load.kill)
    for seconds in (0.3, 1.0, 0.1):
        parts.start()
        wait_for("a commit", lambda: (parts.metric("riverd_epochs_total") or 0) > 2, 30, 0.02)
        time.sleep(seconds)
        code, took = parts.stop()
        assert code == 0 and took < 20, f"exit {code} after {took:.1f} s\n{parts.log()}"
    assert load.poll() is None, "the stops were under load"
    load.terminate()
    assert load.wait(20) == 0
    whole = t.riverd("whole", **more).start()
    parts.start().ready()
    quiet(parts, 15)
    whole.ready()
    quiet(whole, 15)
    one, other = ids(t, "whole"), ids(t, "parts")
    assert len(one) > 1000 and len(set(one)) == len(one), f"{len(one)} records, {len(set(one))} distinct"
    assert len(set(other)) == len(other), f"{len(other) - len(set(other))} doubled"
    assert_same(t, set(one), set(other))


@test
def a_second_sigterm_leaves_at_once_and_nothing_is_lost(t):
    t.create()
    t.dimensions()
    daemon = t.riverd()
    daemon.start({"RIVERD_FAULT": "publish.before_commit:sleep=15000@2"}).ready()
    t.click("late")
    wait_for("the click was read", lambda: daemon.metric("riverd_pipeline_clicks_pending") == 1)
    time.sleep(7)  # its transaction hangs
    daemon.signal(signal.SIGTERM)
    time.sleep(1)
    assert daemon.process.poll() is None, f"it waits for the committer\n{daemon.log()}"
    start = time.monotonic()
    daemon.signal(signal.SIGTERM)
    code = daemon.process.wait(5)
    assert time.monotonic() - start < 1 and code == 128 + signal.SIGTERM, code
    daemon.start().ready()
    t.expect("late")


@test
def a_stop_ends_with_drain_timeout_when_the_committer_hangs(t):
    t.create()
    t.dimensions()
    daemon = t.riverd(drain__timeout="2s")
    daemon.start({"RIVERD_FAULT": "publish.before_commit:sleep=25000@2"}).ready()
    t.click("late")
    wait_for("the click was read", lambda: daemon.metric("riverd_pipeline_clicks_pending") == 1)
    time.sleep(7)
    _, seconds = daemon.stop()
    assert seconds < 10, f"{seconds:.1f} s\n{daemon.log()}"
    daemon.start().ready()
    t.expect("late")


# ---- 7: reload ----

@test
def sighup_reloads_what_it_can_and_says_what_it_cannot(t):
    t.create()
    daemon = t.riverd().start().ready()
    daemon.write(log__level="debug")
    daemon.signal(signal.SIGHUP)
    daemon.says("log.level.* is in force now")
    daemon.write(window="7s")
    daemon.signal(signal.SIGHUP)
    daemon.says("window.* needs a restart")
    good = daemon.conf.read_text()
    daemon.conf.write_text(good.replace("log.level = debug", "log.level = loud\nwindwo = 3s"))
    daemon.signal(signal.SIGHUP)
    daemon.says("not reloaded")
    assert re.search(r"windwo", daemon.log()) and re.search(r"loud", daemon.log()), daemon.log()
    wait_for("the failure is counted", lambda: daemon.metric("riverd_config_reload_failures_total") == 1)
    assert daemon.metric("riverd_config_reloads_total") == 2
    daemon.conf.unlink()
    daemon.signal(signal.SIGHUP)
    wait_for("a missing file is one, too", lambda: daemon.metric("riverd_config_reload_failures_total") == 2)
    daemon.conf.write_text(good)
    t.dimensions()
    t.click("still")
    t.expect("still")
    assert daemon.stop()[0] == 0


@test
def sighup_does_not_end_a_daemon_that_still_starts(t):
    daemon = t.riverd(kafka__bootstrap__servers=f"127.0.0.1:{live.free_port()}").start()
    wait_for("/livez", lambda: daemon.get("/livez")[0] == 200)
    daemon.write(log__level="debug")
    daemon.signal(signal.SIGHUP)
    daemon.says("log.level.* is in force now")
    assert daemon.process.poll() is None


# ---- 8: topics and partitions ----

@test
def a_topic_that_appears_later_is_read_from_its_beginning(t):
    t.create("bookings", "reviews", "hotels", "customers")
    t.dimensions()
    daemon = t.riverd().start().ready()
    assert re.search(r"input topic \S+clicks does not exist yet", daemon.log())
    time.sleep(3)
    status, _ = daemon.get("/readyz")
    assert status == 200
    t.create("clicks", partitions=2)
    t.click("early", partition=0)
    t.click("early2", partition=1)
    t.expect("early", "early2", timeout=40)


@test
def input_topics_are_never_created(t):
    t.create("bookings", "reviews", "hotels", "customers")
    t.riverd().start().ready()
    time.sleep(1)
    names = subprocess.run(["kcat", "-L", "-J", "-b", t.brokers], check=True, capture_output=True).stdout
    names = {x["topic"] for x in json.loads(names)["topics"]}
    assert t.topic("one.targets") in names and t.topic("one.dead") in names, "outputs are created"
    assert t.topic("clicks") not in names


@test
def partitions_that_are_added_later_are_read_from_their_beginning(t):
    t.create()
    t.dimensions()
    daemon = t.riverd().start().ready()
    t.click("old")
    live.Admin(t.brokers).grow(t.topic("clicks"), 3)
    wait_for("the new partitions are there", lambda: try_click(t, "new", 2), 10, 0.5)
    t.expect("new", "old", timeout=40)
    assert daemon.stop()[0] == 0
    daemon.start().ready()
    t.click("again", partition=2)
    t.expect("again", "new", "old")


def try_click(t, who, partition):
    try:
        t.click(who, partition=partition)
        return True
    except AssertionError:
        return False


# ---- 10: wrong starts ----

def run_to_end(daemon, timeout=20):
    daemon.start()
    return daemon.process.wait(timeout), daemon.log()


@test
def a_wrong_configuration_is_named_to_the_key_and_exits_78(t):
    daemon = t.riverd(windwo="3s", checkpoint__interval="soon")
    number = next(n for n, line in enumerate(daemon.conf.read_text().splitlines(), 1) if "windwo" in line)
    code, log = run_to_end(daemon)
    assert code == 78, (code, log)
    assert f"riverd.conf:{number}" in log and "windwo" in log, log
    assert re.search(r"window", log), f"the nearest key: {log}"
    assert "checkpoint.interval" in log and "soon" in log, log
    missing = t.riverd("missing", kafka__bootstrap__servers=None)
    code, log = run_to_end(missing)
    assert code == 78 and "kafka.bootstrap.servers" in log, (code, log)


@test
def a_wrong_librdkafka_property_exits_78_and_is_named(t):
    code, log = run_to_end(t.riverd(kafka__session__timeout__ms="soon"))
    assert code == 78 and "session.timeout.ms" in log, (code, log)
    code, log = run_to_end(t.riverd("long", kafka__socket__timeout__ms="60001"))
    assert code == 78 and "more than transaction.timeout.ms" in log, (code, log)


@test
def a_port_in_use_exits_78_and_says_so(t):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, log = run_to_end(t.riverd(http__listen=f"127.0.0.1:{port}"))
    assert code == 78, (code, log)
    assert str(port) in log and "in use" in log and "http.listen" in log, log


@test
def a_state_that_a_running_riverd_holds_exits_3(t):
    t.create()
    daemon = t.riverd().start().ready()
    other = t.riverd("other", state__path=daemon.settings["state.path"])
    code, log = run_to_end(other)
    assert code == 3, (code, log)
    assert "state.db" in log and re.search(r"lock|another|running", log), log
    assert daemon.get("/readyz")[0] == 200


@test
def a_state_directory_that_cannot_be_made_is_said(t):
    code, log = run_to_end(t.riverd(state__path="/proc/no/such/state.db"))
    assert code in (1, 3, 78) and "/proc/no/such" in log, (code, log)


# ---- 11: privacy ----

@test
def no_address_appears_in_the_log_or_the_metrics_and_status_masks_it(t):
    t.create()
    t.dimensions()
    daemon = t.riverd(log__level="debug").start().ready()
    canary = "canary-4711@secret-domain.example"
    t.put("clicks", {"CUSTOMER_EMAIL": canary, "HOTEL_ID": "H1", "ACTION": "booking-click"})
    t.put("clicks", {"CUSTOMER_EMAIL": canary, "HOTEL_ID": "H9", "ACTION": "booking-click"})
    t.put("bookings", {"BOOKING_ID": "B1", "CUSTOMER_EMAIL": canary, "HOTEL_ID": "H9", "CHECK_IN": canary, "PRICE": 1})
    t.put("customers", {"CUSTOMER_ID": 1, "EMAIL": canary}, key="1")
    for value in (f'{{"CUSTOMER_EMAIL": "{canary}", ', f'{{"CUSTOMER_EMAIL": {{"{canary}": 1}}}}', canary,
                  f'["{canary}"]', f'{{"{canary}": 1, "CUSTOMER_EMAIL": 3, "HOTEL_ID": [1], "ACTION": "booking-click"}}'):
        for topic in ("clicks", "bookings", "reviews", "hotels", "customers"):
            t.put(topic, value.encode(), key=canary)
    wait_for("the target", t.targets, 20, 0.3)
    wait_for("dead letters", lambda: len(t.dead()) >= 15, 10, 0.3)
    status = daemon.get("/status")[1]
    pages = daemon.log() + daemon.get("/metrics")[1] + status + daemon.get("/")[1] + daemon.get("/readyz?verbose")[1]
    assert "canary-4711" not in pages, [line for line in pages.splitlines() if "canary-4711" in line][:3]
    assert "secret-domain" not in daemon.log(), [x for x in daemon.log().splitlines() if "secret-domain" in x][:3]
    assert "Hotel 1" in status or "H1" in status, f"the target is shown, masked: {status}"
    headers = [r["headers"] for r in t.dead()] + [x["record"]["headers"] for x in t.targets()]
    assert "canary" not in json.dumps(headers), "no address in headers"
    assert daemon.stop()[0] == 0
    assert "canary-4711" not in daemon.log()


# ---- 12: those who watch ----

def health(*arguments):
    done = subprocess.run([RIVERD, "health", *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@test
def riverd_health_tells_by_its_exit_status(t):
    t.create()
    daemon = t.riverd()
    assert health("--url", daemon.url)[0] == 1, "nobody listens"
    daemon.start().ready()
    code, text = health("--url", daemon.url)
    assert code == 0 and "ready" in text, (code, text)
    assert health("--url", daemon.url, "--live", "--quiet") == (0, "")
    assert health("--timeout", "never")[0] == 64
    waits = t.riverd("waits", kafka__bootstrap__servers=f"127.0.0.1:{live.free_port()}").start()
    wait_for("/livez", lambda: waits.get("/livez")[0] == 200)
    assert health("--url", waits.url)[0] == 1 and health("--url", waits.url, "--live")[0] == 0
    named = subprocess.run([RIVERD, "health"], env={**os.environ, "RIVERD_HTTP_LISTEN": daemon.settings["http.listen"]},
                           capture_output=True, check=False)
    assert named.returncode == 0, named


class NotifySocket:
    """What systemd would hear: (seconds since the start, text)."""

    def __init__(self, directory):
        self.path = str(Path(tempfile.mkdtemp(dir=directory)) / "n")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.heard = []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            text = self.socket.recv(4096).decode()
            self.heard.append((time.monotonic(), text))

    def count(self, word):
        return sum(word in text for _, text in self.heard)


@test
def systemd_hears_ready_watchdog_reloading_and_stopping(t):
    t.create()
    systemd = NotifySocket("/tmp")
    daemon = t.riverd()
    daemon.start({"NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "2000000"})
    wait_for("READY=1", lambda: systemd.count("READY=1") == 1, 5)
    daemon.ready()
    wait_for("STATUS=running", lambda: systemd.count("STATUS=running"), 5)
    before = systemd.count("WATCHDOG=1")
    time.sleep(5)
    beats = systemd.count("WATCHDOG=1") - before
    assert 4 <= beats <= 12, f"{beats} in 5 s"
    daemon.signal(signal.SIGHUP)
    wait_for("RELOADING=1 and READY=1", lambda: systemd.count("RELOADING=1") == 1 and systemd.count("READY=1") == 2, 5)
    assert daemon.stop()[0] == 0
    wait_for("STOPPING=1", lambda: systemd.count("STOPPING=1") == 1, 2)
    shutil.rmtree(Path(systemd.path).parent)


@test
def the_watchdog_is_not_fed_when_the_loop_stands_still(t):
    systemd = NotifySocket("/tmp")
    daemon = t.riverd(kafka__bootstrap__servers=f"127.0.0.1:{live.free_port()}")
    daemon.start({"NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "1000000"})
    wait_for("WATCHDOG=1", lambda: systemd.count("WATCHDOG=1") > 1, 10)
    daemon.signal(signal.SIGSTOP)
    time.sleep(0.3)
    before = systemd.count("WATCHDOG=1")
    time.sleep(2)
    assert systemd.count("WATCHDOG=1") == before
    daemon.signal(signal.SIGCONT)
    wait_for("WATCHDOG=1 again", lambda: systemd.count("WATCHDOG=1") > before, 10)
    shutil.rmtree(Path(systemd.path).parent)


# ---- running them ----

def run(world, function):
    start = time.monotonic()
    case = Case(world, function.__name__[:60])
    trouble = None
    try:
        function(case)
    except Exception:  # pylint: disable=broad-except
        trouble = traceback.format_exc().strip()
    case.close()
    took = time.monotonic() - start
    print(f"{'ok  ' if trouble is None else 'FAIL'} {function.__name__.replace('_', ' ')} ({took:.1f} s)", flush=True)
    if trouble is not None:
        print("     " + trouble.replace("\n", "\n     "), flush=True)
    return trouble is None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-j", type=int, default=8, help="tests at a time")
    parser.add_argument("--keep", help="keep logs and states in this directory")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    chosen = [f for f in TESTS if not args.names or any(n in f.__name__ for n in args.names)]
    directory = args.keep or tempfile.mkdtemp(prefix="riverd-behaviour.")
    os.makedirs(directory, exist_ok=True)
    os.environ["BEHAVIOUR_SCRATCH"] = directory
    world = World(directory)
    try:
        long_first = sorted(chosen, key=lambda f: f.__name__.startswith(("brokers", "a_booking_made", "without_auto", "targets", "sigterm")),
                            reverse=True)
        with ThreadPoolExecutor(args.j) as pool:
            good = list(pool.map(lambda f: run(world, f), long_first))
    finally:
        world.stop()
        if args.keep is None:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"{sum(good)} passed, {len(good) - sum(good)} failed")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
