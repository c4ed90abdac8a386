"""riverd behind a real database: PostgreSQL, Debezium and Kafka Connect.

    cdc_test.py [--seed N] [--changes N] [--keep DIR]

The same two tables are captured in four forms at once (full envelopes, after-states with
tombstones, after-states with rewritten deletes, envelopes as JSON with schema), each read
by a riverd of its own. After every phase each of them is stopped and its tables of hotels
and customers, and what it wrote of them, are compared with the database. Last line: N
passed, N failed.
"""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from capture import FORMS, TABLES, Connect, Postgres, live
from workload import Workload
from live import now_ms, wait_for

MINUTE = 60000
HOTELS = 'SELECT rtrim(hotel_id) AS id, name, amenities, description, city, country FROM "SAMPLE"."HOTEL" ORDER BY 1'
CUSTOMERS = 'SELECT customer_id::text AS id, email FROM "SAMPLE"."CUSTOMER" ORDER BY 1'


def end_offsets(brokers, topics):
    """End offsets by (topic, partition)."""
    ask = [option for t in topics for p in (0, 1) for option in ("-t", f"{t}:{p}:-1")]
    done = subprocess.run(["kcat", "-Q", "-b", brokers, *ask], capture_output=True, text=True, check=False, timeout=30)
    out = {}
    for line in done.stdout.splitlines():
        name, offset = line.rsplit(" offset ", 1)
        topic, partition = name.rsplit(" [", 1)
        out[topic, int(partition.rstrip("]"))] = int(offset)
    return out


class Follower:
    """A riverd that follows one form of capture."""

    def __init__(self, test, form):
        self.form, self.brokers = form, test.brokers
        self.prefix = "riverhotel" if form == "envelope" else f"{form}hotel"
        self.topics = [f"{self.prefix}.SAMPLE.{table}" for table in ("HOTEL", "CUSTOMER")]
        self.state = test.directory / form / "state.db"
        outputs = {f"output.{o}.topic": f"{form}.{o}" for o in ("summary", "bookings", "catalog")}
        self.riverd = live.Riverd(test.directory / form, {
            "kafka.bootstrap.servers": test.brokers, "schema.registry.url": test.registry.env["URL"],
            "group.id": form, "http.listen": f"127.0.0.1:{live.free_port()}", "state.path": self.state,
            "dead_letter.topic": f"{form}.dead", "idle_timeout": "1h",
            "input.clickstream.event_time": "field", "input.bookings.event_time": "field",
            "checkpoint.interval": "200ms", "topics.partitions": 1, "input.hotel.topic": self.topics[0],
            "input.customer.topic": self.topics[1], **outputs})

    def positions(self):
        status, text = self.riverd.get("/status")
        parts = json.loads(text)["partitions"] if status == 200 else []
        return {(p["topic"], p["partition"]): p["position"] for p in parts}

    def at_end(self):
        ends, here = end_offsets(self.brokers, self.topics), self.positions()
        return len(ends) == 4 and all(here.get(at) == end for at, end in ends.items())

    def catalog(self):
        """The last version of each hotel that was written."""
        last = {}
        for record in sorted(live.consume(self.brokers, f"{self.form}.catalog"), key=lambda r: int(r["headers"]["riverd-seq"])):
            fields = live.decode(record, "HOTEL_CATALOG")
            last[fields["HOTEL_ID"]] = [fields[n] for n in ("HOTEL_ID", "NAME", "DESCRIPTION", "CITY", "COUNTRY")]
        return last

    def targets(self):
        return sorted(live.decode(r, "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY")["CUSTOMER_EMAIL"].split("@")[0]
                      for r in live.consume(self.brokers, f"{self.form}.summary"))

    def table(self, sql):
        with closing(sqlite3.connect(f"file:{self.state}?mode=ro", uri=True)) as db:
            return [list(row) for row in db.execute(sql)]


