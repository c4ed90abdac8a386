"""How the live daemon gets on with what is around it: records, brokers, the registry, the model."""

import json
import re
import subprocess
import time

from behaviour_case import CLICK_SCHEMA, avro_click, framed, test
import live
from live import wait_for


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
