"""The output topics as tables of a lake, and the queries of a campaign on them.

    lake_test.py [--events N] [--seed N] [--keep DIR]

Generated input goes through riverd; every output topic becomes a Delta table, twice, and a
third time after a nullable field was added to a schema in the registry. The answers of the
queries are compared with a computation from the input topics that shares nothing with riverd,
with the tables, or with SQL. Last line: N passed, N failed.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, ConfigResource
from deltalake import QueryBuilder

import campaign
from tables import METADATA, Registry, Suspended, Table, arrow_schema

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))
import harness  # noqa: E402
from decode import Schemas, append, changelog  # noqa: E402
from oracle import Oracle  # noqa: E402

DAY = 86400000
OUTPUTS = ["TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY", "TARGET_CUSTOMERS_WITH_SIMILAR_HOTELS",
           "TARGET_CUSTOMERS_WITH_REVIEWS_AND_HOTELS", "HOTEL_BOOKINGS", "HOTEL_CATALOG"]
CLICKS, BOOKINGS, REVIEWS, HOTELS, CUSTOMERS = harness.INPUTS


def plain(value):
    return value.as_py() if hasattr(value, "as_py") else value


class Lake:
    def __init__(self, args, directory):
        self.args, self.directory, self.passed, self.failed = args, Path(directory), 0, 0
        self.kafka, self.registry_server = harness.Server("kafka", directory), harness.Server("registry", directory)
        self.brokers, self.url = self.kafka.env["BOOTSTRAP"], self.registry_server.env["URL"]
        self.registry = Registry(self.url)
        self.tables = {t: Table(t, self.brokers, self.registry, self.directory / "tables") for t in [*OUTPUTS, REVIEWS]}
        self.lives = 0

    def check(self, name, good, detail=""):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        print(f"{'ok  ' if good else 'FAIL'} {name}" + ("" if good else f": {str(detail)[:600]}"), flush=True)

    def stop(self):
        self.registry_server.stop()
        self.kafka.stop()

    # ---- what goes in ----

    def generate(self, start, events, *more):
        """No changes of hotels or customers: the questions have one answer whatever was read first."""
        harness.generate(self.brokers, self.url, "--generation", "2026", "--changes", "0", "--seed", str(self.args.seed),
                         "--events", str(events), "--history", "1d", "--start", str(start), "--seal", "45m", *more)

    def run(self, **changes):
        """riverd until it rests; it goes on with its state the next time."""
        settings = {"kafka.bootstrap.servers": self.brokers, "schema.registry.url": self.url, "topics.partitions": 3,
                    "idle_timeout": "1h", "checkpoint.interval": "200ms", "output.similar.enabled": "true",
                    "output.reviews.enabled": "true"}
        settings.update({key.replace("__", "."): value for key, value in changes.items()})
        records, _ = harness.read(self.brokers, harness.INPUTS)
        riverd = harness.Riverd(self.directory / "riverd", settings)
        try:
            riverd.start()
            riverd.wait_quiet(len(records))
            code = riverd.stop()
        finally:
            riverd.kill()
        self.check("riverd ends well", code == 0, code)
        return records

    # ---- tables ----

    def sync(self, label):
        for topic, table in self.tables.items():
            try:
                rows = table.sync()
            except Suspended as why:
                self.check(f"{label}: {topic} becomes a table", False, f"suspended: {why}")
                continue
            total = table.delta().to_pyarrow_table().num_rows
            self.check(f"{label}: {rows} records of {topic} are appended, {total} in all", rows > 0, rows)

    def sql(self, text):
        query = QueryBuilder()
        for topic, table in self.tables.items():
            query = query.register(f'"{topic}"', table.delta())  # names keep their case
        columns = [[plain(cell) for cell in column] for column in query.execute(text).read_all().columns]
        return [list(row) for row in zip(*columns)]

    def append_only(self):
        admin = AdminClient({"bootstrap.servers": self.brokers, "log_level": 3})
        records, _ = harness.read(self.brokers, list(self.tables))
        in_kafka = Counter(r["topic"] for r in records)
        for topic, table in self.tables.items():
            actions = Counter(kind for action in table.log() for kind in action)
            self.check(f"{topic}: the log of the table only adds", set(actions) <= {"commitInfo", "protocol", "metaData", "add"}
                       and actions["add"] > 0, actions)
            places = self.sql(f'SELECT count(*), count(DISTINCT ("$$partition" * 1000000000000 + "$$offset")) FROM "{topic}"')[0]
            self.check(f"{topic}: each of the {in_kafka[topic]} records that another reader sees is there once",
                       places == [in_kafka[topic]] * 2, places)
            [answer] = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]).values()
            policy = answer.result()["cleanup.policy"].value
            self.check(f"{topic}: cleanup.policy is delete", policy == "delete", policy)

    def can_fail(self):
        """A null value, which no output has, is noticed."""
        producer = Producer({"bootstrap.servers": self.brokers})
        producer.produce(REVIEWS, None, b"key")
        producer.flush(30)
        try:
            self.tables[REVIEWS].sync()
            self.check("a null value suspends a table", False)
        except Suspended as why:
            self.check("a null value suspends a table", "null value" in str(why), why)

    def columns(self):
        """What the schema says is what the table has."""
        for topic, table in self.tables.items():
            wanted = arrow_schema(self.registry.latest(topic))
            got = {f.name: f.nullable for f in table.delta().schema().fields}
            self.check(f"{topic}: columns and what may be null are those of the schema",
                       got == {f.name: f.nullable for f in wanted}, got)
        table = self.tables[OUTPUTS[0]].delta().to_pyarrow_table()
        wrong = [h for headers in table["$$headers"].to_pylist() for name, value in headers for h in [name, value or b""]
                 if b"@" in (h if isinstance(h, bytes) else h.encode())]
        self.check("no header holds an address", not wrong, wrong[:2])
        nothing = [c for c in table.column_names if c not in [f.name for f in METADATA] and table[c].null_count]
        self.check("no field of a target is null", not nothing, nothing)

    # ---- questions ----

    def inputs(self, records):
        schemas = Schemas(harness.Registry(self.url).get)
        of = {topic: [append(r, schemas) for r in records if r["topic"] == topic] for topic in (BOOKINGS, REVIEWS)}
        hotels = dict(changelog(r, schemas, "hotel_id") for r in records if r["topic"] == HOTELS)
        return campaign.Inputs(hotels, of[BOOKINGS], of[REVIEWS]), schemas

    def ask(self, label, records):
        inputs, schemas = self.inputs(records)
        sales, reviews, lowest = (self.sql(q) for q in (campaign.SALES_PER_CITY, campaign.MOST_REVIEWS, campaign.LOWEST_SELLING))
        self.check(f"{label}: sales per city ({len(sales)} cities, best {sales[0]})", sales == inputs.sales_per_city(),
                   [s for s in zip(sales, inputs.sales_per_city()) if s[0] != s[1]][:3])
        self.check(f"{label}: hotels with the most reviews (best {reviews[0]})", reviews == inputs.most_reviews(),
                   (reviews[:3], inputs.most_reviews()[:3]))
        self.check(f"{label}: the lowest-selling hotel with good reviews ({lowest[0]})", lowest == inputs.lowest_selling(),
                   (lowest, inputs.lowest_selling()))
        oracle = Oracle(schemas, int(time.time() * 1000))
        oracle.phase(records)
        hotel = max(Counter(row[1] for row in oracle.targets).items(), key=lambda item: (item[1], item[0]))[0]
        audience = self.sql(campaign.AUDIENCE.format(hotel))
        wanted = sorted({row[0] for row in oracle.targets if row[1] == hotel})
        self.check(f"{label}: whom to write to about hotel {hotel}: {len(wanted)} customers",
                   sorted({row[0] for row in audience}) == wanted and all(row[1] for row in audience), audience[:3])

    # ---- evolution ----

    def register(self, subject, schema):
        """The HTTP status."""
        request = urllib.request.Request(f"{self.url}/subjects/{subject}/versions", json.dumps({"schema": json.dumps(schema)}).encode(),
                                         {"Content-Type": "application/vnd.schemaregistry.v1+json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def evolve(self):
        """A nullable column is added to HOTEL_BOOKINGS by somebody else; riverd writes with the newest schema."""
        subject = "HOTEL_BOOKINGS-value"
        rule = urllib.request.Request(f"{self.url}/config/{subject}", b'{"compatibility":"BACKWARD"}',
                                      {"Content-Type": "application/vnd.schemaregistry.v1+json"}, method="PUT")
        urllib.request.urlopen(rule, timeout=10).close()
        schema, before = self.registry.latest("HOTEL_BOOKINGS"), self.registry.get(f"subjects/{subject}/versions/latest")["id"]
        required = {**schema, "fields": [*schema["fields"], {"name": "CHANNEL", "type": "string"}]}
        self.check("a new column that is required is refused by the registry", self.register(subject, required) == 409)
        optional = {**schema, "fields": [*schema["fields"], {"name": "CHANNEL", "type": ["null", "string"], "default": None}]}
        self.check("a nullable one is accepted", self.register(subject, optional) == 200)
        return before

    def evolved(self, before, rows_before):
        latest = self.registry.get("subjects/HOTEL_BOOKINGS-value/versions/latest")["id"]
        records, _ = harness.read(self.brokers, ["HOTEL_BOOKINGS"])
        ids = Counter(int.from_bytes(r["value"][1:5], "big") for r in records)
        self.check("the new records of HOTEL_BOOKINGS are written with the new schema", set(ids) == {before, latest} and
                   ids[before] == rows_before, ids)
        rows = self.sql('SELECT count(*), count("CHANNEL"), count("PRICE") FROM "HOTEL_BOOKINGS"')[0]
        self.check("old and new rows have the new column, which is null", rows == [len(records), 0, len(records)], rows)
        versions = sum("metaData" in a for a in self.tables["HOTEL_BOOKINGS"].log())
        self.check("the table was altered, not made anew", versions == 2, versions)


def story(lake):
    now = int(time.time() * 1000)
    lake.generate(now - 9 * DAY, lake.args.events, "--create-topics", "--partitions", "4")
    records = lake.run()
    lake.sync("first")
    lake.columns()
    lake.ask("first", records)
    lake.generate(now - 6 * DAY, lake.args.events // 2, "--continue", "10000000")
    records = lake.run()
    # hotels do not change, and there is no new version to append
    catalog = lake.tables.pop("HOTEL_CATALOG")
    lake.sync("second")
    lake.tables["HOTEL_CATALOG"] = catalog
    lake.ask("second", records)
    rows, before = lake.sql('SELECT count(*) FROM "HOTEL_BOOKINGS"')[0][0], lake.evolve()
    lake.generate(now - 3 * DAY, lake.args.events // 2, "--continue", "20000000")
    records = lake.run(schema__registry__auto__register__schemas="false", schema__registry__use__latest__version="true")
    del lake.tables["HOTEL_CATALOG"]
    lake.sync("third")
    lake.tables["HOTEL_CATALOG"] = catalog
    lake.evolved(before, rows)
    lake.ask("third", records)
    lake.append_only()
    lake.columns()
    lake.can_fail()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="work here and leave everything")
    args = parser.parse_args()
    directory = args.keep or tempfile.mkdtemp(prefix="riverd-lake.")
    os.makedirs(directory, exist_ok=True)
    lake = Lake(args, directory)
    try:
        story(lake)
    except (AssertionError, OSError) as error:
        lake.check("the test ran to its end", False, error)
    finally:
        lake.stop()
        if not args.keep:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"{lake.passed} passed, {lake.failed} failed")
    return 1 if lake.failed else 0


if __name__ == "__main__":
    sys.exit(main())