class Test:
    def __init__(self, args, directory):
        self.directory, self.passed, self.failed, self.phases = Path(directory), 0, 0, 0
        self.work = Workload(args.seed)
        with ThreadPoolExecutor(3) as pool:
            servers = pool.map(lambda f: f(), (lambda: live.Server("kafka", directory), lambda: live.Server("registry", directory),
                                               lambda: Postgres(directory)))
            self.kafka, self.registry, self.database = servers
        self.brokers = self.kafka.env["BOOTSTRAP"]
        live.Admin(self.brokers).create("clickstream", "bookings", "hotel_reviews")
        self.database.run(TABLES)
        self.connect = None
        self.followers = [Follower(self, form) for form in FORMS]

    def check(self, name, good, detail=""):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        print(f"{'ok  ' if good else 'FAIL'} {name}" + ("" if good else f": {detail}"), flush=True)

    def all(self, function):
        with ThreadPoolExecutor(len(self.followers)) as pool:
            return list(pool.map(function, self.followers))

    # ---- phases ----

    def start_riverd(self):
        self.all(lambda f: f.riverd.start().ready(120))

    def start_connect(self):
        if self.connect is None:
            self.connect = Connect(self.directory, self.brokers, self.registry.env["URL"], self.database)
        else:
            self.connect.start()
        self.all(lambda f: self.connect.capture(f.form, f.prefix))
        self.all(lambda f: wait_for(f"{f.form} runs", lambda: self.connect.running(f.form), 120))

    def settle(self):
        """Until everyone has read all that is in the database: a last row is seen at the other end."""
        self.phases += 1
        last = f"LAST{self.phases}"
        self.database.run(f"INSERT INTO \"SAMPLE\".\"HOTEL\" (hotel_id, name) VALUES ('{last}', 'last');")
        self.all(lambda f: wait_for(f"{f.form}: {last} comes out", lambda: last in f.catalog(), 120, 0.3))
        self.all(lambda f: wait_for(f"{f.form}: read to the end", f.at_end, 60))

    def compare(self, phase):
        """Stops every riverd and looks at what it keeps."""
        hotels, customers = self.database.rows(HOTELS), self.database.rows(CUSTOMERS)
        for f, (code, _) in zip(self.followers, self.all(lambda f: f.riverd.stop(120))):
            kept = f.table("SELECT hotel_id, name, amenities, description, city, country FROM hotel ORDER BY 1")
            people = f.table("SELECT customer_id, email FROM customer ORDER BY 1")
            written, name = f.catalog(), f"{phase}, {f.form}"
            rows = [[i, n, d, c, s] for i, n, _, d, c, s in hotels]
            self.check(f"{name}: a clean stop", code == 0, code)
            self.check(f"{name}: its {len(kept)} hotels are those of the database", sorted(kept) == sorted(hotels),
                       difference(hotels, kept))
            self.check(f"{name}: its {len(people)} customers too", sorted(people) == sorted(customers), difference(customers, people))
            self.check(f"{name}: HOTEL_CATALOG has the last version of each", all(written.get(r[0]) == r for r in rows),
                       difference(rows, list(written.values())))
            dead = live.consume(self.brokers, f"{f.form}.dead")
            self.check(f"{name}: no dead letters", not dead, [d["headers"] for d in dead[:2]])

    def snapshot_and_streaming(self, changes):
        self.database.run(self.work.statements(changes))
        self.start_connect()
        self.start_riverd()
        self.settle()
        self.compare("snapshot")
        self.start_riverd()
        self.database.run(self.work.statements(changes))
        self.settle()
        self.compare("streaming")

    def altered(self, changes):
        """Columns come while rows stream."""
        self.start_riverd()
        self.database.run(self.work.statements(changes) + """
            ALTER TABLE "SAMPLE"."HOTEL" ADD COLUMN stars int;
            ALTER TABLE "SAMPLE"."CUSTOMER" ADD COLUMN phone text;
            """ + self.work.statements(changes) + """
            ALTER TABLE "SAMPLE"."HOTEL" ADD COLUMN pets boolean NOT NULL DEFAULT false;
            UPDATE "SAMPLE"."HOTEL" SET stars = 4, pets = true WHERE length(name) % 2 = 0;
            ALTER TABLE "SAMPLE"."HOTEL" DROP COLUMN class;
            """ + self.work.statements(changes))
        self.settle()
        self.compare("columns added and dropped")
        for f in self.followers[:1]:
            ids = {r["value"][1:5] for r in live.consume(self.brokers, f.topics[0]) if r["value"]}
            self.check(f"{f.form}: {len(ids)} schemas in one topic", len(ids) >= 4, ids)

    def interrupted(self, changes):
        """Neither Connect nor riverd runs while the database changes."""
        self.connect.stop()
        self.database.run(self.work.statements(changes))
        self.start_riverd()
        self.start_connect()
        self.settle()
        self.compare("after an interruption")

    def captured(self):
        """The streams hold what makes them hard, else the comparisons say little."""
        for f in self.followers:
            records = [r for topic in f.topics for r in live.consume(self.brokers, topic)]
            kept_out = sum(b"__debezium_unavailable_value" in r["value"] for r in records)
            tombstones = sum(not r["value"] for r in records)
            self.check(f"{f.form}: {kept_out} of {len(records)} records leave a large column out", kept_out > 0)
            self.check(f"{f.form}: {tombstones} tombstones", (tombstones == 0) == (f.form == "rewrite"))

    # ---- erasure ----

    def person(self, number, who):
        return ('INSERT INTO "SAMPLE"."CUSTOMER" (customer_id, email) VALUES '
                f"({number}, '{who}@example.org');")

    def click(self, *people, action="booking-click", at=0):
        live.produce_lines(self.brokers, "clickstream", [{
            "CUSTOMER_EMAIL": f"{who}@example.org", "HOTEL_ID": "HOME", "ACTION": action, "CREATED_AT": now_ms() + at}
            for who in people])

    def seal(self):
        """Half an hour later in both topics: only now the windows close."""
        self.click("nobody", action="page-view", at=30 * MINUTE)
        live.produce(self.brokers, "bookings", {"BOOKING_ID": "B1", "CUSTOMER_EMAIL": "nobody@example.org", "HOTEL_ID": "nowhere",
                                                "CREATED_AT": now_ms() + 30 * MINUTE})

    def erased(self):
        self.start_riverd()
        people = ["pending", "after", "again", "stays", "moved"]
        self.database.run("INSERT INTO \"SAMPLE\".\"HOTEL\" (hotel_id, name, city) VALUES ('HOME', 'Home', 'Ulm');" +
                          "".join(self.person(9000 + i, who) for i, who in enumerate(people)))
        live.produce(self.brokers, "hotel_reviews", {"REVIEW_ID": "R1", "HOTEL_ID": "HOME", "REVIEW_TEXT": "Quiet rooms.",
                                                     "REVIEW_RATING": 5, "CREATED_AT": now_ms() - 3600000})
        self.settle()
        self.click("pending", "stays")
        wait_for("the clicks are taken", lambda: all(f.positions().get(("clickstream", 0)) == 2 for f in self.followers), 60)
        self.database.run('DELETE FROM "SAMPLE"."CUSTOMER" WHERE customer_id IN (9000, 9001, 9002);' +
                          self.person(9012, "again") + 'UPDATE "SAMPLE"."CUSTOMER" SET customer_id = 9014 WHERE customer_id = 9004;')
        self.settle()
        self.check("no click is answered before its window closes", not any(f.targets() for f in self.followers))
        self.click("after", "again", "moved")
        self.seal()
        wanted = ["again", "moved", "stays"]
        self.all(lambda f: wait_for(f"{f.form}: targets", lambda: len(f.targets()) >= 3, 120, 0.5))
        for f in self.followers:
            self.check(f"erasure, {f.form}: neither the pending click nor a later one of a deleted customer is answered",
                       f.targets() == wanted, f.targets())
        self.compare("erasure")
        for f in self.followers:
            with open(f.state, "rb") as file:
                content = file.read()
            self.check(f"erasure, {f.form}: no address of a deleted customer is left in the state",
                       b"pending@example.org" not in content and b"after@example.org" not in content)

    def stop(self):
        for f in self.followers:
            f.riverd.kill()
        for thing in (self.connect, self.registry, self.kafka, self.database):
            if thing is not None:
                thing.stop()


def difference(wanted, got):
    wanted, got = ({str(row[0]): row for row in rows} for rows in (wanted, got))
    wrong = sorted(i for i in wanted.keys() | got.keys() if wanted.get(i) != got.get(i))
    return "; ".join(f"{i}: database {str(wanted.get(i))[:150]}, riverd {str(got.get(i))[:150]}" for i in wrong[:3])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--changes", type=int, default=120, help="statements between two looks")
    parser.add_argument("--keep", help="keep logs and states in this directory")
    args = parser.parse_args()
    directory = args.keep or tempfile.mkdtemp(prefix="riverd-cdc.")
    os.makedirs(directory, exist_ok=True)
    os.chmod(directory, 0o711)  # PostgreSQL runs as somebody else
    os.environ["BEHAVIOUR_SCRATCH"] = directory
    test = Test(args, directory)
    try:
        test.snapshot_and_streaming(args.changes)
        test.altered(args.changes)
        test.interrupted(args.changes)
        test.captured()
        test.erased()
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        test.check("the test ran to its end", False, error)
    finally:
        test.stop()
        if not args.keep:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"{test.passed} passed, {test.failed} failed")
    return 1 if test.failed else 0


if __name__ == "__main__":
    sys.exit(main())
